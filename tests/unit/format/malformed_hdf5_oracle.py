"""Broken HDF5 files, of the old and the new file format and of each way of storage: as malformed_oracle.py, a thousand changes a seed, an answer in time."""
import pathlib
import time

import h5py
import numpy as np

import hdf5_make as make
import malformed_oracle
from malformed_oracle import LIMIT, mutations, truncations
from oracle import Test

malformed_oracle.MUTATIONS = 1000


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
    path = pathlib.Path(t.path("seed.h5"))
    with h5py.File(path, "w", libver="latest", track_order=True) as f:
        for i in range(60):
            f[f"image {i}"] = a[0]
        for i in range(20):
            f["image 7"].attrs[f"note {i}"] = i
    yield "many.h5", path.read_bytes()


class Timed(Test):
    """Every answer's time is looked at."""

    def decode(self, path):
        began = time.monotonic()
        answer = super().decode(path)
        self.slowest = max(getattr(self, "slowest", 0), time.monotonic() - began)
        return answer


with Timed({"TOME_MAX_BYTES": str(LIMIT)}) as t:
    for name, body in seeds(t):
        truncations(t, name, body, False)
        mutations(t, name, len(body), body, False)
    peak = t.tool.ask("memory")["peak"]
    t.check(peak < 1 << 30, "peak memory", peak)
    print("peak memory", peak >> 20, "MiB; slowest answer", round(t.slowest, 3), "s")
    t.check(t.slowest < 5, "slow", t.slowest)
