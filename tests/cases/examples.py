#!/usr/bin/python3
"""The examples: built here and, against an installed copy, by pkg-config as their comments say; what they print and write is judged by h5py, NumPy and SciPy.

    examples.py TOME --examples FOLDER --source FOLDER --build FOLDER --result TEST_RESULT
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
from scipy import ndimage

from tomelib import Checks, Store, nifti

NAMES = ("read_box", "recipe_box", "own_step", "loader")


def make(folder):
    """A CT of 52 x 47 x 31 (x, y, z) voxels of 0.9 x 0.9 x 2.5 mm with a liver and a tumour in one map."""
    rng = numpy.random.default_rng(11)
    image = ndimage.gaussian_filter(rng.normal(0, 900, (52, 47, 31)), 1.5).round().astype(numpy.int16)
    seg = numpy.zeros(image.shape, numpy.uint8)
    seg[10:40, 8:39, 6:25] = 1
    seg[18:26, 20:30, 10:16] = 2
    affine = numpy.diag([-0.9, -0.9, 2.5, 1])
    nifti(folder / "volume-0.nii.gz", image, affine)
    nifti(folder / "segmentation-0.nii.gz", seg, affine)


def run(c, *words, status=0):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=300)
    c.equal(done.returncode, status, f"{Path(words[0]).name} {words[2:]}: {done.stderr}")
    return done


def read_box(c, s, folder, image):
    out = run(c, folder / "read_box", s.path, "volume-0", "3:9,:-4,7:").stdout
    got = dict(line.split(" ", 1) for line in out.splitlines())
    want = image[3:9, :-4, 7:].astype(float)
    c.equal(got["shape"], "31 47 52", "read_box: shape")
    c.equal((got["spacing"], got["dtype"], got["units"]), ("2.5 0.9 0.9 mm", "int16", "HU"), "read_box: what it is")
    c.equal((int(got["voxels"]), float(got["min"]), float(got["max"])), (want.size, want.min(), want.max()), "read_box: range")
    c.near(float(got["mean"]), want.mean(), 1e-6, "read_box: mean")
    c.that("did you mean" in run(c, folder / "read_box", s.path, "volume-1", ":,:,:", status=1).stderr, "read_box: a near miss")


def linear_by_hand(image, seg, spacing, to):
    """SimpleITK's rules from their definition: same origin, position i*t/s, air beyond half a voxel, labels by nearest, half up."""
    shape = [round(n * s / to) for n, s in zip(image.shape, spacing)]
    at = [numpy.arange(n) * to / s for n, s in zip(shape, spacing)]
    grid = numpy.meshgrid(*at, indexing="ij")
    v = ndimage.map_coordinates(image.astype(float), grid, order=1, mode="nearest")
    near = [numpy.minimum(numpy.floor(a + 0.5).astype(int), n - 1) for a, n in zip(at, image.shape)]
    labels = seg[numpy.ix_(*near)]
    for axis, (a, n) in enumerate(zip(at, image.shape)):
        beyond = [slice(None)] * 3
        beyond[axis] = a >= n - 0.5
        v[tuple(beyond)] = -1024
        labels[tuple(beyond)] = 0
    return v, labels


def recipe_box(c, s, folder, image, seg):
    prefix = s.folder / "patch"
    out = run(c, folder / "recipe_box", s.path, "volume-0", "2:30,5:21,-12:", prefix).stdout
    v, labels = linear_by_hand(image, seg, (2.5, 0.9, 0.9), 2.0)
    v = numpy.clip((numpy.rint(v) - (40 - 200)) / 400, 0, 1)  # the resampled image stays int16
    box = numpy.s_[2:30, 5:21, -12:]
    c.that(f"image: {' '.join(map(str, v.shape))} voxels of 2 2 2 mm, float32" in out, f"recipe_box: the grid: {out}")
    got = numpy.fromfile(f"{prefix}-image.raw", "f4").reshape(v[box].shape)
    c.that(numpy.mean(numpy.abs(got - v[box]) > 1e-5) < 1e-3, "recipe_box: image (ties of the rounding apart)")
    c.near(got, v[box], 1 / 400 + 1e-5, "recipe_box: image")
    got = numpy.fromfile(f"{prefix}-segmentation.raw", "u1").reshape(v[box].shape)
    c.voxels(got, labels[box], "recipe_box: labels")
    c.that(labels[box].max() == 2, "recipe_box: the box holds a tumour at all")
    c.that(re.search(r"^hash [0-9a-f]{32}$", out, re.M), "recipe_box: hash")


