#!/usr/bin/python3
"""Outputs of tome get, each read back by an independent reader: NumPy, nibabel, h5py, PIL, zipfile.

    outputs.py TOME
"""
import fcntl
import hashlib
import itertools
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import h5py
import nibabel
import numpy
from PIL import Image

from tomelib import Checks, Store, nifti

RECIPE = ("orient:LPS", "resample:spacing=1.5,order=1")
ANGLE = numpy.radians(12)
STRAIGHT = numpy.array([[-1.0, 0, 0, 90], [0, -1.0, 0, 110], [0, 0, 2, -700], [0, 0, 0, 1.0]])
OBLIQUE = numpy.array([[0.9 * numpy.cos(ANGLE), -0.8 * numpy.sin(ANGLE), 0, -30], [0.9 * numpy.sin(ANGLE), 0.8 * numpy.cos(ANGLE), 0, 12],
                       [0, 0, 2.5, 55], [0, 0, 0, 1.0]])


def make(folder):
    """Three CTs of different shapes, the last one oblique; liver everywhere, a tumour that 5 mm voxels miss in volume-1, and in volume-2 one that
    they nearly miss."""
    rng = numpy.random.default_rng(5)
    shapes = {"0": (40, 44, 16), "1": (45, 50, 14), "2": (40, 41, 12)}
    for name, shape in shapes.items():
        image = rng.integers(-1000, 1500, shape).astype(numpy.int16)
        seg = numpy.zeros(shape, numpy.uint8)
        seg[5:35, 5:38, 2:11] = 1
        if name == "0":
            seg[10:25, 10:28, 4:9] = 2
        elif name == "1":
            seg[11:13, 12, 6] = 2  # two voxels, between the samples at 10 and 15
        else:
            seg[10:30, 14:18, 5:8] = 2  # between the samples at 12 and 19
            seg[10:15, 12, 5:8] = 2
        affine = OBLIQUE if name == "2" else STRAIGHT
        nifti(folder / f"volume-{name}.nii.gz", image, affine)
        nifti(folder / f"segmentation-{name}.nii.gz", seg, affine)


def store_of(program, raw):
    s = Store(program)
    assert s.ingest(raw).status == 0
    return s


def get(s, *words, **kw):
    return s.tome("get", s.path, *words, **kw)


def drafts(folder):
    return [str(p) for p in Path(folder).rglob(".*") if ".tmp-" in p.name]


def ras(spacing, origin, direction):
    """The affine by the definition of schema/store.md."""
    a = numpy.eye(4)
    for column, axis in enumerate((2, 1, 0)):
        a[:3, column] = spacing[axis] * numpy.asarray(direction)[axis]
    a[:3, 3] = origin
    return numpy.diag([-1.0, -1, 1, 1]) @ a


# ---- formats -------------------------------------------------------------------------------------------------

def reference(s):
    """image and labels of every case through RECIPE, as plain NIfTI, one volume a call: what get did before it knew templates."""
    out = {}
    for case in ("volume-0", "volume-1", "volume-2"):
        image, seg = s.folder / f"ref-{case}.nii", s.folder / f"ref-{case}-seg.nii"
        assert get(s, case, *RECIPE, "-o", image, "-q").status == 0 and get(s, case, *RECIPE, "-o", seg, "--label", "segmentation", "-q").status == 0
        a, b = nibabel.load(str(image)), nibabel.load(str(seg))
        with s.case(case) as f:
            hash_ = f["image"].attrs["voxel_hash"].decode()
        out[case] = {"image": numpy.asarray(a.dataobj).T, "segmentation": numpy.asarray(b.dataobj).T, "affine": a.affine, "hash": hash_}
    return out


def check_carried(c, told, case, ref, what):
    """`told`: spacing, origin, direction, recipe, recipe_hash, voxel_hash, id, however they were kept."""
    c.equal(told["id"], case, f"{what}: id")
    c.equal(told["voxel_hash"], ref["hash"], f"{what}: voxel hash")
    c.that("resample:spacing=1.5" in told["recipe"] and len(told["recipe_hash"]) == 32, f"{what}: recipe")
    c.near(ras(told["spacing"], told["origin"], told["direction"]), ref["affine"], 1e-4, f"{what}: geometry")
    c.near(told["affine"], ref["affine"], 1e-4, f"{what}: affine")


