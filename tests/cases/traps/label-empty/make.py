"""A label with nothing in it is taken, and is a problem on record."""
import numpy

from tomelib import nifti


def make(out):
    rng = numpy.random.default_rng(1)
    image = rng.integers(-1000, 1000, (8, 9, 10)).astype(numpy.int16)
    nifti(out / "volume-4.nii.gz", image, numpy.diag([1.0, 1, 2, 1]))
    nifti(out / "segmentation-4.nii.gz", numpy.zeros((8, 9, 10), numpy.uint8), numpy.diag([1.0, 1, 2, 1]))
