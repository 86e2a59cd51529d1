"""NRRD, MetaImage and .npz: every type, byte order, encoding, way of naming data files and of saying where voxels lie, against files made by hand; what Tome writes,
against a reader made by hand; and the real files."""
import glob
import gzip
import itertools
import os
import zipfile

import numpy as np

from oracle import Test
from volumes_make import (META_NAMES, NRRD_NAMES, encode, meta_affine, meta_header, nrrd_affine, nrrd_header, read_meta,
                          read_nrrd, vector, write)

FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


def voxels(rng, shape, dtype):
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    i = np.iinfo(dtype)
    return rng.integers(i.min, i.max, size=shape, dtype=dtype, endpoint=True)


def oblique(rng, shear=0.0):
    """(affine RAS of x, y, z; columns in LPS; origin in LPS)"""
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    columns = q * rng.uniform(0.3, 5, 3)
    columns[:, 2] += shear * columns[:, 1]
    origin = rng.uniform(-300, 300, 3)
    a = np.eye(4)
    a[:3, :3], a[:3, 3] = columns, origin
    return FLIP @ a, columns, origin


def same(t, name, path, want, affine=None, pieces=1, channels=1):
    """`want`: pieces one after the other, C order. Returns the pieces, or None."""
    answer, got = t.decode(path)
    if not t.check(answer["error"] == "" and not answer["passed"], name, answer["error"], answer["passed"]):
        return None
    p = answer["pieces"]
    t.check(len(p) == pieces and all(q["channels"] == channels for q in p), name, "pieces", len(p), p[0]["channels"])
    t.check(got == np.ascontiguousarray(want).tobytes(), name, "voxels differ")
    t.check(all(q["dtype"] == want.dtype.name for q in p), name, p[0]["dtype"])
    if affine is not None:
        far = np.abs(np.array(p[0]["affine"]) - affine).max() if "affine" in p[0] else np.inf
        t.check(far <= 1e-9 * max(1, np.abs(affine).max()), name, "affine", p[0].get("affine"), affine.tolist())
    return p


def refused(t, name, path, text, damaged=None):
    answer, _ = t.decode(path)
    said = " ".join(q["text"] for q in answer["passed"]) + answer["error"]
    t.check(text in said and (answer["error"] or not answer["pieces"]), name, "wanted", text, "got", answer)
    if damaged is not None and answer["passed"]:
        t.check(answer["passed"][0]["damaged"] == damaged, name, answer)


def nrrd_matrix(t):
    rng = np.random.default_rng(71)
    for dtype, names in NRRD_NAMES.items():
        for n, type_name in enumerate(names):
            a = voxels(rng, (3, 4, 5), dtype)
            affine, columns, origin = oblique(rng, shear=0.2 * n)
            for encoding, endian in itertools.product(("raw", "gzip", "bzip2", "ascii", "hex"), ("little", "big")):
                head = nrrd_header((5, 4, 3), type_name, encoding, endian, space="left-posterior-superior",
                                   space_directions=" ".join(vector(c) for c in columns.T), space_origin=vector(origin))
                path = write(t.path("a.nrrd"), head, b"\n", encode(a, encoding, "<" if endian == "little" else ">"))
                same(t, (type_name, encoding, endian), path, a, affine)


