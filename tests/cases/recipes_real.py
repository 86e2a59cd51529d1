#!/usr/bin/python3
"""Recipes on real scans, through the command line: a tilted and unevenly spaced head CT, an abdomen with liver and tumour, an aorta with
many labels; held against SciPy, skimage and NumPy on what h5py reads of the store. Skipped where the data is absent.

    recipes_real.py TOME
"""
import subprocess
import sys

import h5py
import nibabel
import numpy
from scipy import ndimage
from skimage.transform import resize

from tomelib import DATA, SKIPPED, Checks, Store, ras_affine


def get(c, s, id_, name, *words):
    done = s.tome("get", s.path, id_, *words, "-o", s.folder / name, "--force")
    assert done.status == 0, f"get {id_} {words}: {done.err}"
    if name.endswith(".npy"):
        return numpy.load(s.folder / name)
    image = nibabel.load(str(s.folder / name))
    return numpy.asarray(image.dataobj).T, image.affine


def stored(s, id_, volume="image"):
    with h5py.File(s.path / "cases" / f"{id_}.h5", "r") as f:
        return f[volume][...], ras_affine(f["image"])


def positions(shape, affine, to_shape, to_affine):
    """Index (z, y, x) into the first grid of every voxel of the second."""
    index = numpy.stack(numpy.meshgrid(*map(numpy.arange, to_shape), indexing="ij"))[::-1].reshape(3, -1)  # x, y, z
    m = numpy.linalg.inv(affine) @ to_affine
    at = (m[:3, :3] @ index + m[:3, 3:])[::-1].reshape(3, *to_shape)
    n = numpy.array(shape).reshape(3, 1, 1, 1)
    inside = numpy.all((at >= -0.5) & (at < n - 0.5), 0)
    unsure = numpy.any(numpy.minimum(abs(at + 0.5), abs(at - (n - 0.5))) < 1e-4, 0)  # the affine of a NIfTI file is float32
    return at, inside, unsure


def sampled(a, at, inside, order):
    n = numpy.array(a.shape).reshape(3, 1, 1, 1)
    held = at if order > 1 else numpy.clip(at, 0, n - 1)
    return numpy.where(inside, ndimage.map_coordinates(a.astype(float), held, order=order, mode="mirror"), -1024)


def same(c, got, want, sure, tolerance, text):
    worst = float(abs(got.astype(float) - want)[sure].max())
    c.that(worst <= tolerance, f"{text}: off by {worst:g}")


def tilted(c, s):
    """unshear and axes=world put every voxel where the stored affine says, and air where no slice was."""
    c.equal(s.ingest(DATA / "ct-tilt-uneven", "--uneven=resample").status, 0, "ingest")
    a, affine = stored(s, "ct-tilt-uneven")
    straight, there = get(c, s, "ct-tilt-uneven", "u.nii", "unshear")
    axes = there[:3, :3] / numpy.linalg.norm(there[:3, :3], axis=0)
    c.near(axes.T @ axes, numpy.eye(3), 1e-6, "unshear: right angles")
    at, inside, unsure = positions(a.shape, affine, straight.shape, there)
    c.near(at[0], numpy.rint(at[0]), 1e-3, "unshear: slices stay slices")
    at[0] = numpy.rint(at[0])
    same(c, straight, sampled(a, at, inside, 1), ~unsure, 0.6, "unshear against scipy")  # rounded; and the float32 affine
    c.that((straight[~inside & ~unsure] == -1024).all() and (~inside).any(), "unshear: air outside the slices")
    corners = numpy.array([[x, y, z, 1] for x in (0, 511) for y in (0, 511) for z in (0, a.shape[0] - 1)]).T
    where = numpy.linalg.inv(there) @ affine @ corners
    c.that((where[:3] > -0.51).all() and (where[:3].T < numpy.array(straight.shape[::-1]) - 0.49).all(), "unshear: nothing is cut off")
    for order in (0, 1, 3):
        got, there = get(c, s, "ct-tilt-uneven", "w.nii", f"resample:spacing=4,1.5,1.5,axes=world,order={order},as=float32")
        c.near(there[:3, :3], numpy.diag([-1.5, -1.5, 4]), 1e-6, "world: axes")
        at, inside, unsure = positions(a.shape, affine, got.shape, there)
        if order == 0:
            unsure |= numpy.any(abs(at % 1 - 0.5) < 1e-3, 0)
        same(c, got, sampled(a, at, inside, order), ~unsure, {0: 0, 1: 2, 3: 4}[order], f"world order {order} against scipy")  # the float32 affine: 1e-4 voxel of 4000 HU
        middle = get(c, s, "ct-tilt-uneven", "b.npy", f"resample:spacing=4,1.5,1.5,axes=world,order={order},as=float32", "--box", "5:20,40:90,33:120")
        c.that(numpy.array_equal(middle, got[5:20, 40:90, 33:120]), f"world order {order}: a box is the box of the whole")


