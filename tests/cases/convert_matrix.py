#!/usr/bin/python3
"""tome convert, format by format: what one can hold and another too goes over without a change of voxels or geometry; what cannot is refused, with the
reason. `tome formats` has the last word on which formats are to be here. Files are written and read by nibabel, pydicom, tifffile, PIL, h5py and NumPy, and by hand after the documents of NRRD and MetaImage.

    convert_matrix.py TOME
"""
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import h5py
import nibabel
import numpy
import pydicom
import tifffile
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "unit/format"))
import volumes_make as make
from tomelib import Checks, Result, read_series, save, slice_dataset

TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]
SPACING = "2.5,0.8,0.7"
RAS = numpy.diag([-1.0, -1, 1, 1])


# ---- cases ---------------------------------------------------------------------------------------------------

def affine(kind):
    """RAS, of (x, y, z)."""
    a = numpy.diag([-0.75, -0.8125, 2.5, 1.0])  # LPS axes
    if kind == "flipped":
        a = numpy.diag([0.75, -0.8125, -2.5, 1.0])
    if kind in ("oblique", "tilted", "sheared"):
        s, t = numpy.radians(20), numpy.radians(-35)
        turn = numpy.array([[numpy.cos(s), -numpy.sin(s), 0], [numpy.sin(s), numpy.cos(s), 0], [0, 0, 1]]) @ \
            numpy.array([[1, 0, 0], [0, numpy.cos(t), -numpy.sin(t)], [0, numpy.sin(t), numpy.cos(t)]])
        a[:3, :3] = turn @ a[:3, :3]
    if kind == "tilted":  # slices shifted against each other: a gantry's tilt
        a[:3, 2] += 0.4 * a[:3, 1]
    if kind == "sheared":
        a[:3, 1] += 0.3 * a[:3, 0]
    a[:3, 3] = [12.5, -30.25, 101.0]
    return a


class Case:
    def __init__(self, name, array, kind="plain", channels=1):
        self.name, self.a, self.kind, self.affine, self.channels = name, array, kind, affine(kind), channels


def values(rng, dtype, shape):
    d = numpy.dtype(dtype)
    if d.kind == "f":
        return (rng.standard_normal(shape) * 1e3).astype(d)
    i = numpy.iinfo(d)
    v = rng.integers(i.min, i.max, shape, dtype=d, endpoint=True)
    v.flat[0], v.flat[-1] = i.max, i.min
    return v


def cases():
    rng = numpy.random.default_rng(44)
    out = [Case(f"type_{t}", values(rng, t, (3, 4, 5))) for t in TYPES]
    out += [Case(f"place_{k}", rng.integers(-1000, 3000, (4, 3, 5), dtype="i2"), k) for k in ("flipped", "oblique", "tilted", "sheared")]
    out += [Case("shape_" + "_".join(map(str, s)), values(rng, "u1", s)) for s in ((1, 4, 5), (3, 1, 5), (3, 4, 1), (1, 1, 1))]
    out += [Case(f"colour_{t}_{n}", values(rng, t, (2, 3, 4, n)), channels=n) for t in ("u1", "u2") for n in (3, 4)]
    out += [Case("small_i4", rng.integers(0, 200, (2, 3, 4), dtype="i4")), Case("small_f8", rng.integers(-5, 70, (2, 3, 4)).astype("f8"))]
    return out


# ---- formats: how they are written and read by others, and what they hold -----------------------------------

def is_whole(a):
    return a.dtype.kind != "f" or bool(numpy.all(a == numpy.rint(a)))


def fits(a, lo, hi):
    return is_whole(a) and a.min() >= lo and a.max() <= hi


def write_nifti(path, c, kind=nibabel.Nifti1Image):
    a = c.a
    if c.channels > 1:
        a = numpy.ascontiguousarray(a).view([(n, "u1") for n in "RGBA"[:c.channels]])[..., 0]
    image = kind(a.T, c.affine, dtype=a.dtype)
    image.set_sform(c.affine, 1)
    nibabel.save(image, path)


def read_nifti(path):
    image = nibabel.load(path)
    a = numpy.asarray(image.dataobj).T
    if a.dtype.fields:
        a = numpy.stack([a[n] for n in a.dtype.names], -1)
    return a, image.affine


def write_nrrd(path, c, encoding="gzip"):
    steps = RAS @ c.affine
    none = "none " if c.channels > 1 else ""
    head = make.nrrd_header(c.a.shape[::-1], make.NRRD_NAMES[c.a.dtype.str[1:]][0], encoding, space="left-posterior-superior",
                            space_directions=none + " ".join(make.vector(steps[:3, i]) for i in range(3)), space_origin=make.vector(steps[:3, 3]))
    make.write(str(path), head, b"\n", make.encode(c.a, encoding))


