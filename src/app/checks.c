/* What tome doctor looks for in the index: one row a check. Its SQL names the cases, and says of each what is wrong with it or how much it measures. */
#include "app/doctor.h"

/* Fewer than 8 cases say nothing of what is usual; what nine in ten have is. */
#define USUAL " >= 8 "

/* Cases whose `column` is not what nine in ten cases have; the sentence is told its own value, how many of how many, and theirs. */
#define UNLIKE(column, where, sentence)                                                                        \
  "WITH i AS (SELECT * FROM images WHERE " where "), t AS (SELECT count(*) AS n FROM i), k AS (SELECT " column \
  " AS v, count(*) AS n FROM i GROUP BY 1) "                                                                   \
  "SELECT i.id, printf('" sentence "', i." column ", k.n, t.n, k.v) FROM i, k, t WHERE t.n" USUAL              \
  "AND k.n >= 0.9 * t.n AND i." column " <> k.v"

/* What only few of the cases have that could (at most one in ten). */
#define SELDOM(n, all) all USUAL "AND 10 * " n " <= " all

/* Of rows (id, key, extra): the cases of each key but the first, with the first's id and extra. Those that ingesting has told of are left out, and
 * keys that many share: a file of a whole data set is no leak. */
#define REPEATED(code, rows, sentence)                                                                                 \
  "SELECT * FROM (WITH r AS (" rows                                                                                    \
  "), u AS MATERIALIZED (SELECT * FROM r WHERE id NOT IN (SELECT case_id FROM problems WHERE refused = 0 AND case_id " \
  "NOT NULL AND "                                                                                                      \
  "code = '" code                                                                                                      \
  "')), k AS MATERIALIZED (SELECT key, min(id) AS first FROM u GROUP BY key HAVING count(*) BETWEEN 2 AND 16) "        \
  "SELECT u.id, printf('" sentence "', k.first, u.extra) FROM k JOIN u ON u.key = k.key WHERE u.id <> k.first)"

#define UNTOLD(code) \
  "NOT EXISTS (SELECT 1 FROM problems AS p WHERE p.case_id = i.id AND p.refused = 0 AND p.code = '" code "') "
#define VOXELS "(i.shape_z * i.shape_y * i.shape_x)"
#define VALUES " FROM images AS i JOIN intensity AS h ON h.case_id = i.id "

/* A measure of each case: group, id, value, what it is. */
#define GRID(what, value) "SELECT modality, id, " value ", '" what "' FROM images "
#define RANK(rank, column) \
  "SELECT i.modality, i.id, h." column ", 'percentile " rank "'" VALUES "WHERE h." column " IS NOT NULL "
#define KIND(value, what) "SELECT kind, case_id, " value ", '" what "' || kind FROM structures WHERE ml > 0 "

#define MEDIAN(axis)                                                                             \
  "(SELECT avg(s) FROM (SELECT spacing_" axis " AS s, row_number() OVER (ORDER BY spacing_" axis \
  ") AS r, count(*) OVER () AS n FROM images WHERE shape_" axis " > 1) WHERE r IN ((n + 1) / 2, n / 2 + 1)) AS " axis
#define LENGTH(axis) "(l.box_" axis "1 - l.box_" axis "0) * i.spacing_" axis

