"""Statistics of random volumes against NumPy's percentiles and histograms and SciPy's labels and boxes."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from scipy import ndimage

RANKS = [0.5, 5, 25, 50, 75, 95, 99.5]
SPACING = (0.5, 1.5, 2.5)  # of the map, in tool.c
CUBE = np.ones((3, 3, 3))
checks = failures = 0
tool = tmp = None


def check(ok, *what):
    global checks, failures
    checks += 1
    if not ok:
        failures += 1
        if failures < 30:
            print("FAILED", *what, file=sys.stderr)


def near(got, want, tol, *what):
    check(got is not None and abs(got - want) <= tol, *what, "got", got, "wanted", want)


def run(image, padding=None, labels=None, body=None, threads=2, brief=False):
    path = os.path.join(tmp, "v")
    image.tofile(path + ".image")
    cmd = [tool, *map(str, image.shape), str(threads), path + ".image", image.dtype.name]
    if padding is not None:
        np.packbits(padding.ravel(), bitorder="little").tofile(path + ".padding")
        cmd += ["padding", path + ".padding"]
    if labels is not None:
        labels.tofile(path + ".map")
        cmd += ["map", path + ".map", labels.dtype.name]
    if body is not None:
        cmd += ["cover", str(body)]
    if brief:
        cmd += ["brief", "1"]
    return json.loads(subprocess.run(cmd, check=True, stdout=subprocess.PIPE).stdout)


def check_intensity(got, values, *what):
    """`values`: float64 of every voxel that counts; integers as such."""
    exact = values.dtype.kind in "iu"
    v = values.astype(np.float64)
    v = v[np.isfinite(v)]
    check(got["count"] == v.size, *what, "count", got["count"], v.size)
    if v.size == 0:
        check(all(got[k] is None for k in got if k != "count"), *what, "of nothing", got)
        return
    scale = max(abs(v.max()), abs(v.min()), 1e-30)
    span = max(v.max() - v.min(), 1e-30)
    check(got["min"] == v.min() and got["max"] == v.max(), *what, "range", got)
    near(got["mean"], v.mean(), 1e-12 * scale, *what, "mean")
    near(got["std"], v.std(), 1e-11 * span + 1e-14 * scale, *what, "std")
    want = np.percentile(v, RANKS)
    for i, w in enumerate(want):
        tol = 0 if exact else 1e-15 * scale
        near(got[f"p{i}"], w, tol, *what, "percentile", RANKS[i])


def check_histogram(got, values, *what, bins=4096):
    counts = np.array(got["counts"], dtype=np.int64)
    if values.dtype.kind in "iu":
        check(got["width"] == 1, *what, "width")
        if values.size == 0:
            check(counts.size == 0, *what, "bins")
            return
        want = np.bincount(values.astype(np.int64).ravel() - int(values.min()))
        check(got["lo"] == values.min() and np.array_equal(counts, want), *what, "histogram")
        return
    v = values.astype(np.float64)
    v = v[np.isfinite(v)]
    check(counts.sum() == v.size, *what, "histogram's sum")
    if v.size and v.min() < v.max():
        want = np.histogram(v, bins)[0]
        check(np.array_equal(counts, want), *what, "histogram", counts.size)
        check(got["width"] != 1, *what, "a float histogram must not pass for one of integers")


def check_labels(got, labels, image, keep, *what, bins=4096):
    values = np.unique(labels[labels > 0])
    check([l["value"] for l in got] == values.tolist(), *what, "values")
    check(sum(l["voxels"] for l in got) == np.count_nonzero(labels), *what, "voxels of all")
    for l, value in zip(got, values):
        where = labels == value
        name = (*what, "label", int(value))
        check(l["map"] == "map" and l["name"] == f"label_{value}", *name, "names")
        check(l["voxels"] == np.count_nonzero(where), *name, "voxels")
        near(l["ml"], np.count_nonzero(where) * np.prod(SPACING) / 1000, 1e-9 * l["voxels"], *name, "ml")
        box = ndimage.find_objects(where.astype(np.uint8))[0]
        check(l["box"] == [[s.start, s.stop] for s in box], *name, "box", l["box"], box)
        parts, count = ndimage.label(where[box], CUBE)
        check(l["components"] == count, *name, "components", l["components"], count)
        check(l["largest"] == np.bincount(parts.ravel())[1:].max(), *name, "largest")
        inside = image[where & keep]
        check_intensity(l["hu"], inside, *name)
        check_histogram(l["histogram"], inside, *name, bins=bins)
        if l["hu"]["count"]:
            near(l["level"], (l["hu"]["min"] + l["hu"]["max"]) / 2, 1e-9 * abs(l["hu"]["max"]), *name, "level")
            near(l["pwidth"], l["hu"]["p6"] - l["hu"]["p0"], 1e-9 * abs(l["hu"]["p6"]), *name, "width")


def check_all(image, labels=None, padding=None, threads=2, what=()):
    keep = np.ones(image.shape, bool) if padding is None else ~padding
    got = run(image, padding, labels, threads=threads)
    check_intensity(got["image"], image[keep], *what, "image")
    check_histogram(got["histogram"], image[keep], *what, "image")
    if labels is not None:
        check_labels(got["labels"], labels, image, keep, *what)


def random_image(rng, dtype, shape):
    if dtype == "float32":
        image = rng.normal(40, 300, shape).astype(np.float32)
        if rng.random() < 0.5:
            image[rng.random(shape) < 0.1] = np.nan
            image[rng.random(shape) < 0.02] = np.inf
            image[rng.random(shape) < 0.02] = -np.inf
        if rng.random() < 0.3:
            image = np.round(image).astype(np.float32)
        return image
    info = np.iinfo(dtype)
    image = np.clip(rng.normal(30, 200, shape), info.min, info.max).astype(dtype)
    image[rng.random(shape) < 0.3] = info.min  # runs and clamped values
    if rng.random() < 0.5:
        image[rng.random(shape) < 0.01] = info.max
    return image


def blobs(rng, shape, dtype, count, top):
    """A map with organ-like blobs of a few values."""
    noise = ndimage.gaussian_filter(rng.normal(size=shape), 1.2)
    labels = np.zeros(shape, dtype)
    edges = np.quantile(noise, np.linspace(0.5, 1, count + 1))
    names = rng.choice(np.arange(1, top + 1), count, replace=False)
    for i in range(count):
        labels[(noise > edges[i]) & (noise <= edges[i + 1])] = names[i]
    return labels


SHAPES = [(7, 13, 31), (1, 1, 1), (1, 57, 1), (33, 1, 1), (1, 1, 77), (5, 64, 65), (19, 8, 9), (2, 130, 17), (41, 23, 11)]


def images():
    rng = np.random.default_rng(1)
    for dtype in ("int16", "uint8", "float32", "uint16", "int8"):
        for shape in SHAPES + [(11, 401, 503)]:
            for padded in (False, True):
                padding = (rng.random(shape) < 0.4) if padded else None
                if padded and rng.random() < 0.5:
                    padding[...] = False
                    padding[: shape[0] // 2 + 1, :, : shape[2] // 2 + 1] = True
                check_all(random_image(rng, dtype, shape), None, padding, what=(dtype, shape, padded))


def labels():
    rng = np.random.default_rng(2)
    for dtype in ("int16", "uint8", "float32", "uint16"):
        for shape in SHAPES:
            for kind, top in (("uint8", 255), ("uint16", 65535)):
                image = random_image(rng, dtype, shape)
                padding = (rng.random(shape) < 0.3) if rng.random() < 0.5 else None
                count = int(rng.integers(1, 9))
                for map_ in (blobs(rng, shape, kind, count, top),
                             rng.integers(0, 3, shape).astype(kind),            # noise: every shape of contact
                             (rng.random(shape) < 0.08).astype(kind) * top):    # crumbs
                    check_all(image, map_, padding, threads=int(rng.integers(1, 5)), what=(dtype, kind, shape))


def crumbs():
    """So many components that slabs have to forget finished ones on the way; and many slabs."""
    rng = np.random.default_rng(6)
    for shape, density in (((20, 300, 400), 0.04), ((20, 300, 400), 0.1), ((9, 400, 400), 0.9), ((1300, 9, 7), 0.1), ((1300, 3, 5), 0.5)):
        image = random_image(rng, "int16", shape)
        map_ = ((rng.random(shape) < density) * rng.integers(1, 3, shape)).astype(np.uint8)
        check_all(image, map_, None, what=("crumbs", shape, density))


def groups():
    """More values, with wider ranges, than there are counters for at once."""
    rng = np.random.default_rng(3)
    shape = (9, 80, 91)
    values = 1300
    for dtype in ("int16", "float32", "uint8"):
        image = random_image(rng, dtype, shape)
        if dtype == "int16":
            image = rng.integers(-32768, 32767, shape, endpoint=True).astype(np.int16)
        map_ = rng.integers(0, values + 1, shape).astype(np.uint16)
        got = run(image, None, map_, brief=True)
        order = np.argsort(map_, axis=None, kind="stable")
        sorted_map, sorted_image = map_.ravel()[order], image.ravel()[order]
        starts = np.searchsorted(sorted_map, np.arange(1, values + 2))
        check(len(got["labels"]) == values, dtype, "values")
        total_bins = 0
        for l in got["labels"]:
            inside = sorted_image[starts[l["value"] - 1] : starts[l["value"]]]
            check(l["voxels"] == inside.size, dtype, l["value"], "voxels")
            check_intensity(l["hu"], inside, dtype, l["value"])
            h = l["histogram"]
            check(h["total"] == l["hu"]["count"], dtype, l["value"], "histogram's sum")
            check((h["width"] == 1) == (dtype == "uint8"), dtype, l["value"], "width of bins", h["width"])
            total_bins += h["bins"]
        check(total_bins <= 2**25, dtype, "bins of all", total_bins)


    # Fewer bins than 4096, and every voxel on an edge of one.
    got_bins = 3226
    map_ = (np.arange(np.prod(shape)) % 1300 + 1).astype(np.uint16).reshape(shape)
    image = (rng.integers(0, got_bins, shape, endpoint=True) * 3.0).astype(np.float32)
    image.ravel()[:1300] = 0
    image.ravel()[1300:2600] = got_bins * 3.0
    got = run(image, None, map_)
    for l in got["labels"]:
        check_histogram(l["histogram"], image[map_ == l["value"]], "edges", l["value"], bins=got_bins)


def cover():
    rng = np.random.default_rng(4)
    for dtype in ("int16", "float32", "uint8"):
        for shape in SHAPES:
            image = random_image(rng, dtype, shape)
            map_ = blobs(rng, shape, "uint8", 2, 255)
            body = float(rng.choice([-300, 0, 40.5, 255, 1e9, -1e9]))
            got = run(image, None, map_, body)["cover"]
            where = map_ > 0
            for i, flipped in enumerate([image, image[::-1], image[:, ::-1], image[:, :, ::-1]]):
                want = np.count_nonzero(flipped[where] > body) / max(np.count_nonzero(where), 1)
                near(got[i], want, 1e-15, "cover", dtype, shape, body, i)


def edges():
    shape = (6, 20, 33)
    full = np.ones(shape, bool)
    rng = np.random.default_rng(5)
    some = (rng.random(shape) < 0.3).astype(np.uint8)
    for dtype in ("int16", "uint8", "float32"):
        image = random_image(rng, dtype, shape)
        check_all(image, some, full, what=(dtype, "all padding"))
        check_all(image, np.zeros(shape, np.uint8), None, what=(dtype, "empty label"))
        check_all(np.full(shape, 7, dtype), some, None, what=(dtype, "constant"))
        check_all(np.full(shape, 7, dtype), np.full(shape, 255, np.uint8), None, what=(dtype, "all one label"))
        one = np.zeros(shape, np.uint16)
        one[-1, -1, -1] = 65535
        check_all(image, one, None, what=(dtype, "single voxel of 65535"))
    for bad in (np.nan, np.inf, -np.inf):
        check_all(np.full(shape, bad, np.float32), some, None, what=("all", bad))
    wild = rng.integers(0, 2**32, shape, dtype=np.uint32).view(np.float32)  # any bits: denormals, huge, NaN
    check_all(wild, some, None, what=("any bits",))
    tiny = (rng.integers(0, 50, shape) * np.float32(1e-45)).astype(np.float32)
    check_all(tiny, some, None, what=("denormals",))
    signs = np.where(rng.random(shape) < 0.5, np.float32(0), np.float32(-0.0)).astype(np.float32)
    check_all(signs, some, None, what=("signed zeros",))
    far = (rng.normal(0, 1, shape) + 1e6).astype(np.float32)
    check_all(far, some, None, what=("far from zero",))
    near_zero = rng.choice(np.array([-1, -1e-20, 0, 1e-20, 1], np.float32), shape)  # 0 is an edge of bins
    check_all(near_zero, some, None, what=("a hair below an edge",))
    ones = np.ones((1, 1001, 1009), np.float32)  # the mean is far from the least value, and no whole number of units
    ones[0, 3, 4] = 0
    got = run(ones)["image"]
    near(got["std"], np.sqrt(ones.size - 1) / ones.size, 1e-15, "std of one outlier")
    unit = np.linspace(0, 4096, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    got = run(unit)  # bins that would be just 1 wide
    check(got["histogram"]["width"] != 1 and abs(got["histogram"]["width"] - 1) < 1e-15, "width of float bins")


def real():
    data = os.environ.get("TOME_DATA", "")
    path = os.path.join(data, "lits", "volume-0.nii.gz")
    if not os.path.exists(path):
        print("skipped: no real data")
        sys.exit(77)
    import nibabel

    volume = np.ascontiguousarray(np.asanyarray(nibabel.load(path).dataobj).T.astype(np.int16))
    map_ = np.asanyarray(nibabel.load(path.replace("volume", "segmentation")).dataobj).T
    map_ = np.ascontiguousarray(np.round(map_).astype(np.uint8))
    check_all(volume, map_, None, what=("lits",))
    check_all(volume.astype(np.float32) * np.float32(0.731), map_, None, what=("lits", "float"))
    check(run(volume, None, map_, -300)["cover"][0] > 0.95, "cover")


def main():
    global tool, tmp
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--part", required=True)
    args = parser.parse_args()
    tool = args.tool
    where = os.environ.get("TOME_TMP")
    with tempfile.TemporaryDirectory(dir=where if where and os.path.isdir(where) else None) as tmp:
        np.seterr(all="ignore")
        {"images": images, "labels": labels, "crumbs": crumbs, "groups": groups, "cover": cover, "edges": edges, "real": real}[args.part]()
    print(checks, "checks,", failures, "failed")
    sys.exit(1 if failures else 0)


main()
