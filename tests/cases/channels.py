#!/usr/bin/python3
"""Cases of several images: MR sequences in files of their own, the colours of pictures. Judged by NumPy and h5py.

    channels.py TOME
"""
import sys
import tempfile
from pathlib import Path

import h5py
import numpy

from tomelib import Checks, Store, nifti, png

AFFINE = numpy.diag([1.0, 1.0, 2.0, 1.0])


def brats(c, s, folder):
    rng = numpy.random.default_rng(3)
    made = {n: rng.integers(0, 900, (20, 24, 10)).astype(numpy.int16) for n in ("t1", "t1ce", "t2", "flair")}
    made["flair"] = (made["flair"] / 7).astype(numpy.float32)
    seg = numpy.zeros((20, 24, 10), numpy.uint8)
    seg[3:9, 4:9, 2:6], seg[5:7, 5:7, 3:5] = 2, 4
    for n, a in made.items():
        nifti(folder / f"BraTS20_Training_001/BraTS20_Training_001_{n}.nii.gz", a, AFFINE)
    nifti(folder / "BraTS20_Training_001/BraTS20_Training_001_seg.nii.gz", seg, AFFINE)
    done = s.ingest(folder)
    c.equal(done.status, 0, f"ingest: {done.err}")
    c.equal(s.ids(), ["BraTS20_Training_001"], "one case of four sequences")
    with s.case("BraTS20_Training_001") as f:
        c.equal(list(f["channels"]), ["t1", "t1ce", "t2", "flair"], "channels, in order")
        for n, a in made.items():
            c.voxels(f["channels"][n][()], a.T, f"channel {n}")
            c.near(f["channels"][n].attrs["affine"], f["image"].attrs["affine"], 0, f"{n} lies where the image does")
        c.that(f["image"] == f["channels/t1"], "the image is the first channel by another name")
        c.equal(f["channels/flair"].dtype, numpy.dtype("float32"), "each channel has its own type")
        for row, a in zip(f["stats/channels"], made.values()):
            c.near([row["min"], row["max"], row["mean"], row["std"]], [a.min(), a.max(), a.mean(dtype=float), a.std(dtype=float)], 1e-4, "a channel's statistics")
    rows = s.query("SELECT name, dtype, hu_mean FROM channels ORDER BY number")
    c.equal([r["name"] for r in rows], ["t1", "t1ce", "t2", "flair"], "channels in the index")
    c.near([r["hu_mean"] for r in rows], [a.mean(dtype=float) for a in made.values()], 1e-3, "their means there")
    c.equal(s.query("SELECT channels FROM cases"),
            [{"channels": "t1,t1ce,t2,flair"}], "the view says them")
    labels = s.query("SELECT name, voxels FROM labels ORDER BY value")
    c.equal(labels, [{"name": "edema", "voxels": int((seg == 2).sum())}, {"name": "enhancing_tumor", "voxels": int((seg == 4).sum())}], "labels")
    before = s.query("SELECT * FROM channels ORDER BY number")
    (s.path / "index.sqlite").unlink()
    c.equal(s.tome("reindex", s.path).status, 0, "reindex")
    c.equal(s.query("SELECT * FROM channels ORDER BY number"), before, "the index comes back from the case file")
    c.equal(s.tome("verify", s.path).status, 0, "verify")
    c.that("in already" in s.ingest(folder).out, "the same again is known")


