"""MINC 1, MINC 2 and PAR/REC files made with SciPy's netCDF, h5py and by hand."""
import h5py
import numpy as np
from scipy.io import netcdf_file

NAMES = ("zspace", "yspace", "xspace")


def minc1(path, a, names, dims, valid=None, scales=None, sign=None):
    """dims: name → dict of attributes. scales: (min, max) arrays over the first axes."""
    with netcdf_file(path, "w", version=1) as f:
        for name, n in zip(names, a.shape):
            f.createDimension(name, n)
        for name, attributes in dims.items():
            v = f.createVariable(name, "i", ())
            for k, value in attributes.items():
                setattr(v, k, value)
        image = f.createVariable("image", "b" if a.dtype.itemsize == 1 else np.dtype(a.dtype.str.replace("u", "i")[1:]).char, names)
        image.signtype = sign or ("unsigned" if a.dtype.kind == "u" else "signed__")
        if valid is not None:
            image.valid_range = np.array(valid, "f8")
        image[:] = a.view(image.data.dtype.newbyteorder("=")) if a.dtype.kind in "ui" else a
        for name, values in zip(("image-min", "image-max"), scales or (None, None)):
            if values is not None:
                v = f.createVariable(name, "d", names[:np.ndim(values)])
                if np.ndim(values):
                    v[:] = values
                else:
                    v.assignValue(values)
    return path


def minc2(path, a, names, dims, valid=None, scales=None, **storage):
    with h5py.File(path, "w") as f:
        for name, attributes in dims.items():
            d = f.create_dataset(f"minc-2.0/dimensions/{name}", data=np.int32(0))
            for k, value in attributes.items():
                d.attrs[k] = np.bytes_(value) if isinstance(value, (bytes, str)) else value
        image = f.create_dataset("minc-2.0/image/0/image", data=a, **storage)
        image.attrs["dimorder"] = np.bytes_(",".join(names))
        if valid is not None:
            image.attrs["valid_range"] = np.array(valid, "f8")
        for name, values in zip(("image-min", "image-max"), scales or (None, None)):
            if values is not None:
                d = f.create_dataset(f"minc-2.0/image/0/{name}", data=np.asarray(values, "f8"))
                d.attrs["dimorder"] = np.bytes_(",".join(names[:np.ndim(values)]))
    return path


def dimensions(rng, names):
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    out = {}
    for i, name in enumerate(sorted(n for n in names if n.endswith("space"))):
        out[name] = {"spacing": b"regular__", "step": float(rng.uniform(0.5, 4) * rng.choice([-1, 1])),
                     "start": float(rng.uniform(-200, 200)), "direction_cosines": q[:, i].copy()}
    for name in names:
        out.setdefault(name, {"spacing": b"regular__", "step": 1.0, "start": 0.0})
    return out


PAR_TOP = """# === DATA DESCRIPTION FILE ======================================================
#
# CLINICAL TRYOUT             Research image export tool     {version}
#
# === GENERAL INFORMATION ========================================================
#
.    Patient name                       :   nobody
.    Max. number of cardiac phases      :   1
.    Max. number of echoes              :   {echoes}
.    Max. number of slices/locations    :   {slices}
.    Max. number of dynamics            :   {dynamics}
.    Patient position                   :   Head First Supine
.    Repetition time [ms]               :   2000.000
.    Angulation midslice(ap,fh,rl)[degr]:   {ang[0]}  {ang[1]}  {ang[2]}
.    Off Centre midslice(ap,fh,rl) [mm] :   {off[0]}  {off[1]}  {off[2]}
.    Dynamic scan      <0=no 1=yes> ?   :   1
.    Diffusion         <0=no 1=yes> ?   :   0
#
"""


def par(path, a, version="V4.2", orientation=1, ang=(0, 0, 0), off=(0, 0, 0), centres=None, scales=None, order=None):
    """a: (echo, dynamic, slice, y, x), of 8 or 16 bits. centres: AP, FH, RL of each slice. order: of the lines."""
    echoes, dynamics, slices, ny, nx = a.shape
    lines = []
    for e in range(echoes):
        for d in range(dynamics):
            for s in range(slices):
                rs, ri = scales[e, d, s] if scales is not None else (1.25, -3.0)
                c = centres[s] if centres is not None else off
                line = (f"  {s + 1} {e + 1} {d + 1} 1 0 2 {len(lines)} {8 * a.itemsize} 80 {nx} {ny} {ri!r} {rs!r} 4.5e-003 1070 1860 "
                        f"{ang[0]} {ang[1]} {ang[2]} {c[0]} {c[1]} {c[2]} 3.0 0.5 0 {orientation} 0 2 0.75 0.8 30.0 0.0 0.0 0.0 0 90.0 "
                        "0 0 0 39 0.0")
                lines.append(line + {"V4": "", "V4.1": " 1 1 8 0 0 0 0", "V4.2": " 1 1 8 0 0 0 0 1"}[version])
    heap = a.reshape(-1, ny, nx)
    if order is not None:  # the table and the heap together, as nibabel takes the index to be the line
        lines = [lines[i].split() for i in order]
        lines = ["  " + " ".join(w[:6] + [str(k)] + w[7:]) for k, w in enumerate(lines)]
        heap = heap[order]
    with open(path, "w") as f:
        f.write(PAR_TOP.format(version=version, echoes=echoes, slices=slices, dynamics=dynamics, ang=ang, off=off))
        f.write("\n" + "\n".join(lines) + "\n\n# === END ===\n")
    heap.astype(a.dtype.newbyteorder("<")).tofile(path[:-4] + ".REC")
    return path