def read_nrrd(path):
    fields, a = make.read_nrrd(path)
    return a, make.nrrd_affine(fields)


def write_meta(path, c):
    m = RAS @ c.affine
    lengths = numpy.linalg.norm(m[:3, :3], axis=0)
    words = lambda v: " ".join(repr(float(x)) for x in v)
    more = {"ElementNumberOfChannels": c.channels} if c.channels > 1 else {}
    head = make.meta_header(c.a.shape[:3][::-1], make.META_NAMES[c.a.dtype.str[1:]], "LOCAL", BinaryData="True", BinaryDataByteOrderMSB="False",
                            CompressedData="False", TransformMatrix=words((m[:3, :3] / lengths).T.ravel()), Offset=words(m[:3, 3]),
                            ElementSpacing=words(lengths), **more)
    make.write(str(path), head, make.encode(c.a, "raw"))


def read_meta(path):
    fields, a = make.read_meta(path)
    return a, make.meta_affine(fields)


def write_dicom(path, c):
    m = RAS @ c.affine
    row, column = (m[:3, i] / numpy.linalg.norm(m[:3, i]) for i in (0, 1))
    for z, pixels in enumerate(c.a):
        d = slice_dataset(pixels, z, m[:3, 3] + z * m[:3, 2], series=c.name.encode().hex().translate(str.maketrans("abcdef", "123456"))[:20].lstrip("0"),
                          ImageOrientationPatient=[float(v) for v in (*row, *column)], RescaleIntercept=0,
                          PixelSpacing=[float(numpy.linalg.norm(m[:3, i])) for i in (1, 0)])
        d.SliceThickness = float(numpy.linalg.norm(m[:3, 2]))
        save(d, Path(path) / f"s{9 - z}.dcm")


