"""Makes PNG files by hand, sample by sample, of every colour type, bit depth and interlacing."""
import struct
import zlib

import numpy as np

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def paeth(a, b, c):
    pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filtered(row, above, step, how):
    """A row by one of PNG's five filters, a byte at a time as the specification has it."""
    out = bytearray([how])
    for i, value in enumerate(row):
        a, b, c = (row[i - step] if i >= step else 0), above[i], (above[i - step] if i >= step else 0)
        out.append((value - (0, a, b, (a + b) // 2, paeth(a, b, c))[how]) & 255)
    return bytes(out)


def pack_rows(samples, depth, filters=(0,)):
    """(h, w, c) samples to PNG rows; of row y the filter is filters[y % count]."""
    h, w, c = samples.shape
    flat = samples.reshape(h, w * c)
    if depth == 16:
        rows = flat.astype(">u2").view("u1").reshape(h, -1)
    else:
        bits = np.unpackbits(flat.astype("u1")[..., None], axis=2)[..., 8 - depth:].reshape(h, -1)
        rows = np.packbits(bits, axis=1)
    if tuple(filters) == (0,):
        return b"".join(b"\0" + row.tobytes() for row in rows)
    plain, step = [row.tolist() for row in rows], max(1, c * depth // 8)
    above = [[0] * len(plain[0]), *plain]
    return b"".join(filtered(row, above[y], step, filters[y % len(filters)]) for y, row in enumerate(plain))


def make_png(samples, colour, depth, interlaced, extra=b"", filters=(0,)):
    h, w, _ = samples.shape
    if interlaced:
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        raw = b"".join(pack_rows(p, depth) for p in parts if p.size)
    else:
        raw = pack_rows(samples, depth, filters)
    head = struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, int(interlaced))
    palette = chunk(b"PLTE", bytes(range(3 * 2 ** depth % 256)) or bytes(768)) if colour == 3 else b""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + palette + chunk(b"IDAT", zlib.compress(raw)) +
            chunk(b"IEND", b""))
