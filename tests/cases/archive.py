"""tome archive: the six DRIVE files against a plain h5py and PIL script (the field's own way), stacks of pictures, and what is refused, by name."""
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from tomelib import DATA, SKIPPED, Result

PROGRAM = sys.argv[1]


def tome(*args):
    return Result(subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, timeout=120))


def script(root, out):
    """What a training script's preparation does: PIL, NumPy float64, one h5py data set a file."""
    for split, short in (("training", "train"), ("test", "test")):
        names = sorted(os.listdir(root / split / "images"))
        size = np.asarray(Image.open(root / split / "images" / names[0])).shape
        imgs = np.empty((len(names), *size))
        truth, masks = np.empty((2, len(names), *size[:2]))
        for i, name in enumerate(names):
            imgs[i] = np.asarray(Image.open(root / split / "images" / name))
            truth[i] = np.asarray(Image.open(root / split / "1st_manual" / f"{name[:2]}_manual1.gif").convert("L"))
            masks[i] = np.asarray(Image.open(next((root / split / "mask").glob(f"{name[:2]}_*mask.gif"))).convert("L"))
        assert truth.max() == 255 and masks.max() == 255 and truth.min() == 0 and masks.min() == 0
        for what, a in (("imgs", imgs), ("groundTruth", truth[..., None]), ("borderMasks", masks[..., None])):
            with h5py.File(out / f"DRIVE_dataset_{what}_{short}.hdf5", "w") as f:
                f.create_dataset("image", data=a, dtype=a.dtype)


def made_drive(root, count=3, size=(40, 30)):
    """A small DRIVE of ours, in the layout of the real one; training masks in one naming style, test masks in the other."""
    rng = np.random.default_rng(3)
    for split, first, mask in (("training", 21, "{}_training_mask.gif"), ("test", 1, "{}_mask.gif")):
        for name in ("images", "1st_manual", "mask"):
            (root / split / name).mkdir(parents=True)
        for n in range(first, first + count):
            n = f"{n:02}"
            Image.fromarray(rng.integers(0, 256, (*size, 3), dtype="u1")).save(root / split / "images" / f"{n}_{split}.tif")
            for folder, name in (("1st_manual", f"{n}_manual1.gif"), ("mask", mask.format(n))):
                a = (rng.random(size) < 0.4).astype("u1") * 255
                Image.fromarray(a).save(root / split / folder / name)
    return root


def check_drive(folder, root):
    theirs, ours = folder / "theirs", folder / "ours"
    theirs.mkdir()
    script(root, theirs)
    done = tome("archive", "drive", root, ours, "--json")
    assert done.status == 0, done.err
    assert len(done.events("written")) == 6
    plain = tome("archive", "drive", root, folder / "f64", "--dtype", "float64", "--level", 4)
    assert plain.status == 0, plain.err
    files = sorted(p.name for p in theirs.iterdir())
    assert files == sorted(p.name for p in ours.iterdir()) and len(files) == 6
    for name in files:
        with h5py.File(theirs / name) as want, h5py.File(ours / name) as got, h5py.File(folder / "f64" / name) as f64:
            assert list(got) == ["image"] and list(f64) == ["image"]
            a, b, c = want["image"], got["image"], f64["image"]
            assert a.shape == b.shape == c.shape and a.ndim == 4 and b.dtype == np.uint8 and c.dtype == a.dtype == np.float64
            assert (a[...] == b[...]).all() and (a[...] == c[...]).all(), name
            assert b.chunks == (1, *b.shape[1:]) and b.compression is None and c.compression == "gzip"
        dump = subprocess.run(["h5dump", "-d", "/image", "-s", "0,0,0,0", "-c", "1,1,2,1", ours / name], capture_output=True, text=True)
        assert dump.returncode == 0 and "SUBSET" in dump.stdout, dump.stderr
    again = tome("archive", "drive", root, ours)
    assert again.status != 0 and "--force" in again.err, again.err
    assert tome("archive", "drive", root, ours, "--force", "--jobs", 1).status == 0


