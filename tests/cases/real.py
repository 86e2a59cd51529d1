#!/usr/bin/python3
"""Every DICOM, NIfTI and PNG file of the real data, ingested through the command line and held against pydicom, nibabel, PIL, dcm2niix or the
reference volume beside it; or refused with the sentence it deserves. Skipped where the data is absent.

    real.py TOME
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy
import pydicom
from PIL import Image

from tomelib import DATA, SKIPPED, Checks, Store, ras_affine, hu_of, read_series


def canonical(data_xyz, affine):
    image = nibabel.as_closest_canonical(nibabel.Nifti1Image(data_xyz, affine))
    return numpy.asarray(image.dataobj), image.affine


def equals_nifti(c, store, id_, reference, text, volume="image", tolerance=0.0):
    """The stored volume is the reference NIfTI: the same voxels at the same places, whatever order each lists them in."""
    ref = nibabel.load(str(reference)) if not hasattr(reference, "affine") else reference
    want_array = numpy.asarray(ref.dataobj)
    want_array = want_array.reshape(want_array.shape[:3])
    want, want_affine = canonical(want_array, ref.affine)
    if volume == "image":
        want = numpy.where(want < -3000, -1024, want)  # other tools keep the -2000 outside the scan circle, with its intercept
    with store.case(id_) as f:
        got, got_affine = canonical(f[volume][...].T, ras_affine(f["image"]))
    c.near(got_affine, want_affine, 2e-3 * max(1, float(abs(want_affine).max()) / 100), f"{text}: affine")
    if tolerance:
        c.that(got.shape == want.shape and float(abs(got.astype(float) - want).max()) <= tolerance, f"{text}: voxels beyond {tolerance}")
    else:
        c.voxels(got, want.astype(got.dtype) if numpy.array_equal(want.astype(got.dtype), want) else want, text)


def dicom_as_nifti(folder, work):
    """dcm2niix's view of a folder."""
    work.mkdir()
    subprocess.run(["dcm2niix", "-z", "n", "-f", "v", "-o", str(work), str(folder)], capture_output=True, timeout=120, check=False)
    return sorted(work.glob("*.nii"))


def ingest_one(store, path, id_, *options):
    return store.ingest("--image", path, "--id", id_, *options)


# ---- NIfTI -------------------------------------------------------------------------------------------------

# What cannot be taken, and the words its refusal must have.
REFUSED_NIFTI = {"not-nifti.nii": ["not-nifti.nii"], "nifti1.hdr": ["nifti1"], "nifti2.hdr": ["nifti2"], "analyze.hdr": ["analyze"]}


def nifti_files(c, store):
    # .img is reached through its .hdr
    files = [p for p in sorted(DATA.rglob("*")) if p.is_file() and p.name.endswith((".nii", ".nii.gz", ".hdr", ".hdr.gz"))]
    c.that(len(files) > 40, f"only {len(files)} NIfTI files found")
    for n, path in enumerate(files):
        text = str(path.relative_to(DATA))
        done = ingest_one(store, path, f"n{n}")
        if path.name in REFUSED_NIFTI:
            said = " ".join(e["text"] for e in done.events("refused"))
            c.equal(done.status, 1, f"{text}: status")
            for word in REFUSED_NIFTI[path.name]:
                c.that(word in said, f"{text}: the refusal lacks {word!r}: {said}")
            continue
        nifti_file(c, store, path, f"n{n}", text, done)


def nifti_file(c, store, path, id_, text, done):
    try:
        ref = nibabel.load(str(path))
        want = numpy.asarray(ref.dataobj)
    except Exception as e:
        c.that(False, f"{text}: nibabel cannot read it ({e}); say in REFUSED_NIFTI what Tome should say")
        return
    volumes = int(numpy.prod(want.shape[3:])) if want.ndim > 3 else 1
    ids = [id_] if volumes == 1 else [f"{id_}.{k + 1}" for k in range(volumes)]
    already = {e["id"]: e["text"].split(" as ")[1].split(";")[0] for e in done.events("skipped") if " as " in e["text"]}
    want = want.reshape((*want.shape[:3], volumes), order="F") if want.ndim > 3 else want[..., None] if want.ndim == 3 else want[..., None, None]
    for k, one in enumerate(ids):
        one = already.get(one, one)
        if one not in store.ids():
            c.that(False, f"{text}: {one} is not in: {done.out[:600]}{done.err}")
            continue
        with store.case(one) as f:
            got = f["image"][...]
            w = numpy.ascontiguousarray(want[..., k].T)
            if got.dtype == numpy.float32 and w.dtype != numpy.float32:
                w = w.astype(numpy.float32)
            c.voxels(numpy.nan_to_num(got, nan=-12345), numpy.nan_to_num(w, nan=-12345), f"{text} [{k}]")
            if unit_scale(ref) == 1:
                c.near(ras_affine(f["image"]), ref.affine, 1e-3, f"{text}: affine")


