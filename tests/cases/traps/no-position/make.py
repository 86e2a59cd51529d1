"""Slices without ImagePositionPatient cannot be ordered: refused, naming the tag."""
from tomelib import series


def make(out):
    series(out / "p1", [3.0 * z for z in range(8)], ImagePositionPatient=None)
