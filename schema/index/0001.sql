-- The index of a store, first edition: what is known of every case, in tables. The truth is in cases/<id>.h5; this file is
-- made from it and can be made again (`tome reindex`). README.md beside this file says how to ask.
--
-- Throughout: axes are z, y, x; lengths are mm, volumes ml (1 ml = 1000 mm3); NULL is "not known", never 0.
-- hu_* are values of the image, in Hounsfield units where images.units is 'HU'. std is the population's. p005 p05 p25 p50 p75 p95
-- p995 are the percentiles 0.5 5 25 50 75 95 99.5, interpolated linearly as NumPy does.
-- A kind is the word a structure can be asked for across data sets: 'tumor' for tumour, lesion, livertumor3 …; see labels.kind.
--
-- Nobody needs these tables to ask a simple question: the view `cases` (cases.sql) has one row a case.

CREATE TABLE images (             -- one row a case: the image, its grid and where it came from
  id           TEXT NOT NULL PRIMARY KEY,  -- the data set's own name for the case: 'volume-3'
  layout       TEXT NOT NULL,     -- how its files were arranged: 'lits', 'ircad', 'dicom' …
  modality     TEXT NOT NULL,     -- 'CT', 'MR' …, '' where nobody said
  units        TEXT NOT NULL,     -- 'HU' or ''
  dtype        TEXT NOT NULL,     -- NumPy's name of the stored voxels: 'int16'
  shape_z      INTEGER NOT NULL,  -- voxels
  shape_y      INTEGER NOT NULL,
  shape_x      INTEGER NOT NULL,
  spacing_z    REAL NOT NULL,     -- mm from voxel to voxel
  spacing_y    REAL NOT NULL,
  spacing_x    REAL NOT NULL,
  origin_x     REAL NOT NULL,     -- centre of voxel (0,0,0): world LPS, mm
  origin_y     REAL NOT NULL,
  origin_z     REAL NOT NULL,
  direction_z_x REAL NOT NULL,    -- unit vector along index axis z: its world x, y, z (LPS)
  direction_z_y REAL NOT NULL,
  direction_z_z REAL NOT NULL,
  direction_y_x REAL NOT NULL,    -- along index axis y
  direction_y_y REAL NOT NULL,
  direction_y_z REAL NOT NULL,
  direction_x_x REAL NOT NULL,    -- along index axis x
  direction_x_y REAL NOT NULL,
  direction_x_z REAL NOT NULL,
  orientation  TEXT NOT NULL,     -- where z, y, x point to: 'SPL' = superior, posterior, left
  tilt         REAL NOT NULL,     -- gantry tilt: degrees between the slice step and the slice normal
  padding      INTEGER NOT NULL,  -- voxels that were padding, now air; in no statistic
  stored_bytes INTEGER NOT NULL,  -- of the case file
  series_uid   TEXT NOT NULL,     -- DICOM SeriesInstanceUID, or ''
  study_uid    TEXT NOT NULL,
  frame_uid    TEXT NOT NULL,     -- FrameOfReferenceUID
  voxel_hash   TEXT NOT NULL,     -- XXH3-128 of the image's voxels: equal for the same scan under two names
  source_hash  TEXT NOT NULL      -- of the source files and the options that change voxels: "is it in already?"
);
CREATE INDEX images_voxel_hash ON images(voxel_hash);
CREATE INDEX images_source_hash ON images(source_hash);
CREATE INDEX images_series_uid ON images(series_uid);
CREATE INDEX images_modality ON images(modality);
CREATE INDEX images_layout ON images(layout);
CREATE INDEX images_spacing_z ON images(spacing_z);

CREATE TABLE intensity (          -- one row a case: the values of all voxels that are not padding
  case_id TEXT NOT NULL PRIMARY KEY REFERENCES images(id) ON DELETE CASCADE,
  count   INTEGER NOT NULL,       -- voxels looked at
  hu_min  REAL, hu_max REAL, hu_mean REAL, hu_std REAL,
  hu_p005 REAL, hu_p05 REAL, hu_p25 REAL, hu_p50 REAL, hu_p75 REAL, hu_p95 REAL, hu_p995 REAL
);
-- case_id in them spares the table a visit
CREATE INDEX intensity_hu_min ON intensity(hu_min, case_id);
CREATE INDEX intensity_hu_max ON intensity(hu_max, case_id);
CREATE INDEX intensity_hu_mean ON intensity(hu_mean, case_id);

CREATE TABLE label_maps (         -- one row a label volume of a case ("labels/<name>" in the case file)
  case_id    TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  name       TEXT NOT NULL,       -- 'segmentation', 'livertumor1' …
  dtype      TEXT NOT NULL,       -- 'uint8' or 'uint16'
  voxel_hash TEXT NOT NULL,
  PRIMARY KEY (case_id, name)
) WITHOUT ROWID;

CREATE TABLE labels (             -- one row a label value of a label map
  case_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  map     TEXT NOT NULL,          -- label_maps.name
  value   INTEGER NOT NULL,       -- its value in the map, > 0
  name    TEXT NOT NULL,          -- as the data set names it: 'liver', 'livertumor1'; 'label_3' where nobody said
  kind    TEXT NOT NULL,          -- the word to ask for it by: 'liver', 'tumor'
  voxels  INTEGER NOT NULL,
  ml      REAL NOT NULL,
  z_first INTEGER, z_last INTEGER,                                      -- first and last slice that hold it
  box_z0  INTEGER, box_z1 INTEGER, box_y0 INTEGER, box_y1 INTEGER, box_x0 INTEGER, box_x1 INTEGER,  -- bounding box, half-open
  hu_count INTEGER NOT NULL,      -- voxels behind the hu_* columns: those of the label that are not padding
  hu_min  REAL, hu_max REAL, hu_mean REAL, hu_std REAL,
  hu_p005 REAL, hu_p05 REAL, hu_p25 REAL, hu_p50 REAL, hu_p75 REAL, hu_p95 REAL, hu_p995 REAL,
  components        INTEGER NOT NULL,  -- connected pieces, 26-neighbourhood
  largest_component INTEGER NOT NULL,  -- voxels of the largest one
  UNIQUE (case_id, map, value)
);
CREATE INDEX labels_name ON labels(name);
CREATE INDEX labels_kind ON labels(kind, ml);