def unit_scale(ref):
    """nibabel does not apply xyzt_units; Tome does."""
    try:
        return {"micron": 0.001, "meter": 1000}.get(ref.header.get_xyzt_units()[0], 1)
    except Exception:
        return 1


# ---- DICOM -------------------------------------------------------------------------------------------------

def series_folder(c, store, folder, id_, work, dcm2niix=True):
    text = str(folder.relative_to(DATA))
    done = ingest_one(store, folder, id_)
    c.that(id_ in store.ids(), f"{text}: not in: {done.out[:600]}{done.err}")
    if id_ not in store.ids():
        return
    hu, places, first = read_series(sorted(p for p in folder.iterdir() if p.is_file()))
    with store.case(id_) as f:
        image = f["image"]
        c.voxels(image[...].astype(float), hu, f"{text} against pydicom")
        c.near(image.attrs["origin"], places[0], 1e-4, f"{text}: origin")
        c.near(image.attrs["spacing"][1:], [float(v) for v in first.PixelSpacing], 1e-6, f"{text}: pixel spacing")
        step = (places[-1] - places[0]) / (len(places) - 1)
        c.near(image.attrs["spacing"][0] * image.attrs["direction"][0], step, 1e-4, f"{text}: slice step")
    if dcm2niix:
        made = dicom_as_nifti(folder, work / id_)
        c.that(len(made) == 1, f"{text}: dcm2niix made {len(made)} files")
        if made:
            equals_nifti(c, store, id_, made[0], f"{text} against dcm2niix")


def dicom_series(c, store, work):
    for folder, id_, also in (("ircad-17/PATIENT_DICOM", "d-ircad", True), ("sts-001/dicom/image", "d-sts", True), ("rtstruct/dicom/image", "d-rt", True),
                              ("ct-j2k/series", "d-j2k", False), ("dicom-seg/ct-3slice", "d-3", True), ("dicom-seg/23x38x3/image", "d-23", True),
                              ("dicom-seg/24x38x3/image", "d-24", True)):
        series_folder(c, store, DATA / folder, id_, work, also)
    nii = sorted((DATA / "sts-001").rglob("*image*.nii.gz")) + sorted((DATA / "sts-001").rglob("CT*.nii.gz"))
    for path in nii[:1]:
        equals_nifti(c, store, "d-sts", path, "sts-001: DICOM against its NIfTI")


LOSSY = ("2.4.50", "2.4.51", "2.4.53", "2.4.55", "2.4.81", "2.4.91")


def transfer_syntaxes(c, store):
    folder = DATA / "transfer-syntaxes"
    plain = pydicom.dcmread(str(folder / "CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm"))
    want = hu_of(plain)
    body = want > -1000  # a lossy codec blurs the padding value: there is nothing to compare outside the scan circle
    for n, path in enumerate(sorted(folder.glob("CTImage*"))):
        done = ingest_one(store, path, f"ts{n}", "--replace")
        syntax = str(pydicom.dcmread(str(path), stop_before_pixels=True).file_meta.TransferSyntaxUID)
        if f"ts{n}" not in store.ids():
            c.that(syntax.endswith(LOSSY) and done.status == 1, f"{path.name}: {done.out[:400]}")
            continue
        with store.case(f"ts{n}") as f:
            got = f["image"][0].astype(float)
        if syntax.endswith(LOSSY):
            c.that(got.shape == want.shape and numpy.corrcoef(got[body], want[body])[0, 1] > 0.9, f"{path.name}: not even like it")
        elif path.name != "CTImage.dcm":
            c.voxels(got, want, path.name)
    done = ingest_one(store, folder / "no-pixel-data.dcm", "nopix")
    c.that("nopix" not in store.ids() and "no-pixel-data.dcm" in done.out, f"no-pixel-data.dcm: {done.out}")
    done = ingest_one(store, folder / "no-pixel-spacing.dcm", "nospacing")
    said = " ".join(e["text"] for e in done.events("refused"))
    c.that(done.status == 1 and "no-pixel-spacing.dcm" in said and "cut short" in said, f"no-pixel-spacing.dcm (its pixel data ends early, too): {done.out}")


def mosaics(c, store):
    """Siemens mosaics tile a volume into one picture: read as one slice they would be silently wrong."""
    for path in sorted((DATA / "transfer-syntaxes-mr/In").glob("*.dcm")) + sorted((DATA / "ct-12bit-dirty/In").glob("*.dcm")):
        done = ingest_one(store, path, "mosaic")
        said = " ".join(e["text"] for e in done.events("refused"))
        c.that(done.status == 1 and "mosaic" in said and path.name in said and "dcm2niix" in said, f"{path.name}: {done.out}")


