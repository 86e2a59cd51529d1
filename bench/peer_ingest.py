"""The scripts people write today, timed without interpreter start and imports: load, to HU, save chunked HDF5 with gzip 4, statistics.

    peer_ingest.py dicom FOLDER OUT.h5      pydicom + h5py + NumPy
    peer_ingest.py nifti FILE.nii.gz OUT.h5 nibabel + h5py + NumPy

Prints the seconds it took.
"""
import sys
import time
from pathlib import Path

import h5py
import nibabel
import numpy
import pydicom


def load_dicom(folder):
    slices = [pydicom.dcmread(p) for p in Path(folder).iterdir()]
    slices.sort(key=lambda s: float(s.ImagePositionPatient[2]))
    volume = numpy.empty((len(slices), slices[0].Rows, slices[0].Columns), numpy.int16)
    for z, s in enumerate(slices):
        volume[z] = s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept)
    dy, dx = (float(v) for v in slices[0].PixelSpacing)
    dz = abs(float(slices[1].ImagePositionPatient[2]) - float(slices[0].ImagePositionPatient[2]))
    return volume, (dz, dy, dx)


def load_nifti(path):
    image = nibabel.load(path)
    volume = numpy.asarray(image.dataobj).astype(numpy.int16, copy=False).T
    return numpy.ascontiguousarray(volume), tuple(float(v) for v in image.header.get_zooms()[:3])[::-1]


def statistics(volume):
    return {
        "min": int(volume.min()), "max": int(volume.max()), "mean": float(volume.mean()), "std": float(volume.std()),
        "percentiles": numpy.percentile(volume, [0.5, 5, 25, 50, 75, 95, 99.5]).tolist(),
        "histogram": numpy.bincount((volume.ravel() + 32768).astype(numpy.uint16), minlength=65536),
    }


def main():
    kind, source, out = sys.argv[1:]
    start = time.perf_counter()
    volume, spacing = load_dicom(source) if kind == "dicom" else load_nifti(source)
    with h5py.File(out, "w") as f:
        d = f.create_dataset("image", data=volume, chunks=(16, 64, 64), compression="gzip", compression_opts=4, shuffle=True,
                             fletcher32=True)
        d.attrs["spacing"] = spacing
        for name, value in statistics(volume).items():
            d.attrs.create(name, value) if name != "histogram" else f.create_dataset("histogram", data=value)
    print(time.perf_counter() - start)


main()
