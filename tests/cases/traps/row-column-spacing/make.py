"""PixelSpacing is row spacing (dy) first: 0.5 between rows, 0.9 between columns."""
from tomelib import series


def make(out):
    return {"image": series(out / "p1", [3.0 * z for z in range(8)], PixelSpacing=[0.5, 0.9]) - 1024}
