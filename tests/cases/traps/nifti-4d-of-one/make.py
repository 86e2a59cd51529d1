"""4-D with a fourth extent of 1 is 3-D."""
import numpy

from tomelib import nifti


def make(out):
    a = numpy.arange(120, dtype=numpy.int16).reshape(4, 5, 6)
    nifti(out / "v.nii.gz", a[..., None])
    return {"image": numpy.ascontiguousarray(a.T)}
