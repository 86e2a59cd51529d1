"""DICOM files made for the tests: one small image whose every attribute can be overridden."""
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, generate_uid

CT = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
IMPLICIT, EXPLICIT, DEFLATED, BIG = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")
RLE, JPEG, J2K = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90"


def item(**attributes):
    ds = Dataset()
    for k, v in attributes.items():
        setattr(ds, k, v)
    return ds


def sequence(**attributes):
    return Sequence([item(**attributes)])


def base(sop_class=CT):
    """What every object has."""
    ds = item(SOPClassUID=sop_class, SOPInstanceUID=generate_uid(), StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.4",
              FrameOfReferenceUID="1.2.3.5", Modality="CT", PatientName="Doe^Jane", PatientID="007", PatientBirthDate="19700101",
              StudyDate="20200202", StudyTime="101010", StudyID="1", SeriesNumber=2, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"], InstanceNumber=7)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(EXPLICIT)  # so that pydicom can compress it
    ds.is_little_endian, ds.is_implicit_VR = True, False
    return ds


def image(values, sop_class=CT, **attributes):
    """A data set around `values` (rows, columns), (frames, rows, columns) or, with SamplesPerPixel=3, one axis more. An attribute of None is left out."""
    ds = base(sop_class)
    rgb = attributes.get("SamplesPerPixel", 1) == 3
    bits = values.dtype.itemsize * 8
    given = dict(Rows=values.shape[-3 if rgb else -2], Columns=values.shape[-2 if rgb else -1], BitsAllocated=bits, BitsStored=bits,
                 SamplesPerPixel=1, PhotometricInterpretation="RGB" if rgb else "MONOCHROME2",
                 PixelRepresentation=int(values.dtype.kind == "i"), PixelSpacing=[0.5, 0.75], SliceThickness=2.5,
                 ImagePositionPatient=[-10, -20, 30], ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    if rgb:
        given["PlanarConfiguration"] = 0
    if values.ndim == (4 if rgb else 3):
        given["NumberOfFrames"] = values.shape[0]
    given.update(attributes)
    given.setdefault("HighBit", (given["BitsStored"] or 1) - 1)
    for k, v in given.items():
        if v is not None:
            setattr(ds, k, v)
    raw = values.tobytes()
    ds.add_new("PixelData", "OB" if bits == 8 else "OW", raw + b"\0" * (len(raw) & 1))
    return ds


def save(path, ds, syntax=EXPLICIT, meta=True):
    """Writes it. meta=False: neither preamble nor group 2, as found on old discs."""
    ds = Dataset({e.tag: e for e in ds})
    ds.file_meta = FileMetaDataset()
    ds.is_little_endian, ds.is_implicit_VR = syntax != BIG, syntax == IMPLICIT
    if syntax == BIG and ds.BitsAllocated > 8:
        swapped = np.frombuffer(ds.PixelData, f"u{ds.BitsAllocated // 8}").byteswap().tobytes()
        ds.add_new("PixelData", "OW", swapped)  # the caller's element stays as it is
    if not meta:
        del ds.file_meta
        ds.save_as(path, write_like_original=True)
        return path
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.save_as(path, write_like_original=False)
    return path


def encapsulate(ds, frames, syntax, table=True, fragments=1):
    """Puts compressed frames in, each cut into `fragments`, with or without an offset table."""
    def even(b):
        return b + b"\0" * (len(b) & 1)

    items, offsets, at = [], [], 0
    for f in frames:
        step = max(2, (len(f) // fragments + 1) & ~1)
        offsets.append(at)
        for k in range(fragments):
            piece = even(f[k * step:(k + 1) * step] if k < fragments - 1 else f[k * step:])
            items.append(b"\xfe\xff\x00\xe0" + len(piece).to_bytes(4, "little") + piece)
            at += len(items[-1])
    head = b"".join(o.to_bytes(4, "little") for o in offsets) if table else b""
    ds.PixelData = b"\xfe\xff\x00\xe0" + len(head).to_bytes(4, "little") + head + b"".join(items)
    ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"
    return ds


def enhanced(values, per_frame, shared):
    """An enhanced multi-frame object: lists of functional groups' items."""
    ds = image(values, ENHANCED_CT, PixelSpacing=None, SliceThickness=None, ImagePositionPatient=None, ImageOrientationPatient=None)
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PerFrameFunctionalGroupsSequence = Sequence(per_frame)
    return ds
