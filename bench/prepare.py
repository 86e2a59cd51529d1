"""What needs NumPy before timing: a long series out of a short real one, a case's voxels as .npy, and whether two files hold the same volume.

    prepare.py tile FOLDER OUT SLICES    a DICOM series of SLICES slices: FOLDER's slices up, down, up … (real noise, real anatomy)
    prepare.py npy CASE.h5 OUT.npy       the image of a case file, read by h5py
    prepare.py case OUT                  a made-up CT with two labels, as NIfTI
    prepare.py same A B                  exit 0 where both hold the same voxels (flips allowed: each tool has its own axis signs)
"""
import sys
from pathlib import Path

import h5py
import numpy as np


def tile(folder, out, count):
    import pydicom
    slices = sorted((pydicom.dcmread(p) for p in Path(folder).iterdir()), key=lambda s: float(s.ImagePositionPatient[2]))
    step = float(slices[1].ImagePositionPatient[2]) - float(slices[0].ImagePositionPatient[2])
    start = float(slices[0].ImagePositionPatient[2])
    there_and_back = slices + slices[::-1]
    Path(out).mkdir(parents=True)
    for z in range(int(count)):
        s = there_and_back[z % len(there_and_back)]
        x, y, _ = s.ImagePositionPatient
        s.ImagePositionPatient = [x, y, round(start + z * step, 4)]
        s.InstanceNumber = z + 1
        s.SOPInstanceUID = s.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{z + 1}"
        if "SliceLocation" in s:
            s.SliceLocation = s.ImagePositionPatient[2]
        s.save_as(Path(out) / f"IM{z + 1:04}")


def volume(path):
    if path.endswith(".h5"):
        return h5py.File(path, "r")["image"][()]
    import nibabel
    return np.asarray(nibabel.load(path).dataobj).T


def same(a, b):
    a, b = volume(a), volume(b)
    flips = [(i, j, k) for i in (1, -1) for j in (1, -1) for k in (1, -1)]
    return a.shape == b.shape and any(np.array_equal(a, b[::i, ::j, ::k]) for i, j, k in flips)


def case(out):
    """A made-up CT of 512×512×200 voxels, noise and all, with two labels, as LiTS has its files."""
    import nibabel
    r = np.random.default_rng(0)
    x, y, z = np.ogrid[-1:1:512j, -1:1:512j, -1:1:200j]
    noise = r.normal(0, 15, (512, 512, 200)).astype(np.float32)
    voxels = np.where((x / .8) ** 2 + (y / .6) ** 2 < 1, noise + 40, noise * .3 - 1000).clip(-1024, 1500).astype(np.int16)
    label = (((x - .25) / .35) ** 2 + (y / .35) ** 2 + (z / .7) ** 2 < 1).astype(np.uint8)
    label[((x - .3) / .1) ** 2 + (y / .1) ** 2 + (z / .2) ** 2 < 1] = 2
    affine = np.diag([-.7, -.7, 2, 1.])
    Path(out).mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(voxels, affine), Path(out) / "volume-9.nii")
    nibabel.save(nibabel.Nifti1Image(label, affine), Path(out) / "segmentation-9.nii")


def main():
    verb, *args = sys.argv[1:]
    if verb == "tile":
        tile(*args)
    elif verb == "case":
        case(*args)
    elif verb == "npy":
        np.save(args[1], volume(args[0]))
    elif not same(*args):
        sys.exit(f"{args[0]} and {args[1]} hold different voxels")


main()
