"""HDF5: every way of storage that h5py writes, old and new file format, against h5py's own view; geometry of attributes; what is refused, by name; and h5repack's
writing."""
import pathlib
import subprocess

import h5py
import numpy as np

import hdf5_make as make
from oracle import Test

FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


def said(answer):
    return " ".join(p["text"] for p in answer["passed"]) + answer["error"]


def same(t, path, name, want):
    answer, got = t.decode(f"{path}:/{name}")
    if not t.check(answer["error"] == "" and answer["pieces"], path.name, said(answer)):
        return None
    native = want.astype(want.dtype.newbyteorder("=")) if want.dtype.kind != "b" else want.astype("u1")
    p = answer["pieces"]
    t.check(np.array_equal(np.frombuffer(got, native.dtype), native.ravel(), equal_nan=native.dtype.kind == "f"), path.name, "voxels differ")
    t.check(all(q["dtype"] == native.dtype.name and q["format"] == "hdf5" for q in p), path.name, p[0])
    t.check(sum(int(np.prod(q["shape"])) * q["channels"] for q in p) == want.size, path.name, "shapes", p[:3])
    return p


def storage(t, folder):
    n = 0
    for libver in ("earliest", "latest", "v110"):
        for path, name, want in make.cases(folder, libver):
            same(t, path, name, want)
            n += 1
    t.check(n > 250, "cases", n)
    for path, name, want in make.registered(folder):
        same(t, path, name, want)
    answer, _ = t.decode(f"{folder}/latest-user512.mat")
    t.check("reverse order" in answer["pieces"][0]["remark"], answer["pieces"][0])


def roles(t, folder):
    for shape, expected, channels, pieces in [((30, 40), (1, 30, 40), 1, 1), ((5, 30, 40, 3), (5, 30, 40), 3, 1),
                                              ((5, 30, 40, 1), (5, 30, 40), 1, 1), ((3, 6, 7, 8), (6, 7, 8), 1, 3),
                                              ((2, 6, 7, 8, 3), (6, 7, 8), 3, 2)]:
        path = folder / f"roles{len(shape)}-{shape[-1]}.h5"
        a = make.values(shape, "<i2")
        with h5py.File(path, "w") as f:
            f.create_dataset("x", data=a, chunks=True, compression="gzip")
        p = same(t, path, "x", a)
        if p:
            t.check(len(p) == pieces and tuple(p[0]["shape"]) == expected and p[0]["channels"] == channels, shape, p)


def geometry(t, folder):
    rng = np.random.default_rng(5)
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    spacing, origin = np.array([2.5, 0.7, 0.8]), np.array([-100.5, 20.25, 3.0])
    lps = np.eye(4)
    for a in range(3):
        lps[:3, 2 - a] = q[a] * spacing[a]  # columns x, y, z
    lps[:3, 3] = origin
    ras = FLIP @ lps
    for how in ("all", "affine", "spacing"):
        path = folder / f"geometry-{how}.h5"
        with h5py.File(path, "w") as f:
            d = f.create_dataset("image", data=make.values((4, 5, 6), "<i2"))
            if how == "all":
                d.attrs["spacing"], d.attrs["origin"], d.attrs["direction"] = spacing, origin, q
            if how == "affine":
                d.attrs["affine"] = ras
            if how == "spacing":
                d.attrs["spacing"] = spacing
        want = ras if how != "spacing" else FLIP @ np.diag([0.8, 0.7, 2.5, 1])
        answer, _ = t.decode(str(path))
        got = np.array(answer["pieces"][0].get("affine", np.zeros((4, 4))))
        t.check(np.abs(got - want).max() < 1e-9, how, got.tolist(), want.tolist())
    for bad in (np.array([1.0, 2.0]), np.array([1.0, -1.0, 1.0]), np.array([np.nan, 1, 1])):
        path = folder / "geometry-bad.h5"
        with h5py.File(path, "w") as f:
            f["image"] = make.values((4, 5, 6), "<i2")
            f["image"].attrs["spacing"] = bad
        answer, _ = t.decode(str(path))
        t.check(len(answer["pieces"]) == 1 and "affine" not in answer["pieces"][0], "a spacing of", bad)


