"""What waits for the disk, counted by strace: converting, archives and patches do not, unless --sync is given; what goes into a store always does. And batches: {n} counts inputs
in the order of their numbers. And a disk that takes no more leaves nothing behind, though nobody has waited for it."""
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image

PROGRAM = sys.argv[1]
WAITS = "fsync,fdatasync,syncfs,sync,sync_file_range,msync"


def waits(*args):
    """How often the program asked for the disk, by call."""
    with tempfile.NamedTemporaryFile() as log:
        done = subprocess.run(["strace", "-f", "-qq", "-e", f"trace={WAITS}", "-o", log.name, PROGRAM, *map(str, args)],
                              capture_output=True, text=True, timeout=300, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # which traces too
        assert done.returncode == 0, (args, done.stderr)
        return re.findall(r"\b(\w+)\(", log.read().decode())


def can_trace():
    if not shutil.which("strace"):
        return False
    return subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


def check_waiting(folder):
    pictures = folder / "pictures"
    for what in (["convert", pictures, f"{folder}/npy/", "--to", "npy"], ["convert", pictures / "a1.png", folder / "one.npy"],
                 ["convert", folder / "v.nii.gz", folder / "v.nrrd"], ["convert", folder / "v.nii.gz", f"{folder}/series_dicom/"],
                 ["archive", "stack", pictures, folder / "stack.h5"]):
        assert waits(*what) == [], what
        assert waits(*what, "--force", "--sync"), what
    assert waits("convert", pictures, f"{folder}/again/", "--to", "npy", "--sync") == ["syncfs"]  # once for all of them
    store = folder / "s.tome"
    subprocess.run([PROGRAM, "init", store], check=True, capture_output=True)
    taken = waits("ingest", store, "--image", folder / "v.nii.gz", "--id", "v")
    assert taken.count("fsync") >= 2, taken  # the case file and its folder
    assert waits("get", store, "v", "-o", folder / "got.nii.gz") == []
    assert waits("get", store, "v", "-o", folder / "got.h5") == []


def little_room():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))


def check_full(folder):
    for what in (["convert", folder / "pictures", f"{folder}/full/", "--to", "npy"], ["convert", folder / "pictures", folder / "full/all.nrrd", "--uncompressed",
                 "--spacing", "1"], ["archive", "stack", folder / "pictures", folder / "full/a.h5"]):
        done = subprocess.run([PROGRAM, *map(str, what)], capture_output=True, text=True, preexec_fn=little_room)
        assert done.returncode == 1 and "File too large" in done.stderr, (what, done.returncode, done.stderr)
        assert not any((folder / "full").iterdir()), list((folder / "full").iterdir())


def check_batch(folder):
    out = folder / "numbered"
    done = subprocess.run([PROGRAM, "convert", folder / "pictures", out / "{n:02}_{name}.npy", "--jobs", "2"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in out.iterdir()) == [f"{i:02}_a{i + 1}.npy" for i in range(12)]
    for i in range(12):
        assert np.array_equal(np.load(out / f"{i:02}_a{i + 1}.npy"), picture(i + 1))


def picture(k):
    a = np.zeros((20, 33), "u1")
    a[k:, 3:9] = k
    return a


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    (folder / "pictures").mkdir()
    for k in range(1, 13):
        Image.fromarray(picture(k)).save(folder / "pictures" / f"a{k}.png")
    nibabel.save(nibabel.Nifti1Image(np.arange(4 * 5 * 6, dtype="i2").reshape(4, 5, 6), np.diag([1.0, 1.0, 2.0, 1.0])), folder / "v.nii.gz")
    check_batch(folder)
    check_full(folder)
    if not can_trace():
        print("skipped: no strace here, or it may not trace")
        sys.exit(77)
    check_waiting(folder)