CREATE TABLE windows (            -- display windows that fit a label, or the whole image (map 'image', value 0)
  case_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  map     TEXT NOT NULL,
  value   INTEGER NOT NULL,
  method  TEXT NOT NULL,          -- 'minmax': hu_min … hu_max;  'percentile': hu_p005 … hu_p995
  name    TEXT NOT NULL,          -- of the label; 'image' for the image
  kind    TEXT,                   -- of the label; NULL for the image
  level   REAL, width REAL,       -- centre and full width
  PRIMARY KEY (case_id, map, value, method)
) WITHOUT ROWID;

CREATE TABLE structures (         -- one row a case and kind: all labels of one kind in one case taken together
  case_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  kind    TEXT NOT NULL,
  labels  INTEGER NOT NULL,       -- how many rows of `labels` this sums up
  voxels  INTEGER NOT NULL,       -- a voxel that two label maps claim counts twice
  ml      REAL NOT NULL,
  z_first INTEGER, z_last INTEGER,
  hu_count INTEGER NOT NULL,
  hu_min  REAL, hu_max REAL, hu_mean REAL, hu_std REAL,
  hu_p005 REAL, hu_p05 REAL, hu_p25 REAL, hu_p50 REAL, hu_p75 REAL, hu_p95 REAL, hu_p995 REAL,
  level   REAL, width REAL,       -- window from hu_p005 … hu_p995
  minmax_level REAL, minmax_width REAL,  -- window from hu_min … hu_max
  components        INTEGER NOT NULL,
  largest_component INTEGER NOT NULL,
  UNIQUE (case_id, kind)
);
-- wider than it need be, so that the common question (WHERE tumor_ml > 5) is answered from the index alone
CREATE INDEX structures_ml ON structures(kind, ml, case_id, voxels, hu_min, hu_max, hu_mean, hu_std);
CREATE INDEX structures_voxels ON structures(kind, voxels);
CREATE INDEX structures_hu_min ON structures(kind, hu_min);
CREATE INDEX structures_hu_max ON structures(kind, hu_max);
CREATE INDEX structures_hu_mean ON structures(kind, hu_mean);

CREATE TABLE kinds (              -- every kind that some case has: the view `cases` has columns for each
  kind TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE histograms (         -- how often each value occurs: in a label, or in the image (map 'image', value 0)
  case_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  map     TEXT NOT NULL,
  value   INTEGER NOT NULL,
  name    TEXT NOT NULL,
  kind    TEXT,
  lo      REAL NOT NULL,          -- width 1 (integer voxels): counts[i] voxels have the value lo + i
  width   REAL NOT NULL,          -- else: counts[i] voxels lie in lo + i*width … lo + (i+1)*width
  bins    INTEGER NOT NULL,
  counts  BLOB NOT NULL,          -- `bins` unsigned little-endian integers of length(counts)/bins bytes each: 1, 2, 4 or 8
  UNIQUE (case_id, map, value)
);
CREATE INDEX histograms_name ON histograms(name);
CREATE INDEX histograms_kind ON histograms(kind);

CREATE TABLE sources (            -- one row a file the case was made from
  case_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  number  INTEGER NOT NULL,       -- 0, 1, … as they were read: slices in order
  role    TEXT NOT NULL,          -- 'image' or the label map's name
  path    TEXT NOT NULL,          -- relative to the folder that was ingested
  bytes   INTEGER NOT NULL,
  hash    TEXT NOT NULL,          -- XXH3-128 of the file
  sop_uid TEXT NOT NULL,          -- DICOM SOPInstanceUID, or ''
  PRIMARY KEY (case_id, number)
) WITHOUT ROWID;

CREATE TABLE repairs (            -- one row a thing that was done to the data because somebody asked for it
  case_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  number  INTEGER NOT NULL,
  kind    TEXT NOT NULL,          -- the option that asked: 'gap=fill', 'trust=image' …
  text    TEXT NOT NULL,          -- what was done, with the numbers
  PRIMARY KEY (case_id, number)
) WITHOUT ROWID;

CREATE TABLE problems (           -- one row a thing a person should know
  number   INTEGER PRIMARY KEY,
  case_id  TEXT,                  -- the case; where refused = 1, the id it would have had, or NULL
  severity TEXT NOT NULL,         -- 'info', 'warning', 'error'
  code     TEXT NOT NULL,         -- 'geometry-mismatch', 'empty-label' …
  text     TEXT NOT NULL,         -- one sentence, with the numbers
  remedy   TEXT NOT NULL,         -- what to do about it, or ''
  path     TEXT NOT NULL,         -- the source in question, or ''
  refused  INTEGER NOT NULL,      -- 1: not in the store because of this; 0: in the store all the same
  key      TEXT UNIQUE            -- names a refusal, so that the next ingest replaces it; NULL where refused = 0
);
CREATE INDEX problems_case_id ON problems(case_id);
CREATE INDEX problems_code ON problems(code);
