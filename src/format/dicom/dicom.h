/* DICOM: the row of the table of formats. Reads classic and multi-frame images in all transfer syntaxes of dicom/scan.c. */
#ifndef TOME_FORMAT_DICOM_H
#define TOME_FORMAT_DICOM_H

#include "format/format.h"

extern const tome_format tome_format_dicom;

#endif
