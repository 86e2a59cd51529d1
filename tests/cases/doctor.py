#!/usr/bin/python3
"""tome doctor: its outliers are those that NumPy finds by the same definition, damage to a store is seen without reading voxels, exit statuses
hold, and thumbnails show each structure's border where it is, hung as radiologists do.

    doctor.py TOME
"""
import json
import sqlite3
import sys
import tempfile
from pathlib import Path

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


def expected(s):
    """(code, id, first words) of every outlier, from what tome query answers."""
    found = set()
    rows = s.query("SELECT c.*, (SELECT ml FROM structures WHERE case_id = c.id AND kind = 'liver') AS v FROM cases AS c")
    measures = [("outlier-spacing", f"spacing along {a}", f"spacing_{a}", True) for a in "zyx"]
    measures += [("outlier-values", f"percentile {r}", c, False) for r, c in (("0.5", "hu_p005"), ("50", "hu_p50"), ("99.5", "hu_p995"))]
    measures += [("outlier-volume", "volume of liver", "v", True)]
    for code, words, column, ratio in measures:
        groups = {}
        for r in rows:
            groups.setdefault("" if code == "outlier-volume" else r["modality"], []).append(r)
        for group in groups.values():
            group = [r for r in group if r[column] is not None]
            values = numpy.array([r[column] for r in group], float)
            if len(values) < 8:
                continue
            z, median = robust(numpy.log(values) if ratio else values)
            median = numpy.exp(median) if ratio else median
            for r, score, v in zip(group, z, values):
                if abs(score) > 3.5 and abs(v - median) > 0.05 * abs(median):
                    found.add((code, r["id"], words))
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
                ("outlier-values", "volume-9", "percentile 50")):
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
        hung(c, program, t / "lps", "axes to left and back", LPS)
        hung(c, program, t / "ras", "axes to right and front", numpy.eye(4))
        damage(c, s)
    return c.done()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
