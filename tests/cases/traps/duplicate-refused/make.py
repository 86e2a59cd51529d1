"""Two different images at one position: which one is right, nobody can tell."""
from tomelib import pixels, save, series, slice_dataset


def make(out):
    stack = series(out / "p1", [3.0 * z for z in range(8)])
    save(slice_dataset(pixels(1, seed=9)[0], 90, (-10, -20, 9.0)), out / "p1" / "other.dcm")
    return {"image": stack - 1024}
