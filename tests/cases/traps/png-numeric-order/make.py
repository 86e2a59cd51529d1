"""Names 0.png … 11.png sort by number, {0, 255} becomes {0, 1}, the grid is the image's."""
import numpy

from tomelib import nifti, png


def make(out):
    rng = numpy.random.default_rng(1)
    image = rng.integers(-1000, 1000, (20, 16, 12)).astype(numpy.int16)
    nifti(out / "ct.nii.gz", image, numpy.diag([1.0, 1, 2, 1]))
    seg = (rng.random((12, 16, 20)) < 0.3).astype(numpy.uint8)
    for z in range(12):
        png(out / "label" / f"{z}.png", seg[z] * 255)
    return {"seg": seg}