def check_refusals(folder):
    def broken(name, change, *words):
        root = made_drive(folder / name)
        change(root)
        done = tome("archive", "drive", root, folder / f"{name}-out")
        assert done.status == 1, (name, done.status, done.err)
        assert all(w in done.err for w in words), (name, done.err)
        left = list((folder / f"{name}-out").glob("*")) if (folder / f"{name}-out").exists() else []
        return left

    def save(array, *path):
        Image.fromarray(array.astype("u1")).save(Path(*path))

    assert broken("missing", lambda r: (r / "training/mask/22_training_mask.gif").unlink(), "3 images and 2 of mask", "number 22") == []
    assert broken("extra", lambda r: shutil.copy(r / "test/1st_manual/01_manual1.gif", r / "test/1st_manual/09_manual1.gif"), "number 9") == []
    assert broken("size", lambda r: save(np.eye(20) * 255, r, "test/1st_manual/03_manual1.gif"), "03_manual1.gif", "20x20", "40x30") == [], "all six, or none"
    assert broken("cut", lambda r: os.truncate(r / "test/mask/02_mask.gif", 30), "02_mask.gif") == [], "all six, or none"
    assert broken("gray", lambda r: save(np.eye(40, 30) * 255, r, "training/images/22_training.tif"), "22_training.tif", "1 samples") == []
    assert broken("folder", lambda r: shutil.rmtree(r / "test/1st_manual"), "test/1st_manual", "--split training") == []
    assert broken("half", lambda r: shutil.rmtree(r / "training"), "training/images", "--split test leaves training out") == []
    root = made_drive(folder / "ones")
    for path in (root / "training/1st_manual").iterdir():
        save(np.eye(40, 30), path)
    done = tome("archive", "drive", root, folder / "ones-out")
    assert done.status == 1 and "from 0 to 1" in done.err and "groundTruth_train" in done.err, done.err
    assert list((folder / "ones-out").iterdir()) == [], "files or drafts are left"
    for words in ([], ["--dtype", "float64"], ["--jobs", "1"]):  # a disk that is full: pictures go beyond 2 KiB, headers do not
        full = subprocess.run([PROGRAM, "archive", "drive", made_drive(folder / f"full{len(words)}{words[-1:]}"), folder / "full-out", *words], capture_output=True,
                              text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2900, 2900)), restore_signals=False)
        assert full.returncode == 1 and "File too large" in full.stderr and "imgs_train" in full.stderr, (full.returncode, full.stderr)
        assert not [p for p in (folder / "full-out").iterdir()], list((folder / "full-out").iterdir())
    only = tome("archive", "drive", root, folder / "only-out", "--split", "test")
    assert only.status == 0 and len(list((folder / "only-out").iterdir())) == 3, only.err


