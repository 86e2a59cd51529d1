#!/usr/bin/python3
"""Every file of the real data, one by one: what an independent reader says of it (voxels, place, spacing), or the reason why it is refused.

The table EXPECTED names every file: one that no row names, one that two rows name, and a row that names more or fewer files than it says
are failures, so that whoever adds a file says here what Tome owes it. Skipped where the data is absent.

    shared_data.py TOME
"""
import bz2
import fnmatch
import gzip
import json
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import nibabel
import numpy
import pydicom
from PIL import Image

from tomelib import DATA, SKIPPED, Checks, hu_of

NO_IMAGE = ["is not an image that this build reads"]

# (pattern, files, how it is read independently - None: it is refused -, words of the reason or of the notes)
EXPECTED = [
    ("README.md", 1, None, NO_IMAGE),
    ("bad-series/gantrytilting/001/IM-0001-000?.dcm", 4, "dicom", []),
    ("bad-series/notavolume/001/00?.dcm", 4, "dicom", []),
    ("bad-series/slicecount/001/IM-0001-000?-0001.dcm", 2, "dicom", []),
    ("bad-series/slicecount/001_ground_truth*.nii.gz", 2, "nibabel", []),
    ("bad-series/sliceincrement/001/IM-0001-00??-0001.dcm", 4, "dicom", []),
    ("bad-series/sliceincrement/002/IM-0001-000?.dcm", 4, "dicom", []),
    ("bad-series/sliceincrement/002_ground_truth*.nii.gz", 2, "nibabel", []),
    ("bad-series/sliceorientation/001/IM-0001-000?-0001*.dcm", 4, "dicom", []),
    ("brats/brats_2013_pat0005_1/*.nii.gz", 4, "nibabel", []),
    ("brats/brats_2013_pat0005_1/License_CC_BY_NC_SA_3.0.txt", 1, None, NO_IMAGE),
    ("chase-db1/Image_0[12][LR].jpg", 4, "picture", []),
    ("chase-db1/Image_0[12][LR]_[12]??HO.png", 8, "picture", []),
    ("ct-12bit-dirty/In/12bit*.dcm", 3, None, ["Siemens mosaic", "dcm2niix"]),
    ("ct-12bit-dirty/Ref/[234].json", 3, None, NO_IMAGE),
    ("ct-12bit-dirty/Ref/[234].nii", 3, "nibabel", []),
    ("ct-j2k/example_seg_dicom.nii.gz", 1, "nibabel", []),
    ("ct-j2k/series/CT.1.3.12.2.1107.5.1.4.60064.300000221208081134280000165??", 20, "dicom", []),
    ("ct-tilt-uneven/[012]?.dcm", 28, "dicom", []),
    ("dicom-seg/2[34]x38x3/image/IMG000[123].dcm", 6, "dicom", []),
    ("dicom-seg/2[34]x38x3/multiframe/mf.dcm", 2, "frames", []),
    ("dicom-seg/2[34]x38x3/nrrd/label.nrrd", 2, "nrrd", []),
    ("dicom-seg/2[34]x38x3/screenshots/brainlab.jpg", 2, "picture", []),
    ("dicom-seg/2[34]x38x3/screenshots/slicer.png", 2, "picture", []),
    ("dicom-seg/2[34]x38x3/seg/label.seg", 2, "seg:../nrrd/label.nrrd", ["Liver"]),
    ("dicom-seg/ct-3slice/0[123].dcm", 3, "dicom", []),
    ("dicom-seg/*_seg.nrrd", 7, "nrrd", []),
    ("dicom-seg/partial_overlaps-[123].nrrd", 3, "nrrd", []),
    ("dicom-seg/spine_seg_label5.nrrd", 1, "nrrd", []),
    ("dicom-seg/liver.dcm", 1, "seg:liver_seg.nrrd", ["Liver"]),
    ("dicom-seg/sparse-labelmap-noppv.dcm", 1, "seg:sparse_labelmap_noppv_seg.nrrd", ["Liver"]),
    ("dicom-seg/sparse-labelmap-ppv5.dcm", 1, "seg:sparse_labelmap_ppv5_seg.nrrd", ["Liver"]),
    ("dicom-seg/partial_overlaps.dcm", 1, "overlaps", ["GREEN", "DARK_BLUE"]),
    ("drive/t*/images/??_t*.tif", 8, "picture", []),
    ("drive/t*/1st_manual/??_manual1.gif", 8, "picture", []),
    ("drive/t*/mask/??_t*_mask.gif", 8, "picture", []),
    ("drive/test/2nd_manual/0?_manual2.gif", 4, "palette", []),
    ("enhanced-ct/eCT_Supplemental.dcm", 1, "frames", []),
    ("ircad-17/*/image_*", 177, "dicom", []),
    ("kits-labels/case_0000[03]/segmentation.nii.gz", 2, "nibabel", []),
    ("lits/segmentation-[01].nii.gz", 2, "nibabel", []),
    ("lits/volume-[01].nii.gz", 2, "nibabel", []),
    ("metaimage/CT_2D_head_*.mha", 4, "mha", []),
    ("metaimage/CT_3D_lung_*_mask.mha", 2, "mha", []),
    ("minc/minc2_baddim.mnc", 1, None, ['has the spacing "xspace" along xspace', "regular spacing is read"]),
    ("minc/minc[12]-no-att.mnc", 2, "nibabel:minc", ["no step is stated along xspace"]),
    ("minc/minc[12]_1_scale.mnc", 2, "nibabel:minc", []),
    ("minc/minc[12]_4d.mnc", 2, "nibabel:minc", ["holds 2 volumes"]),
    ("minc/minc2-4d-d.mnc", 1, "nibabel:minc", ["holds 5 volumes"]),
    ("minc/small.mnc", 1, "nibabel:minc", []),
    ("minc/tiny.mnc", 1, "nibabel:minc", []),
    ("nifti-ct/example_*.nii.gz", 2, "nibabel", []),
    ("nifti-ct/aorta/*.nii.gz", 19, "nibabel", []),
    ("nifti-edge/5D_*.nii*", 2, "nibabel", ["holds 3 volumes"]),
    ("nifti-edge/air*.hdr.gz", 2, "nibabel", []),
    ("nifti-edge/air.img.gz", 1, None, ["read with its header air.hdr.gz"]),
    ("nifti-edge/air2.img.gz", 1, None, ["read with its header air2.hdr.gz"]),
    ("nifti-edge/analyze.hdr", 1, None, ["voxels (.img or .img.gz) are not beside it"]),
    ("nifti-edge/nifti[12].hdr", 2, None, ["voxels (.img or .img.gz) are not beside it"]),
    ("nifti-edge/not-nifti.nii", 1, None, ["is named as NIfTI-1", "bytes are of no image"]),
    ("nifti-edge/example4d.nii.gz", 1, "nibabel", ["holds 2 volumes"]),
    ("nifti-edge/example_nifti2.nii.gz", 1, "nibabel", ["holds 2 volumes"]),
    ("nifti-edge/functional.nii", 1, "nibabel", ["holds 20 volumes"]),
    ("nifti-edge/anatomical.nii", 1, "nibabel", []),
    ("nifti-edge/avg152T1_LR_nifti*.nii*", 3, "nibabel", []),
    ("nifti-edge/big.nii.gz", 1, "nibabel", []),
    ("nifti-edge/little.nii.gz", 1, "nibabel", []),
    ("nifti-edge/re*_anat_moved.nii", 2, "nibabel", []),
    ("nifti-edge/standard.nii.gz", 1, "nibabel", []),
    ("nifti-edge/with_extension.nii.gz", 1, "nibabel", []),
    ("nrrd/BallBinary30x30x30.nii.gz", 1, "nibabel", []),
    ("nrrd/BallBinary30x30x30.nhdr", 1, "ball", []),
    ("nrrd/BallBinary30x30x30.nrrd", 1, "ball", []),
    ("nrrd/BallBinary30x30x30_byteskip_minus_one*.nhdr", 2, "ball", []),
    ("nrrd/BallBinary30x30x30_[bg]z*.nrrd", 4, "ball", []),
    ("nrrd/BallBinary30x30x30.raw", 1, None, ["holds voxels without a header", "BallBinary30x30x30.nhdr beside it reads them"]),
    ("nrrd/BallBinary30x30x30_byteskip_minus_five.nhdr", 1, None, ["BallBinary30x30x30.raw", "54004 bytes, 54000 are there"]),
    ("nrrd/BallBinary30x30x30_nifti.nhdr", 1, None, ["BallBinary30x30x30.nii.gz", "byte skip"]),
    ("nrrd/brain1_*.nrrd", 2, "nrrd", []),
    ("nrrd/lung1_label.nrrd", 1, "nrrd", []),
    ("nrrd/test1d_ascii.nrrd", 1, None, ["images have 2 or 3"]),
    ("nrrd/test_customFields.nrrd", 1, None, ["images have 2 or 3"]),
    ("nrrd/test2d_ascii.nrrd", 1, "nrrd", []),
    ("nrrd/test_simple4d_raw.nrrd", 1, "nrrd", ["measurement frame"]),
    ("parrec/NIFTI/T1W_*.nii", 4, "nibabel", []),
    ("parrec/PARREC/T1W_*.PAR", 4, "nibabel:par", []),
    ("parrec/PARREC/T1W_*.REC", 4, None, ["read with its header T1W_", ".PAR"]),
    ("parrec/phantom_EPI_asc_CLEAR_2_1.PAR", 1, "nibabel:par", ["holds 3 volumes", "dynamic"]),
    ("parrec/phantom_varscale.PAR", 1, "nibabel:par", ["holds 3 volumes", "dynamic"]),
    ("parrec/phantom_*.REC", 3, None, ["read with its header phantom_", ".PAR"]),
    ("parrec/phantom_truncated.PAR", 1, None, ["3 of the 4 dynamics"]),
    ("png-stack/image/*.png", 30, "picture", []),
    ("png-stack/label/*.png", 30, "picture", []),
    ("rtstruct/*.md", 2, None, NO_IMAGE),
    ("rtstruct/dicom/image/DCM_IMG_000??.dcm", 60, "dicom", []),
    ("rtstruct/dicom/mask/DCM_RS_00060.dcm", 1, "rtstruct:nifti/mask/mask.nii.gz", ["GTV-1"]),
    ("rtstruct/nifti/*/*.nii.gz", 2, "nibabel", []),
    ("sts-001/dicom/image/0000??.dcm", 59, "dicom", []),
    ("sts-001/dicom/mask/RS.dcm", 1, "rtstruct:nifti/mask/mask.nii.gz", ["GTV_Mass_CT"]),
    ("sts-001/nifti/*/*.nii.gz", 2, "nibabel", []),
    ("transfer-syntaxes-mr/In/[1-9].dcm", 9, None, ["Siemens mosaic", "dcm2niix"]),
    ("transfer-syntaxes-mr/Ref/[1-9].json", 9, None, NO_IMAGE),
    ("transfer-syntaxes-mr/Ref/[1-9].nii", 9, "nibabel", []),
    ("transfer-syntaxes/CTImage.dcm*", 16, "dicom", []),
    ("transfer-syntaxes/no-pixel-data.dcm", 1, None, ["structured report"]),
    ("transfer-syntaxes/no-pixel-spacing.dcm", 1, None, ["compressed pixel data are cut short", "byte 5196"]),
]


