#!/usr/bin/python3
"""NRRD, MetaImage, MINC, PAR/REC and .npz go into a store by layout and outright, and come out as NRRD and MetaImage: voxels and places as files made by hand
have them.

    volumes.py TOME
"""
import sys
import tempfile
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "unit" / "format"))
from scanners_make import dimensions, minc1, minc2, par  # noqa: E402
from tomelib import Checks, Store, ras_affine  # noqa: E402
from volumes_make import (encode, meta_affine, meta_header, nrrd_affine, nrrd_header, read_meta, read_nrrd, vector,  # noqa: E402
                          write)

RNG = numpy.random.default_rng(7)
IMAGE = RNG.integers(-1000, 2000, (6, 7, 8)).astype("i2")
LABEL = (IMAGE > 500).astype("u1") + (IMAGE > 1500)


def place():
    """(columns, origin), LPS; and the same as an affine in RAS."""
    q, _ = numpy.linalg.qr(RNG.normal(size=(3, 3)))
    columns, origin = q * [0.7, 0.8, 2.5], RNG.uniform(-100, 100, 3)
    a = numpy.eye(4)
    a[:3, :3], a[:3, 3] = columns, origin
    return columns, origin, numpy.diag([-1, -1, 1, 1]) @ a


COLUMNS, ORIGIN, AFFINE = place()


def nrrd(path, a, type_name, encoding="gzip"):
    head = nrrd_header(a.shape[::-1], type_name, encoding, space="LPS", space_origin=vector(ORIGIN),
                       space_directions=" ".join(vector(c) for c in COLUMNS.T))
    return write(str(path), head, b"\n", encode(a, encoding))


def meta(path, a, type_name, encoding="zlib", data=None):
    spacing = numpy.linalg.norm(COLUMNS, axis=0)
    head = meta_header(a.shape[::-1], type_name, data or "LOCAL", CompressedData=encoding == "zlib",
                       TransformMatrix=" ".join(repr(float(v)) for v in (COLUMNS / spacing).T.flat),
                       Offset=" ".join(repr(float(v)) for v in ORIGIN), ElementSpacing=" ".join(repr(float(v)) for v in spacing))
    if data:
        write(str(Path(path).parent / data), encode(a, encoding))
    return write(str(path), head, b"" if data else encode(a, encoding))


def holds(c, s, id_, label=None, affine=AFFINE):
    with s.case(id_) as f:
        c.voxels(f["image"][...], IMAGE, f"{id_}: image")
        c.that(numpy.allclose(ras_affine(f["image"]), affine, atol=1e-9), f"{id_}: {ras_affine(f['image'])} is not {affine}")
        if label:
            c.voxels(f["labels"][label][...], LABEL, f"{id_}: {label}")


def by_layout(c, program, folder):
    nrrd(folder / "images" / "case1.nrrd", IMAGE, "short")
    nrrd(folder / "labels" / "case1.seg.nrrd", LABEL, "uchar")
    meta(folder / "images" / "case2.mhd", IMAGE, "MET_SHORT", data="case2.zraw")
    meta(folder / "labels" / "case2.mha", LABEL, "MET_UCHAR")
    nrrd(folder / "flat" / "case3.nrrd", IMAGE, "short", "raw")
    meta(folder / "flat" / "case3_liver_mask.mha", LABEL, "MET_UCHAR")
    s = Store(program)
    done = s.ingest(folder)
    c.equal((done.status, s.ids()), (0, ["case1", "case2", "case3"]), f"ingest by layout: {done.out} {done.err}")
    holds(c, s, "case1", "label")
    holds(c, s, "case2", "label")
    holds(c, s, "case3", "liver")
    sources = s.query("SELECT path FROM sources WHERE case_id = 'case2' AND path LIKE '%zraw'")
    c.equal(len(sources), 1, "detached voxels are a source")
    s.close()


def outright(c, program, folder):
    s = Store(program)
    names = ("zspace", "yspace", "xspace")
    dims = dimensions(RNG, names)
    turned = numpy.eye(4)
    for i, n in enumerate(names[::-1]):
        turned[:3, i] = numpy.array(dims[n]["direction_cosines"]) * dims[n]["step"]
        turned[:3, 3] += numpy.array(dims[n]["direction_cosines"]) * dims[n]["start"]
    span = (float(IMAGE.min()), float(IMAGE.max()))
    for name, make in (("one", minc1), ("two", minc2)):
        path = make(str(folder / f"{name}.mnc"), IMAGE, names, dims, span, span)
        c.equal(s.ingest("--image", path).status, 0, name)
        holds(c, s, name, affine=turned)
    numpy.savez(folder / "both.npz", image=IMAGE, label=LABEL)
    done = s.ingest("--image", f"{folder}/both.npz:image", "--label", f"seg={folder}/both.npz:label", "--spacing", "2,1,1")
    c.equal(done.status, 0, f"npz: {done.out} {done.err}")
    holds(c, s, "both", "seg", numpy.diag([-1, -1, 2, 1]))
    numpy.savez_compressed(folder / "plain.npz", mask=LABEL, other=IMAGE * 2, image=IMAGE)
    done = s.ingest("--image", folder / "plain.npz", "--label", f"seg={folder}/plain.npz", "--spacing", "2,1,1")
    c.equal(done.status, 0, f"npz without names: {done.out} {done.err}")
    holds(c, s, "plain", "seg", numpy.diag([-1, -1, 2, 1]))
    refused = s.ingest("--image", f"{folder}/both.npz:liver", "--spacing", "1,1,1", "--id", "x")
    c.that(refused.status != 0 and "there are image, label" in refused.out + refused.err, f"{refused.out} {refused.err}")
    stored = (IMAGE + 1000).astype("u2").reshape(1, 1, *IMAGE.shape)
    path = par(str(folder / "scan.PAR"), stored, scales=numpy.full((1, 1, 6, 2), (1.0, -1000.0)), centres=[(0, (k - 2.5) * 3.5, 0) for k in range(6)])
    done = s.ingest("--image", path)
    c.equal(done.status, 0, f"PAR/REC: {done.out} {done.err}")
    with s.case("scan") as f:
        c.voxels(f["image"][...], IMAGE, "PAR/REC")
    s.close()


def out(c, program, folder):
    s = Store(program)
    c.equal(s.ingest("--image", nrrd(folder / "a.nrrd", IMAGE, "short")).status, 0, "ingest")
    for name, read, affine in (("b.nrrd", read_nrrd, nrrd_affine), ("b.mha", read_meta, meta_affine)):
        done = s.tome("get", s.path, "a", "-o", folder / name)
        c.equal(done.status, 0, f"{name}: {done.err}")
        fields, back = read(str(folder / name))
        c.voxels(back, IMAGE, name)
        c.that(numpy.allclose(affine(fields), AFFINE, atol=1e-9), f"{name}: {affine(fields)}")
    s.close()


def main():
    c = Checks()
    for test in (by_layout, outright, out):
        with tempfile.TemporaryDirectory(prefix="tome-volumes-") as folder:
            test(c, sys.argv[1], Path(folder))
    sys.exit(c.done())


main()
