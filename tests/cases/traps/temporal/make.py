"""Two time points at the same positions, told apart by TemporalPositionIdentifier: two volumes, not duplicates."""
from tomelib import pixels, save, slice_dataset


def make(out):
    stack = pixels(12)
    for t in range(2):
        for z in range(6):
            d = slice_dataset(stack[t * 6 + z], t * 6 + z, (-10, -20, 3.0 * z), TemporalPositionIdentifier=t + 1)
            save(d, out / "p1" / f"{t}_{z}.dcm")