def check_stack(folder):
    rng = np.random.default_rng(8)
    (folder / "p").mkdir()
    colours, grays = {}, {}
    for n in (1, 2, 9, 10, 11):
        colours[n] = rng.integers(0, 256, (12, 17, 3), dtype="u1")
        grays[n] = rng.integers(0, 2, (12, 17), dtype="u1") * 255
        Image.fromarray(colours[n]).save(folder / "p" / f"{n}.tif")
        Image.fromarray(grays[n]).save(folder / "p" / f"{n}_mask.png")
    want, gray = np.stack(list(colours.values())), np.stack(list(grays.values()))
    luma = np.stack([np.asarray(Image.fromarray(a).convert("L")) for a in colours.values()])

    def stack(pattern, *options, name="image"):
        out = folder / "s.h5"
        done = tome("archive", "stack", f"{folder}/p/{pattern}", out, "--force", *options)
        assert done.status == 0, done.err
        with h5py.File(out) as f:
            return f[name][...]

    def equal(got, expected):
        assert got.dtype == expected.dtype and got.shape == expected.shape and (got == expected).all(), (got.shape, expected.shape)

    equal(stack("*.tif"), want)  # 2 before 10
    equal(stack("*.tif", "--level", 9), want)
    equal(stack("*.tif", "--dataset", "a/b", name="a/b"), want)
    equal(stack("*.tif", "--gray"), luma[..., None])
    equal(stack("*.tif", "--gray", "--squeeze"), luma)
    equal(stack("*.png"), gray[..., None])
    equal(stack("*.png", "--remap", "255=1", "--squeeze", "--level", 1), gray // 255)
    equal(stack("*.png", "--threshold", 128, "--dtype", "float64"), (gray // 255).astype("f8")[..., None])
    for words, said in ((["--squeeze"], "--gray"), (["--dtype", "int8"], "int8"), (["--dataset", "a//b"], "no name")):
        done = tome("archive", "stack", f"{folder}/p/*.tif", folder / "no.h5", *words)
        assert done.status != 0 and said in done.err and not (folder / "no.h5").exists(), done.err
    Image.fromarray(colours[1][:5]).save(folder / "p" / "7.tif")
    done = tome("archive", "stack", f"{folder}/p/*.tif", folder / "no.h5")
    assert done.status == 1 and "7.tif: is 5x17" in done.err and not (folder / "no.h5").exists(), done.err
    (folder / "p" / "7.tif").unlink()
    for litter in ("Thumbs.db", "._1.tif", ".DS_Store", "__MACOSX/._1.tif"):  # what desktops leave behind is no picture
        (folder / "q" / litter).parent.mkdir(parents=True, exist_ok=True)
        (folder / "q" / litter).write_bytes(b"\0\5\26\7")
    for n in colours:
        Image.fromarray(colours[n]).save(folder / "q" / f"{n}.tif")
    equal(stack("../q/"), want)
    mixed = tome("archive", "stack", f"{folder}/p/9*", folder / "no.h5")
    assert mixed.status == 1 and "samples" in mixed.err, mixed.err
    assert tome("archive", "drive", "--gray", "a", "b").status == 2
    assert tome("archive", "pile", "a", "b").status == 2


def check_convert(folder):
    """convert writes HDF5 that h5py reads, with geometry, and reads it back."""
    a = np.random.default_rng(4).integers(-1000, 2000, (9, 20, 31)).astype("<i2")
    src = folder / "src.h5"
    with h5py.File(src, "w") as f:
        f["scan/image"] = a
        f["scan/image"].attrs["spacing"] = np.array([2.0, 0.5, 0.25])
        f["scan/image"].attrs["origin"] = np.array([10.0, -20, 30])
        f["other"] = a[:3].astype("f8") / 4
    for name, options in (("plain", ["--uncompressed"]), ("packed", []), ("nine", ["--level", "9"])):
        out = folder / f"{name}.hdf5"
        done = tome("convert", f"{src}:/scan/image", f"{out}:/deep/er/x", *options)
        assert done.status == 0, done.err
        with h5py.File(out) as f:
            d = f["deep/er/x"]
            assert (d[...] == a).all() and d.dtype == a.dtype and (d.compression is None) == (name == "plain")
            assert list(d.attrs["spacing"]) == [2.0, 0.5, 0.25] and list(d.attrs["origin"]) == [10, -20, 30]
            assert d.attrs["direction"].shape == (3, 3) and d.attrs["affine"].shape == (4, 4)
    both = tome("convert", src, folder / "both.npy")
    assert both.status == 1 and "2 volumes" in both.err, both.err
    assert tome("convert", f"{src}:other", folder / "one.npy").status == 0
    assert (np.load(folder / "one.npy") == a[:3] / 4).all()
    gone = tome("convert", f"{src}:/nothing", folder / "none.npy")
    assert gone.status == 1 and "scan/image" in gone.err and "other" in gone.err, gone.err
    rgb = np.random.default_rng(5).integers(0, 256, (8, 9, 3), dtype="u1")
    Image.fromarray(rgb).save(folder / "c.png")
    assert tome("convert", folder / "c.png", folder / "c.h5").status == 0
    with h5py.File(folder / "c.h5") as f:
        assert (f["image"][...] == rgb).all() and "spacing" not in f["image"].attrs


def main():
    folder = Path(tempfile.mkdtemp(prefix="tome-archive-"))
    try:
        (folder / "made").mkdir()
        check_drive(folder / "made", made_drive(folder / "made" / "DRIVE"))
        check_refusals(folder)
        check_stack(folder)
        check_convert(folder)
        if not (DATA / "drive").is_dir():
            print("made pictures only: TOME_DATA is absent")
            return SKIPPED
        (folder / "real").mkdir()
        check_drive(folder / "real", DATA / "drive")
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
