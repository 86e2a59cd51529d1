"""The same, overruled: the image's grid is taken and that is on record."""
import numpy

from tomelib import nifti


def make(out):
    rng = numpy.random.default_rng(1)
    image = rng.integers(-1000, 1000, (8, 9, 10)).astype(numpy.int16)
    nifti(out / "volume-4.nii.gz", image, numpy.diag([1.0, 1, 2, 1]))
    affine = numpy.diag([1.0, 1, 2, 1])
    affine[0, 3] = 7
    nifti(out / "segmentation-4.nii.gz", numpy.ones((8, 9, 10), numpy.uint8), affine)
    return {"seg": numpy.ones((10, 9, 8), numpy.uint8)}
