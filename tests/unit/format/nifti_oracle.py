"""NIfTI and Analyze against nibabel: voxels as stored, affine, slope; for real files and for a matrix of made ones; and what Tome writes."""
import glob
import gzip
import itertools
import os
import shutil
import struct
import zlib
import warnings

import nibabel as nib
import numpy as np
from nibabel.analyze import AnalyzeImage
from nibabel.spm2analyze import Spm2AnalyzeImage

from oracle import Test

warnings.simplefilter("ignore")
UNIT = {1: 1000.0, 2: 1.0, 3: 0.001}


def stored(image):
    """Unscaled voxels, native order, as (volumes, z, y, x[, channels])."""
    raw = np.asanyarray(image.dataobj.get_unscaled())
    if raw.dtype.fields:
        channels = len(raw.dtype.fields)
        raw = np.stack([raw[name] for name in raw.dtype.names], axis=-1)
    else:
        channels = 1
        raw = raw[..., None]
    raw = raw.astype(raw.dtype.newbyteorder("="))
    spatial = list(raw.shape[:-1]) + [1] * (3 - len(raw.shape[:-1]))
    x, y, z = spatial[:3]
    volumes = int(np.prod(spatial[3:], dtype=np.int64))
    raw = raw.reshape((x, y, z, volumes, channels), order="F")
    return np.ascontiguousarray(raw.transpose(3, 2, 1, 0, 4))


def wanted_affine(image):
    """nibabel ignores the unit of length; Tome does not."""
    header = image.header
    a = np.array(image.affine)
    if "xyzt_units" in header:
        a[:3] *= UNIT.get(int(header["xyzt_units"]) & 7, 1.0)
    return a


def same_as_nibabel(t, path, image, name=None):
    name = name or path
    want = stored(image)
    answer, got = t.decode(path)
    pieces = answer["pieces"]
    if not t.check(answer["error"] == "" and not answer["passed"], name, answer["error"], answer["passed"]):
        return None
    if not t.check(len(pieces) == want.shape[0], name, "volumes", len(pieces), want.shape):
        return None
    t.check(all(p["format"] == "nifti" for p in pieces), name)
    t.check(all(p["shape"] == list(want.shape[1:4]) for p in pieces), name, pieces[0]["shape"], want.shape)
    t.check(all(p["channels"] == want.shape[4] for p in pieces), name)
    t.check(all(p["dtype"] == want.dtype.name for p in pieces), name, pieces[0]["dtype"], want.dtype)
    t.check([p["frame"] for p in pieces] == list(range(len(pieces))), name)
    t.check(all(p["temporal"] == (len(pieces) > 1) for p in pieces), name)
    t.check(got == want.tobytes(), name, "voxels differ")
    slope, inter = image.dataobj.slope, image.dataobj.inter
    if want.shape[4] == 1:
        t.check(np.isclose(pieces[0]["slope"], slope, rtol=1e-12) and np.isclose(pieces[0]["intercept"], inter, rtol=1e-12),
                name, "scale", pieces[0]["slope"], slope)
    affine, a = wanted_affine(image), np.array(pieces[0]["affine"])
    scale = max(1.0, np.abs(affine).max())
    t.check(np.abs(a - affine).max() <= 1e-6 * scale, name, "affine", a.tolist(), affine.tolist())
    return pieces


REFUSED = {  # of the real files: part of the sentence, and whether that is a fault
    "nifti-edge/analyze.hdr": ("not beside it", True),
    "nifti-edge/nifti1.hdr": ("not beside it", True),
    "nifti-edge/nifti2.hdr": ("not beside it", True),
    "nifti-edge/not-nifti.nii": ("bytes are of no image", True),
}


def real_files(t):
    names = [f for e in ("nii", "nii.gz", "hdr", "hdr.gz") for f in glob.glob(f"{t.data}/**/*.{e}", recursive=True)]
    t.check(len(names) > 50, "few NIfTI files found", len(names))
    for path in sorted(names):
        name = os.path.relpath(path, t.data)
        if name in REFUSED:
            passed = t.tool.ask("describe", path)["passed"]
            text, damaged = REFUSED[name]
            t.check(len(passed) == 1 and text in passed[0]["text"] and passed[0]["damaged"] == damaged, name, passed)
        else:
            same_as_nibabel(t, path, nib.load(path))
    shutil.copy(glob.glob(f"{t.data}/transfer-syntaxes-mr/In/*")[0], t.path("dicom.nii"))
    pieces = t.tool.ask("describe", t.path("dicom.nii"))["pieces"]
    t.check(pieces and all(p["format"] == "dicom" for p in pieces), "DICOM named .nii", pieces)
    for path in glob.glob(f"{t.data}/nifti-edge/*.img.gz"):
        passed = t.tool.ask("describe", path)["passed"]
        t.check(len(passed) == 1 and "read with its header" in passed[0]["text"] and not passed[0]["damaged"], path, passed)


