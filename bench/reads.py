"""Reads of one case, ours against a peer's, in one process: the same boxes in turn (A B A B …), found equal before anything is timed.

    reads.py h5py   LIBTOME STORE CASE ROUNDS BOXES
    reads.py blosc2 LIBTOME STORE CASE ROUNDS BOXES VOLUME.npy SCRATCH [ZSTD_STORE]

Prints one JSON object a line: name, seconds of each round of ours and the peer's, bytes on disk where they are compared."""
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from libtome import Case

CLIPPED = (-200.0, 300.0, 50.0, 0.01)  # clip, then (v - offset) * scale: nnU-Net's CT scheme with round numbers
PATCH = 128


def boxes(shape, edge, count):
    """Corners anywhere, the same in every run."""
    rng = np.random.default_rng(edge)
    extent = [min(n, edge) for n in shape]
    for _ in range(count):
        low = [int(rng.integers(0, n - e + 1)) for n, e in zip(shape, extent)]
        yield tuple(slice(l, l + e) for l, e in zip(low, extent))


class Times:
    """Of one side: seconds of each round, processor seconds of all, and the least that each place ever took (what it takes when nobody disturbs)."""

    def __init__(self):
        self.rounds, self.cpu, self.least = [], 0.0, None

    def take(self, read, places):
        """One round: every place once."""
        cpu, each = time.process_time(), []
        if hasattr(read, "every"):
            each = read.every(places)
        else:
            for place in places:
                start = time.perf_counter()
                read(place)
                each.append(time.perf_counter() - start)
        self.cpu += time.process_time() - cpu
        self.rounds.append(sum(each))
        self.least = each if self.least is None or len(each) != len(self.least) else list(map(min, self.least, each))


def alternate(name, ours, peers, places, rounds, tolerance=0, **more):
    """One round is every place once; `peers` are ways the peer may do it: the one with the better median counts."""
    for place in places:
        for peer in peers.values():
            a, b = ours(place), peer(place)
            if not (np.array_equal(a, b) if not tolerance else a.shape == b.shape and np.abs(a - b).max() <= tolerance):
                raise SystemExit(f"{name}: voxels differ at {place}")
    for side in (ours, *peers.values()):  # warm
        Times().take(side, places)
    tries = {}
    for key, peer in peers.items():
        a, b = tries[key] = Times(), Times()
        for _ in range(rounds):
            a.take(ours, places)
            b.take(peer, places)
    key, (a, b) = min(tries.items(), key=lambda t: np.median(t[1][1].rounds))
    print(json.dumps({"name": name, "count": len(places), "ours": a.rounds, "peer": b.rounds, "peer_kind": key, "ours_cpu": a.cpu, "peer_cpu": b.cpu,
                      "ours_least": sum(a.least), "peer_least": sum(b.least), **more}), flush=True)


class OnThreads:
    """The same places dealt out to two Python threads: what a loader with threads would do with h5py."""

    def __init__(self, read):
        self.read, self.pool = read, ThreadPoolExecutor(2)

    def __call__(self, place):
        return self.read(place)

    def every(self, places):
        start = time.perf_counter()
        list(self.pool.map(self.read, places))
        return [time.perf_counter() - start]


def read_into(image, out):
    image.read_direct(out)
    return out


def against_h5py(case, path, rounds, count):
    import h5py
    image = h5py.File(path, "r")["image"]

    def read(place):
        return image[place]
    for threads in (1, 2):
        peers = {"h5py": read} if threads == 1 else {"h5py, one thread": read, "h5py, two threads": OnThreads(read)}
        for edge in (96, 128):
            alternate(f"box {edge}³, {threads} thread{'s' * (threads > 1)}", lambda p: case.read(p, threads), peers,
                      list(boxes(image.shape, edge, count)), rounds)
        everything, mine, theirs = [tuple(slice(0, n) for n in image.shape)], np.zeros_like(read(())), np.zeros_like(read(()))
        alternate(f"whole volume, {threads} thread{'s' * (threads > 1)}", lambda p: case.read(p, threads, out=mine),
                  {"h5py read_direct": lambda p: read_into(image, theirs)}, everything, rounds)


def normalised(volume, how):
    low, high, offset, scale = (np.float32(v) for v in how)
    return (np.clip(volume.astype(np.float32), low, high) - offset) * scale


def write_blosc2(data, path):
    import blosc2
    from peers_store import block_and_chunk
    if os.path.exists(path):
        os.remove(path)
    block, chunk = block_and_chunk(data.shape, [PATCH] * 3, data.dtype.itemsize)
    blosc2.asarray(np.ascontiguousarray(data[None]), urlpath=path, chunks=(1, *chunk), blocks=(1, *block),
                   cparams={"codec": blosc2.Codec.ZSTD, "clevel": 8, "nthreads": 2})
    return os.path.getsize(path)


def reader_blosc2(path, threads):
    import blosc2
    blosc2.set_nthreads(threads)
    array = blosc2.open(urlpath=path, mode="r", dparams={"nthreads": threads}, mmap_mode="r")
    return lambda place: np.asarray(array[(slice(0, 1), *place)])[0]


def against_blosc2(case, zstd, sizes, volume, scratch, rounds, count):
    zscore = (-32768.0, 32767.0, float(np.float32(volume.mean())), float(np.float32(1 / volume.std())))
    kinds = [("float32 clipped", case, sizes[0], CLIPPED), ("float32 z-score", case, sizes[0], zscore), ("int16 --codec zstd", zstd, sizes[1], None)]
    for kind, ours, size, how in kinds:
        data = normalised(volume, how) if how else volume
        path = os.path.join(scratch, "peer.b2nd")
        peer_bytes = write_blosc2(data, path)
        for threads in (1, 2):
            peer = reader_blosc2(path, threads)
            for edge in (96, 128):
                alternate(f"{kind} {edge}³, {threads} thread{'s' * (threads > 1)}", lambda p: ours.read(p, threads, how),
                          {"blosc2 " + kind.split(" --")[0]: peer}, list(boxes(volume.shape, edge, count)), rounds, ours_bytes=size,
                          peer_bytes=peer_bytes)


def case_file(store, case_id):
    return os.path.join(store, "cases", case_id + ".h5")


def main():
    kind, library, store, case_id, rounds, count, *rest = sys.argv[1:]
    case = Case(library, store, case_id)
    if kind == "h5py":
        return against_h5py(case, case_file(store, case_id), int(rounds), int(count))
    volume, scratch, zstd = rest
    sizes = [os.path.getsize(case_file(s, case_id)) for s in (store, zstd)]
    against_blosc2(case, Case(library, zstd, case_id), sizes, np.load(volume), scratch, int(rounds), int(count))


if __name__ == "__main__":
    main()
