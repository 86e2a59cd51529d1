"""PixelPaddingValue -2000 outside the scan circle becomes air, is counted and enters no statistic."""
import numpy

from tomelib import pixels, series


def make(out):
    stack = pixels(8)
    stack[:, :4, :5] = -2000
    series(out / "p1", [3.0 * z for z in range(8)], stack=stack, PixelPaddingValue=-2000)
    image = stack - 1024
    image[:, :4, :5] = -1024
    return {"image": image}
