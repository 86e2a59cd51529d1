"""Only the last slice has a fractional slope: all voxels become float32, none is cut."""
import numpy

from tomelib import pixels, save, slice_dataset


def make(out):
    stack, image = pixels(6), numpy.zeros((6, 16, 20), numpy.float32)
    for z in range(6):
        slope = 0.5 if z == 5 else 1
        save(slice_dataset(stack[z], z, (0, 0, 3 * z), RescaleSlope=slope), out / "p1" / f"{z}.dcm")
        image[z] = stack[z] * slope - 1024
    return {"image": image}
