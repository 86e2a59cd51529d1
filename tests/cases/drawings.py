#!/usr/bin/python3
"""Segmentations and structure sets on their way through the program: found by the series they name, laid on its grid, refused with the right
sentence; and DICOM on its way out: a series that comes back as it was, a label map as SEG. Then the real ones.

    drawings.py TOME
"""
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy
import pydicom

sys.path.insert(0, str(Path(__file__).parent.parent / "unit/format"))
import dicom_draw_make as make
from dicom_make import EXPLICIT
from tomelib import DATA, Checks, Store, save, series

POSITIONS = [(-10.0, -20.0, 3.0 * z) for z in range(5)]
GRID = make.Grid((5, 16, 20), (3, 0.7, 0.7), POSITIONS[0])
SERIES, FRAME = "1.2.826.0.1.3680043.10.9999.200.1", "1.2.826.0.1.3680043.10.9999.300"


def drawn(frames, **options):
    ds = make.seg(GRID, frames, series=options.pop("series", SERIES), **options)
    ds.FrameOfReferenceUID = FRAME
    return ds


def structures(regions, series=SERIES):
    return make.rtstruct(regions, series, FRAME)


def box(z, y, x):
    v = numpy.zeros(GRID.shape, "u1")
    v[z[0]:z[1], y[0]:y[1], x[0]:x[1]] = 1
    return v


def frames(v, number):
    return [(number, z, v[z]) for z in range(5) if v[z].any()]


def square(z, y, x):
    """Closed contours around voxels y[0] … y[1]-1, x[0] … x[1]-1 of slice z, half a voxel out."""
    return ("CLOSED_PLANAR", [GRID.world((z, b, a)) for b, a in [(y[0] - .5, x[0] - .5), (y[0] - .5, x[1] - .5), (y[1] - .5, x[1] - .5), (y[1] - .5, x[0] - .5)]])


def label(f, name):
    return f[f"labels/{name}"][...]


def apart(c, program, folder):
    """Two segments that do not overlap: one map, their numbers, their names. The SEG lies in a folder of its own, under an odd name."""
    series(folder / "p1/CT", POSITIONS)
    a, b = box((0, 2), (2, 6), (3, 9)), box((1, 4), (8, 12), (3, 9))
    save(drawn(frames(a, 2) + frames(b, 5), numbers=(2, 5)), folder / "p1/results/x.seg")
    s = Store(program)
    done = s.ingest(folder)
    c.equal((done.status, s.ids()), (0, ["p1_CT"]), f"apart: {done.out}{done.err}")
    with s.case("p1_CT") as f:
        c.equal(list(f["labels"]), ["segmentation"], "apart: one map")
        c.voxels(label(f, "segmentation"), 2 * a + 5 * b, "apart: voxels")
    rows = s.query("SELECT name, value, voxels FROM labels ORDER BY value")
    c.equal([(r["name"], r["value"], r["voxels"]) for r in rows], [("part 2", 2, int(a.sum())), ("part 5", 5, int(b.sum()))], "apart: names")
    c.equal(len(s.ingest(folder).events("skipped")), 1, "apart: ingested again, nothing is done")
    back = s.folder / "back.dcm"
    out = s.tome("get", s.path, "p1_CT", "--label", "segmentation", "-o", back)
    c.equal(out.status, 0, f"apart: SEG out: {out.err}")
    ds = pydicom.dcmread(back)
    c.equal((ds.ReferencedSeriesSequence[0].SeriesInstanceUID, ds.FrameOfReferenceUID), (SERIES, FRAME), "apart: SEG refers to the series")
    c.equal([x.SegmentLabel for x in ds.SegmentSequence], ["part 2", "part 5"], "apart: names in the SEG")
    sources = {g.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID for g in ds.PerFrameFunctionalGroupsSequence}
    c.that(len(sources) == 4 and all(u.startswith("1.2.826.0.1.3680043.10.9999.1.") for u in sources), f"apart: source images {sources}")
    done = s.tome("ingest", s.path, "--image", folder / "p1/CT", "--label", f"again={back}", "--id", "again")
    with s.case("again") as f:
        c.voxels(label(f, "again") > 0, (a | b) > 0, "apart: the SEG comes back")
    s.close()


