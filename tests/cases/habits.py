#!/usr/bin/python3
"""What a store promises whatever goes in: idempotent ingest, ingests at once, no identity, sentences instead of damage when the disk is
full or a file cannot be read, an index that can be thrown away, an archive and case files that plain h5py and h5dump open.

    habits.py TOME
"""
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy

from tomelib import Checks, Store, nifti, pixels, save, series, slice_dataset

IDENTITY = [b"Doe^Jane", b"SECRET-42", b"19700131", b"20200229"]


def lits(folder, n, shape=(40, 40, 20)):
    rng = numpy.random.default_rng(8)
    for i in range(n):
        image = rng.integers(-1000, 1000, shape).astype(numpy.int16)
        nifti(folder / f"volume-{i}.nii.gz", image)
        nifti(folder / f"segmentation-{i}.nii.gz", (image > 500).astype(numpy.uint8) + (image > 900))


def idempotent(c, program, folder):
    lits(folder, 3)
    s = Store(program)
    first, second = s.ingest(folder), s.ingest(folder)
    c.equal([len(first.events("added")), len(second.events("added")), len(second.events("skipped"))], [3, 0, 3], "ingest twice")
    c.equal(second.status, 0, "the second ingest's status")
    shutil.copy(folder / "volume-1.nii.gz", folder / "volume-9.nii.gz")
    s.ingest(folder)
    problems = s.query("SELECT * FROM problems")
    c.that(any(p["code"] == "duplicate-voxels" for p in problems), f"a copied volume is a problem: {problems}")
    s.close()


def other_voxels_same_id(c, program, folder):
    lits(folder / "a", 1)
    rng = numpy.random.default_rng(1)
    nifti(folder / "b" / "volume-0.nii.gz", rng.integers(-1000, 1000, (8, 8, 8)).astype(numpy.int16))
    s = Store(program)
    s.ingest(folder / "a")
    again = s.ingest(folder / "b")
    c.equal(again.status, 1, "another case by the same id: status")
    c.that("--replace" in " ".join(e["text"] for e in again.events("refused")), "another case by the same id: remedy")
    with s.case("volume-0") as f:
        c.equal(f["image"].shape, (20, 40, 40), "the first one stays")
    c.equal(s.ingest(folder / "b", "--replace").status, 0, "--replace")
    with s.case("volume-0") as f:
        c.equal(f["image"].shape, (8, 8, 8), "the second one is in")
    c.equal(s.query("SELECT count(*) AS n FROM problems WHERE severity = 'error'")[0]["n"], 0, "the refusal is forgotten")
    s.close()


