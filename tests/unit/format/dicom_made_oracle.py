"""Files made for the purpose, one trap each: what is stored must come out, what cannot be trusted must be refused with its sentence."""
import io
import os
import shutil
import subprocess
import time

import numpy as np
import pydicom
from PIL import Image
from pydicom.fileset import FileSet
from pydicom.sequence import Sequence

from dicom_make import (BIG, CT, DEFLATED, EXPLICIT, IMPLICIT, J2K, JPEG, RLE, base, encapsulate, enhanced, image, item, save,
                        sequence)
from oracle import Test

rng = np.random.default_rng(7)


def slice16(signed=True, shape=(6, 10)):
    return rng.integers(-1024, 3000, shape).astype("i2" if signed else "u2")


def good(t, name, path, want, **fields):
    """Decodes to `want` (any shape), every piece's fields as given."""
    answer, raw = t.decode(path)
    ok = t.check(answer["pieces"] and not answer["error"] and answer["probe"] >= 50, name, answer)
    if not ok:
        return None
    p = answer["pieces"][0]
    got = np.frombuffer(raw, p["dtype"])
    t.check(p["dtype"] == want.dtype.name and np.array_equal(got, want.ravel()), name, "voxels", p["dtype"], got[:8], want.ravel()[:8])
    for k, v in fields.items():
        t.check(p[k] == v, name, k, p[k], "instead of", v)
    return answer["pieces"]


def bad(t, name, path, part, damaged=True):
    """Passed over, and the sentence holds `part`."""
    answer = t.tool.ask("describe", path)
    ok = not answer["pieces"] and not answer["error"] and len(answer["passed"]) == 1
    t.check(ok and part in answer["passed"][0]["text"] and answer["passed"][0]["damaged"] == damaged, name, answer)


def test_writing_styles(t):
    """One image however its elements are written: byte orders, with and without type names, deflated, without preamble."""
    v, w = slice16(), rng.integers(0, 256, (3, 5, 7)).astype("u1")
    for name, syntax in [("implicit", IMPLICIT), ("explicit", EXPLICIT), ("big", BIG), ("deflated", DEFLATED)]:
        path = save(t.path(name), image(v, RescaleSlope=1, RescaleIntercept=-24), syntax)
        good(t, name, path, v, position=[-10, -20, 30], pixel_spacing=[0.5, 0.75], thickness=[2.5], along_row=[1, 0, 0],
             along_column=[0, 1, 0], scale=[1, -24], instance=7, acquisition=None, temporal=None, series_uid="1.2.3.4",
             study_uid="1.2.3", frame_uid="1.2.3.5", sop_class=CT, modality="CT", image_type="ORIGINAL\\PRIMARY\\AXIAL",
             identity="PatientName=Doe^Jane\nPatientID=007\nPatientBirthDate=19700101\nStudyDate=20200202\n")
        if syntax != DEFLATED:
            good(t, name + " without preamble", save(t.path(name), image(v), syntax, meta=False), v)
    good(t, "32 bits", save(t.path("a"), image(v.astype("i4") * 70000)), v.astype("i4") * 70000)
    good(t, "32 bits, big", save(t.path("a"), image(v.astype("u4")), BIG), v.astype("u4"))
    good(t, "8 bits signed", save(t.path("a"), image(v.astype("i1"))), v.astype("i1"))
    good(t, "8 bits, odd frames", save(t.path("a"), image(w, PixelSpacing=None)), w, pixel_spacing=None)
    swapped = image(w)  # 8-bit values in big-endian words
    swapped["PixelData"].VR = "OW"
    swapped.PixelData = np.frombuffer(swapped.PixelData, "u2").byteswap().tobytes()
    good(t, "8 bits in big-endian words", save(t.path("a"), swapped, BIG), w)


