/* Records own what is put into them: strings are copied, lists grow, one clear frees all (the leak checker is the
 * witness). */
#include "record/record.h"
#include "test.h"

static void copies_strings(void) {
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  tome_error err = {0};
  char path[] = "a/b.dcm", uid[] = "1.2.3", role[] = "image", map[] = "segmentation";
  CHECK(tome_record_source(&r, &(tome_source){.role = role, .path = path, .bytes = 7, .hash = "ff", .sop_uid = uid},
                           &err));
  CHECK(tome_record_map(&r, &(tome_label_map){.name = map, .dtype = TOME_U8, .voxel_hash = "aa"}, &err));
  memset(path, 'x', sizeof path - 1);
  memset(uid, 'x', sizeof uid - 1);
  memset(role, 'x', sizeof role - 1);
  memset(map, 'x', sizeof map - 1);
  CHECK(r.source_count == 1 && r.map_count == 1);
  CHECK_TEXT(r.sources[0].path, "a/b.dcm");
  CHECK_TEXT(r.sources[0].sop_uid, "1.2.3");
  CHECK_TEXT(r.sources[0].role, "image");
  CHECK_TEXT(r.sources[0].hash, "ff");
  CHECK(r.sources[0].bytes == 7);
  CHECK_TEXT(r.maps[0].name, "segmentation");
  CHECK_TEXT(r.maps[0].voxel_hash, "aa");
  CHECK(r.maps[0].dtype == TOME_U8);
  CHECK(tome_record_source(&r, &(tome_source){.path = "b"}, &err));
  CHECK_TEXT(r.sources[1].sop_uid, ""); /* NULL reads as "" */
}

static void grows(void) {
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  tome_error err = {0};
  for (int i = 0; i < 1000; i++) {
    CHECK(tome_record_problem(&r, i % 2 ? TOME_ERROR : TOME_WARNING, "gap", "use --gap=fill", &err, "slice %d of %s", i,
                              "x"));
    CHECK(tome_record_repair(&r, "gap=fill", &err, "%d slices", i));
    tome_label *l = tome_record_label(&r, &err);
    CHECK(l != NULL && l->value == 0 && l->voxels == 0 && l->histogram.bins == 0);
    CHECK_TEXT(l->name, "");
    l->value = i;
  }
  CHECK(r.problem_count == 1000 && r.repair_count == 1000 && r.label_count == 1000);
  CHECK_TEXT(r.problems[999].text, "slice 999 of x");
  CHECK_TEXT(r.problems[0].text, "slice 0 of x");
  CHECK(r.problems[999].severity == TOME_ERROR && r.problems[998].severity == TOME_WARNING);
  CHECK_TEXT(r.problems[17].code, "gap");
  CHECK_TEXT(r.problems[17].remedy, "use --gap=fill");
  CHECK_TEXT(r.repairs[12].text, "12 slices");
  CHECK_TEXT(r.repairs[12].kind, "gap=fill");
  for (int i = 0; i < 1000; i++) CHECK(r.labels[i].value == i);
  tome_record_clear(&r);
  CHECK(r.labels == NULL && r.label_count == 0 && r.label_cap == 0 && r.arena.head == NULL);
  CHECK(tome_record_repair(&r, "again", &err, "after a clear"));
}

static void long_text(void) {
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  tome_error err = {0};
  char text[20001];
  memset(text, 'y', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  CHECK(tome_record_problem(&r, TOME_INFO, "long", NULL, &err, "%s", text));
  CHECK_TEXT(r.problems[0].text, text);
  CHECK_TEXT(r.problems[0].remedy, "");
}

static void severities(void) {
  CHECK_TEXT(tome_severity_name(TOME_INFO), "info");
  CHECK_TEXT(tome_severity_name(TOME_WARNING), "warning");
  CHECK_TEXT(tome_severity_name(TOME_ERROR), "error");
}

TEST_MAIN(copies_strings, grows, long_text, severities)
