#!/usr/bin/python3
"""Recipes through the command line, from a real store to a file: judged by NumPy, SciPy and nibabel.

    recipes.py TOME
"""
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy
from scipy import ndimage

from tomelib import Checks, Store, nifti

AFFINE = numpy.array([[-0.8, 0, 0, 90], [0, -0.8, 0, 110], [0, 0, 3, -700], [0, 0, 0, 1.0]])


def make(folder):
    """A CT with a smooth body and a tumour in it: 40 x 44 x 16 (x, y, z), LPS, 0.8 x 0.8 x 3 mm."""
    rng = numpy.random.default_rng(5)
    image = ndimage.gaussian_filter(rng.normal(0, 600, (40, 44, 16)), 1.5).round().astype(numpy.int16)
    seg = numpy.zeros(image.shape, numpy.uint8)
    seg[8:30, 10:35, 3:12] = 1
    seg[14:20, 16:24, 5:9] = 2
    nifti(folder / "volume-0.nii.gz", image, AFFINE)
    nifti(folder / "segmentation-0.nii.gz", seg, AFFINE)
    return image, seg


def get(c, s, name, *words):
    done = s.tome("get", s.path, "volume-0", *words, "-o", s.folder / name, "--force")
    c.equal(done.status, 0, f"get {words}: {done.err}")
    return nibabel.load(str(s.folder / name)) if ".nii" in name else numpy.load(s.folder / name)


def pointwise(c, s, image, seg):
    got = get(c, s, "w.npy", "window:level=40,width=400")
    c.near(got, numpy.clip((image.T - (40 - 200)) / 400, 0, 1), 1e-6, "window in numbers")
    v = image[seg == 2].astype(float)
    lo, hi = numpy.percentile(v, [0.5, 99.5])
    got = get(c, s, "t.npy", "window:tumor")
    c.near(got, numpy.clip((image.T - lo) / (hi - lo), 0, 1), 1e-5, "window from the tumour's own percentiles")
    got = get(c, s, "z.npy", "normalise:zscore")
    c.near(got, (image.T - image.mean()) / image.std(), 1e-4, "z-score over the volume")


def grids(c, s, image, seg):
    moved = get(c, s, "o.nii.gz", "orient:RAS")
    want = nibabel.as_closest_canonical(nibabel.Nifti1Image(image, AFFINE))
    c.voxels(numpy.asarray(moved.dataobj), numpy.asarray(want.dataobj), "orient:RAS")
    c.near(moved.affine, want.affine, 1e-4, "orient:RAS: affine")
    crop = get(c, s, "c.npy", "crop:mask=tumor,to=box")
    c.voxels(crop, image.T[5:9, 16:24, 14:20], "crop to the tumour's box, in the stored type")
    fine = get(c, s, "r.npy", "resample:spacing=1,order=3,profile=scipy,as=float32")
    zoom = [n / m for n, m in zip(fine.shape, image.T.shape)]
    c.near(fine, ndimage.zoom(image.T.astype(float), zoom, order=3, mode="mirror"), 2e-3, "cubic B-spline against scipy's zoom")
    label = get(c, s, "l.npy", "resample:spacing=1,order=3,profile=scipy", "--label", "segmentation")
    c.equal(label.shape, fine.shape, "image and label end on one grid")
    c.that(set(numpy.unique(label)) <= {0, 1, 2}, "labels are moved, never mixed")
    tumor = get(c, s, "lt.npy", "resample:spacing=1,order=3,profile=scipy", "--label", "tumor")
    c.voxels(tumor, (label == 2).astype(numpy.uint8), "one structure of the result")


def boxes(c, s):
    words = ("resample:spacing=1.5,order=1", "window:tumor")
    whole = get(c, s, "whole.nii.gz", *words)
    part = get(c, s, "part.nii.gz", *words, "--box", "2:9,5:17,:")
    c.voxels(numpy.asarray(part.dataobj), numpy.asarray(whole.dataobj)[:, 5:17, 2:9], "a box is the box of the whole")
    c.near(part.affine @ [0, 0, 0, 1], whole.affine @ [0, 5, 2, 1], 1e-4, "a box lies where it was cut")
    recipe = s.folder / "mine.recipe"
    recipe.write_text("# in the order of the paper\nresample:spacing=1.5,order=1   # linear\nwindow:tumor\n")
    again = get(c, s, "again.nii.gz", "--recipe", recipe)
    c.voxels(numpy.asarray(again.dataobj), numpy.asarray(whole.dataobj), "the same recipe from a file")
    c.that(b"tome recipe" in again.header["descrip"].tobytes(), "the output carries the recipe's hash")
    c.equal(again.header["descrip"].tobytes(), whole.header["descrip"].tobytes(), "and the same words give the same hash")


def words(c, s):
    for step, part in (("resample:spaceing=1", "spacing"), ("resampel:spacing=1", "resample"), ("window:level=40,width=-3", "width"),
                       ("crop:mask=spleen", "spleen")):
        done = s.tome("get", s.path, "volume-0", step, "-o", s.folder / "no.npy")
        c.that(done.status != 0 and part in done.err and not (s.folder / "no.npy").exists(), f"{step} is refused: {done.err}")
    plan = s.tome("plan", s.path, "volume-0", "resample:spacing=1", "window:tumor", "--box", "0:4,0:9,0:9")
    c.that(plan.status == 0 and "resample" in plan.out and "window" in plan.out, f"plan: {plan.out}{plan.err}")
    ops = s.tome("ops")
    c.that(ops.status == 0 and all(w in ops.out for w in ("orient", "resample", "window", "normalise", "crop")), f"ops: {ops.out}")
    for line in ops.out.splitlines():
        if ":" in line and line.startswith(" "):
            parsed = s.tome("plan", s.path, "volume-0", line.split()[0])
            c.that(parsed.status == 0 or "label" in parsed.err, f"the example {line.split()[0]} is understood: {parsed.err}")


def main():
    c = Checks()
    with tempfile.TemporaryDirectory(prefix="tome-recipes-") as folder:
        image, seg = make(Path(folder) / "raw")
        s = Store(sys.argv[1])
        c.equal(s.ingest(Path(folder) / "raw").status, 0, "ingest")
        pointwise(c, s, image, seg)
        grids(c, s, image, seg)
        boxes(c, s)
        words(c, s)
        s.close()
    sys.exit(c.done())


main()
