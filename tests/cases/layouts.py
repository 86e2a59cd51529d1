#!/usr/bin/python3
"""Data sets of the field end to end: trees made here by PIL, nibabel and NumPy, and the real ones where they are; each voxel compared.

    layouts.py TOME
"""
import csv
import gzip
import io
import json
import sys
import tempfile
from pathlib import Path

import h5py
import nibabel
import numpy
from PIL import Image

from tomelib import DATA, Checks, Store, nifti, pixels, png, ras_affine, series, slice_dataset
from tomelib import save as save_dicom

AFFINE = numpy.diag([0.8, 0.8, 2.5, 1.0])
RNG = numpy.random.default_rng(11)


def colours(h=30, w=41):
    return RNG.integers(0, 256, (h, w, 3)).astype(numpy.uint8)


def mask(h=30, w=41):
    m = numpy.zeros((h, w), numpy.uint8)
    m[5:20, 7:30] = 255
    m[8:11, 9:12] = 0
    return m


def save(path, array, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **how)


def has_rgb(c, s, id_, want, text):
    with s.case(id_) as f:
        c.equal(list(f["channels"]), ["red", "green", "blue"], f"{text}: channels")
        for k, n in enumerate(f["channels"]):
            c.voxels(f["channels"][n][()], want[None, :, :, k], f"{text}: {n}")


def has_label(c, s, id_, name, want, text):
    with s.case(id_) as f:
        c.voxels(f["labels"][name][()], (want if want.dtype == bool else want > 127).astype(numpy.uint8)[None], f"{text}: {name}")


def ingested(c, s, root, ids, *options):
    done = s.ingest(root, *options)
    c.equal(done.status, 0, f"ingest {root}: {done.err}{done.out[:2000]}")
    c.equal(s.ids(), sorted(ids), f"cases of {root}")
    return done


# ---- photographs ----

def photographs(c, s, folder):
    made = {}
    for part, number in (("training", "21"), ("test", "01")):
        image, first, second, fov = colours(), mask(), mask()[::-1].copy(), mask()[:, ::-1].copy()
        base = folder / part
        save(base / f"images/{number}_{part}.tif", image)
        save(base / f"1st_manual/{number}_manual1.gif", first)
        save(base / f"mask/{number}_{part}_mask.gif", fov)
        if part == "test":
            save(base / f"2nd_manual/{number}_manual2.gif", second)
        made[f"{number}_{part}"] = (image, first, second, fov)
    ingested(c, s, folder, made)
    for id_, (image, first, second, fov) in made.items():
        has_rgb(c, s, id_, image, id_)
        has_label(c, s, id_, "vessel", first, id_)
        has_label(c, s, id_, "fov", fov, id_)
    has_label(c, s, "01_test", "second_observer", made["01_test"][2], "second observer")
    codes = s.query("SELECT DISTINCT code FROM problems")
    c.equal(codes, [{"code": "no-spacing"}], "that a pixel's size is not known is on record, and nothing else")
    going_out(c, s, folder, "01_test", made["01_test"])


def going_out(c, s, folder, id_, made):
    """A photograph comes out as it went in; recipes see all its channels; 2-D cases have patches and statistics."""
    image = made[0]
    out = folder / "out"
    for name in ("o.png", "o.tif", "o.npy", "o.bmp", "o.ppm"):
        done = s.tome("get", s.path, id_, "-o", out / name)
        c.equal(done.status, 0, f"{name}: {done.err}")
        got = numpy.load(out / name)[0] if name.endswith("npy") else numpy.asarray(Image.open(out / name))
        c.voxels(got, image, name)
    c.equal(s.tome("get", s.path, id_, "-o", out / "o.h5").status, 0, "an archive")
    with h5py.File(out / "o.h5") as f:
        c.voxels(f[id_]["channels/blue"][()], image[None, :, :, 2], "an archive keeps channels apart")
    c.equal(s.tome("get", s.path, id_, "-l", "vessel", "-o", out / "l.png").status, 0, "a label alone")
    c.voxels(numpy.asarray(Image.open(out / "l.png")), (made[1] > 0).astype(numpy.uint8), "a label alone")
    done = s.tome("get", s.path, id_, "crop:box=0:1,4:20,6:30", "normalise:zscore", "-o", out / "n.npy")
    c.equal(done.status, 0, f"a recipe: {done.err}")
    if done.status == 0:
        want = (image - image.reshape(-1, 3).mean(0)) / image.reshape(-1, 3).std(0)
        c.near(numpy.load(out / "n.npy")[0], want[4:20, 6:30], 1e-5, "each channel is normalised by its own statistics")
    done = s.tome("get", s.path, id_, "resize:1,15,20", "-o", out / "r.npy")
    c.equal(done.status, 0, f"resized in its plane: {done.err}")
    c.equal(numpy.load(out / "r.npy").shape, (1, 15, 20, 3), "resized in its plane")
    done = s.tome("patches", s.path, id_, "--size", "1,8,8", "-n", "2", "--seed", "1", "-o", out / "p.h5")
    c.equal(done.status, 0, f"patches of 2-D cases: {done.err}")
    c.equal(s.tome("stats", s.path).status, 0, "statistics")
    c.equal(s.tome("verify", s.path).status, 0, "verify")


