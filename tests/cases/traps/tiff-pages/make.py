"""The pages of a TIFF are slices; what its tags say of sizes is noted, not taken; a palette's labels are its indices."""
import numpy
from PIL import Image


def make(out):
    rng = numpy.random.default_rng(1)
    image = rng.integers(0, 60000, (11, 20, 30)).astype(numpy.uint16)
    seg = rng.integers(0, 4, image.shape).astype(numpy.uint8)
    pages = [Image.fromarray(z) for z in image]
    pages[0].save(out / "stack.tif", save_all=True, append_images=pages[1:], resolution_unit=3, x_resolution=70.0, y_resolution=35.0)
    labels = [Image.fromarray(z, "P") for z in seg]
    for page in labels:
        page.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    labels[0].save(out / "labels.tiff", save_all=True, append_images=labels[1:])
    return {"image": image.astype(numpy.float32), "seg": seg}
