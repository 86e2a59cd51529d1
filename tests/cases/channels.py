#!/usr/bin/python3
"""Cases of several images: MR sequences in files of their own, the colours of pictures. Judged by NumPy and h5py.

    channels.py TOME
"""
import sys
import tempfile
from pathlib import Path

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
        for n, part in enumerate((brats, other_grid, colours)):
            s = Store(sys.argv[1])
            part(c, s, Path(t) / str(n))
            s.close()
    return c.done()


if __name__ == "__main__":
    sys.exit(main())