# ---- independent readers: each gives the volumes as [(array (z, y, x[, channel]), RAS affine or None, tolerance)] ------------------------

def by_nibabel(path, flavour):
    image = nibabel.load(str(path))
    data = numpy.asarray(image.dataobj)
    affine = image.affine
    if flavour == "minc":  # nibabel keeps MINC's order, slowest axis first
        data, affine = data.T, affine[:, [2, 1, 0, 3]]
    data = data.reshape((*data.shape[:3], *([1] * (3 - data.ndim)), -1) if data.ndim != 3 else (*data.shape, 1), order="F")
    unit = {"micron": 0.001, "meter": 1000}.get(image.header.get_xyzt_units()[0], 1) if hasattr(image.header, "get_xyzt_units") else 1
    affine = numpy.diag([unit, unit, unit, 1]) @ affine
    tolerance = 1e-6 * float(abs(data).max()) if flavour else 0  # PAR and MINC scales: the order of the arithmetic is free
    return [(data[..., k].T, affine, tolerance) for k in range(data.shape[3])]


def by_pil(path, _):
    """As PIL has it: of palettes the indices, which is what labels are."""
    image = Image.open(path)
    return [(numpy.asarray(image).astype(numpy.uint8)[None], None, 0)]


def check_palette(c, file, facts, made):
    """A coloured palette: the file's values are the indices, the picture is its colours."""
    image = Image.open(DATA / file)
    c.equal([f.get("fault") for f in facts], [None], f"{file}: one volume without a fault")
    check_range(c, file, facts[0], numpy.asarray(image), 0)
    c.that(file in made and numpy.array_equal(numpy.load(made[file][0]), numpy.asarray(image.convert("RGB"))), f"{file}: colours")