def test_bits(t):
    """12 bits in 16, with garbage above them, below them, and both."""
    v = rng.integers(-2048, 2048, (9, 11))
    for signed in (True, False):
        stored = (v if signed else v + 2048)
        want = stored.astype("i2" if signed else "u2")
        for high in (11, 13, 15):
            noise = rng.integers(0, 1 << 16, v.shape)
            shift = high - 11
            cell = ((stored & 0xFFF) << shift | noise & ~(0xFFF << shift)) & 0xFFFF
            ds = image(cell.astype("u2"), BitsStored=12, HighBit=high, PixelRepresentation=int(signed))
            for syntax in (EXPLICIT, BIG):
                good(t, f"signed {signed}, high bit {high}", save(t.path("a"), ds, syntax), want)
            ds.compress(RLE)
            good(t, f"RLE, signed {signed}, high bit {high}", save(t.path("a"), ds, RLE), want)
    for k in ({"BitsStored": 17}, {"BitsStored": 12, "HighBit": 3}, {"HighBit": 16}, {"BitsStored": 0, "HighBit": 0}):
        bad(t, f"bits {k}", save(t.path("a"), image(slice16(), **k)), "do not fit")
    bad(t, "12 bits allocated", save(t.path("a"), image(slice16(), BitsAllocated=12)), "8, 16 and 32 are read")
    bad(t, "1 bit", save(t.path("a"), image(slice16(), BitsAllocated=1, BitsStored=1)), "8, 16 and 32 are read")


def test_padding(t):
    """Padding is a range of stored values, of whichever sign; and what old scanners wrote without saying so."""
    def padding(want, values=slice16(), **k):
        ds = image(values, **{a: b for a, b in k.items() if not a.startswith("raw")})
        for tag, vr, value in k.get("raw", []):
            ds.add_new(tag, vr, value)
        for syntax in (EXPLICIT, IMPLICIT, BIG):
            good(t, f"padding {k}", save(t.path("a"), ds, syntax), values, padding=want)

    unsigned = slice16(False)
    padding([-2000, -2000])
    padding(None, Modality="MR")
    padding(None, unsigned)
    padding([-32768, -2000], PixelPaddingValue=-32768)
    padding([-1024, -1024], PixelPaddingValue=-1024)
    padding([-32768, -32768], PixelPaddingValue=-32768, Modality="MR")
    padding([-3000, -1000], PixelPaddingValue=-1000, PixelPaddingRangeLimit=-3000)
    padding([0, 10], unsigned, PixelPaddingValue=0, PixelPaddingRangeLimit=10)
    padding([63536, 65535], unsigned, PixelPaddingValue=65535, PixelPaddingRangeLimit=63536)
    ds = image(slice16())  # the wrong sign's type, and no type at all
    ds.add_new(0x00280120, "US", 63536)
    good(t, "padding as US", save(t.path("a"), ds), np.frombuffer(ds.PixelData, "i2"), padding=[-2000, -2000])
    ds.add_new(0x00280120, "UN", b"\x30\xf8")
    good(t, "padding as UN", save(t.path("a"), ds), np.frombuffer(ds.PixelData, "i2"), padding=[-2000, -2000])


def test_rescale(t):
    v = slice16()
    good(t, "rescale", save(t.path("a"), image(v, RescaleSlope="0.25", RescaleIntercept="-1024.5")), v, scale=[0.25, -1024.5])
    good(t, "no rescale", save(t.path("a"), image(v)), v, scale=[1, 0])
    good(t, "empty rescale", save(t.path("a"), image(v, RescaleSlope="", RescaleIntercept="")), v, scale=[1, 0])
    bad(t, "slope 0", save(t.path("a"), image(v, RescaleSlope=0, RescaleIntercept=0)), "slope of frame 0 is 0")
    ds = image(v)
    ds.add_new(0x00281053, "LO", "fast")
    bad(t, "slope in words", save(t.path("a"), ds), "not a number")
    bad(t, "lookup table", save(t.path("a"), image(v, ModalityLUTSequence=sequence(LUTExplanation="x"))), "lookup table")
    good(t, "MONOCHROME1 CT", save(t.path("a"), image(v, PhotometricInterpretation="MONOCHROME1")), v, inverted=False)
    good(t, "MONOCHROME1 CR", save(t.path("a"), image(v, PhotometricInterpretation="MONOCHROME1", Modality="CR")), v, inverted=True)