def npy(c, s, refs):
    done = get(s, "--all", *RECIPE, "-o", s.folder / "npy/{id}.npy")
    c.equal(done.status, 0, f"npy: {done.err}")
    for case, ref in refs.items():
        for volume, name in (("image", case), ("segmentation", f"{case}_segmentation")):
            path = s.folder / "npy" / f"{name}.npy"
            c.voxels(numpy.load(path), ref[volume], f"npy {name}")
            told = json.loads(Path(f"{path}.json").read_text())
            check_carried(c, told, case, ref, f"npy {name}")
            c.equal((told["volume"], told["shape"]), (volume, list(ref[volume].shape)), f"npy {name}: volume and shape")
    done = get(s, "--all", *RECIPE, "-o", s.folder / "npy2/{id}/{label}.npy", "-q")
    for case, ref in refs.items():
        for volume in ("image", "segmentation"):
            c.voxels(numpy.load(s.folder / "npy2" / case / f"{volume}.npy"), ref[volume], f"npy {case}/{volume}: {done.err}")


def npz(c, s, refs):
    done = get(s, "--where", "tumor_ml > 0", *RECIPE, "-o", s.folder / "npz/{id}.npz")
    c.equal(done.status, 0, f"npz: {done.err}")
    for case, ref in refs.items():
        path = s.folder / "npz" / f"{case}.npz"
        with numpy.load(path, allow_pickle=False) as z:
            c.voxels(z["image"], ref["image"], f"npz {case}: image")
            c.voxels(z["labels/segmentation"], ref["segmentation"], f"npz {case}: labels")
            check_carried(c, {k: z[k] if z[k].ndim else z[k].item() for k in z.files if "/" not in k and k != "image"}, case, ref, f"npz {case}")
            c.equal(z["image"].dtype, numpy.dtype("int16"), "npz: the stored type")
        test = subprocess.run(["/usr/bin/python3", "-m", "zipfile", "-t", path], capture_output=True, text=True)
        c.that(test.returncode == 0 and "Done testing" in test.stdout and "bad" not in test.stdout, f"npz {case}: zipfile -t: {test.stdout}{test.stderr}")
        with zipfile.ZipFile(path) as z:
            c.that(z.getinfo("image.npy").compress_type == zipfile.ZIP_DEFLATED, "npz: deflated")
            c.that(z.getinfo("labels/segmentation.npy").compress_size < z.getinfo("labels/segmentation.npy").file_size / 10, "npz: labels shrink")


def nii(c, s, refs):
    for ending in ("nii", "nii.gz"):
        done = get(s, "--all", *RECIPE, "-o", s.folder / ("nii/{id}_{label}." + ending), "-q")
        c.equal(done.status, 0, f"{ending}: {done.err}")
        for (case, ref), volume in itertools.product(refs.items(), ("image", "segmentation")):
            path = s.folder / "nii" / f"{case}_{volume}.{ending}"
            image = nibabel.load(str(path))
            c.voxels(numpy.asarray(image.dataobj).T, ref[volume], f"{path.name}")
            c.near(image.affine, ref["affine"], 1e-5, f"{path.name}: affine")
            c.equal(image.header.get_data_dtype(), ref[volume].dtype, f"{path.name}: type")
            (extension,) = image.header.extensions
            c.equal(extension.get_code(), 6, "an extension for comments")
            content = extension.get_content()
            told = json.loads((content if isinstance(content, str) else content.decode()).rstrip("\0"))
            check_carried(c, told, case, ref, path.name)
            c.equal(told["volume"], volume, f"{path.name}: volume")
    raw = (s.folder / "nii" / "volume-0_image.nii").read_bytes()
    offset = int(numpy.frombuffer(raw[108:112], "<f4")[0])
    size, code = numpy.frombuffer(raw[352:360], "<i4")
    c.that(raw[348:352] == b"\1\0\0\0" and code == 6 and size % 16 == 0 and offset == 352 + size, f"nii: vox_offset {offset}, extension of {size} bytes")
    voxels = numpy.frombuffer(raw[offset:], "<i2").reshape(refs["volume-0"]["image"].shape)
    c.voxels(voxels, refs["volume-0"]["image"], "nii: the voxels begin at vox_offset")