def slice_affine(position, orientation, spacing, step):
    row, column = numpy.array(orientation[:3]), numpy.array(orientation[3:])
    a = numpy.eye(4)
    a[:3, 0], a[:3, 1] = row * spacing[1], column * spacing[0]
    a[:3, 2], a[:3, 3] = numpy.cross(row, column) * step, position
    return numpy.diag([-1.0, -1, 1, 1]) @ a


def numbers(item):
    return [float(v) for v in item]


def by_pydicom(path, _):
    d = pydicom.dcmread(str(path))
    affine = slice_affine(numbers(d.ImagePositionPatient), numbers(d.ImageOrientationPatient), numbers(d.PixelSpacing),
                          float(d.get("SliceThickness") or 1))
    syntax = str(d.file_meta.TransferSyntaxUID)
    if syntax.startswith("1.2.840.10008.1.2.4") and not syntax.endswith(".90"):  # not pydicom's to decode here: its uncompressed twin
        d = pydicom.dcmread(str(next(path.parent.glob("CTImage.dcm_LittleEndianExplicit*"))))
        return [(hu_of(d)[None], affine, 0 if syntax.endswith((".57", ".70", ".80")) else "lossy")]
    return [(hu_of(d)[None], affine, 0)]


def by_frames(path, _):
    """A multi-frame image: pixels of each frame scaled by its own functional groups, in the order along the normal."""
    d = pydicom.dcmread(str(path))
    if "PerFrameFunctionalGroupsSequence" not in d:
        raise ValueError("no functional groups")
    shared = d.SharedFunctionalGroupsSequence[0]

    def group(frame, name):
        own = d.PerFrameFunctionalGroupsSequence[frame]
        return (own if name in own else shared)[name][0]

    raw, frames = d.pixel_array.reshape(-1, d.Rows, d.Columns).astype(float), []
    for k in range(len(raw)):
        scale = group(k, "PixelValueTransformationSequence")
        place, axes = group(k, "PlanePositionSequence"), group(k, "PlaneOrientationSequence")
        orientation = numbers(axes.ImageOrientationPatient)
        position = numbers(place.ImagePositionPatient)
        depth = float(numpy.dot(numpy.cross(orientation[:3], orientation[3:]), position))
        frames.append((depth, position, orientation, raw[k] * float(scale.RescaleSlope) + float(scale.RescaleIntercept),
                       numbers(group(k, "PixelMeasuresSequence").PixelSpacing), float(group(k, "PixelMeasuresSequence").SliceThickness)))
    frames.sort(key=lambda f: f[0])
    step = (frames[-1][0] - frames[0][0]) / (len(frames) - 1)
    _, position, orientation, _, spacing, _ = frames[0]
    return [(numpy.stack([f[3] for f in frames]), slice_affine(position, orientation, spacing, step), 0)]