const tome_check tome_checks[] = {
    /* ---- grids ---- */
    {"outlier-spacing", TOME_WARNING, TOME_BY_FACTOR, "a spacing far from the other cases'",
     "compare with the scanner's protocol; wrong units and swapped axes look like this", "mm",
     .sql = GRID("spacing along z", "spacing_z") "WHERE shape_z > 1 UNION ALL " GRID(
         "spacing along y", "spacing_y") "UNION ALL " GRID("spacing along x", "spacing_x") "ORDER BY 4, 1, 2",
     .least = 0.05},
    {"outlier-size", TOME_WARNING, TOME_BY_FACTOR, "a field of view far from the other cases'",
     "look at it: another part of the body, a scout, a volume cut short", "mm",
     .sql = GRID("size along z", "shape_z * spacing_z") "WHERE shape_z > 1 UNION ALL " GRID(
         "size along y", "shape_y * spacing_y") "UNION ALL " GRID("size along x",
                                                                  "shape_x * spacing_x") "ORDER BY 4, 1, 2",
     .least = 0.5},
    {"other-orientation", TOME_INFO, TOME_BY_SENTENCE, "axes that point elsewhere than in nine of ten cases",
     "nothing is wrong in space; for a network that sees arrays only, orient them all: orient:SPL", "",
     .sql = UNLIKE("orientation", "shape_z > 1", "its axes (z, y, x) point to %s; those of %d of %d cases to %s")},
    /* ---- values ---- */
    {"outlier-values", TOME_WARNING, TOME_BY_DIFFERENCE, "values far from the other cases'",
     "look at it: another window, contrast phase, padding or a missing rescale", "",
     .sql = RANK("0.5", "hu_p005") "UNION ALL " RANK("50", "hu_p50") "UNION ALL " RANK("99.5",
                                                                                       "hu_p995") "ORDER BY 4, 1, 2",
     .least = 0.05},
    {"constant-image", TOME_WARNING, TOME_BY_SENTENCE, "an image or channel of one value",
     "look at the source: it holds no picture", "",
     .sql = "SELECT i.id, printf('every voxel is %g', h.hu_min)" VALUES "WHERE h.hu_min = h.hu_max AND " UNTOLD(
         "constant-image") "UNION ALL SELECT case_id, printf('every voxel of channel %s is %g', name, hu_min) FROM "
                           "channels WHERE number > 0 AND hu_min = hu_max"},
    {"image-is-mask", TOME_WARNING, TOME_BY_SENTENCE,
     "an image that holds hardly more than two values, as a label does",
     "look at the source: a label map may have been taken for the image", "",
     .sql = "SELECT i.id, printf('99 %% of its voxels are %g or %g: seems to be a mask, not an image', h.hu_min, "
            "h.hu_max)" VALUES
            "WHERE h.hu_min < h.hu_max AND h.hu_p005 IN (h.hu_min, h.hu_max) AND h.hu_p05 IN (h.hu_min, h.hu_max) AND "
            "h.hu_p25 IN (h.hu_min, h.hu_max) AND h.hu_p50 IN (h.hu_min, h.hu_max) AND h.hu_p75 IN (h.hu_min, "
            "h.hu_max) AND "
            "h.hu_p95 IN (h.hu_min, h.hu_max) AND h.hu_p995 IN (h.hu_min, h.hu_max)"},
    {"not-hu", TOME_WARNING, TOME_BY_SENTENCE, "a CT whose values are no Hounsfield units",
     "take the source from before it was windowed or normalised: recipes do that on the way out", "",
     .sql = "SELECT i.id, printf('its values span %g to %g, which a CT in Hounsfield units does not (air is -1000): "
            "windowed "
            "or normalised?', h.hu_min, h.hu_max)" VALUES
            "WHERE i.modality = 'CT' AND h.hu_max > h.hu_min AND h.hu_max - h.hu_min <= 256 AND h.hu_min > -500 "
            "AND " UNTOLD("implausible-hu")},
    {"not-finite", TOME_ERROR, TOME_BY_SENTENCE, "voxels that are no numbers",
     "mend the source, or ingest it without the step that made them: a single one turns a training loss into NaN", "",
     .sql = "SELECT i.id, printf('%d of its %d voxels are no numbers (NaN)', " VOXELS " - i.padding - h.count, " VOXELS
            ")" VALUES "WHERE " VOXELS " > i.padding + h.count"},
    {"mostly-padding", TOME_WARNING, TOME_BY_SENTENCE, "more padding than picture",
     "look at the source; crop it to the body on the way out: crop:body", "",
     .sql = "SELECT i.id, printf('%.0f %% of its voxels are padding', 100.0 * i.padding / " VOXELS
            ") FROM images AS i WHERE 2 * i.padding > " VOXELS},
    {"other-modality", TOME_WARNING, TOME_BY_SENTENCE, "another modality than nine of ten cases",
     "leave it out of training, or keep it in a store of its own", "",
     .sql = UNLIKE("modality", "modality <> ''", "is %s; %d of %d cases are %s")},
    {"other-dtype", TOME_INFO, TOME_BY_SENTENCE, "voxels of another type than nine of ten cases",
     "look whether it was resampled or normalised before it came here", "",
     .sql = UNLIKE("dtype", "1", "its voxels are %s; those of %d of %d cases are %s")},
    /* ---- the same twice: what must not lie on both sides of a split ---- */
    {"duplicate-voxels", TOME_WARNING, TOME_BY_SENTENCE, "the same image under two names",
     "keep one of the two (tome rm), or keep both on one side of the split between training and test", "",
     .sql = REPEATED("duplicate-voxels", "SELECT id, voxel_hash AS key, '' AS extra FROM images",
                     "its voxels are those of case %s, to the last one")},
    {"same-values", TOME_WARNING, TOME_BY_SENTENCE, "an image that is another one mirrored or turned",
     "keep one of the two (tome rm), or keep both on one side of the split between training and test", "",
     .sql = REPEATED(
         "duplicate-voxels",
         "SELECT min(id) AS id, key, '' AS extra FROM (SELECT i.id, i.voxel_hash, printf('%d %.9g %.9g %.9g %.9g "
         "%.9g %.9g %.9g %.9g %.9g %.9g %.9g', h.count, h.hu_min, h.hu_max, h.hu_mean, h.hu_std, h.hu_p005, "
         "h.hu_p05, h.hu_p25, h.hu_p50, h.hu_p75, h.hu_p95, h.hu_p995) AS key" VALUES
         "WHERE h.count >= 1000 AND h.hu_max > h.hu_min) GROUP BY key, voxel_hash",
         "has the very values of case %s in other places: a mirrored, turned or cut copy?")},
    {"duplicate-label", TOME_WARNING, TOME_BY_SENTENCE, "one label map on two images",
     "look at both over their images: one of them has the other's label", "",
     .sql =
         REPEATED("duplicate-voxels",
                  "SELECT min(i.id) AS id, m.voxel_hash AS key, m.name AS extra FROM label_maps AS m JOIN images AS i "
                  "ON i.id = m.case_id "
                  "WHERE i.shape_z > 1 AND EXISTS (SELECT 1 FROM labels AS l WHERE l.case_id = i.id AND l.map = m.name "
                  "AND l.voxels > 0) GROUP BY m.voxel_hash, i.voxel_hash",
                  "its label is voxel for voxel that of case %s (%s), though the images differ")},
    {"duplicate-channel", TOME_WARNING, TOME_BY_SENTENCE, "one image as two channels",
     "look at the sources: one sequence was taken for another", "",
     .sql = "SELECT a.case_id, printf('channels %s and %s hold the very same voxels', a.name, b.name) FROM channels AS "
            "a JOIN "
            "channels AS b ON b.case_id = a.case_id AND b.voxel_hash = a.voxel_hash AND b.number > a.number JOIN "
            "images AS i "
            "ON "
            "i.id = a.case_id WHERE i.shape_z > 1 UNION ALL " REPEATED(
                "duplicate-voxels",
                "SELECT case_id AS id, voxel_hash AS key, name AS extra FROM channels WHERE number > 0",
                "one of its channels holds the voxels of case %s, to the last one (%s)")},
    {"same-patient", TOME_INFO, TOME_BY_SENTENCE, "two cases of one study, or of one file",
     "keep them on one side of the split between training and test", "",
     .sql = REPEATED(
         "duplicate-voxels", "SELECT id, study_uid AS key, '' AS extra FROM images WHERE study_uid <> ''",
         "is of the same DICOM study as case %s: one patient") " UNION ALL " REPEATED("duplicate-voxels",
                                                                                      "SELECT i.id, s.hash AS key, "
                                                                                      "s.path AS extra FROM images AS "
                                                                                      "i JOIN sources AS s ON "
                                                                                      "s.case_id = i.id AND "
                                                                                      "s.number = 0 WHERE i.study_uid "
                                                                                      "= ''",
                                                                                      "is made of the same file as "
                                                                                      "case %s (%s)")},
    /* ---- labels ---- */
    {"no-labels", TOME_WARNING, TOME_BY_SENTENCE, "no label map, where nine of ten cases have one",
     "find its label, or leave it out of training", "",
     .sql =
         "SELECT i.id, printf('has no label map, which %d of %d cases have', t.n, a.n) FROM images AS i, (SELECT "
         "count(DISTINCT case_id) AS n FROM label_maps) AS t, (SELECT count(*) AS n FROM images) AS a WHERE a.n" USUAL
         "AND t.n >= 0.9 * a.n AND NOT EXISTS (SELECT 1 FROM label_maps WHERE case_id = i.id)"},
    {"label-absent", TOME_WARNING, TOME_BY_SENTENCE, "a structure lacks that nine of ten labelled cases have",
     "leave it if the patient has none; else look at its source", "",
     .sql = "SELECT i.id, printf('has no %s, which %d of %d labelled cases have', k.kind, k.n, t.n) FROM images AS i, "
            "(SELECT "
            "kind, count(*) AS n FROM structures GROUP BY kind) AS k, (SELECT count(DISTINCT case_id) AS n FROM "
            "label_maps) "
            "AS t WHERE t.n" USUAL
            "AND k.n >= 0.9 * t.n AND EXISTS (SELECT 1 FROM label_maps WHERE case_id = i.id) AND NOT "
            "EXISTS (SELECT 1 FROM structures WHERE case_id = i.id AND kind = k.kind)"},
    {"channel-absent", TOME_WARNING, TOME_BY_SENTENCE, "a channel lacks that nine of ten cases have",
     "find it, or leave the case out of training", "",
     .sql = "SELECT i.id, printf('has no channel %s, which %d of %d cases have', k.name, k.n, t.n) FROM images AS i, "
            "(SELECT "
            "name, count(*) AS n FROM channels WHERE number > 0 GROUP BY name) AS k, (SELECT count(*) AS n FROM "
            "images) AS t WHERE "
            "t.n" USUAL
            "AND k.n >= 0.9 * t.n AND NOT EXISTS (SELECT 1 FROM channels WHERE case_id = i.id AND name = k.name)"},
    {"label-unnamed", TOME_WARNING, TOME_BY_SENTENCE, "a value of a label map that has no name, where others have",
     "look where it lies: stray values come of resampling labels as if they were images; tome get remap:3=0 drops it",
     "",
     .sql =
         "SELECT l.case_id, printf('value %d of label map %s (%d voxels) has no name, though others of that map have', "
         "l.value, l.map, l.voxels) FROM labels AS l WHERE l.voxels > 0 AND l.name = 'label_' || l.value AND EXISTS "
         "(SELECT 1 FROM labels AS o WHERE o.map = l.map AND o.name <> 'label_' || o.value)"},
    {"label-rare", TOME_INFO, TOME_BY_SENTENCE, "a structure that one case alone has",
     "look at its name: a misspelt one is a class of its own", "",
     .sql = "SELECT min(s.case_id), printf('is the only one of %d labelled cases that has %s', t.n, s.kind) FROM "
            "structures "
            "AS "
            "s, (SELECT count(DISTINCT case_id) AS n FROM label_maps) AS t WHERE t.n" USUAL
            "GROUP BY s.kind HAVING count(*) = 1"},
    {"label-everywhere", TOME_WARNING, TOME_BY_SENTENCE, "labels that fill the image",
     "look at it: an inverted mask, or a background that is counted as a label (tome get remap:1=0)", "",
     .sql = "SELECT i.id, printf('%.0f %% of all voxels are labelled in %s: an inverted mask, or the background as a "
            "label?', "
            "100.0 * sum(l.voxels) / " VOXELS
            ", l.map) FROM labels AS l JOIN images AS i ON i.id = l.case_id GROUP BY i.id, "
            "l.map HAVING sum(l.voxels) >= 0.95 * " VOXELS},
    {"label-cut", TOME_INFO, TOME_BY_SENTENCE, "a structure that the scan's end cuts off, where that is seldom so",
     "do not measure its volume; training on it is mostly harmless", "",
     .sql =
         "WITH e AS (SELECT s.case_id, s.kind, i.shape_z > 1 AND (s.z_first = 0 OR s.z_last = i.shape_z - 1) AS cut "
         "FROM "
         "structures AS s JOIN images AS i ON i.id = s.case_id WHERE s.voxels > 0), k AS (SELECT kind, sum(cut) AS n, "
         "count(*) AS total FROM e GROUP BY kind) SELECT e.case_id, printf('%s reaches the first or last slice, as in "
         "%d "
         "of "
         "%d cases that have it: cut off?', k.kind, k.n, k.total) FROM e JOIN k ON k.kind = e.kind WHERE e.cut "
         "AND " SELDOM("k.n", "k.total")},
    {"label-vanishes", TOME_INFO, TOME_BY_SENTENCE, "a label thinner than the usual spacing",
     "resample finer for it; tome get names the labels that it loses", "",
     .sql = "WITH m AS (SELECT " MEDIAN("z") ", " MEDIAN("y") ", " MEDIAN(
         "x") ") SELECT l.case_id, printf('%s (%d voxels, %.3gx%.3gx%.3g mm) is thinner than the median spacing "
              "%.3gx%.3gx%.3g mm: resampled to that it may vanish', l.name, l.voxels, " LENGTH("z") ", " LENGTH(
                  "y") ", " LENGTH("x") ", m.z, m.y, m.x) FROM labels AS l JOIN images AS i ON i.id = l.case_id, m "
                                        "WHERE l.voxels > 0 AND (i.shape_z > 1 AND " LENGTH("z") " < m.z OR " LENGTH(
                                            "y") " < m.y OR " LENGTH("x") " < m.x)"},
    {"outlier-volume", TOME_WARNING, TOME_BY_FACTOR, "a structure far larger or smaller than in the other cases",
     "look at its outline: cut short, spilled over, or another structure's name", "ml",
     .sql = KIND("ml", "volume of ") "ORDER BY 4, 1, 2", .least = 0.05},
    {"outlier-pieces", TOME_WARNING, TOME_BY_FACTOR, "a structure in many more pieces than in the other cases",
     "look for stray voxels; the step largest keeps the largest piece of each", "",
     .sql = KIND("components", "number of pieces of ") "ORDER BY 4, 1, 2", .least = 1, .above = true},
    {"outlier-label-values", TOME_WARNING, TOME_BY_DIFFERENCE, "values inside a structure far from the other cases'",
     "look at it over its image: displaced, mirrored, another structure's name, or another contrast phase", "",
     .sql = "SELECT s.kind || ' ' || i.modality, s.case_id, s.hu_p50, 'median inside ' || s.kind FROM structures AS s "
            "JOIN "
            "images AS i ON i.id = s.case_id WHERE s.hu_p50 IS NOT NULL ORDER BY 4, 1, 2",
     .least = 0.05},
    {0}};