def png(c, s, refs):
    done = get(s, "--all", *RECIPE, "-o", s.folder / "png/{id}/{z:03}.png", "-q")
    c.equal(done.status, 0, f"png: {done.err}")
    for case, ref in refs.items():
        slices = [Image.open(s.folder / "png" / case / f"{z:03}.png") for z in range(len(ref["image"]))]
        told = json.loads(slices[1].text["Comment"])
        check_carried(c, told, case, ref, f"png {case}")
        c.equal((told["slices"], told["z"], told["offset"]), (len(slices), 1, -32768), "png: which slice, and the offset")
        stack = numpy.stack([numpy.asarray(i) for i in slices]).astype(int) + told["offset"]
        c.voxels(stack, ref["image"].astype(int), f"png {case}: 16 bits with the offset")
        labels = [Image.open(s.folder / "png" / case / f"{z:03}_segmentation.png") for z in range(len(slices))]
        c.equal({i.mode for i in labels}, {"L"}, "png: labels in 8 bits")
        c.voxels(numpy.stack([numpy.asarray(i) for i in labels]), ref["segmentation"], f"png {case}: labels")
        c.equal(len(list((s.folder / "png" / case).iterdir())), 2 * len(slices), "png: nothing else")
    for ending, steps, labels in (("bmp", ["window:level=40,width=400,scale=uint8"], "L"), ("gif", ["window:level=40,width=400,scale=uint8"], "L"), ("tif", [], "L"),
                                  ("tiff", ["window:level=40,width=400"], "L")):
        out = s.folder / ending / ("{id}_{z:02}." + ending)
        done = get(s, "volume-0", *steps, "-o", out)
        c.equal(done.status, 0, f"{ending} slices: {done.err}")
        get(s, "volume-0", *steps, "-o", s.folder / f"{ending}.npy", "-q")
        want = numpy.load(s.folder / f"{ending}.npy")
        got = numpy.stack([numpy.asarray(Image.open(out.parent / f"volume-0_{z:02}.{ending}").convert("L") if ending in ("bmp", "gif") else Image.open(out.parent / f"volume-0_{z:02}.{ending}")) for z in range(len(want))])
        c.voxels(got.astype(want.dtype), want, f"{ending}: slices")
        told = json.loads((out.parent / f"volume-0_01.{ending}.json").read_text())
        c.equal((told["z"], told["offset"], told["slices"]), (1, 0, len(want)), f"{ending}: what is told beside it")
        c.equal(len(list(out.parent.iterdir())), 4 * len(want), f"{ending}: image and labels, each with its text")
        again = get(s, "volume-0", *steps, "-o", out)
        c.that(again.status == 0 and "nothing to do" in again.err, f"{ending}: again: {again.err}")
    get(s, "volume-0", "window:level=40,width=400,scale=uint8", "-o", s.folder / "w/{z}.png", "-q")
    eight = numpy.stack([numpy.asarray(Image.open(s.folder / "w" / f"{z}.png")) for z in range(16)])
    get(s, "volume-0", "window:level=40,width=400,scale=uint8", "-o", s.folder / "w.npy", "-q")
    c.that(eight.dtype == numpy.uint8, "png: a recipe that ends in uint8 gives 8 bits")
    c.voxels(eight, numpy.load(s.folder / "w.npy"), "png: windowed")
    done = get(s, "volume-0", "window:level=40,width=400", "-o", s.folder / "f/{z}.png")
    c.that(done.status == 2 and "float32" in done.err and "scale=uint8" in done.err and not (s.folder / "f").exists(), f"png: float is refused: {done.err}")
    done = get(s, "volume-0", "-o", s.folder / "one.png")
    c.that(done.status == 2 and "{z" in done.err, f"png: many slices need {{z}}: {done.err}")