def read_dicom(path):
    hu, places, d = read_series(sorted(Path(path).iterdir()))
    a = numpy.eye(4)
    orientation = [float(v) for v in d.ImageOrientationPatient]
    a[:3, 0] = numpy.array(orientation[:3]) * float(d.PixelSpacing[1])
    a[:3, 1] = numpy.array(orientation[3:]) * float(d.PixelSpacing[0])
    normal = numpy.cross(orientation[:3], orientation[3:])
    a[:3, 2] = (places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else normal * float(d.SliceThickness)
    a[:3, 3] = places[0]
    return hu, RAS @ a


def write_picture(path, c):
    Image.fromarray(c.a[0]).save(path)


def wide_png(path):
    """16-bit colours, which PIL reads as 8-bit ones: by the document of PNG."""
    body, packed, at = Path(path).read_bytes(), b"", 8
    while at < len(body):
        length, kind = struct.unpack(">I4s", body[at:at + 8])
        data = body[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", data)
            assert (depth, interlace) == (16, 0) and colour in (2, 6)
        packed += data if kind == b"IDAT" else b""
        at += 12 + length
    step = {2: 6, 6: 8}[colour]
    raw, rows, above = zlib.decompress(packed), [], bytearray(width * step)
    for y in range(height):
        line = raw[y * (1 + width * step):(y + 1) * (1 + width * step)]
        row = bytearray(line[1:])
        for i in range(len(row)):
            a, b, c = row[i - step] if i >= step else 0, above[i], above[i - step] if i >= step else 0
            nearest = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            row[i] = (row[i] + (0, a, b, (a + b) // 2, nearest)[line[0]]) & 255
        rows.append(bytes(row))
        above = row
    return numpy.frombuffer(b"".join(rows), ">u2").reshape(height, width, step // 2)


def read_picture(path):
    body = path.read_bytes()[:26]
    wide = body[1:4] == b"PNG" and body[24] == 16 and body[25] in (2, 6)
    return wide_png(path) if wide else numpy.asarray(Image.open(path))


def read_slices(path):
    return numpy.stack([read_picture(p) for p in sorted(Path(path).iterdir())]), None


def write_png(path, c):
    if c.a.dtype == "u2" and c.channels > 1:
        from png_make import make_png
        Path(path).write_bytes(make_png(c.a[0], {3: 2, 4: 6}[c.channels], 16, False))
    else:
        write_picture(path, c)


def write_npz(path, c):
    numpy.savez_compressed(path, image=c.a)


def read_npz(path):
    with numpy.load(path) as z:
        return z["image"], z["affine"] if "affine" in z else None


def write_hdf5(path, c):
    with h5py.File(path, "w") as f:
        f["image"] = c.a


def read_hdf5(path):
    with h5py.File(path, "r") as f:
        return f["image"][...], f["image"].attrs.get("affine")


def read_pnm(path):
    """By the document: a header of words, then samples, big-endian where there are two bytes of them."""
    body = path.read_bytes()
    words, at = [], 0
    while len(words) < 4:
        end = at
        while body[end:end + 1] not in (b" ", b"\n", b"\t"):
            end += 1
        words.append(body[at:end])
        at = end + 1
    channels = {b"P5": 1, b"P6": 3}[words[0]]
    a = numpy.frombuffer(body[at:], "u1" if int(words[3]) < 256 else ">u2").reshape(int(words[2]), int(words[1]), channels)
    return a if channels > 1 else a[..., 0]


def read_maps(path):
    return numpy.stack([read_pnm(p) for p in sorted(Path(path).iterdir())]), None


class Format:
    def __init__(self, ending, write, read, holds, grid=True, one=None, takes=lambda c: True, exact=1e-9):
        self.ending, self.write, self.read, self.holds, self.grid = ending, write, read, holds, grid
        self.output = one or "{name}" + ending  # pattern of the target
        self.takes, self.exact = takes, exact   # whether the other writer can make this case; relative error of its geometry


gray = lambda c: c.channels == 1
nifti_holds = lambda c: gray(c) or c.a.dtype == "u1"
flat = lambda c: c.a.shape[0] == 1
square = lambda c: c.kind != "sheared"
FORMATS = {
    "nii": Format(".nii", write_nifti, read_nifti, nifti_holds, takes=nifti_holds, exact=1e-6),
    "nii.gz": Format(".nii.gz", write_nifti, read_nifti, nifti_holds, takes=nifti_holds, exact=1e-6),
    "pair": Format(".hdr", lambda p, c: write_nifti(p, c, nibabel.Nifti1Pair), read_nifti, nifti_holds, takes=nifti_holds, exact=1e-6),
    "nifti2": Format(".nii", lambda p, c: write_nifti(p, c, nibabel.Nifti2Image), None, None, takes=nifti_holds, exact=1e-6),
    "nrrd": Format(".nrrd", write_nrrd, read_nrrd, lambda c: True),
    "mha": Format(".mha", write_meta, read_meta, lambda c: True),
    "nhdr": Format(".nhdr", None, read_nrrd, lambda c: True),
    "mhd": Format(".mhd", None, read_meta, lambda c: True),
    "hdf5": Format(".h5", write_hdf5, read_hdf5, lambda c: True, grid=False),
    "pnm": Format(".pgm", write_picture, read_maps, lambda c: fits(c.a, 0, 65535) and gray(c), grid=False, one="{name}/{z:03}.pgm",
                  takes=lambda c: flat(c) and c.a.dtype == "u1" and gray(c)),
    "ppm": Format(".ppm", None, read_maps, lambda c: fits(c.a, 0, 65535) and c.channels == 3, grid=False, one="{name}/{z:03}.ppm"),
    "dicom": Format("", write_dicom, read_dicom, lambda c: gray(c) and square(c) and is_whole(c.a) and int(c.a.max()) - int(c.a.min()) <= 65535 and
                    abs(float(c.a.min())) < 1e9, one="{name}/", takes=lambda c: c.a.dtype == "i2" and square(c) and gray(c), exact=1e-6),
    "npy": Format(".npy", lambda p, c: numpy.save(p, c.a), lambda p: (numpy.load(p), None), lambda c: True, grid=False),
    "fortran": Format(".npy", lambda p, c: numpy.save(p, numpy.asfortranarray(c.a.astype(c.a.dtype.newbyteorder(">")))), None, None, grid=False),
    "npz": Format(".npz", write_npz, read_npz, lambda c: True, grid=False),
    "tiff": Format(".tif", lambda p, c: tifffile.imwrite(p, c.a, photometric="rgb" if c.channels > 2 else "minisblack",
                                                         extrasamples=["unassalpha"] if c.channels == 4 else None),
                   lambda p: (tifffile.imread(p), None), lambda c: True, grid=False),
    "png": Format(".png", write_png, read_slices, lambda c: fits(c.a, 0, 65535), grid=False, one="{name}/{z:03}.png",
                  takes=lambda c: flat(c) and c.a.dtype in ("u1", "u2")),
    "bmp": Format(".bmp", write_picture, read_slices, lambda c: fits(c.a, 0, 255) and c.channels in (1, 3), grid=False, one="{name}/{z:03}.bmp",
                  takes=lambda c: flat(c) and c.a.dtype == "u1" and c.channels in (1, 3)),
    "gif": Format(".gif", write_picture, read_slices, lambda c: fits(c.a, 0, 255) and gray(c), grid=False, one="{name}/{z:03}.gif",
                  takes=lambda c: flat(c) and c.a.dtype == "u1" and gray(c)),
}
REFUSALS = {  # each names the format, what does not fit, and a way out
    "nii": ["RGB"], "nii.gz": ["RGB"], "pair": ["RGB"], "pnm": ["pnm", ".pgm"], "ppm": ["pnm", ".ppm", "pixmap"], "dicom": ["DICOM", "CT and MR"], "png": ["png"], "bmp": ["bmp", "BMP"], "gif": ["gif", "GIF"],
}


def tome(program, *words):
    return Result(subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=120))


def compare(c, case, target, t, s, path):
    name = f"{case.name} {s.ending or 'dicom'} to {target}"
    if not path.exists():
        return c.that(False, f"{name}: nothing written")
    a, m = t.read(path)
    want = case.a
    if target in ("npy", "npz", "hdf5"):  # a picture has no axis z, a volume has one
        shape = want.shape[1:] if len(want) == 1 and s.ending in (".png", ".bmp", ".gif", ".tif", ".pgm") else want.shape
        if not (s.ending == ".tif" and want.shape[2] == 1):  # which is a page of one sample to TIFF
            c.equal(a.shape, shape, f"{name}: shape")
    c.voxels(a.reshape(want.shape) if a.size == want.size else a, want, name)
    if target not in ("dicom", "png", "bmp", "gif", "pnm", "ppm"):
        c.equal(a.dtype.newbyteorder("="), want.dtype, f"{name}: type")
    if m is not None:
        m0 = case.affine if s.grid else RAS @ numpy.diag([0.7, 0.8, 2.5, 1])
        c.near(m[:3], m0[:3], 200 * max(t.exact, s.exact), f"{name}: affine")


def refused(c, case, source, target, events, path):
    name = f"{case.name} {source} to {target}"
    texts = [e["text"] for e in events if e["event"] == "failed" and Path(e["input"]).name == case.name + FORMATS[source].ending]
    c.equal(len(texts), 1, f"{name}: one refusal")
    c.that(not path.exists() or path.is_dir() and not any(path.iterdir()), f"{name}: nothing is left")
    c.that(any(w in texts[0] for w in REFUSALS[target]) if texts else False, f"{name}: the sentence: {texts}")


def convert(c, program, folder, source, target, held):
    s, t = FORMATS[source], FORMATS[target]
    out = folder / f"{source}-{target}"
    to = ["--to", "dicom"] if target == "dicom" else []
    done = tome(program, "convert", *[folder / source / (x.name + s.ending) for x in held], str(out / t.output), "--spacing", SPACING, "--json", *to)
    good = [x for x in held if t.holds(x) or (x.kind == "sheared" and not s.grid and target == "dicom")]  # the shear has gone already
    c.equal(done.status, 0 if len(good) == len(held) else 1, f"{source} to {target}: exit status; {done.err[:300]}")
    for case in held:
        path = out / (case.name if "/" in t.output else case.name + t.ending)
        if case in good:
            compare(c, case, target, t, s, path)
        else:
            refused(c, case, source, target, done.events(), path)
    c.equal([p for p in out.rglob(".*")], [], f"{source} to {target}: no drafts left")
    shutil.rmtree(out, ignore_errors=True)


OTHER_NAMES = {"nii": "nifti", "nii.gz": "nifti", "pair": "nifti", "nifti2": "nifti", "nhdr": "nrrd", "mha": "metaimage", "mhd": "metaimage", "ppm": "pnm", "fortran": "npy"}
READ_ELSEWHERE = {"jpeg", "parrec", "minc"}  # lossy, or nobody's to write: tests/unit/format


def listed(c, program):
    """What `tome formats` says is what this matrix proves."""
    rows = json.loads(tome(program, "formats", "--json").out)
    name = lambda k: OTHER_NAMES.get(k, k)
    c.equal({r["name"] for r in rows if r["writes"]}, {name(k) for k, f in FORMATS.items() if f.read}, "formats that are written")
    c.equal({r["name"] for r in rows if r["reads"]}, {name(k) for k in FORMATS} | READ_ELSEWHERE, "formats that are read")
    c.that(all(r["keeps"] and r["loses"] for r in rows), "each says what it keeps and loses")


def main():
    program, c = sys.argv[1], Checks()
    every = cases()
    flats = [Case("flat_u1", every[0].a[:1]), Case("flat_u2", every[2].a[:1]), Case("flat_rgb", [x for x in every if x.name == "colour_u1_3"][0].a[:1], channels=3),
             Case("flat_rgba", [x for x in every if x.name == "colour_u1_4"][0].a[:1], channels=4),
             Case("flat_rgb16", [x for x in every if x.name == "colour_u2_3"][0].a[:1], channels=3)]
    folder = Path(tempfile.mkdtemp(prefix="tome-convert-"))
    listed(c, program)
    for source, s in FORMATS.items():
        if not s.write:
            continue
        held = [x for x in every + (flats if not s.grid else []) if s.takes(x)]
        (folder / source).mkdir()
        for x in held:
            s.write(folder / source / (x.name + s.ending), x)
        for target, t in FORMATS.items():
            if t.read:
                convert(c, program, folder, source, target, held)
    shutil.rmtree(folder)
    return c.done()


sys.exit(main())
