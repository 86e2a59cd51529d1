#!/usr/bin/python3
"""Pictures by their properties: where outlines lie, aspect, which side is marked, lengths of bars, gray levels, heights of histogram bars.

    preview.py TOME
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy
from PIL import Image

from tomelib import Checks, Store

SKY = (86, 180, 233)  # Okabe and Ito's sky blue, the first label's colour
ORANGE = (230, 159, 0)
MARK = (255, 214, 92)


class Told(Checks):
    def check(self, ok, text, more=""):
        self.that(ok, f"{text} ({more})" if more else text)


def pixels(path):
    with Image.open(path) as p:
        assert p.mode == "RGB", p.mode
        return numpy.asarray(p).astype(int)


def near(picture, colour, within=12):
    return (abs(picture - numpy.array(colour)) <= within).all(-1)


def extent(mask):
    ys, xs = numpy.nonzero(mask)
    return ys.min(), ys.max() + 1, xs.min(), xs.max() + 1


def boxes(picture, page):
    """The panels: connected parts that are not the page, of some size, left to right, top to bottom."""
    from scipy import ndimage
    found, _ = ndimage.label(~near(picture, page, 0))
    out = [(s[0].start, s[0].stop, s[1].start, s[1].stop) for s in ndimage.find_objects(found)]
    return [b for b in out if b[1] - b[0] > 100 and b[3] - b[2] > 100]


def volume():
    """In LPS order (x, y, z): soft tissue of 40 HU in air, a block of 100 HU toward the left, anterior and up, and its label."""
    image = numpy.full((80, 60, 30), -1000, numpy.int16)
    image[10:70, 10:50, 2:28] = 40
    image[50:62, 14:24, 16:26] = 100
    label = numpy.zeros(image.shape, numpy.uint8)
    label[50:62, 14:24, 16:26] = 1
    return image, label


SPACING = (1.0, 1.5, 4.0)  # x, y, z


def write(folder, name, orientation, image, label):
    affine = numpy.diag([-SPACING[0], -SPACING[1], SPACING[2], 1.0])  # LPS axes, in nibabel's RAS
    for what, voxels in (("volume", image), ("segmentation", label)):
        img = nibabel.Nifti1Image(voxels, affine)
        turn = nibabel.orientations.ornt_transform(nibabel.io_orientation(affine), nibabel.orientations.axcodes2ornt(orientation))
        nibabel.save(img.as_reoriented(turn), folder / f"{what}-{name}.nii.gz")
    return folder / f"volume-{name}.nii.gz", folder / f"segmentation-{name}.nii.gz"


def orientations(c, s, folder):
    """Stored any way round, the picture is the same but for the captions; the outline lies on the block's border; the left is on the right."""
    image, label = volume()
    first = None
    for name in ("LPS", "RAS", "LIP", "SAR", "PSL", "ARI"):
        files = write(folder, name, name, image, label)
        out = folder / f"{name}.png"
        done = s.tome("preview", *files, "-o", out, "--slices", "1", "--window", "40,400")
        c.check(done.status == 0, f"{name}: previews", done.err)
        if done.status:
            continue
        p = pixels(out)
        panels = boxes(p, (17, 19, 23))
        c.check(len(panels) == 3, f"{name}: an axial, a coronal and a sagittal panel", str(panels))
        if len(panels) != 3:
            continue
        y0, y1, x0, x1 = panels[0]
        c.check(abs((x1 - x0) / (y1 - y0) - 80 * 1.0 / (60 * 1.5)) < 0.01, f"{name}: axial aspect is that of the mm", f"{x1 - x0} x {y1 - y0}")
        for k, (wide, high) in ((1, (80, 120)), (2, (90, 120))):
            b = panels[k]
            got = (b[3] - b[2]) / (b[1] - b[0])
            c.check(abs(got - wide / high) < 0.01, f"{name}: aspect of panel {k}", f"{got} of {wide / high}")
        scale = (x1 - x0) / 80
        oy0, oy1, ox0, ox1 = extent(near(p[y0:y1, x0:x1], SKY, 60))
        want = (14 * 1.5 * scale, 24 * 1.5 * scale, 50 * scale, 62 * scale)
        worst = max(abs(a - b) for a, b in zip((oy0, oy1, ox0, ox1), want))
        c.check(worst <= 2.1, f"{name}: the outline, 2 pixels wide, lies on the border", f"{(oy0, oy1, ox0, ox1)} of {want}")
        crop = p[y0 + 40:y1 - 60, x0 + 40:x1 - 40]  # without letters at the edges
        if first is None:
            first = crop
        c.check(crop.shape == first.shape and abs(crop - first).max() <= 1, f"{name}: the same picture as from LPS", str(crop.shape))