def test_missing(t):
    """Attributes that are absent or absurd: no position is better than a wrong one; no size is no image."""
    v = slice16()
    for k in (None, [0] * 6, [1, 0, 0, 1, 0, 0], [2, 0, 0, 0, 1, 0], [1, 0, 0]):
        good(t, f"orientation {k}", save(t.path("a"), image(v, ImageOrientationPatient=k)), v, along_row=None)
    for k in (None, [1, 2], ["", "", ""]):
        good(t, f"position {k}", save(t.path("a"), image(v, ImagePositionPatient=k)), v, position=None)
    for k in (None, [0, 0], [-1, 1], [0.5]):
        good(t, f"spacing {k}", save(t.path("a"), image(v, PixelSpacing=k)), v, pixel_spacing=None)
    imager = dict(PixelSpacing=None, ImagerPixelSpacing=[0.1, 0.2])
    good(t, "detector's spacing, CT", save(t.path("a"), image(v, **imager)), v, pixel_spacing=None)
    good(t, "detector's spacing, DX", save(t.path("a"), image(v, Modality="DX", **imager)), v, pixel_spacing=[0.1, 0.2])
    good(t, "tilt", save(t.path("a"), image(v, GantryDetectorTilt=-18.5, AcquisitionNumber=3, TemporalPositionIdentifier=4)), v,
         tilt=[-18.5], acquisition=3, temporal=4)
    bad(t, "no rows", save(t.path("a"), image(v, Rows=None)), "no image")
    bad(t, "too many rows", save(t.path("a"), image(v, Rows=60000)), "60000 x 10 need 1200000 bytes of pixel data")
    bad(t, "5 samples", save(t.path("a"), image(v, SamplesPerPixel=5)), "5 samples")
    bad(t, "frames", save(t.path("a"), image(v, NumberOfFrames=-4)), "-4 frames")
    bad(t, "too many frames", save(t.path("a"), image(v, NumberOfFrames=90000)), "90000 frames")
    good(t, "0 frames", save(t.path("a"), image(v, NumberOfFrames=0)), v)


def test_others(t):
    """Not images: a note each, not a fault; but an image that has lost its pixels is a fault."""
    cases = [("88.11", "SR", "a structured report"), ("88.59", "KO", "a key object"), ("481.3", "RTSTRUCT", "structure set"),
             ("481.5", "RTPLAN", "plan"), ("11.1", "PR", "presentation state"), ("104.1", "DOC", "encapsulated document"),
             ("66.4", "SEG", "segmentation (SEG): labels drawn on another image"), ("66", "OT", "raw data"), ("77.77", "OT", "SOP class 1.2.840.10008.5.1.4.1.1.77.77")]
    for tail, modality, part in cases:
        ds = base("1.2.840.10008.5.1.4.1.1." + tail)
        ds.Modality = modality
        bad(t, part, save(t.path("a"), ds), part, False)
    ds = image(np.zeros((4, 4), "u1"), "1.2.840.10008.5.1.4.1.1.66.4", Modality="SEG")
    bad(t, "SEG", save(t.path("a"), ds), "segmentation (SEG)", False)
    ds = image(slice16())
    del ds.PixelData
    bad(t, "lost pixels", save(t.path("a"), ds), "holds no pixel data")
    bad(t, "MPEG", save(t.path("a"), encapsulate(image(slice16()), [b"MPEG"], "", False), "1.2.840.10008.1.2.4.102"), "is not read")
    files = FileSet()
    files.add(pydicom.dcmread(save(t.path("a"), image(slice16()))))
    files.write(t.path("disc"))
    bad(t, "DICOMDIR", os.path.join(t.path("disc"), "DICOMDIR"), "DICOMDIR", False)


