#!/usr/bin/python3
"""tome convert as people type it: examples, values, labels, stacks, names, and what goes wrong. NumPy, PIL, nibabel and pydicom judge.

    convert.py TOME
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel
import numpy
import pydicom
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "unit/format"))
import dicom_draw_make as draw
from tomelib import Checks, Result, hu_of, nifti, read_series, save, series, uid

RAS = numpy.diag([-1.0, -1, 1, 1])


class Work:
    """A folder to type in."""

    def __init__(self, program, c):
        self.program, self.c, self.folder = program, c, Path(tempfile.mkdtemp(prefix="tome-convert-"))

    def __call__(self, line, status=0, says=(), env=None):
        """Runs "tome convert LINE" through a shell; checks the exit status, and that all of `says` is on stderr."""
        done = Result(subprocess.run(["bash", "-c", f"'{self.program}' convert {line}"], cwd=self.folder, capture_output=True, text=True, timeout=300,
                                     env={**os.environ, **(env or {})}))
        self.c.equal(done.status, status, f"{line}: exit status; {done.err[:400]}")
        for text in [says] if isinstance(says, str) else says:
            self.c.that(text in done.err, f"{line}: says {text!r}: {done.err[:600]}")
        return done

    def path(self, name):
        return self.folder / name

    def png(self, name, array):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(self.path(name))

    def npy(self, name):
        return numpy.load(self.path(name))

    def files(self, pattern):
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.glob(pattern))

    def fresh(self):
        shutil.rmtree(self.folder)
        self.folder.mkdir()


def rng(n=0):
    return numpy.random.default_rng(n)


# ---- the examples ----------------------------------------------------------------------------------------------

def examples(w, c):
    series(w.path("series"), [3.0 * z for z in range(12)])
    w("series/ out.nii.gz")
    hu, places, first = read_series(sorted(w.path("series").iterdir()))
    image = nibabel.load(w.path("out.nii.gz"))
    c.equal(image.get_data_dtype(), numpy.int16, "CT is int16")
    c.voxels(numpy.asarray(image.dataobj).T, hu.astype("i2"), "series to nii.gz")
    c.near(image.affine[:3, 3], [10, 20, 0], 1e-4, "origin")
    w("out.nii.gz vol.nii")
    w("vol.nii out_dicom/")
    c.equal(len(w.files("out_dicom/*.dcm")), 12, "a file a slice")
    back = read_series(w.path(f) for f in w.files("out_dicom/*.dcm"))
    c.voxels(back[0], hu, "nii to DICOM")
    c.near(back[1], places, 1e-3, "positions")
    w("vol.nii out_dicom/", 1, ["exists already", "not an empty folder"])
    w("vol.nii out_dicom/ --force")
    w.path("out_dicom/notes.txt").write_text("mine")
    w("vol.nii out_dicom/ --force", 1, ["more than .dcm files", "notes.txt"])
    w("vol.nii packed_dicom/ --codec jpegls")
    c.voxels(read_series(w.path(f) for f in w.files("out_dicom/*.dcm"))[0], hu, "as it was")
    c.equal(pydicom.dcmread(w.path(w.files("packed_dicom/*")[0])).file_meta.TransferSyntaxUID, "1.2.840.10008.1.2.4.80", "JPEG-LS")
    w("out.nii.gz a.nrrd && '%s' convert a.nrrd a.mha && '%s' convert a.mha slices/{z:03}.png --window 40,400" % (w.program, w.program))
    c.equal(w.files("slices/*"), [f"slices/{z:03}.png" for z in range(12)], "names of slices")
    want = numpy.rint(numpy.clip((hu + 160) / 400, 0, 1) * 255)
    c.voxels(numpy.stack([numpy.asarray(Image.open(w.path(f))) for f in w.files("slices/*")]), want, "window")
    label = rng(1).choice(numpy.array([0, 1, 255], "u1"), (12, 16, 20))
    for z in range(12):
        w.png(f"label_png/{z}.png", label[z])
        w.png(f"masks/m{z + 1}.png", numpy.where(label[z] == 1, 255, 0).astype("u1"))
    w("label_png/*.png label_npy/ --remap 255=0", says="12 written, 0 failed")
    c.equal(len(w.files("label_npy/*")), 12, "one each")
    c.voxels(w.npy("label_npy/10.npy"), numpy.where(label[10] == 255, 0, label[10]), "remap")
    c.equal(w.npy("label_npy/10.npy").dtype, numpy.uint8, "type kept")
    w("masks/*.png seg.nii.gz --like vol.nii")
    seg = nibabel.load(w.path("seg.nii.gz"))
    c.voxels(numpy.asarray(seg.dataobj).T, (label == 1) * numpy.uint8(255), "stack in numeric order")
    c.near(seg.affine, image.affine, 1e-5, "the volume's grid")
    w("masks/*.png spaced.nii.gz --spacing 2.5,0.7,0.7")
    c.near(nibabel.load(w.path("spaced.nii.gz")).header.get_zooms(), [0.7, 0.7, 2.5], 1e-6, "spacing")
    w("masks/*.png no.nii.gz", 1, "--spacing")
    imgs = rng(2).integers(0, 256, (11, 9, 7, 3), dtype="u1")
    for n in range(11):
        Image.fromarray(imgs[n]).save(w.path("masks").parent / f"t{n}.tif")
    w("t*.tif imgs_train.npy")
    c.voxels(w.npy("imgs_train.npy"), imgs, "stack to one npy")
    w("imgs_train.npy pngs/{n}.png")
    c.voxels(numpy.stack([numpy.asarray(Image.open(w.path(f"pngs/{n}.png"))) for n in range(11)]), imgs, "and back")


# ---- values ----------------------------------------------------------------------------------------------------

def values(w, c):
    wide = rng(3).integers(0, 65536, (20, 30), dtype="u2")
    wide[4, 7] = 40000
    Image.fromarray(wide).save(w.path("wide.png"))
    w("wide.png wide.npy")
    c.voxels(w.npy("wide.npy"), wide, "16 bits stay")
    c.equal(w.npy("wide.npy").dtype, numpy.uint16, "16 bits stay")
    w("wide.png wide.bmp", 1, ["do not fit in a bmp", "--window", "--clamp"])
    c.equal(w.files("wide.bmp"), [], "never cut to 8 bits")
    first = tuple(int(i) for i in numpy.argwhere(wide > 255)[0])
    w("wide.png x.npy --dtype uint8", 1, [f"the value {wide[first]} at voxel (0,{first[0]},{first[1]})", "uint8", "--clamp"])
    w("wide.png clamped.npy --dtype uint8 --clamp")
    c.voxels(w.npy("clamped.npy"), numpy.clip(wide, 0, 255), "clamp")
    for shape, name in (((5, 6, 7), "few"), ((50, 60, 70), "many")):  # by arithmetic and by table
        a = rng(4).integers(-1000, 3000, shape).astype("i2")
        numpy.save(w.path(f"{name}.npy"), a)
        f = a.astype("f8")
        tests = {"--window 40,400": numpy.rint(numpy.clip((f + 160) / 400, 0, 1) * 255).astype("u1"),
                 "--window 40,400 --dtype float32": numpy.clip((f + 160) / 400, 0, 1).astype("f4"),
                 "--window 40,400 --dtype uint16": numpy.rint(numpy.clip((f + 160) / 400, 0, 1) * 65535).astype("u2"),
                 "--scale 0.5": (f * 0.5).astype("f4"), "--scale 2 --dtype int32": (f * 2).astype("i4"),
                 "--threshold 100": (a >= 100).astype("u1"), "--dtype float64": f, "--dtype int64": a.astype("i8"),
                 "--dtype uint8 --clamp": numpy.clip(a, 0, 255).astype("u1"), "--dtype int8 --clamp": numpy.clip(a, -128, 127).astype("i1"),
                 "--remap 0=-5,7=8": numpy.select([a == 0, a == 7], [-5, 8], a).astype("i2"),
                 "--threshold 0 --remap 1=255": numpy.where(a >= 0, 255, 0)}
        stepped = numpy.where(f == 7, 8, f)  # in this order whatever the order they are given in: threshold, remap, scale, window, type
        window = lambda v: numpy.clip((v + 160) / 400, 0, 1)
        tests |= {"--window 40,400 --scale 2": numpy.rint(window(f * 2) * 255).astype("u1"),
                  "--scale 2 --remap 7=8": (stepped * 2).astype("f4"),
                  "--window 40,400 --remap 7=8 --scale 0.5 --dtype float64": window(stepped * 0.5),
                  "--remap 1=100,0=-60 --threshold 5 --window 40,400": numpy.rint(window(numpy.where(a >= 5, 100, -60)) * 255).astype("u1"),
                  "--scale 3 --threshold 5 --dtype int32": numpy.where(a >= 5, 3, 0).astype("i4"),
                  "--dtype uint8 --clamp --scale 0.5": numpy.rint(numpy.clip(f * 0.5, 0, 255)).astype("u1")}
        for options, want in tests.items():
            w(f"{name}.npy out.npy --force {options}")
            got = w.npy("out.npy")
            c.voxels(got, want, f"{name} {options}")
            c.equal(got.dtype, want.dtype if "--remap 1=" not in options else got.dtype, f"{name} {options}: type")
        at = tuple(int(i) for i in numpy.argwhere(a < 0)[0])
        w(f"{name}.npy none.npy --dtype uint16", 1, f"the value {a[at]} at voxel ({at[0]},{at[1]},{at[2]})" if name == "few" else "the value -")
    numpy.save(w.path("half.npy"), numpy.array([[[1.5, 2, float("nan")]]], "f4"))
    w("half.npy half.nii.gz --spacing 1 --dtype int16", 1, ["the value 1.5 at voxel (0,0,0)", "no whole number"])
    w("half.npy half2.npy --dtype int16 --clamp")
    c.equal(w.npy("half2.npy").ravel().tolist(), [2, 2, 0], "halves to even, NaN to 0")
    for bad, why in (("--remap 1", "OLD=NEW"), ("--remap 1=2,1=3", "twice"), ("--window 40", "LEVEL,WIDTH"), ("--window 40,0", "above 0")):
        w(f"few.npy bad.npy {bad}", 2, why)
    rgb = rng(5).integers(0, 256, (21, 22, 3), dtype="u1")
    alpha = numpy.dstack([rgb, rng(6).integers(0, 256, (21, 22), dtype="u1")])
    w.png("rgb.png", rgb), w.png("rgba.png", alpha), w.png("opaque.png", numpy.dstack([rgb, numpy.full((21, 22), 255, "u1")]))
    luma = numpy.asarray(Image.fromarray(rgb).convert("L"))
    w("rgb.png gray.npy --gray")
    c.voxels(w.npy("gray.npy"), luma, "gray is PIL's L")
    w("opaque.png gray2.npy --gray")
    c.voxels(w.npy("gray2.npy"), luma, "a constant alpha goes")
    w("rgba.png gray3.npy --gray", 1, "--drop-alpha")
    w("rgba.png gray4.npy --gray --drop-alpha")
    c.voxels(w.npy("gray4.npy"), luma, "alpha dropped when told")
    w("rgba.png rgba.npy"), w("rgba.png rgb.npy --drop-alpha")
    c.voxels(w.npy("rgba.npy"), alpha, "alpha stays"), c.voxels(w.npy("rgb.npy"), rgb, "alpha dropped")
    w("rgb.npy again.png")
    c.voxels(numpy.asarray(Image.open(w.path("again.png"))), rgb, "(H, W, 3) is a picture of colours")
    w("rgba.png rgba.bmp", 1, ["4 samples", ".png"])


# ---- labels ----------------------------------------------------------------------------------------------------

def labels(w, c):
    index = rng(7).integers(0, 4, (16, 20), dtype="u1")
    picture = Image.fromarray(index, "P")
    picture.putpalette([0, 0, 0, 200, 10, 10, 10, 200, 10, 10, 10, 200])
    picture.save(w.path("p.png")), picture.save(w.path("p.gif"))
    for name in ("p.png", "p.gif"):
        w(f"{name} colours.npy --force"), w(f"{name} index.npy --labels --force")
        c.voxels(w.npy("colours.npy"), numpy.asarray(picture.convert("RGB")), f"{name}: as an image the colours")
        c.voxels(w.npy("index.npy"), index, f"{name}: as labels the index")
    mask = (index > 1) * numpy.uint8(255)
    w.png("mask.png", mask)
    w("mask.png mask.npy --labels"), w("mask.png mask1.npy --labels --remap 255=1")
    c.voxels(w.npy("mask.npy"), mask, "{0,255} stays"), c.voxels(w.npy("mask1.npy"), mask // 255, "{0,255} by --remap")
    Image.fromarray(mask).save(w.path("mask.jpg"), quality=95)
    w("mask.jpg jpg.npy --labels", 1, ["JPEG", "--threshold"])
    w("mask.jpg jpg.npy --labels --threshold 128")
    c.equal(numpy.unique(w.npy("jpg.npy")).tolist(), [0, 1], "JPEG by threshold")
    w("mask.jpg asimage.npy")
    w.png("rgb.png", numpy.dstack([mask] * 3))
    w("rgb.png rgb.npy --labels", 1, "samples a pixel")
    w("mask.png m2.npy --labels --scale 2", 2, "--labels")
    nifti(w.path("frac.nii.gz"), numpy.full((3, 3, 3), 0.5, "f4"))
    w("frac.nii.gz frac.npy --labels", 1, ["0.5", "not a whole number"])
    scaled = nibabel.Nifti1Image(rng(8).integers(0, 5, (6, 5, 4)).astype("f4"), numpy.eye(4))
    scaled.header.set_data_dtype("f4")
    nibabel.save(scaled, w.path("float.nii.gz"))
    w("float.nii.gz float.npy --labels")
    c.equal(w.npy("float.npy").dtype, numpy.uint8, "float labels become integers")


def drawings(w, c):
    places = [(-10.0, -20.0, 3.0 * z) for z in range(5)]
    grid = draw.Grid((5, 16, 20), (3, 0.7, 0.7), places[0])
    series(w.path("series"), places)
    a, b = numpy.zeros((2, *grid.shape), "u1")
    a[0:2, 2:6, 3:9], b[1:4, 8:12, 3:9] = 1, 1
    frames = lambda v, n: [(n, z, v[z]) for z in range(5) if v[z].any()]
    ds = draw.seg(grid, frames(a, 2) + frames(b, 5), numbers=(2, 5), series=uid("200.1"))
    save(ds, w.path("seg.dcm"))
    w("seg.dcm seg.nii.gz --like series/", says=["2 is part 2", "5 is part 5"])
    image = nibabel.load(w.path("seg.nii.gz"))
    c.voxels(numpy.asarray(image.dataobj).T, 2 * a + 5 * b, "SEG to NIfTI")
    w("seg.dcm each/{label}.nii.gz --like series/")
    c.voxels(numpy.asarray(nibabel.load(w.path("each/part 5.nii.gz")).dataobj).T, b, "a file each")
    square = lambda z: ("CLOSED_PLANAR", [grid.world((z, y, x)) for y, x in [(1.5, 2.5), (1.5, 8.5), (5.5, 8.5), (5.5, 2.5)]])
    save(draw.rtstruct([(3, "first", [square(0), square(1)])], uid("200.1"), uid("300")), w.path("rs.dcm"))
    w("rs.dcm rs.nii.gz", 1, ["RTSTRUCT", "--like"])
    w("rs.dcm rs.nii.gz --like series/", says="1 is first")
    c.voxels(numpy.asarray(nibabel.load(w.path("rs.nii.gz")).dataobj).T, a, "RTSTRUCT to NIfTI")
    save(draw.seg(grid, frames(a, 1) + frames(a, 2), numbers=(1, 2), series=uid("200.1")), w.path("over.dcm"))
    w("over.dcm over.nii.gz --like series/", 1, ["overlap", "{label}"])
    w("over.dcm over/{label}.nii.gz --like series/")
    c.equal(len(w.files("over/*")), 2, "overlapping structures: a file each")
    # and labels out: rows listed the other way are put into the image's order
    flipped = nibabel.Nifti1Image((2 * a + 5 * b).T[:, ::-1], image.affine @ numpy.array([[1, 0, 0, 0], [0, -1, 0, 15], [0, 0, 1, 0], [0, 0, 0, 1.0]]))
    nibabel.save(flipped, w.path("flip.nii.gz"))
    for source in ("seg.nii.gz", "flip.nii.gz"):
        w(f"{source} out.dcm --labels --like series/ --force")
        out = pydicom.dcmread(w.path("out.dcm"))
        c.equal((out.Modality, out.ReferencedSeriesSequence[0].SeriesInstanceUID), ("SEG", uid("200.1")), f"{source}: a SEG of the series")
        used = {g.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID for g in out.PerFrameFunctionalGroupsSequence}
        c.equal(len(used), 4, f"{source}: source images")
        w("out.dcm back.nii.gz --like series/ --force")
        c.voxels(numpy.asarray(nibabel.load(w.path("back.nii.gz")).dataobj).T, a + 2 * b, f"{source}: and back")
    numpy.save(w.path("small.npy"), numpy.ones((5, 4, 4), "u1"))
    w("small.npy bad.dcm --labels --like series/ --spacing 1", 1, "--like")


# ---- stacks ----------------------------------------------------------------------------------------------------

def stacks(w, c):
    a = rng(9).integers(0, 256, (12, 5, 6), dtype="u1")
    for z in [z for z in range(12) if z != 7]:
        w.png(f"gap/s{z}.png", a[z])
    w("gap/*.png gap.npy", 1, ["7", "--gap"])
    w("gap/*.png gap.npy --gap keep")
    c.voxels(w.npy("gap.npy"), numpy.delete(a, 7, 0), "kept as they are")
    w("gap/*.png fill.npy --gap fill")
    c.equal(w.npy("fill.npy").shape, (12, 5, 6), "filled")
    w.png("sizes/1.png", a[0]), w.png("sizes/2.png", a[1][:4])
    w("sizes/*.png sizes.npy", 1, ["different sizes", "5 by 6", "4 by 6"])
    w("sizes/ sizes_npy/", says="2 written")
    stack = rng(10).integers(0, 900, (6, 16, 20)).astype("i2")
    series(w.path("two"), [3.0 * z for z in range(6)], stack, series=1)
    other = series(w.path("two"), [2.0 * z for z in range(4)], series=2, names="b{}.dcm")
    w("two/ two.nii.gz", 1, ["2 volumes", "--series", uid("200.2")])
    w(f"two/ one.nii.gz --series {uid('200.2')}")
    c.voxels(numpy.asarray(nibabel.load(w.path("one.nii.gz")).dataobj).T, other - 1024, "the one asked for")
    w("two/ two_nii/")
    c.equal(len(w.files("two_nii/*")), 2, "a file each")
    series(w.path("holes"), [0.0, 3.0, 6.0, 12.0, 15.0])
    w("holes/ holes.nii.gz", 1, ["--gap", "3"])
    w("holes/ holes.nii.gz --gap fill")
    c.equal(nibabel.load(w.path("holes.nii.gz")).shape, (20, 16, 6), "interpolated")
    w("holes/ split_nii/ --gap split")
    c.equal(len(w.files("split_nii/*")), 2, "split")
    series(w.path("uneven"), [0.0, 3.0, 6.0, 10.1, 12.0])
    w("uneven/ uneven.nii.gz", 1, "--uneven")
    w("uneven/ uneven.nii.gz --uneven resample")
    four = nibabel.Nifti1Image(rng(11).integers(0, 99, (4, 5, 6, 3)).astype("i2"), numpy.eye(4))
    nibabel.save(four, w.path("four.nii.gz"))
    done = w("four.nii.gz four.npy", 1, ["3 volumes", "{n}"])
    c.that("--series" not in done.err, "no series in NIfTI")
    w("four.nii.gz four/{n}.npy")
    c.voxels(w.npy("four/2.npy"), numpy.asarray(four.dataobj)[..., 2].T, "a file a volume")
    comp = nibabel.Nifti1Image(numpy.zeros((2, 2, 2), "c8"), numpy.eye(4))
    nibabel.save(comp, w.path("complex.nii.gz"))
    w("complex.nii.gz complex.npy", 1, "complex64")


# ---- names and batches ------------------------------------------------------------------------------------------

def names(w, c):
    a = rng(12).integers(0, 256, (3, 8, 9), dtype="u1")
    for n in range(3):
        w.png(f"x/i{n}.png", a[n]), w.png(f"y/i{n}.png", a[n])
    w("x/*.png out/{name}_{n:03}.npy")
    c.equal(w.files("out/*"), [f"out/i{n}_{n:03}.npy" for n in range(3)], "{name} and {n}")
    w("x/*.png y/i1.png clash/{name}.npy", 1, ["two inputs would both go there", "3 written, 1 failed"])
    w("x/i0.png existing.npy"), w("x/i1.png existing.npy", 1, "--force")
    c.voxels(w.npy("existing.npy"), a[0], "not overwritten")
    w("x/i1.png existing.npy --force")
    c.voxels(w.npy("existing.npy"), a[1], "overwritten")
    w("x/*.png folder/", 2, ["--to"]), w("x/*.png folder/ --to npy")
    c.equal(len(w.files("folder/*.npy")), 3, "--to")
    w("x/*.png o.xyz", 2, "tome formats"), w("x/*.png o/ --to pgn", 2, "png"), w("x/*.png o/{nmae}.npy", 2, "{name}")
    w("nothere/*.png o.npy", 1, "nothere"), w("nothere.png o.npy", 1, "no such file")
    w("'x/*.png' quoted.npy")
    c.voxels(w.npy("quoted.npy"), a, "a quoted pattern")
    w("quoted.npy one.png", 1, ["3 slices", "{z}"])
    w("quoted.npy pics_png/")
    c.equal(w.files("pics_png/*"), [f"pics_png/quoted_{z:03}.png" for z in range(3)], "slices in a folder")
    w("'quoted.npy' dots.v2_dicom/ --spacing 1 && test $(ls dots.v2_dicom | wc -l) = 3")
    w("x/i0.png y/i1.png both_dicom/{name}/ --to dicom --spacing 1")
    c.equal(w.files("both_dicom/*/*"), ["both_dicom/i0/IM00001.dcm", "both_dicom/i1/IM00001.dcm"], "a folder each")
    done = w("x/*.png json_npy/ --json")
    rows = [json.loads(line) for line in done.out.splitlines()]
    c.equal([(r["event"], r["path"]) for r in sorted(rows, key=lambda r: r["path"])], [("written", f"json_npy/i{n}.npy") for n in range(3)], "--json")
    c.equal(done.err, "", "nothing else is said where it is piped")
    w.path("x/broken.png").write_bytes(w.path("x/i0.png").read_bytes()[:60])
    w("x/*.png rest_npy/", 1, ["broken.png", "3 written, 1 failed"])
    c.equal(len(w.files("rest_npy/*")), 3, "the rest is written")
    c.equal(w.files("*/.*"), [], "no drafts")


def troubles(w, c):
    a = rng(13).integers(0, 256, (400, 500), dtype="u1")
    for n in range(60):
        w.png(f"in/{n}.png", a)
    if os.geteuid() == 0 and subprocess.run(["mkdir", "-p", w.path("disk")]).returncode == 0 and \
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", w.path("disk")], capture_output=True).returncode == 0:
        try:
            done = w("in/*.png disk/{name}.npy", 1, "No space left")
            sizes = {p.stat().st_size for p in w.path("disk").iterdir()}
            c.equal(sizes, {200128}, "disk full: whole files only")
            w("'in/*.png' disk/all.npy", 1, "No space left")
            c.equal(w.files("disk/.*") + w.files("disk/all*"), [], "disk full: no drafts")
        finally:
            subprocess.run(["umount", w.path("disk")])
    else:
        w.path("shut").mkdir(mode=0o555)
        if os.geteuid():
            w("in/0.png shut/x.npy", 1, "cannot be made")
    w.path("file").write_text("x")
    w("in/0.png file/x.npy", 1, "file")
    for folder, ending in (("stop", "nii.gz"), ("slices", "png")):
        out = w.path(folder)
        p = subprocess.Popen([w.program, "convert", *[str(w.path(f"in/{n}.png")) for n in range(60)], f"{out}/{{n}}.{ending}", "--spacing", "1", "--level", "9",
                              "--jobs", "1"], stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 60
        while time.monotonic() < end and not (out.exists() and sum(not f.name.startswith(".") for f in out.iterdir()) > 1):
            time.sleep(0.001)
        p.send_signal(signal.SIGINT)
        err = p.communicate()[1]
        c.equal(p.returncode, 130, f"SIGINT: exit; {err}")
        left = list(out.iterdir())
        c.that(1 < len(left) < 60, f"SIGINT: {len(left)} files")
        c.that(not any(f.name.startswith(".") for f in left), "SIGINT: no drafts")
        for f in left:
            got = numpy.asarray(Image.open(f)) if ending == "png" else numpy.asarray(nibabel.load(f).dataobj).T[0]
            c.voxels(got, a, "SIGINT: whole files")


def refused_dicom(w, c):
    """What DICOM cannot hold is refused with the option that mends it, by the output's own name; nothing is left."""
    numpy.save(w.path("real.npy"), rng(21).normal(size=(3, 8, 9)).astype("f4"))
    numpy.save(w.path("colours.npy"), rng(22).integers(0, 256, (3, 8, 9, 3), dtype="u1"))
    for name, says in (("real", "--to-16-bits"), ("colours", "--gray")):
        said = w(f"{name}.npy refused/ --to dicom --spacing 1,1,1", 1, ["refused", says]).err
        c.that("tmp-" not in said and "//" not in said, f"no draft is named: {said}")
        c.equal(w.files("refused*") + w.files(".*"), [], "nothing is left")
    w("real.npy scaled/ --to dicom --spacing 1,1,1 --to-16-bits")
    w("colours.npy grays/ --to dicom --spacing 1,1,1 --gray")