def nrrd_spaces(t):
    rng = np.random.default_rng(72)
    a = voxels(rng, (3, 4, 5), "i2")
    signs = {"left-posterior-superior": (1, 1), "LPS": (1, 1), "right-anterior-superior": (-1, -1), "RAS": (-1, -1),
             "left-anterior-superior": (1, -1), "LAS": (1, -1), "3D-right-handed": (1, 1), "scanner-xyz": (1, 1)}
    for space, (x, y) in signs.items():
        affine, columns, origin = oblique(rng)
        turn = np.diag([x, y, 1.0])
        head = nrrd_header((5, 4, 3), "short", "raw", space=space, space_origin=vector(turn @ origin),
                           space_directions=" ".join(vector(c) for c in (turn @ columns).T))
        p = same(t, space, write(t.path("a.nrrd"), head, b"\n", encode(a, "raw")), a, affine)
        said = "taken for left, posterior, superior" in p[0]["note"]
        t.check(said == (space[0] in "3s"), space, "note", p[0]["note"])
    for units, mm in (('"mm" "mm" "mm"', 1), ('"um" "um" "um"', 1e-3), ('"cm" "cm" "cm"', 10)):
        affine, columns, origin = oblique(rng)
        affine[:3] *= mm
        head = nrrd_header((5, 4, 3), "short", "raw", space="LPS", space_units=units, space_origin=vector(origin),
                           space_directions=" ".join(vector(c) for c in columns.T))
        same(t, units, write(t.path("a.nrrd"), head, b"\n", encode(a, "raw")), a, affine)
    head = nrrd_header((5, 4, 3), "short", "raw", spacings="0.5 0.6 2.5", axis_mins="1 2 3", centers="cell node cell")
    affine = FLIP @ np.array([[.5, 0, 0, 1.25], [0, .6, 0, 2], [0, 0, 2.5, 4.25], [0, 0, 0, 1]])
    p = same(t, "spacings", write(t.path("a.nrrd"), head, b"\n", encode(a, "raw")), a, affine)
    t.check("no orientation" in p[0]["note"], p)
    for spacings in ("0.5 nan 2.5", None):
        head = nrrd_header((5, 4, 3), "short", "raw", **({"spacings": spacings} if spacings else {}))
        p = same(t, "no place", write(t.path("a.nrrd"), head, b"\n", encode(a, "raw")), a)
        t.check("affine" not in p[0], "a place out of nothing", p)
    head = nrrd_header((5, 4, 3), "short", "raw", space="LPS", space_directions="(1,0,0) (2,0,0) (0,0,1)")
    refused(t, "dependent", write(t.path("a.nrrd"), head, b"\n", encode(a, "raw")), "unusable space directions", True)


def nrrd_axes(t):
    """Axes that are not space: fastest, slowest, in between."""
    rng = np.random.default_rng(73)
    affine, columns, origin = oblique(rng)
    d = [vector(c) for c in columns.T]
    place = {"space": "LPS", "space_origin": vector(origin)}

    def head(sizes, directions, kinds):
        return nrrd_header(sizes, "ushort", "raw", kinds=kinds, space_directions=" ".join(directions), **place) + b"\n"

    rgb = voxels(rng, (3, 4, 5, 6), "u2")  # z y x c
    for kind in ("RGB-color", "vector", "list", "???"):
        path = write(t.path("a.nrrd"), head((6, 5, 4, 3), ["none"] + d, f"{kind} domain domain domain"), encode(rgb, "raw"))
        same(t, ("fastest", kind), path, rgb, affine, channels=6)
    for kind in ("list", "time", "???"):
        path = write(t.path("a.nrrd"), head((6, 5, 4, 3), d + ["none"], f"domain domain domain {kind}"), encode(rgb, "raw"))
        p = same(t, ("slowest", kind), path, rgb, affine, pieces=3)
        t.check([q["temporal"] for q in p] == [True] * 3, p)
    # samples slowest: gathered. Sizes fastest first: x 6, y 5, z 4, samples 3.
    path = write(t.path("a.nrrd"), head((6, 5, 4, 3), d + ["none"], "domain domain domain 3-color"), encode(rgb, "raw"))
    same(t, "samples slowest", path, rgb.transpose(1, 2, 3, 0), affine, channels=3)
    # time in between: x, y, time, z.
    path = write(t.path("a.nrrd"), head((6, 5, 4, 3), d[:2] + ["none", d[2]], "domain domain time domain"), encode(rgb, "raw"))
    same(t, "time between", path, rgb.transpose(1, 0, 2, 3), affine, pieces=4)
    flat = voxels(rng, (4, 5), "u2")
    path = write(t.path("a.nrrd"), nrrd_header((5, 4), "ushort", "raw", spacings="0.5 0.75") + b"\n", encode(flat, "raw"))
    p = same(t, "2-D", path, flat)
    t.check(p[0]["shape"] == [1, 4, 5] and p[0]["located"] and "affine" not in p[0], p)
    segments = b"Segment0_ID:=Segment_1\nSegment0_Name:=liver\nSegment0_LabelValue:=1\nSegment1_Name:=tumour\nSegment1_LabelValue:=2\n"
    path = write(t.path("a.seg.nrrd"), head((6, 5, 4), d, "domain domain domain")[:-1] + segments + b"\n", encode(rgb[0], "raw"))
    p = same(t, "Slicer", path, rgb[0], affine)
    t.check(p and "1 liver, 2 tumour" in p[0]["note"], p)