def test_frames(t):
    """Multi-frame: a frame's own functional group counts, else the shared one, else the data set."""
    v = slice16(shape=(4, 5, 6))
    shared = item(PixelMeasuresSequence=sequence(PixelSpacing=[0.5, 0.25], SliceThickness=3),
                  PlaneOrientationSequence=sequence(ImageOrientationPatient=[0, 1, 0, 0, 0, -1]),
                  PixelValueTransformationSequence=sequence(RescaleSlope=2, RescaleIntercept=-1000))
    own = [item(PlanePositionSequence=sequence(ImagePositionPatient=[k, -k, 2 * k]),
                FrameContentSequence=sequence(TemporalPositionIndex=k // 2 + 1, FrameAcquisitionNumber=k % 2)) for k in range(4)]
    own[2].PixelValueTransformationSequence = sequence(RescaleSlope=3, RescaleIntercept=7)
    own[3].PlaneOrientationSequence = sequence(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    for syntax in (EXPLICIT, IMPLICIT, BIG, DEFLATED):
        pieces = good(t, "enhanced", save(t.path("a"), enhanced(v, own, shared), syntax), v) or []
        t.check(len(pieces) == 4, "enhanced: 4 frames", len(pieces))
        for k, p in enumerate(pieces):
            want = dict(frame=k, position=[k, -k, 2 * k], pixel_spacing=[0.5, 0.25], thickness=[3], temporal=k // 2 + 1,
                        acquisition=k % 2, scale=[3, 7] if k == 2 else [2, -1000], along_row=[1, 0, 0] if k == 3 else [0, 1, 0])
            t.check(all(p[f] == w for f, w in want.items()), "enhanced frame", k, p)
    pieces = good(t, "old multi-frame", save(t.path("a"), image(v)), v) or []
    t.check(len(pieces) == 4 and all(p["position"] is None and p["along_row"] == [1, 0, 0] for p in pieces), "old multi-frame", pieces)
    dose = image(v.astype("u4"), Modality="RTDOSE", GridFrameOffsetVector=[0, 3, 6, 9], DoseGridScaling="0.001")
    pieces = good(t, "dose", save(t.path("a"), dose), v.astype("u4"), scale=[0.001, 0]) or []
    t.check([p["position"][2] for p in pieces] == [30, 33, 36, 39], "dose positions", pieces)
    with open(t.path("a"), "rb") as f:
        body = f.read()
    with open(t.path("b"), "wb") as f:
        f.write(body[:-100])
    bad(t, "cut short", t.path("b"), "cut short: 380 of 480 bytes")


def j2k(v, **k):
    out = io.BytesIO()
    Image.fromarray(v).save(out, "JPEG2000", irreversible=False, **k)
    return out.getvalue()


def test_fragments(t):
    """Compressed frames in one fragment or several, with and without an offset table, with the end mark missing."""
    v = slice16(False, (3, 16, 20))
    for name, frames in [("JP2", [j2k(f) for f in v]), ("code stream", [j2k(f, no_jp2=True) for f in v])]:
        for table in (True, False):
            for fragments in (1, 3):
                ds = encapsulate(image(v), frames, J2K, table, fragments)
                good(t, f"{name}, table {table}, {fragments} fragments", save(t.path("a"), ds, J2K), v)
    with open(t.path("a"), "rb") as f:
        body = f.read()
    with open(t.path("b"), "wb") as f:
        f.write(body[:-8])
    good(t, "no end mark", t.path("b"), v)
    bad(t, "a frame too few", save(t.path("a"), encapsulate(image(v), frames[:2], J2K, False), J2K), "3 frames are promised")
    bad(t, "no frames", save(t.path("a"), encapsulate(image(v), [], J2K, False), J2K), "cut short or damaged")
    answer, _ = t.decode(save(t.path("a"), encapsulate(image(v[0], Rows=17), frames[:1], J2K, False), J2K))
    t.check("the header says 17 x 20" in answer["error"], "wrong rows", answer)
    answer, _ = t.decode(save(t.path("a"), encapsulate(image(v[0]), [frames[0][:-60]], J2K, False), J2K))
    t.check("cannot be decompressed" in answer["error"], "half a code stream", answer)
    raw = [f.tobytes() for f in v]
    good(t, "encapsulated uncompressed", save(t.path("a"), encapsulate(image(v), raw, "", True, 2), "1.2.840.10008.1.2.1.98"), v)
    signed = slice16(True, (16, 20))  # an unsigned code stream of signed cells, as most encoders write them
    good(t, "signed", save(t.path("a"), encapsulate(image(signed), [j2k(signed.view("u2"))], J2K), J2K), signed)
    bad(t, "native as RLE", relabel(save(t.path("a"), image(v)), EXPLICIT, RLE), "but its pixel data are not")
    coded = image(v)
    coded.compress(RLE)
    bad(t, "RLE as native", relabel(save(t.path("a"), coded, RLE), RLE, EXPLICIT), "its pixel data are compressed, but")


def relabel(path, old, new):
    """Changes the transfer syntax that a file names, to one of the same length."""
    with open(path, "rb") as f:
        body = f.read()
    with open(path, "wb") as f:
        f.write(body.replace(old.encode() + b"\0", new.encode() + b"\0", 1))
    return path


def test_colour(t):
    """Three samples come out as interleaved RGB."""
    v = rng.integers(0, 256, (8, 12, 3)).astype("u1")
    rgb = dict(SamplesPerPixel=3, Modality="OT")
    good(t, "RGB", save(t.path("a"), image(v, **rgb)), v, channels=3)
    planes = image(v, PlanarConfiguration=1, **rgb)
    planes.PixelData = v.transpose(2, 0, 1).tobytes()
    good(t, "planes", save(t.path("a"), planes), v)
    planes = image(v, **rgb)
    planes.compress(RLE)
    good(t, "RLE planes", save(t.path("a"), planes, RLE), v)
    good(t, "JPEG 2000", save(t.path("a"), encapsulate(image(v, PhotometricInterpretation="YBR_RCT", **rgb), [j2k(v)], J2K), J2K), v)
    smooth = np.stack(np.meshgrid(np.arange(32) * 7, np.arange(16) * 9) + [np.full((16, 32), 90)], -1).astype("u1")
    out = io.BytesIO()
    Image.fromarray(smooth).save(out, "JPEG", quality=95, subsampling=0)
    ds = encapsulate(image(smooth, PhotometricInterpretation="YBR_FULL", **rgb), [out.getvalue()], JPEG)
    answer, raw = t.decode(save(t.path("a"), ds, JPEG))
    want = np.asarray(Image.open(out)).astype(int)
    got = np.frombuffer(raw, "u1").reshape(smooth.shape).astype(int)
    t.check(np.abs(got - want).max() <= 2, "JPEG colour", answer["error"], np.abs(got - want).max())
    marker = out.getvalue()[:2] + b"\xff\x01" + out.getvalue()[2:]  # no length, no sense: dcmtk never gets past it
    answer, _ = t.decode(save(t.path("a"), encapsulate(ds, [marker], JPEG), JPEG))
    t.check("are not JPEG baseline" in answer["error"], "a marker that stands alone", answer)
    ybr = np.asarray(Image.fromarray(smooth).convert("YCbCr"))
    answer, raw = t.decode(save(t.path("a"), image(ybr, PhotometricInterpretation="YBR_FULL", **rgb)))
    got = np.frombuffer(raw, "u1").reshape(smooth.shape).astype(int)
    want = np.asarray(Image.fromarray(ybr, "YCbCr").convert("RGB")).astype(int)
    t.check(np.abs(got - want).max() <= 1, "YBR_FULL", np.abs(got - want).max())
    bad(t, "YBR_FULL_422", save(t.path("a"), image(v, PhotometricInterpretation="YBR_FULL_422", **rgb)), "YBR_FULL_422")


def test_dcmtk_codecs(t):
    """What dcmtk's encoders write of difficult cells: lossless must give the cells back, cut to the stored bits."""
    v = rng.integers(-2048, 2048, (2, 24, 31))
    smooth = (np.add.outer(np.arange(24), np.arange(31)) * 20 - 500).astype("i2")
    cases = [("signed 12", image((v & 0xFFF).astype("u2"), BitsStored=12, PixelRepresentation=1), v.astype("i2")),
             ("unsigned 12", image((v + 2048).astype("u2"), BitsStored=12), (v + 2048).astype("u2")),
             ("signed 16", image((v * 16).astype("i2")), (v * 16).astype("i2")),
             ("8 bits", image(v.astype("u1")), v.astype("u1")),
             ("smooth", image(smooth), smooth)]
    tools = [["dcmcjpeg", "+e1"], ["dcmcjpeg", "+el"], ["dcmcjpls"], ["dcmcjpls", "+fs", "1"], ["dcmcrle"], ["dcmcjpeg", "+e1", "+fs", "1"]]
    for name, ds, want in cases:
        save(t.path("a"), ds)
        for tool in tools:
            if shutil.which(tool[0]):
                done = subprocess.run([*tool, t.path("a"), t.path("b")], capture_output=True, text=True)
                t.check(done.returncode == 0, tool, done.stderr)
                good(t, f"{name} {tool}", t.path("b"), want)


def test_floats(t):
    v = rng.normal(size=(2, 5, 6))
    for kind, keyword in (("f4", "FloatPixelData"), ("f8", "DoubleFloatPixelData")):
        w = v.astype(kind)
        ds = image(w, BitsStored=None, HighBit=None, PixelRepresentation=None)
        del ds.PixelData
        setattr(ds, keyword, w.tobytes())
        good(t, keyword, save(t.path("a"), ds), w, padding=None)


def test_odd_headers(t):
    """Private and unknown elements, sequences in sequences without lengths, zeros after the end: read past, not tripped over."""
    ds = image(slice16())
    v = np.frombuffer(ds.PixelData, "i2")
    inner = item(ReferencedSOPInstanceUID="1.2")
    inner.IconImageSequence = Sequence([image(np.ones((4, 4), "u1"))])
    ds.ReferencedImageSequence = Sequence([inner, item(), inner])
    ds.add_new(0x00091001, "UN", b"abc\0")
    ds.add_new(0x00290010, "LO", "HERE")
    ds.add_new(0x00291001, "OB", b"\x08\0\x05\0UI\xff\xff" * 9000)
    for name, syntax in [("implicit", IMPLICIT), ("explicit", EXPLICIT), ("big", BIG)]:
        for undefined in (True, False):
            ds["ReferencedImageSequence"].is_undefined_length = undefined
            for i in ds.ReferencedImageSequence:
                i.is_undefined_length_sequence_item = undefined
            good(t, f"nested, {name}, undefined {undefined}", save(t.path("a"), ds, syntax), v)
    with open(save(t.path("a"), image(slice16())), "ab") as f:
        f.write(b"\0" * 333)
    t.check(t.tool.ask("describe", t.path("a"))["pieces"], "zeros after the end")


def deep(levels, closed):
    """Sequences in sequences, as deep as it says, before the pixel data."""
    nest = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * levels
    return nest + b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0" * (levels if closed else 0)


def deep_defined(levels):
    body = b""
    parts = []
    for k in range(levels):  # lengths from the inside out
        parts.append(b"\x08\x00\x40\x11SQ\0\0" + (20 * k + 8).to_bytes(4, "little") + b"\xfe\xff\x00\xe0" + (20 * k).to_bytes(4, "little"))
    return b"".join(reversed(parts)) + body


def test_depth(t):
    """A file of nothing but nested sequences must not eat the stack."""
    with open(save(t.path("a"), image(slice16())), "rb") as f:
        body = f.read()
    at = body.index(b"\x08\x00\x60\x00CS")
    for name, middle, fine in [("shallow", deep(20, True), True), ("deep", deep(20000, True), False), ("open", deep(20000, False), False),
                               ("deep, with lengths", deep_defined(60000), True)]:
        with open(t.path("b"), "wb") as f:
            f.write(body[:at] + middle + body[at:])
        answer = t.tool.ask("describe", t.path("b"))
        t.check(bool(answer["pieces"]) == fine, name, answer)


def test_many_frames(t):
    """The cost of a frame must not grow with the number of frames."""
    def seconds(n, compressed):
        v = np.zeros((n, 64, 64), "u2") + np.arange(n, dtype="u2")[:, None, None]
        own = [item(PlanePositionSequence=sequence(ImagePositionPatient=[0, 0, k])) for k in range(n)]
        shared = item(PlaneOrientationSequence=sequence(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]))
        ds = enhanced(v, own, shared)
        if compressed:
            ds.compress(RLE)
        path = save(t.path("a"), ds, RLE if compressed else EXPLICIT)
        began = time.monotonic()
        pieces = good(t, f"{n} frames", path, v) or []
        t.check([p["position"][2] for p in pieces] == list(range(n)), n, "frames in order")
        return time.monotonic() - began

    for compressed in (False, True):
        few, many = seconds(250, compressed), seconds(2000, compressed)
        print(f"250 frames {few:.3f} s, 2000 frames {many:.3f} s")
        t.check(many < 8 * few * 3 + 0.5, "frames cost more the more there are", few, many)


with Test() as test:
    for name, case in list(globals().items()):
        if name.startswith("test_"):
            case(test)
