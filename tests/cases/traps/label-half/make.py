"""A label holding 1.5 is no label."""
import numpy

from tomelib import nifti


def make(out):
    rng = numpy.random.default_rng(1)
    image = rng.integers(-1000, 1000, (8, 9, 10)).astype(numpy.int16)
    nifti(out / "volume-4.nii.gz", image, numpy.diag([1.0, 1, 2, 1]))
    seg = numpy.zeros((8, 9, 10), numpy.float32)
    seg[2, 3, 4] = 1.5
    nifti(out / "segmentation-4.nii.gz", seg, numpy.diag([1.0, 1, 2, 1]))
