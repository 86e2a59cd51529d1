/* A volume out to .nii, .nii.gz, or .hdr and .img. Inside src/format only. */
#ifndef TOME_FORMAT_NIFTI_WRITE_H
#define TOME_FORMAT_NIFTI_WRITE_H

#include "format/format.h"

/* NIfTI-1, or NIfTI-2 where an extent is over 32767. gzip where the name ends in .gz (level: opt->level, 0 means 6). */
TOME_MUST_USE bool tome_nifti_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt,
                                    tome_error *err);

#endif
