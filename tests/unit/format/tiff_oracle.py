"""TIFF against tifffile and PIL, both ways: every element type, layout, compression and photometric, pages, and what the tags claim."""
import itertools
import struct

import numpy as np
import tifffile
from PIL import Image

from oracle import Test
from pictures import not_written, refused, same, smooth

DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]


def random_array(rng, shape, dtype):
    if dtype[0] == "f":
        return rng.normal(0, 1e4, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


def put(t, name, body):
    with open(t.path(name), "wb") as f:
        f.write(body)
    return t.path(name)


# ---- reading ----

def by_tifffile(t):
    """Types, byte orders, strips, tiles, planes, BigTIFF, deflate."""
    rng = np.random.default_rng(71)
    layouts = ({}, {"rowsperstrip": 5}, {"tile": (16, 32)}, {"compression": "zlib"},
               {"compression": "zlib", "tile": (32, 16), "bigtiff": True}, {"compression": "zlib", "rowsperstrip": 3, "predictor": True})
    for dtype, order, how in itertools.product(DTYPES, "<>", layouts):
        if how.get("predictor") and dtype in ("f4", "f8", "u8", "i8"):
            continue
        for channels in (1, 2, 3, 4, 5):
            for planar in (("contig", "separate") if channels > 1 else ("contig",)):
                a = random_array(rng, (37, 43, channels), dtype)
                stored = np.moveaxis(a, 2, 0) if planar == "separate" else a
                extra = {"planarconfig": planar} if channels > 1 else {}
                colour = "rgb" if channels in (3, 4) else "minisblack"
                path = t.path("a.tif")
                tifffile.imwrite(path, stored if channels > 1 else a[..., 0], byteorder=order, photometric=colour, **how, **extra)
                same(t, path, a, f"{dtype}{order} {how} x{channels} {planar}", inverted=False, remark="", palette=0)


def by_pil(t):
    """Compressions of libtiff, the small depths, palettes."""
    rng = np.random.default_rng(72)
    gray, colour = smooth(rng, 50, 61)[..., 0], smooth(rng, 50, 61, 3)
    for code in (None, "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits", "lzma", "zstd"):
        for mode, a in (("gray", gray), ("rgb", colour), ("rgba", smooth(rng, 50, 61, 4)), ("16", gray.astype("u2") * 255),
                        ("i4", gray.astype("i4") * -70000), ("f4", gray.astype("f4") / 7)):
            path = t.path("a.tif")
            Image.fromarray(a).save(path, compression=code)
            same(t, path, a, f"{code} {mode}", lossy=False)
    for code in (None, "group3", "group4", "tiff_ccitt", "tiff_lzw", "packbits"):
        bits = gray > 128
        Image.fromarray(bits).save(t.path("b.tif"), compression=code)
        same(t, t.path("b.tif"), bits.astype("u1"), f"one bit {code}")
    for quality, a in ((75, gray), (95, colour), (30, colour)):
        Image.fromarray(a).save(t.path("j.tif"), compression="jpeg", quality=quality)
        same(t, t.path("j.tif"), np.asarray(Image.open(t.path("j.tif"))), f"JPEG {quality} {a.shape}", lossy=True)


def tiff(entries, pixels, order="<"):
    """A TIFF of one page and one strip, its tags given as {tag: (type, values)}."""
    sizes, codes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}, {1: "B", 2: "B", 3: "H", 4: "I"}
    entries = {**entries, 273: (4, [0]), 279: (4, [len(pixels)])}
    at = 8 + 2 + 12 * len(entries) + 4
    extra, directory = b"", struct.pack(order + "H", len(entries))
    blobs = {}
    for tag, (kind, values) in sorted(entries.items()):
        if kind == 5:
            blobs[tag] = b"".join(struct.pack(order + "II", *v) for v in values)
        else:
            blobs[tag] = struct.pack(f"{order}{len(values)}{codes[kind]}", *values)
    begin = at + sum(len(b) + len(b) % 2 for b in blobs.values() if len(b) > 4)
    blobs[273] = struct.pack(order + "I", begin)
    for tag, (kind, values) in sorted(entries.items()):
        blob = blobs[tag]
        directory += struct.pack(order + "HHI", tag, kind, len(values))
        if len(blob) <= 4:
            directory += blob.ljust(4, b"\0")
        else:
            directory += struct.pack(order + "I", at + len(extra))
            extra += blob + b"\0" * (len(blob) % 2)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return head + directory + b"\0\0\0\0" + extra + pixels


def plain(width, height, bits, photometric=1, samples=1, **more):
    tags = {256: (4, [width]), 257: (4, [height]), 258: (3, [bits] * samples), 259: (3, [1]), 262: (3, [photometric]),
            277: (3, [samples]), 278: (4, [height])}
    return {**tags, **{int(k[1:]): v for k, v in more.items()}}


