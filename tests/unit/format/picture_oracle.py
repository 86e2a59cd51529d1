"""GIF, JPEG, BMP and palettes of PNG against PIL, both ways; and files that PIL does not write, made by hand."""
import glob
import gzip
import struct

import numpy as np
from PIL import Image

from oracle import Test
from pictures import not_written, refused, same, smooth

BLACK_WHITE, WHITE_BLACK = [0, 0, 0, 255, 255, 255], [255, 255, 255, 0, 0, 0]


def save(t, name, image, **how):
    image.save(t.path(name), **how)
    return t.path(name)


def indexed(indices, colours):
    image = Image.fromarray(indices, "P")
    image.putpalette(colours)
    return image


def put(t, name, body):
    with open(t.path(name), "wb") as f:
        f.write(body)
    return t.path(name)


# ---- real files ----

def as_labels(path):
    """PIL's indices; gray palettes are gray to PIL as well."""
    a = np.asarray(Image.open(path))
    return a.astype("u1") if a.dtype == bool else a


def real_files(t):
    masks = glob.glob(f"{t.data}/drive/**/*.gif", recursive=True)
    t.check(len(masks) == 20, "masks of DRIVE", len(masks))
    for path in masks:
        want = as_labels(path)
        foreground = np.asarray(Image.open(path).convert("L")) > 127
        t.check(set(np.unique(want)) in ({0, 255}, {0, 1}) and ((want > 0) == foreground).all(), path, "polarity")
        same(t, path, want, path, lossy=False)
        same(t, path, np.asarray(Image.open(path).convert("L" if 255 in want else "RGB")), path, "picture")
    photos = glob.glob(f"{t.data}/chase-db1/*.jpg")
    t.check(len(photos) == 4, "pictures of CHASE_DB1", len(photos))
    for path in photos:
        same(t, path, np.asarray(Image.open(path)), path, lossy=True)
    tiffs = glob.glob(f"{t.data}/drive/**/*.tif", recursive=True)
    t.check(len(tiffs) == 8, "pictures of DRIVE", len(tiffs))
    for path in tiffs:
        same(t, path, np.asarray(Image.open(path)), path, lossy=False, remark="")


# ---- GIF by hand: PIL sorts palettes when it writes one ----