def header_of(path, end, mark):
    head, _, rest = path.read_bytes().partition(end)
    lines = [line.split(mark, 1) for line in head.decode("latin-1").replace("\r", "").splitlines() if mark in line and not line.startswith("#")]
    return {k.strip().lower(): v.strip(" =\t") for k, v in lines}, rest


KINDS = {"short": "i2", "int": "i4", "unsigned short": "u2", "uint16": "u2", "double": "f8", "unsigned char": "u1", "uint8": "u1", "int16": "i2", "float": "f4"}


def by_nrrd(path, _):
    """The attached NRRD files here: raw, gzip, bzip2 or text; fastest axis first; an axis without a direction counts volumes or is 1 long."""
    h, data = header_of(path, b"\n\n", ":")
    sizes = [int(v) for v in h["sizes"].split()]
    kind = numpy.dtype(KINDS[h["type"]]).newbyteorder(">" if h.get("endian") == "big" else "<")
    if h["encoding"].lower() in ("text", "txt", "ascii"):
        a = numpy.array(data.split(), kind)
    else:
        unpack = {"gzip": lambda d: zlib.decompress(d, 47), "gz": lambda d: zlib.decompress(d, 47), "bzip2": bz2.decompress, "raw": bytes}[h["encoding"]]
        a = numpy.frombuffer(unpack(data), kind, int(numpy.prod(sizes)))
    a = a.reshape(sizes[::-1])
    if "space directions" not in h:
        return [(a.reshape((1,) * (3 - a.ndim) + a.shape), None, 0)]
    columns = [w for w in h["space directions"].split() if w != "none"]
    m = numpy.eye(4)
    m[:3, :3] = numpy.array([[float(v) for v in w.strip("()").split(",")] for w in columns]).T
    m[:3, 3] = [float(v) for v in h.get("space origin", "(0,0,0)").strip("()").split(",")]
    flip = {"left-posterior-superior": [-1, -1, 1, 1], "right-anterior-superior": [1, 1, 1, 1]}[h.get("space", "left-posterior-superior")]
    return [(a.reshape(a.shape[-3:]) if a.size == numpy.prod(a.shape[-3:]) else a, numpy.diag(flip) @ m, 0)]


