"""A picture in palette form is what its colours are, not their numbers: red, green and blue are its channels, red the first."""
import numpy
from PIL import Image


def make(out):
    rng = numpy.random.default_rng(1)
    index = rng.integers(0, 8, (20, 30)).astype(numpy.uint8)
    colours = rng.integers(0, 256, (8, 3)).astype(numpy.uint8)
    picture = Image.fromarray(index, "P")
    picture.putpalette(colours.ravel().tolist())
    picture.save(out / "picture.png")
    return {"image": colours[index][None, ..., 0], "seg": index[None]}