def lzw(indices):
    """LZW without ever compressing: a clear code before the table could grow."""
    bits, out = "", bytearray()
    for i, v in enumerate(indices):
        if i % 100 == 0:
            bits = f"{256:09b}" + bits
        bits = f"{int(v):09b}" + bits
    bits = f"{257:09b}" + bits
    bits = bits.rjust((len(bits) + 7) // 8 * 8, "0")
    packed = int(bits, 2).to_bytes(len(bits) // 8, "little")
    for at in range(0, len(packed), 255):
        out += bytes([len(packed[at:at + 255])]) + packed[at:at + 255]
    return b"\x08" + bytes(out) + b"\0"


def frame(indices, left=0, top=0, interlaced=False, colours=b""):
    h, w = indices.shape
    if interlaced:
        order = [*range(0, h, 8), *range(4, h, 8), *range(2, h, 4), *range(1, h, 2)]
        indices = indices[order]
    flags = (0x40 if interlaced else 0) | (0x87 if colours else 0)
    return b"," + struct.pack("<HHHHB", left, top, w, h, flags) + colours + lzw(indices.ravel())


def gif(width, height, *blocks, colours=None):
    return (b"GIF89a" + struct.pack("<HHBBB", width, height, 0xf7 if colours else 0x70, 0, 0) + (colours or b"") +
            b"".join(blocks) + b";")


# ---- palettes, whatever the format ----

def save_indexed(t, name, indices, colours):
    if name.endswith(".gif"):
        h, w = indices.shape
        return put(t, name, gif(w, h, frame(indices), colours=bytes(colours).ljust(768, b"\0")))
    return save(t, name, indexed(indices, colours))


def palettes(t):
    """Labels are indices, images are colours; a ramp from white to black is turned round."""
    rng = np.random.default_rng(61)
    colours = [int(c) for c in rng.integers(0, 256, 768)]
    grays = [min(255, 7 * i) for i in range(256) for _ in range(3)]
    for kind in ("png", "gif", "bmp", "tif"):
        many = rng.integers(0, 256, (31, 45)).astype("u1")
        few = rng.integers(0, 2, (31, 45)).astype("u1")
        path = save_indexed(t, f"many.{kind}", many, colours)
        same(t, path, many, f"{kind} labels", palette=256)
        same(t, path, np.array(colours, "u1").reshape(256, 3)[many], f"{kind} colours", "picture", palette=256)
        path = save_indexed(t, f"gray.{kind}", many, grays)
        same(t, path, many, f"{kind} labels of gray entries")
        same(t, path, np.array(grays[::3], "u1")[many], f"{kind} gray entries", "picture")
        path = save_indexed(t, f"ramp.{kind}", many, [i for i in range(256) for _ in range(3)])
        same(t, path, many, f"{kind} ramp", palette=0)
        same(t, path, many, f"{kind} ramp", "picture")
        path = save_indexed(t, f"two.{kind}", few, BLACK_WHITE)
        same(t, path, few, f"{kind} black and white")
        same(t, path, few * np.uint8(255), f"{kind} black and white", "picture")
        path = save_indexed(t, f"turned.{kind}", few, WHITE_BLACK)
        pieces = same(t, path, 1 - few, f"{kind} white and black")
        t.check(pieces and "turned round" in pieces[0]["remark"], kind, pieces)
        same(t, path, (1 - few) * np.uint8(255), f"{kind} white and black", "picture")
        path = save_indexed(t, f"down.{kind}", many, [255 - i for i in range(256) for _ in range(3)])
        same(t, path, 255 - many, f"{kind} falling ramp")
        same(t, path, 255 - many, f"{kind} falling ramp", "picture")


def transparency(t):
    rng = np.random.default_rng(62)
    index = rng.integers(0, 5, (9, 14)).astype("u1")
    colours = [int(c) for c in rng.integers(0, 256, 15)]
    image = indexed(index, colours)
    rgba = np.concatenate([np.array(colours, "u1").reshape(5, 3)[index], np.full((9, 14, 1), 255, "u1")], axis=2)
    for kind in ("png", "gif"):
        path = save(t, f"clear.{kind}", image, transparency=3)
        want = rgba.copy()
        want[index == 3, 3] = 0
        t.check((np.asarray(Image.open(path).convert("RGBA")) == want).all(), "PIL itself", kind)
        same(t, path, index, f"{kind} transparent label")
        same(t, path, want, f"{kind} transparent colours", "picture")
    path = save(t, "half.png", image, transparency=bytes([0, 50, 100]))
    want = rgba.copy()
    want[..., 3] = np.array([0, 50, 100, 255, 255], "u1")[index]
    same(t, path, want, "png of half transparent entries", "picture")


# ---- GIF ----

def gifs(t):
    rng = np.random.default_rng(63)
    colours = rng.integers(0, 256, 768).astype("u1").tobytes()
    rgb = np.frombuffer(colours, "u1").reshape(256, 3)
    control = b"!\xf9\x04\x01\0\0\x09\0"
    for size in ((1, 1), (3, 200), (17, 19), (64, 5)):
        a = rng.integers(0, 256, size).astype("u1")
        for interlaced in (False, True):
            path = put(t, "own.gif", gif(size[1], size[0], b"!\xfe\x05hello\0", frame(a, 0, 0, interlaced), colours=colours))
            t.check((np.asarray(Image.open(path)) == a).all(), "PIL reads what we made", size, interlaced)
            same(t, path, a, f"gif {size} {interlaced}")
            same(t, path, rgb[a], f"gif {size} {interlaced}", "picture")
    a = rng.integers(0, 256, (8, 9)).astype("u1")
    same(t, put(t, "local.gif", gif(9, 8, frame(a, colours=colours), colours=bytes(768))), rgb[a], "local palette", "picture")
    same(t, put(t, "none.gif", gif(9, 8, frame(a))), a, "no palette", palette=0)
    wide = np.zeros((20, 30), "u1")
    wide[5:13, 7:16] = a
    same(t, put(t, "part.gif", gif(30, 20, frame(a, 7, 5), colours=colours)), wide, "a frame smaller than the screen")
    wide[:] = 9
    wide[5:13, 7:16] = a
    path = put(t, "clear.gif", gif(30, 20, control, frame(a, 7, 5), colours=colours))
    t.check((np.asarray(Image.open(path)) == wide).all(), "PIL fills so, too")
    same(t, path, wide, "transparent around a frame")
    refused(t, put(t, "two.gif", gif(9, 8, frame(a), frame(a), colours=colours)), "animated GIF", False, "two frames")
    refused(t, put(t, "no.gif", gif(9, 8, colours=colours)), "without a picture", True, "no frame")
    bomb = bytearray(gif(9, 8, frame(a[:1, :1])))
    bomb[6:10] = b"\xff\xff\xff\xff"
    refused(t, put(t, "bomb.gif", bomb), "cannot come from a file of", True, "screen of 65535")


# ---- JPEG ----

def jpegs(t):
    rng = np.random.default_rng(64)
    for channels, size, how in ((1, (40, 57), {}), (3, (40, 57), {}), (3, (33, 16), {"progressive": True}),
                                (1, (8, 8), {"progressive": True, "quality": 30}), (3, (19, 70), {"subsampling": 0}),
                                (3, (19, 70), {"subsampling": 1, "quality": 95}), (3, (1, 1), {}),
                                (3, (64, 64), {"restart_marker_blocks": 2})):
        a = smooth(rng, *size, channels)
        path = save(t, "a.jpg", Image.fromarray(a[..., 0] if channels == 1 else a), **how)
        same(t, path, np.asarray(Image.open(path)), f"jpeg {channels} {size} {how}", lossy=True, remark="")
    image = Image.fromarray(smooth(rng, 12, 16, 3))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(t, "turned.jpg", image, exif=exif.tobytes())
    pieces = same(t, path, np.asarray(Image.open(path)), "Exif orientation")
    t.check(pieces and "orientation 6" in pieces[0]["remark"], pieces)
    refused(t, save(t, "ink.jpg", image.convert("CMYK")), "CMYK", False, "CMYK")
    path = save(t, "whole.jpg", Image.fromarray(smooth(rng, 64, 64, 3)))
    with open(path, "rb") as f:
        body = f.read()
    for cut in (len(body) // 2, len(body) - 3):
        answer, _ = t.decode(put(t, "cut.jpg", body[:cut]))
        text = answer["error"] + "".join(p["text"] for p in answer["passed"])
        t.check("damaged JPEG (Premature end" in text, "cut", cut, answer)
    at = body.index(b"\xff\xc0")
    bomb = body[:at + 5] + b"\xfd\xe8\xfd\xe8" + body[at + 9:]
    refused(t, put(t, "bomb.jpg", bomb), "cannot come from a file of", True, "65000 x 65000")


# ---- BMP ----

def bmp(head, pixels, palette=b""):
    begin = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", begin + len(pixels), 0, 0, begin) + head + palette + pixels


def info(width, height, bits, compression=0, size=40, colours=0, masks=()):
    head = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, 0, 0, 0, colours, 0)
    return (head + b"".join(struct.pack("<I", m) for m in masks)).ljust(size, b"\0")


def rows_of(samples, bits):
    """(h, w*) numbers of `bits` each to BMP rows from below."""
    out = b""
    for row in samples[::-1]:
        text = "".join(f"{int(v):0{bits}b}" for v in row)
        packed = int(text.ljust((len(text) + 31) // 32 * 32, "0"), 2)
        out += packed.to_bytes((len(text) + 31) // 32 * 4, "big")
    return out


def bmps_by_pil(t):
    rng = np.random.default_rng(65)
    for size in ((1, 1), (5, 7), (16, 33), (3, 8)):
        a = smooth(rng, *size, 4)
        same(t, save(t, "g.bmp", Image.fromarray(a[..., 0])), a[..., 0], f"gray {size}", palette=0)
        same(t, save(t, "c.bmp", Image.fromarray(a[..., :3])), a[..., :3], f"colour {size}")
        path = save(t, "a.bmp", Image.fromarray(a))
        same(t, path, np.asarray(Image.open(path)), f"alpha {size}")
        bits = a[..., 0] > 128
        same(t, save(t, "b.bmp", Image.fromarray(bits)), bits.astype("u1"), f"bits {size}")


def bmps_by_hand(t):
    rng = np.random.default_rng(66)
    for bits, w in ((1, 13), (4, 7), (8, 5), (1, 32), (4, 8)):
        index = rng.integers(0, 2 ** bits, (6, w)).astype("u1")
        colours = rng.integers(0, 256, (2 ** bits, 4)).astype("u1")
        rgb = colours[:, 2::-1][index]
        up = rows_of(index, bits)
        path = put(t, "p.bmp", bmp(info(w, 6, bits), up, colours.tobytes()))
        same(t, path, index, f"{bits} bits")
        same(t, path, rgb, f"{bits} bits", "picture")
        t.check((np.asarray(Image.open(path).convert("RGB")) == rgb).all(), "PIL reads the same", bits)
        path = put(t, "d.bmp", bmp(info(w, -6, bits), rows_of(index[::-1], bits), colours.tobytes()))
        same(t, path, index, f"{bits} bits, top down")
        core = struct.pack("<IHHHH", 12, w, 6, 1, bits)
        path = put(t, "o.bmp", bmp(core, up, colours[:, :3].tobytes()))
        same(t, path, rgb, f"{bits} bits, OS/2", "picture")
    for bits, compression, size, masks in ((16, 0, 40, ()), (16, 3, 64, (0xf800, 0x7e0, 0x1f)), (32, 0, 40, ()),
                                           (32, 3, 108, (0xff0000, 0xff00, 0xff, 0xff000000))):
        raw = rng.integers(0, 2 ** bits, (5, 3), dtype="u8").astype("<u4" if bits == 32 else "<u2")
        stride = (3 * bits // 8 + 3) // 4 * 4
        pixels = b"".join(row.tobytes().ljust(stride, b"\0") for row in raw[::-1])
        path = put(t, "m.bmp", bmp(info(3, 5, bits, compression, size, 0, masks), pixels))
        want = np.asarray(Image.open(path))
        same(t, path, want, f"{bits} bits, masks {masks}")
    same(t, put(t, "m.bmp", bmp(info(3, 5, 32, 3, 40) + struct.pack("<III", 0xff, 0xff00, 0xff0000), pixels)),
         raw.view("u1").reshape(5, 3, 4)[..., :3], "masks behind a header of 40 bytes")


def bmps_of_runs(t):
    colours = bytes(i for c in range(256) for i in (c, c, c, 0))
    eight = bytes([3, 7, 2, 9, 0, 0]) + bytes([0, 5, 1, 2, 3, 4, 5, 0, 0, 0]) + bytes([0, 2, 1, 1, 2, 8, 0, 1])
    want = np.array([[0, 0, 0, 0, 0], [0, 8, 8, 0, 0], [0] * 5, [1, 2, 3, 4, 5], [7, 7, 7, 9, 9]], "u1")
    path = put(t, "r8.bmp", bmp(info(5, 5, 8, 1), eight, colours))
    same(t, path, want, "run lengths of 8 bits", palette=0)
    four = bytes([5, 0x12, 0, 0]) + bytes([0, 3, 0x34, 0x50, 2, 0x67, 0, 1])
    path = put(t, "r4.bmp", bmp(info(5, 3, 4, 2), four, colours[:64]))
    same(t, path, np.array([[0] * 5, [3, 4, 5, 6, 7], [1, 2, 1, 2, 1]], "u1"), "run lengths of 4 bits")
    answer, _ = t.decode(put(t, "cut.bmp", bmp(info(5, 5, 8, 1), eight[:-2], colours)))
    t.check("cut short" in answer["error"], answer)


# ---- PNM ----

def pnms(t):
    """PIL's own, those that it does not write by hand, and gzip around any."""
    rng = np.random.default_rng(83)
    for size in ((1, 1), (5, 9), (40, 51)):
        a = smooth(rng, *size, 3)
        bits = rng.random(size) < 0.5
        same(t, save(t, "g.pgm", Image.fromarray(a[..., 0])), a[..., 0], f"gray {size}")
        same(t, save(t, "c.ppm", Image.fromarray(a)), a, f"colour {size}")
        same(t, save(t, "b.pbm", Image.fromarray(bits)), bits.astype("u1"), f"bits {size}")
        wide = rng.integers(0, 65536, size).astype("u2")
        head = b"# a comment\n%d # another\n %d" % (size[1], size[0])
        same(t, put(t, "w.pgm", b"P5\n" + head + b"\n65535\n" + wide.astype(">u2").tobytes()), wide, f"16 bits {size}")
        text = b"\n".join(b"%d" % v for v in wide.ravel())
        same(t, put(t, "t.pgm", b"P2 " + head + b" 65535 #most\n" + text), wide, f"text of 16 bits {size}")
        same(t, put(t, "t.ppm", b"P3\n" + head + b" 255\n" + b" ".join(b"%d" % v for v in a.ravel())), a, f"colours in text {size}")
        digits = b"".join(b"0" if v else b"1" for v in bits.ravel())
        same(t, put(t, "t.pbm", b"P1\n" + head + b"\n" + digits), bits.astype("u1"), f"bits in text {size}")
        few = (a[..., 0] % 4).astype("u1")
        same(t, put(t, "f.pgm", b"P5 %d %d 3\n" % size[::-1] + few.tobytes()), few, "values stay what they are")
        same(t, put(t, "c.ppm.gz", gzip.compress(open(t.path("c.ppm"), "rb").read())), a, f"gzipped {size}")
    refused(t, put(t, "s.ppm", b"P6 5 5 255\n" + bytes(74)), "cut short", True, "one byte less")
    refused(t, put(t, "z.pgm", b"P5 0 5 255\n" + bytes(80)), "damaged pixmap", True, "no width")
    answer, _ = t.decode(put(t, "v.pgm", b"P2 2 2 9\n1 2 3 10\n"))
    t.check("0 to 9" in str(answer), "a value above the largest", answer)


def bmp_refusals(t):
    refused(t, put(t, "j.bmp", bmp(info(5, 5, 24, 4), bytes(100))), "around a JPEG", False, "JPEG inside")
    refused(t, put(t, "k.bmp", bmp(info(5, 5, 7), bytes(100))), "7 bits", False, "7 bits")
    refused(t, put(t, "s.bmp", bmp(info(5, 5, 24), bytes(79))), "cut short", True, "one byte less")
    refused(t, put(t, "z.bmp", bmp(info(0, 5, 24), bytes(80))), "damaged BMP", True, "no width")
    refused(t, put(t, "w.bmp", bmp(info(5, 5, 32, 3, 52, 0, (0x3ff00000, 0xffc00, 0x3ff)), bytes(100))), "more than 8 bits",
            False, "10 bits a colour")


# ---- what Tome writes ----

def write_and_read(t, source, want, name):
    answer = t.tool.ask("write", source, t.path(name))
    if t.check(answer["error"] == "", name, answer):
        image = Image.open(t.path(name))
        t.check(image.mode == ("L" if want.ndim == 2 else "RGB"), name, image.mode)
        t.check((np.asarray(image) == want).all(), name, "PIL reads other samples")
        same(t, t.path(name), want, name)
        same(t, t.path(name), want, name, "picture")


def writes(t):
    rng = np.random.default_rng(67)
    for size in ((1, 1), (7, 5), (70, 300), (256, 256)):
        for most in (2, 256):
            gray = rng.integers(0, most, size).astype("u1")
            np.save(t.path("g.npy"), gray)
            write_and_read(t, t.path("g.npy"), gray, "g.gif")
            write_and_read(t, t.path("g.npy"), gray, "g.bmp")
        colour = smooth(rng, *size, 3)
        write_and_read(t, save(t, "c.png", Image.fromarray(colour)), colour, "c.bmp")
    wide = rng.integers(0, 256, (6, 8)).astype("i4")
    np.save(t.path("w.npy"), wide)
    write_and_read(t, t.path("w.npy"), wide.astype("u1"), "w.gif")
    wide[2, 3] = 300
    np.save(t.path("w.npy"), wide)
    for name in ("no.gif", "no.bmp"):
        not_written(t, t.path("w.npy"), name, "the value 300 of voxel (0, 2, 3)")
    np.save(t.path("f.npy"), np.zeros((3, 4), "f4"))
    not_written(t, t.path("f.npy"), "no.gif", "not float32")
    np.save(t.path("v.npy"), np.zeros((3, 4, 5), "u1"))
    not_written(t, t.path("v.npy"), "no.bmp", "one slice, not 3")
    not_written(t, t.path("c.png"), "no.gif", "3 samples")
    not_written(t, save(t, "a.png", Image.fromarray(smooth(rng, 5, 5, 4))), "no.bmp", "4 samples")
    not_written(t, t.path("g.npy"), "no.jpg", "no format for")


with Test() as t:
    for part in [real_files] if t.real else [palettes, transparency, gifs, jpegs, bmps_by_pil, bmps_by_hand, bmps_of_runs,
                                             bmp_refusals, pnms, writes]:
        part(t)
