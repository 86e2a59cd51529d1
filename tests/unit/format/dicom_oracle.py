"""Every DICOM file of $TOME_DATA against pydicom, the reference NIfTI files, and its uncompressed twin: stored values and attributes."""
import glob
import os

import nibabel as nib
import numpy as np
import pydicom
from pydicom.pixel_data_handlers import numpy_handler

from oracle import Test

FOLDERS = ["transfer-syntaxes", "transfer-syntaxes-mr", "ct-12bit-dirty", "ct-j2k", "enhanced-ct", "ircad-17", "bad-series",
           "ct-tilt-uneven", "dicom-seg", "rtstruct", "sts-001"]
OTHERS = (".nii", ".nii.gz", ".json", ".md", ".nrrd", ".png", ".jpg")
RLE, PILLOW = "1.2.840.10008.1.2.5", ["1.2.840.10008.1.2.4.90"]  # what pydicom decodes exactly here


def cut(raw, ds):
    """The stored values in cells: bits above the high bit gone, sign extended. The standard's words, in NumPy."""
    stored, high = int(ds.BitsStored), int(ds.HighBit)
    v = (raw.astype(np.int64) >> (high + 1 - stored)) & ((1 << stored) - 1)
    if ds.PixelRepresentation == 1:
        v = np.where(v >> (stored - 1) & 1, v - (1 << stored), v)
    return v


def stored_values(ds):
    """int64 (frames, rows, columns), or None where nothing here but the tool itself decodes it."""
    syntax = ds.file_meta.TransferSyntaxUID
    if not syntax.is_compressed or syntax.is_deflated:
        kind = (">" if not syntax.is_little_endian else "<") + f"u{ds.BitsAllocated // 8}"
        frames = int(ds.get("NumberOfFrames", 1))
        raw = np.frombuffer(ds.PixelData, kind)[:frames * ds.Rows * ds.Columns]
    elif syntax in PILLOW or syntax == RLE:
        raw = ds.pixel_array
    else:
        return None
    return cut(raw.reshape(-1, ds.Rows, ds.Columns), ds)


def group(ds, frame, name):
    for groups in (getattr(ds, "PerFrameFunctionalGroupsSequence", None), getattr(ds, "SharedFunctionalGroupsSequence", None)):
        if groups:
            item = groups[frame if len(groups) > 1 else 0]
            if name in item:
                return item[name][0]
    return ds


def floats(item, keyword):
    value = item.get(keyword)
    return None if value is None or value == "" else [float(v) for v in np.atleast_1d(value)]


def near(got, want):
    return got is None and want is None or (got is not None and want is not None and np.allclose(got, want, rtol=0, atol=1e-5))


def check_piece(t, name, p, ds):
    f = p["frame"]
    many = int(ds.get("NumberOfFrames", 1) or 1) > 1
    kind = ("int" if ds.PixelRepresentation == 1 else "uint") + str(ds.BitsAllocated)
    t.check(p["dtype"] == kind and p["shape"] == [1, ds.Rows, ds.Columns] and p["channels"] == ds.SamplesPerPixel, name, "pixels", p)
    t.check(near(p["position"], floats(group(ds, f, "PlanePositionSequence"), "ImagePositionPatient")), name, "position", p)
    iop = floats(group(ds, f, "PlaneOrientationSequence"), "ImageOrientationPatient")
    t.check(near(p["along_row"], iop and iop[:3]) and near(p["along_column"], iop and iop[3:]), name, "orientation", p)
    measures = group(ds, f, "PixelMeasuresSequence")
    t.check(near(p["pixel_spacing"], floats(measures, "PixelSpacing")), name, "spacing", p)
    t.check(near(p["thickness"], floats(measures, "SliceThickness") or [0]), name, "thickness", p)
    values = group(ds, f, "PixelValueTransformationSequence")
    scale = (floats(values, "RescaleSlope") or [1]) + (floats(values, "RescaleIntercept") or [0])
    t.check(near(p["scale"], scale), name, "scale", p["scale"], scale)
    if not many:
        t.check(near(p["tilt"], floats(ds, "GantryDetectorTilt")), name, "tilt")
    for field, keyword in [("series_uid", "SeriesInstanceUID"), ("study_uid", "StudyInstanceUID"), ("sop_uid", "SOPInstanceUID"),
                           ("frame_uid", "FrameOfReferenceUID"), ("sop_class", "SOPClassUID"), ("modality", "Modality")]:
        t.check(p[field] == str(ds.get(keyword, "")), name, field, p[field])
    t.check(p["image_type"] == "\\".join(v.strip() for v in ds.get("ImageType", [])), name, "image type", p["image_type"])
    instance = ds.get("InstanceNumber")
    t.check(p["instance"] == (None if instance is None else int(instance)), name, "instance", p["instance"])
    t.check(("PatientID=" + str(ds.PatientID).strip() + "\n" in p["identity"]) == bool(ds.get("PatientID")), name, p["identity"])


def check_padding(t, name, p, ds):
    """The tag as it is; and -2000 and below for signed CT that does not say a higher one."""
    value = ds.get("PixelPaddingValue")
    old = ds.Modality == "CT" and ds.PixelRepresentation == 1 and ds.BitsStored >= 12
    if value is None:
        t.check(p["padding"] == ([-2000, -2000] if old else None), name, "padding", p["padding"])
    else:
        t.check(p["padding"] == [value, max(value, -2000) if old else value], name, "padding", p["padding"], value)


def is_image(ds):
    return "PixelData" in ds and ds.Modality != "SEG"


