"""Previews beside DICOM slices are no slices."""
import numpy
from PIL import Image

from tomelib import read_series, series


def make(out):
    series(out / "ct", [0, 2, 4, 6])
    for z in range(4):
        Image.fromarray(numpy.full((16, 20), 10 * z, numpy.uint8)).save(out / "ct" / f"image_{z}.jpg")
        Image.fromarray(numpy.full((16, 20), 10 * z, numpy.uint8)).save(out / "ct" / f"image_{z}.tif")
    return {"image": read_series((out / "ct").glob("*.dcm"))[0]}