def retinas(c, s, folder):
    image, one, two = colours(), mask(), mask()[::-1].copy()
    save(folder / "chase/Image_01L.bmp", image)
    save(folder / "chase/Image_01L_1stHO.png", one > 0)
    save(folder / "chase/Image_01L_2ndHO.png", two > 0)
    for name, a in (("im0001", image[::-1].copy()), ("im0001.ah", two), ("im0001.vk", one)):
        body = io.BytesIO()
        Image.fromarray(a).save(body, "PPM")
        path = folder / f"stare/{name}.ppm.gz"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(body.getvalue()))
    ingested(c, s, folder, ["Image_01L", "im0001"])
    has_rgb(c, s, "Image_01L", image, "CHASE_DB1")
    has_label(c, s, "Image_01L", "vessel", one, "CHASE_DB1, 1-bit PNG")
    has_label(c, s, "Image_01L", "second_observer", two, "CHASE_DB1, 1-bit PNG")
    has_rgb(c, s, "im0001", image[::-1], "STARE, gzipped PPM")
    has_label(c, s, "im0001", "vessel", two, "STARE")
    has_label(c, s, "im0001", "second_observer", one, "STARE")


def nerve(c, s, folder):
    frames = {n: RNG.integers(0, 256, (42, 58)).astype(numpy.uint8) for n in ("1_1", "1_2", "7")}
    for n, a in frames.items():
        save(folder / ("test" if n == "7" else "train") / f"{n}.tif", a)
    save(folder / "train/1_1_mask.tif", mask(42, 58))
    save(folder / "train/1_2_mask.tif", numpy.zeros((42, 58), numpy.uint8))
    ingested(c, s, folder, frames)
    for n, a in frames.items():
        with s.case(n) as f:
            c.voxels(f["image"][()], a[None], f"nerve {n}")
    has_label(c, s, "1_1", "nerve", mask(42, 58), "nerve")
    c.that("holds no voxel" in s.tome("problems", s.path).out, "an empty mask is on record")


# ---- volumes ----

def ct(shape=(20, 24, 12)):
    """A body in air, (x, y, z)."""
    a = numpy.full(shape, -1000, numpy.int16)
    a[3:-3, 3:-3, 1:-1] = RNG.integers(0, 80, tuple(n - d for n, d in zip(shape, (6, 6, 2))))
    a[5, 5, 5] = 900
    return a


