"""What people write today to get from one format to another, as whole processes' work.

    peer_convert.py make FOLDER COUNT          inputs: COUNT PNG label maps of 512x512, {0, 1, 255}
    peer_convert.py png FOLDER OUT             PIL + NumPy, two processes: 255 becomes 0, one .npy each
    peer_convert.py nrrd IN.nii.gz OUT.nrrd    SimpleITK, gzip
    peer_convert.py same-npy A B               every .npy of both folders is equal
    peer_convert.py same-nifti A.nii.gz B.nii.gz
    peer_convert.py same-nrrd A.nrrd B.nrrd    (SimpleITK)

`png` and `nrrd` print the seconds without interpreter start and imports.
"""
import multiprocessing
import os
import sys
import time
from pathlib import Path

import numpy


def make(folder, count):
    """Blobs with a thin ignored border, as annotation tools save them."""
    from PIL import Image
    folder = Path(folder)
    folder.mkdir(parents=True)
    y, x = numpy.mgrid[:512, :512]
    for i in range(int(count)):
        rng = numpy.random.default_rng(i)
        label = numpy.zeros((512, 512), numpy.uint8)
        for _ in range(12):
            cy, cx, r = rng.integers(0, 512), rng.integers(0, 512), rng.integers(8, 60)
            d = (y - cy) ** 2 + (x - cx) ** 2 + 40 * numpy.sin(x / 5.0) * numpy.cos(y / 7.0) * rng.random()
            label[d < (r + 2) ** 2] = 255
            label[d < r ** 2] = 1
        Image.fromarray(label).save(folder / f"{i}.png")


def one(job):
    from PIL import Image
    source, target = job
    a = numpy.array(Image.open(source))
    a[a == 255] = 0
    numpy.save(target, a)


def png(folder, out):
    os.makedirs(out)
    jobs = [(p, Path(out) / (p.stem + ".npy")) for p in Path(folder).glob("*.png")]
    import PIL.Image  # noqa: F401 - before the clock, and inherited by the children
    with multiprocessing.Pool(2) as pool:
        start = time.perf_counter()
        pool.map(one, jobs, chunksize=16)
        print(time.perf_counter() - start)


def nrrd(source, out):
    import SimpleITK
    start = time.perf_counter()
    SimpleITK.WriteImage(SimpleITK.ReadImage(source), out, useCompression=True)
    print(time.perf_counter() - start)


def same_npy(a, b):
    names = sorted(p.name for p in Path(a).iterdir())
    assert names == sorted(p.name for p in Path(b).iterdir()) and names, "other files"
    for n in names:
        assert numpy.array_equal(numpy.load(Path(a) / n), numpy.load(Path(b) / n)), n


def same_nifti(a, b):
    """The same voxels at the same places; dcm2niix lists rows the other way up."""
    import nibabel
    a, b = (nibabel.as_closest_canonical(nibabel.load(p)) for p in (a, b))
    assert numpy.array_equal(numpy.asarray(a.dataobj), numpy.asarray(b.dataobj)), "voxels differ"
    assert numpy.allclose(a.affine, b.affine, atol=1e-3), (a.affine, b.affine)


def same_nrrd(a, b):
    import SimpleITK
    a, b = (SimpleITK.ReadImage(p) for p in (a, b))
    assert numpy.array_equal(SimpleITK.GetArrayViewFromImage(a), SimpleITK.GetArrayViewFromImage(b)), "voxels differ"
    assert numpy.allclose(a.GetOrigin() + a.GetSpacing() + a.GetDirection(), b.GetOrigin() + b.GetSpacing() + b.GetDirection(), atol=1e-4)


if __name__ == "__main__":
    {"make": make, "png": png, "nrrd": nrrd, "same-npy": same_npy, "same-nifti": same_nifti, "same-nrrd": same_nrrd}[sys.argv[1]](*sys.argv[2:])