def own_step(c, s, folder, image):
    out = s.folder / "own.raw"
    text = run(c, folder / "own_step", s.path, "volume-0", out, "mean:radius=2,1,3", "window:level=40,width=400", "gamma:0.5").stdout
    mean = ndimage.uniform_filter(image.astype(float), (5, 3, 7), mode="nearest")
    want = numpy.clip((mean - (40 - 200)) / 400, 0, 1) ** 0.5
    c.near(numpy.fromfile(out, "f4").reshape(image.shape), want, 2e-3, "own_step: mean, window, gamma")  # a root is steep at 0
    c.that("\nrecipe mean:radius=2,1,3 window:level=40,width=400," in text and "gamma:power=0.5\n" in text, f"own_step: its words: {text}")
    again = run(c, folder / "own_step", s.path, "volume-0", out, "mean:2,1,3", "window:width=400,level=40", "gamma:power=0.50").stdout
    other = run(c, folder / "own_step", s.path, "volume-0", out, "mean:2,1,2", "window:width=400,level=40", "gamma:power=0.50").stdout
    hash_of = lambda t: re.search(r"^hash (\w+)$", t, re.M)[1]
    c.that(hash_of(text) == hash_of(again) != hash_of(other), "own_step: the hash goes by what the steps say")
    for word, part in (("mean:radius=99", "0 ... 8"), ("mean:radios=2", "did you mean radius?"), ("maen:2", "did you mean mean?")):
        c.that(part in run(c, folder / "own_step", s.path, "volume-0", out, word, status=1).stderr, f"own_step: {word} is refused")


def loader(c, s, folder, image, seg):
    words = s.folder / "w.recipe"
    words.write_text("window:level=40,width=400  # nothing moves\n")
    call = [folder / "loader", s.path, "volume-0", words, 16]
    rows = [line.split() for line in run(c, *call, 40, 7).stdout.splitlines()]
    v = numpy.clip((image - (40 - 200)) / 400, 0, 1)
    c.equal(sorted(int(r[0]) for r in rows), list(range(40)), "loader: every patch once")
    for number, *at, total, labelled in rows:
        box = tuple(slice(int(a), int(a) + 16) for a in at)
        c.near(v[box].shape, (16, 16, 16), 0, f"loader: patch {number} lies inside")
        c.near(float(total), v[box].sum(), 2e-2, f"loader: image of patch {number}")
        c.equal(int(labelled), int((seg[box] > 0).sum()), f"loader: labels of patch {number}")
    again = sorted(line.split() for line in run(c, *call, 40, 7).stdout.splitlines())
    c.equal(again, sorted(rows), "loader: the same seed, the same patches")
    c.that(len({tuple(r[1:4]) for r in rows}) > 30, "loader: random places")
    going = subprocess.Popen([*map(str, call), "100000000", "7"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    going.stdout.readline()
    going.send_signal(signal.SIGINT)
    _, err = going.communicate(timeout=60)
    c.equal((going.returncode, err), (130, "loader: stopped\n"), "loader: Ctrl-C")


def check(c, s, folder):
    with s.case("volume-0") as f:
        image, seg = f["image"][:], f["labels/segmentation"][:]
    read_box(c, s, folder, image)
    recipe_box(c, s, folder, image, seg)
    own_step(c, s, folder, image)
    loader(c, s, folder, image, seg)


def installed(c, options, folder):
    """The examples compiled as a user would, out of the installed documentation: the folder with the programs, or None under a sanitizer."""
    if "TOME_SANITIZE:STRING=\n" not in (options.build / "CMakeCache.txt").read_text():
        return None  # a sanitized library wants sanitized programs
    prefix = folder / "prefix"
    subprocess.run(["/usr/bin/cmake", "--install", options.build, "--prefix", prefix], check=True, capture_output=True)
    pc, recipes = next(prefix.rglob("tome.pc")).parent, prefix / "share/tome/recipes"
    c.equal(sorted(p.name for p in recipes.iterdir()), sorted(p.name for p in (options.source / "examples/recipes").iterdir()), "recipes are installed")
    asked = subprocess.run(["pkg-config", "--cflags", "--libs", "tome"], capture_output=True, text=True, check=True,
                           env={**os.environ, "PKG_CONFIG_PATH": str(pc)}).stdout.split()
    for name in NAMES:
        source = next(prefix.rglob(f"examples/{name}.c"))
        line = re.search(rf"cc {name}\.c -o {name} \$\(pkg-config --cflags --libs tome\)(.*)", source.read_text())
        c.that(line, f"{name}: says how it is built")
        c.equal(run(c, "cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", source, "-o", folder / name, *asked, *line[1].split()).stderr, "", f"{name}: builds in silence")
    os.environ["LD_LIBRARY_PATH"] = str(next(prefix.rglob("libtome.so.0")).parent)
    return folder


def main():
    p = argparse.ArgumentParser()
    p.add_argument("tome")
    for name in ("examples", "source", "build", "result"):
        p.add_argument(f"--{name}", type=Path)
    options = p.parse_args()
    c = Checks()
    with tempfile.TemporaryDirectory(prefix="tome-examples-") as folder:
        make(Path(folder) / "raw")
        s = Store(options.tome)
        c.equal(s.ingest(Path(folder) / "raw").status, 0, "ingest")
        print(run(c, options.result, s.path, "volume-0").stderr, end="")
        check(c, s, options.examples)
        theirs = installed(c, options, Path(folder))
        if theirs:
            check(c, s, theirs)
        s.close()
    sys.exit(c.done())


main()