def by_mha(path, _):
    h, data = header_of(path, b"ElementDataFile = LOCAL\n", "=")
    sizes = [int(v) for v in h["dimsize"].split()]
    kind = {"MET_SHORT": "<i2", "MET_UCHAR": "u1"}[h["elementtype"]]
    a = numpy.frombuffer(zlib.decompress(data) if h.get("compresseddata") == "True" else data, kind).reshape(sizes[::-1])
    if len(sizes) == 2:
        return [(a[None], None, 0)]
    m = numpy.eye(4)
    m[:3, :3] = numpy.array(numbers(h["transformmatrix"].split())).reshape(3, 3).T * numbers(h["elementspacing"].split())
    m[:3, 3] = numbers(h["offset"].split())
    return [(a, numpy.diag([-1, -1, 1, 1]) @ m, 0)]


def by_ball(path, _):
    return [(by_nibabel(path.parent / "BallBinary30x30x30.nii.gz", "")[0][0], None, 0)]


def by_seg(path, twin):
    """The segment is the NRRD that it was made from, where that is 1 (5 marks the slices that a sparse one left out)."""
    array, affine, _ = by_nrrd(path.parent / twin, "")[0]
    return [((array == 1).astype(numpy.uint8), affine, 0)]


READERS = {"nibabel": by_nibabel, "dicom": by_pydicom, "picture": by_pil, "frames": by_frames, "nrrd": by_nrrd, "mha": by_mha, "ball": by_ball, "seg": by_seg}