def archive(c, s, refs):
    path = s.folder / "all.h5"
    done = get(s, "--all", *RECIPE, "-o", path)
    c.equal(done.status, 0, f"h5: {done.err}")
    with h5py.File(path) as f:
        c.equal(sorted(f), sorted(refs), "h5: a group a case")
        for case, ref in refs.items():
            g = f[case]
            c.voxels(g["image"][:], ref["image"], f"h5 {case}")
            c.voxels(g["labels/segmentation"][:], ref["segmentation"], f"h5 {case}: labels")
            for d in (g["image"], g["labels/segmentation"]):
                told = {k: g.attrs[k].decode() for k in ("id", "recipe", "recipe_hash", "voxel_hash")}
                check_carried(c, {**told, **{k: d.attrs[k] for k in ("spacing", "origin", "direction", "affine")}}, case, ref, f"h5 {case}")
            c.that(g["image"].compression == "gzip" and g["image"].shuffle and g["image"].fletcher32, "h5: shuffle, deflate, checksum")
            c.equal(g["image"].attrs["units"].decode(), "HU", "h5: units")
    # an archive is like a folder: more cases join, what matches stays, what differs needs --force
    path = s.folder / "grow.h5"
    get(s, "volume-0", *RECIPE, "-o", path, "-q")
    done = get(s, "volume-0", "volume-1", *RECIPE, "-o", path, "--json")
    c.equal(sorted((e["event"], e["id"]) for e in done.events()[:-1]), [("skipped", "volume-0"), ("written", "volume-1")], "h5: a case joins")
    done = get(s, "volume-0", "-o", path)
    c.that(done.status == 1 and "--force" in done.err, f"h5: made otherwise: {done.err}")
    done = get(s, "volume-0", "-o", path, "--force")
    c.equal(done.status, 0, f"h5: forced: {done.err}")
    with h5py.File(path) as f, s.case("volume-0") as stored:
        c.equal(sorted(f), ["volume-0", "volume-1"], "h5: the other case stays")
        c.voxels(f["volume-0/image"][:], stored["image"][:], "h5: replaced")
        c.voxels(f["volume-1/image"][:], refs["volume-1"]["image"], "h5: carried over")
        c.voxels(f["volume-1/labels/segmentation"][:], refs["volume-1"]["segmentation"], "h5: carried over, labels")
        c.near(f["volume-1/image"].attrs["affine"], refs["volume-1"]["affine"], 1e-4, "h5: carried over, geometry")
    (s.folder / "other.h5").write_bytes(b"not mine")
    done = get(s, "volume-0", "-o", s.folder / "other.h5")
    c.that(done.status == 1 and (s.folder / "other.h5").read_bytes() == b"not mine", f"h5: somebody else's file is left alone: {done.err}")


def boxes(c, s, refs):
    box = ("--box", "2:7,5:17,3:-4")
    get(s, "volume-2", *RECIPE, *box, "-o", s.folder / "box/{id}.npz", "-q")
    get(s, "volume-2", *RECIPE, *box, "-o", s.folder / "box.h5", "-q")
    get(s, "volume-2", *RECIPE, *box, "-o", s.folder / "box.npy", "-q")
    cut = (slice(2, 7), slice(5, 17), slice(3, -4))
    want = refs["volume-2"]
    moved = want["affine"] @ [3, 5, 2, 1]
    with numpy.load(s.folder / "box/volume-2.npz") as z, h5py.File(s.folder / "box.h5") as f:
        c.voxels(z["image"], want["image"][cut], "a box in npz")
        c.voxels(z["labels/segmentation"], want["segmentation"][cut], "its labels")
        c.voxels(f["volume-2/image"][:], z["image"], "the box in h5")
        c.near(z["affine"][:, 3], moved, 1e-4, "a box lies where it was cut")
        c.near(z["box"], [2, 7, 5, 17, 3, want["image"].shape[2] - 4], 0, "the box is a fact")
    c.voxels(numpy.load(s.folder / "box.npy"), want["image"][cut], "the box in npy")
    done = get(s, "volume-2", *RECIPE, "-o", s.folder / "box/{id}.npz")
    c.that(done.status == 1 and "--force" in done.err, "another box is another result")


# ---- many cases -------------------------------------------------------------------------------------------------

