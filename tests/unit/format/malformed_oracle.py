"""Broken files: cut at every sixteenth, headers with bytes changed. The tool must live, stay small, answer each with a sentence or with as many voxels as
it promised, and never give voxels of a file that is cut short."""
import gzip
import struct
import zlib

import nibabel as nib
import numpy as np

from malformed import look, mutate
from oracle import Test
from png_make import make_png

LIMIT = 64 << 20  # TOME_MAX_BYTES of the tool
MUTATIONS = 1000  # a format


def seeds(t):
    """(name, header length, bytes before any gzip, gzip?, companion) of one good file of each kind."""
    rng = np.random.default_rng(51)
    voxels = rng.integers(-1000, 2000, (11, 12, 13)).astype("i2")

    def nifti(make, **kw):
        image = make(voxels, np.diag([-1, -1, 2, 1]), **kw)
        image.set_qform(image.affine, 1)
        return image.to_bytes()

    big = nib.Nifti1Header(endianness=">")
    big.set_data_dtype(">i2")
    yield "one.nii", 352, nifti(nib.Nifti1Image), False
    yield "big.nii", 352, nifti(nib.Nifti1Image, header=big), False
    yield "two.nii", 544, nifti(nib.Nifti2Image), False
    yield "one.nii.gz", 352, nifti(nib.Nifti1Image), True
    samples = rng.integers(0, 256, (40, 40, 3)).astype("u1")
    yield "rgb.png", 60, make_png(samples, 2, 8, True), False
    yield "palette.png", 100, make_png(samples[..., :1] % 16, 3, 4, False), False
    for order in "CF":
        path = t.path("seed.npy")
        np.save(path, np.asarray(voxels, order=order))
        with open(path, "rb") as f:
            yield f"{order}.npy", 128, f.read(), False


def write(path, body, packed):
    with open(path, "wb") as f:
        f.write(gzip.compress(body, 1) if packed else body)


def truncations(t, name, body, packed):
    write(t.path(name), body, packed)
    ok, whole = look(t, t.path(name), name)
    t.check(ok, name, "the seed itself")
    with open(t.path(name), "rb") as f:
        stored = f.read()
    for i in range(16):
        with open(t.path(name), "wb") as f:
            f.write(stored[:len(stored) * i // 16])
        t.check(not look(t, t.path(name), (name, "cut", i))[0], name, "was read though cut at", i, "/ 16")


def fix_png_crc(body):
    """Valid checksums again, so that changed fields reach the code behind them."""
    out, at = bytearray(body[:8]), 8
    while at + 12 <= len(body):
        size = struct.unpack(">I", body[at:at + 4])[0]
        if at + 12 + size > len(body):
            break
        kind_body = body[at + 4:at + 8 + size]
        out += body[at:at + 4] + kind_body + struct.pack(">I", zlib.crc32(kind_body))
        at += 12 + size
    return bytes(out + body[at:])


def mutations(t, name, header, body, packed):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    taken = 0
    for i in range(MUTATIONS):
        bad = mutate(rng, body, header)
        if name.endswith(".png") and i % 4:
            bad = fix_png_crc(bad)
        write(t.path(name), bad, packed)
        taken += bool(look(t, t.path(name), (name, "mutation", i))[0])
    t.check(0 < taken < MUTATIONS, name, "all or none of the mutations were read", taken)
    if not packed:
        return
    for i in range(MUTATIONS // 4):  # the compressed bytes themselves: the checksum sees it
        bad = bytearray(gzip.compress(body, 6))
        bad[int(rng.integers(10, len(bad)))] ^= 1 << int(rng.integers(0, 8))
        with open(t.path(name), "wb") as f:
            f.write(bad)
        t.check(not look(t, t.path(name), (name, "bit", i))[0], name, "a flipped bit went unseen", i)


if __name__ == "__main__":
    with Test({"TOME_MAX_BYTES": str(LIMIT)}) as t:
        for name, header, body, packed in seeds(t):
            truncations(t, name, body, packed)
            mutations(t, name, header, body, packed)
        peak = t.tool.ask("memory")["peak"]
        # sanitizers keep freed memory for a while, so their runs are given more
        t.check(peak < 1 << 30, "peak memory", peak)
        print("peak memory", peak >> 20, "MiB")
