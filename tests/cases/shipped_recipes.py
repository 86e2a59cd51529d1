#!/usr/bin/python3
"""Every recipe that is shipped, over two small cases with a liver and a tumour: each is planned and run, and what comes out is judged by the definition of the
tool that it speaks of, computed by NumPy, SciPy and skimage.

    shipped_recipes.py TOME FOLDER
"""
import re
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage
from skimage.transform import resize

from tomelib import Checks, Store, nifti

SPACING = np.array((2.0, 0.9, 0.9))  # z, y, x; less than three times as coarse along z


def make(folder, number, seed, shape=(58, 50, 33)):
    """A CT in LPS whose voxels lie as stored: (x, y, z) reversed is (z, y, x)."""
    rng = np.random.default_rng(seed)
    image = ndimage.gaussian_filter(rng.normal(0, 1500, shape), 2).round().astype(np.int16)
    seg = np.zeros(shape, np.uint8)
    seg[12:44, 9:40, 14:27] = 1
    seg[20:30, 20:30, 17:22] = 2
    affine = np.diag([-0.9, -0.9, 2.0, 1]) + np.array([[0, 0, 0, 30], [0, 0, 0, 40], [0, 0, 0, -500], [0, 0, 0, 0]])
    nifti(folder / f"volume-{number}.nii.gz", image, affine)
    nifti(folder / f"segmentation-{number}.nii.gz", seg, affine)
    return image.T, seg.T


class Outcome:
    """A recipe's image and labels, arrays (z, y, x) with their affine as nibabel sees it."""

    def __init__(self, c, s, recipe):
        self.image, self.affine = self.get(c, s, recipe, "image.nii.gz")
        self.labels, other = self.get(c, s, recipe, "labels.nii.gz", "--label", "segmentation")
        c.equal(self.labels.shape, self.image.shape, f"{recipe.name}: image and labels end on one grid")
        c.near(other, self.affine, 0, f"{recipe.name}: which lies in one place")
        c.that(set(np.unique(self.labels)) == {0, 1, 2}, f"{recipe.name}: labels are moved, never mixed, and none is lost")
        self.spacing = np.linalg.norm(self.affine[:3, :3], axis=0)[::-1]

    @staticmethod
    def get(c, s, recipe, name, *words):
        done = s.tome("get", s.path, "volume-0", "--recipe", recipe, "-o", s.folder / name, "--force", *words)
        c.equal(done.status, 0, f"{recipe.name}: {done.err}")
        n = nibabel.load(str(s.folder / name))
        return np.asarray(n.dataobj).T, n.affine


def even(x):
    return np.round(x).astype(int)  # half to even, as NumPy and all of these tools


def foreground(cases):
    return np.concatenate([image[seg > 0] for image, seg in cases]).astype(float)


def tumour_window(cases):
    v = np.concatenate([image[seg == 2] for image, seg in cases]).astype(float)
    return np.percentile(v, [0.5, 99.5])


def lits(c, o, cases, name):
    image, seg = cases[0]
    lo, hi = tumour_window(cases)
    factors = (2.0, 0.5, 0.5)
    v = ndimage.zoom(np.clip((image - lo) / (hi - lo), 0, 1), factors, order=3, mode="mirror")
    labels = ndimage.zoom(seg, factors, order=0)
    slices = np.flatnonzero((labels == 1).any((1, 2)))
    first, last = max(slices[0] - 20, 0), min(slices[-1] + 20, len(labels) - 1)
    c.that(first > 0, f"{name}: the crop is one")
    c.voxels(o.labels, labels[first:last + 1], f"{name}: scipy's zoom of the labels, the liver's slices and 20 on either side")
    c.near(o.image, v[first:last + 1], 1e-4, f"{name}: scipy's zoom of the window")
    true = SPACING * (np.array(image.shape) - 1) / (np.array(labels.shape) - 1)  # zoom keeps the first and the last voxel's centre
    c.near(o.spacing, true, 1e-4, f"{name}: true spacing")


def nnunet(c, o, cases, name):
    image, seg = cases[0]
    v = foreground(cases)
    lo, hi = np.percentile(v, [0.5, 99.5])
    target = np.array((1, 0.767578125, 0.767578125))
    shape = even(SPACING / target * image.shape)
    c.equal(o.image.shape, tuple(shape), f"{name}: shape")
    c.near(o.spacing, SPACING * image.shape / shape, 1e-4, f"{name}: true spacing")
    z = (np.clip(image, lo, hi) - v.mean()) / v.std()
    c.near(o.image, resize(z, shape, order=3, mode="edge", anti_aliasing=False, clip=True), 1e-3, f"{name}: skimage's resize of the z-score")
    c.voxels(o.labels, resize(seg, shape, order=0, mode="edge", anti_aliasing=False, preserve_range=True).astype("u1"), f"{name}: labels")


def linear(v, at, order):
    return ndimage.map_coordinates(v, np.meshgrid(*at, indexing="ij"), order=order, mode="nearest")


