"""gzip named .nii, plain named .nii.gz: the bytes decide."""
import gzip
import numpy

from tomelib import nifti


def make(out):
    a = numpy.arange(4 * 5 * 6, dtype=numpy.int16).reshape(4, 5, 6)
    nifti(out / "plain.nii", a, numpy.diag([2.0, 3, 4, 1]))
    data = (out / "plain.nii").read_bytes()
    (out / "zipped.nii").write_bytes(gzip.compress(data + b""))
    (out / "naked.nii.gz").write_bytes(data)
    (out / "plain.nii").unlink()
    return {"image": numpy.ascontiguousarray(a.T)}
