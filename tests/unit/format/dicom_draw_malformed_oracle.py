"""Broken SEG and RTSTRUCT files: cut at each sixteenth, and bytes changed by seeded chance, a thousand times over the seeds of each kind. The tool
must live, stay under its limit, and answer in time; what was cut short gives no mask, unless nothing but padding is gone."""
import time

import numpy as np

from dicom_draw_make import Grid, rtstruct, seg
from dicom_draw_make import tilted as oblique
from dicom_make import DEFLATED, EXPLICIT, IMPLICIT, RLE, save
from oracle import Test

LIMIT = 64 << 20
MUTATIONS = 350  # a seed; three seeds and more a kind
rng = np.random.default_rng(5)
GRID = oblique((5, 13, 17))


def blobs():
    return (rng.random(GRID.shape) < 0.5).astype("u1")


def ring(z):
    a = np.arange(24) * np.pi / 12
    return [GRID.world((z, 6 + 4 * np.sin(v), 8 + 5 * np.cos(v))) for v in a]


def seeds(t):
    def saved(ds, syntax=EXPLICIT):
        with open(save(t.path("seed"), ds, syntax), "rb") as f:
            return f.read()

    a, b, cells = blobs(), blobs(), rng.choice(np.array([0, 1, 3], "u1"), GRID.shape)
    frames = [(n, z, v[z]) for n, v in ((1, a), (2, b)) for z in range(5)]
    yield "binary", saved(seg(GRID, frames, numbers=(1, 2)))
    yield "binary deflated", saved(seg(GRID, frames, numbers=(1, 2)), DEFLATED)
    yield "fractional", saved(seg(GRID, [(1, z, cells[z] * 80) for z in range(5)], "FRACTIONAL"), IMPLICIT)
    coded = seg(GRID, [(None, z, cells[z]) for z in range(5)], "LABELMAP", (1, 3))
    coded.compress(RLE)
    yield "label map", saved(coded, RLE)
    regions = [(n, f"region {n}", [("CLOSED_PLANAR", ring(z)) for z in range(n, 5)]) for n in (1, 2)]
    for name, syntax in (("rtstruct", EXPLICIT), ("rtstruct implicit", IMPLICIT), ("rtstruct deflated", DEFLATED)):
        yield name, saved(rtstruct(regions), syntax)


def look(t, body, what):
    """True where every structure gave a mask."""
    with open(t.path("broken"), "wb") as f:
        f.write(body)
    began = time.monotonic()
    answer = t.tool.ask("mask", t.path("broken"), "-1", "0.5", GRID.size(), GRID.flat(), t.path("mask"))
    t.check(time.monotonic() - began < 20, what, "slow")
    t.check(answer["error"] or answer["items"], what, "neither structures nor a sentence")
    if answer["error"]:
        return False
    t.tool.ask("mask", t.path("broken"), "-1", "0.5", "-", "own", t.path("mask"))  # the grid that a damaged header makes up
    return True


def mutate(t, name, body):
    hurtful = [0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF, ord("\\"), ord("9"), ord("-"), ord("e")]
    taken = 0
    for k in range(MUTATIONS):
        b = bytearray(body)
        for _ in range(int(rng.integers(1, 6))):
            b[int(rng.integers(132, len(b)))] = hurtful[int(rng.integers(len(hurtful)))] if rng.random() < 0.8 else int(rng.integers(256))
        taken += look(t, bytes(b), f"{name} mutation {k}")
    t.check(0 < taken < MUTATIONS or "deflated" in name, name, taken, "of the mutations were taken")


with Test({"TOME_MAX_BYTES": str(LIMIT)}) as test:
    for name, body in seeds(test):
        test.check(look(test, body, name), name, "is sound, but gives no mask")
        for k in range(16):
            test.check(not look(test, body[:len(body) * k // 16], f"{name} cut at {k}/16"), name, f"cut at {k}/16 gives a mask")
        mutate(test, name, body)