def refusals(t, folder):
    path = folder / "odd.h5"
    with h5py.File(path, "w") as f:
        f["good"] = np.arange(12, dtype="u1").reshape(3, 4)
        f["scalar"] = 3.5
        f["line"] = np.arange(5.0)
        f["records"] = np.zeros((2, 2), [("a", "i4"), ("b", "f8")])
        f["long"] = np.zeros((4, 4), "f16")
        f["texts"] = np.array([[b"ab", b"cd"]])
        f["complex"] = np.zeros((4, 4), "c16")
        f["empty"] = np.zeros((0, 4))
        f["six"] = np.zeros((1, 1, 1, 1, 2, 9))
        f["soft"] = h5py.SoftLink("/good")
        f["outside"] = h5py.ExternalLink("other.h5", "/x")
        for number, name in ((5, b"packed"), (32013, b"zfp"), (32026, b"blosc2"), (399, b"unheard")):
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plist.set_chunk((4, 4))
            plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL)
            h5py.h5d.create(f.id, name, h5py.h5t.STD_I32LE, h5py.h5s.create_simple((8, 8)), plist)
        f["loop/back"] = h5py.SoftLink("/")
        f["loop/hard"] = f["/"]
    answer, got = t.decode(str(path))
    t.check({p["name"] for p in answer["pieces"]} >= {"good"}, answer)
    for name, words in {"packed": "n-bit (filter 5)", "zfp": "h5repack -f GZIP=4", "blosc2": "Blosc2", "unheard": "not known", "empty": "empty", "six": "6 dimensions", "long": "no array called",
                        "scalar": "no array called", "line": "no array called", "records": "no array called"}.items():
        answer, _ = t.decode(f"{path}:/{name}")
        t.check(not answer["pieces"] and words in said(answer), name, answer)
    answer, got = t.decode(f"{path}:good")
    t.check(got == bytes(range(12)), "a name without its slash")
    only = folder / "only.h5"
    with h5py.File(only, "w") as f:
        f["scalar"] = 3.5
        f["table"] = np.zeros(2, [("a", "i4")])
    answer, _ = t.decode(str(only))
    t.check("scalar (numbers, 0-D), table (records, 1-D)" in said(answer), answer)
    # a checksum that is wrong
    sums = folder / "sums.h5"
    with h5py.File(sums, "w") as f:
        f.create_dataset("image", data=np.arange(400, dtype="<i2").reshape(20, 20), chunks=(20, 20), fletcher32=True)
        at = f["image"].id.get_chunk_info(0).byte_offset
    body = bytearray(sums.read_bytes())
    body[at + 17] ^= 4
    sums.write_bytes(body)
    answer, _ = t.decode(str(sums))
    t.check("checksum" in said(answer), answer)


def repacked(t, folder):
    """The HDF5 tools' own writing: another implementation of the same features."""
    src = folder / "source.h5"
    a = make.values((20, 33, 41), "<i2")
    with h5py.File(src, "w") as f:
        f["image"] = a
    for words in (["-f", "SHUF", "-f", "GZIP=3"], ["-l", "CHUNK=5x7x9"], ["-f", "FLET", "-l", "CHUNK=20x1x41"], ["-L"], ["-l", "COMPA"]):
        out = folder / "repacked.h5"
        out.unlink(missing_ok=True)
        subprocess.run(["h5repack", *words, src, out], check=True, capture_output=True)
        same(t, out, "image", a)


with Test() as t:
    here = pathlib.Path(t.folder)
    for part in (storage, roles, geometry, refusals, repacked):
        part(t, here)