def two_at_once(c, program, folder):
    lits(folder, 8)
    s = Store(program)
    both = [subprocess.Popen([program, "ingest", str(s.path), str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    outs = [p.communicate(timeout=300) for p in both]
    c.equal([p.returncode for p in both], [0, 0, 0], f"ingests at once: nobody is refused for what another did {outs}")
    c.equal(s.ids(), sorted(f"volume-{i}" for i in range(8)), f"ingests at once: cases {outs}")
    c.equal(s.tome("verify", s.path).status, 0, "ingests at once: verify")
    c.equal(s.query("SELECT count(*) AS n FROM cases")[0]["n"], 8, "ingests at once: index")
    with h5py.File(s.path / "archive.h5", "r") as f:
        c.equal(len(f), 8, "ingests at once: archive")
    s.close()


def no_identity(c, program, folder):
    series(folder / "ct", [3.0 * z for z in range(6)])
    s = Store(program)
    s.ingest(folder)
    for path in sorted(p for p in s.path.rglob("*") if p.is_file()):
        data = path.read_bytes()
        for word in IDENTITY:
            c.that(word not in data, f"{path.name} holds {word}")
    kept = Store(program)
    kept.ingest(folder, "--keep-identity")
    data = b"".join(p.read_bytes() for p in kept.path.rglob("*.h5"))
    c.that(all(word in data for word in IDENTITY), "--keep-identity keeps it")
    s.close()
    kept.close()


def disk_full(c, program, folder):
    lits(folder / "small", 2)
    rng = numpy.random.default_rng(1)
    nifti(folder / "big" / "volume-7.nii.gz", rng.integers(-1000, 1000, (128, 128, 128)).astype(numpy.int16))
    s = Store(program)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    p = subprocess.run([program, "ingest", str(s.path), str(folder), "--json"], capture_output=True, text=True, preexec_fn=limit, timeout=300)
    c.equal(p.returncode, 1, f"no room: status ({p.stderr})")
    c.that("volume-7" in p.stdout and "large" in p.stdout.lower(), f"no room: the sentence: {p.stdout}")
    c.equal(s.ids(), ["volume-0", "volume-1"], "no room: the others are in")
    c.equal(s.tome("verify", s.path).status, 0, "no room: verify")
    c.equal(s.ingest(folder).status, 0, "room again: completes")
    c.equal(len(s.ids()), 3, "room again: all in")
    s.close()


def unreadable(c, program, folder):
    lits(folder, 2)
    (folder / "volume-0.nii.gz").write_bytes(b"\x1f\x8b\x08" + bytes(200))
    s = Store(program)
    done = s.ingest(folder)
    c.equal(done.status, 1, "a damaged file: status")
    c.equal(s.ids(), ["volume-1"], "a damaged file: the other is in")
    c.that("volume-0.nii.gz" in " ".join(e["text"] for e in done.events("refused")), f"a damaged file is named: {done.out}")
    s.close()


def derived_index(c, program, folder):
    lits(folder, 3)
    series(folder / "gap", [0.0, 3.0, 6.0, 15.0])
    s = Store(program)
    s.ingest(folder)
    tables = ["cases", "labels", "windows", "problems", "sources", "repairs", "intensity"]
    rows = lambda t: sorted(str({k: v for k, v in r.items() if k != "number"}) for r in s.query(f"SELECT * FROM {t}"))
    before = {t: rows(t) for t in tables}
    for p in s.path.glob("index.sqlite*"):
        p.unlink()
    c.that(s.tome("verify", s.path).status != 0, "verify sees that the index is gone")
    c.equal(s.tome("reindex", s.path).status, 0, "reindex")
    for t in tables:
        c.equal(rows(t), before[t], f"reindex: table {t}")
    (s.path / "index.sqlite").write_bytes(b"this is no database" * 100)
    c.equal(s.tome("reindex", s.path).status, 0, "reindex over a damaged index")
    c.equal(len(s.query("SELECT id FROM cases")), 3, "reindex over a damaged index: cases")
    c.equal(s.tome("rm", s.path, "volume-1").status, 0, "rm")
    c.equal(s.ids(), ["volume-0", "volume-2"], "rm: files")
    with h5py.File(s.path / "archive.h5", "r") as f:
        c.equal(sorted(f), ["volume-0", "volume-2"], "rm: archive")
        c.equal(f["volume-0/image"].shape, (20, 40, 40), "the archive's links lead somewhere")
        c.equal([d.label for d in f["volume-0/image"].dims], ["z", "y", "x"], "dimension names")
    dump = subprocess.run(["h5dump", "-p", "-H", str(s.path / "cases" / "volume-0.h5")], capture_output=True, text=True)
    c.that(dump.returncode == 0 and all(w in dump.stdout for w in ("SHUFFLE", "DEFLATE", "FLETCHER32")), "h5dump reads it and names the filters")
    s.close()


def damaged_neighbour(c, program, folder):
    """One unreadable file beside two series: both are taken, both say so, and the exit status does too."""
    for n in (1, 2):
        series(folder / "p1", [3.0 * z for z in range(5)], series=n, names=f"s{n}_{{}}.dcm")
    whole = (folder / "p1" / "s1_2.dcm").read_bytes()
    (folder / "p1" / "broken.dcm").write_bytes(whole[:-200])
    s = Store(program)
    done = s.ingest(folder)
    c.equal(done.status, 1, "a damaged neighbour: status")
    c.equal(s.ids(), ["p1.1", "p1.2"], f"a damaged neighbour: both series are in {done.out}")
    said = " ".join(e["text"] for e in done.events("refused"))
    c.that("broken.dcm" in said, f"a damaged neighbour is named: {said}")
    c.equal(s.query("SELECT count(*) AS n FROM problems WHERE code = 'damaged-neighbour'")[0]["n"], 2, "a damaged neighbour: both say so")
    s.close()


def store_beside_scans(c, program, folder):
    lits(folder, 1)
    s = Store(program, folder)
    done = s.ingest(folder)
    c.equal([e["id"] for e in done.events("added")], ["volume-0"], f"a store below its own input is no input {done.out}")
    c.that("archive.h5" not in done.out, "nor worth a note")


def bad_calls(c, program, folder):
    lits(folder, 1)
    s = Store(program)
    done = s.ingest(folder, "--merge", "liver")
    c.equal([done.status, s.ids()], [2, []], f"a merge without values is refused before anything is read {done.err}")
    c.equal(s.tome("init", "").status, 2, "a store without a path")
    s.close()


def damage_is_seen(c, program, folder):
    lits(folder, 1)
    s = Store(program)
    s.ingest(folder)
    path = s.path / "cases" / "volume-0.h5"
    data = bytearray(path.read_bytes())
    with h5py.File(path, "r") as f:
        at = f["image"].id.get_chunk_info(0)
    data[at.byte_offset + at.size // 2] ^= 0x10
    path.write_bytes(data)
    done = s.tome("verify", s.path)
    c.equal(done.status, 1, "a flipped bit: status")
    c.that("volume-0" in done.out + done.err, f"a flipped bit: named: {done.out}{done.err}")
    got = s.tome("get", s.path, "volume-0", "-o", s.folder / "x.npy")
    c.that(got.status == 1 and not (s.folder / "x.npy").exists(), "a flipped bit: get refuses and leaves nothing")
    s.close()


def queries_only_read(c, program, folder):
    lits(folder, 1)
    s = Store(program)
    s.ingest(folder)
    for sql in ("DELETE FROM cases", "DROP TABLE labels", "ATTACH 'x.db' AS x", "PRAGMA user_version = 9", "SELECT 1; DELETE FROM labels", "VACUUM"):
        c.equal(s.tome("query", s.path, sql).status != 0, True, f"refused: {sql}")
    c.equal(s.query("SELECT count(*) AS n FROM cases")[0]["n"], 1, "still there")
    s.close()


def round_trip(c, program, folder):
    import nibabel
    lits(folder, 1)
    s = Store(program)
    s.ingest(folder)
    want = nibabel.load(str(folder / "volume-0.nii.gz"))
    for name in ("v.nii.gz", "v.nii"):
        c.equal(s.tome("get", s.path, "volume-0", "-o", s.folder / name).status, 0, f"get {name}")
        got = nibabel.load(str(s.folder / name))
        c.voxels(numpy.asarray(got.dataobj), numpy.asarray(want.dataobj), name)
        c.near(got.affine, want.affine, 1e-6, f"{name}: affine")
    s.tome("get", s.path, "volume-0", "-o", s.folder / "b.npy", "--box", "3:9,10:30,:-5")
    c.voxels(numpy.load(s.folder / "b.npy"), numpy.asarray(want.dataobj).T[3:9, 10:30, :-5], "a box as npy")
    s.tome("get", s.path, "volume-0", "-o", s.folder / "t.nii.gz", "--label", "tumor", "--box", "3:9,10:30,:-5")
    seg = numpy.asarray(nibabel.load(str(folder / "segmentation-0.nii.gz")).dataobj)
    mask = nibabel.load(str(s.folder / "t.nii.gz"))
    c.voxels(numpy.asarray(mask.dataobj), (seg == 2)[:-5, 10:30, 3:9].astype(numpy.uint8), "one structure of a box")
    c.near(mask.affine[:3, 3], [0, 10, 3], 1e-6, "a box's origin")
    again = s.tome("get", s.path, "volume-0", "-o", s.folder / "v.nii")
    c.that(again.status != 0 and "--force" in again.err, "get does not overwrite unasked")
    s.close()


def merged(c, program, folder):
    shape = (6, 16, 20)
    rng = numpy.random.default_rng(2)
    patient = folder / "3Dircadb1.4"
    stack = pixels(6)
    masks = {n: (rng.random(shape) < p) * numpy.uint8(255) for n, p in (("liver", .5), ("livertumor1", .2), ("livertumor2", .1))}
    for z in range(6):
        save(slice_dataset(stack[z], z, (0, 0, 3 * z)), patient / "PATIENT_DICOM" / f"image_{z}")
        for n, mask in masks.items():
            d = slice_dataset(mask[z], z, (0, 0, 3 * z), series=5, BitsAllocated=8, BitsStored=8, HighBit=7, RescaleIntercept=0)
            save(d, patient / "MASKS_DICOM" / n / f"image_{z}")
    s = Store(program)
    done = s.ingest(folder, "--merge", "liver=1,livertumor*=2")
    c.equal(done.status, 0, f"IRCAD with merge ({done.out}{done.err})")
    with s.case("3Dircadb1.4") as f:
        for n, mask in masks.items():
            c.voxels(f["labels"][n][...], mask // 255, f"structure {n}")
        want = (masks["liver"] > 0).astype(numpy.uint8)
        want[(masks["livertumor1"] > 0) | (masks["livertumor2"] > 0)] = 2
        c.voxels(f["labels"]["merged"][...], want, "merged: later rows lie on top")
    s.close()


def main():
    program = sys.argv[1]
    c = Checks()
    for test in (idempotent, other_voxels_same_id, two_at_once, no_identity, disk_full, unreadable, damaged_neighbour, store_beside_scans, bad_calls, derived_index, damage_is_seen, queries_only_read,
                 round_trip, merged):
        with tempfile.TemporaryDirectory(prefix="tome-habits-") as folder:
            try:
                test(c, program, Path(folder))
            except Exception as e:  # one broken habit must not hide the others
                c.that(False, f"{test.__name__}: {e!r}")
    sys.exit(c.done())


main()