def geometry_contract(c, store):
    cases = {
        "bad-series/sliceincrement/002": ["missing", "--gap="],
        "ct-tilt-uneven": ["--uneven="],
    }
    for n, (folder, words) in enumerate(cases.items()):
        done = store.ingest(DATA / folder)
        said = " ".join(e["text"] for e in done.events("refused"))
        c.equal(done.status, 1, f"{folder}: status ({done.out[:300]})")
        for word in words:
            c.that(word in said, f"{folder}: lacks {word!r}: {said}")
    done = store.ingest(DATA / "bad-series/gantrytilting/001", "--layout", "dicom")
    notes = " ".join(e["text"] for e in done.events("note"))
    c.that(done.status == 0 and "tilt" in notes.lower(), f"gantrytilting: {done.out}")
    done = ingest_one(store, DATA / "ct-tilt-uneven", "tilted", "--uneven=keep")
    if "tilted" in store.ids():
        _, places, _ = read_series(sorted((DATA / "ct-tilt-uneven").glob("*.dcm")))
        with store.case("tilted") as f:
            c.near(f["image"].attrs["origin"], places[0], 1e-3, "ct-tilt-uneven: origin")
        row = store.query("SELECT tilt FROM cases WHERE id = 'tilted'")[0]
        c.near(row["tilt"], 18.5, 0.2, "ct-tilt-uneven: tilt")
    else:
        c.that(False, f"ct-tilt-uneven --uneven=keep: {done.out}{done.err}")


def non_images(c, store):
    for path in ("dicom-seg/liver.dcm", "dicom-seg/partial_overlaps.dcm"):
        done = ingest_one(store, DATA / path, "seg")
        c.that("seg" not in store.ids() and "egmentation" in done.out, f"{path}: passed over, saying what it is: {done.out}")
    for n, path in enumerate(("dicom-seg/23x38x3/multiframe/mf.dcm", "dicom-seg/24x38x3/multiframe/mf.dcm")):
        ingest_one(store, DATA / path, f"mf{n}", "--replace")
        twin = sorted((DATA / path).parent.parent.joinpath("image").glob("*.dcm"))
        hu, places, _ = read_series(twin)
        c.that(f"mf{n}" in store.ids(), f"{path}: in")
        if f"mf{n}" in store.ids():
            with store.case(f"mf{n}") as f:
                c.voxels(f["image"][...].astype(float), hu, f"{path}: the multi-frame is its slices")
                c.near(f["image"].attrs["origin"], places[0], 1e-3, f"{path}: origin")


def enhanced(c, store):
    path = DATA / "enhanced-ct/eCT_Supplemental.dcm"
    done = ingest_one(store, path, "ect", "--duplicate=first")
    d = pydicom.dcmread(str(path))
    groups = d.PerFrameFunctionalGroupsSequence
    places = {tuple(float(v) for v in g.PlanePositionSequence[0].ImagePositionPatient) for g in groups}
    ids = [i for i in store.ids() if i.startswith("ect")]
    c.that(len(ids) >= 1, f"enhanced CT: {done.out}{done.err}")
    for id_ in ids:
        with store.case(id_) as f:
            got = tuple(round(float(v), 3) for v in f["image"].attrs["origin"])
            c.that(got in {tuple(round(v, 3) for v in p) for p in places}, f"enhanced CT: origin {got} is no frame's position {places}")


# ---- data sets ---------------------------------------------------------------------------------------------

def layouts(c, program):
    s = Store(program)
    done = s.ingest(DATA / "lits")
    c.equal(s.ids(), ["volume-0", "volume-1"], f"LiTS: cases {done.out[:500]}")
    for n in (0, 1):
        equals_nifti(c, s, f"volume-{n}", DATA / f"lits/segmentation-{n}.nii.gz", f"LiTS segmentation {n}", "labels/segmentation")
    names = {r["name"] for r in s.query("SELECT name FROM labels")}
    c.equal(names, {"liver", "tumor"}, "LiTS: label names")
    done = s.ingest(DATA / "ircad-17", "--merge", "liver=1,livertumor*=2")
    rows = {r["name"]: r["voxels"] for r in s.query("SELECT name, voxels FROM labels WHERE map != 'merged' AND map != 'segmentation'")}
    c.equal(rows, {"liver": 1495112, "livertumor1": 96961}, f"3D-IRCADb 17: the voxels its README counts {done.out[:500]}")
    s.close()
    s = Store(program)
    s.ingest("--image", DATA / "ct-j2k/series", "--label", f"organs={DATA / 'ct-j2k/example_seg_dicom.nii.gz'}", "--id", "j2k")
    equals_nifti(c, s, "j2k", DATA / "ct-j2k/example_seg_dicom.nii.gz", "a NIfTI label on a DICOM series", "labels/organs")
    done = s.ingest("--image", DATA / "nifti-ct/example_ct.nii.gz", "--label", f"organs={DATA / 'nifti-ct/example_seg.nii.gz'}", "--id", "organs")
    c.that("30x101x122" in done.out and "112x101x122" in done.out, f"a label of 30 slices on an image of 112: {done.out}")
    masks = sorted(p for p in (DATA / "nifti-ct/aorta").glob("*.nii.gz") if p.name != "ct_cropped.nii.gz")
    words = [w for p in masks for w in ("--label", f"{p.name[:-7]}={p}")]
    done = s.ingest("--image", DATA / "nifti-ct/aorta/ct_cropped.nii.gz", *words, "--id", "aorta")
    c.that("aorta" in s.ids(), f"18 one-organ masks: {done.out[:500]}")
    for p in masks:
        equals_nifti(c, s, "aorta", p, p.name, f"labels/{p.name[:-7]}")
        statistics(c, s, "aorta", p.name[:-7], DATA / "nifti-ct/aorta/ct_cropped.nii.gz", p)
    s.close()


