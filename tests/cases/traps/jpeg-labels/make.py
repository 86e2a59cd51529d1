"""A mask that went through JPEG has no labels any more, however few gray levels are left."""
import numpy
from PIL import Image

from tomelib import png


def make(out):
    rng = numpy.random.default_rng(1)
    mask = numpy.zeros((32, 32), numpy.uint8)
    mask[8:24, 8:16] = 255
    png(out / "image.png", rng.integers(0, 256, mask.shape).astype(numpy.uint8))
    Image.fromarray(mask).save(out / "mask.jpg", quality=95)
    return {"seg": (mask > 127).astype(numpy.uint8)[None]}
