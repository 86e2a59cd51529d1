"""What the Python tests share: running tome, reading case files with plain h5py, making small DICOM, NIfTI and PNG inputs.

Everything here is written and read by other people's libraries (pydicom, nibabel, PIL, h5py), never by Tome.
"""
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import h5py
import numpy

DATA = Path(os.environ.get("TOME_DATA", "/nonexistent"))
SKIPPED = 77


class Result:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def events(self, kind=None):
        rows = [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]
        return [r for r in rows if kind is None or r.get("event") == kind]


class Store:
    """A store in a temporary folder, driven through the command line."""

    def __init__(self, program, folder=None):
        self.program = program
        self.folder = Path(folder or tempfile.mkdtemp(prefix="tome-test-"))
        self.path = self.folder / "s.tome"
        done = self.tome("init", self.path)
        assert done.status == 0, done.err

    def tome(self, *args, timeout=300, env=None):
        words = [str(self.program), *[str(a) for a in args]]
        return Result(subprocess.run(words, capture_output=True, text=True, timeout=timeout, env={**os.environ, **(env or {})}))

    def ingest(self, *args, **kw):
        return self.tome("ingest", self.path, *args, "--json", **kw)

    def ids(self):
        return sorted(p.stem for p in (self.path / "cases").glob("*.h5"))

    def case(self, id_):
        return h5py.File(self.path / "cases" / f"{id_}.h5", "r")

    def query(self, sql):
        done = self.tome("query", self.path, sql, "--json")
        assert done.status == 0, done.err
        return json.loads(done.out)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


# ---- inputs ------------------------------------------------------------------------------------------------

def uid(n):
    return f"1.2.826.0.1.3680043.10.9999.{n}"


def slice_dataset(pixels, z, position, series=1, number=None, **tags):
    """One CT slice as a pydicom data set: axial, 0.7 mm pixels, stored signed, slope 1, intercept -1024 unless told."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian
    d = Dataset()
    d.file_meta = FileMetaDataset()
    d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    d.is_little_endian, d.is_implicit_VR = True, False
    d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = uid(f"{series}.{z + 1}")
    d.StudyInstanceUID, d.SeriesInstanceUID, d.FrameOfReferenceUID = uid("100"), uid(f"200.{series}"), uid("300")
    d.Modality, d.PatientName, d.PatientID = "CT", "Doe^Jane", "SECRET-42"
    d.PatientBirthDate, d.StudyDate = "19700131", "20200229"
    d.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    d.InstanceNumber = z + 1 if number is None else number
    d.Rows, d.Columns = pixels.shape
    d.PixelSpacing, d.ImageOrientationPatient = [0.7, 0.7], [1, 0, 0, 0, 1, 0]
    d.ImagePositionPatient = [float(v) for v in position]
    d.SliceThickness = 3
    d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
    d.BitsAllocated, d.BitsStored, d.HighBit = 16, 16, 15
    d.PixelRepresentation = 1 if pixels.dtype == numpy.int16 else 0
    d.RescaleSlope, d.RescaleIntercept = 1, -1024
    d.PixelData = numpy.ascontiguousarray(pixels).tobytes()
    for name, value in tags.items():
        if value is None:
            delattr(d, name)
        else:
            setattr(d, name, value)
    return d


def save(d, path):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    d.save_as(str(path), write_like_original=False)


def pixels(n, shape=(16, 20), seed=0):
    """n slices of stored values; each slice differs from each other one."""
    rng = numpy.random.default_rng(seed)
    return rng.integers(0, 2500, (n, *shape)).astype(numpy.int16)


def series(folder, positions, stack=None, series=1, names="image_{}.dcm", **tags):
    """A series with slices at the given (x, y, z) positions (or plain z), named so that text order is not slice order."""
    stack = pixels(len(positions), seed=series) if stack is None else stack
    for z, p in enumerate(positions):
        p = p if hasattr(p, "__len__") else (-10.0, -20.0, p)
        save(slice_dataset(stack[z], z, p, series=series, **tags), Path(folder) / names.format(z))
    return stack


def nifti(path, array_xyz, affine=None, **header):
    import nibabel
    image = nibabel.Nifti1Image(array_xyz, numpy.diag([1.0, 1.0, 1.0, 1.0]) if affine is None else affine)
    for name, value in header.items():
        image.header[name] = value
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, str(path))


def png(path, array, **kw):
    from PIL import Image
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array, **kw).save(path)


# ---- independent readings ----------------------------------------------------------------------------------

def ras_affine(dataset):
    """The affine of a stored volume from spacing, origin and direction, by the definition in schema/store.md: independent of the
    stored `affine`."""
    spacing, origin, direction = (numpy.asarray(dataset.attrs[k]) for k in ("spacing", "origin", "direction"))
    a = numpy.eye(4)
    for column, axis in enumerate((2, 1, 0)):
        a[:3, column] = spacing[axis] * direction[axis]
    a[:3, 3] = origin
    return numpy.diag([-1.0, -1, 1, 1]) @ a


def hu_of(d):
    """HU of one slice by the field's rules: padding (the tag's, and -2000 outside a scan circle) is air."""
    stored = d.pixel_array.astype(float)
    pad = float(d.PixelPaddingValue) if "PixelPaddingValue" in d else -2000
    hu = stored * float(getattr(d, "RescaleSlope", 1)) + float(getattr(d, "RescaleIntercept", 0))
    hu[(stored == pad) | (stored == -2000)] = -1024
    return hu


def read_series(files):
    """A series by pydicom: HU as float64 (z, y, x) in slice order, the positions in that order, and the first data set."""
    import pydicom
    sets = [pydicom.dcmread(str(f)) for f in files]
    row, column = (numpy.array([float(v) for v in sets[0].ImageOrientationPatient[i:i + 3]]) for i in (0, 3))
    normal = numpy.cross(row, column)
    place = lambda s: numpy.array([float(v) for v in s.ImagePositionPatient])
    sets.sort(key=lambda s: float(place(s) @ normal))
    hu = numpy.stack([hu_of(s) for s in sets])
    return hu, [place(s) for s in sets], sets[0]


class Checks:
    """Counts and prints failures; `done` gives the exit status."""

    def __init__(self):
        self.failed, self.made = 0, 0

    def that(self, condition, text):
        self.made += 1
        if not condition:
            self.failed += 1
            print("FAILED:", text)

    def equal(self, got, want, text):
        self.that(got == want, f"{text}: got {got!r}, wanted {want!r}")

    def near(self, got, want, tolerance, text):
        got, want = numpy.asarray(got, float), numpy.asarray(want, float)
        self.that(got.shape == want.shape and bool(numpy.all(numpy.abs(got - want) <= tolerance)), f"{text}: got {got}, wanted {want}")

    def voxels(self, got, want, text):
        same = got.shape == want.shape and numpy.array_equal(got, want)
        where = "" if same or got.shape != want.shape else f" ({int((got != want).sum())} of {want.size} differ)"
        self.that(same, f"{text}: voxels differ, shapes {got.shape} and {want.shape}{where}")

    def done(self):
        print(f"{self.made - self.failed} passed, {self.failed} failed")
        return 1 if self.failed or not self.made else 0
