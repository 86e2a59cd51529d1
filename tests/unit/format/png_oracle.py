"""PNG against PIL and against samples packed by hand: every colour type, bit depth and interlacing; samples as stored, palettes by index."""
import glob
import itertools
import os
import struct
import zlib

import numpy as np
from PIL import Image

from oracle import Test
from png_make import CHANNELS, DEPTHS, chunk, make_png

def same(t, path, want, name):
    """want: (h, w, c) samples."""
    answer, got = t.decode(path)
    if not t.check(answer["error"] == "" and len(answer["pieces"]) == 1, name, answer):
        return
    p = answer["pieces"][0]
    t.check(p["format"] == "png" and p["shape"] == [1, *want.shape[:2]] and p["channels"] == want.shape[2], name, p)
    t.check(p["dtype"] == want.dtype.name, name, p)
    t.check("affine" not in p and not p["located"] and (p["slope"], p["intercept"]) == (1, 0), name, p)
    t.check(got == want.tobytes(), name, "samples differ")


def by_pil(path):
    """PIL's samples: bilevel as 0/1, palettes as indices, 16 bits as uint16."""
    image = Image.open(path)
    a = np.asarray(image)
    if image.mode == "1":
        a = a.astype("u1")
    elif image.mode.startswith("I"):
        a = a.astype("u2")
    return a.reshape(*a.shape[:2], -1)


def real_files(t):
    names = glob.glob(f"{t.data}/png-stack/**/*.png", recursive=True) + glob.glob(f"{t.data}/chase-db1/*.png")
    t.check(len(names) == 68, "png files", len(names))
    for path in names + glob.glob(f"{t.data}/dicom-seg/**/*.png", recursive=True):
        same(t, path, np.ascontiguousarray(by_pil(path)), path)


def every_kind(t):
    rng = np.random.default_rng(31)
    gamma = chunk(b"gAMA", struct.pack(">I", 45455))
    for colour in CHANNELS:
        for depth, interlaced, size, extra in itertools.product(DEPTHS[colour], (False, True), ((13, 11), (1, 1), (3, 70)),
                                                                (b"", gamma)):
            samples = rng.integers(0, 2 ** depth, (*size, CHANNELS[colour])).astype("u2" if depth == 16 else "u1")
            path = t.path("made.png")
            with open(path, "wb") as f:
                f.write(make_png(samples, colour, depth, interlaced, extra))
            same(t, path, samples, f"colour {colour} depth {depth} interlaced {interlaced} {size}")


def painted(rng, kind, shape, most):
    """Label maps (runs, within and across rows), ramps and noise."""
    h, w, c = shape
    if kind == "noise":
        return rng.integers(0, most, shape)
    if kind == "ramp":
        return (np.arange(h)[:, None, None] * 3 + np.arange(w)[:, None] + np.arange(c)) % most
    a = np.zeros(shape, int)
    for _ in range(12):
        y, x = rng.integers(0, h), rng.integers(0, w)
        a[y:y + rng.integers(1, 30), x:x + rng.integers(1, 40)] = rng.integers(0, most, c)
    return a


def every_filter(t):
    rng = np.random.default_rng(33)
    ways = [(f,) for f in range(5)] + [(4, 2, 1, 3, 0), (1, 4, 4), (2, 3)]
    for (colour, depth), kind, filters in itertools.product([(0, 8), (0, 1), (0, 4), (3, 8), (0, 16), (4, 8), (2, 8), (6, 8), (2, 16)],
                                                            ("labels", "ramp", "noise"), ways):
        size = [(37, 83), (8, 16), (5, 3)][rng.integers(3)]
        samples = painted(rng, kind, (*size, CHANNELS[colour]), 2 ** depth).astype("u2" if depth == 16 else "u1")
        with open(t.path("filtered.png"), "wb") as f:
            f.write(make_png(samples, colour, depth, False, b"", filters))
        same(t, t.path("filtered.png"), samples, f"colour {colour} depth {depth} {kind} filters {filters} {size}")


def by_pil_written(t):
    """Files whose writer chose its own filters, and transparency, which must change nothing."""
    rng = np.random.default_rng(32)
    smooth = np.cumsum(rng.integers(-2, 3, (90, 70)), axis=1).astype("u1")
    palette = Image.fromarray(smooth % 7, "P")
    palette.putpalette(list(range(21)))
    palette.info["transparency"] = 0
    for name, image, want in (("gray", Image.fromarray(smooth), smooth), ("palette", palette, smooth % 7),
                              ("deep", Image.fromarray(smooth.astype("u2") * 200), smooth.astype("u2") * 200)):
        path = t.path(f"{name}.png")
        image.save(path, **({"transparency": 0} if name != "deep" else {}))
        same(t, path, want[..., None], name)
    with open(t.path("gray.png"), "rb") as f:
        body = f.read()
    with open(t.path("liar.nii"), "wb") as f:
        f.write(body)
    same(t, t.path("liar.nii"), smooth[..., None], "a PNG named .nii")


def refusals(t):
    with open(t.path("bomb.png"), "wb") as f:  # a header of 900,000 x 900,000 pixels and nothing behind it
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 900000, 900000, 16, 6, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))
    passed = t.tool.ask("describe", t.path("bomb.png"))["passed"]
    t.check(len(passed) == 1 and "cannot come from a file of" in passed[0]["text"] and passed[0]["damaged"], passed)
    samples = np.arange(4096, dtype="u1").reshape(64, 64, 1)
    whole = make_png(samples, 0, 8, False)
    for cut in (20, 60, 200, len(whole) - 12, len(whole) - 1):
        with open(t.path("cut.png"), "wb") as f:
            f.write(whole[:cut])
        answer = t.decode(t.path("cut.png"))[0]
        text = answer["error"] + "".join(p["text"] for p in answer["passed"])
        t.check("cut short" in text, "cut at", cut, answer)
    flipped = bytearray(whole)
    flipped[70] ^= 0x55
    with open(t.path("flip.png"), "wb") as f:
        f.write(flipped)
    answer = t.decode(t.path("flip.png"))[0]
    t.check("damaged PNG" in answer["error"], answer)
    with open(t.path("odd.png"), "wb") as f:  # a chunk that nobody knows and that says it matters
        f.write(make_png(samples, 0, 8, False, chunk(b"ODDD", b"123")))
    answer = t.decode(t.path("odd.png"))[0]
    t.check("damaged PNG" in answer["error"] + "".join(p["text"] for p in answer["passed"]), answer)


with Test() as t:
    for part in [real_files] if t.real else [every_kind, every_filter, by_pil_written, refusals]:
        part(t)