def skipping(c, s):
    words = ("--all", *RECIPE, "-o", s.folder / "npy/{id}.npy", "--json")
    before = {p: p.stat().st_mtime_ns for p in (s.folder / "npy").iterdir()}
    done = get(s, *words)
    c.equal([e["event"] for e in done.events()], ["skipped"] * 3 + ["summary"], "a second run skips")
    c.that({p: p.stat().st_mtime_ns for p in (s.folder / "npy").iterdir()} == before, "and touches nothing")
    for ending in ("npz/{id}.npz", "nii/{id}_{label}.nii", "nii/{id}_{label}.nii.gz", "png/{id}/{z:03}.png", "all.h5"):
        done = get(s, "--all", *RECIPE, "-o", s.folder / ending, "--json")
        c.equal([e["event"] for e in done.events()], ["skipped"] * 3 + ["summary"], f"a second run skips {ending}: {done.err}")
    (s.folder / "npy/volume-1_segmentation.npy").unlink()
    (s.folder / "npy/volume-1.npy").unlink()
    done = get(s, *words)
    c.equal(sorted(e["event"] for e in done.events()), ["skipped", "skipped", "summary", "written"], "what is gone is made again")
    other = ("--all", "resample:spacing=2,order=1", "-o", s.folder / "npy/{id}.npy")
    done = get(s, *other)
    c.that(done.status == 1 and done.err.count("--force overwrites it") == 3, f"made otherwise is refused: {done.err}")
    done = get(s, *other, "--force")
    c.that(done.status == 0 and "3 written" in done.err, f"--force: {done.err}")
    c.equal(json.loads((s.folder / "npy/volume-0.npy.json").read_text())["spacing"], [2, 2, 2], "--force redoes it")
    (s.folder / "png/volume-0/005.png").unlink()
    done = get(s, "volume-0", *RECIPE, "-o", s.folder / "png/{id}/{z:03}.png")
    c.that(done.status == 1, "a stack with a slice gone is no match")


def names(c, s):
    folder = s.folder / "names"
    for path, part in (("x.npy", "{id}"), ("{n}.npy", "{id}"), ("{idd}.npy", "{id}"), ("{id}.doc", "no format"), ("{id}.h5", "archive"),
                       ("{id}_{label}.npz", "{label}"), ("{id}_{z}.npy", "{z} is for slices in .png"), ("{id:03}.npy", "stands for nothing"), ("noending", "no format")):
        done = get(s, "--all", "-o", folder / path)
        c.that(done.status == 2 and part in done.err and not folder.exists(), f"{path} is refused: {done.status} {done.err}")
    done = get(s, "volume-0", "volume-0", "-o", folder / "{id}.npy")
    c.that(done.status == 2 and "twice" in done.err, f"one case twice: {done.err}")
    done = get(s, "--where", "tumor_ml > 1e9", "-o", folder / "{id}.npy")
    c.that(done.status == 1 and "no case" in done.err, f"--where without any: {done.err}")
    done = get(s, "--where", "tumr_ml > 0", "-o", folder / "{id}.npy")
    c.that(done.status == 2 and "tumor_ml" in done.err, f"--where with a slip: {done.err}")
    done = get(s, "--all", "--where", "1", "-o", folder / "{id}.npy")
    c.equal(done.status, 2, "--all and --where")
    done = get(s, "volume-0", "--label", "segmentation", "-o", folder / "x.npz")
    c.that(done.status == 2 and "--label" in done.err, f"--label and npz: {done.err}")
    done = get(s, "--all", "resampel:spacing=1", "-o", folder / "{id}.npy")
    c.that(done.status == 2 and "resample" in done.err and not folder.exists(), f"a bad recipe is told once: {done.err}")
    done = get(s, "--all", "--label", "tumor", "-o", folder / "{id}/{{{label}}}.npy", "-q")
    c.equal(done.status, 0, f"a structure of all: {done.err}")
    with s.case("volume-1") as f:
        c.voxels(numpy.load(folder / "volume-1" / "{tumor}.npy"), (f["labels/segmentation"][:] == 2).astype(numpy.uint8), "a structure, braces in its name")
    done = get(s, "volume-0", "-o", s.folder / "npy/volume-1.npy")
    c.that(done.status == 1 and "exists already; --force" in done.err, f"one plain file is never skipped: {done.err}")


def same_whatever_the_jobs(c, s):
    for ending in ("{id}.npy", "{id}.npz", "{id}.nii.gz", "{id}/{z}.png", "x.h5"):
        for jobs in (1, 2, 5):
            done = get(s, "--all", *RECIPE, "-o", s.folder / f"jobs{jobs}" / ending, "--jobs", jobs, "-q")
            c.equal(done.status, 0, f"jobs {jobs} {ending}: {done.err}")
    one = {p.relative_to(s.folder / "jobs1"): p for p in (s.folder / "jobs1").rglob("*") if p.is_file() and p.suffix != ".h5"}
    for jobs in (2, 5):
        for name, path in one.items():
            c.that((s.folder / f"jobs{jobs}" / name).read_bytes() == path.read_bytes(), f"{name} is the same with {jobs} jobs")
        with h5py.File(s.folder / "jobs1/x.h5") as a, h5py.File(s.folder / f"jobs{jobs}/x.h5") as b:
            for case, volume in itertools.product(a, ("image", "labels/segmentation")):
                c.voxels(b[case][volume][:], a[case][volume][:], f"h5 {case}/{volume} is the same with {jobs} jobs")


