"""MINC 1, MINC 2 and PAR/REC against nibabel: values, shape, affine; real files and made ones."""
import glob
import itertools
import os
import warnings

import h5py
import nibabel as nib
import numpy as np

from oracle import Test
from scanners_make import dimensions, minc1, minc2, par

warnings.simplefilter("ignore")


def same_as_nibabel(t, name, path, flip=False):
    """nibabel's values and affine. MINC arrays are in the file's order; those of PAR/REC (x, y, z, volume)."""
    image = nib.load(path)
    want = np.asanyarray(image.dataobj).astype("f8")
    affine = image.affine
    if flip:
        want = want.reshape(want.shape[:3] + (-1,)).transpose(3, 2, 1, 0)
    else:
        affine = affine[:, [2, 1, 0, 3]]
        want = want.reshape((-1,) + want.shape[-3:])
    answer, got = t.decode(path)
    if not t.check(answer["error"] == "" and not answer["passed"], name, answer["error"], answer["passed"]):
        return None
    p = answer["pieces"]
    t.check([len(p)] + p[0]["shape"] == list(want.shape), name, "shape", p[0]["shape"], want.shape)
    stored = np.frombuffer(got, p[0]["dtype"]).reshape(want.shape).astype("f8")
    values = np.stack([v * q["slope"] + q["intercept"] for v, q in zip(stored, p)])
    t.check(np.abs(values - want).max() <= 1e-12 * max(1.0, np.abs(want).max()), name, "values", np.abs(values - want).max())
    t.check(np.abs(np.array(p[0]["affine"]) - affine).max() <= 1e-10, name, "affine", p[0]["affine"], affine.tolist())
    return p


def refused(t, name, path, text, damaged=None):
    answer, _ = t.decode(path)
    said = " ".join(q["text"] for q in answer["passed"]) + answer["error"]
    t.check(text in said and (answer["error"] or not answer["pieces"]), name, "wanted", text, "got", answer)
    if damaged is not None and answer["passed"]:
        t.check(answer["passed"][0]["damaged"] == damaged, name, answer)


def real_minc(t):
    files = sorted(glob.glob(f"{t.data}/minc/*.mnc"))
    t.check(len(files) == 10, "files", len(files))
    for path in files:
        if path.endswith("baddim.mnc"):
            refused(t, path, path, 'has the spacing "xspace" along xspace', False)
        else:
            p = same_as_nibabel(t, path, path)
            t.check(("no step" in p[0]["note"]) == ("no-att" in path), path, p[0]["note"])


def real_par(t):
    files = sorted(glob.glob(f"{t.data}/parrec/**/*.PAR", recursive=True))
    t.check(len(files) == 7, "files", len(files))
    for path in files:
        if "truncated" in path:
            refused(t, path, path, "holds 3 of the 4 dynamics", True)
            continue
        p = same_as_nibabel(t, path, path, flip=True)
        t.check((p[0]["dtype"] == "float64") == ("varscale" in path), path, p[0]["dtype"])
        rec = t.tool.ask("describe", path[:-3] + "REC")
        t.check(not rec["pieces"] and "read with its header" in rec["passed"][0]["text"] and not rec["passed"][0]["damaged"], rec)
        # Philips' own conversion: the same voxels in the same places, whatever the order of its axes.
        nii = os.path.join(os.path.dirname(os.path.dirname(path)), "NIFTI", os.path.basename(path)[:-4] + ".nii")
        if os.path.exists(nii):
            ours, theirs = nib.load(path), nib.load(nii)
            corner = np.array(ours.shape[:3]) / 2 - 0.5
            there = np.array(p[0]["affine"]) @ np.append(corner, 1)
            theirs_there = theirs.affine @ np.append(np.array(theirs.shape[:3]) / 2 - 0.5, 1)
            t.check(np.abs(there - theirs_there).max() < 0.5, path, "centre", there, theirs_there)


def made_minc1(t):
    rng = np.random.default_rng(81)
    for dtype, names in itertools.product(("u1", "i1", "i2", "u2", "i4", "f4", "f8"),
                                          (("zspace", "yspace", "xspace"), ("xspace", "zspace", "yspace"), ("time", "zspace", "yspace", "xspace"))):
        shape = (3, 4, 5, 6)[-len(names):]
        a = rng.integers(0, 100, shape).astype(dtype)
        for scaled in (0, 1, 2):
            scales = tuple(np.sort(rng.normal(size=(2,) + shape[:scaled]), axis=0)) if scaled else (0.0, 50.0)
            valid = (10, 90) if np.dtype(dtype).kind in "ui" else None
            path = minc1(t.path("a.mnc"), a, names, dimensions(rng, names), valid, scales)
            p = same_as_nibabel(t, ("minc1", dtype, names, scaled), path)
            t.check(p[0]["dtype"] == (dtype if np.dtype(dtype).kind == "f" else "") or np.dtype(p[0]["dtype"]) ==
                    (np.dtype(dtype) if not scaled or np.dtype(dtype).kind == "f" else np.dtype("f8")), dtype, scaled, p[0]["dtype"])


