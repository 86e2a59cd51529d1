"""SEG and RTSTRUCT files made for the tests with pydicom, and grids to lay them on."""
import numpy as np
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, generate_uid

from dicom_make import EXPLICIT, base, item, sequence

SEG, LABELMAP, RTSTRUCT = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7", "1.2.840.10008.5.1.4.1.1.481.3"


class Grid:
    """An image's grid: shape, spacing and rows of direction in (z, y, x); world LPS."""

    def __init__(self, shape, spacing=(3, 0.8, 0.7), origin=(-20.5, 11.25, 40), direction=((0, 0, 1), (0, 1, 0), (1, 0, 0))):
        self.shape = tuple(shape)
        self.spacing, self.origin, self.direction = np.array(spacing, float), np.array(origin, float), np.array(direction, float)

    def flat(self):
        return ",".join(repr(float(v)) for v in [*self.spacing, *self.origin, *self.direction.ravel()])

    def size(self):
        return ",".join(map(str, self.shape))

    def world(self, zyx):
        return self.origin + (np.asarray(zyx, float) * self.spacing) @ self.direction

    def iop(self):
        return [float(v) for v in [*self.direction[2], *self.direction[1]]]


def tilted(shape):
    """An oblique grid: axes turned about no axis in particular (a rotation by QR)."""
    q, r = np.linalg.qr(np.array([[0.9, 0.2, -0.3], [-0.1, 1.0, 0.4], [0.35, -0.3, 1.1]]))
    q = q * np.sign(np.diag(r))
    return Grid(shape, direction=(q[:, 2], q[:, 1], q[:, 0]))


def finish(ds, sop_class, syntax=EXPLICIT):
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.is_little_endian, ds.is_implicit_VR = True, syntax == "1.2.840.10008.1.2"
    return ds


def pack(frames):
    """Bits as the standard packs them: written out here, one by one."""
    bits = np.concatenate([f.ravel() for f in frames])
    out = bytearray((len(bits) + 7) // 8)
    for i, b in enumerate(bits):
        out[i // 8] |= int(b) << (i % 8)
    return bytes(out) + b"\0" * (len(out) % 2)


def seg(grid, frames, kind="BINARY", numbers=(1,), series="1.2.3.4", shared=True, most=255):
    """frames: (segment number or None, z, pixels of that slice)."""
    ds = base(SEG)
    ds.Modality, ds.SegmentationType = "SEG", kind
    if series:
        ds.ReferencedSeriesSequence = sequence(SeriesInstanceUID=series)
    ds.SegmentSequence = Sequence([item(SegmentNumber=n, SegmentLabel=f"part {n}", SegmentAlgorithmType="MANUAL",
                                        RecommendedDisplayCIELabValue=[20000 + 3000 * k, 40000, 26565]) for k, n in enumerate(numbers)])
    first = frames[0][2]
    ds.Rows, ds.Columns = first.shape
    ds.NumberOfFrames, ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = len(frames), 1, "MONOCHROME2", 0
    bits = 1 if kind == "BINARY" else first.dtype.itemsize * 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
    if kind == "FRACTIONAL":
        ds.MaximumFractionalValue, ds.SegmentationFractionalType = most, "PROBABILITY"
    places = dict(PlaneOrientationSequence=sequence(ImageOrientationPatient=grid.iop()),
                  PixelMeasuresSequence=sequence(PixelSpacing=[float(v) for v in grid.spacing[1:]], SpacingBetweenSlices=float(grid.spacing[0])))
    ds.SharedFunctionalGroupsSequence = sequence(**(places if shared else {}))
    groups = []
    for number, z, _ in frames:
        own = item(PlanePositionSequence=sequence(ImagePositionPatient=[float(v) for v in grid.world((z, 0, 0))]), **({} if shared else places))
        if number is not None:
            own.SegmentIdentificationSequence = sequence(ReferencedSegmentNumber=number)
        groups.append(own)
    ds.PerFrameFunctionalGroupsSequence = Sequence(groups)
    ds.PixelData = pack([f for _, _, f in frames]) if kind == "BINARY" else b"".join(f.tobytes() for _, _, f in frames)
    if len(ds.PixelData) % 2:
        ds.PixelData += b"\0"
    ds["PixelData"].VR = "OW" if bits == 16 else "OB"
    return finish(ds, LABELMAP if kind == "LABELMAP" else SEG)


def rtstruct(regions, series="1.2.3.4", frame="1.2.3.5"):
    """regions: (number, name, [(kind, points in world mm)])."""
    ds = base(RTSTRUCT)
    ds.Modality = "RTSTRUCT"
    study = sequence(RTReferencedSeriesSequence=sequence(SeriesInstanceUID=series)) if series else Sequence([])
    ds.ReferencedFrameOfReferenceSequence = sequence(FrameOfReferenceUID=frame, RTReferencedStudySequence=study)
    ds.StructureSetROISequence = Sequence([item(ROINumber=n, ROIName=name, ReferencedFrameOfReferenceUID=frame) for n, name, _ in regions])
    ds.ROIContourSequence = Sequence([
        item(ReferencedROINumber=n, ROIDisplayColor=[n * 10 % 256, 20, 255],
             ContourSequence=Sequence([item(ContourGeometricType=kind, NumberOfContourPoints=len(p),
                                            ContourData=[f"{v:.10g}"[:16] for v in np.asarray(p).ravel()]) for kind, p in contours]))
        for n, _, contours in regions])
    return finish(ds, RTSTRUCT)
