"""What others need for the reads that store_bench measures: h5py on the same case file, and a blosc2 NDArray of the normalised float32 volume, laid
out as nnU-Net lays out its preprocessed data (zstd level 8, its rule for block and chunk shapes). One JSON line a measurement, as store_bench prints.

    peers_store.py h5py CASE.h5
    peers_store.py blosc2 VOLUME.npy SCRATCH_FOLDER [float32|int16] [PATCH]

h5py and NumPy may be any; blosc2 comes from PyPI (pip install blosc2), in a virtual environment outside the source tree."""
import json
import math
import os
import statistics
import sys
import time

import numpy as np

ROUNDS, BOXES = 5, 40


def corner(i, axis, room):
    return (i * 3 + axis + 1) * 2654435761 % 1000003 % room


def boxes(shape, edge):
    for i in range(BOXES):
        extent = [min(n, edge) for n in shape]
        low = [corner(i, a, shape[a] - extent[a] + 1) for a in range(3)]
        yield tuple(slice(l, l + e) for l, e in zip(low, extent))


def timed(call):
    """Wall and processor time, ms."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def say(**fields):
    print(json.dumps(fields), flush=True)


def say_times(pairs, **fields):
    wall, cpu = zip(*pairs)
    say(**fields, ms=round(statistics.median(wall), 3), cpu_ms=round(statistics.median(cpu), 3))


def measure(peer, read, shape, threads, whole=True):
    if whole:
        say_times([timed(lambda: read(())) for _ in range(ROUNDS)], peer=peer, what="whole", threads=threads)
    for edge in (96, 128):
        say_times([timed(lambda: read(box)) for box in boxes(shape, edge)], peer=peer, what="box", edge=edge, threads=threads)


def run_h5py(path):
    import h5py
    with h5py.File(path, "r") as f:
        image = f["image"]
        measure("h5py", lambda box: image[box], image.shape, 1)


def block_and_chunk(shape, patch, bytes_per_voxel):
    """nnU-Net's rule (its release 2.5 and 2.6): a block of powers of two near the patch that fits 80 % of a 32 KiB cache, and a chunk of whole
    blocks that fits 80 % of 1.375 MiB and is on average at most 1.5 patches."""
    block = [2 ** max(0, math.ceil(math.log2(p))) for p in patch]
    while math.prod(block) * bytes_per_voxel > 0.8 * 32768:
        axis = max((a for a in range(3) if block[a] > 1), key=lambda a: (block[a] / patch[a], a))
        block[axis] = min(2 ** max(0, math.floor(math.log2(block[axis] - 1))), shape[axis])
    block = [min(b, n) for b, n in zip(block, shape)]
    chunk = list(block)
    while math.prod(chunk) * bytes_per_voxel < 0.8 * 1441792 and chunk != list(shape):
        axis = min((a for a in range(3) if chunk[a] < shape[a]), key=lambda a: (chunk[a] / block[a], a))
        before = chunk[axis]
        chunk[axis] = min(chunk[axis] + block[axis], shape[axis])
        if sum(c / p for c, p in zip(chunk, patch)) / 3 > 1.5:
            chunk[axis] = before
            break
    return tuple(block), tuple(chunk)


def run_blosc2(path, folder, kind="float32", patch="128"):
    import blosc2
    volume = np.load(path)
    data = volume
    if kind == "float32":
        data = ((np.clip(volume, -200, 300).astype(np.float32) - np.float32(50)) * np.float32(0.01)).astype(np.float32)
    block, chunk = block_and_chunk(data.shape, [int(patch)] * 3, data.dtype.itemsize)
    name = os.path.join(folder, f"peer-{kind}.b2nd")
    if os.path.exists(name):
        os.remove(name)
    start = time.perf_counter()
    blosc2.asarray(np.ascontiguousarray(data[None]), urlpath=name, chunks=(1, *chunk), blocks=(1, *block),
                   cparams={"codec": blosc2.Codec.ZSTD, "clevel": 8, "nthreads": 2})
    say(peer="blosc2", what="write", kind=kind, block=block, chunk=chunk, ms=(time.perf_counter() - start) * 1e3,
        bytes=os.path.getsize(name))
    for threads in (1, 2):
        blosc2.set_nthreads(threads)
        array = blosc2.open(urlpath=name, mode="r", dparams={"nthreads": threads}, mmap_mode="r")
        measure(f"blosc2-{kind}", lambda box: array[(slice(0, 1), *box)], data.shape, threads, whole=False)


if __name__ == "__main__":
    {"h5py": run_h5py, "blosc2": run_blosc2}[sys.argv[1]](*sys.argv[2:])
