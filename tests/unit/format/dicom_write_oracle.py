"""DICOM written, and read back by others: pydicom, dcm2niix and nibabel, dcmdump, and then our own reader. Voxels exactly, positions to the
last digit that a decimal string holds."""
import glob
import itertools
import os
import shutil
import subprocess
import tempfile

import nibabel
import numpy as np
import pydicom

from oracle import Test

rng = np.random.default_rng(11)
CT, MR, CAPTURE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.7"


class Writer:
    def __init__(self, t, tool):
        self.t, self.tool = t, subprocess.Popen([tool], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def write(self, target, v, g, **options):
        raw = self.t.path("raw")
        np.ascontiguousarray(v).tofile(raw)
        if target.endswith("/"):
            shutil.rmtree(target, ignore_errors=True)
            os.makedirs(target)
        words = ["write", target, raw, v.dtype.name, ",".join(map(str, v.shape)), ",".join(repr(float(x)) for x in g.flat()),
                 ";".join(f"{k}={x}" for k, x in options.items())]
        print("\t".join(words), file=self.tool.stdin, flush=True)
        return self.tool.stdout.readline().strip()


class Grid:
    """spacing and rows of direction in (z, y, x); world LPS."""

    def __init__(self, spacing=(2.5, 0.7, 0.8), origin=(-101.25, 33.3, 71.0), direction=((0, 0, 1), (0, 1, 0), (1, 0, 0))):
        self.spacing, self.origin, self.direction = np.array(spacing, float), np.array(origin, float), np.array(direction, float)

    def flat(self):
        return [*self.spacing, *self.origin, *self.direction.ravel()]

    def step(self, a):
        return self.spacing[a] * self.direction[a]

    def ras(self):
        m = np.eye(4)
        for column, a in enumerate((2, 1, 0)):
            m[:3, column] = self.step(a)
        m[:3, 3] = self.origin
        return np.diag([-1.0, -1, 1, 1]) @ m


def turn(axis, degrees):
    a, c, s = np.array(axis, float) / np.linalg.norm(axis), np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    k = np.array([[0, -a[2], a[1]], [a[2], 0, -a[0]], [-a[1], a[0], 0]])
    return np.eye(3) + s * k + (1 - c) * k @ k


def oblique(axis=(1, 2, 3), degrees=37):
    r = turn(axis, degrees)
    return Grid(direction=(r @ [0, 0, 1], r @ [0, 1, 0], r @ [1, 0, 0]))


def sheared(degrees=12):
    a = np.radians(degrees)
    return Grid(direction=((0, np.sin(a), np.cos(a)), (0, 1, 0), (1, 0, 0)))


def hu(shape=(5, 9, 12), lo=-1024, hi=3071):
    v = rng.integers(lo, hi + 1, shape).astype("i2")
    v.flat[:2] = lo, hi
    return v


def slices(folder):
    sets = [pydicom.dcmread(p) for p in glob.glob(folder + "*")]
    return sorted(sets, key=lambda d: d.InstanceNumber)


def values(d):
    """By pydicom alone; its own decoders where there are any, else Pillow's or dcmtk's."""
    if d.file_meta.TransferSyntaxUID.is_compressed:
        out = d.filename + ".raw"
        tool = "dcmdjpls" if d.file_meta.TransferSyntaxUID.endswith(".80") else None
        if tool:
            subprocess.run([tool, d.filename, out], check=True)
            d = pydicom.dcmread(out)
            os.unlink(out)
    return d.pixel_array * float(d.get("RescaleSlope", 1)) + float(d.get("RescaleIntercept", 0))


def check_series(t, name, folder, v, g, tolerance=0.0):
    """Every slice's voxels and place; the identifiers; the order."""
    sets = slices(folder)
    if not t.check(len(sets) == len(v), name, "slices", len(sets)):
        return
    normal = np.cross(g.direction[2], g.direction[1])
    run = range(len(v)) if normal @ g.direction[0] > 0 else reversed(range(len(v)))
    for d, z in zip(sets, run):
        t.check(np.abs(values(d) - v[z]).max() <= tolerance, name, "voxels of slice", z, np.abs(values(d) - v[z]).max())
        t.check(np.allclose([float(x) for x in d.ImagePositionPatient], g.origin + z * g.step(0), rtol=0, atol=1e-9), name, "position", z)
        t.check(np.allclose(d.ImageOrientationPatient, [*g.direction[2], *g.direction[1]], rtol=0, atol=1e-11), name, "orientation")
        t.check(np.allclose(d.PixelSpacing, g.spacing[1:], rtol=1e-12), name, "pixel spacing")
        t.check(abs(float(d.SpacingBetweenSlices) - abs(normal @ g.step(0))) < 1e-10, name, "spacing between slices")
        t.check(all(len(x.original_string) <= 16 for x in [*d.ImagePositionPatient, *d.ImageOrientationPatient, *d.PixelSpacing]), name, "decimal strings")
        t.check(d.SOPInstanceUID == d.file_meta.MediaStorageSOPInstanceUID and d.SOPClassUID == d.file_meta.MediaStorageSOPClassUID, name, "meta")
    for tag in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        t.check(len({getattr(d, tag) for d in sets}) == 1, name, tag, "differs within the series")
    t.check(len({d.SOPInstanceUID for d in sets}) == len(sets), name, "SOP instance UIDs are not unique")
    t.check(all(d.SOPInstanceUID.startswith("2.25.") and d.SOPInstanceUID.is_valid for d in sets), name, "no 2.25 UID")


def ours(t, name, folder, v, g):
    """Our own reader, file by file."""
    for d in slices(folder):
        answer, raw = t.decode(d.filename)
        if not t.check(len(answer["pieces"]) == 1 and not answer["error"], name, "our reader", answer):
            return
        p = answer["pieces"][0]
        z = int(round(np.dot(np.array(p["position"]) - g.origin, g.step(0)) / np.dot(g.step(0), g.step(0))))
        got = np.frombuffer(raw, p["dtype"]).reshape(v.shape[1:]) * p["scale"][0] + p["scale"][1]
        t.check(np.array_equal(got, v[z]) and p["padding"] is None, name, "our reader's voxels", z)


def dcm2niix(t, name, folder, v, g):
    """The whole volume as dcm2niix makes it: each voxel at its place in the world."""
    out = tempfile.mkdtemp(dir=t.path(""))
    done = subprocess.run(["dcm2niix", "-b", "n", "-z", "n", "-f", "v", "-o", out, folder], capture_output=True, text=True)
    made = glob.glob(out + "/*.nii")
    if not t.check(len(made) == 1, name, "dcm2niix made", made, done.stdout[-400:]):
        return
    image = nibabel.load(made[0])
    data = np.asarray(image.dataobj)
    z, y, x = np.meshgrid(*[np.arange(n) for n in v.shape], indexing="ij")
    world = np.stack([x, y, z, np.ones_like(x)], -1) @ g.ras().T
    index = world @ np.linalg.inv(image.affine).T
    near = np.rint(index[..., :3]).astype(int)
    t.check(np.abs(index[..., :3] - near).max() < 2e-3, name, "dcm2niix's grid is", np.abs(index[..., :3] - near).max(), "off")
    inside = ((near >= 0) & (near < data.shape)).all()
    t.check(inside and np.array_equal(data[near[..., 0], near[..., 1], near[..., 2]], v), name, "dcm2niix's voxels")


def conforms(t, name, path):
    """By dicom3tools' checker of attributes and their types, where it is installed."""
    if shutil.which("dciodvfy"):
        done = subprocess.run(["dciodvfy", path], capture_output=True, text=True)
        errors = [x for x in (done.stdout + done.stderr).splitlines() if x.startswith(("Error", "Abort"))]
        t.check(not errors, name, "dciodvfy", errors)


def dumps(t, name, folder):
    conforms(t, name, glob.glob(folder + "*")[0])
    for path in glob.glob(folder + "*"):
        done = subprocess.run(["dcmdump", "-q", path], capture_output=True, text=True)
        t.check(done.returncode == 0 and not done.stderr, name, "dcmdump", done.stderr[:300])


def test_geometries(t, w):
    flipped = Grid(direction=((0, 0, -1), (0, 1, 0), (1, 0, 0)))
    sagittal = Grid(direction=((1, 0, 0), (0, 0, -1), (0, 1, 0)))
    grids = {"axial": Grid(), "left-handed": flipped, "sagittal": sagittal, "oblique": oblique(), "fine": Grid(spacing=(1 / 3, 1 / 7, 1 / 7))}
    for name, g in grids.items():
        v, folder = hu(), t.path(name.replace("-", "")) + "/"
        if t.check(w.write(folder, v, g, units="HU", id="case 1", description="Täst") == "ok", name):
            check_series(t, name, folder, v, g)
            ours(t, name, folder, v, g)
            dcm2niix(t, name, folder, v, g)
            dumps(t, name, folder)
    g, v, folder = sheared(), hu(), t.path("sheared") + "/"
    t.check(w.write(folder, v, g, units="HU") == "ok", "sheared")
    check_series(t, "sheared", folder, v, g)
    ours(t, "sheared", folder, v, g)


def test_values(t, w):
    """What is stored for each kind of voxel, and what is refused."""
    ct = dict(units="HU")
    cases = [("hu", hu(), ct, 12, 0, -1024), ("bone", hu(hi=9000), ct, 16, 0, -1024), ("padding", hu(lo=-2000), ct, 16, 0, -8192),
             ("all of int16", hu(lo=-32768, hi=32767), ct, 16, 0, -32768),
             ("mr", rng.integers(0, 4000, (3, 6, 7)).astype("u2"), dict(modality="MR"), 12, 0, None),
             ("mr signed", hu(lo=-500, hi=500), dict(modality="MR"), 16, 1, None),
             ("uint16", np.array([0, 65535] * 12, "u2").reshape(2, 3, 4), dict(modality="MR"), 16, 0, None),
             ("bytes", rng.integers(0, 256, (3, 5, 7)).astype("u1"), {}, 12, 0, None),
             ("whole floats", hu().astype("f4"), ct, 12, 0, -1024),
             ("int32", (hu().astype("i4") + 70000), dict(modality="MR"), 16, 0, 70000 - 1024)]
    for name, v, options, bits, sign, intercept in cases:
        folder = t.path(name.replace(" ", "")) + "/"
        if not t.check(w.write(folder, v, Grid(), **options) == "ok", name):
            continue
        check_series(t, name, folder, v, Grid())
        ours(t, name, folder, v, Grid())
        d = slices(folder)[0]
        t.check((d.BitsStored, d.HighBit, d.PixelRepresentation) == (bits, bits - 1, sign), name, d.BitsStored, d.PixelRepresentation)
        t.check(d.get("RescaleIntercept") == intercept, name, d.get("RescaleIntercept"))
        want = {"HU": CT}.get(options.get("units"), {"MR": MR}.get(options.get("modality"), CAPTURE))
        t.check(d.SOPClassUID == want, name, d.SOPClassUID.name)
        conforms(t, name, d.filename)
    v = rng.normal(0, 300, (3, 8, 9)).astype("f4")
    said = w.write(t.path("float") + "/", v, Grid(), units="HU")
    t.check("16 bits" in said and "off" in said and not os.listdir(t.path("float")), "floats are refused", said)
    t.check(w.write(t.path("float") + "/", v, Grid(), units="HU", scale="1") == "ok", "floats, scaled")
    check_series(t, "floats, scaled", t.path("float") + "/", v, Grid(), tolerance=np.ptp(v) / 65535 * 0.51)
    v[1, 2, 3] = np.nan
    t.check("not finite" in w.write(t.path("nan") + "/", v, Grid(), scale="1"), "NaN")


def test_codecs(t, w):
    for codec, (name, v, options) in itertools.product(("jpegls", "j2k"), [
            ("hu", hu((3, 40, 33)), dict(units="HU")), ("wide", hu((2, 17, 64), -32768, 32767), dict(units="HU")),
            ("signed", hu((2, 20, 21), -900, 900), dict(modality="MR")), ("tiny", hu((2, 3, 5)), dict(units="HU"))]):
        folder = t.path(codec + name) + "/"
        if not t.check(w.write(folder, v, Grid(), codec=codec, **options) == "ok", codec, name):
            continue
        syntax = slices(folder)[0].file_meta.TransferSyntaxUID
        t.check(syntax == {"jpegls": "1.2.840.10008.1.2.4.80", "j2k": "1.2.840.10008.1.2.4.90"}[codec], codec, syntax)
        ours(t, codec + " " + name, folder, v, Grid())
        dumps(t, codec + " " + name, folder)
        if codec == "jpegls" or name == "hu":
            check_series(t, codec + " " + name, folder, v, Grid())
    t.check("no such compression" in w.write(t.path("c") + "/", hu(), Grid(), codec="zip"), "unknown codec")


def test_identifiers(t, w):
    given = dict(study="1.2.3", series="1.2.3.4", frame="1.2.5", id="A^B\\C", modality="CT")
    t.check(w.write(t.path("given") + "/", hu(), Grid(), **given) == "ok", "given")
    d = slices(t.path("given") + "/")[0]
    t.check((d.StudyInstanceUID, d.SeriesInstanceUID, d.FrameOfReferenceUID) == ("1.2.3", "1.2.3.4", "1.2.5"), "UIDs as given")
    t.check(d.PatientID == "A_B_C" and str(d.PatientName) == "A_B_C", "id", d.PatientID)
    for tag in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "ReferringPhysicianName", "AccessionNumber", "StudyID",
                "SeriesNumber", "KVP", "AcquisitionNumber", "PositionReferenceIndicator", "PatientPosition", "Manufacturer"):
        t.check(tag in d, "type 2 attribute", tag)
    t.check(d.ImageType[:2] == ["DERIVED", "SECONDARY"] and len(d.ImageType) == 3 and d.RescaleType == "HU", "type 1 attributes")
    t.check("is no UID" in w.write(t.path("bad") + "/", hu(), Grid(), series="x.y"), "bad UID")
    t.check("folder" in w.write(t.path("many.dcm"), hu(), Grid(), units="HU"), "many slices in one file")
    t.check(w.write(t.path("one.dcm"), hu((1, 5, 6)), Grid(), units="HU") == "ok" and pydicom.dcmread(t.path("one.dcm")).Rows == 5, "one slice")
    bent = Grid(direction=((0, 0, 1), (0.6, 0.8, 0), (1, 0, 0)))
    t.check("perpendicular" in w.write(t.path("bent") + "/", hu(), bent, units="HU"), "sheared within the plane")


