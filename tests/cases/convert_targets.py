#!/usr/bin/python3
"""tome convert into what is more than one file, or more than one array: headers with their voxels beside them, .npz with its geometry, data sets added to an HDF5
file that is there. nibabel, NumPy and h5py judge.

    convert_targets.py TOME
"""
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import nibabel
import numpy

from tomelib import Checks, Result


class Work:
    def __init__(self, program, c):
        self.program, self.c, self.folder = program, c, Path(tempfile.mkdtemp(prefix="tome-targets-"))

    def __call__(self, *words, status=0, says="", limit=None):
        small = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None
        done = Result(subprocess.run([self.program, "convert", *words], cwd=self.folder, capture_output=True, text=True, timeout=300, preexec_fn=small,
                                     restore_signals=False))  # no death by SIGXFSZ
        self.c.equal(done.status, status, f"{words}: exit status; {done.err[:400]}")
        self.c.that(says in done.err, f"{words}: says {says!r}: {done.err[:400]}")
        return done

    def files(self):
        return sorted(p.name for p in self.folder.iterdir())

    def fresh(self):
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        rng = numpy.random.default_rng(3)
        self.a = (rng.normal(size=(6, 50, 70)) * 900).astype("i2")
        q, _ = numpy.linalg.qr(rng.normal(size=(3, 3)))
        affine = numpy.eye(4)
        affine[:3, :3], affine[:3, 3] = q * [0.7, 0.8, 2.5], [5, -6, 7]
        image = nibabel.Nifti1Image(self.a.T, affine)
        image.set_sform(affine, 1)
        nibabel.save(image, self.folder / "in.nii.gz")
        self.affine = nibabel.load(self.folder / "in.nii.gz").affine


def same(w, source, what):
    """What is read back, as NIfTI."""
    (w.folder / "back.nii").unlink(missing_ok=True)
    w(source, "back.nii")
    image = nibabel.load(w.folder / "back.nii")
    w.c.voxels(numpy.asarray(image.dataobj).T, w.a, what)
    w.c.near(image.affine[:3], w.affine[:3], 1e-6, what)
    (w.folder / "back.nii").unlink()


def pairs(w):
    for header, voxels, more in (("v.mhd", "v.raw", ()), ("v.mhd", "v.zraw", ("--level", "3")), ("v.nhdr", "v.raw.gz", ()), ("v.hdr", "v.img", ())):
        w.fresh()
        w("in.nii.gz", header, *more)
        w.c.equal(w.files(), sorted(["in.nii.gz", header, voxels]), f"{header}: its two files")
        same(w, header, header)
        before = {p: (w.folder / p).read_bytes() for p in w.files()}
        w("in.nii.gz", header, *more, status=1, says=f"{header}: exists already")
        (w.folder / header).unlink()
        w("in.nii.gz", header, *more, status=1, says=f"{voxels}: exists already")
        w.c.equal((w.folder / voxels).read_bytes(), before[voxels], f"{header}: voxels of another are left alone")
        w.c.equal(w.files(), sorted(["in.nii.gz", voxels]), f"{header}: no header without its voxels")
        w("in.nii.gz", header, *more, "--force")
        w.c.equal({p: (w.folder / p).read_bytes() for p in w.files()}, before, f"{header}: the same again")
        for p in (header, voxels):
            (w.folder / p).unlink()
        w("in.nii.gz", header, *more, status=1, limit=8192)  # a full disk
        w.c.equal(w.files(), ["in.nii.gz"], f"{header}: nothing is left of a failure")
    w.fresh()
    w("in.nii.gz", "i.img")  # named by its voxels
    w.c.equal(w.files(), ["i.hdr", "i.img", "in.nii.gz"], "i.img: its two files")
    w.c.voxels(numpy.asarray(nibabel.load(w.folder / "i.img").dataobj), numpy.asarray(nibabel.load(w.folder / "in.nii.gz").dataobj), "i.img by nibabel")
    (w.folder / "i.img").unlink()
    w("in.nii.gz", "i.img", status=1, says="i.hdr: exists already")
    for name in ("z.hdr.gz", "z.img.gz"):
        w("in.nii.gz", name, status=1, says="take .hdr (with .img), or .nii.gz")
    w.c.equal(w.files(), ["i.hdr", "in.nii.gz"], "a pair in gzip is refused")
    done = w("in.nii.gz", "d.nhdr")
    told = subprocess.run([sys.argv[1], "info", w.folder / "d.raw.gz"], capture_output=True, text=True)
    w.c.that(told.returncode == 1 and "d.nhdr beside it reads them" in told.stdout + told.stderr, f"bare voxels name their header: {told}")
    w.fresh()
    many = numpy.zeros((4, 5, 6, 20), numpy.int16)
    nibabel.save(nibabel.Nifti1Image(many, numpy.eye(4)), w.folder / "4d.nii")
    w("4d.nii", "4d.nii.gz", status=1, says="4d.nii holds 20 volumes, and 4d.nii.gz is one: 20 of 6x5x4; put {name} or {n}")
    w.fresh()
    image = nibabel.load(w.folder / "in.nii.gz")
    w("in.nii.gz", "n.hdr")
    pair = nibabel.load(w.folder / "n.hdr")
    w.c.equal(type(pair).__name__, "Nifti1Pair", "nibabel's view of a pair")
    w.c.voxels(numpy.asarray(pair.dataobj), numpy.asarray(image.dataobj), "nibabel's view of a pair")
    w("in.nii.gz", "all/", "--to", "mhd")
    w.c.equal(sorted(p.name for p in (w.folder / "all").iterdir()), ["in.mhd", "in.raw"], "--to mhd")


