"""SEG and RTSTRUCT onto grids: packed bits, fractions and label maps that pydicom wrote, polygons whose insides NumPy finds point by point, and
the real files against the masks that came with them."""
import gzip
import os

import nibabel
import numpy as np
import pydicom
from skimage.color import lab2rgb

import oracle
from dicom_draw_make import Grid, pack, rtstruct, seg, tilted
from dicom_make import DEFLATED, EXPLICIT, IMPLICIT, RLE, item, save, sequence
from oracle import Test

rng = np.random.default_rng(23)


def outline(t, path):
    return t.tool.ask("outline", path)


def mask(t, path, i, grid, threshold=0):
    """The structure's voxels, or the sentence that refused them."""
    out = t.path("mask.raw")
    own = grid is None
    answer = t.tool.ask("mask", path, str(i), str(threshold), "-" if own else grid.size(), "own" if own else grid.flat(), out)
    if answer["error"]:
        return answer["error"]
    return np.fromfile(out, "u1").reshape(answer["geometry"]["shape"] if own else grid.shape)


def same(t, name, got, want):
    ok = not isinstance(got, str) and got.shape == want.shape and np.array_equal(got != 0, want != 0)
    return t.check(ok, name, got if isinstance(got, str) else (int((got != 0).sum()), int((want != 0).sum()), got.shape, want.shape))


def refused(t, name, got, *parts):
    t.check(isinstance(got, str) and all(p in got for p in parts), name, got if isinstance(got, str) else "was taken")


# ---- SEG ----

def blobs(shape=(5, 7, 9)):
    return (rng.random(shape) < 0.4).astype("u1")


def frames_of(v, number, order=None):
    return [(number, z, v[z]) for z in (order if order is not None else range(len(v))) if v[z].any()]


def test_binary(t):
    """63 pixels a frame: each begins at another bit. Two overlapping segments, a slice left out, frames in any order."""
    for grid in (Grid((5, 7, 9)), tilted((5, 7, 9))):
        a, b = blobs(), blobs()
        a[3] = b[0] = 0
        frames = frames_of(a, 2, [4, 0, 2, 1, 3]) + frames_of(b, 7)
        for syntax, shared in [(EXPLICIT, True), (IMPLICIT, False), (DEFLATED, True)]:
            path = save(t.path("seg"), seg(grid, frames, numbers=(2, 7), shared=shared), syntax)
            said = outline(t, path)
            t.check([(s["number"], s["name"]) for s in said["items"]] == [(2, "part 2"), (7, "part 7")], "segments", said)
            t.check((said["kind"], said["series_uid"], said["frame_uid"]) == ("SEG", "1.2.3.4", "1.2.3.5"), "references", said)
            same(t, f"binary {syntax}", mask(t, path, 0, grid), a)
            same(t, f"binary {syntax}", mask(t, path, 1, grid), b)


def test_own_grid(t):
    """Frames of slices 1 and 3 only: the grid between them has an empty slice."""
    grid, v = tilted((5, 7, 9)), np.zeros((5, 7, 9), "u1")
    v[1, 2:4, 3], v[3, 5, 5:] = 1, 1
    said = outline(t, save(t.path("seg"), seg(grid, frames_of(v, 1))))
    g = said["geometry"]
    t.check(g and g["shape"] == [3, 7, 9] and np.allclose(g["flat"][3:6], grid.world((1, 0, 0))), "own grid", said)
    t.check(g and np.allclose(g["flat"][:3], grid.spacing) and np.allclose(np.reshape(g["flat"][6:], (3, 3)) @ grid.direction.T, np.eye(3), atol=1e-9), "own grid", said)
    same(t, "on its own grid", mask(t, t.path("seg"), 0, None), v[1:4])


