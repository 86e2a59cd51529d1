#!/usr/bin/python3
"""Patches: positions by the tools' rules restated here, draws by their statistics, voxels against the whole result.

    patches.py TOME PATCH_TOOL
"""
import hashlib
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import nibabel
import numpy
from PIL import Image
from scipy import ndimage, stats

from tomelib import Checks, Store, nifti

AFFINE = numpy.array([[-0.8, 0, 0, 90], [0, -0.8, 0, 110], [0, 0, 3, -700], [0, 0, 0, 1.0]])
NEVER = 1e-6  # a test of chance fails once in so many seeds; the seeds here are fixed


# ---- inputs ----

def ct(rng, shape):
    return ndimage.gaussian_filter(rng.normal(0, 900, shape), 1).round().clip(-1000, 1500).astype(numpy.int16)


def make(folder):
    """Arrays are (x, y, z). volume-0: a liver over several chunks with two tumours; volume-1: smaller than a patch; volume-2: one slice; volume-3: nothing
    drawn in its label map; volume-4: no label map."""
    rng = numpy.random.default_rng(11)
    seg = {}
    for k, shape in enumerate([(70, 66, 40), (20, 14, 9), (30, 24, 1), (24, 24, 24), (26, 24, 22)]):
        nifti(folder / f"volume-{k}.nii.gz", ct(rng, shape), AFFINE)
        seg[k] = numpy.zeros(shape, numpy.uint8)
    seg[0][20:48, 25:50, 10:36] = 1
    seg[0][31:34, 30:33, 30:34] = 2  # across chunks in x and z
    seg[0][40, 41, 12] = 2
    seg[1][3:6, 4:9, 2:5] = 1
    seg[2][10:20, 4:9, 0] = 1
    for k in range(4):
        nifti(folder / f"segmentation-{k}.nii.gz", seg[k], AFFINE)
    return seg


def listed(c, s, *words, status=0):
    done = s.tome("patches", s.path, *words, "--list", "--json", "-q")
    c.equal(done.status, status, f"patches {words}: {done.err}")
    return json.loads(done.out)["patches"] if done.status == 0 else done.err


def result(s, id_, *words):
    """The whole result, (z, y, x)."""
    path = s.folder / "whole.npy"
    done = s.tome("get", s.path, id_, *words, "-o", path, "--force", "-q")
    assert done.status == 0, done.err
    return numpy.load(path)


# ---- positions ----

def monai_windows(n, size, overlap):
    n = max(n, size)
    step = size if n == size else max(int(size * (1 - overlap)), 1)
    starts, i = [], 0
    while True:
        starts.append(min(i * step, n - size))
        if i * step + size >= n:
            return starts
        i += 1


def nnunet_windows(n, size, overlap):
    n = max(n, size)
    steps = int(numpy.ceil((n - size) / (size * (1 - overlap)))) + 1
    actual = (n - size) / (steps - 1) if steps > 1 else 99999999999
    return [int(numpy.round(actual * i)) for i in range(steps)]