def npz(w):
    w.fresh()
    w("in.nii.gz", "v.npz")
    with numpy.load(w.folder / "v.npz") as z:
        w.c.equal(sorted(z.files), ["affine", "direction", "image", "origin", "spacing"], "arrays")
        w.c.voxels(z["image"], w.a, "image")
        w.c.near(z["affine"][:3], w.affine[:3], 1e-9, "affine")
        lps = numpy.diag([-1, -1, 1, 1]) @ w.affine
        w.c.near(z["direction"] * z["spacing"][:, None], lps[:3, 2::-1].T, 1e-9, "direction and spacing, (z, y, x)")
        w.c.near(z["origin"], lps[:3, 3], 1e-9, "origin")
    same(w, "v.npz", "npz")
    same(w, "v.npz:image", "npz:image")
    numpy.save(w.folder / "flat.npy", w.a[0])
    w("flat.npy", "flat.npz")
    with numpy.load(w.folder / "flat.npz") as z:
        w.c.equal((z.files, z["image"].shape), (["image"], w.a[0].shape), "a picture lies nowhere")
    numpy.savez(w.folder / "bad.npz", image=w.a, spacing=numpy.array([1.0, -1, 1]), origin=numpy.zeros(3), direction=numpy.eye(3)[::-1])
    w("bad.npz:image", "bad.nii", status=1)
    w("v.npz", "labels.npz", "--labels", status=1, says="label")
    numpy.save(w.folder / "map.npy", (w.a > 0).astype("u1"))
    w("map.npy", "map.npz", "--labels")
    with numpy.load(w.folder / "map.npz") as z:
        w.c.that("labels" in z.files, f"labels go by that name: {z.files}")


