"""HDF5 files as h5py writes them, in every way of storage that Tome reads, with the array that each holds."""
import h5py
import numpy as np

DTYPES = ["u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">i4", "<u8", ">i8", "<f4", ">f4", "<f8", ">f8", "?"]


def values(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return rng.normal(0, 1000, shape).astype(kind)
    if kind.kind == "b":
        return rng.random(shape) < 0.5
    info = np.iinfo(kind)
    a = rng.integers(info.min, info.max, shape, dtype=kind.newbyteorder("="), endpoint=True).astype(kind)
    a.flat[::3] = 7  # something to compress
    return a


def storages():
    """name, keywords of create_dataset"""
    yield "contiguous", {}
    yield "chunked", {"chunks": True}
    for name, more in {
        "gzip": {"compression": "gzip"},
        "gzip9shuffle": {"compression": "gzip", "compression_opts": 9, "shuffle": True},
        "lzf": {"compression": "lzf"},
        "lzfshuffle": {"compression": "lzf", "shuffle": True},
        "fletcher": {"fletcher32": True},
        "all": {"compression": "gzip", "shuffle": True, "fletcher32": True},
        "szip": {"compression": "szip"},
        "szipec": {"compression": "szip", "compression_opts": ("ec", 16), "shuffle": True, "fletcher32": True},
        "bits": {"scaleoffset": True},
        "bitsgzip": {"scaleoffset": True, "shuffle": True, "compression": "gzip"},
        "bitslzf": {"scaleoffset": True, "compression": "lzf"},
        "bzip2": {"compression": 307, "shuffle": True, "fletcher32": True},
    }.items():
        yield name, {"chunks": (2, 5, 4), **more}
    yield "grows", {"chunks": (2, 5, 4), "maxshape": (None, 40, 40), "compression": "gzip"}
    yield "growsx", {"chunks": (2, 5, 4), "maxshape": (40, 40, None)}
    yield "grows2", {"chunks": (2, 5, 4), "maxshape": (None, None, 40), "shuffle": True}
    yield "bounded", {"chunks": (2, 5, 4), "maxshape": (50, 60, 70)}
    yield "single", {"chunks": (7, 12, 9), "compression": "gzip"}
    yield "singleplain", {"chunks": (7, 12, 9)}


def compact(group, name, array):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple(array.shape)
    d = h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(array.dtype, logical=True), space, plist)
    h5py.Dataset(d)[...] = array


def cases(folder, libver):
    """Yields (path, name in it, array)."""
    for name, how in storages():
        for dtype in DTYPES if name in ("contiguous", "all", "szip", "bits") else ["<i2", ">f4"]:
            path = folder / f"{libver}-{name}-{np.dtype(dtype).name}{'-be' if dtype[0] == '>' else ''}.h5"
            a = values((7, 12, 9), dtype)
            if "scaleoffset" in how:
                if dtype == "?":
                    continue
                how = {**how, "scaleoffset": 3 if a.dtype.kind == "f" else 0}
            with h5py.File(path, "w", libver=libver) as f:
                f.create_dataset("deep/er/image", data=a, **how)
                a = f["deep/er/image"][...]  # scale-offset rounds reals
            yield path, "deep/er/image", a
    shapes = {"2d": (30, 40), "3d": (4, 30, 40), "rgb": (4, 30, 40, 3), "one": (4, 30, 40, 1)}
    for name, shape in shapes.items():
        path = folder / f"{libver}-{name}.hdf5"
        a = values(shape, "u1")
        with h5py.File(path, "w", libver=libver) as f:
            f["image"] = a
        yield path, "image", a
    path = folder / f"{libver}-compact.h5"
    a = values((3, 4, 5), "<i4")
    with h5py.File(path, "w", libver=libver) as f:
        compact(f, "image", a)
    yield path, "image", a
    path = folder / f"{libver}-fill.h5"
    with h5py.File(path, "w", libver=libver) as f:
        d = f.create_dataset("image", (9, 10, 11), ">i2", chunks=(2, 3, 4), fillvalue=-1024, compression="gzip")
        d[4:6, 2:9, 3:5] = 77
        a = d[...]
    yield path, "image", a
    path = folder / f"{libver}-never.h5"
    with h5py.File(path, "w", libver=libver) as f:
        f.create_dataset("image", (9, 10, 11), "<f4", fillvalue=2.5)
    yield path, "image", np.full((9, 10, 11), 2.5, "<f4")
    # scale-offset beside a fill value, which is kept as all ones; edges of chunks; few bits
    for dtype in ("u1", "<i2", ">i2", "<i8", "<f4", ">f8"):
        for fill in (None, 5):
            for digits in (0, 4):
                path = folder / f"{libver}-bits-{np.dtype(dtype).name}{'-be' if dtype[0] == '>' else ''}-{fill}-{digits}.h5"
                with h5py.File(path, "w", libver=libver) as f:
                    d = f.create_dataset("image", (9, 10, 11), dtype, chunks=(2, 3, 4), scaleoffset=digits, fillvalue=fill)
                    d[:5] = np.random.default_rng(3).integers(0, 13, (5, 10, 11)).astype(dtype)
                    a = d[...]
                yield path, "image", a
    path = folder / f"{libver}-half.h5"
    a = np.arange(65536, dtype="u2").view("f2").reshape(4, 128, 128)
    with h5py.File(path, "w", libver=libver) as f:
        f.create_dataset("image", data=a.astype(">f2"), chunks=(3, 100, 64), compression="gzip", shuffle=True)
    yield path, "image", a.astype("f4")
    for block in (512, 1024, 2048):
        path = folder / f"{libver}-user{block}.mat"
        a = values((5, 6, 7), "<f8")
        with h5py.File(path, "w", libver=libver, userblock_size=block) as f:
            f.create_dataset("image", data=a, chunks=(2, 3, 4), compression="gzip")
        with open(path, "r+b") as f:
            f.write(b"MATLAB 7.3 MAT-file")
        yield path, "image", a
    # many chunks: pages of indexes, trees of several levels
    for name, how in {
        "paged": {"chunks": (1, 2)},
        "pagedgzip": {"chunks": (1, 2), "compression": "gzip"},
        "pagedgrows": {"chunks": (1, 2), "maxshape": (None, 4)},
        "pagedgrows2": {"chunks": (1, 2), "maxshape": (None, None)},
    }.items():
        path = folder / f"{libver}-{name}.h5"
        a = values((3000, 4), "<u2")
        with h5py.File(path, "w", libver=libver) as f:
            f.create_dataset("image", data=a, **how)
        yield path, "image", a
    # many members and many attributes: what outgrows a header
    for order in (False, True):
        path = folder / f"{libver}-many-{order}.h5"
        with h5py.File(path, "w", libver=libver, track_order=order) as f:
            for i in range(300):
                f[f"case {i}/image"] = np.full((2, 3), i, "<u2")
            for i in range(40):
                f["case 123/image"].attrs[f"note {i}"] = np.arange(20.0)
        yield path, "case 123/image", np.full((2, 3), 123, "<u2")
        yield path, "case 299/image", np.full((2, 3), 299, "<u2")


def bit_planes(a):
    """Bitshuffle of a whole number of eights: bit 0 of all elements, bit 1 …"""
    bits = np.unpackbits(a.reshape(-1, 1).view("u1"), axis=1, bitorder="little")
    return np.packbits(bits.T, bitorder="little").tobytes()


def bitshuffle(a, block, pack):
    """The registered filter's chunk. `pack` None: no compression behind it."""
    flat = a.reshape(-1)
    eights = flat.size // 8 * 8
    body = b"" if pack is None else a.nbytes.to_bytes(8, "big") + (block * a.itemsize).to_bytes(4, "big")
    for at in range(0, eights, block):
        planes = bit_planes(flat[at:min(at + block, eights)])
        packed = planes if pack is None else pack(planes)
        body += packed if pack is None else len(packed).to_bytes(4, "big") + packed
    return body + flat[eights:].tobytes()


def registered(folder):
    """Filters that h5py has not, applied here by numcodecs (or in NumPy), one chunk a slice: (path, name, array)."""
    import numcodecs

    lz4 = lambda b: bytes(numcodecs.LZ4().encode(b))[4:]  # without its own length
    zstd = lambda b: bytes(numcodecs.Zstd(5).encode(b))
    for dtype in ("u1", "<i2", ">i2", "<f4", "<f8"):
        a = values((3, 37, 29), dtype)
        ways = {"zstd": (32015, (5,), lambda c: zstd(c.tobytes())),
                "bits": (32008, (0, 4, a.itemsize, 0, 0), lambda c: bitshuffle(c, max(8192 // a.itemsize // 8 * 8, 128), None)),
                "bitslz4": (32008, (0, 4, a.itemsize, 64, 2), lambda c: bitshuffle(c, 64, lz4)),
                "bitszstd": (32008, (0, 4, a.itemsize, 128, 3, 5), lambda c: bitshuffle(c, 128, zstd))}
        for name in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
            for shuffle in (0, 1, 2):
                codec = numcodecs.Blosc(name, 5, shuffle)
                ways[f"blosc-{name}-{shuffle}"] = (32001, (2, 2, a.itemsize, a[0].nbytes, 5, shuffle, 0), lambda c, k=codec: bytes(k.encode(np.ascontiguousarray(c))))
        for name, (number, numbers, pack) in ways.items():
            path = folder / f"{name}-{np.dtype(dtype).name}{'-be' if dtype[0] == '>' else ''}.h5"
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plist.set_chunk((1, 37, 29))
            plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, numbers)
            with h5py.File(path, "w") as f:
                d = h5py.h5d.create(f.id, b"image", h5py.h5t.py_create(a.dtype), h5py.h5s.create_simple(a.shape), plist)
                for z in range(3):
                    d.write_direct_chunk((z, 0, 0), pack(a[z]))
            yield path, "image", a
