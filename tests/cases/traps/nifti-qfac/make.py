"""pixdim[0] = -1 mirrors the third axis of the qform."""
import nibabel
import numpy


def make(out):
    h = nibabel.Nifti1Header()
    h.set_data_shape((4, 5, 6))
    h.set_data_dtype(numpy.int16)
    h.set_qform(numpy.diag([-1.0, 2, 3, 1]), 1)
    h["sform_code"] = 0
    nibabel.save(nibabel.Nifti1Image(numpy.zeros((4, 5, 6), numpy.int16), None, h), str(out / "v.nii"))
