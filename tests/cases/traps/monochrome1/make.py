"""MONOCHROME1 says how to show, not what the HU are: values stay."""
from tomelib import series


def make(out):
    return {"image": series(out / "p1", [3.0 * z for z in range(8)], PhotometricInterpretation="MONOCHROME1") - 1024}