def monai(c, o, cases, name):
    image, seg = cases[0]
    target = np.array((5, 1.5, 1.5))
    shape = even((np.array(image.shape) - 1) * SPACING / target + 1)
    c.equal(o.image.shape, tuple(shape), f"{name}: shape")
    c.near(o.spacing, target, 1e-5, f"{name}: spacing")
    c.equal("".join(nibabel.aff2axcodes(o.affine)), "RAS", f"{name}: orientation")
    at = [np.minimum(np.arange(n) * t / s, m - 1) for n, t, s, m in zip(shape, target, SPACING, image.shape)]
    turned = image[:, ::-1, ::-1].astype(float)  # x and y run the other way in RAS
    want = np.clip((linear(turned, at, 1) + 57) / (164 + 57), 0, 1)
    c.near(o.image, want, 1e-4, f"{name}: linear between the voxels, then a_min ... a_max")


def kits(c, o, cases, name):
    image, seg = cases[0]
    target = np.array((3.22, 1.62, 1.62))
    shape = even(SPACING / target * image.shape)
    c.equal(o.image.shape, tuple(shape), f"{name}: shape")
    c.near(o.spacing, SPACING * image.shape / shape, 1e-4, f"{name}: true spacing")
    want = resize(image.astype(float), shape, order=3, mode="edge", anti_aliasing=False, clip=True)
    c.near(o.image, (np.clip(want, -79, 304) - 101) / 76.9, 1e-4, f"{name}: skimage's resize, clipped and scaled by the paper's numbers")


def itk(c, o, cases, name):
    image, seg = cases[0]
    shape = even(np.array(image.shape) * SPACING)
    c.equal(o.image.shape, tuple(shape), f"{name}: shape")
    c.near(o.spacing, (1, 1, 1), 1e-6, f"{name}: spacing")
    c.equal(o.image.dtype, np.dtype("i2"), f"{name}: the image's type")
    c.near(o.affine[:3, 3], (30, 40, -500), 1e-4, f"{name}: the origin stays")
    at = [np.arange(n) / s for n, s in zip(shape, SPACING)]
    inside = np.ix_(*[np.flatnonzero(a <= n - 1) for a, n in zip(at, image.shape)])
    want = ndimage.map_coordinates(image.astype(float), np.meshgrid(*at, indexing="ij"), order=3, mode="mirror")
    c.near(o.image[inside], want[inside], 0.5 + 2e-3, f"{name}: the cubic B-spline, rounded")
    outside = [a >= n - 0.5 for a, n in zip(at, image.shape)]
    for axis, out in enumerate(outside):
        c.that(np.all(np.compress(out, o.image, axis) == -1024), f"{name}: air beyond axis {'zyx'[axis]}")
    near = [np.minimum(np.floor(a + 0.5).astype(int), n - 1) for a, n in zip(at, image.shape)]
    c.voxels(o.labels[inside], seg[np.ix_(*near)][inside], f"{name}: labels by nearest")


def slices(c, o, cases, name):
    image, seg = cases[0]
    z = np.flatnonzero((seg == 1).any((1, 2)))
    c.equal(o.image.shape, (z[-1] - z[0] + 1, 256, 256), f"{name}: shape")
    c.equal(o.image.dtype, np.dtype("u1"), f"{name}: 8 bits")
    c.near(o.spacing, (2, 0.9 * 50 / 256, 0.9 * 58 / 256), 1e-5, f"{name}: true spacing")
    kept = image[z[0]:z[-1] + 1].astype(float)
    want = np.stack([resize(s, (256, 256), order=1, mode="edge", anti_aliasing=False) for s in kept])  # enlarged: nothing to filter
    c.near(o.image, np.clip((want - (30 - 75)) / 150, 0, 1) * 255, 0.5 + 1e-2, f"{name}: each slice on its own, in the liver's window")


JUDGES = {"lits-3d-unet": lits, "nnunet-ct": nnunet, "monai-spacing": monai, "kits-nnunet": kits, "itk-bspline": itk, "slices-2d": slices}


def planned(c, s, recipe, o):
    """The plan says, before any voxel is read, what the result then is."""
    done = s.tome("plan", s.path, "volume-0", "--recipe", recipe)
    last = done.out.split("segmentation")[0].splitlines()[-1]
    shape = tuple(map(int, re.search(r"(\d+)x(\d+)x(\d+) at", last).groups()))
    c.equal((done.status, shape), (0, o.image.shape), f"{recipe.name}: as planned")


def main():
    c = Checks()
    recipes = sorted(Path(sys.argv[2]).glob("*.recipe"))
    c.equal({r.stem for r in recipes}, set(JUDGES), "each recipe that is shipped is judged")
    with tempfile.TemporaryDirectory(prefix="tome-shipped-") as folder:
        cases = [make(Path(folder) / "raw", i, seed) for i, seed in enumerate((21, 22))]
        s = Store(sys.argv[1])
        c.equal(s.ingest(Path(folder) / "raw").status, 0, "ingest")
        for recipe in recipes:
            words = recipe.read_text()
            c.that(words.startswith("# ") and len(words.splitlines()) > 4, f"{recipe.name}: says where it comes from")
            o = Outcome(c, s, recipe)
            planned(c, s, recipe, o)
            JUDGES[recipe.stem](c, o, cases, recipe.name)
        s.close()
    sys.exit(c.done())


main()
