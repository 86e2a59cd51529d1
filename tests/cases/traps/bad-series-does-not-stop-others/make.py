"""A series with a gap beside a good one: the good one is in, the other is named."""
from tomelib import series


def make(out):
    series(out / "bad", [0.0, 3.0, 6.0, 15.0, 18.0], series=1)
    series(out / "good", [3.0 * z for z in range(8)], series=2)
