"""Whole-volume resampling in memory, ours beside SimpleITK and scipy on the same voxels: results compared first, then timed in turns.

    peers_resample.py --bench build/bench/…/resample_bench [--rounds 5] [--orders 0 1 3] [--shape 200 512 512] [--spacing 1.5 0.7 0.7]

Runs under a Python that has SimpleITK and scipy (the benchmark's own environment). One JSON line an order and peer: the seconds of each turn, and the peak
memory of ours beside the bytes of its input and output. Each turn of ours is a process that resamples three times, into fresh memory as the peer does: the middle one
counts."""
import argparse
import json
import os
import subprocess
import tempfile
import time

import numpy as np
import scipy
import SimpleITK as sitk
from scipy import ndimage as ndi

THREADS = 2
TO = 1.0


def phantom(shape):
    """CT-like: smooth structures, edges of air and bone, a scanner's noise."""
    rng = np.random.default_rng(1)
    small = ndi.gaussian_filter(rng.normal(0, 1, [(n + 3) // 4 for n in shape]).astype("f4"), 2)
    v = ndi.zoom(small / small.std() * 400, 4, order=1)[tuple(slice(0, n) for n in shape)]
    v += rng.normal(-200, 20, v.shape)
    return np.clip(np.rint(v), -1024, 3071).astype("i2")


def by_sitk(image, order):
    r = sitk.ResampleImageFilter()
    spacing = np.array(image.GetSpacing())
    r.SetOutputSpacing([TO] * 3)
    r.SetSize([int(n) for n in np.round(np.array(image.GetSize()) * spacing / TO)])
    r.SetDefaultPixelValue(-1024)
    r.SetInterpolator({0: sitk.sitkNearestNeighbor, 1: sitk.sitkLinear, 3: sitk.sitkBSpline}[order])
    if order:
        r.SetOutputPixelType(sitk.sitkFloat32)
    return r.Execute(image)


def by_scipy(a, spacing, order):
    return ndi.zoom(a, np.array(spacing) / TO, order=order, output="f4" if order else a.dtype, mode="mirror")


def timed(call):
    start = time.perf_counter()
    out = call()
    return time.perf_counter() - start, out


def ours(o, raw, shape, spacing, profile, order, save="-"):
    words = [o.bench, raw, ",".join(map(str, shape)), ",".join(map(str, spacing)), profile, str(order), str(TO), str(THREADS)]
    return json.loads(subprocess.run([*words, "3", save], check=True, capture_output=True, text=True).stdout)


def compare(o, raw, a, order, peer, name, profile):
    shape, spacing = a.shape, o.spacing
    saved = raw + ".out"
    now = ours(o, raw, shape, spacing, profile, order, saved)
    got = np.fromfile(saved, "f4" if order else "i2").reshape(now["shape"])
    seconds, out = timed(peer)
    want = sitk.GetArrayViewFromImage(out) if isinstance(out, sitk.Image) else out
    off = max(float(np.abs(g.astype("f8") - w).max()) for g, w in zip(got, want))
    if off > (2e-3 if order else 0):
        raise SystemExit(f"order {order}: differs from {name} by {off}: nothing is timed")
    mine, theirs = [now["median"]], [seconds]
    for _ in range(o.rounds - 1):
        mine.append(ours(o, raw, shape, spacing, profile, order)["median"])
        theirs.append(timed(peer)[0])
    print(json.dumps({"order": order, "peer": name, "largest_difference": off, "ours": mine, "theirs": theirs,
                      "peak": now["peak_mb"] * 2**20, "bytes": a.nbytes + got.nbytes}), flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bench", required=True)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--orders", type=int, nargs="+", default=[0, 1, 3])
    p.add_argument("--shape", type=int, nargs=3, default=[200, 512, 512])
    p.add_argument("--spacing", type=float, nargs=3, default=[1.5, 0.7, 0.7])
    o = p.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(THREADS)
    a = phantom(o.shape)
    image = sitk.GetImageFromArray(a)
    image.SetSpacing(o.spacing[::-1])
    with tempfile.TemporaryDirectory() as folder:
        raw = os.path.join(folder, "in.raw")
        a.tofile(raw)
        for order in o.orders:
            compare(o, raw, a, order, lambda: by_sitk(image, order), f"SimpleITK {sitk.Version_VersionString()}", "itk")
            if order == 3:
                compare(o, raw, a, order, lambda: by_scipy(a, o.spacing, order), f"scipy {scipy.__version__}", "scipy")


if __name__ == "__main__":
    main()
