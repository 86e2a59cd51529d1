"""Broken HDF5 files, of the old and the new file format and of each way of storage: as malformed_oracle.py, a thousand changes a seed, an answer in time."""
import pathlib
import struct
import time

import h5py
import numpy as np

import hdf5_make as make
import malformed_oracle
from malformed_oracle import LIMIT, mutations, truncations
from oracle import Test



def seeds(t):
    a = make.values((6, 10, 9), "<i2")
    more = {"plain": {}, "tree": {"chunks": (2, 5, 4), "compression": "gzip", "shuffle": True}, "lzf": {"chunks": (3, 5, 9), "compression": "lzf"},
            "grows": {"chunks": (1, 5, 4), "maxshape": (None, 10, 9), "compression": "gzip", "fletcher32": True},
            "grows2": {"chunks": (1, 5, 4), "maxshape": (None, None, 9)}}
    for libver in ("earliest", "latest"):
        for name, how in more.items():
            path = pathlib.Path(t.path("seed.h5"))
            with h5py.File(path, "w", libver=libver) as f:
                f.create_dataset("a/image", data=a, **how)
                f["a/image"].attrs["spacing"] = np.array([2.0, 1, 1])
            yield f"{libver}-{name}.h5", path.read_bytes()
    for name, how in {"szip": {"compression": "szip"}, "bits": {"scaleoffset": 0}, "bitsgzip": {"scaleoffset": 0, "compression": "gzip"},
                      "bzip2": {"compression": 307}, "user": {"compression": "gzip"}}.items():
        path = pathlib.Path(t.path("seed.h5"))
        with h5py.File(path, "w", libver="latest", userblock_size=512 * (name == "user")) as f:
            f.create_dataset("a/image", data=a, chunks=(6, 5, 9), **how)
        yield f"{name}.h5", path.read_bytes()
    for path, _, _ in make.registered(pathlib.Path(t.folder)):
        if path.name in ("zstd-int16.h5", "bitslz4-int16.h5", "bitszstd-int16.h5", "bits-int16.h5", "blosc-lz4-1-int16.h5", "blosc-zlib-2-int16.h5"):
            yield path.name, path.read_bytes()
    path = pathlib.Path(t.path("seed.h5"))
    with h5py.File(path, "w", libver="latest", track_order=True) as f:
        for i in range(60):
            f[f"image {i}"] = a[0]
        for i in range(20):
            f["image 7"].attrs[f"note {i}"] = i
    yield "many.h5", path.read_bytes()


def filtered_twice(path, dataset):
    """A data set whose filters are listed, and then eight more: an attribute's message is made one of filters."""
    with h5py.File(path, "w", libver="earliest") as f:
        f.create_dataset("a/image", data=dataset, chunks=dataset.shape, compression="gzip").attrs["mark"] = np.full(80, ord("Q"), "u1")
    body = bytearray(pathlib.Path(path).read_bytes())
    head = body.rindex(b"mark\0", 0, body.index(b"Q" * 80)) - 16
    struct.pack_into("<H", body, head, 0x0B)
    body[head + 8:head + 58] = bytes([2, 8]) + struct.pack("<HHH", 2, 0, 0) * 8
    pathlib.Path(path).write_bytes(body)


class Timed(Test):
    """Every answer's time is looked at."""

    def decode(self, path):
        began = time.monotonic()
        answer = super().decode(path)
        self.slowest = max(getattr(self, "slowest", 0), time.monotonic() - began)
        return answer


OFTEN, FILTERS = 1000, 300  # changes a seed; of those that differ in their filter alone

with Timed({"TOME_MAX_BYTES": str(LIMIT)}) as t:
    for name, body in seeds(t):
        malformed_oracle.MUTATIONS = OFTEN if name.startswith(("earliest", "latest", "many")) else FILTERS
        truncations(t, name, body, False)
        mutations(t, name, len(body), body, False)
    filtered_twice(t.path("twice.h5"), make.values((6, 10, 9), "<i2"))
    answer = t.decode(t.path("twice.h5"))
    t.check("filters listed twice" in str(answer), "filters listed twice", answer)
    peak = t.tool.ask("memory")["peak"]
    t.check(peak < 1 << 30, "peak memory", peak)
    print("peak memory", peak >> 20, "MiB; slowest answer", round(t.slowest, 3), "s")
    t.check(t.slowest < 5, "slow", t.slowest)
