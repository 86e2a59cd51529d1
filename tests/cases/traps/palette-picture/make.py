"""A picture in palette form is what its colours are, not their numbers; colours do not stack."""
import numpy
from PIL import Image


def make(out):
    rng = numpy.random.default_rng(1)
    picture = Image.fromarray(rng.integers(0, 8, (20, 30)).astype(numpy.uint8), "P")
    picture.putpalette(rng.integers(0, 256, 24).tolist())
    picture.save(out / "picture.png")
