#!/usr/bin/python3
"""scripts/phantom makes what it says: read back with nibabel, pydicom and PIL, none of which wrote it (pydicom wrote the DICOM
files, and checks only what the script put into them)."""
import argparse
import filecmp
import os
import shutil
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--phantom", required=True)
parser.add_argument("--tmp", required=True)
opt = parser.parse_args()
try:
    import nibabel as nib
    import numpy as np
    import pydicom
    from PIL import Image
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

root = os.path.join(opt.tmp, "phantom")
again = os.path.join(opt.tmp, "phantom-again")
for path in (root, again):
    shutil.rmtree(path, ignore_errors=True)
run = [sys.executable, opt.phantom]
subprocess.run([*run, root, "--cases", "2", "--seed", "7"], check=True, stdout=subprocess.DEVNULL)
subprocess.run([*run, again, "--only", "gap", "--seed", "7"], check=True, stdout=subprocess.DEVNULL)
assert subprocess.run([*run, again, "--only", "nonsense"], capture_output=True).returncode == 2


def lps(path):
    """Voxels as (z, y, x) with axes running to the back, left and head, whatever the file's are."""
    image = nib.as_closest_canonical(nib.load(path))
    return np.asarray(image.dataobj)[::-1, ::-1].T


# LiTS: header fields agree with one another, labels lie where their HU are, orientations differ.
axes = set()
for n in range(2):
    volume = nib.load(f"{root}/LITS/volume-{n}.nii.gz")
    label = nib.load(f"{root}/LITS/segmentation-{n}.nii.gz")
    assert volume.get_data_dtype() == np.int16 and label.get_data_dtype() == np.uint8
    assert np.allclose(volume.affine, label.affine)
    assert np.allclose(volume.get_qform(), volume.get_sform(), atol=1e-3), (volume.get_qform(), volume.get_sform())
    assert int(volume.header["sform_code"]) == int(volume.header["qform_code"]) == 1
    assert volume.header.get_xyzt_units()[0] == "mm"
    axes.add(nib.aff2axcodes(volume.affine))
    hu, seg = lps(f"{root}/LITS/volume-{n}.nii.gz"), lps(f"{root}/LITS/segmentation-{n}.nii.gz")
    assert set(np.unique(seg)) == {0, 1, 2}, np.unique(seg)
    assert 80 < hu[seg == 1].mean() < 135 and 30 < hu[seg == 2].mean() < 95
    assert hu.min() == -1024 and 600 < hu.max() < 3072
    ml = (seg > 0).sum() * np.prod(volume.header.get_zooms()) / 1000
    assert 700 < ml < 2600, ml
    z, y, x = np.nonzero(seg)
    body = np.nonzero(hu > -300)
    assert x.mean() < body[2].mean() - 20 * 166 / 500, "the liver is on the patient's right"
    spine = np.nonzero(hu > 500)
    assert spine[1].mean() > body[1].mean(), "bone lies to the back"
assert len(axes) == 2, axes

# 3D-IRCADb: every structure on the patient's slices; names that sort badly as text; positions that fall as names rise.
patient = f"{root}/3Dircadb1/3Dircadb1.1"
slices = os.listdir(f"{patient}/PATIENT_DICOM")
assert len(slices) == 80 and sorted(slices)[1:3] == ["image_1", "image_10"]
positions = {}
for name in slices:
    d = pydicom.dcmread(f"{patient}/PATIENT_DICOM/{name}")
    positions[int(name[6:])] = float(d.ImagePositionPatient[2])
    hu = d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept)
    assert hu.min() >= -1024 and hu.max() < 3072 and d.pixel_array.dtype == np.int16
order = [positions[i] for i in range(80)]
assert np.allclose(np.diff(order), -3)
structures = os.listdir(f"{patient}/MASKS_DICOM")
assert {"liver", "livertumor1", "rightkidney", "bone"} <= set(structures)
voxels = {}
for s in structures:
    one = [pydicom.dcmread(f"{patient}/MASKS_DICOM/{s}/image_{i}") for i in range(80)]
    voxels[s] = np.stack([d.pixel_array for d in one])
    assert set(np.unique(voxels[s])) == {0, 255}, s
    assert [float(d.ImagePositionPatient[2]) for d in one] == order
assert (voxels["liver"][voxels["livertumor1"] > 0] == 255).all(), "a tumour lies in its liver"
uids = {pydicom.dcmread(f"{patient}/{sub}/image_{i}", stop_before_pixels=True).SOPInstanceUID
        for sub in ("PATIENT_DICOM", "MASKS_DICOM/liver", "LABELLED_DICOM") for i in range(80)}
assert len(uids) == 240

# One slice missing, and only one.
z = sorted(float(pydicom.dcmread(e.path).ImagePositionPatient[2]) for e in os.scandir(f"{root}/missing-slice"))
assert len(z) == 23 and sorted(np.round(np.diff(z), 3)) == [5.0] * 21 + [10.0]

# PNG slices over their volume: bright where the liver is, each in its place.
ct = np.asarray(nib.load(f"{root}/png-stack/case-1/ct.nii.gz").dataobj).T
mask = np.stack([np.asarray(Image.open(f"{root}/png-stack/case-1/liver_mask/{i}.png")) for i in range(len(ct))])
assert mask.shape == ct.shape and set(np.unique(mask)) == {0, 255}
assert 80 < ct[mask > 0].mean() < 140 and abs(ct[mask > 0].std()) < 60

# The same arguments, the same bytes.
same = filecmp.dircmp(f"{root}/missing-slice", f"{again}/missing-slice")
assert len(same.common_files) == 23 and not same.left_only and not same.right_only
for name in same.common_files:
    assert filecmp.cmp(f"{root}/missing-slice/{name}", f"{again}/missing-slice/{name}", shallow=False), name
print("ok")