def added(w):
    w.fresh()
    path = w.folder / "e.h5"
    with h5py.File(path, "w") as f:
        f["line"] = numpy.arange(5)
        f.create_dataset("group/old", data=w.a[:2], compression="gzip")
        f.attrs["note"] = "kept"
    w("in.nii.gz", "e.h5:/group/deep/new")
    w("in.nii.gz", "e.h5:/group/old", status=1, says="holds /group/old already")
    w("in.nii.gz", "e.h5:/group", status=1, says="is a group")
    w("in.nii.gz", "e.h5:/group", "--force", status=1, says="is a group")
    w("in.nii.gz", "e.h5:/line/x", status=1, says="/line is no group")
    w("in.nii.gz", "e.h5", status=1, says="exists already")
    with h5py.File(path) as f:
        w.c.voxels(f["group/deep/new"][...], w.a, "the new data set")
        w.c.voxels(f["group/old"][...], w.a[:2], "the old data set")
        w.c.equal((f.attrs["note"], f["line"][...].tolist(), list(f["group"])), ("kept", [0, 1, 2, 3, 4], ["deep", "old"]), "the rest")
    same(w, "e.h5:/group/deep/new", "h5:/path")
    w("in.nii.gz", "e.h5:/group/old", "--force")
    with h5py.File(path) as f:
        w.c.voxels(f["group/old"][...], w.a, "replaced")
        w.c.equal(list(f["group"]), ["deep", "old"], "others stay")
    before = path.read_bytes()
    with h5py.File(path, "a"):
        w("in.nii.gz", "e.h5:/more", status=1, says="is being written by another program")
    w.c.equal(path.read_bytes(), before, "left alone while another writes")
    w("in.nii.gz", "e.h5:/more", status=1, limit=len(before) + 4096)  # a full disk
    w.c.equal(path.read_bytes(), before, "left alone where the disk is full")
    (w.folder / "cut.h5").write_bytes(before[:len(before) // 2])
    w("in.nii.gz", "cut.h5:/more", status=1, says="damaged")
    w.c.equal((w.folder / "cut.h5").read_bytes(), before[:len(before) // 2], "a damaged file is left alone")
    (w.folder / "text.h5").write_text("not HDF5 at all " * 50)
    w("in.nii.gz", "text.h5:/more", status=1, says="no HDF5 file")
    with h5py.File(w.folder / "matlab.h5", "w", userblock_size=512) as f:
        f["x"] = numpy.arange(3)
    w("in.nii.gz", "matlab.h5:/more")
    with h5py.File(w.folder / "matlab.h5") as f:
        w.c.equal((sorted(f), f.userblock_size), (["more", "x"], 512), "a user block stays")
    with h5py.File(w.folder / "both.h5", "w") as f:
        f["x"] = numpy.zeros(2000000)
    at_once = {n: subprocess.Popen([w.program, "convert", "in.nii.gz", f"both.h5:/{n}"], cwd=w.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for n in "ab"}
    told = {n for n, p in at_once.items() if p.communicate(timeout=300) and p.returncode == 0}
    with h5py.File(w.folder / "both.h5") as f:
        w.c.equal(set(f), {"x"} | told, "two at once: what was told to be there is")
    w.c.equal([p for p in w.files() if p.startswith(".")], [], "no drafts left")


def kept(w):
    """Where one of two files cannot be put in place, the volume that was there stays."""
    w.fresh()
    for header, voxels in (("v.mhd", "v.raw"), ("v.nhdr", "v.raw.gz"), ("v.hdr", "v.img")):
        w("in.nii.gz", header)
        before = {n: (w.folder / n).read_bytes() for n in (header, voxels)}
        (w.folder / voxels).unlink()
        (w.folder / voxels / "mine").mkdir(parents=True)
        w("in.nii.gz", header, "--force", status=1, says=f"{voxels}: is a folder")
        w.c.that((w.folder / header).exists() and (w.folder / header).read_bytes() == before[header], f"{header} stays")
        w.c.equal(w.files(), sorted(["in.nii.gz", header, voxels]), f"{header}: nothing else")
        shutil.rmtree(w.folder / voxels)
        (w.folder / voxels).write_bytes(before[voxels])
        w("in.nii.gz", header, "--force")
        same(w, header, f"{header}, replaced")
        w.c.equal(w.files(), sorted(["in.nii.gz", header, voxels]), f"{header}: nothing of the old one is left")
        (w.folder / header).unlink()
        (w.folder / voxels).unlink()


def main():
    w = Work(sys.argv[1], Checks())
    for part in (pairs, kept, npz, added):
        part(w)
    shutil.rmtree(w.folder)
    return w.c.done()


sys.exit(main())