def one_bad_case(c, program, s):
    broken = Store(program)
    shutil.rmtree(broken.path)
    shutil.copytree(s.path, broken.path)
    file = broken.path / "cases/volume-1.h5"
    data = bytearray(file.read_bytes())
    with h5py.File(file) as f:
        at = f["image"].id.get_chunk_info(0)
    data[at.byte_offset + 8] ^= 0xFF
    file.write_bytes(data)
    for ending in ("bad/{id}.npy", "bad.h5"):
        done = get(broken, "--all", "-o", broken.folder / ending, "--json")
        c.equal(sorted((e["event"], e.get("id")) for e in done.events()[:-1]), [("failed", "volume-1"), ("written", "volume-0"), ("written", "volume-2")], ending)
        c.that(done.status == 1 and "volume-1" in done.err and done.events("summary")[0]["failed"] == 1, f"the exit status says so: {done.err}")
    c.equal(sorted(p.name for p in (broken.folder / "bad").glob("*.npy")), ["volume-0.npy", "volume-0_segmentation.npy", "volume-2.npy", "volume-2_segmentation.npy"],
            "nothing of the bad case")
    with h5py.File(broken.folder / "bad.h5") as f:
        c.equal(sorted(f), ["volume-0", "volume-2"], "no half case in the archive")
    broken.close()


# ---- trouble -----------------------------------------------------------------------------------------------------