def statistics(c, s, id_, name, image, seg):
    """The numbers in the index against NumPy's."""
    hu, label = (numpy.asarray(nibabel.load(str(p)).dataobj).T for p in (image, seg))
    row = s.query(f"SELECT * FROM cases WHERE id = '{id_}'")[0]
    c.near([row["hu_min"], row["hu_max"], row["hu_mean"], row["hu_std"]], [hu.min(), hu.max(), hu.mean(), hu.std()], 1e-6 * hu.std() + 1e-6, "image statistics")
    zoom = float(numpy.prod(nibabel.load(str(image)).header.get_zooms()[:3])) / 1000
    for r in s.query(f"SELECT * FROM labels WHERE case_id = '{id_}' AND map = '{name}'"):
        inside = label == r["value"]
        z = numpy.flatnonzero(inside.any(axis=(1, 2)))
        c.equal([r["voxels"], r["z_first"], r["z_last"]], [int(inside.sum()), int(z[0]), int(z[-1])], f"label {r['value']}: voxels and slice range")
        v = hu[inside]
        c.near([r["hu_min"], r["hu_max"], r["hu_mean"], r["hu_std"]], [v.min(), v.max(), v.mean(), v.std()], 1e-6, f"label {r['value']}: HU")
        c.near(r["ml"], inside.sum() * zoom, 1e-4 * inside.sum() * zoom, f"label {r['value']}: ml")


def png_stack(c, program):
    s = Store(program)
    root = DATA / "png-stack"
    folders = sorted(p for p in root.rglob("*") if p.is_dir() and any(p.glob("*.png")))
    c.that(len(folders) >= 2, f"png-stack: folders {folders}")
    image = next(p for p in folders if "label" not in str(p))
    label = next(p for p in folders if "label" in str(p))
    done = s.ingest("--image", image, "--label", f"membrane={label}", "--id", "em", "--spacing", "50,4,4")
    c.that("em" in s.ids(), f"png-stack: {done.out}{done.err}")
    if "em" in s.ids():
        read = lambda folder: numpy.stack([numpy.asarray(Image.open(folder / f"{z}.png")) for z in range(30)])
        with s.case("em") as f:
            c.voxels(f["image"][...], read(image), "png-stack: images")
            c.voxels(f["labels/membrane"][...], read(label) // 255, "png-stack: labels")
            c.near(f["image"].attrs["spacing"], [50, 4, 4], 0, "png-stack: spacing")
    for n, path in enumerate(sorted((DATA / "chase-db1").glob("*.png"))):
        s.ingest("--image", path, "--id", f"chase{n}", "--spacing", "1")
        with s.case(f"chase{n}") as f:
            c.voxels(f["image"][0], numpy.asarray(Image.open(path)).astype(numpy.uint8), path.name)
    s.close()


def main():
    if not DATA.is_dir():
        print(f"skipped: no real data at {DATA}")
        sys.exit(SKIPPED)
    program = sys.argv[1]
    c = Checks()
    with tempfile.TemporaryDirectory(prefix="tome-real-") as work:
        store = Store(program, work)
        for part in (lambda: nifti_files(c, store), lambda: dicom_series(c, store, Path(work)), lambda: transfer_syntaxes(c, store), lambda: mosaics(c, store),
                     lambda: geometry_contract(c, store), lambda: non_images(c, store), lambda: enhanced(c, store), lambda: layouts(c, program),
                     lambda: png_stack(c, program)):
            try:
                part()
            except Exception as e:  # the other parts still count
                import traceback
                traceback.print_exc()
                c.that(False, repr(e))
        c.equal(store.tome("verify", store.path).status, 0, "the store of everything verifies")
    sys.exit(c.done())


main()
