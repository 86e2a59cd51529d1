"""One patch of 128³ of `resample to 1 mm, cubic; window; z-score` at random places: ours out of the store, the peers out of what people have instead of one.

    peers_patch.py LIBTOME STORE CASE VOLUME.nii.gz VOLUME.npy ROUNDS BOXES

SimpleITK loads the .nii.gz and resamples the patch's region, cut out with a margin first (which is faster than handing it the whole volume); scipy takes the same
padded box from an uncompressed .npy through mmap. Window and z-score are NumPy's, with the mean and the deviation known beforehand, untimed. Ours opens the result, reads the
box and closes it: no chunk is remembered. Runs under a Python that has SimpleITK and scipy. One JSON line a peer, as reads.py."""
import os
import sys

import numpy as np
import SimpleITK as sitk
from scipy import ndimage as ndi

from libtome import Recipe
from reads import PATCH, alternate, boxes

LEVEL, WIDTH, THREADS = 40, 400, 2
MARGIN = 12  # voxels beyond the patch: a cubic spline's filter has died away to 1e-6 there
STEPS = ["resample:spacing=1,order=3,as=float32", f"window:level={LEVEL},width={WIDTH}", "normalise:zscore"]


def windowed(v):
    return np.clip((v - np.float32(LEVEL - WIDTH / 2)) / np.float32(WIDTH), 0, 1)


class Peers:
    def __init__(self, nifti, array, spacing):
        self.nifti, self.array, self.spacing = nifti, array, spacing
        volume = np.load(array, mmap_mode="r")
        self.shape = volume.shape
        n, mean, square = volume.size, 0.0, 0.0
        for plane in volume:  # of the windowed volume, a slice at a time
            w = windowed(plane.astype(np.float32)).astype(float)
            mean, square = mean + w.sum() / n, square + (w * w).sum() / n
        self.mean, self.std = np.float32(mean), np.float32(np.sqrt(square - mean * mean))

    def finish(self, v):
        return (windowed(v) - self.mean) / self.std

    def padded(self, place):
        """The stored voxels that the patch depends on, by axis: first, end."""
        for s, d, n in zip(place, self.spacing, self.shape):
            yield max(int(s.start / d) - MARGIN, 0), min(int((s.stop - 1) / d) + 2 + MARGIN, n)

    def by_sitk(self, place):
        image = sitk.ReadImage(self.nifti)
        image.SetSpacing(self.spacing[::-1])
        first, end = zip(*self.padded(place))
        part = sitk.RegionOfInterest(image, [e - f for f, e in zip(first, end)][::-1], list(first[::-1]))
        origin = image.TransformContinuousIndexToPhysicalPoint([s.start / d for s, d in zip(place, self.spacing)][::-1])
        out = sitk.Resample(part, [s.stop - s.start for s in place][::-1], sitk.Transform(), sitk.sitkBSpline, origin, (1, 1, 1),
                            image.GetDirection(), -1024, sitk.sitkFloat32)
        return self.finish(sitk.GetArrayViewFromImage(out))

    def by_scipy(self, place):
        volume, ends = np.load(self.array, mmap_mode="r"), list(self.padded(place))
        part = volume[tuple(slice(f, e) for f, e in ends)].astype(np.float32)
        scale = [1 / d for d in self.spacing]
        offset = [s.start / d - f for s, d, (f, _) in zip(place, self.spacing, ends)]
        out = ndi.affine_transform(part, scale, offset, [s.stop - s.start for s in place], np.float32, 3, "mirror")
        return self.finish(out)


def main():
    library, store, case, nifti, array, rounds, count = sys.argv[1:]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(THREADS)
    recipe = Recipe(library, store, case, STEPS)
    peers = Peers(nifti, array, recipe.spacing())  # a NIfTI file says it twice, as lengths and in its matrix, and readers differ in the last digits
    shape = [int(np.round(n * d)) for n, d in zip(peers.shape, peers.spacing)]
    for name, peer, n in (("SimpleITK, from .nii.gz", peers.by_sitk, max(2, int(count) // 3)), ("scipy, from .npy", peers.by_scipy, int(count))):
        alternate(f"patch {PATCH}³ of a recipe", lambda p: recipe.patch(p, THREADS), {name: peer}, list(boxes(shape, PATCH, n)), int(rounds),
                  tolerance=1e-3)


main()
