"""The label lists the same places with y running the other way: reordered exactly."""
import numpy

from tomelib import nifti


def make(out):
    rng = numpy.random.default_rng(1)
    image = rng.integers(-1000, 1000, (8, 9, 10)).astype(numpy.int16)
    nifti(out / "volume-4.nii.gz", image, numpy.diag([1.0, 1, 2, 1]))
    seg = rng.integers(0, 3, (8, 9, 10)).astype(numpy.uint8)
    affine = numpy.diag([1.0, -1, 2, 1])
    affine[1, 3] = 8
    nifti(out / "segmentation-4.nii.gz", seg[:, ::-1], affine)
    return {"seg": numpy.ascontiguousarray(seg.T)}