def abdomen(c, s):
    c.equal(s.ingest(DATA / "lits").status, 0, "ingest")
    a, _ = stored(s, "volume-1")
    label, _ = stored(s, "volume-1", "labels/segmentation")
    separate_z(c, s, a)
    antialias(c, s, a)
    z = numpy.flatnonzero((label > 0).any((1, 2)))
    got = get(c, s, "volume-1", "c.npy", "crop:mask=any,margin=2")
    c.voxels(got, a[max(z[0] - 2, 0):z[-1] + 3], "the liver's slices and two more")
    c.that(got.dtype == a.dtype, "in the stored type")
    c.voxels(get(c, s, "volume-1", "c.npy", "crop:mask=any,margin=2", "--label", "segmentation"), label[max(z[0] - 2, 0):z[-1] + 3], "labels with it")
    store_wide(c, s)
    largest, count = ndimage.label(label > 0, numpy.ones((3, 3, 3)))
    keep = 1 + numpy.argmax(numpy.bincount(largest.ravel(), minlength=count + 1)[1:])
    c.voxels(get(c, s, "volume-1", "l.npy", "remap:tumor=1", "largest", "--label", "segmentation"), (largest == keep).astype("uint8"), "the largest piece")
    memory(c, s, a)


def separate_z(c, s, a):
    """nnU-Net's rule, 4.8 mm being more than three times 0.743: each slice by skimage, order 3; then order 0 along z, labels too."""
    size = [round(o / t * n) for o, t, n in zip((4.8, 0.7429687976837158, 0.7429687976837158), (3.1, 1.0, 1.0), a.shape)]
    slices = numpy.stack([resize(v.astype(float), size[1:], 3, mode="edge", anti_aliasing=False, clip=False) for v in a])
    at = (numpy.arange(size[0]) + 0.5) * (a.shape[0] / size[0]) - 0.5
    want = numpy.clip(slices[numpy.clip(numpy.floor(at + 0.5).astype(int), 0, a.shape[0] - 1)], a.min(), a.max())
    got = get(c, s, "volume-1", "n.npy", "resample:spacing=3.1,1,1,profile=nnunet,order=3")
    c.equal(got.shape, want.shape, "nnunet: shape")
    c.near(got, want, 2e-3, "nnunet: separate-z")


def antialias(c, s, a):
    got = get(c, s, "volume-1", "a.npy", "resize:20,150,97,order=1,antialias=yes")
    sigma = [max(0, (n / m - 1) / 2) for n, m in zip(a.shape, got.shape)]
    c.near(got, resize(a.astype(float), got.shape, 1, mode="edge", anti_aliasing=True, clip=False, preserve_range=True), 2e-3, "antialias against skimage")
    blurred = ndimage.gaussian_filter(a.astype(float), sigma, mode="nearest")
    c.near(got, ndimage.zoom(blurred, [m / n for n, m in zip(a.shape, got.shape)], order=1, mode="nearest", grid_mode=True), 2e-3, "antialias: (factor-1)/2 voxels")