# ---- what Tome says ----------------------------------------------------------------------------------------------------------------------

def run(program, *words):
    return subprocess.run([str(program), *[str(w) for w in words]], cwd=DATA, capture_output=True, text=True, timeout=600, check=False)


def facts_of_all(program, files):
    facts = {}
    for line in run(program, "info", "--json", *files).stdout.splitlines():
        one = json.loads(line)
        facts.setdefault(one["input"], []).append(one)
    return facts


def arrays_of_all(program, files, work):
    """What convert makes of each: {file: path of its .npy}, and why the others failed."""
    made, failed = {}, {}
    for line in run(program, "convert", *files, f"{work}/{{n}}.npy", "--json").stdout.splitlines():
        event = json.loads(line)
        if event["event"] == "written":
            made.setdefault(event["input"], []).append(event["path"])
        elif event["event"] == "failed":
            failed[event["input"]] = event["text"]
    return made, failed


def affine_of(fact):
    spacing, direction = numpy.array(fact["spacing"]), numpy.array(fact["direction"])
    a = numpy.eye(4)
    for column, axis in enumerate((2, 1, 0)):
        a[:3, column] = spacing[axis] * direction[axis]
    a[:3, 3] = fact["origin"]
    return numpy.diag([-1.0, -1, 1, 1]) @ a


def expectation(c, file):
    rows = [row for row in EXPECTED if fnmatch.fnmatchcase(file, row[0])]
    c.equal(len(rows), 1, f"{file}: rows of EXPECTED that name it (say there what Tome owes this file)")
    return rows[0] if len(rows) == 1 else None


def check_refused(c, file, words, facts, failed):
    c.that(len(facts) == 1 and "fault" in facts[0] and "samples" not in facts[0], f"{file}: info refuses it: {str(facts)[:200]}")
    said = facts[0].get("fault", "") if facts else ""
    for word in words:
        c.that(word in said, f"{file}: info's reason lacks {word!r}: {said}")
        c.that(word in failed.get(file, ""), f"{file}: convert's reason lacks {word!r}: {failed.get(file)}")


def near_enough(got, want, tolerance):
    if got.shape != want.shape:
        return False
    if tolerance == "lossy":  # nothing to compare outside the scan circle, where a lossy codec blurs the padding value
        body = want > -1000
        return float(numpy.corrcoef(got[body].astype(float), want[body])[0, 1]) > 0.9
    if not tolerance:
        return numpy.array_equal(got, want, equal_nan=got.dtype.kind == "f" and want.dtype.kind == "f")
    return bool(numpy.allclose(got, want, rtol=0, atol=tolerance))


def check_range(c, file, fact, want, tolerance):
    """The range that info tells, where the values are not blurred; the mean where the sum is cheap."""
    if isinstance(tolerance, str) or "samples" not in fact or len(fact["samples"]) != 1:
        return
    s, wide = fact["samples"][0], 1e-6 * max(1.0, float(abs(want).max())) + tolerance
    finite = want[numpy.isfinite(want)] if want.dtype.kind == "f" else want
    c.equal(s["count"] + s["padding"] + s["not_finite"], want.size, f"{file}: voxels counted")
    if s["padding"] or not finite.size:
        return
    c.near([s["min"], s["max"]], [finite.min(), finite.max()], wide, f"{file}: range")
    if want.size < 20_000_000:
        c.near(s["mean"], finite.mean(dtype=float), wide, f"{file}: mean")


