#!/usr/bin/python3
"""tome convert writes while it still reads: the same bytes with two jobs as with one, which does not; and a file that turns out to be damaged only at its end leaves
nothing behind. NumPy and gzip make the inputs.

    convert_flow.py TOME
"""
import gzip
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy

from tomelib import Checks

OUTPUTS = [("o.nrrd",), ("o.nhdr",), ("o.nii.gz",), ("o.nii",), ("o.mha",), ("o.mha", "--level", "1"), ("o.mhd", "--level", "6"), ("o.nii.gz", "--level", "1"),
           ("o.nrrd", "--level", "6"), ("o.hdr",)]


# From a small process: a child's peak counts its parent's pages.
PEAK = "import resource, subprocess, sys; s = subprocess.run(sys.argv[1:]).returncode; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(s)"


def make(folder):
    """7 MB of voxels: several parts, the last one short. Of two types, one of them in the other order of bytes."""
    rng = numpy.random.default_rng(5)
    noise = (rng.normal(size=(27, 401, 333)) * 60).astype("<i2")
    for name, kind in (("little", "<i2"), ("big", ">i2")):
        image = nibabel.Nifti1Image(noise.T, numpy.diag([0.7, 0.8, 2.5, 1]))
        header = image.header if kind == "<i2" else image.header.as_byteswapped(">")
        header.set_data_dtype(kind)
        nibabel.save(nibabel.Nifti1Image(noise.T.astype(kind), image.affine, header), folder / f"{name}.nii.gz")
    (folder / "plain.nii").write_bytes(gzip.decompress((folder / "little.nii.gz").read_bytes()))
    return noise


def convert(program, folder, source, out, *words):
    return subprocess.run([program, "convert", source, out, *words], cwd=folder, capture_output=True, text=True, timeout=120)


def bytes_of(folder, name):
    """Those of all files that it was written into."""
    stem = name.split(".")[0]
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name.split(".")[0] == stem}


def same_bytes(c, program, folder):
    for source in ("little.nii.gz", "big.nii.gz", "plain.nii"):
        for out, *words in OUTPUTS:
            made = []
            for jobs in "12":
                done = convert(program, folder, source, out, "--jobs", jobs, *words)
                c.equal(done.returncode, 0, f"{source} {out} {words} jobs {jobs}: {done.stderr[:300]}")
                made.append(bytes_of(folder, out))
                for name in made[-1]:
                    (folder / name).unlink()
            c.that(made[0] and made[0] == made[1], f"{source} {out} {words}: other bytes with two jobs")


def voxels(c, program, folder, noise):
    """Not only alike: right."""
    for source in ("little.nii.gz", "big.nii.gz"):
        convert(program, folder, source, "v.nii.gz", "--jobs", "2", "--force")
        c.that(numpy.array_equal(numpy.asarray(nibabel.load(folder / "v.nii.gz").dataobj).T, noise), f"{source}: voxels")
    (folder / "v.nii.gz").unlink()


def damaged(folder):
    whole = (folder / "little.nii.gz").read_bytes()
    for i in range(16):
        yield f"cut at {i}/16", whole[: len(whole) * i // 16 + (20 if not i else 0)]
    yield "cut in the checksum", whole[:-3]
    yield "another checksum", whole[:-8] + struct.pack("<I", struct.unpack("<I", whole[-8:-4])[0] ^ 1) + whole[-4:]
    yield "another length", whole[:-4] + bytes([whole[-4] ^ 1]) + whole[-3:]
    for i in range(1, 16):
        bad = bytearray(whole)
        for k in range(64):
            bad[len(whole) * i // 16 + k] ^= 0x5A
        yield f"damaged at {i}/16", bytes(bad)


def nothing_is_left(c, program, folder):
    for what, content in damaged(folder):
        (folder / "bad.nii.gz").write_bytes(content)
        before = sorted(p.name for p in folder.iterdir())
        said = []
        for jobs in "12":
            for out in ("o.nrrd", "o.mhd", "new/o.nii.gz"):
                done = convert(program, folder, "bad.nii.gz", out, "--jobs", jobs)
                c.that(done.returncode not in (0, 139, 134), f"{what} {out} jobs {jobs}: exit status {done.returncode}")
                c.equal(sorted(p.name for p in folder.iterdir()), before, f"{what} {out} jobs {jobs}: files")
                said.append(done.stderr)
        c.that("bad.nii.gz" in said[0] and len(set(said)) == 1, f"{what}: {set(said)}")
    (folder / "kept.nrrd").write_bytes(b"kept")
    convert(program, folder, "bad.nii.gz", "kept.nrrd", "--jobs", "2", "--force")
    c.equal((folder / "kept.nrrd").read_bytes(), b"kept", "what was there")


def little_memory(c, program, folder):
    """A volume far larger than what is held of it at a time: as with one job, and in less memory than its voxels take."""
    voxels = (numpy.arange(180 * 512 * 512, dtype=numpy.int64) * 7 % 4001).astype("<i2").reshape(180, 512, 512)
    nibabel.save(nibabel.Nifti1Image(voxels.T, numpy.eye(4)), folder / "large.nii.gz")
    for out in ("large.nrrd", "large.mha"):
        got = []
        for jobs in ("1", "2"):
            done = subprocess.run([sys.executable, "-c", PEAK, program, "convert", "large.nii.gz", out, "--force", "--quiet", "--jobs", jobs], cwd=folder, capture_output=True, text=True)
            c.equal(done.returncode, 0, f"{out}, {jobs} jobs: {done.stderr}")
            got.append((folder / out).read_bytes())
        c.that(got[0] == got[1], f"{out}: the same bytes")
        if os.cpu_count() > 1 and b"libasan" not in subprocess.run(["ldd", program], capture_output=True).stdout:
            c.that(int(done.stdout) * 1024 < voxels.nbytes, f"{out}: {done.stdout} KiB for {voxels.nbytes >> 10} KiB of voxels")
    c.that(gzip.decompress((folder / "large.nrrd").read_bytes().split(b"\n\n", 1)[1]) == voxels.tobytes(), "its voxels")


def main():
    c = Checks()
    with tempfile.TemporaryDirectory(prefix="tome-flow-") as name:
        folder = Path(name)
        noise = make(folder)
        same_bytes(c, sys.argv[1], folder)
        voxels(c, sys.argv[1], folder, noise)
        nothing_is_left(c, sys.argv[1], folder)
        little_memory(c, sys.argv[1], folder)
    return c.done()


if __name__ == "__main__":
    sys.exit(main())