def overlapping(c, program, folder):
    """Structures that overlap: a map each; and a keyed name where the label was named."""
    series(folder / "ct", POSITIONS)
    a, b = box((0, 3), (2, 9), (3, 9)), box((1, 4), (5, 12), (3, 9))
    save(drawn(frames(a, 1) + frames(b, 2), numbers=(1, 2)), folder / "ct/seg.dcm")
    s = Store(program)
    done = s.ingest(folder)
    c.equal((done.status, len(s.ids())), (0, 1), f"overlap: {done.out}{done.err}")
    with s.case(s.ids()[0]) as f:
        c.equal(sorted(f["labels"]), ["part 1", "part 2"], "overlap: a map each")
        c.voxels(label(f, "part 1"), a, "overlap: first")
        c.voxels(label(f, "part 2"), b, "overlap: second")
    c.equal(s.query("SELECT count(*) AS n FROM problems WHERE code = 'labels-overlap'")[0]["n"], 1, "overlap: said")
    done = s.ingest("--image", folder / "ct", "--label", f"T={folder / 'ct/seg.dcm'}", "--id", "turned", "--repair", "flip-label=y")
    c.equal(done.status, 0, f"overlap, flipped: {done.out}{done.err}")
    with s.case("turned") as f:
        c.voxels(label(f, "T-part 1"), a[:, ::-1], "overlap, flipped: first")
        c.voxels(label(f, "T-part 2"), b[:, ::-1], "overlap, flipped: second")
    (folder / "only").mkdir()
    (folder / "ct/seg.dcm").rename(folder / "only/seg.dcm")
    done = s.ingest("--image", folder / "ct", "--label", f"L={folder / 'only/seg.dcm'}", "--id", "named")
    c.equal(done.status, 0, f"overlap, named: {done.out}{done.err}")
    with s.case("named") as f:
        c.equal(sorted(f["labels"]), ["L-part 1", "L-part 2"], "overlap, named: a map each")
    s.close()


def regions(c, program, folder):
    """A structure set: two regions, one with a hole; a point is noted."""
    series(folder / "image", POSITIONS)
    shell = [square(z, (2, 14), (2, 18)) for z in (1, 2)] + [square(2, (5, 9), (6, 10))]
    save(structures([(3, "shell", shell), (8, "core", [square(2, (5, 9), (6, 10))]), (9, "iso", [("POINT", [GRID.world((2, 7, 8))])])]),
         folder / "rs/RS.dcm")
    s = Store(program)
    done = s.ingest(folder)
    c.equal((done.status, len(s.ids())), (0, 1), f"regions: {done.out}{done.err}")
    want = box((1, 3), (2, 14), (2, 18))
    want[2, 5:9, 6:10] = 2
    with s.case(s.ids()[0]) as f:
        c.equal(list(f["labels"]), ["structures"], "regions: one map")
        c.voxels(label(f, "structures"), want, "regions: voxels")
    notes = " ".join(r["text"] for r in s.query("SELECT text FROM problems WHERE code = 'label-note'"))
    c.that("iso" in notes and "points or open lines" in notes, f"regions: the point is noted: {notes}")
    s.close()


def fractions(c, program, folder):
    series(folder / "ct", POSITIONS)
    v = numpy.random.default_rng(4).integers(0, 256, GRID.shape).astype("u1")
    save(drawn([(1, z, v[z]) for z in range(5)], kind="FRACTIONAL"), folder / "f/f.dcm")
    s = Store(program)
    done = s.ingest(folder)
    c.that(done.status == 1 and not s.ids() and "--threshold=0.5" in done.out, f"fractions: refused: {done.out}")
    done = s.ingest(folder, "--threshold=0.5")
    c.equal(done.status, 0, f"fractions: {done.out}{done.err}")
    with s.case(s.ids()[0]) as f:
        c.voxels(label(f, "part 1"), (v / 255 >= 0.5).astype("u1"), "fractions: voxels")
    c.equal([r["kind"] for r in s.query("SELECT kind FROM repairs")], ["threshold"], "fractions: on record")
    s.close()


def strays(c, program, folder):
    """Drawn on what is not here; on another grid; by frame of reference alone; broken: each says what it is, and costs no image but its own."""
    a = box((0, 2), (2, 6), (3, 9))
    series(folder / "one/ct", POSITIONS)
    save(drawn(frames(a, 1), series="1.2.3.99"), folder / "one/seg/s.dcm")
    other = make.seg(GRID, frames(a, 1), series="1.2.3.99")
    other.FrameOfReferenceUID = "1.2.3.98"
    save(other, folder / "two/s.dcm")
    broken = (folder / "one/seg/s.dcm").read_bytes()
    (folder / "three").mkdir()
    (folder / "three/cut.dcm").write_bytes(broken[:len(broken) - 200])
    s = Store(program)
    done = s.ingest(folder)
    c.equal((done.status, len(s.ids())), (1, 1), f"strays: {done.out}{done.err}")
    with s.case(s.ids()[0]) as f:
        c.voxels(label(f, "part 1"), a, "strays: taken by its frame of reference")
    said = {e["path"]: e["text"] for e in done.events("note") + done.events("unpaired") + done.events("refused") if e.get("path")}
    c.that("drawn on series 1.2.3.99" in said.get("two/s.dcm", ""), f"strays: no image: {said}")
    c.that("cut short" in said.get("three/cut.dcm", "") or "need" in said.get("three/cut.dcm", ""), f"strays: broken: {said}")
    c.equal(s.query("SELECT count(*) AS n FROM problems WHERE code = 'label-frame'")[0]["n"], 1, "strays: by frame of reference, said")
    s.close()
    shifted = make.Grid(GRID.shape, GRID.spacing, GRID.origin + (0, 0, 1.2))
    ds = make.seg(shifted, frames(a, 1), series=SERIES)
    save(ds, folder / "four/seg.dcm")
    series(folder / "four/ct", POSITIONS)
    s = Store(program)
    done = s.ingest(folder / "four")
    c.that(done.status == 1 and not s.ids() and "0.4 voxels off" in done.out, f"strays: another grid: {done.out}")
    s.close()