def random_array(rng, shape, dtype):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.normal(size=shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, size=shape, dtype=dtype, endpoint=True)


def rotation(rng):
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return q


CLASSES = {"n1": (nib.Nifti1Image, ".nii"), "n1pair": (nib.Nifti1Pair, ".hdr"), "n2": (nib.Nifti2Image, ".nii"),
           "n2pair": (nib.Nifti2Pair, ".hdr")}
DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]


def save(t, image, name):
    path = t.path(name)
    nib.save(image, path)
    return path


def matrix(t):
    """Every type, byte order, version, pair or single, plain or gzip."""
    rng = np.random.default_rng(17)
    for kind, dtype, order, gz in itertools.product(CLASSES, DTYPES, "<>", ("", ".gz")):
        make, ending = CLASSES[kind]
        header = make.header_class(endianness=order)
        data = random_array(rng, (5, 4, 3), dtype)
        header.set_data_dtype(np.dtype(dtype).newbyteorder(order))
        affine = np.eye(4)
        affine[:3, :3] = rotation(rng) * rng.uniform(0.3, 5, 3)
        affine[:3, 3] = rng.uniform(-300, 300, 3)
        image = make(data, affine, header=header)
        image.header.set_data_dtype(np.dtype(dtype).newbyteorder(order))
        image.set_qform(affine, 1)
        image.set_sform(affine, 1)
        path = save(t, image, f"{kind}-{dtype}{'lb'[order == '>']}{ending}{gz}")
        pieces = same_as_nibabel(t, path, nib.load(path))
        t.check(pieces and pieces[0]["note"] == "", path, "note", pieces and pieces[0]["note"])
        if ending == ".hdr":
            img = path.replace(".hdr", ".img")
            passed = t.tool.ask("describe", img)
            t.check(not passed["pieces"] and "read with its header" in passed["passed"][0]["text"], img, passed)


def header_bytes(path):
    with (gzip.open(path) if path.endswith(".gz") else open(path, "rb")) as f:
        return bytearray(f.read())


def codes_and_units(t):
    """sform and qform codes, qfac, units, shapes with trailing ones, real 4-D and 5-D."""
    rng = np.random.default_rng(18)
    n = 0
    for sform, qform, qfac, units, kind in itertools.product((0, 1, 2), (0, 1), (1, -1, 0), (0, 1, 2, 3), ("n1", "n2")):
        make, ending = CLASSES[kind]
        s, q = np.eye(4), np.eye(4)
        s[:3, :3] = rotation(rng) * rng.uniform(0.5, 4, 3)
        s[:3, 3] = rng.uniform(-99, 99, 3)
        q[:3, :3] = rotation(rng) * rng.uniform(0.5, 4, 3)
        if np.linalg.det(q) * (qfac or 1) < 0:
            q[:, 2] *= -1
        image = make(random_array(rng, (4, 3, 5), "i2"), s)
        image.set_sform(s, sform)
        image.set_qform(q, qform)
        image.header["xyzt_units"] = units | 8
        path = save(t, image, f"codes-{n}{ending}")
        n += 1
        raw = header_bytes(path)
        if qfac == 0:  # nibabel reads it as 1, as the standard says
            if kind == "n1":
                raw[76:80] = struct.pack("<f", 0)
            else:
                raw[104:112] = struct.pack("<d", 0)
            with open(path, "wb") as f:
                f.write(raw)
        pieces = same_as_nibabel(t, path, nib.load(path))
        note = pieces[0]["note"] if pieces else ""
        if sform and qform:
            t.check("sform and qform disagree by" in note, path, note)
        elif not sform and not qform:
            t.check("no orientation" in note, path, note)
        else:
            t.check(note == "", path, note)
    t.check(n == 144, n)
    for shape in [(7, 6), (7,), (7, 6, 5, 1), (7, 6, 5, 1, 1, 1, 1), (7, 6, 5, 4), (7, 6, 1, 4), (3, 4, 5, 1, 3), (2, 3, 2, 2, 3, 2)]:
        for gz in ("", ".gz"):
            path = save(t, nib.Nifti1Image(random_array(rng, shape, "i2"), np.diag([1, 2, 3, 1])), f"shape-{len(shape)}.nii{gz}")
            same_as_nibabel(t, path, nib.load(path), f"shape {shape}{gz}")