def check_file(t, path):
    name = os.path.relpath(path, t.data)
    answer, raw = t.decode(path)
    if name.endswith(OTHERS):
        t.check(answer["probe"] == 0, name, "is not DICOM", answer["probe"])
        return 0
    ds = pydicom.dcmread(path, force=True)
    t.check(answer["probe"] >= 50 and not answer["error"], name, "probe, error", answer["probe"], answer["error"])
    if name.endswith("no-pixel-spacing.dcm"):  # cut short in the pixel data
        t.check(answer["passed"] and answer["passed"][0]["damaged"], name, answer)
        return 0
    if not is_image(ds):
        t.check(not answer["pieces"] and len(answer["passed"]) == 1 and not answer["passed"][0]["damaged"], name, answer)
        return 0
    t.check(len(answer["pieces"]) == int(ds.get("NumberOfFrames", 1) or 1), name, "pieces", answer["passed"])
    for p in answer["pieces"]:
        check_piece(t, name, p, ds)
        check_padding(t, name, p, ds)
    want = stored_values(ds)
    if want is not None and answer["pieces"]:
        got = np.frombuffer(raw, answer["pieces"][0]["dtype"])
        t.check(got.size == want.size and np.array_equal(got, want.ravel()), name, "voxels")
    return len(answer["pieces"])


def check_folders(t):
    for folder in FOLDERS:
        files = [f for f in glob.glob(os.path.join(t.data, folder, "**"), recursive=True) if os.path.isfile(f)]
        images = sum(check_file(t, f) for f in files)
        print(f"{folder}: {len(files)} files, {images} frames")
        t.check(images > 0, folder, "holds no images")


def pixels(t, path):
    answer, raw = t.decode(path)
    if not t.check(len(answer["pieces"]) == 1 and not answer["error"], path, answer):
        return None, None
    p = answer["pieces"][0]
    return p, np.frombuffer(raw, p["dtype"]).reshape(p["shape"][1:])


def check_twins(t):
    """One CT slice in 15 transfer syntaxes. Lossless: the same values. Lossy: close, in HU, inside the scan circle."""
    first = os.path.join(t.data, "transfer-syntaxes", "CTImage.dcm")
    p0, twin = pixels(t, first)
    inside = twin != -2000
    # 8 bits for 4096+ grey levels: a step is 32 HU. 12 bits: a step is 2 HU, JPEG adds its own. Near-lossless: a bound a pixel.
    lossy = {".50": (20, 80), ".51": (12, 400), ".53": (12, 400), ".55": (12, 400), ".81": (3, 20), ".91": (8, 200)}
    for path in sorted(glob.glob(first + "_*")):
        p, got = pixels(t, path)
        bounds = next((b for end, b in lossy.items() if path.endswith(end + ".dcm")), None)
        name = os.path.basename(path)
        if not bounds:
            t.check(np.array_equal(got, twin), name, "differs from its twin")
            continue
        error = np.abs((got * p["scale"][0] + p["scale"][1]) - (twin * p0["scale"][0] + p0["scale"][1]))[inside]
        print(f"{name}: mean {error.mean():.2f} HU, worst {error.max():.0f} HU")
        t.check(error.mean() <= bounds[0] and np.percentile(error, 99.9) <= bounds[1], name, error.mean(), error.max())


def mosaic_of(image, shape):
    """dcm2niix takes Siemens' mosaics apart and writes rows from the bottom: back into one picture."""
    v = np.asanyarray(image.dataobj).T[:, ::-1, :]
    _, y, x = v.shape
    rows, columns = shape[0] // y, shape[1] // x
    tiles = np.zeros((rows * columns, y, x), v.dtype)
    tiles[:len(v)] = v
    return tiles.reshape(rows, columns, y, x).transpose(0, 2, 1, 3).reshape(shape)


def check_references(t):
    """dcm2niix's own answers for the files that were made to catch decoders out."""
    pairs = [("transfer-syntaxes-mr", f"In/{k}.dcm", f"Ref/{k}.nii") for k in range(1, 10)]
    dirty = {str(pydicom.dcmread(f, stop_before_pixels=True).SeriesNumber): f
             for f in glob.glob(os.path.join(t.data, "ct-12bit-dirty", "In", "*.dcm"))}
    pairs += [("ct-12bit-dirty", os.path.relpath(f, os.path.join(t.data, "ct-12bit-dirty")), f"Ref/{k}.nii")
              for k, f in dirty.items()]
    t.check(len(dirty) == 3, "the dirty files", dirty)
    for folder, source, reference in pairs:
        image = nib.load(os.path.join(t.data, folder, reference))
        p, got = pixels(t, os.path.join(t.data, folder, source))
        t.check(np.array_equal(got * p["scale"][0] + p["scale"][1], mosaic_of(image, got.shape)), folder, source, "differs from", reference)


def check_series(t, folder):
    """A DICOM series and the NIfTI file that others made of it."""
    image = nib.load(glob.glob(os.path.join(t.data, folder, "nifti", "image", "*.nii.gz"))[0])
    slices = []
    for path in glob.glob(os.path.join(t.data, folder, "dicom", "image", "*.dcm")):
        p, got = pixels(t, path)
        slices.append((p["position"], got * p["scale"][0] + p["scale"][1]))
    slices.sort(key=lambda s: s[0][2])
    volume = np.asanyarray(image.dataobj).T  # (z, y, x); its affine is RAS, ours LPS
    t.check(np.allclose(image.affine[:3, 3] * [-1, -1, 1], slices[0][0], atol=1e-3), folder, "origin", image.affine, slices[0][0])
    t.check(volume.shape[0] == len(slices) and np.array_equal(volume, np.stack([s[1] for s in slices])), folder, "voxels")


with Test() as test:
    t = test
    if not os.path.isdir(t.data):
        print("skipped: TOME_DATA is absent")
        os._exit(77)
    check_folders(t)
    check_twins(t)
    check_references(t)
    check_series(t, "sts-001")
    check_series(t, "rtstruct")