def packed(samples, bits):
    """(h, n) samples to rows of whole bytes, the first in the upper bits."""
    unpacked = np.unpackbits(samples.astype("u1")[..., None], axis=2)[..., 8 - bits:].reshape(len(samples), -1)
    return np.packbits(unpacked, axis=1).tobytes()


def small_depths(t):
    """1, 2 and 4 bits, alone, as channels, white first, and by palette."""
    rng = np.random.default_rng(73)
    for bits, order, w in itertools.product((1, 2, 4, 8), "<>", (1, 7, 16, 29)):
        a = rng.integers(0, 2 ** bits, (9, w)).astype("u1")
        same(t, put(t, "s.tif", tiff(plain(w, 9, bits), packed(a, bits), order)), a, f"{bits} bits {w}")
        path = put(t, "w.tif", tiff(plain(w, 9, bits, 0), packed(a, bits), order))
        pieces = same(t, path, (2 ** bits - 1 - a).astype("u1"), f"{bits} bits, white first", inverted=False)
        t.check(pieces and "MINISWHITE" in pieces[0]["remark"], pieces)
        reversed_bits = np.packbits(np.unpackbits(np.frombuffer(packed(a, bits), "u1").reshape(-1, 1), axis=1)[:, ::-1], axis=1)
        path = put(t, "f.tif", tiff(plain(w, 9, bits, m266=(3, [2])), reversed_bits.tobytes(), order))
        same(t, path, a, f"{bits} bits, filled from below")
        map8 = rng.integers(0, 256, (3, 2 ** bits))
        for scale in (257, 1):  # 16-bit colours as they should be, and 8-bit ones as some writers have them
            colours = (3, [int(v) * scale for v in map8.ravel()])
            path = put(t, "p.tif", tiff(plain(w, 9, bits, 3, m320=colours), packed(a, bits), order))
            same(t, path, a, f"{bits} bits palette {scale}", palette=2 ** bits)
            same(t, path, map8.T.astype("u1")[a], f"{bits} bits palette {scale}", "picture")
        rgb = rng.integers(0, 2 ** bits, (9, w * 3)).astype("u1")
        same(t, put(t, "c.tif", tiff(plain(w, 9, bits, 2, 3), packed(rgb, bits), order)), rgb.reshape(9, w, 3), f"RGB {bits}")


def white_first(t):
    """MINISWHITE of whole numbers is turned as PIL does; of others it is said."""
    rng = np.random.default_rng(74)
    for dtype in ("u1", "u2", "u4"):
        a = random_array(rng, (11, 12), dtype)
        tifffile.imwrite(t.path("w.tif"), a, photometric="miniswhite")
        same(t, t.path("w.tif"), np.iinfo(dtype).max - a, f"white first {dtype}", inverted=False)
        if dtype == "u1":
            t.check((np.asarray(Image.open(t.path("w.tif"))) == 255 - a).all(), "PIL turns it, too")
    for dtype in ("i2", "f4"):
        a = random_array(rng, (11, 12), dtype)
        tifffile.imwrite(t.path("w.tif"), a, photometric="miniswhite")
        same(t, t.path("w.tif"), a, f"white first {dtype}", inverted=True)


def pages(t):
    rng = np.random.default_rng(75)
    for count, how in itertools.product((2, 7, 130), ({}, {"compression": "zlib"}, {"bigtiff": True}, {"contiguous": False})):
        stack = random_array(rng, (count, 9, 14), "u2")
        tifffile.imwrite(t.path("p.tif"), stack, photometric="minisblack", **how)
        same(t, t.path("p.tif"), list(stack), f"{count} pages {how}")
    stack = random_array(rng, (5, 9, 14, 3), "u1")
    tifffile.imwrite(t.path("p.tif"), stack, photometric="rgb")
    same(t, t.path("p.tif"), list(stack), "pages of colours")
    with tifffile.TiffWriter(t.path("m.tif")) as f:
        sizes = [(5, 6), (3, 200), (8, 1)]
        several = [random_array(rng, size, "i2") for size in sizes]
        for a in several:
            f.write(a, contiguous=False)
    same(t, t.path("m.tif"), several, "pages of several sizes")
    with tifffile.TiffWriter(t.path("t.tif")) as f:
        f.write(stack[0], photometric="rgb")
        f.write(stack[0, ::2, ::2], photometric="rgb", subfiletype=1)
        f.write(stack[1], photometric="rgb")
    pieces = same(t, t.path("t.tif"), [stack[0], stack[1]], "a thumbnail between")
    t.check(pieces and "1 smaller copies" in pieces[0]["remark"], pieces)
    with tifffile.TiffWriter(t.path("bad.tif")) as f:
        f.write(stack[0], photometric="rgb")
        f.write(stack[0].astype("f2"), photometric="rgb")
    refused(t, t.path("bad.tif"), "page 2: has floating-point samples of 16 bits", False, "float16 behind a good page")


