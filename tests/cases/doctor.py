#!/usr/bin/python3
"""tome doctor: its outliers are those that NumPy finds by the same definition, damage to a store is seen without reading voxels, exit statuses
hold, and thumbnails show each structure's border where it is, hung as radiologists do.

    doctor.py TOME
"""
import json
import re
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy
from PIL import Image
from scipy import ndimage

from tomelib import Checks, Store, nifti

LPS = numpy.diag([-1.0, -1.0, 1.0, 1.0])  # x to the left, y to the back: as CT lies in DICOM


def ct(path, rng, spacing, size=16, level=0):
    """A CT-like volume (values of air and tissue) with a box of a liver in it."""
    image = rng.integers(-20, 20, (size, size, 8)).astype(numpy.int16) + 40 + level
    image[:2] = -1000
    label = numpy.zeros(image.shape, numpy.uint8)
    label[4:4 + size // 2, 5:12, 2:7] = 1
    nifti(path, image, LPS * numpy.array([spacing[2], spacing[1], spacing[0], 1.0]))
    nifti(path.parent / path.name.replace("volume", "segmentation"), label, LPS * numpy.array([spacing[2], spacing[1], spacing[0], 1.0]))


def doctor(s, *options):
    done = s.tome("doctor", s.path, "--json", "-q", *options)
    return done.status, json.loads(done.out) if done.out else None


def codes(report, code):
    return sorted(f["id"] for f in report["findings"] if f["code"] == code)


# ---- outliers ----------------------------------------------------------------------------------------------

def robust(values):
    """Iglewicz & Hoaglin, with the mean absolute deviation where the median one is 0."""
    values = numpy.asarray(values, float)
    median = numpy.median(values)
    away = numpy.abs(values - median)
    unit = numpy.median(away) / 0.6745 or 1.253314 * away.mean()
    return (values - median) / unit if unit else values * 0, median


def measures(s):
    """(code, what, column or key of a query's rows, by factor, least distance, only above, rows)."""
    cases = s.query("SELECT *, shape_z * spacing_z AS size_z, shape_y * spacing_y AS size_y, shape_x * spacing_x AS size_x, modality AS grouped FROM cases")
    inside = s.query("SELECT case_id AS id, kind AS grouped, ml, components, hu_p50 FROM structures")
    for a in "zyx":
        yield "outlier-spacing", f"spacing along {a}", f"spacing_{a}", True, 0.05, False, cases
        yield "outlier-size", f"size along {a}", f"size_{a}", True, 0.5, False, cases
    for r, column in (("0.5", "hu_p005"), ("50", "hu_p50"), ("99.5", "hu_p995")):
        yield "outlier-values", f"percentile {r}", column, False, 0.05, False, cases
    yield "outlier-volume", "volume of liver", "ml", True, 0.05, False, inside
    yield "outlier-pieces", "number of pieces of liver", "components", True, 1, True, inside
    yield "outlier-label-values", "median inside liver", "hu_p50", False, 0.05, False, inside


def expected(s):
    """(code, id, first words) of every outlier, from what tome query answers."""
    found = set()
    for code, words, column, factor, least, above, rows in measures(s):
        for group in {r["grouped"] for r in rows}:
            members = [r for r in rows if r["grouped"] == group and r[column] is not None]
            values = numpy.array([r[column] for r in members], float)
            if len(values) < 8:
                continue
            z, median = robust(numpy.log(values) if factor else values)
            median = numpy.exp(median) if factor else median
            away = numpy.abs(numpy.log(values / median)) > numpy.log(1 + least) if factor else numpy.abs(values - median) > least * abs(median)
            odd = (numpy.abs(z) > 3.5) & away & ((values > median) | (not above))
            if odd.sum() <= 2 + len(values) // 10:
                found |= {(code, r["id"], words) for r, o in zip(members, odd) if o}
    return found


def outliers(c, program, folder):
    rng = numpy.random.default_rng(5)
    for i in range(12):
        spacing = (2.5 + 0.2 * rng.random(), 0.7 + 0.05 * rng.random(), 0.7)
        spacing = (40.0, *spacing[1:]) if i == 3 else spacing
        ct(folder / f"volume-{i}.nii.gz", rng, spacing, size=32 if i == 7 else 16, level=900 if i == 9 else 0)
    s = Store(program)
    s.ingest(folder)
    status, report = doctor(s)
    got = {(f["code"], f["id"], f["text"].split(" is ")[0]) for f in report["findings"] if f["code"].startswith("outlier")}
    want = expected(s)
    c.equal(got, want, "outliers")
    for one in (("outlier-spacing", "volume-3", "spacing along z"), ("outlier-volume", "volume-7", "volume of liver"),
                ("outlier-values", "volume-9", "percentile 50"), ("outlier-size", "volume-7", "size along x"),
                ("outlier-label-values", "volume-9", "median inside liver")):
        c.that(one in want, f"{one} is an outlier to NumPy")
    c.equal(status, 0, "warnings alone: status")
    c.that(report["warnings"] > 0 and report["errors"] == 0, f"far outliers are warnings: {report['warnings']}")
    c.equal(s.tome("doctor", s.path, "--strict").status, 1, "--strict")
    c.equal({k: sum(f["severity"] == k for f in report["findings"]) for k in ("error", "warning", "info")},
            {"error": report["errors"], "warning": report["warnings"], "info": report["infos"]}, "counts")
    ranks = [("error", "warning", "info").index(f["severity"]) for f in report["findings"]]
    c.equal(ranks, sorted(ranks), "worst first")
    return s


def problems_are_told(c, program, folder):
    rng = numpy.random.default_rng(6)
    for i in range(9):
        ct(folder / f"volume-{i}.nii.gz", rng, (3, 1, 1))
    image = rng.integers(-1000, 1000, (16, 16, 8)).astype(numpy.int16)
    nifti(folder / "volume-20.nii.gz", image)                                  # no label
    nifti(folder / "volume-21.nii.gz", image + 1)
    nifti(folder / "segmentation-21.nii.gz", numpy.zeros(image.shape, numpy.uint8))  # an empty one
    nifti(folder / "volume-22.nii.gz", image)
    nifti(folder / "segmentation-22.nii.gz", numpy.ones((4, 4, 4), numpy.uint8))     # refused: another grid
    s = Store(program)
    s.ingest(folder)
    status, report = doctor(s)
    c.equal(status, 1, "a refused source is an error: status")
    rows = s.query("SELECT severity, code, coalesce(case_id, '') AS id, text, remedy FROM problems")
    told = [{k: f[k] for k in ("severity", "code", "id", "text", "remedy")} for f in report["findings"] if f["found"] == "ingest"]
    order = lambda r: json.dumps(r, sort_keys=True)
    c.equal(sorted(told, key=order), sorted(rows, key=order), "every row of problems, and no other")
    c.equal(codes(report, "no-labels"), ["volume-20"], "no label map where the others have one")
    c.equal(codes(report, "label-absent"), ["volume-21"], "no liver where the others have one")
    text = s.tome("doctor", s.path).out
    c.that("empty-label: 1" in text and "volume-21: " in text and ("→" in text or "->" in text), f"as text: {text}")
    s.close()


# ---- every check: a store that has it, and one that has not --------------------------------------------------

def plain(folder, number, rng, image=None, label=None, affine=None):
    """A clean case, or one with something else in a part of it. Arrays are (x, y, z)."""
    voxels = rng.normal(40, 2, (20, 20, 10)).astype(numpy.int16)
    voxels[:3], voxels[-1, -1, -1] = -1000, 700
    liver = numpy.zeros(voxels.shape, numpy.uint8)
    liver[5:14, 5:14, 2:8] = 1
    liver[9:12, 9:12, 4:6] = 2
    liver[14, 5 + number % 7, 2 + number % 5] = 1  # no label map is another's
    image, label = voxels if image is None else image(voxels), liver if label is None else label(liver)
    affine = LPS * numpy.array([1, 1, 3, 1]) if affine is None else affine
    nifti(folder / f"volume-{number}.nii.gz", image, affine)
    nifti(folder / f"segmentation-{number}.nii.gz", label, affine)


def pieces(label):
    label[16:20:2, 16:20:2, 1:9:2] = 1
    return label


def with_value(places, value):
    def change(array):
        array[places] = value
        return array
    return change


def nans(voxels):
    voxels = voxels.astype(numpy.float32)
    voxels[4, 4, 4] = numpy.nan
    return voxels


EVERYWHERE = numpy.s_[:, :, :]
ODD = {  # how case 99 differs from the ten others
    "outlier-spacing": dict(affine=LPS * numpy.array([1, 1, 12, 1])),
    "outlier-size": dict(image=lambda v: numpy.concatenate([v, v[::-1]], 1), label=lambda m: numpy.concatenate([m, m], 1)),
    "outlier-values": dict(image=lambda v: v + numpy.int16(400)),
    "outlier-volume": dict(label=lambda m: with_value(numpy.s_[4:7, 4:7, 3:5], 2)(with_value(EVERYWHERE, 0)(m)) | with_value(numpy.s_[8:9, 8:9, 4:5], 1)(m * 0)),
    "outlier-pieces": dict(label=pieces),
    "outlier-label-values": dict(image=with_value(numpy.s_[5:14, 5:14, 2:8], 150)),
    "other-orientation": dict(affine=numpy.diag([1, 1, 3, 1.0])),
    "image-is-mask": dict(image=lambda v: (v > 40).astype(numpy.int16)),
    "not-hu": dict(image=lambda v: ((v.clip(-160, 240) + 160) * 0.6).astype(numpy.int16)),
    "other-dtype": dict(image=lambda v: v.astype(numpy.float32) + 0.25),
    "not-finite": dict(image=nans),
    "label-unnamed": dict(label=with_value(numpy.s_[6, 6, 3:5], 5)),
    "label-absent": dict(label=lambda m: numpy.minimum(m, 1)),
    "label-rare": dict(label=with_value(numpy.s_[6, 6, 3:5], 5)),
    "label-everywhere": dict(label=lambda m: numpy.maximum(m, 1)),
    "label-cut": dict(label=with_value(numpy.s_[6, 6, 0:3], 1)),
    "label-vanishes": dict(label=lambda m: with_value(numpy.s_[9, 9, 4], 2)(numpy.minimum(m, 1)), affine=LPS * numpy.array([0.9, 1, 3, 1])),
}
HARMLESS = {  # nothing of the kind, though it measures like it
    "not-hu": dict(image=lambda v: (v.clip(0, 60) - 1010).astype(numpy.int16)),  # air around a table
    "label-vanishes": dict(image=lambda v: v[:, :, 4:5], label=lambda m: m[:, :, 4:5], affine=LPS),  # a picture has no thickness
}
IN_INDEX = {  # what a case says of itself, written by hand: there is no scanner here
    "constant-image": "UPDATE intensity SET hu_min = 7, hu_max = 7 WHERE case_id = 'volume-9'",
    "mostly-padding": "UPDATE images SET padding = 2500 WHERE id = 'volume-9'; UPDATE intensity SET count = 1500 WHERE case_id = 'volume-9'",
    "other-modality": "UPDATE images SET modality = 'MR' WHERE id = 'volume-9'",
    "same-patient": "UPDATE images SET study_uid = '1.2.3' WHERE id IN ('volume-5', 'volume-9')",
    "no-labels": "DELETE FROM label_maps WHERE case_id = 'volume-9'; DELETE FROM labels WHERE case_id = 'volume-9'; DELETE FROM structures WHERE case_id = 'volume-9'",
}


def twice(c, base, rng, folder):
    """The same image, mirrored, under another label; the same label on another image; the same channel twice, or lacking."""
    s = copy_of(base)
    original = nibabel.load(folder / "volume-3.nii.gz")
    voxels = numpy.asarray(original.dataobj)
    more = s.folder / "more"
    more.mkdir()
    plain(more, 98, rng, image=lambda v: voxels)
    plain(more, 99, rng, image=lambda v: voxels[:, ::-1])
    s.ingest(more)
    report = doctor(s)[1]
    c.equal(codes(report, "duplicate-voxels"), ["volume-98"], "duplicate-voxels: told while ingesting, and once")
    c.equal(codes(report, "same-values"), ["volume-99"], "same-values")
    c.equal(codes(report, "duplicate-label"), [], "duplicate-label: none yet")
    shutil.copy(folder / "segmentation-4.nii.gz", more / "segmentation-97.nii.gz")
    plain(folder.parent, 97, rng)
    shutil.copy(folder.parent / "volume-97.nii.gz", more)
    s.ingest(more)
    c.equal(codes(doctor(s)[1], "duplicate-label"), ["volume-97"], "duplicate-label")
    with sqlite3.connect(s.path / "index.sqlite") as db:
        db.execute("DELETE FROM problems")
    c.equal(codes(doctor(s)[1], "duplicate-voxels"), ["volume-98"], "duplicate-voxels: found though nobody told")
    s.close()
    s = copy_of(base)
    for i in range(8):
        one, two = folder.parent / "c0.nii.gz", folder.parent / "c1.nii.gz"
        nifti(one, rng.normal(100, 20, (12, 12, 6)).astype(numpy.int16))
        nifti(two, rng.normal(100, 20, (12, 12, 6)).astype(numpy.int16))
        done = s.ingest("--image", one, "--id", f"mr-{i}", "--channel", f"t2={one if i == 5 else two}")
        assert done.status == 0, done.err
    c.equal(codes(doctor(s)[1], "duplicate-channel"), ["mr-5"], "duplicate-channel")
    c.equal(codes(doctor(s)[1], "channel-absent"), [], "channel-absent: not where half of them have none")
    for i in range(10):
        s.tome("rm", s.path, f"volume-{i}")
    plain(folder.parent, 77, rng)
    s.ingest("--image", folder.parent / "volume-77.nii.gz", "--id", "alone")
    nine = folder.parent / "c0.nii.gz"
    nifti(nine, rng.normal(100, 20, (12, 12, 6)).astype(numpy.int16))
    s.ingest("--image", nine, "--id", "mr-9", "--channel", f"t2={folder.parent / 'c1.nii.gz'}")
    c.equal(codes(doctor(s)[1], "channel-absent"), ["alone"], "channel-absent")
    s.close()


def copy_of(base):
    s = Store(base.program)
    shutil.rmtree(s.path)
    shutil.copytree(base.path, s.path)
    return s


def every_check(c, program, folder):
    rng = numpy.random.default_rng(11)
    for i in range(10):
        plain(folder, i, rng)
    base = Store(program)
    base.ingest(folder)
    c.equal(doctor(base)[1]["findings"], [], "nothing is wrong with clean cases")
    for code, how in ODD.items():
        s = copy_of(base)
        plain(folder.parent / code, 99, rng, **how)
        done = s.ingest(folder.parent / code)
        c.equal(done.status, 0, f"{code}: ingested: {done.err}")
        report = doctor(s)[1]
        c.equal(codes(report, code)[:1], ["volume-99"], f"{code}: found")
        c.equal(set(codes(report, code)), {"volume-99"}, f"{code}: and of no other case")
        c.that(all(f["remedy"] and f["text"] for f in report["findings"]), f"{code}: what to do")
        s.close()
    for code, how in HARMLESS.items():
        s = copy_of(base)
        plain(folder.parent / f"no-{code}", 99, rng, **how)
        done = s.ingest(folder.parent / f"no-{code}")
        c.equal(done.status, 0, f"no {code}: ingested: {done.err}")
        c.equal(codes(doctor(s)[1], code), [], f"no {code}")
        s.close()
    for code, sql in IN_INDEX.items():
        s = copy_of(base)
        with sqlite3.connect(s.path / "index.sqlite") as db:
            db.executescript(sql)
        c.equal(codes(doctor(s)[1], code), ["volume-9"], f"{code}: found")
        s.close()
    twice(c, base, rng, folder)
    base.close()
    table = (Path(__file__).parents[2] / "src/app/checks.c").read_text()
    known = set(re.findall(r'\{"([a-z-]+)", TOME_', table))
    c.equal(known - set(ODD) - set(IN_INDEX), {"duplicate-voxels", "same-values", "duplicate-label", "duplicate-channel", "channel-absent"}, "every check has been seen to find")


# ---- damage ------------------------------------------------------------------------------------------------

def damage(c, s):
    cases = s.path / "cases"
    c.equal([f for f in doctor(s)[1]["findings"] if f["severity"] == "error"], [], "before")
    (cases / "volume-0.h5").unlink()
    with open(cases / "volume-1.h5", "ab") as f:
        f.write(b"x")
    whole = (cases / "volume-2.h5").read_bytes()
    (cases / "volume-2.h5").write_bytes(b"\0" * len(whole))
    with sqlite3.connect(s.path / "index.sqlite") as db:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("UPDATE images SET voxel_hash = 'other' WHERE id = 'volume-4'")
        db.execute("DELETE FROM images WHERE id = 'volume-5'")
    (s.path / "archive.h5").unlink()
    status, report = doctor(s)
    c.equal(status, 1, "damage: status")
    for code, ids in (("file-missing", ["volume-0"]), ("size-differs", ["volume-1"]), ("case-unreadable", ["volume-2"]),
                      ("index-disagrees", ["volume-4"]), ("not-indexed", ["volume-5"]), ("archive-missing", [""])):
        c.equal(codes(report, code), ids, code)
    out = s.folder / "seen"
    c.equal(s.tome("doctor", s.path, "-o", out, "-q").status, 1, "pictures of a damaged store: status")
    c.that((out / "volume-3.png").exists() and not (out / "volume-2.png").exists(), "pictures of what can be read")
    for p in s.path.glob("index.sqlite*"):
        p.unlink()
    status, report = doctor(s)
    c.equal((status, [f["code"] for f in report["findings"]]), (1, ["index-missing"]), "no index")
    (s.path / "index.sqlite").write_bytes(b"this is no database" * 100)
    status, report = doctor(s)
    c.equal((status, [f["code"] for f in report["findings"]]), (1, ["index-damaged"]), "a damaged index")
    c.equal(s.tome("doctor", s.folder / "nowhere").status == 0, False, "no store")
    s.close()


# ---- pictures ----------------------------------------------------------------------------------------------

def hung(c, program, folder, name, affine):
    """A box at the patient's left front: seen at the right and top of the picture, its outline on its border."""
    left, front = -numpy.sign(affine[0, 0]), numpy.sign(affine[1, 1])  # which way indices run to the left, to the front (RAS affine)
    image = numpy.full((64, 64, 6), 40, numpy.int16)
    image[0, 0, 0], image[1, 0, 0] = -1000, 1000
    label = numpy.zeros(image.shape, numpy.uint8)
    x = slice(40, 60) if left > 0 else slice(4, 24)
    y = slice(44, 58) if front > 0 else slice(6, 20)
    label[x, y, 1:5] = 1
    nifti(folder / "volume-0.nii.gz", image, affine)
    nifti(folder / "segmentation-0.nii.gz", label, affine)
    nifti(folder / "volume-1.nii.gz", image, affine)  # the same voxels again: a warning, so that there are pictures
    nifti(folder / "segmentation-1.nii.gz", label, affine)
    s = Store(program)
    s.ingest(folder)
    out = s.folder / "pictures"
    c.equal(s.tome("doctor", s.path, "-o", out, "-q").status, 0, f"{name}: status")
    pictures = sorted(out.glob("*.png"))
    c.equal(len(pictures), 1, f"{name}: one case has a warning")
    rgb = numpy.asarray(Image.open(pictures[0]).convert("RGB")).astype(int)
    c.equal(rgb.shape, (320, 320, 3), f"{name}: size")
    coloured = rgb.max(2) != rgb.min(2)
    block = numpy.zeros((320, 320), bool)  # rows from the front, columns from the patient's right; 5 pixels a voxel
    block[6 * 5:20 * 5, 40 * 5:60 * 5] = True
    border = ndimage.binary_dilation(block) & ~ndimage.binary_erosion(block)  # the pixels on both sides of it
    reach = ndimage.binary_dilation(border, numpy.ones((3, 3)))
    at = lambda mask: f"{numpy.argwhere(mask).min(0)} … {numpy.argwhere(mask).max(0)}" if mask.any() else "nowhere"
    c.that(not (coloured & ~reach).any(), f"{name}: the outline is on the border to one pixel: also {at(coloured & ~reach)}")
    seen = ndimage.binary_dilation(coloured, numpy.ones((3, 3)))
    c.that(not (border & ~seen).any(), f"{name}: all of the border is outlined: not {at(border & ~seen)}")
    c.equal(s.tome("doctor", s.path, "-o", out, "-q").status, 1, f"{name}: a folder that is there is not overwritten")
    c.equal(s.tome("doctor", s.path, "-o", out, "-q", "--force").status, 0, f"{name}: unless told")
    s.close()


def main(program):
    c = Checks()
    with tempfile.TemporaryDirectory() as t:
        t = Path(t)
        s = outliers(c, program, t / "outliers")
        problems_are_told(c, program, t / "problems")
        every_check(c, program, t / "checks" / "base")
        hung(c, program, t / "lps", "axes to left and back", LPS)
        hung(c, program, t / "ras", "axes to right and front", numpy.eye(4))
        damage(c, s)
    return c.done()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
