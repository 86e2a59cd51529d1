#!/usr/bin/python3
"""Steps against NumPy formulas, nibabel's reorientation and SciPy's resampling, on volumes of odd sizes."""
import argparse
import itertools
import sys

import nibabel
import numpy as np
from scipy import ndimage

from recipe import CT, Checks, Tool, affine

NAMES = [("segmentation", 1, "liver"), ("segmentation", 2, "tumor")]


def case(shape=(13, 29, 23), dtype="int16", seed=3):
    r = np.random.default_rng(seed)
    image = r.integers(-1024, 1500, shape).astype(dtype)
    label = np.zeros(shape, "uint8")
    z, y, x = (n // 4 for n in shape)
    label[z:3 * z, y:3 * y, x:3 * x] = 1
    label[z + 1:2 * z, y + 2:2 * y, x + 3:2 * x] = 2
    return image, label


def open_case(path, image, label, **more):
    return Tool(path, image, {"segmentation": label}, names=NAMES, **more)


def pointwise(path, check):
    for dtype in ("int16", "float32", "uint16", "uint8"):
        image, label = case(dtype="int16")
        image = image.astype(dtype) if dtype != "uint8" else (image % 256).astype("uint8")
        t = open_case(path, image, label)
        f = image.astype("float64")
        whole = dtype == "float32"
        got, facts = t.run("clip:-100,240")
        check.equal(f"{dtype} clip", got, np.clip(f, -100, 240))
        check.true(f"{dtype} clip keeps a type that holds the bounds",
                   facts["dtype"] == ("float32" if dtype in ("uint8", "uint16", "float32") else dtype))
        got, _ = t.run("clip:0,200.5")
        check.equal(f"{dtype} clip to a half", got, np.clip(f, 0, 200.5))
        got, _ = t.run("window:level=40,width=400")
        check.equal(f"{dtype} window", got, np.clip((f + 160) / 400, 0, 1), 1e-6)
        got, facts = t.run("window:lung,scale=uint8")
        check.equal(f"{dtype} lung window uint8", got, np.rint(np.clip((f + 1350) / 1500, 0, 1) * 255), 0 if not whole else 1)
        check.true("uint8", facts["dtype"] == "uint8")
        got, _ = t.run("window:liver,scale=none")
        check.equal(f"{dtype} liver window, clipped only", got, np.clip(f, -45, 105))
        for tissue, (width, level) in dict(abdomen=(400, 40), bone=(1800, 400), brain=(80, 40), lung=(1500, -600), mediastinum=(350, 50),
                                           liver=(150, 30), stroke=(40, 40), kidney=(383, 112.5), angio=(600, 300)).items():
            check.equal(f"{dtype} {tissue}", t.run(f"window:{tissue}")[0], np.clip((f - (level - width / 2)) / width, 0, 1), 1e-6)
        inside = f[label == 2]
        lo, hi = np.percentile(inside, [0.5, 99.5])
        got, _ = t.run("window:tumor")
        check.equal(f"{dtype} tumour window", got, np.clip((f - lo) / (hi - lo), 0, 1), 2e-6)
        got, _ = t.run("window:tumor,method=minmax")
        check.equal(f"{dtype} tumour window, min-max", got,
                    np.clip((f - inside.min()) / (inside.max() - inside.min()), 0, 1), 2e-6)
        liver = f[label == 1]
        lo, hi = np.percentile(liver, [0.5, 99.5])
        got, _ = t.run("window:label=liver")
        check.equal(f"{dtype} liver label window", got, np.clip((f - lo) / (hi - lo), 0, 1), 2e-6)
        got, _ = t.run("normalise:zscore")
        check.equal(f"{dtype} zscore", got, (f - f.mean()) / f.std(), 1e-5)
        got, _ = t.run("normalise:minmax")
        check.equal(f"{dtype} minmax", got, (f - f.min()) / (f.max() - f.min()), 1e-6)
        a, b = np.percentile(f, [0.5, 99.5])
        got, _ = t.run("normalise:percentile")
        check.equal(f"{dtype} percentile", got, np.clip((f - a) / (b - a), 0, 1), 2e-6)
        if dtype != "float32":  # other ranks of float volumes come from their histogram
            a, b = np.percentile(f, [3, 88])
            got, _ = t.run("normalise:percentile,lo=3,hi=88")
            check.equal(f"{dtype} percentile 3-88", got, np.clip((f - a) / (b - a), 0, 1), 2e-6)
        got, _ = t.run("normalise:zscore,over=liver")
        check.equal(f"{dtype} zscore over liver", got, (f - liver.mean()) / liver.std(), 1e-5)
        got, _ = t.run("normalise:mean=101,std=76.9")
        check.equal(f"{dtype} zscore by numbers", got, (f - 101) / 76.9, 1e-4)
        got, _ = t.run("clip:-79,304 normalise:mean=101,std=76.9,over=nonzero")
        k = np.clip(f, -79, 304)
        check.equal(f"{dtype} zscore by numbers, zeros apart", got, np.where(k == 0, 0, (k - 101) / 76.9), 1e-5)
        for steps, v in (("", f), ("clip:0,700 ", np.clip(f, 0, 700))):
            full = v[v != 0]
            got, _ = t.run(steps + "normalise:over=nonzero")
            check.equal(f"{dtype} {steps}zscore over nonzero", got, np.where(v != 0, (v - full.mean()) / full.std(), 0), 1e-5 if dtype != "float32" else 3e-3)
            got, _ = t.run(steps + "normalise:minmax,over=nonzero")
            lo, hi = full.min(), full.max()
            check.equal(f"{dtype} {steps}minmax over nonzero", got, np.where(v != 0, (v - lo) / (hi - lo), 0), 1e-5 if dtype != "float32" else 3e-3)
        if dtype != "float32":
            fg = f[label > 0]
            a, b = np.percentile(fg, [0.5, 99.5])
            got, _ = t.run("normalise:nnunet")
            check.equal(f"{dtype} nnunet", got, (np.clip(f, a, b) - fg.mean()) / fg.std(), 1e-5)
            # Statistics go through the steps before, exactly.
            w = np.clip((f + 160) / 400, 0, 1)
            got, _ = t.run("window:level=40,width=400 normalise:zscore")
            check.equal(f"{dtype} window, then zscore", got, (w - w.mean()) / w.std(), 1e-5)
            w8 = np.rint(w.astype("float32") * 255)
            got, _ = t.run("window:level=40,width=400,scale=uint8 normalise:zscore,over=liver")
            check.equal(f"{dtype} uint8 window, then zscore over liver", got,
                        (w8 - w8[label == 1].mean()) / w8[label == 1].std(), 1e-4)
        t.close()
    casts(path, check)


def casts(path, check):
    values = np.array([-1000.5, -0.5, 0.5, 1.5, 2.5, 254.5, 255.4, 300, 70000, np.nan], "float32").reshape(1, 2, 5)
    t = Tool(path, values)
    finite = np.nan_to_num(values, nan=0.0)
    for kind in ("uint8", "int8", "int16", "uint16"):
        i = np.iinfo(kind)
        got, facts = t.run(f"cast:{kind},outside=clip")
        check.equal(f"cast {kind}", got, np.clip(np.rint(finite.astype(float)), i.min, i.max))
        check.true("type", facts["dtype"] == kind)
        check.refused(f"cast {kind} of what does not fit", lambda k=kind: t.steps(f"cast:{k}"), "step 1: cast", kind, "outside=clip")
    got, _ = t.run("cast:int32,outside=clip")
    check.equal("cast int32", got, np.rint(finite.astype(float)))
    t.close()
    raw = np.array([-2000, -1024, 0, 24, 1024, 3000], "int16").reshape(1, 2, 3)
    t = Tool(path, raw)
    got, _ = t.run("hu:intercept=-1024,padding=-2000")
    check.equal("hu", got, np.where(raw <= -2000, -1024.0, raw.astype(float) - 1024))
    t.close()


def turns(path, check):
    oblique = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)) * 0.2 + np.eye(3))[0]
    for direction in (CT["direction"], ((0, 0, -1), (0, 1, 0), (-1, 0, 0)), tuple(map(tuple, oblique[::-1]))):
        g = dict(CT, direction=direction)
        image, label = case((5, 7, 6))
        t = open_case(path, image, label, geometry=g)
        lps = affine(g)[:, [2, 1, 0, 3]]  # columns x, y, z
        ras = np.diag([-1, -1, 1, 1]) @ lps
        nifti = nibabel.Nifti1Image(image.transpose(2, 1, 0), ras)
        for letters in itertools.permutations(("LR", "PA", "SI")):
            for code in itertools.product(*letters):
                code = "".join(code)
                have = nibabel.io_orientation(ras)
                want = nibabel.orientations.axcodes2ornt(code)
                turned = nifti.as_reoriented(nibabel.orientations.ornt_transform(have, want))
                got, facts = t.run(f"orient:{code}")
                check.equal(f"orient {code}", got, np.asarray(turned.dataobj).transpose(2, 1, 0))
                there = np.diag([-1, -1, 1, 1]) @ affine(facts)[:, [2, 1, 0, 3]]
                check.equal(f"orient {code}: affine", there, turned.affine, 1e-9)
        got, facts = t.run("orient:canonical")
        closest = nibabel.as_closest_canonical(nifti)
        check.equal("canonical", got, np.asarray(closest.dataobj).transpose(2, 1, 0))
        got, facts = t.run("flip:z,x")
        check.equal("flip", got, image[::-1, :, ::-1])
        for axes in itertools.permutations("zyx"):
            got, _ = t.run("transpose:" + ",".join(axes))
            check.equal(f"transpose {axes}", got, image.transpose(["zyx".index(a) for a in axes]))
        t.close()
    for dtype in ("uint8", "float32", "float64"):  # every element size, and squares larger than a block
        image = np.random.default_rng(1).integers(0, 200, (70, 3, 131)).astype(dtype)
        t = Tool(path, image, know=False)
        got, _ = t.run("transpose:x,y,z flip:z")
        check.equal(f"{dtype} transpose", got, image.transpose(2, 1, 0)[::-1])
        t.close()