def analyze(t):
    rng = np.random.default_rng(19)
    for order, gz, dtype in itertools.product("<>", ("", ".gz"), ("u1", "i2", "i4", "f4", "f8")):
        for make in (AnalyzeImage, Spm2AnalyzeImage):
            header = make.header_class(endianness=order)
            header.set_data_dtype(np.dtype(dtype).newbyteorder(order))
            image = make(random_array(rng, (5, 4, 3), dtype), None, header=header)
            image.header.set_zooms((1.5, 2.5, 3.5))
            if make is Spm2AnalyzeImage:
                image.header["origin"][:3] = 2, 3, 1
            path = t.path(f"a-{make.__name__}-{dtype}{'lb'[order == '>']}.hdr{gz}")
            image.to_filename(path)
            mat = path.split(".hdr")[0] + ".mat"
            if os.path.exists(mat):
                os.unlink(mat)
            pieces = same_as_nibabel(t, path, nib.load(path))
            t.check(pieces and "no orientation" in pieces[0]["note"], path)


def colours(t):
    rng = np.random.default_rng(20)
    for fields, name in ((("R", "G", "B"), "rgb"), (("R", "G", "B", "A"), "rgba")):
        data = np.zeros((5, 4, 3), dtype=[(f, "u1") for f in fields])
        for f in fields:
            data[f] = rng.integers(0, 256, data.shape)
        path = save(t, nib.Nifti1Image(data, np.eye(4)), f"{name}.nii")
        same_as_nibabel(t, path, nib.load(path))
    for code in (1, 32, 1536, 1792, 2048):  # bits, complex, 128 bits and more
        path = save(t, nib.Nifti1Image(np.zeros((3, 3, 3), "u1"), np.eye(4)), "odd.nii")
        raw = header_bytes(path)
        raw[70:72] = struct.pack("<h", code)
        with open(path, "wb") as f:
            f.write(raw)
        passed = t.tool.ask("describe", path)["passed"]
        t.check(len(passed) == 1 and "voxels" in passed[0]["text"] and not passed[0]["damaged"], path, passed)


def lies(t):
    """Extensions that say other than the bytes, and offsets that are odd."""
    rng = np.random.default_rng(21)
    image = nib.Nifti1Image(random_array(rng, (6, 5, 4), "f8"), np.diag([2, 2, 3, 1]))
    plain, packed = save(t, image, "honest.nii"), save(t, image, "honest2.nii.gz")
    shutil.copy(packed, t.path("gzip-inside.nii"))
    shutil.copy(plain, t.path("plain-inside.nii.gz"))
    shutil.copy(plain, t.path("no-extension"))
    for name in ("gzip-inside.nii", "plain-inside.nii.gz", "no-extension"):
        same_as_nibabel(t, t.path(name), nib.load(plain), name)
    raw = header_bytes(plain)
    voxels = bytes(raw[352:])
    for offset in (348, 349, 353, 1001):  # nibabel refuses below 352 or ignores; the voxels are known here
        raw[108:112] = struct.pack("<f", offset)
        body = bytes(raw[:348]) + bytes(offset - 348) + voxels
        for name, content in ((f"at-{offset}.nii", body), (f"at-{offset}.nii.gz", gzip.compress(body)),
                              (f"padded-{offset}.nii.gz", gzip.compress(body + bytes(1000))),
                              (f"members-{offset}.nii.gz", gzip.compress(body[:700]) + gzip.compress(body[700:]))):
            with open(t.path(name), "wb") as f:
                f.write(content)
            answer, got = t.decode(t.path(name))
            t.check(answer["error"] == "" and got == voxels, name, answer)
    raw[108:112] = struct.pack("<f", 0)
    with open(t.path("at-0.nii"), "wb") as f:
        f.write(bytes(raw[:352]) + voxels)
    t.check(t.decode(t.path("at-0.nii"))[1] == voxels, "offset 0")
    with open(t.path("short.nii.gz"), "wb") as f:
        raw[108:112] = struct.pack("<f", 352)
        f.write(gzip.compress(bytes(raw[:352]) + voxels[:-8]))
    answer = t.decode(t.path("short.nii.gz"))[0]
    t.check("cut short" in answer["error"], answer)


def scale_cases(t):
    for slope, inter, want in ((0, 5, (1, 0)), (float("nan"), 5, (1, 0)), (float("inf"), 5, (1, 0)), (2.5, -3, (2.5, -3))):
        raw = header_bytes(t.path("honest.nii"))
        raw[112:120] = struct.pack("<ff", slope, inter)
        with open(t.path("scale.nii"), "wb") as f:
            f.write(raw)
        p = t.tool.ask("describe", t.path("scale.nii"))["pieces"][0]
        t.check((p["slope"], p["intercept"]) == want, "scale", slope, inter, p)
    raw[112:120] = struct.pack("<ff", 2, float("nan"))
    with open(t.path("scale.nii"), "wb") as f:
        f.write(raw)
    passed = t.tool.ask("describe", t.path("scale.nii"))["passed"]
    t.check(len(passed) == 1 and "scl_inter" in passed[0]["text"] and passed[0]["damaged"], passed)