def hidden_pages(t):
    """ImageJ's large stacks have one directory for all pages."""
    rng = np.random.default_rng(77)
    for dtype, order in itertools.product(("u1", "u2", "i2", "f4"), "<>"):
        stack = random_array(rng, (6, 8, 9), dtype)
        tifffile.imwrite(t.path("h.tif"), stack, imagej=True, byteorder=order, truncate=True, metadata={"axes": "ZYX"})
        with tifffile.TiffFile(t.path("h.tif")) as f:
            t.check(len(f.pages) == 1, "tifffile wrote all directories")
        same(t, t.path("h.tif"), list(stack), f"hidden pages {dtype}{order}")
    with open(t.path("h.tif"), "rb") as f:
        body = f.read()
    refused(t, put(t, "cut.tif", body[:-1]), "holds 6 pictures", True, "a hidden page cut short")
    tifffile.imwrite(t.path("c.tif"), stack, imagej=True, truncate=True, metadata={"axes": "TYX"})
    refused(t, t.path("c.tif"), "do not stack as slices", False, "hidden times")


def claims(t):
    """What ImageJ, OME and resolution tags say is noted or, where it makes slices of channels, refused."""
    stack = np.arange(6 * 8 * 9, dtype="u2").reshape(6, 8, 9)
    tifffile.imwrite(t.path("i.tif"), stack, imagej=True, resolution=(4, 2), metadata={"axes": "ZYX", "spacing": 2.5, "unit": "mm"})
    pieces = same(t, t.path("i.tif"), list(stack), "ImageJ stack")
    t.check(pieces and "2.5 x 0.5 x 0.25 mm (z, y, x)" in pieces[0]["remark"], pieces)
    for axes in ("CYX", "TYX"):
        tifffile.imwrite(t.path("c.tif"), stack, imagej=True, metadata={"axes": axes})
        refused(t, t.path("c.tif"), "which do not stack as slices", False, axes)
        tifffile.imwrite(t.path("c.ome.tif"), stack, ome=True, metadata={"axes": axes})
        refused(t, t.path("c.ome.tif"), "which do not stack as slices", False, "OME " + axes)
    tifffile.imwrite(t.path("z.ome.tif"), stack, ome=True, metadata={"axes": "ZYX"})
    same(t, t.path("z.ome.tif"), list(stack), "OME slices")
    for resolution, unit, text in (((100, 50), "CENTIMETER", "0.2 x 0.1 mm (y, x)"), ((508, 254 * 5), "INCH", "0.02 x 0.05 mm"),
                                   ((72, 72), "INCH", ""), ((300, 300), "INCH", ""), ((118.11, 118.11), "CENTIMETER", ""),
                                   ((7, 7), "NONE", "")):
        tifffile.imwrite(t.path("r.tif"), stack[0], resolution=resolution, resolutionunit=unit)
        pieces = same(t, t.path("r.tif"), stack[0], f"{resolution} {unit}")
        t.check(pieces and (text in pieces[0]["remark"] if text else pieces[0]["remark"] == ""), resolution, pieces)
    path = put(t, "o.tif", tiff(plain(9, 8, 16, m274=(3, [6])), stack[0].tobytes()))
    pieces = same(t, path, stack[0], "orientation")
    t.check(pieces and "orientation tag 6" in pieces[0]["remark"], pieces)


def refusals(t):
    a = np.zeros((16, 16), "u1")
    rgb = np.zeros((16, 16, 3), "u1")
    Image.fromarray(rgb).convert("CMYK").save(t.path("k.tif"))
    refused(t, t.path("k.tif"), "CMYK", False, "CMYK")
    Image.fromarray(rgb).convert("LAB").save(t.path("l.tif"))
    refused(t, t.path("l.tif"), "kind 8", False, "LAB")
    tifffile.imwrite(t.path("h.tif"), a.astype("f2"))
    refused(t, t.path("h.tif"), "floating-point samples of 16 bits", False, "float16")
    tifffile.imwrite(t.path("x.tif"), a.astype("c8"))
    refused(t, t.path("x.tif"), "complex samples of 64 bits", False, "complex")
    refused(t, put(t, "12.tif", tiff(plain(4, 4, 12), bytes(24))), "unsigned samples of 12 bits", False, "12 bits")
    refused(t, put(t, "y.tif", tiff(plain(4, 4, 8, 6, 3), bytes(48))), "YCbCr without JPEG", False, "YCbCr")
    odd = {**plain(4, 4, 8), 259: (3, [34676])}
    refused(t, put(t, "s.tif", tiff(odd, bytes(16))), "compression (34676) is not read", False, "SGILOG")
    refused(t, put(t, "big.tif", tiff(plain(60000, 60000, 8), bytes(16))), "cannot come from a file of", True, "60000")
    wide = {**plain(0x7fffffff, 0x7fffffff, 8)}
    refused(t, put(t, "huge.tif", tiff(wide, bytes(16))), "damaged TIFF", True, "2^31")
    tile = {**plain(4, 4, 8), 322: (4, [65536]), 323: (4, [65536]), 324: (4, [200]), 325: (4, [16])}
    refused(t, put(t, "tile.tif", tiff(tile, bytes(64))), "", True, "tiles of 65536")
    loop = bytearray(tiff(plain(4, 4, 8), bytes(16)))
    end = 8 + 2 + 12 * 9
    loop[end:end + 4] = struct.pack("<I", 8)
    refused(t, put(t, "loop.tif", loop), "damaged TIFF", True, "a page that follows itself")
    refused(t, put(t, "none.tif", b"II*\0\0\0\0\0"), "damaged TIFF", True, "no page")