def check_read(c, file, kind, words, facts, made):
    reader, _, word = kind.partition(":")
    want = READERS[reader](DATA / file, word)
    c.equal([f.get("fault") for f in facts], [None] * len(want), f"{file}: volumes without a fault")
    notes = " ".join(n for f in facts for n in f["notes"])
    for note in words:
        c.that(note in notes, f"{file}: its notes lack {note!r}: {notes}")
    for fact, (array, affine, tolerance) in zip(facts, want):
        c.equal(fact["shape"], list(array.shape), f"{file}: shape")
        if affine is not None:
            c.that(fact["placed"], f"{file}: has a place")
            c.near(affine_of(fact), affine, 2e-4 * max(1, float(abs(affine).max()) / 100), f"{file}: affine")
        check_range(c, file, fact, array, tolerance)
    if len(want) == 1:
        c.that(file in made, f"{file}: converts to .npy")
        if file in made:
            got = numpy.load(made[file][0], mmap_mode="r")
            array = want[0][0].astype(numpy.float32) if got.dtype == numpy.float32 else want[0][0]
            got = got.reshape(array.shape) if got.size == array.size else got
            c.that(near_enough(got, array, want[0][2]), f"{file}: voxels")


def check_overlaps(c, program, file, words, facts, work, failed):
    """Structures that overlap: refused as one map, exact as one file each."""
    c.that("overlap" in failed.get(file, "") and "{label}" in failed.get(file, ""), f"{file}: refused as one map: {failed.get(file)}")
    notes = " ".join(n for f in facts for n in f["notes"])
    done = run(program, "convert", file, f"{work}/overlap_{{label}}.npy")
    c.equal(done.returncode, 0, f"{file}: a file each ({done.stderr})")
    got = sum((numpy.load(p) > 0).any() for p in Path(work).glob("overlap_*.npy"))
    c.equal(got, 5, f"{file}: structures with voxels")
    for word in words:
        c.that(word in notes, f"{file}: its notes lack {word!r}: {notes}")


def check_rtstruct(c, program, file, twin, words, facts, work, failed):
    """Refused without the image it was drawn on; with it, the mask that another tool drew, but for voxels that the outline cuts."""
    c.that("--like" in failed.get(file, ""), f"{file}: refused without a grid: {failed.get(file)}")
    c.that(all(w in " ".join(n for f in facts for n in f["notes"]) for w in words), f"{file}: names its structure: {facts}")
    root = (DATA / file).parents[2]
    out = Path(work) / f"{root.name}.nii.gz"
    done = run(program, "convert", file, out, "--like", root / "dicom/image")
    c.equal(done.returncode, 0, f"{file}: {done.stderr}")
    got, want = nibabel.load(str(out)), nibabel.load(str(root / twin))
    a, b = (numpy.asarray(nibabel.as_closest_canonical(v).dataobj) > 0 for v in (got, want))
    c.that(a.shape == b.shape and 2 * (a & b).sum() > 0.97 * (a.sum() + b.sum()), f"{file}: {a.sum()} voxels, the other tool's {b.sum()}")


def check(c, program, work, file, facts, made, failed):
    row = expectation(c, file)
    if not row:
        return
    kind, words = row[2:]
    if kind is None:
        check_refused(c, file, words, facts, failed)
    elif kind == "overlaps":
        check_overlaps(c, program, file, words, facts, work, failed)
    elif kind == "palette":
        check_palette(c, file, facts, made)
    elif kind.startswith("rtstruct:"):
        check_rtstruct(c, program, file, kind.partition(":")[2], words, facts, work, failed)
    else:
        check_read(c, file, kind, words, facts, made)


def main():
    if not DATA.is_dir():
        print(f"skipped: no real data at {DATA}")
        sys.exit(SKIPPED)
    program = Path(sys.argv[1]).resolve()
    c = Checks()
    files = sorted(str(p.relative_to(DATA)) for p in DATA.rglob("*") if p.is_file())
    for pattern, count, *_ in EXPECTED:
        c.equal(len(fnmatch.filter(files, pattern)), count, f"{pattern}: files of this row of EXPECTED")
    with tempfile.TemporaryDirectory(prefix="tome-shared-") as work:
        facts = facts_of_all(program, files)
        made, failed = arrays_of_all(program, files, work)
        for file in files:
            try:
                check(c, program, work, file, facts.get(file, []), made, failed)
            except Exception as e:  # the other files still count
                c.that(False, f"{file}: {e!r}")
    sys.exit(c.done())


main()
