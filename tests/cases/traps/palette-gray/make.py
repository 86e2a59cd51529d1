"""A gray picture in palette form is its grays."""
import numpy
from PIL import Image


def make(out):
    rng = numpy.random.default_rng(1)
    index = rng.integers(0, 8, (20, 30)).astype(numpy.uint8)
    grays = numpy.array([0, 10, 200, 30, 90, 91, 255, 17], numpy.uint8)
    picture = Image.fromarray(index, "P")
    picture.putpalette(numpy.repeat(grays, 3).tolist())
    picture.save(out / "picture.png")
    return {"image": grays[index][None], "seg": index[None]}
