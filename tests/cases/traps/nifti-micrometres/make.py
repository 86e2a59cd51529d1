"""xyzt_units says micrometres."""
import numpy

from tomelib import nifti


def make(out):
    nifti(out / "v.nii.gz", numpy.ones((4, 5, 6), numpy.int16), numpy.diag([500.0, 600, 700, 1]), xyzt_units=3)