def small_files():
    """Like a full disk: writes beyond 8 KiB of a file fail."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))


def full_disk(c, s):
    for ending in ("{id}.npy", "{id}.npz", "{id}.nii", "{id}.nii.gz", "x.h5", "plain.npy", "plain.h5"):
        out = s.folder / "full" / ending
        words = ["volume-0"] if "plain" in ending else ["--all"]
        done = subprocess.run([s.program, "get", s.path, *words, "-o", out], capture_output=True, text=True, preexec_fn=small_files)
        left = [p.name for p in (s.folder / "full").rglob("*") if p.is_file()] if (s.folder / "full").exists() else []
        c.that(done.returncode == 1 and "File too large" in done.stderr, f"full disk, {ending}: {done.returncode} {done.stderr}")
        c.equal(left, [], f"full disk, {ending}: nothing is left")
    (s.folder / "file").write_text("")
    for ending in ("{id}.npy", "x.h5"):
        done = get(s, "--all", "-o", s.folder / "file" / ending)
        c.that(done.status == 1 and "folder" in done.err, f"a folder that cannot be made: {done.err}")


def killed(c, program, raw):
    random.seed(3)
    s = store_of(program, raw)
    whole = None
    for i in range(24):
        ending = ("k/{id}.npy", "k.h5", "k/{id}.npz", "kp/{id}/{z}.png")[i % 4]
        p = subprocess.Popen([program, "get", s.path, "--all", *RECIPE, "-o", s.folder / ending], stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0.005, 0.06))
        p.kill()
        p.wait()
        for path in s.folder.rglob("*.npy"):
            c.that(numpy.load(path).size > 0, f"{path} is whole")
        for path in s.folder.rglob("*.npz"):
            with zipfile.ZipFile(path) as z:
                c.that(z.testzip() is None, f"{path} is whole")
        for path in s.folder.rglob("*.png"):
            Image.open(path).load()
        if (s.folder / "k.h5").exists():
            with h5py.File(s.folder / "k.h5") as f:
                c.equal(len(f), 3, "an archive is there whole or not at all")
    for ending in ("k/{id}.npy", "k.h5", "k/{id}.npz", "kp/{id}/{z}.png"):
        done = get(s, "--all", *RECIPE, "-o", s.folder / ending, "--force")
        c.equal(done.status, 0, f"running it again completes {ending}: {done.err}")
    c.equal(drafts(s.folder), [], "and what the killed ones left is swept away")
    whole = hashlib.sha256(numpy.load(s.folder / "k/volume-2.npy").tobytes()).hexdigest()
    with numpy.load(s.folder / "k/volume-2.npz") as z:
        c.equal(hashlib.sha256(z["image"].tobytes()).hexdigest(), whole, "the same voxels")
    s.close()


def interrupted(c, s):
    p = subprocess.Popen([s.program, "get", s.path, "--all", "resample:spacing=0.4,order=3", "-o", s.folder / "stop.h5"], stderr=subprocess.PIPE, text=True)
    time.sleep(0.4)
    p.send_signal(signal.SIGINT)
    err = p.communicate()[1]
    if p.returncode == 130:
        c.that("stopped" in err and not (s.folder / "stop.h5").exists() and not drafts(s.folder), f"Ctrl-C leaves nothing: {err}")
    else:
        c.that(p.returncode == 0, f"it was done before: {err}")


# ---- survival ----------------------------------------------------------------------------------------------------

def survival(c, s):
    def rows(done):
        return {e["id"]: {r["name"]: r for r in e["survival"]} for e in done.events("written")}
    done = get(s, "--all", "resample:spacing=5,order=1", "-o", s.folder / "five/{id}.npz", "--json")
    told = rows(done)
    c.equal({k: v["tumor"]["fate"] for k, v in told.items()}, {"volume-0": "kept", "volume-1": "vanished", "volume-2": "shrunk"}, "what becomes of tumours")
    c.equal({v["liver"]["fate"] for v in told.values()}, {"kept"}, "the liver stays")
    c.equal((told["volume-1"]["tumor"]["voxels_before"], told["volume-1"]["tumor"]["voxels_after"]), (2, 0), "two voxels, then none")
    for case, by_name in told.items():
        with numpy.load(s.folder / f"five/{case}.npz") as z, s.case(case) as f:
            for name, value in (("liver", 1), ("tumor", 2)):
                before, after = int((f["labels/segmentation"][:] == value).sum()), int((z["labels/segmentation"] == value).sum())
                ml = [n * abs(numpy.linalg.det(numpy.asarray(a)[:3, :3])) / 1000 for n, a in ((before, f["image"].attrs["affine"]), (after, z["affine"]))]
                r = by_name[name]
                c.equal((r["voxels_before"], r["voxels_after"]), (before, after), f"{case} {name}: voxels")
                c.near([r["ml_before"], r["ml_after"]], ml, 1e-6, f"{case} {name}: ml")
                c.equal(r["fate"] == "shrunk", 0 < ml[1] < ml[0] / 2, f"{case} {name}: shrinks")
    lines = [line for line in done.err.splitlines() if "vanishes" in line or "shrinks" in line]
    c.that(len(lines) == 2 and any("volume-1" in x and "tumor" in x and "2 voxels" in x for x in lines) and any("volume-2" in x and "shrinks" in x for x in lines),
           f"named on stderr, and no other: {lines}")
    # steps that act on label values are deliberate
    done = get(s, "volume-0", "resample:spacing=5,order=1", "keep:liver", "-o", s.folder / "kept/{id}.npz", "--json")
    c.equal({k: r["fate"] for k, r in rows(done)["volume-0"].items()}, {"liver": "kept", "tumor": "kept"}, "keep:liver takes the tumour out on purpose")
    done = get(s, "volume-1", "keep:tumor", "resample:spacing=5,order=1", "-o", s.folder / "kept/{id}.npz", "--json")
    c.equal(rows(done)["volume-1"]["tumor"]["fate"], "vanished", "the geometry takes it out all the same")
    done = get(s, "volume-1", "resample:spacing=5,order=1", "--label", "tumor", "-o", s.folder / "t.npy")
    c.that("vanishes" in done.err and done.status == 0, f"one structure: {done.err}")
    for words in (("--box", "0:2,:,:"), ()):
        done = get(s, "volume-1", *(("resample:spacing=5,order=1",) if words else ("window:liver",)), *words, "-o", s.folder / f"none{len(words)}/{{id}}.npz", "--json")
        c.that("vanishes" not in done.err and all(r["fate"] == "kept" for v in rows(done).values() for r in v.values()), f"nothing to tell: {done.err}")
    done = get(s, "volume-1", "crop:mask=liver", "-o", s.folder / "crop/{id}.npz", "--json")
    c.equal(rows(done)["volume-1"]["liver"]["voxels_after"], rows(done)["volume-1"]["liver"]["voxels_before"], "a crop to the liver keeps it")


def picked(c, s):
    """--label after steps that rename values or merge maps: the structure that was asked for, or a sentence."""
    with s.case("volume-0") as f:
        seg = f["labels/segmentation"][()]

    def mask(*words):
        path = s.folder / "picked.npy"
        done = get(s, "volume-0", *words, "-o", path, "--force")
        c.equal(done.status, 0, f"{words}: {done.err}")
        return numpy.load(path) if done.status == 0 else numpy.zeros(1)

    def refused(part, *words):
        done = get(s, "volume-0", *words, "-o", s.folder / "refused.npy")
        c.that(done.status in (1, 2) and part in done.err and not (s.folder / "refused.npy").exists(), f"{words}: {part}: {done.err}")
    for words, want in ((("remap:2=7", "--label", "tumor"), seg == 2), (("remap:1=2,2=1", "--label", "tumor"), seg == 2),
                        (("remap:1=2,2=1", "remap:1=300", "--label", "segmentation/tumor"), seg == 2),
                        (("keep:liver", "--label", "liver"), seg == 1),
                        (("merge:tumor=3,liver=5", "--label", "labels"), numpy.choose(seg, [0, 5, 3])),
                        (("merge:segmentation=1", "remap:1=9", "--label", "labels"), (seg > 0) * 9)):
        got = mask(*words)
        c.that(got.shape == seg.shape and (got == want).all(), f"{words}: as NumPy has it")
    refused("gives tumor and liver one value (1)", "remap:2=1", "--label", "tumor")
    refused("gives tumor and the background one value (2)", "remap:0=2", "--label", "tumor")
    refused("makes tumor background", "keep:liver", "--label", "tumor")
    refused("tumor cannot be told apart any more; ask for what it leaves: labels", "merge:liver=1,tumor=2", "--label", "tumor")
    refused("the recipe leaves the label map labels", "merge:liver=1,tumor=2", "--label", "lables")
    done = get(s, "volume-1", "merge:liver=1,tumor=2", "resample:spacing=5", "--label", "labels", "-o", s.folder / "picked.npy", "--force", "--json")
    lost = [r["name"] for r in done.events("written")[0]["survival"] if r["fate"] == "vanished"]
    c.equal(lost, ["tumor"], "what merging and resampling lose is told")


def units(c, s):
    """HU are said only where values are HU."""
    for steps, want in (((), b"HU"), (("clip:-100,200",), b"HU"), (("resample:spacing=3",), b"HU"), (("window:liver",), b""), (("clip:-100,200", "normalise:zscore"), b"")):
        path = s.folder / "units.h5"
        path.unlink(missing_ok=True)
        c.equal(get(s, "volume-0", *steps, "-o", path).status, 0, f"{steps}")
        with h5py.File(path) as f:
            c.equal(f["volume-0/image"].attrs["units"], want, f"units after {steps}")


def left_over_folders(c, s):
    """The draft folder that a crash has left goes with the next run; one that a living process holds stays."""
    dead, held = s.folder / ".v.tmp-Abc123", s.folder / ".w.tmp-Abc123"
    for folder in (dead, held):
        folder.mkdir()
        (folder / "1.dcm").write_bytes(b"half")
    fd = os.open(held, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    done = get(s, "volume-0", "-o", f"{s.folder}/v/")
    c.equal((done.status, dead.exists(), held.exists()), (0, False, True), f"swept: {done.err}")
    os.close(fd)
    shutil.rmtree(held)


def main():
    c, program = Checks(), sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="tome-outputs-") as folder:
        raw = Path(folder) / "raw"
        make(raw)
        s = store_of(program, raw)
        refs = reference(s)
        for part in (npy, npz, nii, png, archive, boxes):
            part(c, s, refs)
        for part in (skipping, names, same_whatever_the_jobs, full_disk, interrupted, survival, picked, units, left_over_folders):
            part(c, s)
        one_bad_case(c, program, s)
        killed(c, program, raw)
        c.equal(drafts(s.folder), [], "no drafts are left behind")
        s.close()
    sys.exit(c.done())


main()
