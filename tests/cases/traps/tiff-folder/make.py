"""A folder of TIFF slices and one of GIF masks, sorted by number."""
import numpy
from PIL import Image


def make(out):
    rng = numpy.random.default_rng(1)
    image = rng.integers(0, 60000, (11, 20, 30)).astype(numpy.uint16)
    seg = (rng.random(image.shape) < 0.3).astype(numpy.uint8)
    for name in ("image", "mask"):
        (out / name).mkdir()
    for z in range(11):
        Image.fromarray(image[z]).save(out / "image" / f"s{z}.tif", compression="tiff_lzw")
        Image.fromarray(seg[z] * 255).save(out / "mask" / f"s{z}.gif")
    return {"image": image.astype(numpy.float32), "seg": seg}
