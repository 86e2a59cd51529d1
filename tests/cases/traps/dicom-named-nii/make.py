"""A DICOM slice named .nii is a DICOM slice."""
from tomelib import pixels, save, slice_dataset


def make(out):
    stack = pixels(1)
    save(slice_dataset(stack[0], 0, (-10, -20, 0)), out / "p1" / "scan.nii")
    return {"image": stack - 1024}
