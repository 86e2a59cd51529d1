"""tome info: what it says of made files against NumPy, h5py and nibabel; faults, folders, --headers; real files where they are."""
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
from PIL import Image

from tomelib import DATA, SKIPPED, Result

PROGRAM = sys.argv[1]


def tome(*args):
    return Result(subprocess.run([PROGRAM, "info", *map(str, args)], capture_output=True, text=True, timeout=300))


def volumes(*args, status=0):
    done = tome(*args, "--json")
    assert done.status == status, (args, done.status, done.err, done.out)
    return [json.loads(line) for line in done.out.splitlines()]


def one(*args, status=0):
    found = volumes(*args, status=status)
    assert len(found) == 1, found
    return found[0]


def check_values(s, a, name):
    """One sample's facts against NumPy."""
    x = a[np.isfinite(a)].astype("f8")
    assert s["count"] == x.size and s["not_finite"] == a.size - x.size, (name, s["count"])
    near = lambda got, want: abs(got - want) <= 1e-6 * max(1, abs(want))
    assert s["min"] == x.min() and s["max"] == x.max(), (name, s["min"], s["max"])
    assert near(s["mean"], x.mean()), (name, s["mean"], x.mean())
    assert abs(s["std"] - x.std()) <= 1e-5 * max(1, x.std()), (name, s["std"], x.std())
    for key, rank in (("p0_5", 0.5), ("p5", 5), ("p50", 50), ("p95", 95), ("p99_5", 99.5)):
        want = np.percentile(x, rank)
        assert abs(s[key] - want) <= 1e-5 * max(1, abs(want)), (name, key, s[key], want)
    h = s["histogram"]
    assert sum(h["counts"]) == x.size, name
    edges = h["lo"] + h["width"] * np.arange(len(h["counts"]) + 1)
    if h["width"] >= 1 and (x == np.rint(x)).all() and abs(x).max() < 32768:  # wider ones are binned as float32
        assert (np.histogram(x, edges)[0] == h["counts"]).all(), name
    kinds, counts = np.unique(x, return_counts=True)
    if (x == np.rint(x)).all() and len(kinds) <= 256 and abs(x).max() < 32768:
        assert [v["value"] for v in s["values"]] == list(kinds) and [v["count"] for v in s["values"]] == list(counts), name
    else:
        assert "values" not in s, name


def check_types(folder):
    rng = np.random.default_rng(1)
    for dtype in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "?"):
        kind = np.dtype(dtype).kind
        a = rng.normal(0, 500, (5, 12, 13))
        a = a.astype(dtype) if kind == "f" else rng.random(a.shape) < 0.3 if kind == "b" else rng.integers(
            max(np.iinfo(dtype).min, -2**40), min(np.iinfo(dtype).max, 2**40), a.shape, dtype=dtype)
        if kind == "f":
            a[0, 0, :4] = [np.nan, np.inf, -np.inf, 3]
        np.save(folder / "a.npy", a)
        v = one(folder / "a.npy")
        stored = "uint8" if kind == "b" else a.dtype.name
        assert v["format"] == "npy" and v["shape"] == [5, 12, 13] and v["stored"] == stored == v["dtype"] and v["placed"] is False
        check_values(v["samples"][0], a.astype("u1") if kind == "b" else a, dtype)
    labels = rng.integers(0, 4, (5, 12, 13))
    labels[0, 0, 0] = 250
    for dtype in ("u1", "i8", "f4", "f8"):
        np.save(folder / "l.npy", labels.astype(dtype))
        check_values(one(folder / "l.npy")["samples"][0], labels, f"labels {dtype}")
    text = tome(folder / "l.npy").out
    assert "250: 1" in text and "histogram" in text and "5x12x13" in text.replace("×", "x"), text


def check_geometry(folder):
    affine = np.array([[-0.7, 0, 0, 10], [0, -0.8, 0, 20], [0, 0, 2.5, -30], [0, 0, 0, 1.0]])
    a = np.random.default_rng(2).integers(-1000, 2000, (9, 8, 7)).astype("i2")  # x, y, z
    nib.save(nib.Nifti1Image(a, affine), folder / "v.nii.gz")
    v = one(folder / "v.nii.gz")
    assert v["format"] == "nifti" and v["shape"] == [7, 8, 9] and v["placed"], v
    assert np.allclose(v["spacing"], [2.5, 0.8, 0.7]) and np.allclose(v["origin"], [-10, -20, -30]) and v["orientation"] == "SPL"
    assert np.allclose(v["direction"], [[0, 0, 1], [0, 1, 0], [1, 0, 0]]) and v["tilt"] == 0
    check_values(v["samples"][0], a, "nifti")
    head = one(folder / "v.nii.gz", "--headers")
    assert "samples" not in head and head["spacing"] == v["spacing"] and head["stored"] == "int16"
    scaled = nib.Nifti1Image(a, affine)
    scaled.header.set_slope_inter(0.5, -10)
    nib.save(scaled, folder / "s.nii")
    v = one(folder / "s.nii")
    want = nib.load(folder / "s.nii").get_fdata()
    assert v["dtype"] == "float32" and abs(v["samples"][0]["max"] - want.max()) < 0.01


