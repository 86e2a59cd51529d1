"""Positions 0 3 6 10 13 17 20 24: no missing slice explains them."""
from tomelib import series


def make(out):
    return {"image": series(out / "p1", [0.0, 3.0, 6.0, 10.0, 13.0, 17.0, 20.0, 24.0]) - 1024}