def levels(c, s, folder):
    image, label = volume()
    files = write(folder, "levels", "LPS", image, label)
    out = folder / "levels.png"
    for window, lo, width in (("40,400", -160, 400), ("0,200", -100, 200), ("100,100", 50, 100), ("bone", -500, 1800)):
        c.check(s.tome("preview", *files, "-o", out, "--force", "--slices", "1", "--window", window).status == 0, f"window {window}")
        p = pixels(out)
        y0, y1, x0, x1 = boxes(p, (17, 19, 23))[0]
        scale = (x1 - x0) / 80
        for (x, y), hu in (((56, 19), 100), ((30, 35), 40)):
            got = p[int(y0 + y * 1.5 * scale), int(x0 + x * scale)]
            want = round(255 * min(1, max(0, (hu - lo) / width)))
            c.check(abs(got - want).max() <= 1, f"window {window}: {hu} HU is {want}", str(got))


def furniture(c, s, folder):
    """The bar's length, the legend's colour, letters on both sides."""
    image, label = volume()
    image[:] = -1000
    files = write(folder, "bar", "LPS", image, label)
    out = folder / "bar.png"
    c.check(s.tome("preview", *files, "-o", out, "--slices", "1", "--size", "1200").status == 0, "bar: previews")
    p = pixels(out)
    y0, y1, x0, x1 = boxes(p, (17, 19, 23))[0]
    scale = (x1 - x0) / 80
    white = near(p[y0:y1, x0:x1], (255, 255, 255), 0)
    longest = 0
    for row in white:
        for run in re.findall("1+", "".join("1" if v else "0" for v in row)):
            longest = max(longest, len(run))
    c.check(abs(longest - 20 * scale) <= 1, "the bar of 20 mm is 20 mm long", f"{longest} of {20 * scale}")
    legend = near(p[y1:], SKY, 0)
    c.check(legend.sum() >= 9 * 9, "the legend shows the outline's colour", str(legend.sum()))
    c.check(near(p[y0:y1, x0:x1], SKY, 0).sum() > 20, "the outline is of exactly that colour")
    marks = near(p[y0:y1, x0:x1], MARK, 0)
    xs = numpy.nonzero(marks)[1]
    c.check(xs.size and xs.min() < 20 and xs.max() > x1 - x0 - 20, "letters on both sides")
    # R is wider at its foot than L is at its top: L has ink at the lower right and none at the upper right
    right = marks[:, -20:][marks[:, -20:].any(1)]
    right = right[:, right.any(0)]
    h, w = right.shape
    c.check(not right[:h // 2, w * 2 // 3:].any() and right[-2:, w * 2 // 3:].any(), "the letter at the right is an L")


def tiny(c, s, folder):
    """A label of one voxel in a large volume is not lost in a small tile."""
    image = numpy.full((256, 256, 12), -1000, numpy.int16)
    image[40:200, 40:200] = 30
    label = numpy.zeros(image.shape, numpy.uint8)
    label[120, 90, 6] = 1
    files = write(folder, "tiny", "LPS", image, label)
    out = folder / "tiny.png"
    c.check(s.tome("preview", *files, "-o", out, "--size", "300").status == 0, "a label of one voxel: previews")
    p = pixels(out)
    y0, y1, x0, x1 = boxes(p, (17, 19, 23))[0]
    c.check(near(p[y0:y1, x0:x1], SKY, 30).sum() >= 1, "and is seen")


def odd(c, s, folder):
    """Nothing crashes or hangs: each gives a picture, or one sentence."""
    rng = numpy.random.default_rng(3)
    shapes = [(1, 1, 1), (1, 9, 7), (7, 1, 9), (9, 7, 1), (300, 2, 2), (2, 2, 300), (5, 5, 5)]
    for i, shape in enumerate(shapes):
        voxels = rng.normal(size=shape).astype(numpy.float32)
        voxels.flat[0] = numpy.nan
        voxels.flat[-1] = numpy.inf
        path, out = folder / f"odd{i}.nii.gz", folder / f"odd{i}.png"
        nibabel.save(nibabel.Nifti1Image(voxels, numpy.diag([0.5, 3, 20, 1])), path)
        for size in ("64", "500"):
            done = s.tome("preview", path, "-o", out, "--size", size, "--force", timeout=60)
            c.check(done.status == 0 and pixels(out).shape[1] == int(size), f"{shape} at {size} pixels", done.err)
    nibabel.save(nibabel.Nifti1Image(numpy.full((8, 8, 8), numpy.nan, numpy.float32), numpy.eye(4)), folder / "nan.nii.gz")
    c.check(s.tome("preview", folder / "nan.nii.gz", "-o", folder / "nan.png").status == 0, "nothing but NaN")
    image, label = volume()
    files = write(folder, "empty", "LPS", image, label * 0)
    c.check(s.tome("preview", *files, "-o", folder / "empty.png").status == 0, "an empty label")
    rgb = rng.integers(0, 255, (40, 50, 3), numpy.uint8)
    rgb[10:30, 10:30] = (200, 30, 60)
    Image.fromarray(rgb).save(folder / "rgb.png")
    done = s.tome("preview", folder / "rgb.png", "-o", folder / "rgb-out.png")
    c.check(done.status == 0, "a coloured picture", done.err)
    p = pixels(folder / "rgb-out.png")
    c.check(near(p, (200, 30, 60), 1).sum() > 1000, "keeps its colours")


def refusals(c, s, folder):
    image, label = volume()
    files = write(folder, "no", "LPS", image, label)
    out = folder / "no.png"
    for args, word in ((("-o", folder / "no.jpg"), ".png"), (("-o", out, "--window", "nonsense"), "nonsense"), (("-o", out, "--label", "spleen"), "spleen"),
                       (("-o", folder / "nowhere" / "x.png"), "nowhere")):
        done = s.tome("preview", *files, *args)
        c.check(done.status != 0 and word in done.err, f"refused: {args}", done.err)
    c.check(not out.exists() and not [p for p in folder.iterdir() if p.name.startswith(".")], "nothing is left behind")
    out.write_bytes(b"mine")
    c.check(s.tome("preview", *files, "-o", out).status != 0 and out.read_bytes() == b"mine", "no overwriting without --force")
    c.check(s.tome("preview", *files, "-o", out, "--force").status == 0 and out.read_bytes()[:4] == b"\x89PNG", "with it, yes")


def stored(c, s, folder):
    """From a store as from files; a histogram's bars against NumPy's counts; steps; what show prints."""
    image, label = volume()
    rng = numpy.random.default_rng(1)
    image = (image + rng.normal(0, 12, image.shape)).astype(numpy.int16)
    image = numpy.clip(image, -1024, 300)
    (folder / "raw").mkdir()
    files = write(folder / "raw", "7", "RAS", image, label)
    done = s.ingest(folder / "raw")
    c.check(s.ids() == ["volume-7"], "ingested", done.out + done.err)
    a, b = folder / "store.png", folder / "files.png"
    done = s.tome("preview", s.path, "volume-7", "-o", a, "--window", "40,400")
    c.check(done.status == 0, "a case previews", done.err)
    s.tome("preview", *files, "-o", b, "--window", "40,400")
    pa, pb = pixels(a), pixels(b)
    y0, y1, x0, x1 = boxes(pa, (17, 19, 23))[0]
    c.check(pa.shape == pb.shape and (pa[y0:y1, x0:x1] == pb[y0:y1, x0:x1]).all(), "the store's slices are the files'")

    h = folder / "h.png"
    done = s.tome("histogram", s.path, "volume-7", "-o", h, "--window", "-2000,1")
    c.check(done.status == 0, "a histogram", done.err)
    p = pixels(h)
    gray = near(p, (104, 112, 123), 0)
    lo, hi = int(image.min()), int(image.max())
    top, bottom, left, _ = 132, 800 - 84, 92, 0
    room = 1600 - 92 - 28
    counts = numpy.array([(image == v).sum() for v in range(lo, hi + 1)])
    step = -(-len(counts) // room)
    bars = [int(counts[i:i + step].sum()) for i in range(0, len(counts), step)]
    most = 10 ** int(numpy.ceil(numpy.log10(max(bars) + 1)))
    label_values = set((image[label > 0] - lo) // step)
    wrong, seen = [], 0
    for i, n in enumerate(bars):
        x = left + i * room // len(bars)
        if i in label_values or i - 1 in label_values or i + 1 in label_values:
            continue
        high = gray[top:bottom, x].sum()
        want = (bottom - top) * numpy.log10(n + 1) / numpy.log10(most + 1)
        seen += n > 0
        if abs(high - want) > 1.5:
            wrong.append((i, n, high, want))
    c.check(seen > 50 and not wrong, "bars are as high as NumPy's counts", f"{seen} seen, {len(wrong)} wrong: {wrong[:3]}")

    done = s.tome("preview", s.path, "volume-7", "resample:spacing=2", "window:level=40,width=400", "crop:mask=label_1,margin=2",
                  "--steps", "-o", folder / "steps.png")
    if done.status:  # the label's name is the layout's
        name = s.query("SELECT name FROM labels")[0]["name"]
        done = s.tome("preview", s.path, "volume-7", "resample:spacing=2", "window:level=40,width=400", f"crop:mask={name},margin=2", "--steps", "-o",
                      folder / "steps.png")
    c.check(done.status == 0, "steps", done.err)
    p = pixels(folder / "steps.png")
    rows = numpy.nonzero(near(p[:, 450:], SKY, 40).any(1))[0]
    c.check((numpy.diff(rows) > 50).sum() == 3, "the label is outlined in four rows", str((numpy.diff(rows) > 50).sum()))
    c.check(s.tome("preview", s.path, "volume-7", "--steps", "-o", folder / "x.png").status != 0, "--steps without a recipe is refused")
    c.check(s.tome("preview", s.path, "volume-8", "-o", folder / "x.png").err.find("volume-7") > 0, "a near miss of the id is named")
    plain = s.tome("show", s.path, "volume-7", env={"COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}).out
    c.check("\x1b" not in plain and "▀" not in plain and "▃" not in plain, "show draws nothing into a pipe")


def left_of_flipped(c, s, folder):
    """The block that is toward the patient's left is near the letter L, and on the right of the picture, on grids that run either way."""
    image, label = volume()
    for name in ("LPS", "RPS", "RAI"):
        files = write(folder, f"left-{name}", name, image, label)
        out = folder / f"left-{name}.png"
        c.check(s.tome("preview", *files, "-o", out, "--slices", "1").status == 0, f"{name}: previews")
        p = pixels(out)
        y0, y1, x0, x1 = boxes(p, (17, 19, 23))[0]
        _, _, ox0, ox1 = extent(near(p[y0:y1, x0:x1], SKY, 60))
        c.check(ox0 > (x1 - x0) / 2, f"{name}: the left is on the right", f"{ox0} … {ox1}")
        marks = near(p[y0:y1, x0:x1], MARK, 0)
        right = marks[:, -22:]
        right = right[right.any(1)][:, right.any(0)]
        h, w = right.shape
        c.check(not right[:h // 2, w * 2 // 3:].any() and right[-2:, w * 2 // 3:].any(), f"{name}: and marked L")


def slabs(c, s, folder):
    """A scan taken coronally is shown in its own plane, the front first, and cut by the two others."""
    image = numpy.full((60, 8, 50), -1000, numpy.int16)  # x, y, z in LPS order
    for y in range(8):
        image[5:55, y, 5:45] = 10 * y
    affine = numpy.diag([-1.0, -6.0, 1.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(image, affine), folder / "slab.nii.gz")
    out = folder / "slab.png"
    done = s.tome("preview", folder / "slab.nii.gz", "-o", out, "--window", "40,80")
    c.check(done.status == 0, "a coronal slab previews", done.err)
    p = pixels(out)
    panels = boxes(p, (17, 19, 23))
    tiles = [b for b in panels if abs((b[3] - b[2]) / (b[1] - b[0]) - 60 / 50) < 0.02]
    c.check(len(tiles) == 8, "eight coronal tiles of true aspect", str(panels))
    middle = [p[(b[0] + b[1]) // 2, (b[2] + b[3]) // 2, 0] for b in tiles]
    want = [round(255 * 10 * y / 80) for y in range(8)]
    c.check(max(abs(a - b) for a, b in zip(middle, want)) <= 1, "in order from the front to the back", f"{middle} of {want}")


def own_window(c, s, folder):
    """--window LABEL of files is the 0.5 to 99.5 percentiles of the label's own values, as NumPy has them; of labels by number or name."""
    image, label = volume()
    rng = numpy.random.default_rng(5)
    image = (image + rng.normal(0, 30, image.shape)).astype(numpy.int16)
    label[20:30, 20:30, 5:10] = 2
    files = write(folder, "own", "LPS", image, label)
    for name, value in (("label_1", 1), ("2", 2)):
        lo, hi = numpy.percentile(image[label == value], (0.5, 99.5))
        a, b = folder / f"own-{value}.png", folder / f"told-{value}.png"
        done = s.tome("preview", *files, "-o", a, "--window", name)
        c.check(done.status == 0, f"window of {name}", done.err)
        s.tome("preview", *files, "-o", b, "--window", f"{(lo + hi) / 2},{hi - lo}")
        pa, pb = pixels(a), pixels(b)
        y0, y1, x0, x1 = boxes(pa, (17, 19, 23))[0]
        c.check((pa[y0:y1, x0:x1] == pb[y0:y1, x0:x1]).all(), f"window of {name} is {lo:.1f} … {hi:.1f}")
    c.check("label_3" in s.tome("preview", *files, "-o", folder / "x.png", "--window", "label_3").err, "a label that is not there")


def photographs(s, folder):
    """Three coloured pictures with vessels, as DRIVE has them: each of one colour, a quarter of it marked."""
    shades = {"21": (200, 40, 60), "22": (30, 180, 90), "23": (60, 80, 210)}
    for part in ("images", "1st_manual", "mask"):
        (folder / "training" / part).mkdir(parents=True)
    for name, shade in shades.items():
        rgb = numpy.empty((90, 120, 3), numpy.uint8)
        rgb[:] = shade
        vessel = numpy.zeros((90, 120), numpy.uint8)
        vessel[20:60, 30:80] = 255
        Image.fromarray(rgb).save(folder / f"training/images/{name}_training.tif")
        Image.fromarray(vessel).save(folder / f"training/1st_manual/{name}_manual1.gif")
        Image.fromarray(vessel * 0 + 255).save(folder / f"training/mask/{name}_training_mask.gif")
    return shades


def gallery(c, s, folder):
    """Several cases on one page: a tile each, of true aspect and its own colours, apart from one another; chosen by name or by SQL; one channel in gray."""
    shades = photographs(s, folder)
    store = folder / "drive.tome"
    s.tome("init", store)
    done = s.tome("ingest", store, folder / "training", "-q")
    c.check(done.status == 0, "photographs are ingested", done.err)
    ids = [f"{n}_training" for n in shades]
    named, found, gray = folder / "named.png", folder / "found.png", folder / "gray.png"
    done = s.tome("preview", store, *ids, "-o", named)
    c.check(done.status == 0, "several cases preview", done.err)
    s.tome("preview", store, "--where", "id LIKE '%_training'", "-o", found)
    p = pixels(named)
    c.check((p == pixels(found)).all(), "--where is the same as their names")
    places = []
    for shade in shades.values():
        y0, y1, x0, x1 = extent(near(p, shade, 0))
        c.check(abs((x1 - x0) * 90 / 120 - (y1 - y0)) <= 1, f"{shade}: true aspect and colour", f"{x1 - x0} x {y1 - y0}")
        inside = near(p[y0:y1, x0:x1], shade, 0)
        scale = (x1 - x0) / 120
        rows, columns = numpy.nonzero(~inside[5:-5, 5:-5])
        got = (rows.min() + 5, rows.max() + 6, columns.min() + 5, columns.max() + 6)
        want = (20 * scale, 60 * scale, 30 * scale, 80 * scale)
        c.check(max(abs(a - b) for a, b in zip(got, want)) <= 2.1, f"{shade}: the outline is on the vessel's border", f"{got} of {want}")
        places.append((y0, y1, x0, x1))
    apart = all(a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2] for i, a in enumerate(places) for b in places[:i])
    c.check(apart and len({q[0] for q in places}) == 1, "side by side", str(places))
    done = s.tome("preview", store, ids[0], "--channel", "green", "-o", gray)
    c.check(done.status == 0, "one channel", done.err)
    g = pixels(gray)
    c.check(near(g, (40, 40, 40), 0).sum() > 10000 and not near(g, shades["21"], 30).any(), "in gray, of its own values")
    for words, part in (((store, *ids, "--steps"), "--steps"), ((store, "--where", "0"), "no case"), ((store, ids[0], "--channel", "infrared"), "red, green, blue"),
                        ((store, ids[0], "--where", "1"), "--where"), ((store, *ids, "--label", "lung"), "lung"), ((store,), "CASE")):
        done = s.tome("preview", *words, "-o", folder / "no.png")
        c.check(done.status != 0 and part in done.err and not (folder / "no.png").exists(), f"refused: {words[1:]}", done.err)
    (folder / "empty.tome").mkdir()
    done = s.tome("preview", folder / "empty.tome", "x", "-o", folder / "no.png")
    c.check("is not a Tome store" in done.err, "why a store cannot be opened is said", done.err)
    c.check("no such store" in s.tome("preview", folder / "none.tome", "x", "-o", folder / "no.png").err, "and that there is none")


def real(c, s, folder):
    """DRIVE as it is: the photograph's colours where nothing is marked."""
    data = os.environ.get("TOME_DATA")
    if not data or not Path(data, "drive").is_dir():
        return print("no real data: $TOME_DATA/drive was not looked at", file=sys.stderr)
    store = folder / "real.tome"
    s.tome("init", store)
    s.tome("ingest", store, Path(data, "drive"), "-q")
    out = folder / "drive.png"
    c.check(s.tome("preview", store, "21_training", "-o", out, "--size", "1400").status == 0, "DRIVE previews")
    p = pixels(out)
    panels = boxes(p, (17, 19, 23))
    c.check(len(panels) == 2, "once as it is, once outlined", str(panels))
    y0, y1, x0, x1 = panels[0]
    with Image.open(next(Path(data, "drive/training/images").glob("21_training.tif"))) as tif:
        want = numpy.asarray(tif.convert("RGB").resize((x1 - x0, y1 - y0), Image.BILINEAR)).astype(int)
    c.check(abs((x1 - x0) / (y1 - y0) - 565 / 584) < 0.003, "at true aspect")
    off = abs(p[y0:y1, x0:x1] - want)
    c.check(off.mean() < 1 and numpy.percentile(off, 99.9) <= 6, "with its own colours", f"mean {off.mean():.2f}, most {off.max()}")


def many_labels(c, s, folder):
    """Every structure has its line in each row of --steps: the row is as high as its text."""
    image = numpy.full((20, 20, 4), 40, numpy.int16)
    affine = numpy.diag([-3, -3, 3, 1])
    nibabel.save(nibabel.Nifti1Image(image, affine), folder / "many.nii.gz")
    lines = {}
    for n in (2, 18, 40):
        label = numpy.zeros(image.shape, numpy.uint8)
        label.flat[:n] = range(1, n + 1)
        nibabel.save(nibabel.Nifti1Image(label, affine), folder / f"seg{n}.nii.gz")
        done = s.tome("ingest", s.path, "--image", folder / "many.nii.gz", "--id", f"many{n}", "--label", f"seg={folder / f'seg{n}.nii.gz'}", "-q")
        c.check(done.status == 0, "a case of many labels", done.err)
        s.tome("preview", s.path, f"many{n}", "flip:x", "flip:x", "--steps", "--light", "-o", folder / f"{n}.png")
        text = pixels(folder / f"{n}.png")[64:, :420].min(2)
        inked = (text < 200).any(1)
        lines[n] = int((inked[1:] & ~inked[:-1]).sum())
    c.check(lines[18] - lines[2] >= 3 * 16 - 6, "48 lines more for 16 labels more, three times", str(lines))
    c.check(lines[40] >= lines[18] + 3 * 5, "many end with how many more there are", str(lines))


def terminal(c, s):
    """On a terminal: half blocks in 24-bit or 256 colours, none with NO_COLOR."""
    def run(**env):
        words = ["script", "-qec", f"{s.program} show {s.path} volume-7", "/dev/null"]
        base = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLORTERM")}
        return subprocess.run(words, capture_output=True, text=True, timeout=60, env={**base, "LC_ALL": "C.UTF-8", **env}).stdout
    deep, some, none, dumb = (run(TERM="xterm-256color", COLORTERM="truecolor"), run(TERM="xterm-256color"), run(TERM="xterm-256color", NO_COLOR="1"),
                              run(TERM="dumb"))
    c.check("▀" in deep and "\x1b[38;2;" in deep, "24-bit half blocks")
    c.check("▀" in some and "\x1b[38;5;" in some and "38;2;" not in some, "256 colours")
    c.check("▀" not in none and "histogram" in none, "NO_COLOR: no picture, the sparkline stays")
    c.check("▀" not in dumb and "histogram" not in dumb, "a dumb terminal: neither")


def main():
    c, s = Told(), Store(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="tome-preview-") as tmp:
        for test in (orientations, levels, furniture, left_of_flipped, tiny, slabs, own_window, odd, refusals, stored, gallery, many_labels, real):
            folder = Path(tmp) / test.__name__
            folder.mkdir()
            test(c, s, folder)
        terminal(c, s)
    s.close()
    return c.done()


if __name__ == "__main__":
    sys.exit(main())
