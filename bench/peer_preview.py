"""What people do today for a look at a case: nibabel reads it, matplotlib draws twelve slices and two reformatted ones with outlines.

    peer_preview.py IMAGE LABEL OUT.png
"""
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import nibabel
import numpy

image, label, out = sys.argv[1:]
a, l = nibabel.load(image), nibabel.load(label)
spacing = a.header.get_zooms()
a, l = numpy.asanyarray(a.dataobj), numpy.asanyarray(l.dataobj)
zs = numpy.nonzero(l.any((0, 1)))[0]
figure, axes = plt.subplots(3, 5, figsize=(16, 10), dpi=100)
planes = [(a[:, :, z].T, l[:, :, z].T, spacing[1] / spacing[0]) for z in numpy.linspace(zs[0], zs[-1], 12).astype(int)]
planes.append((a[:, a.shape[1] // 2].T[::-1], l[:, a.shape[1] // 2].T[::-1], spacing[2] / spacing[0]))
planes.append((a[a.shape[0] // 2].T[::-1], l[a.shape[0] // 2].T[::-1], spacing[2] / spacing[1]))
for axis in axes.flat:
    axis.axis("off")
for axis, (gray, mask, aspect) in zip(axes.flat, planes):
    axis.imshow(gray, cmap="gray", vmin=-160, vmax=240, aspect=aspect)
    for value, colour in ((1, "tab:blue"), (2, "tab:orange")):
        if (mask == value).any():
            axis.contour(mask == value, [0.5], colors=colour, linewidths=1)
figure.tight_layout()
figure.savefig(out)