def test_flipped(t):
    """Drawn with rows running the other way, and as sagittal planes of the same voxels: the same place in the patient."""
    grid, v = Grid((5, 7, 9), spacing=(3, 0.75, 0.75)), blobs()
    up = Grid((5, 7, 9), spacing=grid.spacing, origin=grid.world((4, 6, 0)), direction=-grid.direction * [[1], [1], [-1]])
    same(t, "flipped", mask(t, save(t.path("f"), seg(up, frames_of(v[::-1, ::-1], 1))), 0, grid), v)
    side = Grid((9, 5, 7), spacing=(0.75, 3, 0.75), origin=grid.origin, direction=grid.direction[[2, 0, 1]])
    same(t, "sagittal", mask(t, save(t.path("s"), seg(side, frames_of(v.transpose(2, 0, 1), 1))), 0, grid), v)


def test_off_grid(t):
    """Frames that are not the image's planes are refused with the distance."""
    grid, v = Grid((5, 7, 9)), blobs()
    def moved(by=(0, 0, 0), spacing=(3, 0.8, 0.7), shape=(5, 7, 9)):
        g = Grid(shape, spacing=spacing, origin=grid.origin + by)
        return mask(t, save(t.path("m"), seg(g, frames_of(v, 1))), 0, grid)
    same(t, "rounding", moved((0.01, 0.02, 0.1)), v)
    refused(t, "half a slice off", moved((0, 0, 1.5)), "frame 1", "0.5 voxels off")
    refused(t, "other pixel spacing", moved(spacing=(3, 0.9, 0.7)), "far corner")
    refused(t, "double pixel spacing", moved(spacing=(3, 1.6, 1.4)), "does not lie on the image's grid")
    refused(t, "a slice below the image", moved((0, 0, -3)), "reaches out of the image", "(-1, ")


def test_fractions(t):
    grid, v = Grid((3, 4, 5)), rng.integers(0, 256, (3, 4, 5)).astype("u1")
    v.flat[:3] = 127, 128, 255
    path = save(t.path("frac"), seg(grid, [(1, z, v[z]) for z in range(3)], "FRACTIONAL"))
    t.check(outline(t, path)["fractional"], "fractional")
    refused(t, "no threshold", mask(t, path, 0, grid), "FRACTIONAL", "--threshold=0.5")
    refused(t, "threshold of 128", mask(t, path, 0, grid, 128), "between 0 and 1")
    for threshold in (0.5, 0.25, 1):
        same(t, f"threshold {threshold}", mask(t, path, 0, grid, threshold), v / 255 >= threshold)


def test_labelmaps(t):
    """Whole numbers in 8 and 16 bits, compressed too; a described background is no structure."""
    grid = Grid((4, 6, 8))
    for dtype, numbers in (("u1", (0, 1, 4)), ("u2", (0, 1, 300))):
        v = rng.choice(np.array(numbers, dtype), (4, 6, 8))
        ds = seg(grid, [(None, z, v[z]) for z in range(4)], "LABELMAP", numbers)
        paths = [save(t.path("plain"), ds)]
        ds.compress(RLE)
        paths.append(save(t.path("rle"), ds, RLE))
        for path in paths:
            t.check([s["number"] for s in outline(t, path)["items"]] == list(numbers[1:]), "label map segments")
            for i, n in enumerate(numbers[1:]):
                same(t, f"label map {dtype} {n}", mask(t, path, i, grid), v == n)


def test_colours(t):
    said = outline(t, save(t.path("seg"), seg(Grid((5, 7, 9)), frames_of(blobs(), 1), numbers=(1, 2, 3))))
    for k, s in enumerate(said["items"]):
        lab = np.array([(20000 + 3000 * k) * 100 / 65535, 40000 * 255 / 65535 - 128, 26565 * 255 / 65535 - 128])
        t.check(np.abs(lab2rgb(lab) * 255 - s["colour"]).max() <= 1.5, "colour", s, lab2rgb(lab) * 255)


