"""A .nii.gz cut short in the middle is refused, not padded."""
import numpy

from tomelib import nifti


def make(out):
    nifti(out / "v.nii.gz", numpy.random.default_rng(0).integers(-1000, 1000, (40, 40, 40)).astype(numpy.int16))
    f = out / "v.nii.gz"
    f.write_bytes(f.read_bytes()[:-5000])
