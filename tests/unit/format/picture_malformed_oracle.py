"""Broken pictures: GIF, JPEG, BMP and TIFF cut at every sixteenth and with bytes changed anywhere. The tool must live, stay small, answer each within a second with a
sentence or with as many samples as it promised, and never give samples of a file whose end is missing."""
import gzip
import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image

from malformed import look, mutate
from oracle import Test
from pictures import smooth

LIMIT = 64 << 20  # TOME_MAX_BYTES of the tool
MUTATIONS = 1000  # a format


def pil(image, kind, **how):
    body = io.BytesIO()
    image.save(body, kind, **how)
    return body.getvalue()


def tif(array, **how):
    body = io.BytesIO()
    tifffile.imwrite(body, array, **how)
    return body.getvalue()


def runs(index):
    """BMP run lengths of 8 bits, a pair an index."""
    body = b"".join(b"".join(bytes([1, v]) for v in row) + b"\0\0" for row in index[::-1].tolist())
    h, w = index.shape
    head = struct.pack("<IiiHHIIiiII", 40, w, h, 1, 8, 1, 0, 0, 0, 0, 0)
    palette = bytes(1024)
    return b"BM" + struct.pack("<IHHI", 1078 + len(body) + 2, 0, 0, 1078) + head + palette + body + b"\0\1"


def seeds():
    """format → [(name, bytes)]; files that end with their pixels, so that no end can be missing unseen."""
    rng = np.random.default_rng(81)
    gray, colour = smooth(rng, 40, 50)[..., 0], smooth(rng, 40, 50, 3)
    image, rgb = Image.fromarray(gray), Image.fromarray(colour)
    palette = Image.fromarray(gray, "P")
    palette.putpalette(rng.integers(0, 256, 768).astype("u1").tolist())
    stack = np.stack([gray, gray + 1, gray + 2]).astype("u2")
    return {
        "gif": [("gray.gif", pil(image, "GIF", interlace=0)), ("palette.gif", pil(palette, "GIF", interlace=1, transparency=3))],
        "jpeg": [("gray.jpg", pil(image, "JPEG")), ("colour.jpg", pil(rgb, "JPEG", quality=90, subsampling=2)),
                 ("steps.jpg", pil(rgb, "JPEG", progressive=True, exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"))],
        "bmp": [("gray.bmp", pil(image, "BMP")), ("colour.bmp", pil(rgb, "BMP")), ("bits.bmp", pil(image.convert("1"), "BMP")),
                ("alpha.bmp", pil(rgb.convert("RGBA"), "BMP")), ("runs.bmp", runs(gray))],
        "pnm": [("gray.pgm", pil(image, "PPM")), ("colour.ppm", pil(rgb, "PPM")), ("bits.pbm", pil(image.convert("1"), "PPM")),
                ("wide.pgm", b"P5 50 40 4095\n" + (gray.astype(">u2") * 16).tobytes()), ("text.pgm", b"P2 50 40 255\n" + b" ".join(b"%03d" % v for v in gray.ravel())),
                ("packed.ppm.gz", gzip.compress(pil(rgb, "PPM")))],
        "tiff": [("pages.tif", tif(stack)), ("tiles.tif", tif(colour, tile=(16, 16), compression="zlib", photometric="rgb")),
                 ("planes.tif", tif(np.moveaxis(colour, 2, 0), planarconfig="separate", photometric="rgb", rowsperstrip=7)),
                 ("big.tif", tif(stack.astype("f4"), bigtiff=True, byteorder=">")), ("imagej.tif", tif(stack, imagej=True, metadata={"axes": "ZYX"})),
                 *((f"{code}.tif", pil(im, "TIFF", compression=code)) for code, im in
                   (("tiff_lzw", rgb), ("packbits", image), ("jpeg", rgb), ("group4", image.convert("1")), ("zstd", rgb),
                    ("lzma", image), ("tiff_adobe_deflate", palette)))],
        "png": [("palette.png", pil(palette, "PNG", transparency=bytes(range(40))))],
    }


def put(t, name, body):
    with open(t.path(name), "wb") as f:
        f.write(body)
    return t.path(name)


def timed(t, path, what):
    """Counts the tool's own work: others may use the machine, too."""
    before = t.tool.ask("memory")["worked"]
    ok, _ = look(t, path, what)
    took = t.tool.ask("memory")["worked"] - before
    t.check(took < 1, what, f"took {took:.2f} s")
    return bool(ok)


def truncations(t, name, body):
    t.check(timed(t, put(t, name, body), name), name, "the seed itself")
    # A TIFF's directory may stand before its pixels or behind, and its last page's end may be padding: all of it is needed but the last byte.
    for i in range(16):
        ok = timed(t, put(t, name, body[:len(body) * i // 16]), (name, "cut", i))
        t.check(not ok, name, "was read though cut at", i, "/ 16")


def mutations(t, name, body, count):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    taken = 0
    for i in range(count):
        header = min(len(body), 400) if i % 2 else len(body)  # where the tags are, and anywhere
        at_end = name.endswith(".tif") and i % 4 == 1         # libtiff puts directories behind the pixels
        bad = mutate(rng, body[::-1], header)[::-1] if at_end else mutate(rng, body, header)
        taken += timed(t, put(t, name, bad), (name, "mutation", i))
    t.check(taken < count, name, "all of the mutations were read", taken)
    return taken


with Test({"TOME_MAX_BYTES": str(LIMIT)}) as t:
    for kind, files in seeds().items():
        taken = 0
        for name, body in files:
            truncations(t, name, body)
            taken += mutations(t, name, body, -(-MUTATIONS // len(files)))
        t.check(taken > 0, kind, "none of the mutations was read")
        print(kind, "read", taken, "of", MUTATIONS)
    peak = t.tool.ask("memory")["peak"]
    t.check(peak < 1 << 30, "peak memory", peak)
    print("peak memory", peak >> 20, "MiB")