def nrrd_files(t):
    rng = np.random.default_rng(74)
    a = voxels(rng, (6, 4, 5), "i2")
    raw, gz = encode(a, "raw"), encode(a, "gzip")
    slices = [encode(a[z], "raw") for z in range(6)]
    for z in range(6):
        write(t.path(f"s{z + 3:03}.raw"), slices[z])
        write(t.path(f"back{z}.gz"), encode(a[5 - z], "gzip"))
    for z in range(3):
        write(t.path(f"pair{2 * z}.raw"), slices[2 * z] + slices[2 * z + 1])
    write(t.path("all.raw"), raw)
    write(t.path("skip.raw"), b"one\ntwo\n12345" + raw)
    write(t.path("skip.gz"), b"one\ntwo\n" + gzip.compress(b"12345" + raw))
    write(t.path("tail.raw"), b"front" + raw)
    write(t.path("all.gz"), gz)
    write(t.path("long.raw"), b"n" * 352 + raw)
    write(t.path("long.gz"), gzip.compress(b"n" * 352 + raw))
    names = "\n".join(f"s{z + 3:03}.raw" for z in range(6))
    cases = {"data_file: all.raw": ("raw", {}), "data_file: LIST\n" + names: ("raw", {}),
             "datafile: s%03d.raw 3 8 1": ("raw", {}), "data file: pair%d.raw 0 4 2 3": ("raw", None),
             "data file: back%d.gz 5 0 -1": ("gzip", {}), "line skip: 2\nbyte skip: 5\ndata file: skip.raw": ("raw", {}),
             "line skip: 2\nbyte skip: 5\ndata file: skip.gz": ("gzip", {}), "byte skip: -1\ndata file: tail.raw": ("raw", {}),
             "byte skip: -1\ndata file: long.gz": ("gzip", {}), "data file: all.gz": ("gzip", {})}
    for lines, (encoding, good) in cases.items():
        head = nrrd_header((5, 4, 6), "short", encoding, spacings="1 1 1") + lines.replace("data_file", "data file").encode() + b"\n"
        path = write(t.path("a.nhdr"), head)
        if good is None:  # pairs of slices are no whole axes
            refused(t, lines, path, "data files; its sizes make it", True)
        else:
            same(t, lines, path, a)
    path = write(t.path("a.nhdr"), nrrd_header((5, 4, 2, 3), "short", "raw", spacings="1 1 1 1") + b"data file: pair%d.raw 0 4 2 3\n")
    same(t, "a file a volume", path, a, pieces=3)
    for lines, text in {"data file: none.raw": "none.raw: cannot be opened", "data file: long.raw": "more than its header",
                        "data file: s003.raw": "cut short", "data file: s%s.raw 3 8 1": "no pattern", "data file: /dev/zero": "not a regular file",
                        "data file: s%03d%n.raw 3 8 1": "no pattern", "data file: s%03d.raw 3 7 1": "data files",
                        "data file: s%03d.raw 3": "lacks their first", "byte skip: -5\ndata file: all.raw": "cut short",
                        "line skip: 9999\ndata file: all.raw": "fewer lines", "": "names no data file"}.items():
        path = write(t.path("a.nhdr"), nrrd_header((5, 4, 6), "short", "raw", spacings="1 1 1") + lines.encode() + b"\n"[:bool(lines)])
        refused(t, lines, path, text, True)
    path = write(t.path("a.nhdr"), nrrd_header((5, 4, 6), "short", "gzip", spacings="1 1 1") + b"data file: long.gz\n")
    refused(t, "a header before gzip", path, "inflates to more bytes")


