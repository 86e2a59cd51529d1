-- The view `cases`: one row a case, with the columns a person would guess. It is made anew whenever a kind of structure appears
-- that the store did not have, or the last of a kind goes: @columns becomes, for tumor, liver and every other kind,
--   <kind>_ml <kind>_voxels <kind>_hu_min <kind>_hu_max <kind>_hu_mean <kind>_hu_std <kind>_z_first <kind>_z_last
--   <kind>_level <kind>_width <kind>_components
-- and @joins one LEFT JOIN of structures for each. What a question does not mention costs nothing: SQLite leaves out a join
-- whose columns are unused (each is on a unique key) and turns `tumor_ml > 5` into a search of structures_ml.
-- Computed columns are CAST so that a parameter bound as text compares as a number.
CREATE VIEW cases AS
SELECT
  i.id, i.modality, i.layout,
  i.shape_z, i.shape_y, i.shape_x,
  i.spacing_z, i.spacing_y, i.spacing_x,
  CAST(i.shape_z * i.spacing_z AS REAL) AS size_z_mm,
  CAST(i.shape_y * i.spacing_y AS REAL) AS size_y_mm,
  CAST(i.shape_x * i.spacing_x AS REAL) AS size_x_mm,
  i.origin_x, i.origin_y, i.origin_z,
  i.orientation, i.tilt, i.dtype, i.units,
  h.hu_min, h.hu_max, h.hu_mean, h.hu_std,
  h.hu_p005, h.hu_p05, h.hu_p25, h.hu_p50, h.hu_p75, h.hu_p95, h.hu_p995,
  i.padding,
  (SELECT group_concat(name, ',') FROM (SELECT name FROM channels WHERE case_id = i.id ORDER BY number)) AS channels,
  (SELECT group_concat(name, ',') FROM (SELECT DISTINCT name FROM labels WHERE case_id = i.id ORDER BY map, value)) AS labels,
  CAST((SELECT count(*) FROM problems WHERE case_id = i.id AND refused = 0 AND severity <> 'info') AS INTEGER) AS problems,
  CAST((SELECT count(*) FROM repairs WHERE case_id = i.id) AS INTEGER) AS repairs,
  (SELECT path FROM sources WHERE case_id = i.id AND role = 'image' ORDER BY number LIMIT 1) AS source,
  CAST((SELECT count(*) FROM sources WHERE case_id = i.id) AS INTEGER) AS source_files,
  i.stored_bytes, i.voxel_hash, i.source_hash, i.series_uid, i.study_uid, i.frame_uid,
  @columns
FROM images AS i
LEFT JOIN intensity AS h ON h.case_id = i.id
  @joins