def test_bad_segs(t):
    grid, v = Grid((5, 7, 9)), blobs()
    def bad(name, part, change):
        ds = seg(grid, frames_of(v, 1))
        change(ds)
        said = outline(t, save(t.path("bad"), ds))
        t.check(part in said["error"], name, said["error"])
    bad("too few bits", "frames of", lambda d: setattr(d, "PixelData", d.PixelData[:-4]))
    bad("absurd frames", "no segmentation", lambda d: setattr(d, "NumberOfFrames", 2000000000))
    bad("more frames than bits", "need", lambda d: setattr(d, "NumberOfFrames", 99999))
    bad("no segments", "no segment", lambda d: delattr(d, "SegmentSequence"))
    bad("no place", "position", lambda d: delattr(d.PerFrameFunctionalGroupsSequence[1], "PlanePositionSequence"))
    bad("no segment", "of which segment", lambda d: delattr(d.PerFrameFunctionalGroupsSequence[2], "SegmentIdentificationSequence"))
    bad("unknown kind", "CUBIST", lambda d: setattr(d, "SegmentationType", "CUBIST"))
    bad("no pixels", "no pixel data", lambda d: delattr(d, "PixelData"))


# ---- RTSTRUCT ----

def inside(polygons, rows, columns):
    """Even-odd by crossing numbers, one pixel centre at a time: a crossing to the left, or at the centre, counts."""
    out = np.zeros((rows, columns), bool)
    for y in range(rows):
        for x in range(columns):
            for p in polygons:
                for (y0, x0), (y1, x1) in zip(p, np.roll(p, -1, 0)):
                    if (y0 <= y < y1) or (y1 <= y < y0):
                        if x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x:
                            out[y, x] ^= True
    return out


def at(grid, z, polygon):
    return [grid.world((z, y, x)) for y, x in polygon]


def ring(cy, cx, r, n=40, wobble=0.2):
    a = np.arange(n) * 2 * np.pi / n
    d = r * (1 + wobble * np.sin(3 * a + rng.random()))
    return np.stack([cy + d * np.sin(a), cx + d * np.cos(a)], 1)


def shoelace(p):
    y, x = p.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_polygons(t):
    """Random shapes, with holes, islands in holes and shapes that reach out of the image; straight and oblique."""
    for grid in (Grid((4, 40, 50)), tilted((4, 40, 50))):
        shapes = {0: [ring(20, 25, 12)], 1: [ring(20, 22, 15), ring(20, 22, 8), ring(20.3, 22.1, 3)], 3: [ring(10, 12, 7), ring(5, 45, 12)]}
        contours = [("CLOSED_PLANAR", at(grid, z, p)) for z, ps in shapes.items() for p in ps]
        path = save(t.path("rt"), rtstruct([(5, "tumour", contours)]))
        want = np.stack([inside(shapes.get(z, []), 40, 50) for z in range(4)])
        got = mask(t, path, 0, grid)
        same(t, "polygons", got, want)
        p = shapes[0][0]
        border = np.linalg.norm(np.diff(np.vstack([p, p[:1]]), axis=0), axis=1).sum()
        t.check(abs(int(got[0].sum()) - shoelace(p)) < border / 2, "area", got[0].sum(), shoelace(p))


def test_edges(t):
    """The half-open rule: a square whose corners are voxel centres holds its upper and left edges, so squares side by side tile the plane."""
    grid = Grid((1, 12, 12), spacing=(3, 1, 1), origin=(0, 0, 0))
    def square(y, x, h, w):
        return np.array([(y, x), (y, x + w), (y + h, x + w), (y + h, x)], float)
    total = np.zeros((1, 12, 12), int)
    for y, x, h, w in [(2, 2, 3, 4), (2, 6, 3, 2), (5, 2, 4, 6)]:
        path = save(t.path("rt"), rtstruct([(1, "s", [("CLOSED_PLANAR", at(grid, 0, square(y, x, h, w)))])]))
        want = np.zeros((1, 12, 12), bool)
        want[0, y:y + h, x:x + w] = True
        got = mask(t, path, 0, grid)
        same(t, "half-open", got, want)
        backwards = save(t.path("rt"), rtstruct([(1, "s", [("CLOSED_PLANAR", at(grid, 0, square(y, x, h, w)[::-1]))])]))
        same(t, "the other way round", mask(t, backwards, 0, grid), want)
        total += got
    want = np.zeros((1, 12, 12), int)
    want[0, 2:9, 2:8] = 1
    t.check(np.array_equal(total, want), "squares tile the plane", total[0])