def nrrd_refusals(t):
    a = encode(np.zeros((3, 4, 5), "i2"), "raw")
    good = nrrd_header((5, 4, 3), "short", "raw")
    for old, new, text, damaged in ((b"type: short", b"type: block", '"block"', False), (b"encoding: raw", b"encoding: zrl", '"zrl"', False),
                                    (b"endian: little\n", b"", "little or big endian", True), (b"sizes: 5 4 3", b"sizes: 5 4", "sizes above 0", True),
                                    (b"sizes: 5 4 3", b"sizes: 5 4 -3", "sizes above 0", True), (b"NRRD0004", b"NRRD0009", "version", False),
                                    (b"sizes: 5 4 3", b"sizes: 999999999 999999999 999999999", "more than any file", True),
                                    (b"dimension: 3", b"dimension: 99", "dimension", True), (b"type: short\n", b"", 'without "type"', True),
                                    (b"sizes: 5 4 3", b"sizes: 5 4 3\nspace: moon", '"moon"', False)):
        if new.endswith(b"moon"):
            new += b"\nspace directions: (1,0,0) (0,1,0) (0,0,1)"
        refused(t, new, write(t.path("a.nrrd"), good.replace(old, new), b"\n", a), text, damaged)


def meta_matrix(t):
    rng = np.random.default_rng(75)
    for dtype, name in META_NAMES.items():
        for encoding, msb, shear in itertools.product(("raw", "zlib", "ascii"), (False, True), (0, 0.3)):
            a = voxels(rng, (3, 4, 5), dtype)
            affine, columns, origin = oblique(rng, shear)
            spacing = np.linalg.norm(columns, axis=0)
            body = encode(a, encoding, ">" if msb else "<")
            fields = {"BinaryData": encoding != "ascii", "BinaryDataByteOrderMSB" if shear else "ElementByteOrderMSB": msb,
                      "CompressedData": encoding == "zlib", ("TransformMatrix", "Rotation", "Orientation")[np.dtype(dtype).itemsize % 3]:
                      " ".join(repr(float(v)) for v in (columns / spacing).T.flat), "CenterOfRotation": "9 9 9",
                      ("Offset", "Position", "Origin")[np.dtype(dtype).itemsize % 3]: " ".join(repr(float(v)) for v in origin),
                      "ElementSpacing" if shear else "ElementSize": " ".join(repr(float(v)) for v in spacing)}
            path = write(t.path("a.mha"), meta_header((5, 4, 3), name, "LOCAL", **fields), body)
            p = same(t, (name, encoding, msb), path, a, affine)
            t.check(p and p[0]["note"] == "", p)