def check_pictures(folder):
    rng = np.random.default_rng(3)
    rgba = rng.integers(0, 256, (9, 11, 4), dtype="u1")
    Image.fromarray(rgba).save(folder / "c.png")
    v = one(folder / "c.png")
    assert v["channels"] == 4 and v["shape"] == [1, 9, 11, 4] and v["alpha"] == "varies"
    for k in range(4):
        check_values(v["samples"][k], rgba[..., k], f"sample {k}")
    rgba[..., 3] = 255
    Image.fromarray(rgba).save(folder / "c.png")
    assert one(folder / "c.png")["alpha"] == "constant"
    p = Image.fromarray(rng.integers(0, 3, (9, 11), dtype="u1"), "P")
    p.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    p.save(folder / "p.png")
    v = one(folder / "p.png")
    assert v["palette"] >= 3 and [x["value"] for x in v["samples"][0]["values"]] == [0, 1, 2], v
    Image.fromarray(rgba[..., :3]).save(folder / "c.jpg")
    assert one(folder / "c.jpg").get("lossy") is True


def check_arrays(folder):
    with h5py.File(folder / "m.h5", "w") as f:
        f["b/label"] = np.eye(4, dtype="u1")
        f["a"] = np.arange(24.0).reshape(2, 3, 4)
        f["line"] = np.arange(3)
    found = volumes(folder / "m.h5")
    assert [v["name"] for v in found] == ["a", "b/label"] and found[0]["format"] == "hdf5"
    assert one(f"{folder}/m.h5:/a")["shape"] == [2, 3, 4]
    gone = one(f"{folder}/m.h5:/line", status=1)
    assert "a, b/label" in gone["fault"], gone


def check_faults(folder):
    (folder / "cut.nii").write_bytes((folder / "s.nii").read_bytes()[:900])
    (folder / "text.txt").write_text("hello")
    found = volumes(folder / "cut.nii", folder / "text.txt", folder / "absent.nii", folder / "v.nii.gz", status=1)
    assert [bool(v.get("fault")) for v in found] == [True, True, True, False], found
    assert found[0]["code"] == "damaged" and found[1]["code"] == "unsupported" and found[2]["code"] == "not-found"
    few = folder / "few"
    few.mkdir()
    shutil.copy(folder / "v.nii.gz", few / "10.nii.gz")
    shutil.copy(folder / "v.nii.gz", few / "9.nii.gz")
    (few / "notes.txt").write_text("not an image")
    assert [Path(v["path"]).name for v in volumes(few)] == ["9.nii.gz", "10.nii.gz"]  # a text beside images is no fault
    assert "fault" in tome(folder / "absent.nii").out and tome(folder / "absent.nii").status == 1
    assert tome().status == 2


def check_real():
    v = one(DATA / "ct-tilt-uneven", status=1)
    assert v["code"] == "geometry" and "mm" in v["fault"] and v["files"] == 28, v
    for path in (DATA / "lits" / "volume-0.nii.gz", DATA / "lits" / "segmentation-0.nii.gz"):
        v, want = one(path), np.asarray(nib.load(path).dataobj)
        assert v["samples"][0]["min"] == want.min() and v["samples"][0]["max"] == want.max()
        if "segmentation" in path.name:
            kinds, counts = np.unique(want, return_counts=True)
            assert [(x["value"], x["count"]) for x in v["samples"][0]["values"]] == list(zip(kinds, counts))
    drawings = [v for v in volumes(DATA / "dicom-seg" / "liver.dcm") if v.get("modality") == "SEG"]
    assert drawings and any("liver" in n.lower() for n in drawings[0]["notes"]), drawings


def main():
    folder = Path(tempfile.mkdtemp(prefix="tome-info-"))
    try:
        for check in (check_types, check_geometry, check_pictures, check_arrays, check_faults):
            check(folder)
    finally:
        shutil.rmtree(folder)
    if not DATA.is_dir():
        print("made files only: TOME_DATA is absent")
        return SKIPPED
    check_real()
    return 0


if __name__ == "__main__":
    sys.exit(main())
