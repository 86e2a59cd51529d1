"""Broken DICOM files of every coding: cut at each sixteenth, bytes changed in the header and in the code, code streams cut short inside a sound
file. The tool must live, stay small, answer in time, and never give voxels of a file or a code stream that is cut short."""
import io
import itertools
import os
import shutil
import subprocess
import time

import numpy as np
from PIL import Image
from pydicom.encaps import generate_pixel_data_frame

from dicom_make import BIG, DEFLATED, EXPLICIT, IMPLICIT, J2K, JPEG, RLE, encapsulate, enhanced, image, item, save, sequence
from oracle import Test

LIMIT = 64 << 20  # TOME_MAX_BYTES of the tool
MUTATIONS = 120   # a seed
rng = np.random.default_rng(2)


def slices(n=1):
    v = np.add.outer(np.arange(40), np.arange(48)) * 9 + rng.integers(0, 30, (n, 40, 48))
    return v.astype("u2") if n > 1 else v[0].astype("u2")


def pillow(v, kind, **k):
    out = io.BytesIO()
    Image.fromarray(v).save(out, kind, **k)
    return out.getvalue()


def many():
    own = [item(PlanePositionSequence=sequence(ImagePositionPatient=[0, 0, k])) for k in range(3)]
    shared = item(PixelMeasuresSequence=sequence(PixelSpacing=[1, 1]), PlaneOrientationSequence=sequence(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]))
    return enhanced(slices(3), own, shared)


def by_dcmtk(t, tool, *words):
    if shutil.which(tool) and subprocess.run([tool, *words, save(t.path("raw"), image(slices())), t.path("coded")]).returncode == 0:
        with open(t.path("coded"), "rb") as f:
            yield f.read()


def seeds(t):
    """(name, the file's bytes)."""
    def saved(ds, syntax, **k):
        with open(save(t.path("seed"), ds, syntax, **k), "rb") as f:
            return f.read()

    v = slices()
    yield "explicit", saved(image(v), EXPLICIT)
    yield "implicit", saved(image(v), IMPLICIT)
    yield "bare", saved(image(v), IMPLICIT, meta=False)
    yield "big", saved(image(v), BIG)
    yield "deflated", saved(image(v), DEFLATED)
    yield "enhanced", saved(many(), EXPLICIT)
    coded = many()
    coded.compress(RLE)
    yield "rle", saved(coded, RLE)
    yield "jpeg", saved(encapsulate(image(v.astype("u1")), [pillow(v.astype("u1"), "JPEG")], JPEG), JPEG)
    yield "j2k", saved(encapsulate(image(v), [pillow(v, "JPEG2000", irreversible=False, no_jp2=True)], J2K), J2K)
    yield "jp2", saved(encapsulate(image(v), [pillow(v, "JPEG2000", irreversible=False)], J2K, fragments=2), J2K)
    for tool, *words in [("dcmcjpeg", "+e1"), ("dcmcjpeg", "+el"), ("dcmcjpeg", "+ee"), ("dcmcjpls",), ("dcmcjpls", "+en")]:
        for body in by_dcmtk(t, tool, *words):
            yield " ".join([tool, *words]), body


def written(t):
    """What we write ourselves."""
    v = slices().astype("i2")
    v.tofile(t.path("raw"))
    for codec in ("none", "jpegls", "j2k"):
        words = ["write", t.path("own.dcm"), t.path("raw"), "int16", "1,40,48", "3,1,1,0,0,0,0,0,1,0,1,0,1,0,0", f"units=HU;codec={codec}"]
        done = subprocess.run([os.environ["TOME_DICOM_WRITER"]], input="\t".join(words) + "\n", capture_output=True, text=True)
        t.check(done.stdout == "ok\n", "written", codec, done.stdout)
        with open(t.path("own.dcm"), "rb") as f:
            yield f"written {codec}", f.read()


def promised(answer):
    return sum(int(np.prod(p["shape"])) * p["channels"] * np.dtype(p["dtype"]).itemsize for p in answer["pieces"])


def look(t, body, what):
    """One file: an answer in time, whole or refused. True where it gave voxels."""
    with open(t.path("broken"), "wb") as f:
        f.write(body)
    began = time.monotonic()
    answer, got = t.decode(t.path("broken"))
    t.check(time.monotonic() - began < 20, what, "slow")
    if answer["error"] or not answer["pieces"]:
        t.check(answer["error"] or len(answer["passed"]) == 1, what, "neither pieces nor a sentence")
        return False
    t.check(len(got) == promised(answer), what, "promised", promised(answer), "gave", len(got))
    return True


def cut_files(t, name, body):
    for k in range(16):
        t.check(not look(t, body[:len(body) * k // 16], f"{name} cut at {k}/16"), name, f"cut at {k}/16 gives voxels")


def mutate(t, name, body):
    """Bytes of the header, of the code's own header, and anywhere; lengths most of all, by the values that hurt."""
    hurtful = [0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF]
    last = body.rfind(b"\xe0\x7f\x10\x00") if name != "big" else body.rfind(b"\x7f\xe0\x00\x10")
    for k in range(MUTATIONS):
        b = bytearray(body)
        for _ in range(int(rng.integers(1, 5))):
            lo, hi = [(0, max(last, 200)), (max(last, 0), min(len(b), last + 200)), (0, len(b))][k % 3]
            b[int(rng.integers(lo, hi))] = hurtful[int(rng.integers(6))] if rng.random() < 0.7 else int(rng.integers(256))
        look(t, bytes(b), f"{name} mutation {k}")


def cut_codes(t):
    """A sound file around a code stream that ends early: no values may be made up for the rest."""
    v = slices()
    codes = [("jpeg", v.astype("u1"), JPEG, pillow(v.astype("u1"), "JPEG")), ("j2k", v, J2K, pillow(v, "JPEG2000", irreversible=False))]
    coded = image(v)
    coded.compress(RLE)
    codes.append(("rle", v, RLE, next(generate_pixel_data_frame(coded.PixelData))))
    for tool, word, syntax in [("dcmcjpeg", "+e1", "1.2.840.10008.1.2.4.70"), ("dcmcjpls", "+el", "1.2.840.10008.1.2.4.80")]:
        for body in by_dcmtk(t, tool, word):
            start = body.rfind(b"\xff\xd8\xff")
            codes.append((tool, v, syntax, body[start:body.rfind(b"\xfe\xff\xdd\xe0")]))
    for name, values, syntax, code in codes:
        t.check(look_at_code(t, values, syntax, code, name), name, "whole")
        for k in range(16):
            t.check(not look_at_code(t, values, syntax, code[:len(code) * k // 16], name), name, f"code cut at {k}/16 gives voxels")


def look_at_code(t, values, syntax, code, name):
    with open(save(t.path("a"), encapsulate(image(values), [code], syntax, False), syntax), "rb") as f:
        return look(t, f.read(), name)


with Test({"TOME_MAX_BYTES": str(LIMIT)}) as test:
    for name, body in itertools.chain(seeds(test), written(test)):
        test.check(look(test, body, name), name, "is sound, but gives no voxels")
        cut_files(test, name, body)
        mutate(test, name, body)
    cut_codes(test)