def meta_files(t):
    rng = np.random.default_rng(76)
    a = voxels(rng, (6, 4, 5), "i2")
    rgb = voxels(rng, (6, 4, 5, 3), "u1")
    for z in range(6):
        write(t.path(f"s{z + 3:03}.raw"), encode(a[z], "raw"))
    write(t.path("all.raw"), encode(a, "raw"))
    write(t.path("all.zraw"), encode(a, "zlib"))
    write(t.path("head.raw"), b"h" * 77 + encode(a, "raw"))
    names = "\n".join(f"s{z + 3:03}.raw" for z in range(6))
    place = {"ElementSpacing": "0.5 0.75 2", "Offset": "1 2 3"}
    affine = FLIP @ np.array([[.5, 0, 0, 1], [0, .75, 0, 2], [0, 0, 2, 3], [0, 0, 0, 1.0]])
    for data, extra in (("all.raw", {}), ("LIST\n" + names, {}), ("LIST 2D\n" + names, {}), ("s%03d.raw 3 8 1", {}),
                        ("all.zraw", {"CompressedData": True}), ("head.raw", {"HeaderSize": -1}), ("head.raw", {"HeaderSize": 77})):
        path = write(t.path("a.mhd"), meta_header((5, 4, 6), "MET_SHORT", data, **place, **extra))
        same(t, (data, extra), path, a, affine)
    path = write(t.path("a.mha"), meta_header((5, 4, 6), "MET_UCHAR", "LOCAL", ElementNumberOfChannels=3, **place), encode(rgb, "raw"))
    same(t, "RGB", path, rgb, affine, channels=3)
    for code, rows in (("RAI", np.eye(3)), ("LPS", -np.eye(3)), ("ASL", np.array([[0, 1, 0], [0, 0, -1], [-1, 0, 0.0]]))):
        path = write(t.path("a.mha"), meta_header((5, 4, 6), "MET_SHORT", "LOCAL", AnatomicalOrientation=code, **place), encode(a, "raw"))
        want = np.eye(4)
        want[:3, :3], want[:3, 3] = rows.T * [.5, .75, 2], [1, 2, 3]
        p = same(t, code, path, a, FLIP @ want)
        t.check("AnatomicalOrientation is used" in p[0]["note"], p)
    path = write(t.path("a.mha"), meta_header((5, 4, 3, 2), "MET_SHORT", "LOCAL", ElementSpacing="0.5 0.75 2 1", Offset="1 2 3 0",
                                              TransformMatrix="1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"), encode(a, "raw"))
    same(t, "4-D", path, a, affine, pieces=2)
    path = write(t.path("a.mha"), meta_header((5, 4, 6), "MET_SHORT", "LOCAL", ElementToIntensityFunctionSlope=2,
                                              ElementToIntensityFunctionOffset=-1024, **place), encode(a, "raw"))
    p = same(t, "slope", path, a, affine)
    t.check(p[0]["slope"] == 2 and p[0]["intercept"] == -1024, p)
    p = same(t, "no spacing", write(t.path("a.mha"), meta_header((5, 4, 6), "MET_SHORT", "LOCAL"), encode(a, "raw")), a)
    t.check("affine" not in p[0], "a place out of nothing", p)
    for data, fields, text in (("all.raw", {"NDims": 99}, "NDims"), ("none.raw", {}, "cannot be opened"), ("head.raw", {}, "more than its header"),
                               ("s003.raw", {}, "cut short"), ("all.raw", {"ElementSpacing": "1 2"}, "ElementSpacing"),
                               ("all.raw", {"TransformMatrix": "1 0 0 0 1 0 0 0 0"}, "unusable TransformMatrix"), ("s%03d.raw 3 7 1", {}, "data files")):
        fields = {**place, **fields}
        head = meta_header((5, 4, 6), "MET_SHORT", data, **fields)
        if "NDims" in fields:
            head = head.replace(b"NDims = 3\n", b"")
        refused(t, (data, fields), write(t.path("a.mhd"), head), text)


def writes(t):
    """NRRD and .mha out, from NRRD: voxels and geometry exactly, by readers made by hand."""
    rng = np.random.default_rng(77)
    for dtype, shear, channels in itertools.product(NRRD_NAMES, (0, 0.4), (1, 3)):
        shape = (3, 4, 5) + ((channels,) if channels > 1 else ())
        a = voxels(rng, shape, dtype)
        affine, columns, origin = oblique(rng, shear)
        directions = (["none"] if channels > 1 else []) + [vector(c) for c in columns.T]
        head = nrrd_header(shape[::-1], NRRD_NAMES[dtype][0], "raw", space="LPS", space_directions=" ".join(directions),
                           space_origin=vector(origin))
        source = write(t.path("in.nrrd"), head, b"\n", encode(a, "raw"))
        for out, read, place in (("out.nrrd", read_nrrd, nrrd_affine), ("out.mha", read_meta, meta_affine)):
            answer = t.tool.ask("write", source, t.path(out))
            if not t.check(answer["error"] == "", out, answer):
                continue
            fields, back = read(t.path(out))
            t.check(back.dtype == a.dtype and back.shape == a.shape and back.tobytes() == a.tobytes(), out, dtype, "voxels differ")
            t.check(np.abs(place(fields) - affine).max() < 1e-12 * 300, out, "affine", place(fields), affine)
            same(t, (out, "back"), t.path(out), a, affine, channels=channels)
    big = np.arange(7 * 512 * 1024, dtype="i2").reshape(7, 512, 1024)  # more than one part
    source = write(t.path("in.nrrd"), nrrd_header(big.shape[::-1], "short", "raw", spacings="1 1 1"), b"\n", encode(big, "raw"))
    t.tool.ask("write", source, t.path("out.nrrd"))
    t.check((read_nrrd(t.path("out.nrrd"))[1] == big).all(), "parts")


