"""Broken NRRD, MetaImage, .npz, MINC and PAR/REC files: as malformed_oracle.py, a thousand changes a seed, and an answer in time."""
import bz2
import gzip
import shutil
import time
import zlib

import nibabel as nib
import numpy as np

import malformed_oracle
from malformed_oracle import LIMIT, look, mutations, truncations, write
from malformed import mutate
from oracle import Test
from scanners_make import dimensions, minc1, minc2, par
from volumes_make import meta_header, nrrd_header

malformed_oracle.MUTATIONS = 1000
APART = 200  # of each of the two files


def read(path):
    with open(path, "rb") as f:
        return f.read()


def seeds(t):
    """(name, how many bytes from the start are changed, the file)"""
    rng = np.random.default_rng(91)
    a = rng.integers(0, 100, (7, 8, 9)).astype("i2")
    raw = a.tobytes()
    place = {"space": "left-posterior-superior", "space directions": "(1,0,0) (0,1,0) (0,0,2)", "space origin": "(1,2,3)",
             "kinds": "domain domain domain"}
    for encoding, body in (("raw", raw), ("gzip", gzip.compress(raw)), ("bzip2", bz2.compress(raw)),
                           ("ascii", " ".join(map(str, a.ravel())).encode())):
        head = nrrd_header((9, 8, 7), "short", encoding, **place) + b"Segment0_Name:=liver\n\n"
        yield f"{encoding}.nrrd", len(head) + 20 * (encoding != "raw"), head + body
    place = {"ElementSpacing": "1 1 2", "Offset": "1 2 3", "TransformMatrix": "1 0 0 0 1 0 0 0 1"}
    for packed, body in ((False, raw), (True, zlib.compress(raw))):
        head = meta_header((9, 8, 7), "MET_SHORT", "LOCAL", CompressedData=packed, **place)
        yield f"{packed}.mha", len(head) + 20 * packed, head + body
    for save in (np.savez, np.savez_compressed):
        save(t.path("seed.npz"), image=a, label=a.astype("u1"))
        body = read(t.path("seed.npz"))
        yield f"{save.__name__}.npz", len(body), body
    np.savez(t.path("seed.npz"), image=a, spacing=np.array([2.0, 1, 1]), origin=np.zeros(3), direction=np.eye(3)[::-1])
    yield "placed.npz", len(read(t.path("seed.npz"))), read(t.path("seed.npz"))
    names = ("zspace", "yspace", "xspace")
    scales = (np.arange(7.0), np.arange(7.0) + 5)
    yield "one.mnc", 1400, read(minc1(t.path("seed.mnc"), a, names, dimensions(rng, names), (0, 99), scales))
    for way in ({}, {"chunks": (2, 3, 4), "compression": "gzip", "shuffle": True}):
        body = read(minc2(t.path("seed.mnc"), a, names, dimensions(rng, names), (0, 99), scales, **way))
        yield f"two{len(way)}.mnc", len(body), body
    centres = [(0, (k - 3) * 3.5, 0) for k in range(7)]
    body = read(par(t.path("seed.PAR"), a.astype("u2").reshape(1, 1, 7, 8, 9), centres=centres))
    shutil.copy(t.path("seed.REC"), t.path("a.REC"))
    yield "a.PAR", len(body), body


def apart(t):
    """A header and one file of voxels, of which now the one and now the other is broken."""
    rng = np.random.default_rng(93)
    a = rng.integers(0, 100, (7, 8, 9)).astype("i2")
    nhdr, raw = nrrd_header((9, 8, 7), "short", "gzip", spacings="1 1 1"), a.tobytes()
    image = nib.Nifti1Pair(a.T, np.diag([2.0, 2, 3, 1]))
    nib.save(image, t.path("n.hdr"))
    analyze = nib.AnalyzeImage(a.T, np.diag([2.0, 2, 3, 1]))
    nib.save(analyze, t.path("a.hdr"))
    files = {("g.nhdr", "g.raw.gz"): (nhdr + b"data file: g.raw.gz\n", gzip.compress(raw)),
             ("z.mhd", "z.zraw"): (meta_header((9, 8, 7), "MET_SHORT", "z.zraw", ElementSpacing="1 1 1", CompressedData=True), zlib.compress(raw)),
             ("r.mhd", "r.raw"): (meta_header((9, 8, 7), "MET_SHORT", "r.raw", ElementSpacing="1 1 1"), raw),
             **{(f"{k}.hdr", f"{k}.img"): (read(t.path(f"{k}.hdr")), read(t.path(f"{k}.img"))) for k in "na"}}
    for (header, voxels), (first, second) in files.items():
        write(t.path(header), first, False), write(t.path(voxels), second, False)
        t.check(look(t, t.path(header), header)[0], header, "the seed itself")
        for i in range(16):
            write(t.path(voxels), second[:len(second) * i // 16], False)
            t.check(not look(t, t.path(header), (voxels, "cut", i))[0], voxels, "was read though cut at", i, "/ 16")
        for i in range(APART):
            write(t.path(voxels), mutate(rng, second, len(second)), False)
            look(t, t.path(header), (voxels, "mutation", i))
        write(t.path(voxels), second, False)
        for i in range(APART):
            write(t.path(header), mutate(rng, first, len(first)), False)
            look(t, t.path(header), (header, "mutation", i))


def lists(t):
    """Headers whose voxels are elsewhere."""
    rng = np.random.default_rng(92)
    for z in range(7):
        rng.integers(0, 100, (8, 9)).astype("i2").tofile(t.path(f"s{z}.raw"))
    names = "\n".join(f"s{z}.raw" for z in range(7)).encode()
    nhdr = nrrd_header((9, 8, 7), "short", "raw", spacings="1 1 1")
    for name, body in (("list.nhdr", nhdr + b"data file: LIST\n" + names), ("pattern.nhdr", nhdr + b"data file: s%d.raw 0 6 1"),
                       ("list.mhd", meta_header((9, 8, 7), "MET_SHORT", "LIST", ElementSpacing="1 1 1") + names),
                       ("pattern.mhd", meta_header((9, 8, 7), "MET_SHORT", "s%01d.raw 0 6 1", ElementSpacing="1 1 1"))):
        write(t.path(name), body, False)
        t.check(look(t, t.path(name), name)[0], name, "the seed itself")
        mutations(t, name, len(body), body, False)


class Timed(Test):
    """Every answer's time is looked at."""

    def decode(self, path):
        began = time.monotonic()
        answer = super().decode(path)
        took = time.monotonic() - began
        self.slowest = max(getattr(self, "slowest", 0), took)
        return answer


with Timed({"TOME_MAX_BYTES": str(LIMIT)}) as t:
    for name, header, body in seeds(t):
        truncations(t, name, body, False)
        mutations(t, name, header, body, False)
    apart(t)
    lists(t)
    peak = t.tool.ask("memory")["peak"]
    t.check(peak < 1 << 30, "peak memory", peak)
    print("peak memory", peak >> 20, "MiB; slowest answer", round(t.slowest, 3), "s")
    t.check(t.slowest < 5, "slow", t.slowest)