def many(w, c):
    """The time of 8,000 files is about that of 2,000, four times over; memory does not grow with their number."""
    numpy.save(w.path("t.npy"), numpy.zeros((2, 2), "u1"))
    w.path("m").mkdir()
    for n in range(8000):
        os.link(w.path("t.npy"), w.path(f"m/{n}.npy"))
    times, peaks = [], []
    for pattern in ("m/[1-2]???.npy", "m/*.npy"):
        done = subprocess.run(["/usr/bin/python3", "-c", "import os, resource, subprocess, sys; r = subprocess.run(sys.argv[1:]); u = resource.getrusage(resource.RUSAGE_CHILDREN); "
                               "print(u.ru_utime + u.ru_stime, u.ru_maxrss); sys.exit(r.returncode)", w.program, "convert", pattern, f"o{len(times)}/{{name}}.png",
                               "--quiet", "--jobs", "2"], cwd=w.folder, capture_output=True, text=True)
        c.equal(done.returncode, 0, done.stderr)
        seconds, peak = map(float, done.stdout.split())
        times.append(seconds), peaks.append(peak)
    c.that(times[1] < 9 * times[0] + 0.5, f"8,000 files take {times[1]:.2f} s, 2,000 {times[0]:.2f} s")
    c.that(peaks[1] < 1.25 * peaks[0] + 40000, f"peak memory {peaks} KiB")