def npz(t):
    rng = np.random.default_rng(78)
    for save, order, swap in itertools.product((np.savez, np.savez_compressed), "CF", "<>"):
        image, label = voxels(rng, (3, 4, 5), "i2"), voxels(rng, (4, 5), "u1")
        many = voxels(rng, (2, 3, 4, 5, 3), "f4")
        arrays = {k: np.asarray(v.astype(v.dtype.newbyteorder(swap)), order=order) for k, v in (("image", image), ("label", label), ("many", many))}
        path = t.path("a.npz")
        save(path, spacing=np.array([1.0, 2, 3]), **arrays)
        answer, got = t.decode(path)
        name = (save.__name__, order, swap)
        t.check([p["name"] for p in answer["pieces"]] == ["image", "label", "many", "many"], name, answer)
        t.check([p["channels"] for p in answer["pieces"]] == [1, 1, 3, 3], name)
        t.check(got == image.tobytes() + label.tobytes() + many.tobytes(), name, "elements differ")
        t.check(len(answer["passed"]) == 1 and "spacing" in answer["passed"][0]["text"] and not answer["passed"][0]["damaged"], answer)
        for pick, want in (("image", image), ("label", label), ("many", many)):
            answer, got = t.decode(f"{path}:{pick}")
            t.check(got == want.tobytes() and not answer["passed"], name, pick, answer)
        answer, _ = t.decode(f"{path}:liver")
        t.check(not answer["pieces"] and "there are image, label, many" in answer["passed"][0]["text"], answer)
    path = t.path("z64.npz")
    with zipfile.ZipFile(path, "w") as z:  # streamed with 64-bit fields
        with z.open("image.npy", "w", force_zip64=True) as f:
            np.lib.format.write_array(f, image)
    answer, got = t.decode(path)
    t.check(got == image.tobytes(), "ZIP64", answer)
    with open(path, "rb") as f:
        body = bytearray(f.read())
    body[200] ^= 1
    write(path, bytes(body))
    refused(t, "a flipped bit", path, "checksum is wrong")


def real_nrrd(t):
    ball = None
    said = {"BallBinary30x30x30_byteskip_minus_five.nhdr": "cut short", "BallBinary30x30x30_nifti.nhdr": "inflates to more bytes",
            "test1d_ascii.nrrd": "1 spatial axis of", "test_customFields.nrrd": "1 spatial axis of"}
    with open(f"{t.data}/nrrd/BallBinary30x30x30.raw", "rb") as f:
        ball = np.frombuffer(f.read(), "<i2").reshape(30, 30, 30)
    files = sorted(glob.glob(f"{t.data}/nrrd/*.n[rh]*r*") + glob.glob(f"{t.data}/dicom-seg/**/*.nrrd", recursive=True))
    t.check(len(files) > 25, "few NRRD files", len(files))
    for path in files:
        name = os.path.basename(path)
        if name in said:
            refused(t, name, path, said[name])
        elif name.startswith("Ball"):
            same(t, name, path, ball, np.diag([-1.0, -1, 1, 1]))
        elif name == "test2d_ascii.nrrd":
            same(t, name, path, np.arange(1, 28, dtype="u2").reshape(9, 3))
        elif name == "test_simple4d_raw.nrrd":
            p = same(t, name, path, read_nrrd(path)[1])
            t.check("measurement frame" in p[0]["note"], p)
        else:
            fields, want = read_nrrd(path)
            same(t, name, path, want, nrrd_affine(fields))


def real_meta(t):
    files = sorted(glob.glob(f"{t.data}/metaimage/*.mha"))
    t.check(len(files) == 6, "files", len(files))
    for path in files:
        fields, want = read_meta(path)
        p = same(t, path, path, want, meta_affine(fields) if want.ndim == 3 else None)
        t.check(p and p[0]["note"] == "", path, p)


with Test() as t:
    for part in (real_nrrd, real_meta) if t.real else (nrrd_matrix, nrrd_spaces, nrrd_axes, nrrd_files, nrrd_refusals, meta_matrix,
                                                        meta_files, writes, npz):
        part(t)
