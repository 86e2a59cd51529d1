"""Two series in one folder, one of them asked for."""
from tomelib import series


def make(out):
    series(out / "p1", [3.0 * z for z in range(8)], series=1, names="a{}.dcm")
    series(out / "p1", [5.0 * z for z in range(6)], series=2, names="b{}.dcm")
