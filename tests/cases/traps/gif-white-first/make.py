"""A mask whose palette has white first: white is the structure, whatever its index."""
import numpy
from PIL import Image

from tomelib import png


def make(out):
    rng = numpy.random.default_rng(1)
    mask = (rng.random((20, 30)) < 0.3).astype(numpy.uint8)
    png(out / "image.png", rng.integers(0, 256, mask.shape).astype(numpy.uint8))
    picture = Image.fromarray(1 - mask, "P")
    picture.putpalette([255, 255, 255, 0, 0, 0])
    picture.save(out / "mask.gif")
    assert ((numpy.asarray(Image.open(out / "mask.gif").convert("L")) > 127) == mask).all()
    return {"seg": mask[None]}