def store_wide(c, s):
    """window:tumor and nnU-Net's normalisation over all cases, from stored histograms, against the voxels themselves."""
    cases = [(stored(s, i)[0].astype(float), stored(s, i, "labels/segmentation")[0]) for i in ("volume-0", "volume-1")]
    tumor = numpy.concatenate([v[m == 2] for v, m in cases])
    organ = numpy.concatenate([v[m > 0] for v, m in cases])
    v = cases[0][0]
    for method, (lo, hi) in {"percentile": numpy.percentile(tumor, [0.5, 99.5]), "minmax": (tumor.min(), tumor.max())}.items():
        got = get(c, s, "volume-0", "t.npy", f"window:tumor,scope=store,method={method}")
        c.near(got, numpy.clip((v - lo) / (hi - lo), 0, 1), 1e-5, f"window:tumor over the store, {method}")
        got = get(c, s, "volume-0", "t.npy", f"window:tumor,scope=store,method={method},scale=uint8")
        c.that(got.dtype == numpy.uint8 and abs(got - numpy.clip((v - lo) / (hi - lo), 0, 1) * 255).max() <= 0.501, f"in uint8, {method}")
    lo, hi = numpy.percentile(organ, [0.5, 99.5])
    got = get(c, s, "volume-0", "z.npy", "normalise:nnunet")
    c.near(got, (numpy.clip(v, lo, hi) - organ.mean()) / organ.std(), 1e-4, "nnU-Net's normalisation over the store")


def memory(c, s, a):
    """The peak of a whole-volume resample to a file: at most 2.5 times float32 output and int16 input, beside what the program itself takes."""
    def peak(*words):
        command = [str(s.program), "get", str(s.path), "volume-0", *words, "-o", str(s.folder / "m.npy"), "--force"]
        code = "import resource,subprocess,sys; subprocess.run(sys.argv[1:],check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        return int(subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True).stdout.split()[-1]) * 1024
    built = open(s.program, "rb").read()
    if b"__asan_init" in built or b"__tsan_init" in built:
        return  # a sanitizer's memory is not ours
    base = peak("crop:box=0:1,0:1,0:1")
    volume, _ = stored(s, "volume-0")
    for words in ("resample:spacing=1,order=3,as=float32", "resample:spacing=1,order=1,as=float32", "resample:spacing=1.6,0.5,0.5,order=3,as=float32"):
        used = peak(words)
        out = numpy.load(s.folder / "m.npy", mmap_mode="r")
        most = 2.5 * (out.nbytes + volume.nbytes)
        print(f"{words}: {(used - base) / (out.nbytes + volume.nbytes):.2f} times output and input ({used / 1e6:.0f} MB in all)")
        c.that(used - base <= most, f"{words}: {used / 1e6:.0f} MB, allowed {(most + base) / 1e6:.0f}")


def aorta(c, s):
    """Many labels, one organ: kept, merged, cropped to."""
    folder = DATA / "nifti-ct" / "aorta"
    c.that(s.ingest(folder).status in (0, 1), "ingest")
    id_ = next((i for i in s.ids() if i not in ("volume-0", "volume-1", "ct-tilt-uneven")), None)
    a, _ = stored(s, id_)
    with h5py.File(s.path / "cases" / f"{id_}.h5", "r") as f:
        maps = {n: v[...] for n, v in f["labels"].items()}
    name, organ = next((n, v) for n, v in maps.items() if n == "aorta")
    where = [numpy.flatnonzero((organ > 0).any(axis=tuple({0, 1, 2} - {k}))) for k in range(3)]
    box = tuple(slice(max(w[0] - 3, 0), w[-1] + 4) for w in where)
    c.voxels(get(c, s, id_, "x.npy", f"crop:{name},to=box,margin=3"), a[box], "crop to the aorta")
    c.voxels(get(c, s, id_, "x.npy", f"crop:{name},to=box,margin=4.5mm"), a[box], "the same in mm")


def main():
    if not (DATA / "ct-tilt-uneven").is_dir():
        print("skipped: no real data", file=sys.stderr)
        sys.exit(SKIPPED)
    c = Checks()
    s = Store(sys.argv[1])
    tilted(c, s)
    abdomen(c, s)
    aorta(c, s)
    s.close()
    sys.exit(c.done())


main()
