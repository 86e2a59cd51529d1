"""Makes PNG files by hand, sample by sample, of every colour type, bit depth and interlacing."""
import struct
import zlib

import numpy as np

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def pack_rows(samples, depth):
    """(h, w, c) samples to PNG rows, unfiltered."""
    h, w, c = samples.shape
    flat = samples.reshape(h, w * c)
    if depth == 16:
        rows = flat.astype(">u2").view("u1").reshape(h, -1)
    else:
        bits = np.unpackbits(flat.astype("u1")[..., None], axis=2)[..., 8 - depth:].reshape(h, -1)
        rows = np.packbits(bits, axis=1)
    return b"".join(b"\0" + row.tobytes() for row in rows)


def make_png(samples, colour, depth, interlaced, extra=b""):
    h, w, _ = samples.shape
    if interlaced:
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        raw = b"".join(pack_rows(p, depth) for p in parts if p.size)
    else:
        raw = pack_rows(samples, depth)
    head = struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, int(interlaced))
    palette = chunk(b"PLTE", bytes(range(3 * 2 ** depth % 256)) or bytes(768)) if colour == 3 else b""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + palette + chunk(b"IDAT", zlib.compress(raw)) +
            chunk(b"IEND", b""))
