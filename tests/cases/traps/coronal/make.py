"""A coronal series: columns to the left, rows down; the normal points to the front, so slices are stored back to front."""
from tomelib import series


def make(out):
    stack = series(out / "p1", [(-10.0, -20.0 + 2 * z, 50.0) for z in range(6)], ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    return {"image": stack - 1024}
