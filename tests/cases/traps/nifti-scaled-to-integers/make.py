"""float32 on disk holding whole HU is stored as int16: exact, and half the size."""
import numpy

from tomelib import nifti


def make(out):
    a = numpy.random.default_rng(0).integers(-1000, 1000, (8, 9, 10)).astype(numpy.float32)
    nifti(out / "v.nii.gz", a)
    return {"image": numpy.ascontiguousarray(a.T).astype(numpy.int16)}
