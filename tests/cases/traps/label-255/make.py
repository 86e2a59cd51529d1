"""A mask of 0 and 255 becomes 0 and 1."""
import numpy

from tomelib import nifti


def make(out):
    rng = numpy.random.default_rng(1)
    image = rng.integers(-1000, 1000, (8, 9, 10)).astype(numpy.int16)
    nifti(out / "volume-4.nii.gz", image, numpy.diag([1.0, 1, 2, 1]))
    seg = numpy.zeros((8, 9, 10), numpy.uint8)
    seg[2:5, 3:6, 4:8] = 255
    nifti(out / "segmentation-4.nii.gz", seg, numpy.diag([1.0, 1, 2, 1]))
    return {"seg": numpy.ascontiguousarray((seg // 255).T)}
