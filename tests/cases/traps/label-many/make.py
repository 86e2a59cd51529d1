"""More than 255 values need uint16."""
import numpy

from tomelib import nifti


def make(out):
    rng = numpy.random.default_rng(1)
    image = rng.integers(-1000, 1000, (8, 9, 10)).astype(numpy.int16)
    nifti(out / "volume-4.nii.gz", image, numpy.diag([1.0, 1, 2, 1]))
    seg = numpy.arange(720, dtype=numpy.int32).reshape(8, 9, 10)
    nifti(out / "segmentation-4.nii.gz", seg, numpy.diag([1.0, 1, 2, 1]))
    return {"seg": numpy.ascontiguousarray(seg.T).astype(numpy.uint16)}