def one_volume_data_sets(c, s, folder):
    image, seg = ct(), numpy.zeros((20, 24, 12), numpy.uint8)
    seg[6:12, 6:12, 3:8], seg[8:10, 8:10, 4:6] = 1, 2
    nifti(folder / "kits/case_00001/imaging.nii.gz", image, AFFINE)
    nifti(folder / "kits/case_00001/aggregated_MAJ_seg.nii.gz", seg, AFFINE)
    nifti(folder / "kits/case_00001/segmentations/kidney_instance-1_annotation-1.nii.gz", (seg > 0).astype(numpy.uint8), AFFINE)
    nifti(folder / "total/s0001/ct.nii.gz", image + 1, AFFINE)
    nifti(folder / "total/s0001/segmentations/liver.nii.gz", (seg == 1).astype(numpy.uint8), AFFINE)
    nifti(folder / "total/s0001/segmentations/spleen.nii.gz", (seg == 2).astype(numpy.uint8), AFFINE)
    (folder / "total/meta.csv").write_text("image_id;age\n")
    ingested(c, s, folder, ["case_00001", "s0001"])
    with s.case("case_00001") as f:
        c.voxels(f["image"][()], image.T, "KiTS image")
        c.voxels(f["labels/aggregated_MAJ"][()], seg.T, "KiTS labels")
        c.voxels(f["labels/kidney_instance-1_annotation-1"][()], (seg.T > 0).astype(numpy.uint8), "one annotator's kidney")
    with s.case("s0001") as f:
        c.equal(list(f["labels"]), ["liver", "spleen"], "a map an organ")
        c.voxels(f["labels/spleen"][()], (seg.T == 2).astype(numpy.uint8), "spleen")
    names = s.query("SELECT DISTINCT name FROM labels ORDER BY name")
    c.equal([r["name"] for r in names], ["kidney", "kidney_annotation", "liver", "spleen", "tumor"], "names of structures")
    c.equal(s.query("SELECT kidney_voxels, tumor_voxels FROM cases WHERE id = 'case_00001'"), [{"kidney_voxels": int((seg == 1).sum()), "tumor_voxels": int((seg == 2).sum())}],
            "what one annotator drew is not counted again")