def out_and_in(c, program, folder):
    """A series written is the volume that was read: by pydicom, by us; nothing is left of what failed."""
    series(folder / "ct", [(-10.0, -20.0 + 0.2 * z, 3.0 * z) for z in range(5)])
    s = Store(program)
    s.ingest(folder / "ct")
    out = s.folder / "out"
    done = s.tome("get", s.path, s.ids()[0], "-o", f"{out}/")
    c.equal((done.status, len(list(out.iterdir()))), (0, 5), f"out: {done.err}")
    done = s.tome("get", s.path, s.ids()[0], "-o", f"{out}/")
    c.that(done.status != 0 and "exists already" in done.err, f"out: nothing is overwritten unasked: {done.err}")
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    c.equal(s.tome("get", s.path, s.ids()[0], "-o", f"{out}/", "--force").status, 0, "out: --force")
    c.that({p.name: p.read_bytes() for p in out.iterdir()} != before and len(before) == 5, "out: replaced whole (new identifiers)")
    c.equal([p.name for p in s.folder.iterdir() if ".tmp-" in p.name], [], "out: no drafts are left")
    again = Store(program)
    again.ingest(out)
    with s.case(s.ids()[0]) as f, again.case(again.ids()[0]) as g:
        c.voxels(g["image"][...], f["image"][...], "out: voxels")
        for name in ("spacing", "origin", "direction"):
            c.near(g["image"].attrs[name], f["image"].attrs[name], 1e-9, f"out: {name}")
    done = s.tome("get", s.path, s.ids()[0], "resample:spacing=1", "normalise:zscore", "-o", f"{s.folder}/z/")
    c.that(done.status != 0 and "16 bits" in done.err and not (s.folder / "z").exists(), f"out: floats are refused: {done.err}")
    c.equal([p.name for p in s.folder.iterdir() if ".tmp-" in p.name], [], "out: no drafts are left")
    again.close()
    s.close()


def real(c, program):
    s = Store(program)
    done = s.ingest(DATA / "dicom-seg", DATA / "rtstruct/dicom", DATA / "sts-001/dicom")
    left_out = done.events("unpaired")
    c.that(done.status == 1 and left_out and not done.events("refused"), f"real: {done.out}{done.err}")
    c.that(all(e["path"].endswith(".nrrd") for e in left_out), f"real: only the .nrrd copies of the drawings have no image: {left_out}")
    maps = {}
    for id_ in s.ids():
        with s.case(id_) as f:
            maps[id_] = {k: f[f"labels/{k}"][...] for k in f.get("labels", {})}
    c.equal(sorted(maps["ct-3slice"]), ["DARK_BLUE", "GREEN", "LIGHT_BLUE", "Liver", "ORANGE", "PURPLE"], "real: ct-3slice's labels")
    c.equal(sorted(maps["24x38x3"]), ["Liver", "Liver-2", "Liver-3"], "real: 24x38x3's labels")
    for case, name in (("rtstruct", "GTV-1"), ("sts-001", "GTV_Mass_CT")):
        want = numpy.asarray(nibabel.load(DATA / case / "nifti/mask/mask.nii.gz").dataobj).T
        got = [m[name] for m in maps.values() if name in m]
        c.equal(len(got), 1, f"real: {case} has {name}")
        if got:
            c.voxels(got[0] > 0, want > 0, f"real: {case}")
    s.close()


def main():
    c = Checks()
    for test in (apart, overlapping, regions, fractions, strays, out_and_in):
        with tempfile.TemporaryDirectory(prefix="tome-drawings-") as folder:
            test(c, sys.argv[1], Path(folder) / "data")
    if DATA.is_dir():
        real(c, sys.argv[1])
    else:
        print("real data absent: those parts were skipped")
    return c.done()


if __name__ == "__main__":
    sys.exit(main())