def cuts(path, check):
    image, label = case((21, 30, 26))
    t = open_case(path, image, label)
    z, y, x = (np.flatnonzero(np.any(label > 0, axis=tuple({0, 1, 2} - {a}))) for a in range(3))
    (z0, z1), (y0, y1), (x0, x1) = ((v[0], v[-1] + 1) for v in (z, y, x))
    got, facts = t.run("crop:mask=any,margin=2")
    check.equal("slice range", got, image[max(z0 - 2, 0):z1 + 2])
    check.true("cropping keeps the type", facts["dtype"] == "int16")
    check.equal("slice range of labels", t.pull(1)[0], label[max(z0 - 2, 0):z1 + 2])
    check.equal("millimetres", t.run("crop:mask=any,margin=3mm")[0], image[z0 - 2:z1 + 2])
    check.equal("bounding box", t.run("crop:any,to=box,margin=1,2,0")[0], image[z0 - 1:z1 + 1, y0 - 2:y1 + 2, x0:x1])
    check.equal("a margin beyond the volume", t.run("crop:any,to=box,margin=1000")[0], image)
    check.equal("a box", t.run("crop:box=2:-3,:7,20:")[0], image[2:-3, :7, 20:])
    check.equal("box after box", t.run("crop:box=2:20,:,: crop:box=1:4,2:9,:")[0], image[3:6, 2:9])
    flipped = label[::-1, :, ::-1].transpose(2, 0, 1)
    fz, fy, fx = (np.flatnonzero(np.any(flipped == 2, axis=tuple({0, 1, 2} - {a}))) for a in range(3))
    got, _ = t.run("flip:z,x transpose:x,z,y crop:tumor,to=box", 1)
    check.equal("a label's box in a turned volume", got,
                flipped[fz[0]:fz[-1] + 1, fy[0]:fy[-1] + 1, fx[0]:fx[-1] + 1])
    padded = np.pad(image, ((2, 3), (0, 1), (4, 4)), constant_values=-1024)
    check.equal("pad", t.run("pad:by=0,0,4,before=2,0,0,after=3,1,0")[0], padded)
    check.equal("pad labels", t.pull(1)[0], np.pad(label, ((2, 3), (0, 1), (4, 4))))
    check.equal("pad value", t.run("pad:1,value=7")[0], np.pad(image, 1, constant_values=7))
    paddings(path, check)
    check.equal("air after a window is its 0", t.run("window:abdomen pad:1")[0],
                np.pad(np.clip((image + 160.0) / 400, 0, 1), 1), 1e-6)
    for size in ((21, 30, 26), (10, 41, 26), (7, 7, 7), (22, 29, 51), (1, 1, 1)):
        want = image
        for a, s in enumerate(size):  # MONAI's ResizeWithPadOrCrop: SpatialPad, then CenterSpatialCrop
            n = want.shape[a]
            if s >= n:
                pads = [(0, 0)] * 3
                pads[a] = ((s - n) // 2, (s - n) - (s - n) // 2)
                want = np.pad(want, pads, constant_values=-1024)
            else:
                want = np.take(want, range(n // 2 - s // 2, n // 2 - s // 2 + s), a)
        check.equal(f"crop-or-pad {size}", t.run("crop-or-pad:" + ",".join(map(str, size)))[0], want)
    check.equal("crop-or-pad keep", t.run("crop-or-pad:keep,keep,3")[0], image[:, :, 12:15])
    air = np.full((40, 19, 22), -1000, "int16")
    air[[3, 20, 37], [9, 2, 5], [20, 4, 11]] = [0, -299, 900]
    b = Tool(path, air)
    check.equal("crop to the body", b.run("crop:body")[0], air[3:38, 2:10, 4:21])
    check.equal("the body in a turned volume", b.run("transpose:x,z,y flip:z crop:body,margin=1")[0],
                air.transpose(2, 0, 1)[::-1][22 - 21 - 1:22 - 4 + 1, 2:39, 1:11])
    b.close()
    # The box of a label after resampling is where nearest puts the label.
    for recipe in ("resample:spacing=1", "resample:spacing=3.1,1.3,0.4,profile=nnunet", "resample:scale=2,profile=nnunet",
                   "resample:scale=0.5,profile=scipy", "resample:spacing=1.7,profile=torchio flip:x,z", "resample:scale=2", "flip:x,y,z resample:scale=2",
                   "resample:scale=2 flip:x,y,z", "resample:scale=2 flip:x,y,z resample:scale=2", "resample:scale=0.5 resample:scale=1.7",
                   "resample:spacing=2.3 transpose:x,y,z resample:spacing=1.1,0.9,3 flip:y", "crop:box=7:,:,: resample:scale=2"):
        after, _ = t.run(recipe, 1)
        where = [np.flatnonzero(np.any(after > 0, axis=tuple({0, 1, 2} - {a}))) for a in range(3)]
        got, _ = t.run(recipe + " crop:any,to=box", 1)
        check.equal(f"{recipe}: box of the labels", got, after[tuple(slice(w[0], w[-1] + 1) for w in where)])
    t.close()


def paddings(path, check):
    """np.pad's modes, with paddings longer than the volume, on odd and one-voxel axes; and any box of them, inside the padding too."""
    rng = np.random.default_rng(6)
    for shape in ((5, 7, 6), (1, 4, 9), (3, 1, 1), (2, 13, 5)):
        image, label = case(shape)
        t = open_case(path, image, label)
        for mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
            most = [2 * n + 3 if mode != "wrap" else n for n in shape]  # NumPy below 1.25 wraps more than once wrongly
            widths = [(int(rng.integers(0, m + 1)), int(rng.integers(0, m + 1))) for m in most]
            before, after = (",".join(str(w[i]) for w in widths) for i in (0, 1))
            text = f"pad:before={before},after={after},mode={mode}"
            more = {"constant_values": -1024} if mode == "constant" else {}
            want, wanted = np.pad(image, widths, mode=mode, **more), np.pad(label, widths, mode=mode)
            check.equal(f"{shape} {text}", t.run(text)[0], want)
            check.equal(f"{shape} {text}: labels", t.pull(1)[0], wanted)
            for _ in range(8):
                box = [sorted(rng.choice(n + 1, 2, replace=False).tolist()) for n in want.shape]
                cut = tuple(slice(lo, hi) for lo, hi in box)
                check.equal(f"{shape} {text} {box}", t.pull(0, box)[0], want[cut])
                check.equal(f"{shape} {text} {box}: labels", t.pull(1, box)[0], wanted[cut])
        got = t.run("crop-or-pad:9,9,9,mode=symmetric")[0]
        sides = [((9 - n) // 2, (9 - n) - (9 - n) // 2) if n < 9 else (0, 0) for n in shape]
        want = np.pad(image, sides, mode="symmetric")
        check.equal(f"{shape} crop-or-pad symmetric", got, want[tuple(slice(n // 2 - 4, n // 2 - 4 + 9) for n in want.shape)])
        t.close()
    t = open_case(path, *case((4, 4, 4)))
    check.refused("a value in another mode", lambda: t.steps("pad:2,mode=edge,value=3"), "pad", "value", "constant")
    check.refused("a near miss", lambda: t.steps("pad:2,mode=refect"), "mode=refect", "did you mean reflect?")
    t.close()


def labels(path, check):
    image, label = case()
    t = open_case(path, image, label)
    check.equal("remap", t.run("remap:2=1", 1)[0], np.minimum(label, 1))
    check.equal("remap swaps at once", t.run("remap:1=2,2=1", 1)[0], np.choose(label, [0, 2, 1]))
    check.equal("remap by name", t.run("remap:tumor=300", 1)[0], np.where(label == 2, 300, label))
    check.true("wider", t.pull(1)[1]["dtype"] == "uint16")
    check.equal("remap others to 0", t.run("remap:tumour=1,other=zero", 1)[0], label == 2)
    check.equal("keep", t.run("keep:tumor", 1)[0], np.where(label == 2, 2, 0))
    check.equal("keep by value", t.run("keep:1", 1)[0], np.where(label == 1, 1, 0))
    check.equal("labels steps leave the image", t.run("keep:1")[0], image)
    check.refused("no such label", lambda: t.steps("keep:kidney"), "keep", "no label \"kidney\"", "liver, tumor")
    t.close()
    r = np.random.default_rng(4)
    for shape in ((9, 14, 17), (1, 20, 20), (12, 1, 9)):
        crumbs = (r.random(shape) < 0.12).astype("uint8") * r.integers(1, 3, shape).astype("uint8")
        t = open_case(path, np.zeros(shape, "int16"), crumbs)
        want = np.zeros_like(crumbs)
        for value in (1, 2):
            parts, n = ndimage.label(crumbs == value, np.ones((3, 3, 3)))
            want[parts == 1 + np.argmax(np.bincount(parts.ravel(), minlength=n + 1)[1:])] = value
        check.equal(f"largest {shape}", t.run("largest", 1)[0], want)
        check.equal(f"largest of one {shape}", t.run("largest:tumor", 1)[0], np.where(crumbs == 1, 1, np.where(want == 2, 2, 0)))
        if shape[0] > 4:
            check.equal("a box of the largest", t.run("largest crop:box=2:6,:,3:9", 1)[0], want[2:6, :, 3:9])
        t.close()
    r = np.random.default_rng(9)
    maps = {n: (r.random(image.shape) < 0.3).astype("uint8") for n in ("liver", "livertumor1", "livertumor2", "bone")}
    t = Tool(path, image, maps, names=[(n, 1, n) for n in maps])
    want = np.where(maps["liver"], 1, 0)
    want = np.where(maps["livertumor1"] | maps["livertumor2"], 2, want)
    said = t.steps("merge:liver=1,livertumor*=2")
    check.true("image and one label map", said["outputs"] == 2)
    check.equal("merge", t.pull(1)[0], want)
    check.equal("later paints over", t.run("merge:livertumor*=2,liver=1", 1)[0],
                np.where(maps["liver"], 1, np.where(maps["livertumor1"] | maps["livertumor2"], 2, 0)))
    check.equal("merge, then move", t.run("merge:liver=1,bone=9 flip:y crop:box=1:4,:,2:", 1)[0],
                np.where(maps["bone"], 9, maps["liver"])[:, ::-1][1:4, :, 2:])
    check.refused("merge of nothing", lambda: t.steps("merge:spleen=1"), "merge", "spleen")
    # IRCAD has a map a structure: a kind of structure is all of them.
    both = (maps["livertumor1"] | maps["livertumor2"]) > 0
    z = np.flatnonzero(both.any((1, 2)))
    check.equal("slices of both tumours", t.run("crop:tumor")[0], image[z[0]:z[-1] + 1])
    t.close()


def resampling(path, check):
    shape = (11, 24, 19)
    z, y, x = np.meshgrid(*(np.linspace(0, 3, n) for n in shape), indexing="ij")
    image = (400 * np.sin(z + y) * np.cos(2 * x) + np.random.default_rng(2).normal(0, 20, shape)).astype("float32")
    label = (image > 100).astype("uint8")
    t = open_case(path, image, label)
    zoom = (2.0, 0.5, 1.6)
    for order in (0, 1, 3):
        got, facts = t.run(f"resample:scale=2,0.5,1.6,profile=scipy,order={order}")
        want = ndimage.zoom(image.astype("float64"), zoom, order=order, mode="mirror")
        check.equal(f"scipy zoom order {order}", got, want, 1e-3 if order else 1e-4)
        true = [s * (n - 1) / (m - 1) for s, n, m in zip(CT["spacing"], shape, want.shape)]
        check.equal("the true spacing", facts["spacing"], true, 1e-12)
        check.equal("labels by nearest", t.pull(1)[0], ndimage.zoom(label, zoom, order=0, mode="nearest"))
    # ITK by its definition: same origin, index i*t/s, air from half a voxel outside on.
    got, facts = t.run("resample:spacing=1,order=1")
    size = [int(np.rint(n * s)) for n, s in zip(shape, CT["spacing"])]
    at = np.meshgrid(*(np.arange(n) / s for n, s in zip(size, CT["spacing"])), indexing="ij")
    want = ndimage.map_coordinates(image.astype("float64"), at, order=1, mode="nearest")
    outside = np.any([(a >= n - 0.5) for a, n in zip(at, shape)], axis=0)
    check.equal("itk linear", got, np.where(outside, -1024, want), 1e-3)
    check.equal("spacing as asked", facts["spacing"], [1, 1, 1])
    check.true("some of it is outside", outside.any())
    check.true("resize", t.run("resize:5,7,9")[0].shape == (5, 7, 9))
    golden = np.array([0, 10, 20, 30, 100], "float32").reshape(1, 1, 5)
    t.close()
    t = Tool(path, golden)
    for text, want in (
            ("resample:scale=1,1,2,profile=scipy,order=1", [0, 4.4444, 8.8889, 13.3333, 17.7778, 22.2222, 26.6667, 37.7778, 68.8889, 100]),
            ("resample:scale=1,1,2,profile=nnunet,order=1", [0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 47.5, 82.5, 100]),
            ("resample:scale=1,1,2,profile=scipy,order=3", [0, 2.4064, 8.2461, 15.291, 19.9314, 18.3402, 18.0423, 37.7621, 77.5113, 100])):
        check.equal(text, t.run(text)[0].ravel(), want, 1e-3)
    t.close()
    for n, s, profile, size in ((75, 5, "itk", 375), (75, 5, "monai", 371), (1, 5, "itk", 5)):
        t = Tool(path, np.zeros((n, 2, 3), "int16"), geometry=dict(CT, spacing=(float(s), 1.0, 1.0)))
        check.true(f"{n} at {s} mm by {profile}", t.run(f"resample:spacing=1,keep,keep,profile={profile}")[0].shape[0] == size)
        t.close()


def tilted(rng, spacing, shear=0.3, turn=0.4):
    """Axes turned by some angle and sheared, right-handed or not."""
    q = np.linalg.qr(rng.normal(size=(3, 3)) * turn + np.eye(3)[::-1])[0]
    q[0] = q[0] + shear * q[1]
    return dict(spacing=spacing, origin=(-80.0, 33.0, 410.0), direction=tuple(tuple(v / np.linalg.norm(v)) for v in q))


def world_grid(g, shape, spacing):
    """The stated rule: first centre at the least of the corner voxels' centres, size from the outer corners' extent."""
    at = lambda out: np.array([affine(g) @ [*(np.where(c, np.array(shape) - 1 + out, -out)), 1]
                               for c in itertools.product([False, True], repeat=3)])[:, :3]
    outer, centres = at(0.5), at(0.0)
    size = [max(1, int(np.rint(round((outer[:, 2 - a].max() - outer[:, 2 - a].min()) / spacing[a], 6)))) for a in range(3)]
    m = np.zeros((4, 4))
    for a in range(3):
        m[2 - a, a] = spacing[a]
    m[:3, 3], m[3, 3] = centres.min(0), 1
    return m, size


def world(path, check):
    rng = np.random.default_rng(8)
    cases = [((11, 17, 19), (2.0, 0.8, 0.7)), ((1, 23, 29), (5.0, 0.7, 0.7)), ((13, 1, 7), (1.0, 1.0, 1.0)), ((7, 31, 37), (8.0, 1.0, 1.0)),
             ((2, 2, 3), (1.0, 2.0, 3.0)), ((40, 37, 41), (1.5, 1.5, 1.5))]
    for (shape, s), target in itertools.product(cases, [(1.0, 1.0, 1.0), (2.5, 0.9, 1.3)]):
        g = tilted(rng, s)
        image = ndimage.gaussian_filter(rng.normal(0, 2000, shape), 0.6).astype("float32")
        label = rng.integers(0, 4, shape).astype("uint8")
        t = open_case(path, image, label, geometry=g)
        m, size = world_grid(g, shape, target)
        index = np.stack(np.meshgrid(*map(np.arange, size), indexing="ij") + [np.ones(size)]).reshape(4, -1)
        at = (np.linalg.inv(affine(g)) @ m @ index)[:3].reshape(3, *size)
        n = np.array(shape).reshape(3, 1, 1, 1)
        inside = np.all((at >= -0.5) & (at < n - 0.5), 0)
        sure = np.all(np.abs(np.abs(at + 0.5) - np.rint(np.abs(at + 0.5))) > 1e-7, 0)  # no tie, no border
        words = "resample:spacing=%g,%g,%g,axes=world,order=" % target
        for order in range(6):
            got, facts = t.run(words + str(order))
            held = at if order > 1 else np.clip(at, 0, n - 1)
            if order > 1:  # one-voxel axes are constant: scipy's mirror wants two
                held = np.where(n == 1, 0, held)
            want = ndimage.map_coordinates(image.astype("float64"), held, order=order, mode="mirror") if order else \
                image[tuple(np.clip(np.floor(at + 0.5), 0, n - 1).astype(int))]
            want = np.where(inside, want, -1024)
            check.equal(f"{words}{order} of {shape}", np.where(sure, got, 0), np.where(sure, want, 0), 2e-3 if order else 0)
            check.equal(f"{words}{order}: affine", affine(facts), m, 1e-9)
            check.equal(f"{words}{order}: labels", np.where(sure, t.pull(1)[0], 0),
                        np.where(sure & inside, label[tuple(np.clip(np.floor(at + 0.5), 0, n - 1).astype(int))], 0))
        t.close()
    aligned(path, check)
    found(path, check)


def aligned(path, check):
    """Of a volume along the patient's axes already, or one that runs the other way, axes=world is plain itk."""
    image, label = case((9, 14, 11))
    for signs in itertools.product((1, -1), repeat=3):
        g = dict(CT, direction=((0, 0, signs[0]), (0, signs[1], 0), (signs[2], 0, 0)))
        t = open_case(path, image, label, geometry=g)
        ties = ["spacing=1,1.1,0.5", "scale=2,0.7,keep"] if min(signs) > 0 else []  # half-way points go the other way where an axis does
        for order in (0, 1, 3):
            for rest in ["spacing=0.93,1.13,0.57", "spacing=keep", "shape=5,19,7", *ties]:
                want, there = t.run(f"orient:LPS resample:{rest},order={order},as=float32")
                labels = t.pull(1)[0]
                got, facts = t.run(f"resample:{rest},order={order},as=float32,axes=world")
                check.equal(f"world {rest} {order} of {signs}", got, want, 1e-3)
                check.equal(f"world {rest} {order} of {signs}: labels", t.pull(1)[0], labels)
                check.equal(f"world {rest} {order} of {signs}: affine", affine(facts), affine(there), 1e-9)
        t.close()


def found(path, check):
    """A label's box after axes=world is where the label is."""
    rng = np.random.default_rng(5)
    for k in range(4):
        shape = (12, 40, 36)
        image, label = np.zeros(shape, "int16"), np.zeros(shape, "uint8")
        label[3:7, 5:20, 9:30] = 1
        t = open_case(path, image, label, geometry=tilted(rng, (3.0, 0.9, 0.9), shear=0.35 * k))
        for recipe in ("resample:spacing=1,axes=world", "flip:z resample:2,axes=world crop:box=1:,:,:-2", "resample:3,2,1,axes=world pad:2"):
            after, _ = t.run(recipe, 1)
            where = [np.flatnonzero(np.any(after > 0, axis=tuple({0, 1, 2} - {a}))) for a in range(3)]
            got, _ = t.run(recipe + " crop:liver,to=box", 1)
            check.equal(f"{recipe}: box of the label", got, after[tuple(slice(w[0], w[-1] + 1) for w in where)])
        check.refused("world by another profile", lambda: t.steps("resample:1,axes=world,profile=monai"), "resample", "axes=world", "profile")
        check.refused("world, blurred", lambda: t.steps("resample:1,axes=world,antialias=yes"), "resample", "antialias")
        check.refused("a near miss", lambda: t.steps("resample:1,axes=word"), "did you mean world?")
        t.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--part", required=True, choices=["pointwise", "turns", "cuts", "labels", "resampling", "world"])
    args = parser.parse_args()
    check = Checks()
    globals()[args.part](args.tool, check)
    return check.status()


if __name__ == "__main__":
    sys.exit(main())