def decathlon(c, s, folder):
    four = RNG.integers(0, 900, (16, 18, 10, 2)).astype(numpy.int16)
    seg = numpy.zeros((16, 18, 10), numpy.uint8)
    seg[4:9, 4:9, 2:6] = 2
    nifti(folder / "Task05_Prostate/imagesTr/prostate_00.nii.gz", four, AFFINE)
    nifti(folder / "Task05_Prostate/labelsTr/prostate_00.nii.gz", seg, AFFINE)
    (folder / "Task05_Prostate/dataset.json").write_text(json.dumps(
        {"modality": {"0": "T2", "1": "ADC"}, "labels": {"0": "background", "1": "PZ", "2": "TZ"}}))
    for k in range(2):
        nifti(folder / f"Dataset010_B/imagesTr/b_7_{k:04}.nii.gz", four[..., k] + 1, AFFINE)
    nifti(folder / "Dataset010_B/labelsTr/b_7.nii.gz", seg, AFFINE)
    (folder / "Dataset010_B/dataset.json").write_text(json.dumps(
        {"channel_names": {"0": "T2", "1": "ADC"}, "labels": {"background": 0, "core": 2}, "file_ending": ".nii.gz"}))
    picture = colours()
    png(folder / "Dataset120_R/imagesTr/r-1_0000.png", picture)
    png(folder / "Dataset120_R/labelsTr/r-1.png", mask() // 255)
    ingested(c, s, folder, ["prostate_00", "b_7", "r-1"])
    for id_, add in (("prostate_00", 0), ("b_7", 1)):
        with s.case(id_) as f:
            c.equal(list(f["channels"]), ["T2", "ADC"], f"{id_}: channels by dataset.json")
            for k, n in enumerate(("T2", "ADC")):
                c.voxels(f["channels"][n][()], (four[..., k] + add).T, f"{id_}: {n}")
            c.voxels(f["labels/segmentation"][()], seg.T, f"{id_}: labels")
    has_rgb(c, s, "r-1", picture, "nnU-Net's pictures")
    c.equal(s.query("SELECT text FROM problems WHERE case_id = 'prostate_00'"), [], "frames that are all channels are nothing to note")
    names = s.query("SELECT DISTINCT name FROM labels ORDER BY name")
    c.equal([r["name"] for r in names], ["TZ", "core", "segmentation"], "names by dataset.json, or the map's")


def table(c, s, folder):
    a, b, seg = ct(), ct(), numpy.zeros((20, 24, 12), numpy.uint8)
    seg[6:12, 6:12, 3:8] = 1
    nifti(folder / "ct/a.nii.gz", a, AFFINE)
    nifti(folder / "ct/b, new.nii.gz", b, AFFINE)
    nifti(folder / "seg/a.nii.gz", seg, AFFINE)
    picture = colours()
    png(folder / "p.png", picture)
    with open(folder / "cases.csv", "w", newline="") as f:
        w = csv.writer(f)
        w.writerows([["id", "image", "label:liver", "channel:late", "spacing"],
                     ["one", "ct/a.nii.gz", "seg/a.nii.gz", "", ""], ['tw"o', "ct/b, new.nii.gz", "", "ct/a.nii.gz", ""],
                     ["three", "p.png", "", "", "1,0.5,0.25"], ["four", "ct/none.nii.gz", "", "", ""]])
    done = s.ingest(folder / "cases.csv")
    c.equal(done.status, 1, "a row that cannot be is refused")
    c.that("line 5, column image" in done.out and "none.nii.gz" in done.out, f"… by line and column: {done.out}")
    c.equal(s.ids(), sorted(["one", 'tw"o', "three"]), "the other rows are in")
    with s.case("one") as f:
        c.voxels(f["image"][()], a.T, "one")
        c.voxels(f["labels/liver"][()], seg.T, "one: liver")
    with s.case('tw"o') as f:
        c.equal(list(f["channels"]), ["image", "late"], "channels of a row")
        c.voxels(f["channels/late"][()], a.T, "late")
    with s.case("three") as f:
        c.near(f["image"].attrs["spacing"], [1, 0.5, 0.25], 1e-12, "spacing of a row")
    c.equal(s.query("SELECT code FROM problems WHERE code = 'no-spacing'"), [], "a spacing that was said stands in for nothing")
    image = next(iter(csv.DictReader(open(folder / "cases.csv"), delimiter=",")))["image"]
    (folder / "odd.csv").write_text(f"id,image\nodd-1,{image},more\nodd-2,{image}\n")
    done = s.ingest(folder / "odd.csv")
    c.equal((done.status, done.events("summary")[0]["added"]), (1, 1), f"a row of three cells is refused, the other goes in: {done.err}")
    c.that("odd.csv: line 2: has 3 cells where the header has 2" in done.out + done.err, done.out)
    (folder / "bad.csv").write_text("id,image\n1,a\n1,b\n")
    done = s.ingest(folder / "bad.csv")
    c.that(done.status != 0 and "lines 2 and 3" in done.err + done.out, f"an id twice: {done.err}")
    nifti(folder / "ct/none.nii.gz", a + 1, AFFINE)
    c.equal(s.ingest(folder / "cases.csv").status, 0, "mended, the table goes in")
    c.equal(s.tome("problems", s.path).out.count("none.nii.gz"), 0, "and the refusal is forgotten")


def said(c, s, folder):
    t1, t2 = (RNG.integers(0, 900, (16, 18, 10)).astype(numpy.int16) for _ in range(2))
    nifti(folder / "t1.nii.gz", t1, AFFINE)
    nifti(folder / "t2.nii.gz", t2, AFFINE)
    done = s.tome("ingest", s.path, "--image", folder / "t1.nii.gz", "--image-name", "t1", "--channel", f"t2={folder / 't2.nii.gz'}", "--id", "p")
    c.equal(done.status, 0, done.err)
    with s.case("p") as f:
        c.equal(list(f["channels"]), ["t1", "t2"], "channels said outright")
        c.voxels(f["channels/t2"][()], t2.T, "t2")
    done = s.tome("ingest", s.path, folder, "--channel", "a=b")
    c.that(done.status == 2 and "--image" in done.err, "a channel without an image")


# ---- repairs ----

def repairs(c, s, folder):
    """Suggested where the fault is, done where asked for, on record."""
    a, seg = ct((20, 24, 14)), numpy.zeros((20, 24, 14), numpy.uint8)
    seg[3:8, 3:20, 1:6] = 1
    nifti(folder / "lits/volume-28.nii.gz", a, numpy.eye(4))
    nifti(folder / "lits/segmentation-28.nii.gz", seg, numpy.eye(4))
    done = s.ingest(folder / "lits")
    c.equal(done.status, 0, done.err)
    c.that("--repair lits-spacing" in s.tome("problems", s.path).out, "the lost spacing names its repair")
    done = s.ingest(folder / "lits", "--repair", "lits-spacing")
    c.that(done.status != 0 and "--spacing" in done.err + done.out, "which needs a spacing")
    done = s.ingest(folder / "lits", "--repair", "lits-spacing", "--spacing", "2.5,0.7,0.7", "--replace")
    c.equal(done.status, 0, done.err)
    with s.case("volume-28") as f:
        c.near(f["image"].attrs["spacing"], [2.5, 0.7, 0.7], 1e-12, "the spacing given")
        c.voxels(f["image"][()], a.T, "no voxel changes")
        c.voxels(f["labels/segmentation"][()], seg.T, "nor a label's")
    c.that("lits-spacing" in s.tome("show", s.path, "volume-28").out, "the repair is on record")
    c.equal(s.query("SELECT code FROM problems WHERE code = 'identity-affine'"), [], "and the problem gone")
    kits_axes(c, s, folder)
    done = s.ingest(folder / "lits", "--repair", "flip-labels=z")
    c.that(done.status != 0 and "did you mean flip-label" in done.err + done.out, f"a near miss: {done.err}{done.out}")


def kits_axes(c, s, folder):
    """KiTS19's affine: array axes along z, y, x. True as it is; slices first where asked for."""
    affine = numpy.array([[0, 0, -0.92, 0], [0, -0.92, 0, 0], [-0.5, 0, 0, 0], [0, 0, 0, 1.0]])
    a, seg = ct((30, 24, 20)), numpy.zeros((30, 24, 20), numpy.uint8)
    seg[4:9, 5:9, 6:13] = 1
    nifti(folder / "kits/case_00000/imaging.nii.gz", a, affine)
    nifti(folder / "kits/case_00000/segmentation.nii.gz", seg, affine)
    c.equal(s.ingest(folder / "kits").status, 0, "ingest")
    with s.case("case_00000") as f:
        c.voxels(f["image"][()], a.T, "unasked nothing moves")
    c.that("--repair kits19-axes" in str(s.query("SELECT * FROM problems WHERE code = 'slices-not-first'")), "slices that do not come first name the repair")
    c.equal(s.ingest(folder / "kits", "--repair", "kits19-axes", "--replace").status, 0, "repaired")
    with s.case("case_00000") as f:
        c.voxels(f["image"][()], a, "slices first")
        c.voxels(f["labels/segmentation"][()], seg, "labels too")
        c.near(f["image"].attrs["spacing"], [0.5, 0.92, 0.92], 1e-6, "spacing goes along")
        got = ras_affine(f["image"])
        for i, j, k in ((0, 0, 0), (29, 0, 0), (3, 7, 11)):
            c.near(got @ [k, j, i, 1], affine @ [i, j, k, 1], 1e-4, f"{(i, j, k)} stays where it is in the patient")
    c.that("kits19-axes" in s.tome("show", s.path, "case_00000").out, "on record")


def mirrored(c, s, folder):
    a = numpy.full((30, 30, 20), -1000, numpy.int16)
    a[2:28, 2:28, 12:19] = RNG.integers(0, 80, (26, 26, 7))
    seg = numpy.zeros((30, 30, 20), numpy.uint8)
    seg[5:20, 5:20, 13:18] = 1
    nifti(folder / "volume-1.nii.gz", a, AFFINE)
    nifti(folder / "segmentation-1.nii.gz", seg[:, :, ::-1], AFFINE)
    c.equal(s.ingest(folder).status, 0, "ingest")
    c.that("--repair flip-label=z" in s.tome("problems", s.path).out, "a mirrored label names its repair")
    c.equal(s.ingest(folder, "--repair", "flip-label=z", "--replace").status, 0, "repaired")
    with s.case("volume-1") as f:
        c.voxels(f["labels/segmentation"][()], seg.T, "turned round")
        c.voxels(f["image"][()], a.T, "the image stays")
    c.equal(s.query("SELECT code FROM problems WHERE code = 'label-mirrored'"), [], "the problem is gone")
    c.that("flip-label=z" in s.tome("show", s.path, "volume-1").out, "on record")


def mirrored_among_others(c, s, folder):
    """Asked for over a whole data set, the repair turns what is mirrored and says what it left; a case said outright is turned at the user's word."""
    a = numpy.full((30, 30, 20), -1000, numpy.int16)
    a[2:28, 2:28, 12:19] = RNG.integers(0, 80, (26, 26, 7))
    seg = numpy.zeros((30, 30, 20), numpy.uint8)
    seg[5:20, 5:20, 13:18] = 1
    for n, label in ((1, seg[:, :, ::-1]), (2, seg)):
        nifti(folder / f"volume-{n}.nii.gz", a + n, AFFINE)
        nifti(folder / f"segmentation-{n}.nii.gz", label, AFFINE)
    done = s.ingest(folder, "--repair", "flip-label=z")
    c.equal(done.status, 0, done.err)
    for n in (1, 2):
        with s.case(f"volume-{n}") as f:
            c.voxels(f["labels/segmentation"][()], seg.T, f"volume-{n}: the label lies on the body")
    c.equal(s.query("SELECT case_id FROM repairs"), [{"case_id": "volume-1"}], "only one was turned")
    said = [e for e in done.events("note") if "flip-label=z" in e["text"]]
    c.that(len(said) == 1 and said[0]["id"] == "volume-2" and "--label" in said[0]["text"], f"the other is told of: {said}")
    left = s.query("SELECT case_id, remedy FROM problems WHERE code = 'repair-not-applied'")
    c.that([r["case_id"] for r in left] == ["volume-2"] and "flip-label=z:all" in left[0]["remedy"], f"and stays on record: {left}")
    c.equal(s.ingest(folder, "--repair", "flip-label=z:al").status, 2, "a value that is none")
    done = s.ingest(folder, "--repair", "flip-label=z:all", "--replace")
    c.equal(done.status, 0, done.err)
    for n, want in ((1, seg), (2, seg[:, :, ::-1])):
        with s.case(f"volume-{n}") as f:
            c.voxels(f["labels/segmentation"][()], want.T, f"volume-{n}: turned at the user's word")
    c.equal(s.query("SELECT case_id, kind FROM repairs ORDER BY 1"), [{"case_id": f"volume-{n}", "kind": "flip-label=z"} for n in (1, 2)], "both on record")
    done = s.tome("ingest", s.path, "--image", folder / "volume-2.nii.gz", "--label", f"l={folder / 'segmentation-2.nii.gz'}", "--repair", "flip-label=z", "--replace")
    c.equal(done.status, 0, done.err)
    with s.case("volume-2") as f:
        c.voxels(f["labels/l"][()], seg.T[::-1], "said outright: turned")


# ---- what was given and what was taken ----

def regions(c, s, folder):
    """nnU-Net's labels that are several values: parts have names unlike the whole, and the whole is on record."""
    root, seg = folder / "Dataset137_B", numpy.zeros((16, 18, 10), numpy.uint8)
    seg[2:12, 2:12, 2:8], seg[4:10, 4:10, 3:7], seg[5:7, 5:7, 4:6] = 1, 2, 3
    nifti(root / "imagesTr/b_1_0000.nii.gz", RNG.integers(0, 900, (16, 18, 10)).astype(numpy.int16), AFFINE)
    nifti(root / "labelsTr/b_1.nii.gz", seg, AFFINE)
    (root / "dataset.json").write_text(json.dumps({
        "channel_names": {"0": "T1"}, "file_ending": ".nii.gz", "regions_class_order": [1, 2, 3],
        "labels": {"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": [3]}}))
    ingested(c, s, root, ["b_1"])
    rows = s.query("SELECT value, name, voxels FROM labels ORDER BY value")
    c.equal([(r["value"], r["name"]) for r in rows],
            [(1, "whole tumor without tumor core"), (2, "tumor core without enhancing tumor"), (3, "enhancing tumor")], "names of values")
    c.equal([r["voxels"] for r in rows], [int((seg == v).sum()) for v in (1, 2, 3)], "voxels of values")
    told = s.query("SELECT text FROM problems WHERE code = 'label-regions'")
    c.that(len(told) == 1 and "whole tumor = 1+2+3, tumor core = 2+3" in told[0]["text"], f"regions on record: {told}")


def detached(c, s, folder):
    """Every file that a header gathers its voxels from is a source of the case, with its hash; another slice is another source."""
    a = RNG.integers(0, 900, (4, 5, 6)).astype("<i2")
    mhd = "NDims = 3\nDimSize = 6 5 4\nElementType = MET_SHORT\nElementSpacing = 1 1 2\nElementByteOrderMSB = False\nElementDataFile = "
    nhdr = "NRRD0004\ntype: short\ndimension: 3\nsizes: 6 5 4\nendian: little\nencoding: raw\nspace: LPS\n" \
           "space directions: (1,0,0) (0,1,0) (0,0,2)\nspace origin: (0,0,0)\ndata file: "
    slices = [f"s{z:03}.raw" for z in range(4)]
    for name, header in (("list.mhd", mhd + "LIST\n" + "\n".join(slices)), ("pattern.mhd", mhd + "s%03d.raw 0 3 1\n"),
                         ("list.nhdr", nhdr + "LIST\n" + "\n".join(slices)), ("pattern.nhdr", nhdr + "s%03d.raw 0 3 1\n")):
        root, id_ = folder / name.replace(".", "_"), name.replace(".", "_")
        root.mkdir()
        (root / name).write_text(header)
        for z, file in enumerate(slices):
            (root / file).write_bytes((a[z] + len(name)).tobytes())
        done = s.ingest("--image", root / name, "--id", id_)
        c.equal(done.status, 0, f"{name}: {done.out}{done.err}")
        with s.case(id_) as f:
            c.voxels(f["image"][()], a + len(name), name)
        rows = s.query(f"SELECT path, bytes, hash FROM sources WHERE case_id = '{id_}' ORDER BY number")
        c.equal([r["path"] for r in rows], [name, *slices], f"{name}: its sources")
        c.equal([r["bytes"] for r in rows[1:]], [60] * 4, f"{name}: their bytes")
        c.equal(len({r["hash"] for r in rows}), 5, f"{name}: their hashes")
        c.equal(len(s.ingest("--image", root / name, "--id", id_).events("skipped")), 1, f"{name}: in already")
        (root / slices[2]).write_bytes(b"\1" * 60)
        done = s.ingest("--image", root / name, "--id", id_)
        c.that(done.status == 1 and "made from other files" in done.out, f"{name}: another slice is noticed: {done.out}")
    done = s.ingest(folder / "list_mhd", "--replace")
    c.that("header that names them" in done.out, f"bare voxels in a folder: {done.out}")


def scattered(c, s, folder):
    """One series over two folders makes two cases, each at twice the step, which look whole: the problem says so; together they are one."""
    stack = pixels(8)
    for z in range(8):
        save_dicom(slice_dataset(stack[z], z, (0, 0, 3.0 * z)), folder / f"scan/part{z % 2}/{z}.dcm")
    done = s.ingest(folder / "scan")
    c.equal((done.status, s.ids()), (0, ["part0", "part1"]), f"two cases: {done.out}")
    rows = s.query("SELECT * FROM problems WHERE code = 'series-scattered'")
    c.that(len(rows) == 1 and rows[0]["case_id"] == "part1" and "case part0" in rows[0]["text"] and "--image" in rows[0]["remedy"], f"told: {rows}")
    s.ingest(folder / "scan", "--replace")
    c.equal(len(s.query("SELECT * FROM problems WHERE code = 'series-scattered'")), 2, "of both, once both are known")
    done = s.ingest("--image", folder / "scan", "--id", "whole")
    with s.case("whole") as f:
        c.voxels(f["image"][()], stack.astype(int) - 1024, "the folder above them is the scan")
    series(folder / "gap", [0, 3, 6, 21, 24, 27], series=2)
    c.equal(s.ingest(folder / "gap", "--gap", "split").status, 0, "split")
    c.equal([r["case_id"] for r in s.query("SELECT case_id FROM problems WHERE code = 'series-scattered' AND case_id LIKE 'gap%'")], [],
            "volumes that one folder was split into are no parts astray")


def unpaired(c, s, folder):
    """Labels whose image is not there: told in full, counted, and seen in the exit status; so is a folder without any case."""
    for n in range(12):
        nifti(folder / f"a/{n}/segmentation-{n}.nii.gz", numpy.ones((4, 5, 6), numpy.uint8), AFFINE)
    nifti(folder / "a/volume-3.nii.gz", numpy.arange(120, dtype=numpy.int16).reshape(4, 5, 6), AFFINE)
    nifti(folder / "a/segmentation-3.nii.gz", numpy.ones((4, 5, 6), numpy.uint8), AFFINE)
    done = s.tome("ingest", s.path, folder / "a")
    c.equal(done.status, 1, f"exit status: {done.err}")
    c.that("1 case added" in done.err and "12 label files left out" in done.err, f"the summary: {done.err}")
    for n in range(12):
        c.that(f"segmentation-{n}.nii.gz" in done.err, f"segmentation-{n} is named: {done.err}")
    done = s.ingest(folder / "a")
    c.equal((done.status, done.events("summary")[0]["unpaired"], len(done.events("unpaired"))), (1, 12, 12), "again, as JSON")
    (folder / "b").mkdir()
    done = s.tome("ingest", s.path, folder / "b")
    c.that(done.status == 1 and "no case was found" in done.err and "tome layouts" in done.err, f"an empty folder: {done.status} {done.err}")


# ---- the real ones ----

def real(c, s, folder):
    if not (DATA / "drive").is_dir():
        print("no real data here: $TOME_DATA", file=sys.stderr)
        return
    ingested(c, s, DATA / "drive", [f"{n}_training" for n in (21, 22, 23, 24)] + [f"{n:02}_test" for n in (1, 2, 3, 4)])
    for id_ in s.ids():
        number, part = id_.split("_")
        base = DATA / "drive" / part
        has_rgb(c, s, id_, numpy.asarray(Image.open(base / f"images/{id_}.tif")), id_)
        has_label(c, s, id_, "vessel", numpy.asarray(Image.open(base / f"1st_manual/{number}_manual1.gif").convert("L")), id_)
        has_label(c, s, id_, "fov", numpy.asarray(Image.open(base / f"mask/{id_}_mask.gif").convert("L")), id_)
        if part == "test":
            has_label(c, s, id_, "second_observer", numpy.asarray(Image.open(base / f"2nd_manual/{number}_manual2.gif").convert("L")), id_)


def real_others(c, s, folder):
    if not (DATA / "drive").is_dir():
        return
    done = s.ingest(DATA / "chase-db1", DATA / "kits-labels", DATA / "brats", DATA / "lits", DATA / "ircad-17")
    c.equal((done.status, done.events("summary")[0]["unpaired"]), (1, 2), f"two labels without an image: {done.err}{done.out[-3000:]}")
    c.equal(s.ids(), sorted([f"Image_0{n}{e}" for n in (1, 2) for e in "LR"] + ["brats_2013_pat0005_1", "volume-0", "volume-1", "ircad-17"]), "real cases")
    c.that("a KiTS segmentation without its imaging.nii.gz" in done.out, "KiTS labels alone are passed over, and why")
    for id_ in ("Image_01L", "Image_02R"):
        has_label(c, s, id_, "vessel", numpy.asarray(Image.open(DATA / f"chase-db1/{id_}_1stHO.png")), id_)
        has_label(c, s, id_, "second_observer", numpy.asarray(Image.open(DATA / f"chase-db1/{id_}_2ndHO.png")), id_)
        with s.case(id_) as f:
            got = numpy.stack([f["channels"][n][0] for n in ("red", "green", "blue")], -1).astype(int)
        off = numpy.abs(got - numpy.asarray(Image.open(DATA / f"chase-db1/{id_}.jpg")).astype(int))
        c.that(off.max() <= 2, f"{id_}: as PIL decodes the JPEG, within rounding: {off.max()}")
    brats = DATA / "brats/brats_2013_pat0005_1"
    with s.case("brats_2013_pat0005_1") as f:
        c.voxels(f["channels/flair"][()], numpy.asarray(nibabel.load(brats / "Flair_subtrMeanDivStd.nii.gz").dataobj).T, "BraTS: FLAIR")
        c.voxels(f["labels/segmentation"][()], numpy.asarray(nibabel.load(brats / "OTMultiClass.nii.gz").dataobj).T.astype(numpy.uint8), "BraTS: labels")
    with s.case("volume-0") as f:
        c.voxels(f["image"][()], numpy.asarray(nibabel.load(DATA / "lits/volume-0.nii.gz").dataobj).T, "LiTS: image")
    voxels = s.query("SELECT name, voxels FROM labels WHERE name IN ('liver', 'livertumor1') ORDER BY voxels")
    c.that({"name": "livertumor1", "voxels": 96961} in voxels and {"name": "liver", "voxels": 1495112} in voxels, f"3D-IRCADb: {voxels}")


def main():
    c = Checks()
    with tempfile.TemporaryDirectory() as t:
        for part in (photographs, retinas, nerve, one_volume_data_sets, decathlon, table, said, repairs, mirrored, mirrored_among_others,
                     regions, detached, scattered, unpaired, real, real_others):
            s = Store(sys.argv[1])
            folder = Path(t) / part.__name__
            folder.mkdir()
            part(c, s, folder)
            s.close()
    return c.done()


if __name__ == "__main__":
    sys.exit(main())
