"""12 bits stored of 16, with overlay garbage above: masked off, then sign-extended from bit 11."""
import numpy

from tomelib import save, slice_dataset


def make(out):
    rng = numpy.random.default_rng(3)
    true = rng.integers(-2048, 2048, (5, 16, 20))
    for z in range(5):
        stored = (true[z] & 0x0FFF) | (rng.integers(0, 16, true[z].shape) << 12)
        d = slice_dataset(stored.astype(numpy.uint16).view(numpy.int16), z, (0, 0, 3 * z), BitsStored=12, HighBit=11, RescaleIntercept=0)
        save(d, out / "p1" / f"{z}.dcm")
    return {"image": true.astype(numpy.int16)}
