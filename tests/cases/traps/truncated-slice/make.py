"""The last slice is cut short: without it the series would look whole, so it is refused."""
from tomelib import series


def make(out):
    series(out / "p1", [3.0 * z for z in range(8)])
    f = out / "p1" / "image_7.dcm"
    f.write_bytes(f.read_bytes()[:-100])
