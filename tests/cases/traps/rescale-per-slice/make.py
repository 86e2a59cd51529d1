"""PET-like: a slope of its own for each slice; the first must not decide for the others, and the result is float32."""
import numpy

from tomelib import pixels, save, slice_dataset


def make(out):
    stack, image = pixels(6), numpy.zeros((6, 16, 20), numpy.float32)
    for z in range(6):
        save(slice_dataset(stack[z], z, (0, 0, 3 * z), RescaleSlope=1 + 0.25 * z, RescaleIntercept=-z, Modality="PT"), out / "p1" / f"{z}.dcm")
        image[z] = stack[z] * (1 + 0.25 * z) - z
    return {"image": image}