# ---- writing ----

def read_back(t, want, name):
    """tifffile, PIL where it knows the type, and Tome read what Tome wrote."""
    path = t.path(name)
    back = tifffile.imread(path)
    t.check(back.dtype == want.dtype and back.reshape(want.shape).tobytes() == want.tobytes(), name, want.dtype, want.shape, back.shape)
    image = Image.open(path) if want.dtype.str[1:] in ("u1", "u2", "i4", "f4") else None
    if image:
        t.check(image.n_frames == len(want), name, image.n_frames)
        for z in {0, len(want) - 1}:
            image.seek(z)
            t.check((np.asarray(image) == want[z]).all(), name, "PIL", z)
    same(t, path, list(want), name, lossy=False)


def writes(t):
    rng = np.random.default_rng(76)
    for dtype, shape in itertools.product(DTYPES, ((1, 1, 1), (1, 30, 41), (6, 17, 9), (2, 700, 500))):
        a = random_array(rng, shape, dtype)
        np.save(t.path("a.npy"), a)
        answer = t.tool.ask("write", t.path("a.npy"), t.path("a.tif"))
        t.check(answer["error"] == "", dtype, shape, answer)
        read_back(t, a, "a.tif")
    for channels, dtype in itertools.product((2, 3, 4), ("u1", "u2")):
        a = random_array(rng, (1, 20, 33, channels), dtype)
        source = t.path("s.tif")
        tifffile.imwrite(source, a[0], photometric="rgb" if channels > 2 else "minisblack", planarconfig="contig",
                         **({"extrasamples": ["unassalpha"]} if channels != 3 else {}))
        answer = t.tool.ask("write", source, t.path("c.tiff"))
        t.check(answer["error"] == "", channels, answer)
        read = tifffile.imread(t.path("c.tiff"))
        t.check(read.dtype == a.dtype and (read == a[0]).all(), "tifffile", channels, dtype)
        same(t, t.path("c.tiff"), a[0], f"written x{channels} {dtype}")
        if dtype == "u1":
            t.check((np.asarray(Image.open(t.path("c.tiff"))) == a[0]).all(), "PIL", channels)


def written_tags(t):
    """ImageJ's reader (tifffile knows its tags) finds the voxel sizes; deflate it is."""
    import nibabel as nib
    affine = np.diag([-0.5, -0.75, 2.5, 1])
    nib.save(nib.Nifti1Image(np.arange(4 * 5 * 6, dtype="i2").reshape(4, 5, 6), affine), t.path("v.nii"))
    t.check(t.tool.ask("write", t.path("v.nii"), t.path("v.tif"))["error"] == "", "write")
    with tifffile.TiffFile(t.path("v.tif")) as f:
        meta, tags = f.imagej_metadata, f.pages[0].tags
        t.check(f.is_imagej and meta["spacing"] == 2.5 and meta["unit"] == "mm" and meta["slices"] == 6, meta)
        x, y = (v.value[1] / v.value[0] for v in (tags["XResolution"], tags["YResolution"]))
        t.check(abs(x - 0.5) < 1e-6 and abs(y - 0.75) < 1e-6, x, y)
        t.check(f.pages[0].compression == 8 and f.pages[0].predictor == 2, f.pages[0].compression)
    pieces = t.tool.ask("describe", t.path("v.tif"))["pieces"]
    t.check("2.5 x 0.75 x 0.5 mm" in pieces[0]["remark"], pieces[0])


with Test() as t:
    for part in (by_tifffile, by_pil, small_depths, white_first, pages, hidden_pages, claims, refusals, writes, written_tags):
        part(t)