def singular(t):
    """Unusable affines give way to the next, and say so."""
    for broken in (0.0, float("nan")):
        image = nib.Nifti1Image(np.zeros((4, 3, 2), "i2"), np.eye(4))
        q = np.diag([-2.0, 3, 4, 1])
        image.set_qform(q, 1)
        image.header["sform_code"] = 1
        path = save(t, image, "singular.nii")
        for code, note in ((1, "qform used"), (0, "the spacing alone is used")):
            raw = header_bytes(path)
            raw[252:256] = struct.pack("<hh", code, 1)
            raw[280:328] = struct.pack("<12f", *([broken] * 12))
            with open(path, "wb") as f:
                f.write(raw)
            p = t.tool.ask("describe", path)["pieces"][0]
            t.check(note in p["note"], p["note"])
            got = np.array(p["affine"])
            t.check(np.allclose(np.abs(np.diag(got)), [2, 3, 4, 1]) and got[0, 0] == -2, got)


def writes(t):
    rng = np.random.default_rng(22)
    shear = np.array([[2, 0, 0, 5], [0, 2, 0.7, -4], [0, 0, 3, 9], [0, 0, 0, 1.0]])
    turned = np.eye(4)
    turned[:3, :3] = rotation(rng) * [0.7, 0.8, 2.5]
    turned[:3, 3] = 100.25, -30.5, 7.75
    for dtype, affine, out in itertools.product(DTYPES, (shear, turned, np.diag([-1, -1, 2, 1.0])), ("w.nii", "w.nii.gz")):
        image = nib.Nifti1Image(random_array(rng, (9, 8, 7), dtype), affine, dtype=np.dtype(dtype))
        path = save(t, image, "in.nii")
        answer = t.tool.ask("write", path, t.path(out))
        if not t.check(answer["error"] == "", answer["error"]):
            continue
        back = nib.load(t.path(out))
        t.check(type(back) is nib.Nifti1Image and back.get_data_dtype() == np.dtype(dtype), out, dtype)
        t.check(np.array_equal(np.asanyarray(back.dataobj), np.asanyarray(image.dataobj)), out, dtype)
        t.check(np.array_equal(back.affine, nib.load(path).affine), out, dtype, back.affine, nib.load(path).affine)
        t.check(int(back.header["sform_code"]) == 1 and back.header.get_xyzt_units()[0] == "mm", out)
        q, code = back.header.get_qform(coded=True)
        t.check(code == (0 if affine is shear else 1), out, code)
        t.check(code == 0 or np.allclose(q, back.affine, atol=1e-4), out, q, back.affine)
        t.check(np.allclose(back.header.get_zooms(), np.linalg.norm(affine[:3, :3], axis=0), rtol=1e-6), out)
        same_as_nibabel(t, t.path(out), back)
    long = nib.Nifti2Image(random_array(rng, (40000, 2, 1), "i2"), turned)
    t.tool.ask("write", save(t, long, "long.nii"), t.path("w.nii.gz"))
    back = nib.load(t.path("w.nii.gz"))
    t.check(type(back) is nib.Nifti2Image and np.array_equal(back.dataobj, long.dataobj), "NIfTI-2")
    t.check(np.allclose(back.affine, turned, atol=1e-12), back.affine, turned)
    t.check(np.allclose(back.header.get_qform(), turned, atol=1e-9), "NIfTI-2 qform")
    big = nib.Nifti1Image(rng.integers(0, 50, (256, 256, 150), "i2"), turned)  # several parts, of one gzip member
    t.tool.ask("write", save(t, big, "big.nii"), t.path("w.nii.gz"))
    with open(t.path("w.nii.gz"), "rb") as f:
        one = zlib.decompressobj(31)
        t.check(len(one.decompress(f.read())) == 352 + 2 * 256 * 256 * 150 and one.eof, "one member")
        t.check(one.unused_data == b"", "nothing behind it")
    t.check(np.array_equal(nib.load(t.path("w.nii.gz")).dataobj, big.dataobj), "parts read back")
    same_as_nibabel(t, t.path("w.nii.gz"), nib.load(t.path("w.nii.gz")))


with Test() as t:
    for part in [real_files] if t.real else [matrix, codes_and_units, analyze, colours, lies, scale_cases, singular, writes]:
        part(t)