def sliding(c, s):
    shapes = {"volume-0": (40, 66, 70), "volume-1": (9, 14, 20), "volume-2": (1, 24, 30)}
    for rule, windows in (("monai", monai_windows), ("nnunet", nnunet_windows)):
        for size, overlap in (((16, 32, 20), 0.5), ((7, 5, 9), 0.25), ((10, 10, 10), 0.8), ((40, 24, 17), 0)):
            got = listed(c, s, *shapes, "--sliding", "--overlap", overlap, "--rule", rule, "--size", ",".join(map(str, size)))
            want = []
            for id_, shape in shapes.items():
                below = [max(p - n, 0) // 2 for n, p in zip(shape, size)]
                axes = [windows(n, p, overlap) for n, p in zip(shape, size)]
                want += [(id_, [z - below[0], y - below[1], x - below[2]]) for z in axes[0] for y in axes[1] for x in axes[2]]
            c.equal([(t["id"], t["position"]) for t in got], want, f"{rule} windows of {size}, overlap {overlap}")


def monai_clamp(centre, size, shape):
    """correct_crop_centers, then SpatialCrop's start."""
    out = []
    for v, p, n in zip(centre, size, shape):
        start, end = p // 2, int(numpy.uint16(n + 1 - p / 2))
        end += start == end
        out.append(min(max(v, start), end - 1) - p // 2)
    return out


def clamped(c, s):
    for size in ((16, 16, 16), (15, 33, 20), (40, 66, 70), (1, 1, 1)):
        for t in listed(c, s, "volume-0", "--per-case", 60, "--seed", 3, "--size", ",".join(map(str, size))):
            c.equal(t["position"], monai_clamp(t["centre"], size, (40, 66, 70)), f"MONAI's place for {t}")
    size = (16, 30, 20)
    for t in listed(c, s, "volume-0", "--rule", "nnunet", "--per-case", 90, "--seed", 3, "--size", "16,30,20"):
        if t["class"]:
            c.equal(t["position"], [max(0, v - p // 2) for v, p in zip(t["centre"], size)], f"nnU-Net's place for {t}")
        else:
            c.that(all(0 <= p <= n - q for p, q, n in zip(t["position"], size, (40, 66, 70))), f"nnU-Net: inside: {t}")
    forced = [bool(t["class"]) for t in listed(c, s, "volume-0", "--rule", "nnunet", "--per-case", 9, "--size", 8, "--seed", 1)]
    c.equal(forced, [i >= round(9 * (1 - 0.33)) for i in range(9)], "nnU-Net forces the last ones")
    middle = listed(c, s, "volume-0", "volume-1", "--centre", "--size", "8,full,9")
    c.equal([t["position"] for t in middle], [[16, 0, 31], [0, 0, 6]], "the centre, full axes")
    c.equal([t["size"] for t in middle], [[8, 66, 9], [8, 14, 9]], "and their sizes")


# ---- chance ----

def even(c, seen, total, cells, text):
    """Chi-square of `total` draws over `cells` places that should be as likely."""
    counts = numpy.fromiter(seen.values(), float)
    expected = total / cells
    chi = ((counts - expected) ** 2).sum() / expected + (cells - len(counts)) * expected
    c.that(chi < stats.chi2.isf(NEVER, max(cells - 1, 1)), f"{text}: chi-square {chi:.1f} of {cells} cells, {total} draws")


RECIPES = [
    ("tumor", []),
    ("tumor", ["orient:LAI"]),
    ("tumor", ["transpose:x,z,y"]),
    ("tumor", ["resample:spacing=1,0.5,0.5,order=1"]),
    ("tumor", ["resample:spacing=3,1.3,1.3,order=1,profile=scipy"]),
    ("tumor", ["crop:box=11:33,:32,32:", "pad:3"]),
    ("tumor", ["crop-or-pad:50,50,50", "flip:z"]),
    ("2", ["remap:1=2,2=5", "crop:box=30:34,26:30,20:40"]),
    ("5", ["remap:1=2,2=5", "orient:RAS"]),
    ("tumor", ["keep:tumor"]),
    ("tumor", ["merge:liver=4,tumor=9"]),
    ("tumor", ["largest:tumor"]),
]


def classes(c, s):
    value = {"tumor": 2, "2": 2, "5": 5}
    for name, recipe in RECIPES:
        merged = recipe[0:1] == ["merge:liver=4,tumor=9"]  # moves nothing: what it calls 9 was 2
        whole = result(s, "volume-0", *([] if merged else recipe), "--label", "segmentation")
        places = {tuple(p) for p in numpy.argwhere(whole == value[name])}
        draws = max(1500, 12 * len(places))
        seen = {}
        for t in listed(c, s, "volume-0", *recipe, "--classes", name, "--per-case", draws, "--seed", 5, "--size", 8):
            seen[tuple(t["centre"])] = seen.get(tuple(t["centre"]), 0) + 1
        c.that(set(seen) <= places, f"{recipe}: every centre is of class {name} in the result")
        even(c, seen, draws, len(places), f"{recipe}: {name}")


def shares(c, s):
    def share(kind, *words):
        got = listed(c, s, "volume-0", *words, "--per-case", 4000, "--seed", 9, "--size", 8)
        return sum(t["class"] == kind for t in got), got
    for balance, p in (("pos:1,neg:1", 0.5), ("pos:3,neg:1", 0.75), ("pos:1,neg:0", 1), ("pos:0,neg:1", 0)):
        k, got = share("foreground", "--balance", balance)
        c.that(stats.binom.sf(k - 1, 4000, p) > NEVER and stats.binom.cdf(k, 4000, p) > NEVER, f"{balance}: {k} of 4000")
        whole = result(s, "volume-0", "--label", "segmentation")
        right = all((whole[tuple(t["centre"])] > 0) == (t["class"] == "foreground") for t in got)
        c.that(right, f"{balance}: foreground and background are what they are called")
    k, got = share("tumor", "--classes", "liver:1,tumor:3")
    c.that(stats.binom.sf(k - 1, 4000, 0.75) > NEVER and stats.binom.cdf(k, 4000, 0.75) > NEVER, f"classes 1:3: {k} of 4000")
    k, got = share("tumor", "--rule", "nnunet", "--oversample", 1)
    c.that(stats.binom.sf(k - 1, 4000, 0.5) > NEVER and stats.binom.cdf(k, 4000, 0.5) > NEVER, f"nnU-Net's classes: {k} of 4000")
    image = result(s, "volume-0", "clip:-200,300")
    got = [t["centre"] for t in listed(c, s, "volume-0", "clip:-200,300", "--balance", "pos:0,neg:1", "--image-threshold", 250, "--per-case",
                                       300, "--seed", 2, "--size", 8)]
    c.that(all(image[tuple(p)] > 250 for p in got), "background above the threshold")
    label = result(s, "volume-1", "--label", "segmentation")
    seen = {}
    for t in listed(c, s, "volume-1", "--balance", "pos:0,neg:1", "--per-case", 20000, "--seed", 2, "--size", 8):
        seen[tuple(t["centre"])] = seen.get(tuple(t["centre"]), 0) + 1
    even(c, seen, 20000, int((label == 0).sum()), "background")
    seen = {}
    for t in listed(c, s, "volume-1", "--uniform", "--per-case", 9000, "--seed", 2, "--size", "8,10,9"):
        seen[tuple(t["position"])] = seen.get(tuple(t["position"]), 0) + 1
    even(c, seen, 9000, 2 * 5 * 12, "anywhere")


# ---- voxels ----

def pulled(c, s, tool, mode, size, per_case, seed, threads, ids, *steps):
    """{(id, n, volume): (array, lo, hi)} by the C library."""
    with tempfile.TemporaryDirectory(prefix="tome-patches-") as folder:
        words = [tool, s.path, folder, mode, ",".join(map(str, size)), per_case, seed, threads, ids, *steps]
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
        c.equal(done.returncode, 0, f"{words[3:]}: {done.stderr}")
        out = {}
        for line in done.stdout.splitlines()[:-1]:
            id_, n, name, dtype, *box = line.split()
            lo, hi = [int(v) for v in box[:3]], [int(v) for v in box[3:]]
            raw = numpy.fromfile(Path(folder) / f"{id_}_{n}_{name}.raw", dtype)
            out[id_, int(n), name] = (raw.reshape([b - a for a, b in zip(lo, hi)]), lo, hi)
        return out


def expected(whole, lo, hi, pad):
    """The box of an array, padded where it reaches beyond."""
    before = [max(-a, 0) for a in lo]
    behind = [max(b - n, 0) for b, n in zip(hi, whole.shape)]
    wide = numpy.pad(whole, list(zip(before, behind)), constant_values=pad)
    return wide[tuple(slice(a + p, b + p) for a, b, p in zip(lo, hi, before))]


def voxels(c, s, tool):
    for mode, size, steps, air in (
            ("balance", (16, 16, 16), [], -1024), ("balance", (48, 20, 24), ["window:level=40,width=400"], 0),
            ("nnunet", (12, 40, 30), ["orient:RAS", "clip:-200,300"], -200), ("sliding", (16, 24, 24), ["crop:liver,margin=2"], -1024),
            ("sliding", (9, 20, 31), ["resample:spacing=2,1,1,order=1"], -1024), ("liver", (24, 0, 0), ["resample:spacing=2,1,1,order=3"], -1024)):
        ids = "volume-0,volume-1,volume-2"
        got = pulled(c, s, tool, mode, size, 5, 4, 2, ids, *steps)
        wholes = {}
        for (id_, n, name), (array, lo, hi) in got.items():
            if (id_, name) not in wholes:
                wholes[id_, name] = result(s, id_, *steps, *([] if name == "image" else ["--label", name]))
            want = expected(wholes[id_, name], lo, hi, air if name == "image" else 0)
            if "order=3" in "".join(steps) and name == "image":
                c.near(array, want, 1.01, f"{mode} {steps}: {id_} {n} {name}")  # a spline rounded to whole HU
            else:
                c.voxels(array, want, f"{mode} {steps}: {id_} {n} {name} at {lo}")
        c.that(len(got) >= 2 * 3, f"{mode} {steps}: there are patches")


def same(a, b):
    return a.keys() == b.keys() and all(numpy.array_equal(a[k][0], b[k][0]) and a[k][1:] == b[k][1:] for k in a)


def repeatable(c, s, tool):
    for mode in ("balance", "nnunet", "tumor"):
        def take(threads, ids, seed=21):
            return pulled(c, s, tool, mode, (16, 16, 16), 6, seed, threads, ids, "resample:spacing=2,1,1,order=1")
        ids = "volume-0" if mode == "tumor" else "volume-0,volume-1,volume-2"
        one = take(1, ids)
        c.that(same(one, take(2, ids)) and same(one, take(5, ids)), f"{mode}: the same on 1, 2 and 5 threads")
        c.that(not same(one, take(1, ids, 22)), f"{mode}: another seed draws others")
        if mode == "tumor":
            continue
        alone = {k: v for k, v in one.items() if k[0] == "volume-1"}
        c.that(same(alone, take(2, "volume-1")), f"{mode}: the same whatever other cases there are")
        c.that(same(one, take(2, "volume-2,volume-0,volume-1")), f"{mode}: the same in any order")


def files(c, s):
    out = s.folder / "out"
    done = s.tome("patches", s.path, "volume-0", "volume-1", "window:level=40,width=400", "--size", 16, "--per-case", 3, "-o",
                  out / "{id}" / "{n}.npy", "--json")
    c.equal(done.status, 0, f"patches to files: {done.err}")
    told = json.loads(done.out)
    c.that(f"--seed {told['seed']}" in done.err, f"a drawn seed is said: {done.err}")
    for t in told["patches"]:
        hi = [p + n for p, n in zip(t["position"], t["size"])]
        want = expected(result(s, t["id"], "window:level=40,width=400"), t["position"], hi, 0)
        c.voxels(numpy.load(out / t["id"] / f"{t['n']}.npy"), want, f"{t['id']}/{t['n']}.npy")
    again = listed(c, s, "volume-0", "volume-1", "window:level=40,width=400", "--size", 16, "--per-case", 3, "--seed", told["seed"])
    c.equal(again, told["patches"], "the seed that was said draws the same")


def hashes(root):
    return {p.relative_to(root): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(root.rglob("*")) if p.is_file()}


def archive(c, s):
    """patches.h5 by h5py: rows, what is told of them, the voxels that `tome get --box` gives."""
    steps = ("resample:spacing=2,1,1,order=1", "clip:-200,300")
    words = ("patches", s.path, "volume-0", "volume-1", *steps, "--size", "12,16,20", "--per-case", 3, "--balance", "pos:2,neg:1", "--seed", 7)
    path = s.folder / "patches.h5"
    done = s.tome(*words, "-o", path, "--jobs", 1)
    c.equal(done.status, 0, f"patches.h5: {done.err}")
    told = listed(c, s, *words[2:])
    with h5py.File(path) as f:
        root = {k: v.decode() for k, v in f.attrs.items()}
        c.equal((root["seed"], root["rule"], root["layout"]), ("7", "monai balance", "stacked"), "seed and rule are the root's")
        c.that("resample:spacing=2,1,1" in root["recipe"] and len(root["recipe_hash"]) == 32, f"so is the recipe: {root}")
        c.equal(f["image"].attrs["units"], b"HU", "clipped HU are still HU")
        image, seg, items = f["image"][()], f["labels/segmentation"][()], f["items"][()]
        c.equal((image.shape, seg.shape, len(items)), ((6, 12, 16, 20), (6, 12, 16, 20), 6), "one row a patch")
        for i, (row, t) in enumerate(zip(items, told)):
            got = row["id"].decode(), int(row["n"]), row["class"].decode(), list(row["position"]), list(row["centre"])
            c.equal(got, (t["id"], t["n"], t["class"], t["position"], t["centre"]), f"row {i}")
            whole = [result(s, t["id"], *steps, *more) for more in ((), ("--label", "segmentation"))]
            lo, hi = t["position"], [p + n for p, n in zip(t["position"], t["size"])]
            c.voxels(image[i], expected(whole[0], lo, hi, row["pad_value"]), f"row {i}: image")
            c.voxels(seg[i], expected(whole[1], lo, hi, 0), f"row {i}: labels")
            if all(0 <= a and b <= n for a, b, n in zip(lo, hi, whole[0].shape)):
                box = ",".join(f"{a}:{b}" for a, b in zip(lo, hi))
                c.voxels(image[i], result(s, t["id"], *steps, "--box", box), f"row {i}: as get --box")
            centre = seg[i][tuple(a - b for a, b in zip(t["centre"], lo))]
            c.equal(t["class"] == "foreground", bool(centre), f"row {i}: the centre is what its class says")
        c.equal({r["class"] for r in told}, {"foreground", "background"}, "of both kinds")
    again = s.tome(*words, "-o", path)
    c.that(again.status == 0 and "6 were there already" in again.err, f"nothing to do again: {again.err}")
    want = path.read_bytes()
    for jobs in (2, 5):
        s.tome(*words, "-o", path, "--jobs", jobs, "--force")
        c.that(path.read_bytes() == want, f"the same bytes on {jobs} threads")
    other = s.tome(*words[:-1], 8, "-o", path)
    c.that(other.status != 0 and "--force" in other.err and path.read_bytes() == want, f"another seed does not overwrite: {other.err}")


def templates(c, s):
    """A file a patch: npz holds image and labels, npy each by itself; a second run finds all of them."""
    for name, mode in (("npz/{id}_{n}.npz", ("--seed", 3, "--per-case", 2)), ("npy/{id}/{n}.npy", ("--sliding", "--overlap", 0.5)), ("gz/{id}/{n}.nii.gz", ("--centre",))):
        words = ("patches", s.path, "volume-0", "volume-1", "--size", 24, *mode, "-o", s.folder / name)
        done = s.tome(*words, "--json")
        c.equal(done.status, 0, f"{name}: {done.err}")
        told, root = json.loads(done.out)["patches"], s.folder / name.split("/")[0]
        for t in told:
            path = s.folder / name.replace("{id}", t["id"]).replace("{n}", str(t["n"]))
            lo, hi = t["position"], [p + n for p, n in zip(t["position"], t["size"])]
            wants = [expected(result(s, t["id"], *more), lo, hi, pad) for more, pad in (((), -1024), (("--label", "segmentation"), 0))]
            if name.endswith(".npz"):
                with numpy.load(path) as z:
                    got = z["image"], z["labels/segmentation"]
                    c.equal((str(z["seed"]), str(z["class"]), list(z["position"])), ("3", t["class"], t["position"]), f"{path.name}: facts")
            elif name.endswith(".npy"):
                got = numpy.load(path), numpy.load(path.with_name(f"{t['n']}_segmentation.npy"))
            else:
                got = [numpy.asanyarray(nibabel.load(p).dataobj).T for p in (path, path.with_name(f"{t['n']}_segmentation.nii.gz"))]
            for g, w in zip(got, wants):
                c.voxels(g, w, str(path.relative_to(s.folder)))
        before = hashes(root)
        again = s.tome(*words)
        c.that(again.status == 0 and f"wrote 0 patches" in again.err and f"{len(told)} were there already" in again.err, f"{name}: again: {again.err}")
        c.equal(hashes(root), before, f"{name}: nothing is touched")
        refused = s.tome(*words[:3], *words[4:], "clip:-5,5", "--per-case" if "--seed" in mode else "--quiet", *([2] if "--seed" in mode else []))
        c.that(refused.status != 0 and hashes(root) == before, f"{name}: another recipe does not overwrite: {refused.err}")


def misfits(c, s):
    """A case that the recipe does not fit is passed over and named; a bad recipe stops everything."""
    done = s.tome("patches", s.path, "crop:mask=tumor", "--size", 8, "--uniform", "--seed", 1, "--list", "--json")
    c.equal((done.status, {t["id"] for t in json.loads(done.out)["patches"]}), (0, {"volume-0"}), "only the case that has a tumour")
    c.that("volume-1: step 1: crop: the case has no label \"tumor\"" in done.err, f"the others are named: {done.err}")
    done = s.tome("patches", s.path, "volume-1", "crop:mask=tumor", "--size", 8, "--list")
    c.that(done.status != 0 and "volume-1: step 1: crop" in done.err, f"one alone fails: {done.err}")
    for words, part in ((("volume-O",), "did you mean the case volume-0"), (("volume-0", "windw"), "did you mean the step window"),
                        (("volume-0", "volume-11"), "neither a case nor a step"), (("flip:z", "volume-0"), "cases come first")):
        for verb in (("patches", "--size", 8, "--list"), ("get", "-o", s.folder / "no.npy")):
            done = s.tome(verb[0], s.path, *words, *verb[1:])
            c.that(done.status == 2 and part in done.err, f"{verb[0]} {words}: {done.err}")


# ---- what is refused, passed over, read ----

def picture(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return array


def make_pictures(folder):
    """DRIVE (one with a second observer, one without), CHASE, and the nerve's gray frames, one of which has no mask."""
    rng = numpy.random.default_rng(3)
    vessel, colour = {}, {}

    def mask(path, shape):
        m = numpy.zeros(shape, numpy.uint8)
        m[10:30, 20:44] = 255
        return picture(path, m) > 0
    for number, part in (("21", "training"), ("01", "test")):
        root, id_ = folder / "drive" / part, f"{number}_{part}"
        colour[id_] = picture(root / f"images/{id_}.png", rng.integers(0, 255, (50, 60, 3), dtype=numpy.uint8))
        vessel[id_] = mask(root / f"1st_manual/{number}_manual1.png", (50, 60))
        mask(root / f"mask/{id_}_mask.png", (50, 60))
    mask(folder / "drive/test/2nd_manual/01_manual2.png", (50, 60))
    colour["Image_01L"] = picture(folder / "chase/Image_01L.png", rng.integers(0, 255, (64, 70, 3), dtype=numpy.uint8))
    vessel["Image_01L"] = mask(folder / "chase/Image_01L_1stHO.png", (64, 70))
    mask(folder / "chase/Image_01L_2ndHO.png", (64, 70))
    for frame in ("train/1_1", "train/1_2", "test/1"):
        picture(folder / f"nerve/{frame}.tif", rng.integers(0, 255, (42, 58), dtype=numpy.uint8))
    mask(folder / "nerve/train/1_1_mask.tif", (42, 58))
    return colour, vessel


def unlike(c, tome, folder):
    """Cases that differ in channels and label maps: an archive of what goes together, and all else said."""
    colour, vessel = make_pictures(folder)
    s = Store(tome)
    c.equal(s.ingest(*(folder / n for n in ("drive", "chase", "nerve"))).status, 0, "ingest of pictures")

    def archive_of(*words):
        done = s.tome("patches", s.path, *words, "-o", s.folder / "unlike.h5", "--force", "--json")
        c.equal(done.status, 0, f"patches {words}: {done.err}")
        with h5py.File(s.folder / "unlike.h5") as f:
            names = []
            f.visititems(lambda n, o: names.append(n) if isinstance(o, h5py.Dataset) else None)
            ids = [i.decode() for i in f["items"]["id"]]
            got = {n: f[n][()] for n in names if n != "items"}
        c.equal([t["id"] for t in json.loads(done.out)["patches"]], ids, f"{words}: what is told is what is written")
        return done.err, sorted(set(ids)), got
    size = ("--size", "1,16,16", "--sliding")
    err, ids, got = archive_of(*size)
    c.equal(ids, ["01_test", "21_training", "Image_01L"], "the cases in colour")
    c.equal(sorted(got), ["channels/blue", "channels/green", "image", "labels/vessel"], "and the map that all have")
    c.equal({a.shape[1:] for a in got.values()}, {(1, 16, 16)}, "rows of one shape")
    for part in ("1_1: passed over: its channels are image (uint8)", "1_2: passed over", "1: passed over", "no label map second_observer (uint8), which 2 of its 3 cases",
                 "no label map fov (uint8), which 2 of its 3", "; 3 cases passed over"):
        c.that(part in err, f"{part}: {err}")
    err, ids, got = archive_of("21_training", "01_test", "--size", "full,full,full", "--centre")
    c.equal(sorted(got), ["channels/blue", "channels/green", "image", "labels/fov", "labels/vessel"], "DRIVE alone")
    for i, id_ in enumerate(("21_training", "01_test")):
        c.voxels(got["channels/green"][i, 0], colour[id_][..., 1], f"{id_}: green")
        c.voxels(got["labels/vessel"][i, 0], vessel[id_].astype(numpy.uint8), f"{id_}: vessels")
    err, ids, got = archive_of(*size, "--label", "second_observer")
    c.equal((ids, sorted(got)[-2:]), (["01_test", "Image_01L"], ["labels/second_observer", "labels/vessel"]), "--label says which map counts")
    c.that("21_training: passed over: has no label map second_observer (uint8)" in err, err)
    err, ids, got = archive_of("1", "1_1", "1_2", *size)
    c.equal((ids, sorted(got)), (["1_1"], ["image", "labels/nerve"]), "the nerve: frames with a mask")
    s.close()


def words(c, s):
    def refused(part, *args):
        done = s.tome("patches", s.path, *args, "--list")
        c.that(done.status != 0 and part in done.err and done.err.count("\n") == 1, f"{args}: {part}: {done.err}")
    refused("has no label map to draw from", "volume-4", "--size", 8)
    refused("has no label voxel", "volume-3", "--foreground", "--size", 8)
    refused("volume-1 has no label \"tumor\"", "volume-1", "--classes", "tumor", "--size", 8)
    refused("no voxel of tumor", "volume-0", "crop:box=:,:,:20", "--classes", "tumor", "--size", 8)
    refused("no case has a label \"tumr\"", "--classes", "tumr", "--size", 8)
    refused("spacing", "resample:spaceing=1", "--size", 8)
    refused("volume-77", "volume-77", "--size", 8)
    refused("--size", "--size", "8,9")
    refused("--size", "--size", "0")
    refused("choose one", "--size", 8, "--sliding", "--centre")
    refused("pos", "--size", 8, "--balance", "liver:1")
    refused("--overlap", "--size", 8, "--overlap", 0.5)
    refused("no-map", "volume-0", "--size", 8, "--label", "no-map")
    done = s.tome("patches", s.path, "--size", 8, "--list", "--json", "--seed", 1)
    c.equal(sorted({t["id"] for t in json.loads(done.out)["patches"]}), ["volume-0", "volume-1", "volume-2", "volume-3"],
            "all cases but the one that has no labels")
    c.that("volume-4: has no label map" in done.err and "volume-3: " in done.err, f"which is said: {done.err}")
    where = listed(c, s, "--where", "shape_z < 30", "--uniform", "--size", 8)
    c.equal(sorted(t["id"] for t in where), ["volume-1", "volume-2", "volume-3", "volume-4"], "--where")
    c.equal(listed(c, s, "--all", "--uniform", "--size", 8, "--seed", 1), listed(c, s, "--uniform", "--size", 8, "--seed", 1), "--all")


def table(c, s, seg):
    for k in range(4):
        with s.case(f"volume-{k}") as f:
            label, rows, labels = f["labels/segmentation"], f["stats/label_chunks"][...], f["stats/labels"][...]
            want = []
            edge, count = label.chunks, [math.ceil(n / m) for n, m in zip(label.shape, label.chunks)]
            for i, row in enumerate(labels):
                chunk = [p // e for p, e in zip(numpy.nonzero(label[...] == row["value"]), edge)]
                number, voxels_ = numpy.unique(numpy.ravel_multi_index(chunk, count), return_counts=True)
                want += [(i, n, v) for n, v in zip(number, voxels_)]
            c.equal([tuple(int(v) for v in r) for r in rows], [tuple(int(v) for v in r) for r in want], f"volume-{k}: stats/label_chunks")


def few_bytes(c, s, tool, folder):
    """A label map of noise, which does not compress, and a small tumour in one corner."""
    rng = numpy.random.default_rng(1)
    seg = rng.integers(0, 2, (160, 160, 160)).astype(numpy.uint8)
    seg[5:9, 100:103, 40:44] = 2
    nifti(folder / "volume-9.nii.gz", ct(rng, seg.shape), AFFINE)
    nifti(folder / "segmentation-9.nii.gz", seg, AFFINE)
    c.equal(s.ingest(folder).status, 0, "ingest")

    def read(mode, *steps):
        done = subprocess.run([tool, s.path, "-", mode, "96,96,96", "50", "1", "1", "volume-9", *steps], capture_output=True, text=True)
        c.equal(done.returncode, 0, done.stderr)
        return int(done.stdout.split()[-1])
    with s.case("volume-9") as f:
        stored = f["labels/segmentation"].id.get_storage_size()
        chunk = stored / 125
    nothing = read("sliding")  # what opening the case reads
    tumour = read("tumor") - nothing
    c.that(0 < tumour < 4 * chunk, f"50 draws from one chunk of {stored} bytes of labels read {tumour}, a chunk has {chunk:.0f}")
    resampled = read("tumor", "resample:spacing=2,1,1,order=1") - nothing
    c.that(0 < resampled < 4 * chunk, f"through a resampling: {resampled}")
    old = s.path / "cases" / "volume-9.h5"
    listed_ = listed(c, s, "volume-9", "--classes", "tumor", "--per-case", 50, "--seed", 1, "--size", 96)
    import h5py
    with h5py.File(old, "r+") as f:
        del f["stats/label_chunks"]
    c.equal(listed(c, s, "volume-9", "--classes", "tumor", "--per-case", 50, "--seed", 1, "--size", 96), listed_,
            "a file without the table gives the same patches")
    c.that(read("tumor") - nothing > 0.9 * stored, "for which the label map is read once")


def main():
    c = Checks()
    with tempfile.TemporaryDirectory(prefix="tome-patches-") as folder:
        seg = make(Path(folder) / "raw")
        s = Store(sys.argv[1])
        c.equal(s.ingest(Path(folder) / "raw").status, 0, "ingest")
        table(c, s, seg)
        sliding(c, s)
        clamped(c, s)
        classes(c, s)
        shares(c, s)
        voxels(c, s, sys.argv[2])
        repeatable(c, s, sys.argv[2])
        files(c, s)
        archive(c, s)
        templates(c, s)
        misfits(c, s)
        words(c, s)
        few_bytes(c, s, sys.argv[2], Path(folder) / "more")
        unlike(c, sys.argv[1], Path(folder) / "pictures")
        s.close()
    sys.exit(c.done())


main()