def test_keyhole(t):
    """A hole cut by a channel of no width equals the hole as a contour of its own."""
    grid = tilted((2, 30, 30))
    outer, inner = ring(15, 15, 12, 32), ring(15, 15, 5, 32)
    key = np.vstack([outer, outer[:1], inner[:1], inner[:0:-1], inner[:1]])
    a = save(t.path("a"), rtstruct([(1, "k", [("CLOSED_PLANAR", at(grid, 1, key))])]))
    b = save(t.path("b"), rtstruct([(1, "k", [("CLOSED_PLANAR", at(grid, 1, outer)), ("CLOSED_PLANAR", at(grid, 1, inner))])]))
    want = np.stack([np.zeros((30, 30), bool), inside([outer, inner], 30, 30)])
    same(t, "keyhole", mask(t, a, 0, grid), want)
    same(t, "hole", mask(t, b, 0, grid), want)


def test_planes(t):
    """Contours between slices go to the nearest; of two planes at one slice the nearer counts; outside, or across the slices, is refused."""
    grid = Grid((6, 20, 20))
    p, q = ring(10, 10, 6), ring(9, 9, 3)
    def struct(*contours):
        return save(t.path("p"), rtstruct([(1, "p", [("CLOSED_PLANAR", at(grid, z, s)) for z, s in contours])]))
    want = np.zeros((6, 20, 20), bool)
    want[2] = inside([p], 20, 20)
    same(t, "a third off", mask(t, struct((2.3, p)), 0, grid), want)
    same(t, "two planes", mask(t, struct((2.1, p), (1.6, q)), 0, grid), want)
    want[0] = inside([q], 20, 20)
    same(t, "order of contours", mask(t, struct((2, p), (0, q)), 0, grid), want)
    refused(t, "below the image", mask(t, struct((-1.2, p)), 0, grid), "contour 1", "-1.200", "outside")
    refused(t, "above the image", mask(t, struct((2, p), (5.6, p)), 0, grid), "contour 2", "5.600")
    sagittal = [grid.world((z, y, 4)) for z, y in p / 2]
    refused(t, "sagittal", mask(t, save(t.path("s"), rtstruct([(1, "s", [("CLOSED_PLANAR", sagittal)])])), 0, grid), "not parallel")


def test_regions(t):
    grid, p = Grid((3, 20, 20)), ring(10, 10, 6)
    regions = [(3, "Körper", [("CLOSED_PLANAR", at(grid, 1, p))]), (4, "iso", [("POINT", at(grid, 1, p[:1]))]), (9, "none", []),
               (11, "line", [("OPEN_PLANAR", at(grid, 0, p[:5])), ("CLOSED_PLANAR", at(grid, 2, p))])]
    ds = rtstruct(regions)
    for syntax, charset in ((EXPLICIT, "ISO_IR 192"), (IMPLICIT, "ISO_IR 192"), (EXPLICIT, "ISO_IR 100"), (EXPLICIT, None)):
        ds.SpecificCharacterSet = charset or "ISO_IR 100"
        if not charset:
            ds = pydicom.dcmread(save(t.path("r"), ds))
            del ds.SpecificCharacterSet
        said = outline(t, save(t.path("r"), ds, syntax))
        t.check([(s["number"], s["name"]) for s in said["items"]] == [(3, "Körper"), (11, "line")], "regions", said)
        t.check(said["items"][0]["colour"] == [30, 20, 255], "colour", said)
        notes = " ".join(n["text"] for n in said["notes"])
        t.check(all(w in notes for w in ('"iso"', '"none" has no contours', '"line"')), "notes", notes)
        t.check((said["kind"], said["series_uid"], said["frame_uid"]) == ("RTSTRUCT", "1.2.3.4", "1.2.3.5"), "references", said)
    only = outline(t, save(t.path("o"), rtstruct(regions[1:3])))
    t.check("no region" in only["error"], "nothing closed", only["error"])
    wrong = rtstruct(regions[:1])
    wrong.ROIContourSequence[0].ContourSequence[0].NumberOfContourPoints = 7
    t.check("7 points" in outline(t, save(t.path("w"), wrong))["error"], "wrong count of points")
    stray = rtstruct(regions[:1])
    stray.ROIContourSequence[0].ReferencedROINumber = 77
    t.check("77" in outline(t, save(t.path("w"), stray))["error"], "contours of no region")


