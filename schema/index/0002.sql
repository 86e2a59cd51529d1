-- Second edition: cases of several images on one grid (MR sequences, the colours of a photograph).

CREATE TABLE channels (           -- one row a channel of a case that has several; a case of one image has none
  case_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  number  INTEGER NOT NULL,       -- 0: the channel that is the case's image, whose values `intensity` has too
  name    TEXT NOT NULL,          -- 't1ce', 'red' …: "channels/<name>" in the case file
  dtype   TEXT NOT NULL,
  count   INTEGER NOT NULL,       -- voxels looked at: those that are not padding
  hu_min  REAL, hu_max REAL, hu_mean REAL, hu_std REAL,
  hu_p005 REAL, hu_p05 REAL, hu_p25 REAL, hu_p50 REAL, hu_p75 REAL, hu_p95 REAL, hu_p995 REAL,
  voxel_hash TEXT NOT NULL,
  PRIMARY KEY (case_id, number),
  UNIQUE (case_id, name)
) WITHOUT ROWID;
