/* NRRD out. Inside src/format only. */
#ifndef TOME_FORMAT_NRRD_WRITE_H
#define TOME_FORMAT_NRRD_WRITE_H

#include "format/format.h"

TOME_MUST_USE bool tome_nrrd_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt,
                                   tome_error *err);

#endif