def malformed(w, c):
    """Cut short or with bytes changed: a sentence and exit 1 with nothing written, or a file that is read as another picture; never a crash."""
    a = rng(14).integers(0, 256, (3, 16, 18), dtype="u1")
    numpy.save(w.path("g.npy"), a)
    for name in ("g.nii", "g.nii.gz", "g.nrrd", "g.mha", "g.tif"):
        w(f"g.npy {name} --spacing 1")
    numpy.savez_compressed(w.path("g.npz"), image=a)
    for ending in ("png", "bmp", "gif", "jpg"):
        w.png(f"g.{ending}", a[0])
    w("g.npy one.dcm --spacing 1 --to npy --force")
    series(w.path("d"), [0.0])
    shutil.copy(w.path("d/image_0.dcm"), w.path("g.dcm"))
    dice = random.Random(15)
    for p in sorted(w.folder.glob("g.*")):
        whole = p.read_bytes()
        bad = [whole[:len(whole) * k // 8] for k in range(8)]
        for _ in range(12):
            b = bytearray(whole)
            for _ in range(dice.randint(1, 6)):
                b[dice.randrange(min(len(b), 600))] = dice.randrange(256)
            bad.append(bytes(b))
        w.path("bad").mkdir(exist_ok=True)
        for k, b in enumerate(bad):
            w.path(f"bad/{k:02}{''.join(p.suffixes)}").write_bytes(b)
        done = Result(subprocess.run([w.program, "convert", *sorted(map(str, w.path("bad").iterdir())), str(w.path("o")) + "/{n}_{name}.npy", "--spacing", "1", "--json"],
                                     capture_output=True, text=True, timeout=120, env={**os.environ, "TOME_MAX_BYTES": "100000000"}))
        failed = done.events("failed")
        c.equal(done.status, 1, f"{p.name}: exit status {done.err[-500:]}")
        c.that(len(failed) >= 7, f"{p.name}: {len(failed)} refused")
        c.that(all(len(e["text"]) > 7 and e["text"].isprintable() for e in failed), f"{p.name}: sentences {failed}")
        written = {Path(e["path"]).name for e in done.events("written")}
        c.equal({f.name for f in w.path("o").iterdir()} if w.path("o").exists() else set(), written, f"{p.name}: what is written is what is said")
        shutil.rmtree(w.path("bad")), shutil.rmtree(w.path("o"), ignore_errors=True)


def main():
    c = Checks()
    w = Work(sys.argv[1], c)
    for part in (examples, values, labels, drawings, stacks, names, troubles, refused_dicom, many, malformed):
        start = time.monotonic()
        part(w, c)
        print(f"{part.__name__}: {time.monotonic() - start:.1f} s", flush=True)
        w.fresh()
    shutil.rmtree(w.folder)
    return c.done()


sys.exit(main())