def out(c, s, folder):
    """Channels out again, all together or one by its name, each with its own statistics."""
    rng = numpy.random.default_rng(6)
    made = {n: (rng.integers(1, top, (21, 17, 13)) * (rng.random((21, 17, 13)) < 0.6)).astype(t)
            for n, top, t in (("t1", 300, "i2"), ("flair", 4000, "i2"), ("t2", 90, "f4"))}
    made["t2"] /= 7
    seg = numpy.zeros((21, 17, 13), numpy.uint8)
    seg[3:9, 4:9, 2:6] = 2
    for n, a in (*made.items(), ("seg", seg)):
        nifti(folder / f"BraTS20_Training_002/BraTS20_Training_002_{n}.nii.gz", a, AFFINE)
    c.equal(s.ingest(folder).status, 0, "ingest")
    case, = s.ids()
    with s.case(case) as f:
        names = list(f["channels"])
        stored = {n: f["channels"][n][()].astype(float) for n in names}
    where = {n: f"channels/{n}" if k else "image" for k, n in enumerate(names)}

    def scaled(a):  # MONAI's NormalizeIntensity(nonzero=True), nnU-Net's inside the mask
        m = a != 0
        return numpy.where(m, (a - a[m].mean()) / a[m].std(), 0)
    step = "normalise:over=nonzero"
    for name in ("all.npz", "all.h5"):
        done = s.tome("get", s.path, case, step, "-o", s.folder / name)
        c.equal(done.status, 0, f"{name}: {done.err}")
    with numpy.load(s.folder / "all.npz") as z, h5py.File(s.folder / "all.h5") as h:
        for n, a in stored.items():
            for kind, got in (("npz", z[where[n]]), ("h5", h[case][where[n]][()])):
                c.near(got, scaled(a), 2e-5 if n != "t2" else 2e-4, f"{kind}: {n} by its own nonzero voxels")
                c.that((got[a == 0] == 0).all() and (a == 0).any(), f"{kind}: {n}: zeros stay")
        c.equal(h[case]["image"].attrs["units"], b"", "no HU")
        c.voxels(h[case]["labels/segmentation"][()], seg.T, "labels beside them")
    for label, n in [(n, n) for n in names] + [(f"channels/{n}", n) for n in names] + [("image", names[0])]:
        done = s.tome("get", s.path, case, "--label", label, "-o", s.folder / "one.npy", "--force")
        c.equal(done.status, 0, f"--label {label}: {done.err}")
        c.voxels(numpy.load(s.folder / "one.npy"), stored[n], f"--label {label}")
    done = s.tome("get", s.path, case, "resample:spacing=2", step, "clip:-1,2", "--label", names[1], "-o", s.folder / "two.nii.gz")
    c.equal(done.status, 0, f"a recipe over one channel: {done.err}")
    done = s.tome("patches", s.path, case, "--size", "8,40,8", "--per-case", 2, "--pad-value", -7, "--seed", 2, "-o", s.folder / "p.h5")
    c.equal(done.status, 0, f"patches of channels: {done.err}")
    with h5py.File(s.folder / "p.h5") as h:
        for row in range(2):
            z, y, x = h["items"]["position"][row].astype(int)
            c.equal((y < 0), True, "padded along y")
            for n, a in stored.items():
                want = numpy.pad(a, ((0, 0), (-y, 40 - a.shape[1] + y), (0, 0)), constant_values=-7)[z:z + 8, :, x:x + 8]
                c.voxels(h[where[n]][row], want.astype(h[where[n]].dtype), f"patch {row} of {n}")
    done = s.tome("get", s.path, case, "normalise:over=nonzero,scope=store", "-o", s.folder / "no.npz")
    c.that(done.status != 0 and "keeps statistics of its labels only" in done.err, f"nonzero is of a case: {done.err}")


def other_grid(c, s, folder):
    rng = numpy.random.default_rng(4)
    nifti(folder / "P2/p2_t1.nii.gz", rng.integers(0, 90, (8, 8, 8)).astype(numpy.int16), AFFINE)
    nifti(folder / "P2/p2_t2.nii.gz", rng.integers(0, 90, (8, 8, 9)).astype(numpy.int16), AFFINE)
    nifti(folder / "P2/p2_seg.nii.gz", numpy.zeros((8, 8, 8), numpy.uint8), AFFINE)
    done = s.ingest(folder)
    c.that(done.status != 0 and "9x8x8" in done.out and "t2" in done.out, f"channels of different shapes are refused with both: {done.out}")


def colours(c, s, folder):
    rng = numpy.random.default_rng(5)
    rgb = rng.integers(0, 256, (30, 40, 3)).astype(numpy.uint8)
    rgba = numpy.dstack([rgb, numpy.full((30, 40), 255, numpy.uint8)])
    glass = numpy.dstack([rgb, rng.integers(0, 256, (30, 40)).astype(numpy.uint8)])
    for name, a, want in (("rgb", rgb, "red green blue"), ("rgba", rgba, "red green blue"), ("glass", glass, "red green blue alpha")):
        png(folder / f"{name}.png", a)
        done = s.tome("ingest", s.path, "--image", folder / f"{name}.png", "--spacing", "1,0.5,0.5", "--id", name, "--replace")
        c.equal(done.status, 0, f"{name}: {done.err}")
        with s.case(name) as f:
            c.equal(list(f["channels"]), want.split(), f"{name}: channels")
            for k, n in enumerate(want.split()):
                c.voxels(f["channels"][n][()], a[None, :, :, k], f"{name}: {n}")
    c.that("alpha is 255 everywhere" in s.tome("problems", s.path).out or
           s.query("SELECT text FROM problems WHERE code = 'alpha-dropped'"), "an alpha that says nothing is left out, on record")
    done = s.tome("ingest", s.path, "--image", folder / "rgb.png", "--label", f"m={folder / 'rgb.png'}", "--spacing", "1,1,1", "--id", "x")
    c.that(done.status != 0 and "3 samples" in done.err + done.out, f"a colour picture is no label: {done.err}")


def main():
    c = Checks()
    with tempfile.TemporaryDirectory() as t:
        for n, part in enumerate((brats, out, other_grid, colours)):
            s = Store(sys.argv[1])
            part(c, s, Path(t) / str(n))
            s.close()
    return c.done()


if __name__ == "__main__":
    sys.exit(main())
