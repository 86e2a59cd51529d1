/* NumPy archives out. Inside src/format only. */
#ifndef TOME_FORMAT_NPZ_H
#define TOME_FORMAT_NPZ_H

#include "format/numpy/npy_header.h"

/* "image" or "labels", with spacing, origin, direction and affine where the volume lies somewhere; deflated unless opt->level is below 0. */
TOME_MUST_USE bool tome_npz_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt,
                                  tome_error *err);

#endif