def made_minc2(t):
    rng = np.random.default_rng(82)
    ways = ({}, {"chunks": (2, 3, 4)}, {"chunks": (2, 3, 4), "compression": "gzip"},
            {"chunks": (2, 3, 4), "compression": "gzip", "shuffle": True, "fletcher32": True}, {"chunks": (1, 1, 1)})
    for dtype, names, way in itertools.product(("u1", "i2", "u2", "i4", "u4", "f4", "f8", ">i2", ">f8"),
                                               (("zspace", "yspace", "xspace"), ("time", "yspace", "xspace", "zspace")), ways):
        shape = (3, 4, 5, 6)[-len(names):]
        if "chunks" in way and len(names) == 4:
            way = {**way, "chunks": (2,) + way["chunks"]}
        a = rng.integers(0, 100, shape).astype(dtype)
        for scaled in (0, 1, 2):
            scales = tuple(np.sort(rng.normal(size=(2,) + shape[:scaled]), axis=0)) if scaled else (0.0, 50.0)
            path = minc2(t.path("a.mnc"), a, names, dimensions(rng, names), (0, 99) if np.dtype(dtype).kind in "ui" else None, scales, **way)
            same_as_nibabel(t, ("minc2", dtype, names, way, scaled), path)
    a = rng.integers(0, 100, (40, 40, 40)).astype("i2")  # a tree of several levels
    names = ("zspace", "yspace", "xspace")
    same_as_nibabel(t, "many chunks", minc2(t.path("a.mnc"), a, names, dimensions(rng, names), (0, 99), (0.0, 1.0), chunks=(3, 3, 3)))
    with h5py.File(t.path("b.mnc"), "w", libver="latest") as f:
        f["x"] = a
    refused(t, "no MINC", t.path("b.mnc"), "without MINC's image", False)
    for break_it, text in ((lambda f: f["minc-2.0/image/0"].pop("image-min"), "image-min or image-max is missing"),
                           (lambda f: f["minc-2.0/image/0/image"].attrs.__setitem__("valid_range", [0.0, 1e9]), "valid range"),
                           (lambda f: f["minc-2.0/image/0/image"].attrs.__setitem__("dimorder", np.bytes_("zspace,yspace,zspace")), "dimensions of space"),
                           (lambda f: f["minc-2.0/dimensions/zspace"].attrs.__setitem__("spacing", np.bytes_("irregular")), "irregular"),
                           (lambda f: f["minc-2.0/dimensions/zspace"].attrs.__setitem__("step", 0.0), "")):
        path = minc2(t.path("a.mnc"), a, names, dimensions(rng, names), (0, 99), (0.0, 1.0))
        with h5py.File(path, "r+") as f:
            break_it(f)
        refused(t, text, path, text)


def made_par(t):
    rng = np.random.default_rng(83)
    for version, orientation, bits in itertools.product(("V4", "V4.1", "V4.2"), (1, 2, 3), ("u1", "u2")):
        a = rng.integers(0, 200, (2, 3, 4, 6, 5)).astype(bits)
        ang, off = rng.uniform(-40, 40, 3).round(3), rng.uniform(-50, 50, 3).round(3)
        par(t.path("a.PAR"), a, version, orientation, ang, off)
        affine = nib.load(t.path("a.PAR")).affine  # where each slice's centre is, so that the table agrees with itself
        ras = [affine @ [2, 2.5, k, 1] for k in range(4)]
        centres = [(-r[1], r[2], -r[0]) for r in ras]
        for scales, order in ((None, None), (rng.uniform(0.5, 2, (2, 3, 4, 2)), None), (None, rng.permutation(24).reshape(2, 3, 4)
                              .transpose(2, 0, 1).ravel() if bits == "u1" else np.arange(24).reshape(6, 4).T.ravel())):
            path = par(t.path("a.PAR"), a, version, orientation, ang, off, centres, scales, order if bits == "u2" else None)
            p = same_as_nibabel(t, (version, orientation, bits, scales is not None, order), path, flip=True)
            t.check(p and p[0]["note"].startswith("echo 1, dynamic 1"), p)
        par(t.path("a.PAR"), a, version, orientation, ang, off, [(c[0] + 9, c[1], c[2]) for c in centres])
        refused(t, "centres", t.path("a.PAR"), "mm from where one stack", True)
    path = par(t.path("a.PAR"), a, centres=[(0, (k - 1.5) * 3.5, 0) for k in range(4)])
    same_as_nibabel(t, "before it is broken", path, flip=True)
    with open(path) as f:
        text = f.read()
    for old, new, said in (("dynamics            :   3", "dynamics            :   5", "holds 3 of the 5 dynamics"),
                           ("locations    :   4", "locations    :   9", "4 slices of the 9"), ("  4 2 3 1 0 2 23", "# gone", "3 of 4 slices"),
                           ("  1 1 1 1 0 2 0 ", "  1 1 1 1 0 2 99 ", "cut short"), ("Angulation", "Angle", "lacks the angulation")):
        t.check(old in text, "the test's own text", old)
        with open(path, "w") as f:
            f.write(text.replace(old, new))
        refused(t, old, path, said, True)


with Test() as t:
    for part in (real_minc, real_par) if t.real else (made_minc1, made_minc2, made_par):
        part(t)