# ---- real ones ----

def nrrd(path):
    """A NRRD with gzip or raw data, axes x, y, z as these have them; four-dimensional ones component first."""
    with open(path, "rb") as f:
        head, _, body = f.read().partition(b"\n\n")
    h = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
    body = gzip.decompress(body) if h["encoding"].startswith("gz") else body
    kind = {"unsigned char": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "unsigned short": "u2", "signed short": "i2"}[h["type"]]
    sizes = [int(n) for n in h["sizes"].split()]
    return np.frombuffer(body, kind).reshape(sizes[::-1]), h


def image_grid(folder):
    sets = [pydicom.dcmread(os.path.join(folder, f), stop_before_pixels=True) for f in os.listdir(folder)]
    row, column = np.array(sets[0].ImageOrientationPatient[:3], float), np.array(sets[0].ImageOrientationPatient[3:], float)
    n = np.cross(row, column)
    sets.sort(key=lambda d: np.dot(n, np.array(d.ImagePositionPatient, float)))
    first, last = (np.array(sets[k].ImagePositionPatient, float) for k in (0, -1))
    step = (last - first) / (len(sets) - 1)
    dz = np.linalg.norm(step)
    return Grid((len(sets), sets[0].Rows, sets[0].Columns), (dz, *[float(v) for v in sets[0].PixelSpacing]), first, (step / dz, column, row))


def test_real_seg(t):
    root = os.path.join(t.data, "dicom-seg")
    grid = image_grid(os.path.join(root, "ct-3slice"))
    liver, _ = nrrd(os.path.join(root, "liver_seg.nrrd"))
    same(t, "liver.dcm", mask(t, os.path.join(root, "liver.dcm"), 0, grid), liver)
    same(t, "liver.dcm on its own grid", mask(t, os.path.join(root, "liver.dcm"), 0, None), liver)
    path = os.path.join(root, "partial_overlaps.dcm")
    names = [s["name"] for s in outline(t, path)["items"]]
    t.check(names == ["GREEN", "ORANGE", "PURPLE", "LIGHT_BLUE", "DARK_BLUE"], "names", names)
    want = {}
    for k in (1, 2, 3):
        v, h = nrrd(os.path.join(root, f"partial_overlaps-{k}.nrrd"))
        for n in np.unique(v[v > 0]):
            want[int(n)] = v == n
    for n, v in want.items():
        same(t, f"partial_overlaps {n}", mask(t, path, n - 1, grid), v)
    t.check(len(want) == 5, "all five segments have a reference", sorted(want))
    small = image_grid(os.path.join(root, "24x38x3/image"))
    for name in ("noppv", "ppv5"):
        v, _ = nrrd(os.path.join(root, f"sparse_labelmap_{name}_seg.nrrd"))
        path = os.path.join(root, f"sparse-labelmap-{name}.dcm")
        same(t, name, mask(t, path, 0, small), v == 1)  # where no frame is, their converter put the padding value (5)
    for size in ("23x38x3", "24x38x3"):
        folder = os.path.join(root, size)
        v, _ = nrrd(os.path.join(folder, "nrrd/label.nrrd"))
        same(t, size, mask(t, os.path.join(folder, "seg/label.seg"), 0, image_grid(os.path.join(folder, "image"))), v)


def test_real_rtstruct(t):
    for case in ("rtstruct", "sts-001"):
        root = os.path.join(t.data, case)
        folder = os.path.join(root, "dicom/mask")
        want = np.asarray(nibabel.load(os.path.join(root, "nifti/mask/mask.nii.gz")).dataobj).T
        got = mask(t, os.path.join(folder, os.listdir(folder)[0]), 0, image_grid(os.path.join(root, "dicom/image")))
        same(t, case, got, want)


with Test() as test:
    made = (test_binary, test_own_grid, test_flipped, test_off_grid, test_fractions, test_labelmaps, test_colours, test_bad_segs, test_polygons,
            test_edges, test_keyhole, test_planes, test_regions)
    for f in (test_real_seg, test_real_rtstruct) if test.real else made:
        f(test)
