/* Small data sets beside the voxels: histograms and tables. One compressed chunk with a checksum where there is enough to compress; inside
 * the object's header, which has a checksum of its own, where there is not. */
#include "store/h5.h"

enum { FEW_BYTES = 2048 };

static hid_t layout(size_t count, size_t bytes, tome_error *err) {
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk = count;
  (void)H5Pset_obj_track_times(list, 0); /* the same content makes the same bytes */
  const bool ok = bytes <= FEW_BYTES ? H5Pset_layout(list, H5D_COMPACT) >= 0
                                     : H5Pset_chunk(list, 1, &chunk) >= 0 && H5Pset_shuffle(list) >= 0 &&
                                           H5Pset_deflate(list, 4) >= 0 && H5Pset_fletcher32(list) >= 0;
  if (ok) return list;
  tome_h5_fail(err, TOME_IO, "HDF5 takes no layout of %zu elements", count);
  if (list >= 0) H5Pclose(list);
  return H5I_INVALID_HID;
}

bool tome_h5_put_array(hid_t at, const char *name, hid_t type, size_t count, size_t element, const void *values,
                       tome_error *err) {
  TOME_H5_ID list = layout(count, count * element, err);
  if (list < 0) return false;
  TOME_H5_ID space = H5Screate_simple(1, (hsize_t[]){count}, NULL);
  TOME_H5_ID set = H5Dcreate2(at, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  if (set < 0 || (count && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0))
    return tome_h5_fail(err, TOME_IO, "data set %s cannot be written", name);
  return true;
}

hid_t tome_h5_open_array(hid_t at, const char *name, size_t *count, tome_error *err) {
  const hid_t set = H5Dopen2(at, name, H5P_DEFAULT);
  TOME_H5_ID space = set < 0 ? H5I_INVALID_HID : H5Dget_space(set);
  const int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
  const hssize_t n = rank < 0 || rank > 1 ? -1 : H5Sget_simple_extent_npoints(space);
  if (n >= 0) {
    *count = (size_t)n;
    return set;
  }
  tome_h5_fail(err, TOME_CORRUPT, "data set %s is missing or has no single axis", name);
  if (set >= 0) H5Dclose(set);
  return H5I_INVALID_HID;
}