def test_seg(t, w):
    v = np.zeros((5, 7, 9), "u1")  # 63 pixels a frame: no frame but the first begins at a byte
    v[1:4, 2:5, 3:6], v[2, 5:, :], v[4, 0, 0] = 1, 5, 9
    uids = {f"sop{z}": f"1.2.{z + 1}" for z in range(5)}
    said = w.write(t.path("s.dcm"), v, oblique(), label="1", name1="liver", name5="Tumör", series="1.2.77", frame="1.2.78", study="1.2.79", sop_class=CT, **uids)
    if not t.check(said == "ok", "seg", said):
        return
    d = pydicom.dcmread(t.path("s.dcm"))
    bits = np.unpackbits(np.frombuffer(d.PixelData, "u1"), bitorder="little")[:d.NumberOfFrames * 63].reshape(-1, 7, 9)
    got = np.zeros_like(v)
    place = {}
    for f, groups in zip(bits, d.PerFrameFunctionalGroupsSequence):
        number = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        position = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, float)
        z = int(np.rint((position - oblique().origin) @ oblique().direction[0] / 2.5))
        t.check(np.allclose(position, oblique().origin + z * oblique().step(0), atol=1e-9), "seg position")
        source = groups.DerivationImageSequence[0].SourceImageSequence[0]
        t.check(source.ReferencedSOPInstanceUID == f"1.2.{z + 1}", "seg source", source)
        got[z][f == 1] = {1: 1, 2: 5, 3: 9}[number]
        place.setdefault(number, []).append(z)
    t.check(np.array_equal(got, v) and place == {1: [1, 2, 3], 2: [2], 3: [4]}, "seg voxels", place)
    t.check([s.SegmentLabel for s in d.SegmentSequence] == ["liver", "Tumör", "label_9"], "seg names")
    t.check([s.SegmentNumber for s in d.SegmentSequence] == [1, 2, 3], "seg numbers")
    t.check(d.ReferencedSeriesSequence[0].SeriesInstanceUID == "1.2.77" and d.FrameOfReferenceUID == "1.2.78" and d.StudyInstanceUID == "1.2.79", "seg references")
    t.check(d.SegmentationType == "BINARY" and d.BitsAllocated == 1 and len(d.PixelData) % 2 == 0, "seg pixel format")
    done = subprocess.run(["dcmdump", "-q", t.path("s.dcm")], capture_output=True, text=True)
    t.check(done.returncode == 0 and not done.stderr, "seg dcmdump", done.stderr[:300])
    conforms(t, "seg", t.path("s.dcm"))
    t.check("empty" in w.write(t.path("e.dcm"), v * 0, Grid(), label="1"), "empty label map")


with Test() as test:
    writer = Writer(test, os.environ["TOME_DICOM_WRITER"])
    for f in (test_geometries, test_values, test_codecs, test_identifiers, test_seg):
        f(test, writer)
