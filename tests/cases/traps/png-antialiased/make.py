"""Masks with many gray levels are refused without a threshold."""
import numpy

from tomelib import nifti, png


def make(out):
    rng = numpy.random.default_rng(1)
    image = rng.integers(-1000, 1000, (20, 16, 12)).astype(numpy.int16)
    nifti(out / "ct.nii.gz", image, numpy.diag([1.0, 1, 2, 1]))
    seg = (rng.random((12, 16, 20)) < 0.3).astype(numpy.uint8)
    for z in range(12):
        smooth = numpy.where(rng.random(seg[z].shape) < 0.1, rng.integers(0, 256, seg[z].shape), seg[z] * 255)
        png(out / "label" / f"{z}.png", smooth.astype(numpy.uint8))
    return {"seg": seg}
