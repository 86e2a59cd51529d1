"""The page that people make with a script: for each case a matplotlib picture of one slice with the label's contour, and a row of numbers; plots of the
whole. The peer of `tome report` in bench/run.py.

    peer_report.py FOLDER OUT.html            reads volume-N.nii.gz and segmentation-N.nii.gz by nibabel, and measures them
    peer_report.py --store STORE OUT.html     takes numbers and slices from Tome's own store, by sqlite3 and h5py: what is left is the drawing

Prints the seconds it took, interpreter and imports left out. Needs numpy, nibabel, h5py, matplotlib.
"""
import base64
import html
import io
import sqlite3
import sys
import time
from pathlib import Path

import h5py
import matplotlib
import nibabel
import numpy

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402


def data_uri(figure):
    out = io.BytesIO()
    figure.savefig(out, format="png")
    pyplot.close(figure)
    return f'<img src="data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}">'


def picture(image, label):
    figure = pyplot.figure(figsize=(1.6, 1.6), dpi=100)
    axes = figure.add_axes([0, 0, 1, 1])
    axes.imshow(image, cmap="gray", vmin=-160, vmax=240)
    for value, colour in ((1, "orange"), (2, "skyblue")):
        if (label == value).any():
            axes.contour(label == value, [0.5], colors=colour, linewidths=1)
    axes.axis("off")
    return data_uri(figure)


def from_files(folder):
    for path in sorted(folder.glob("volume-*.nii.gz")):
        image = nibabel.load(path)
        label = nibabel.load(path.with_name(path.name.replace("volume", "segmentation")))
        voxels, mask = numpy.asarray(image.dataobj), numpy.asarray(label.dataobj)
        spacing = numpy.array(image.header.get_zooms()[:3], float)
        ml = [float((mask == v).sum() * spacing.prod() / 1000) for v in (1, 2)]
        at = int(numpy.argmax((mask > 0).sum((0, 1))))
        yield path.name, voxels.shape, spacing, numpy.percentile(voxels, [0.5, 50, 99.5]), ml, voxels[:, :, at].T, mask[:, :, at].T


def from_store(store):
    db = sqlite3.connect(f"file:{store / 'index.sqlite'}?mode=ro", uri=True)
    rows = db.execute("SELECT id, shape_z, shape_y, shape_x, spacing_z, spacing_y, spacing_x, hu_p005, hu_p50, hu_p995, liver_ml, tumor_ml, tumor_z_first, tumor_z_last FROM cases")
    for r in rows.fetchall():
        with h5py.File(store / "cases" / f"{r[0]}.h5", "r") as f:
            at = (r[12] + r[13]) // 2
            yield r[0], r[1:4], r[4:7], r[7:10], r[10:12], f["image"][at], f["labels/segmentation"][at]


def plots(rows):
    for title, values in (("shape", [r[1] for r in rows]), ("spacing", [r[2] for r in rows]), ("percentiles", [r[3] for r in rows]), ("ml", [r[4] for r in rows])):
        figure, axes = pyplot.subplots(figsize=(4, 2))
        axes.hist(numpy.asarray(values, float), bins=30)
        axes.set_title(title)
        yield data_uri(figure)


def main(words):
    cases = from_store(Path(words[1])) if words[0] == "--store" else from_files(Path(words[0]))
    start = time.perf_counter()
    rows, table = [], []
    for name, shape, spacing, hu, ml, image, label in cases:
        rows.append((name, shape, spacing, hu, ml))
        numbers = "".join(f"<td>{v:.4g}</td>" for v in (*shape, *spacing, *hu, *ml))
        table.append(f"<tr><td>{picture(image, label)}</td><td>{html.escape(str(name))}</td>{numbers}</tr>")
    Path(words[-1]).write_text(f"<!DOCTYPE html><title>report</title>{''.join(plots(rows))}<table>{''.join(table)}</table>")
    print(len(rows), time.perf_counter() - start)


main(sys.argv[1:])
