#!/usr/bin/python3
"""The page of tome view in a real browser (Debian's chromium through chromedriver): what it lists, shows and says, against tome get, nibabel and formulas.

    view_browser.py TOME
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel
import numpy
from PIL import Image
from scipy import ndimage

from report import Browser, contrast
from tomelib import SKIPPED, Checks, Store, nifti, png

MARGIN = 0.96  # of a pane that a whole slice takes
TINY = 130  # cases of the store of many: more than the page asks for at once
# World axes (L, P, S) to the right of and down each plane, and the one that it is a slice of, with the way that scrolling forward goes.
PLANES = {"axial": (0, 1, +1, 2, -1), "coronal": (0, 2, -1, 1, +1), "sagittal": (1, 2, -1, 0, +1)}
MARKS = {"axial": "RLAP", "coronal": "RLSI", "sagittal": "APSI"}  # left, right, top, bottom


# ---- stores ------------------------------------------------------------------------------------------------

def oriented(code, spacing):
    """A NIfTI (RAS) affine whose x, y, z run to the letters of `code`, by spacing."""
    a = numpy.zeros((4, 4))
    for i, letter in enumerate(code):
        axis = next(k for k, pair in enumerate(("RL", "AP", "SI")) if letter in pair)
        a[axis, i] = spacing[i] * (1 if letter in "RAS" else -1)
    a[:, 3] = (11, -23, 37, 1)
    return a


def tilted():
    """Spacing 0.9 × 1.3 × 4 mm, turned about two axes."""
    c, s, d, t = numpy.cos(0.3), numpy.sin(0.3), numpy.cos(-0.2), numpy.sin(-0.2)
    turn = numpy.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ numpy.array([[1, 0, 0], [0, d, -t], [0, t, d]])
    a = numpy.eye(4)
    a[:3, :3] = turn @ numpy.diag([0.9, 1.3, 4])
    a[:3, 3] = (5, 60, -80)
    return a


def sheared():
    """A gantry tilted by 15 degrees: slices are pushed towards the patient's back as they go up."""
    a = oriented("LPS", (1.1, 1.1, 3.5))
    a[:3, 2] = (0, 3.5 * numpy.sin(0.26), 3.5 * numpy.cos(0.26))
    return a


SHAPES = {"aniso": ((40, 36, 14), oriented("RAS", (1.5, 1.5, 6))), "turned": ((18, 44, 30), oriented("SLP", (2, 1.25, 3))),
          "mirrored": ((36, 30, 24), oriented("LPI", (1, 2, 2.5))), "oblique": ((34, 28, 16), tilted()),
          "sheared": ((40, 44, 18), sheared())}
SLANTED = ("oblique", "sheared")


def volumes(folder):
    rng = numpy.random.default_rng(7)
    for id_, (shape, affine) in SHAPES.items():
        image = ndimage.gaussian_filter(rng.normal(0, 4000, shape), 1.5).clip(-1024, 3000).astype(numpy.int16)
        image.flat[0] = -1024
        label = numpy.zeros(shape, numpy.uint8)
        lo, hi = [n // 4 for n in shape], [n // 4 + n // 3 for n in shape]
        label[lo[0]:hi[0], lo[1]:hi[1], lo[2]:hi[2]] = 1
        label[hi[0] - 2:hi[0] + 3, hi[1] - 3:hi[1] + 1, lo[2] + 1:hi[2]] = 2
        label[1:3, 1:3, 1:3] = 2  # far from the rest of it
        nifti(folder / f"{id_}.nii.gz", image, affine)
        nifti(folder / f"{id_}_seg.nii.gz", label, affine)


def store_of_volumes(program, folder):
    volumes(folder)
    s = Store(program)
    for id_ in SHAPES:
        done = s.ingest("--image", folder / f"{id_}.nii.gz", "--id", id_, "--label", f"seg={folder / f'{id_}_seg.nii.gz'}")
        assert done.status == 0, done.out + done.err
    rng = numpy.random.default_rng(9)
    colours = rng.integers(0, 256, (40, 60, 3)).astype(numpy.uint8)
    png(folder / "picture.png", colours)
    png(folder / "picture_mask.png", (colours[..., 0] > 128).astype(numpy.uint8) * 255)
    done = s.ingest("--image", folder / "picture.png", "--id", "picture", "--spacing", "1,1,1", "--label", f"bright={folder / 'picture_mask.png'}")
    assert done.status == 0, done.out + done.err
    return s


def store_of_many(program, folder):
    rng = numpy.random.default_rng(5)
    for i in range(TINY):
        nifti(folder / f"volume-{i}.nii", rng.integers(-1024, 1500, (8 + i % 7, 9, 5)).astype(numpy.int16), numpy.diag([1, 1, 1 + i % 5, 1]))
        label = numpy.zeros((8 + i % 7, 9, 5), numpy.uint8)
        label[2:5, 2:3 + i % 6, 1:4] = 1 + i % 2
        nifti(folder / f"segmentation-{i}.nii", label, numpy.diag([1, 1, 1 + i % 5, 1]))
    s = Store(program)
    s.ingest(folder)
    assert len(s.ids()) == TINY
    return s


class Taken:
    """A volume of a case, or of what a recipe makes of it, by tome get and nibabel: array (z, y, x), and the affine to LPS."""

    def __init__(self, s, id_, *words):
        with tempfile.TemporaryDirectory() as t:
            out = Path(t) / "v.nii"
            done = s.tome("get", s.path, id_, *words, "-o", out, "-q")
            assert done.status == 0, done.err
            image = nibabel.load(out)
            self.array = numpy.asanyarray(image.dataobj).transpose(2, 1, 0).copy()
            self.affine = numpy.diag([-1, -1, 1, 1]) @ image.affine  # of (x, y, z, 1)

    def world(self, voxel):
        return (self.affine @ [*voxel[::-1], 1])[:3]

    def voxel(self, world):
        return (numpy.linalg.inv(self.affine) @ [*world, 1])[:3][::-1]

    def centre(self):
        return self.world((numpy.array(self.array.shape) - 1) / 2)

    def steps(self, plane):
        """The index axes (z, y, x) that run across, down and through a plane of an axis-aligned volume."""
        across, down, _, through, _ = PLANES[plane]
        along = [int(numpy.argmax(numpy.abs(self.affine[w, :3]))) for w in range(3)]
        return [2 - along[w] for w in (across, down, through)]

    def size(self, axis):
        return self.array.shape[axis] * numpy.linalg.norm(self.affine[:3, 2 - axis])


# Two frames in a row without anything on its way.
DRAWN = """const done = arguments[0], end = performance.now() + 60000, text = id => document.getElementById(id).textContent;
const busy = () => "…–".includes(text("at-value") || "–") || text("result-value") === "…" || document.querySelector(".stage.waiting");
const look = still => performance.now() > end || still > 1 ? done(still > 1) : requestAnimationFrame(() => setTimeout(() => look(busy() ? 0 : still + 1)));
look(0);"""


# ---- the page ----------------------------------------------------------------------------------------------

class Viewer:
    """tome view of a store, and the page in the browser."""

    def __init__(self, browser, s, *words):
        self.b, self.s = browser, s
        self.server = subprocess.Popen([s.program, "view", s.path, "--no-open", "--json", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url = json.loads(self.server.stdout.readline())["url"]

    def close(self):
        self.server.terminate()
        self.server.communicate(timeout=20)

    def go(self, fragment=""):
        self.b.call("POST", self.b.session + "/url", {"url": "about:blank"})
        self.b.call("POST", self.b.session + "/url", {"url": self.url + fragment})
        self.settled()

    def wait(self, condition, what):
        """Looked at once a frame, in the page; 60 seconds are for a slow machine."""
        got = self.b.run_later(f"const done = arguments[0], end = performance.now() + 60000; (function look() {{ const got = ({condition});"
                               " if (got || performance.now() > end) done(got); else setTimeout(look, 4); })()")
        if not got:
            raise AssertionError(f"waited in vain until {what}: {condition}")
        return got

    def settled(self):
        """Nothing is on its way and all is drawn."""
        self.b.run_later(DRAWN) or self.wait("false", "the slices are there")

    def text(self, id_):
        return self.b.run(f"return document.getElementById('{id_}').textContent")

    def set(self, id_, value, event="change"):
        self.b.run(f"const e = document.getElementById('{id_}'); e.value = {json.dumps(value)}; e.dispatchEvent(new Event('{event}', {{ bubbles: true }}))")

    def click(self, selector):
        element = self.b.call("POST", self.b.session + "/element", {"using": "css selector", "value": selector})
        self.b.call("POST", f"{self.b.session}/element/{next(iter(element.values()))}/click", {})

    def keys(self, selector, text):
        self.b.type(selector, text)
        self.settled()

    def pointer(self, points, button=0, keys=()):
        """Presses at the first point, moves over the others, lets go."""
        acts = [{"type": "pointerMove", "x": round(points[0][0]), "y": round(points[0][1])}, {"type": "pointerDown", "button": button}]
        acts += [{"type": "pointerMove", "x": round(x), "y": round(y), "duration": 20} for x, y in points[1:]] + [{"type": "pointerUp", "button": button}]
        down, up = [{"type": "keyDown", "value": k} for k in keys], [{"type": "keyUp", "value": k} for k in keys]
        pauses = [{"type": "pause"}] * len(acts)
        sources = [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [{"type": "pause"}] * len(down) + acts}]
        if keys:
            sources.append({"type": "key", "id": "keys", "actions": down + pauses + up})
        self.b.call("POST", self.b.session + "/actions", {"actions": sources})
        self.settled()

    def wheel(self, point, notches):
        scroll = {"type": "scroll", "x": round(point[0]), "y": round(point[1]), "deltaX": 0, "deltaY": 120 * notches}
        self.b.call("POST", self.b.session + "/actions", {"actions": [{"type": "wheel", "id": "wheel", "actions": [scroll]}]})
        self.settled()

    def stage(self, plane, scene="original"):
        """Left, top, width, height of a plane's picture in CSS pixels."""
        box = f"document.querySelector('.pane.{plane}.{scene} .stage').getBoundingClientRect()"
        return self.b.run(f"const r = {box}; return [r.left, r.top, r.width, r.height]")

    def pixels(self, plane, canvas="image", scene="original"):
        """A canvas as an array (rows, columns, RGBA)."""
        script = f"const c = document.querySelector('.pane.{plane}.{scene} canvas.{canvas}'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;" \
                 "let s = ''; for (let i = 0; i < d.length; i += 8192) s += String.fromCharCode(...d.subarray(i, i + 8192)); return [c.width, c.height, btoa(s)]"
        import base64
        width, height, data = self.b.run(script)
        return numpy.frombuffer(base64.b64decode(data), numpy.uint8).reshape(height, width, 4)

    def crosshair(self, prefix="at"):
        """What the page says of the crosshair: voxel, value, labels."""
        voxel, value, label = self.b.run(f"return ['voxel', 'value', 'label'].map(n => document.getElementById('{prefix}-' + n).textContent)")
        return tuple(int(w) for w in voxel.split(",")), float(value.replace("−", "-").split()[0]), set() if label == "–" else set(label.split(", "))

    def world(self):
        """Of the crosshair, in LPS."""
        words = self.text("at-world").split()
        return [(1 if sign in "LPS" else -1) * float(v) for sign, v in zip(words[::2], words[1::2])]

    def open(self, id_):
        self.set("search", id_, "input")
        self.wait(f"document.querySelectorAll('.case').length === 1 && document.querySelector('.case-id').textContent === '{id_}'", f"{id_} is listed")
        self.click(".case")
        self.wait(f"document.getElementById('case-title').textContent === '{id_}' && document.title.startsWith('{id_}')", f"{id_} is open")
        self.settled()


def scale(v, stage, plane):
    """CSS pixels a mm of a plane that shows the whole of volume v."""
    across, down, _ = v.steps(plane)
    return MARGIN * min(stage[2] / v.size(across), stage[3] / v.size(down))


def place(v, stage, plane, world):
    """Where in the window a place lies in an axis-aligned volume's plane: from the middle of the picture, to the patient's left, back, head."""
    across, down, sign, _, _ = PLANES[plane]
    off = numpy.asarray(world) - v.centre()
    k = scale(v, stage, plane)
    return stage[0] + stage[2] / 2 + off[across] * k, stage[1] + stage[3] / 2 + sign * off[down] * k


def mask_of(v, labels, stage, plane, index):
    """The pixels of a plane's canvas that lie on voxels of `labels` in its slice."""
    across, down, sign, through, _ = PLANES[plane]
    k = scale(v, stage, plane)
    height, width = round(stage[3]), round(stage[2])
    world = numpy.empty((height, width, 3))
    world[:] = v.centre()
    world[..., across] += (numpy.arange(width)[None, :] + 0.5 - stage[2] / 2) / k
    world[..., down] += sign * (numpy.arange(height)[:, None] + 0.5 - stage[3] / 2) / k
    inverse = numpy.linalg.inv(v.affine)
    voxel = numpy.rint(world @ inverse[:3, :3].T + inverse[:3, 3])[..., ::-1].astype(int)
    voxel[..., v.steps(plane)[2]] = index
    inside = ((voxel >= 0) & (voxel < v.array.shape)).all(-1)
    out = numpy.zeros((height, width), bool)
    out[inside] = numpy.isin(v.array[tuple(voxel[inside].T)], labels)
    return out


# ---- checks ------------------------------------------------------------------------------------------------

def gray(value, level, width):
    return int(numpy.floor(255 * min(1, max(0, (value - (level - width / 2)) / width)) + 0.5))


def values(c, p, id_):
    """Clicking anywhere: the voxel there, its place, value and label, as tome get has them."""
    p.open(id_)
    image, label = Taken(p.s, id_), Taken(p.s, id_, "--label", "seg")
    names = {1: {"seg_1"}, 2: {"seg_2"}}
    known = {r["value"]: {r["name"]} for r in p.s.query(f"SELECT value, name FROM labels WHERE case_id = '{id_}'")}
    names.update(known)
    rng = numpy.random.default_rng(len(id_))
    for plane in PLANES:
        stage = p.stage(plane)
        for _ in range(5):
            voxel = tuple(int(rng.integers(0, n)) for n in image.array.shape)
            if id_ in SLANTED:
                point = (stage[0] + stage[2] * rng.uniform(0.4, 0.6), stage[1] + stage[3] * rng.uniform(0.4, 0.6))
            else:
                point = place(image, stage, plane, image.world(voxel))
            before = p.crosshair()[0]
            p.pointer([point])
            got, value, labels = p.crosshair()
            if id_ not in SLANTED:
                through = image.steps(plane)[2]
                want = tuple(before[a] if a == through else voxel[a] for a in range(3))
                near = all(abs(g - w) <= (0 if a == through or round(scale(image, stage, plane) * image.size(a) / image.array.shape[a]) >= 4 else 1) for a, (g, w) in enumerate(zip(got, want)))
                c.that(near, f"{id_}, {plane}: a click leads to voxel {got}, wanted {want}")
            c.equal(value, image.array[got], f"{id_}, {plane}: value at {got}")
            c.equal(labels, names.get(int(label.array[got]), set()), f"{id_}, {plane}: label at {got}")
            c.near(p.world(), image.world(got), 0.051, f"{id_}, {plane}: world at {got}")


def distances(c, p, id_):
    """What lies n mm apart in the patient is n mm apart by the bar on the screen, to the voxel: any spacing, any tilt."""
    image = Taken(p.s, id_)
    for plane in PLANES:
        stage = p.stage(plane)
        bar, text = p.b.run(f"const e = document.querySelector('.pane.{plane} .scale'); return [e.getBoundingClientRect().width, e.textContent]")
        mm = float(text.split()[0]) * (10 if text.endswith("cm") else 1)
        points, places = [(0.42, 0.45), (0.58, 0.55), (0.44, 0.57)], []
        for x, y in points:
            p.pointer([(round(stage[0] + stage[2] * x), round(stage[1] + stage[3] * y))])
            places.append(image.world(p.crosshair()[0]))
        for a, b in ((0, 1), (0, 2), (1, 2)):
            screen = numpy.hypot(stage[2] * (points[a][0] - points[b][0]), stage[3] * (points[a][1] - points[b][1])) * mm / bar
            voxel = numpy.sort(numpy.linalg.norm(image.affine[:3, :3], axis=0))[-2:].max()
            c.near(numpy.linalg.norm(places[a] - places[b]), screen, voxel * 1.5, f"{id_}, {plane}: mm in the patient and on the screen")


def marks(c, p, id_):
    for plane, want in MARKS.items():
        got = p.b.run(f"return ['left', 'right', 'top', 'bottom'].map(s => document.querySelector('.pane.{plane} .mark.' + s).textContent).join('')")
        c.equal(got, want, f"{id_}, {plane}: letters around")


def scrolling(c, p, id_):
    image = Taken(p.s, id_)
    for plane, (_, _, _, through, way) in PLANES.items():
        stage = p.stage(plane)
        middle = (stage[0] + stage[2] / 2, stage[1] + stage[3] / 2)
        p.pointer([middle])
        at = p.crosshair()[0]
        moves = {}
        for name, act in {"wheel": lambda: p.wheel(middle, 1), "arrow": lambda: p.keys(f".pane.{plane}.original .stage", "\ue015"),
                          "back": lambda: p.keys(f".pane.{plane}.original .stage", "\ue013"), "end": lambda: p.keys(f".pane.{plane}.original .stage", "\ue010")}.items():
            act()
            now, value, _ = p.crosshair()
            c.equal(value, image.array[now], f"{id_}, {plane}: value after {name}")
            moves[name] = numpy.array(image.world(now)) - image.world(at)
            at = now
        step = moves["wheel"]
        c.that(step[through] * way > 0.2 and abs(step[through]) >= 0.9 * numpy.abs(step).max(), f"{id_}, {plane}: the wheel goes to {'LPS'[through]}, {way}: {step}")
        c.near(moves["arrow"], step, 1e-6, f"{id_}, {plane}: the arrow goes as the wheel does")
        c.near(moves["back"], -step, 1e-6, f"{id_}, {plane}: and back")
        number = p.b.run(f"return document.querySelector('.pane.{plane}.original output').textContent")
        last = image.array.shape[image.steps(plane)[2]] - 1
        c.that(number in (f"{last} / {last}", f"0 / {last}"), f"{id_}, {plane}: End is an end: {number}")


def windows(c, p, id_):
    """Pixels of the canvas are what level and width make of the voxel's value."""
    p.open(id_)
    if p.b.run("return document.getElementById('smooth').getAttribute('aria-pressed')") == "true":
        p.click("#smooth")
    image = Taken(p.s, id_)
    rng = numpy.random.default_rng(4)
    for level, width in ((40, 400), (-200, 1500), (300.5, 77)):
        p.set("level", str(level))
        p.set("width", str(width))
        p.settled()
        pixels_agree(c, p, image, rng, level, width, f"{id_}: window {level}/{width}")
    for plane in PLANES:  # the neighbours, which came together
        stage = p.stage(plane)
        for notch in (1, 1, 1, -1, -1, -1, -1):
            p.wheel((stage[0] + stage[2] / 2, stage[1] + stage[3] / 2), notch)
            pixels_agree(c, p, image, rng, level, width, f"{id_}: scrolled", [plane])
    stage = p.stage("axial")
    x, y = stage[0] + stage[2] * 0.4, stage[1] + stage[3] * 0.5
    for button, keys in ((2, ()), (0, ("\ue008",))):
        p.set("level", "100")
        p.set("width", "500")
        at = p.crosshair()[0]
        p.pointer([(x, y), (x + 20, y), (x + 60, y - 30)], button, keys)
        level, width = (float(p.b.run(f"return document.getElementById('{n}').value")) for n in ("level", "width"))
        c.that(width > 520 and level > 100, f"{id_}: dragging right widens, up lifts: {level}/{width}")
        c.equal(p.crosshair()[0], at, f"{id_}: and the crosshair stays")
        pixels_agree(c, p, image, rng, level, width, f"{id_}: window dragged to {level}/{width}")
    p.set("level", "100")
    p.keys("#edge-high", "\ue014")
    c.that(float(p.b.run("return document.getElementById('width').value")) > 500, "the upper edge moves by the keyboard")


def pixels_agree(c, p, image, rng, level, width, what, planes=PLANES):
    at = p.crosshair()[0]
    for plane in planes:
        pixels, stage, through = p.pixels(plane), p.stage(plane), image.steps(plane)[2]
        off = []
        for _ in range(12):
            voxel = tuple(at[a] if a == through else int(rng.integers(0, n)) for a, n in enumerate(image.array.shape))
            x, y = place(image, stage, plane, image.world(voxel))
            got = pixels[int(y - stage[1]), int(x - stage[0])].tolist()
            want = [gray(image.array[voxel], level, width)] * 3 + [255]
            if got != want:
                off.append((voxel, got, want))
        c.equal(off, [], f"{what}, {plane}: pixels that are not as the formula says")


def handling(c, p, id_):
    """Zooming and moving keep what is under the mouse; a plane alone; labels hidden and gone to; the histogram's edges dragged."""
    p.go(f"#case={id_}&at=9,9,9&window=40,400")
    stage = p.stage("axial")
    at = (round(stage[0] + stage[2] * 0.45), round(stage[1] + stage[3] * 0.56))
    p.pointer([at])
    here, before = p.crosshair()[0], p.pixels("axial")
    p.b.call("POST", p.b.session + "/actions", {"actions": [{"type": "key", "id": "keys", "actions": [{"type": "keyDown", "value": "\ue009"}, {"type": "pause"}, {"type": "keyUp", "value": "\ue009"}]},
        {"type": "wheel", "id": "wheel", "actions": [{"type": "pause"}, {"type": "scroll", "x": at[0], "y": at[1], "deltaX": 0, "deltaY": -120}, {"type": "pause"}]}]})
    p.settled()
    c.that(not numpy.array_equal(p.pixels("axial"), before), "Ctrl and the wheel zoom")
    p.pointer([at])
    c.equal(p.crosshair()[0], here, "about the mouse")
    p.pointer([at, (at[0] + 37, at[1] - 22)], 1)
    p.pointer([(at[0] + 37, at[1] - 22)])
    c.equal(p.crosshair()[0], here, "the middle button moves the picture along")
    p.click("#reset")
    p.settled()
    p.pointer([at])
    c.equal(p.crosshair()[0], here, "and Fit puts it back")
    twice = [{"type": "pointerMove", "x": at[0], "y": at[1]}] + [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}] * 2
    p.b.call("POST", p.b.session + "/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": twice}]})
    p.settled()
    seen = "return [...document.querySelectorAll('.pane')].filter(e => e.offsetParent).map(e => e.dataset.plane)"
    c.equal(p.b.run(seen), ["axial"], "a double click shows one plane alone")
    p.keys("body", "0")
    c.equal(p.b.run(seen), list(PLANES), "0 shows all")
    label = Taken(p.s, id_, "--label", "seg")
    spacing = numpy.linalg.norm(label.affine[:3, :3], axis=0)[::-1]
    rows = p.s.query(f"SELECT * FROM labels WHERE case_id = '{id_}' ORDER BY value")
    for row in rows:
        p.click(f"tr[data-label='{row['name']}'] button")
        p.settled()
        centre = [(row[f"box_{a}0"] + row[f"box_{a}1"] - 1) // 2 for a in "zyx"]
        far = lambda voxels: numpy.linalg.norm((numpy.asarray(voxels) - centre) * spacing, axis=-1)
        c.near(far(p.crosshair()[0]), far(numpy.argwhere(label.array == row["value"])).min(), 1e-6, f"{row['name']}: a click on the name goes to where it is nearest to its middle")
        c.equal(p.crosshair()[2], {row["name"]}, "and it is there")
        c.that(p.b.run(f"return document.querySelector('tr[data-label=\"{row['name']}\"]').textContent").endswith(" ml"), "its volume is told")
    p.b.run("if (document.getElementById('crosshair').getAttribute('aria-pressed') === 'true') document.getElementById('crosshair').click()")
    p.settled()
    shown = lambda: sum(int((p.pixels(plane, "over")[..., 3] > 0).sum()) for plane in PLANES)
    both = shown()
    p.click(f"tr[data-label='{rows[1]['name']}'] input")
    p.settled()
    one = shown()
    p.click(f"tr[data-label='{rows[0]['name']}'] input")
    p.settled()
    c.that(both > one > 0 == shown(), f"labels can be hidden: {both}, {one}, {shown()} pixels")
    p.click("#labels-all")
    p.click("#crosshair")
    p.settled()
    box = p.b.run("const r = document.getElementById('edge-high').getBoundingClientRect(); return [r.left + r.width / 2, r.top + 20]")
    p.pointer([box, (box[0] - 8, box[1])])
    level, width = (float(p.b.run(f"return document.getElementById('{n}').value")) for n in ("level", "width"))
    c.that(width < 399 and abs(level - width / 2 - (40 - 200)) <= 1, f"the upper edge is dragged and the lower one stays: {level}/{width}")


def overlays(c, p, id_):
    """Fill lies on the label to one pixel, outlines on its border; the label's side is the side of its letter."""
    p.open(id_)
    label = Taken(p.s, id_, "--label", "seg")
    centre = [int(v) for v in numpy.argwhere(label.array == 1).mean(0)]
    p.go("#case=" + id_ + "&at=" + ",".join(map(str, centre)))
    p.b.run("if (document.getElementById('crosshair').getAttribute('aria-pressed') === 'true') document.getElementById('crosshair').click()")
    p.set("opacity", "100", "input")
    for fill in (True, False):
        p.b.run(f"for (const [id, on] of [['fill', {str(fill).lower()}], ['outline', {str(not fill).lower()}]]) {{ const e = document.getElementById(id); if (e.checked !== on) e.click(); }}")
        p.settled()
        for plane, (across, down, sign, _, _) in PLANES.items():
            stage = p.stage(plane)
            shown = p.pixels(plane, "over")[..., 3] > 127
            want = mask_of(label, [1, 2], stage, plane, centre[label.steps(plane)[2]])
            inner, outer = ndimage.binary_erosion(want, iterations=1), ndimage.binary_dilation(want, iterations=1)
            c.that(want.sum() > 500, f"{id_}, {plane}: there is a label to see")
            if fill:
                c.that(bool(shown[inner].all()) and not shown[~outer].any(), f"{id_}, {plane}: fill lies on the label ({(shown ^ want).sum()} of {want.sum()} differ)")
                middle = numpy.argwhere(shown).mean(0)[::-1] - [stage[2] / 2, stage[3] / 2]
                off = numpy.mean([label.world(v) for v in numpy.argwhere(label.array > 0)], 0) - label.centre()
                for axis, got in ((across, middle[0]), (down, sign * middle[1])):
                    if abs(off[axis]) > 2:
                        c.that(got * off[axis] > 0, f"{id_}, {plane}: the label lies to {'LPS'[axis]} by {off[axis]:.1f} mm, and {got:.0f} pixels that way")
            else:
                border = mask_of(label, [1], stage, plane, centre[label.steps(plane)[2]])
                border ^= ndimage.binary_erosion(border)
                near = ndimage.binary_dilation(shown, numpy.ones((3, 3)), iterations=2)
                c.that(shown.any() and bool(near[border].all()), f"{id_}, {plane}: the outline is at all of the border")
                c.that(not shown[~outer].any() and not shown[ndimage.binary_erosion(mask_of(label, [1], stage, plane, centre[label.steps(plane)[2]]), iterations=3)].any(),
                       f"{id_}, {plane}: and nowhere else")


def recipes(c, p, id_):
    steps = "resample:spacing=2.5\nwindow:level=50,width=700\n"
    with tempfile.NamedTemporaryFile("w", suffix=".recipe") as f:
        f.write(steps)
        f.flush()
        want = Taken(p.s, id_, "--recipe", f.name)
    p.open(id_)
    p.set("recipe-text", "resample:spacing=none")
    p.click("#recipe-apply")
    p.wait("document.getElementById('recipe-problem').textContent.length > 10 && !document.querySelector('#recipe-problem.busy')", "a bad recipe is refused")
    said = p.s.tome("get", p.s.path, id_, "resample:spacing=none", "-o", "/nonexistent/x.npy").err.strip().removeprefix("tome: ")
    c.equal(p.text("recipe-problem"), said.splitlines()[0], "a bad recipe: the sentence is that of tome get")
    c.equal(p.b.run("return document.querySelectorAll('.pane.result').length"), 0, "and there is no result")
    p.b.log()
    p.set("recipe-text", steps)
    p.click("#recipe-apply")
    p.wait("document.querySelectorAll('.pane.result').length === 3", "a result is shown")
    p.settled()
    c.equal(p.text("recipe-problem"), "", "a good one: no sentence")
    c.equal(p.text("result-shape"), " × ".join(map(str, want.array.shape)), "its shape")
    c.equal(p.text("result-dtype"), "float32", "its type")
    rng = numpy.random.default_rng(2)
    image = Taken(p.s, id_)
    for plane in PLANES:
        for scene in ("original", "result", "result", "original"):
            stage = p.stage(plane, scene)
            p.pointer([(stage[0] + stage[2] * rng.uniform(0.42, 0.58), stage[1] + stage[3] * rng.uniform(0.42, 0.58))])
            stored, value, _ = p.crosshair()
            voxel, result, _ = p.crosshair("result")
            c.equal(value, image.array[stored], f"stored value at {stored}")
            c.near(result, want.array[voxel], 1e-6, f"{plane}: result's value at {voxel}")
            half = [numpy.linalg.norm(v.affine[:3, :3], axis=0).max() / 2 + 0.06 for v in (image, want)]
            c.near(p.world(), image.world(stored), half[0], "the stored voxel is the one there")
            c.near(p.world(), want.world(voxel), half[1], "the result's voxel is the one there")
    p.keys("body", "r")
    c.equal(p.b.run("return [...document.querySelectorAll('.pane')].filter(e => !e.hidden).map(e => e.dataset.scene)"), ["result"] * 3, "r shows the result alone")
    p.keys("body", "r")
    c.equal(p.b.run("return [...document.querySelectorAll('.pane')].filter(e => !e.hidden).map(e => e.dataset.scene)"), ["original"] * 3, "r again shows what is stored")
    p.keys("body", "s")


def made(c, p, id_):
    """Values that a recipe made have a row in the legend, in the colour that they are drawn in."""
    p.open(id_)
    p.set("recipe-text", "remap:1=7,2=9")
    p.click("#recipe-apply")
    p.wait("document.querySelectorAll('.pane.result').length === 3", "a result of other values is shown")
    for row in p.s.query(f"SELECT name FROM labels WHERE case_id = '{id_}' ORDER BY value"):
        p.click(f"tr[data-label='{row['name']}'] button")
        p.settled()
    p.wait("document.querySelectorAll('#made-rows tr').length === 2", "made labels are in the legend")
    rows = p.b.run("return [...document.querySelectorAll('#made-rows tr')].map(e => [e.dataset.made, getComputedStyle(e.querySelector('.swatch')).backgroundColor])")
    c.equal([name.split()[-1] for name, _ in rows], ["7", "9"], "by value")
    noted = []
    for scene in ("result", "original"):
        p.click(f"#window-of [data-scene={scene}]")
        noted.append(p.b.run("return document.getElementById('histogram-note').offsetParent !== null"))
    c.equal(noted, [True, False], "that a result's histogram is of the slices shown is said")
    p.b.run("const e = document.getElementById('fill'); if (!e.checked) e.click()")
    p.set("opacity", "100", "input")
    p.settled()
    drawn = {tuple(q[:3]) for plane in PLANES for q in numpy.unique(p.pixels(plane, "over", "result").reshape(-1, 4), axis=0) if q[3] == 255}
    colours = {tuple(int(n) for n in re.findall(r"\d+", colour)) for _, colour in rows}
    c.that(len(colours) == 2 and colours <= drawn, f"in the colours of the legend: {colours}")
    p.click("#recipe-off")
    p.settled()
    c.equal(p.b.run("return document.querySelectorAll('#made-rows tr').length"), 0, "without the recipe they are gone")


def far(c, p, ids):
    """A case that the address names is scrolled to, also where its rows had not come."""
    p.go(f"#case={ids[-2]}")
    p.wait(f"document.getElementById('case-title').textContent === '{ids[-2]}'", "it is open")
    p.wait(f"[...document.querySelectorAll('.case')].some(e => e.querySelector('.case-id').textContent === '{ids[-2]}'"
           " && e.getBoundingClientRect().top >= document.getElementById('cases').getBoundingClientRect().top"
           " && e.getBoundingClientRect().bottom <= document.getElementById('cases').getBoundingClientRect().bottom + 1)", "its row is in sight")
    c.equal(p.b.run("return document.querySelectorAll('.case[aria-selected=true]').length"), 1, "and marked")


def reload(c, p):
    """The address holds it all; the recipe of `recipes` is still on."""
    p.set("level", "123")
    p.set("width", "456")
    p.click("#layout [data-plane=coronal]")
    p.settled()
    look = lambda: [p.crosshair(), p.crosshair("result"), p.text("case-title"), p.text("result-shape"), *[p.b.run(f"return document.getElementById('{n}').value") for n in ("level", "width")],
                    p.b.run("return [...document.querySelectorAll('.pane')].filter(e => !e.hidden).map(e => e.dataset.plane + e.dataset.scene)")]
    p.wait("['window=123,456', 'plane=coronal'].every(w => location.hash.includes(w))", "the address holds window and plane")
    before, fragment = look(), p.b.run("return location.hash")
    p.go(fragment)
    p.wait("document.querySelectorAll('.pane.result').length === 3", "the result is there again")
    p.settled()
    c.equal(look(), before, "a reload shows the same")
    p.click("#recipe-off")
    p.click("#layout [data-plane='']")
    p.settled()
    c.equal(p.b.run("return document.querySelectorAll('.pane.result').length"), 0, "a recipe is taken off again")


def colours(c, p, folder):
    p.open("picture")
    want = numpy.asarray(Image.open(folder / "picture.png"))
    c.equal(p.b.run("return [...document.querySelectorAll('.pane')].map(e => e.dataset.plane)"), ["axial"], "a picture is one plane")
    c.equal(p.b.run("return [...document.querySelectorAll('.mark')].map(e => e.textContent).join('')"), "", "without letters")
    p.b.run("if (document.getElementById('smooth').getAttribute('aria-pressed') === 'true') document.getElementById('smooth').click()")
    p.settled()
    stage, pixels = p.stage("axial"), p.pixels("axial")
    k = MARGIN * min(stage[2] / want.shape[1], stage[3] / want.shape[0])
    off = []
    for y, x in numpy.random.default_rng(1).integers(0, want.shape[:2], (60, 2)):
        at = [int(stage[3] / 2 + (y + 0.5 - want.shape[0] / 2) * k), int(stage[2] / 2 + (x + 0.5 - want.shape[1] / 2) * k)]
        if pixels[tuple(at)].tolist() != [*want[y, x], 255]:
            off.append((y, x))
    c.equal(off, [], "its pixels are the picture's")
    p.pointer([(stage[0] + stage[2] / 2 + 5.5 * k, stage[1] + stage[3] / 2 + 3.5 * k)])
    c.equal(p.text("at-voxel"), f"0, {want.shape[0] // 2 + 3}, {want.shape[1] // 2 + 5}", "a click in it")
    c.equal(p.text("at-value"), ", ".join(str(v) for v in want[want.shape[0] // 2 + 3, want.shape[1] // 2 + 5]), "has three values")


LISTED = "return [...document.querySelectorAll('.case')].sort((a, b) => a.dataset.row - b.dataset.row).map(e => e.querySelector('.case-id').textContent)"


def listing(c, p):
    s = p.s
    p.go()
    count = lambda n, what: p.wait(f"document.getElementById('case-count').textContent === '{n} case{'' if n == 1 else 's'}'", what)
    count(TINY, "all cases are counted")
    drawn = p.b.run("return document.querySelectorAll('.case').length")
    c.that(5 < drawn < 60, f"only rows in sight are there: {drawn} of {TINY}")
    c.equal(p.b.run(LISTED)[:3], ["volume-0", "volume-1", "volume-2"], "by number")
    p.set("search", "volume-12", "input")
    ids = sorted((r["id"] for r in s.query("SELECT id FROM cases WHERE id LIKE '%volume-12%'")), key=lambda i: int(i[7:]))
    count(len(ids), "a word filters")
    c.equal(p.b.run(LISTED), ids, "to the cases of that name")
    p.set("search", "", "input")
    where = "shape_x >= 12 AND spacing_z < 4"
    p.set("where", where, "input")
    ids = {r["id"] for r in s.query(f"SELECT id FROM cases WHERE {where}")}
    count(len(ids), "SQL filters")
    c.that(set(p.b.run(LISTED)) <= ids, "to the cases it is true for")
    p.set("where", "shape_q > 3", "input")
    p.wait("document.getElementById('filter-problem').textContent.includes('shape_q')", "bad SQL is told")
    c.equal(p.b.run("return document.getElementById('where').getAttribute('aria-invalid')"), "true", "and marked")
    p.b.log()
    p.set("where", "", "input")
    count(TINY, "without a filter all are there")
    c.equal(p.text("filter-problem"), "", "and nothing is wrong any more")
    for falling in (False, True):
        p.set("order", "hu_mean")
        p.b.run(f"const e = document.getElementById('descending'); if (e.checked !== {str(falling).lower()}) e.click()")
        ids = [r["id"] for r in s.query(f"SELECT id FROM cases ORDER BY hu_mean {'DESC' if falling else ''}, id")]
        p.wait(f"document.querySelector('[data-row=\"0\"] .case-id')?.textContent === '{ids[0]}'", "sorted")
        c.equal(p.b.run(LISTED)[:10], ids[:10], f"sorted by a column, falling {falling}")
    p.keys("#cases", "\ue010")
    p.wait(f"document.getElementById('case-title').textContent === '{ids[-1]}'", "End opens the last case")
    c.equal(p.b.run(LISTED)[-1], ids[-1], "which came with its page")
    p.keys("#cases", "\ue013")
    p.wait(f"document.getElementById('case-title').textContent === '{ids[-2]}'", "the arrow opens the one before")
    p.keys("body", "j")
    p.wait(f"document.getElementById('case-title').textContent === '{ids[-1]}'", "j opens the next")


def leaks(c, p):
    """Opening cases and scrolling again and again leaves no elements and no listeners behind."""
    cdp = lambda command, values=None: p.b.call("POST", p.b.session + "/goog/cdp/execute", {"cmd": command, "params": values or {}})
    cdp("Performance.enable")

    def use(rounds):
        for _ in range(rounds):
            for key in ("k", "j"):
                title = p.text("case-title")
                p.b.type("body", key)
                p.wait(f"document.getElementById('case-title').textContent !== '{title}'", "another case")
                p.settled()
                p.keys("body", "\ue010\ue011\ue00f\ue00e\ue015\ue013")  # not to a pane: the driver would keep each that it was told of
        cdp("HeapProfiler.collectGarbage")
        return {m["name"]: m["value"] for m in cdp("Performance.getMetrics")["metrics"]}

    use(3)
    first = use(1)
    second = use(6)
    c.that(second["Nodes"] <= first["Nodes"] + 150, f"elements stay as many: {first['Nodes']} and {second['Nodes']}")
    c.that(second["JSEventListeners"] <= first["JSEventListeners"] + 20, f"listeners too: {first['JSEventListeners']} and {second['JSEventListeners']}")
    c.that(second["JSHeapUsedSize"] <= first["JSHeapUsedSize"] + 2e6, f"and memory: {first['JSHeapUsedSize']} and {second['JSHeapUsedSize']}")


def page(c, p):
    """The page as a whole: size, focus, help, names of what can be used."""
    cdp = lambda command, values: p.b.call("POST", p.b.session + "/goog/cdp/execute", {"cmd": command, "params": values})
    for width, height in ((1280, 720), (1920, 1080), (480, 900)):
        cdp("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        p.settled()
        c.that(p.b.run("return document.documentElement.scrollWidth <= innerWidth"), f"nothing sticks out at the side of {width} pixels")
        c.that(width < 900 or p.b.run("return document.documentElement.scrollHeight <= innerHeight"), f"nor below {height}")
        small = p.b.run("return Math.min(...[...document.querySelectorAll('.stage')].filter(e => e.offsetParent).map(e => Math.min(e.clientWidth, e.clientHeight)))")
        c.that(small > 120, f"pictures can be seen at {width} × {height}: {small} pixels")
    cdp("Emulation.clearDeviceMetricsOverride", {})
    p.settled()
    p.b.type("body", "?")
    c.that(p.b.run("return document.getElementById('help').open"), "? opens the help")
    p.b.type("#help button", "\ue00c")
    c.that(not p.b.run("return document.getElementById('help').open"), "Escape closes it")
    style = (Path(__file__).parents[2] / "src/view/web/view.css").read_text()
    themes = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", body)) for body in re.findall(r":root \{(.*?)\}", style, re.S)]
    c.equal(len(themes), 2, "light and dark")
    for colour in (themes[0], {**themes[0], **themes[1]}):
        for front, back in (("text", "page"), ("text", "card"), ("dim", "card"), ("dim", "page"), ("accent", "card"), ("on-accent", "accent"), ("text", "chosen"), ("error", "card"),
                            ("error", "error-back"), ("warning", "warning-back"), ("info", "info-back"), ("on-stage", "stage"), ("on-stage", "bar"), ("dim-stage", "bar"), ("dim-stage", "around")):
            c.that(contrast(colour[front], colour[back]) >= 4.5, f"contrast of {front} on {back}: {contrast(colour[front], colour[back]):.2f}")
    unnamed = "return [...document.querySelectorAll('button, input, select, textarea, [role=slider], [role=application], [role=listbox]')]" \
              ".filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length))).map(e => e.outerHTML)"
    c.equal(p.b.run(unnamed), [], "whatever can be used has a name")
    c.equal(p.b.run("return document.querySelectorAll('[style*=\"position\"], script:not([src]), style').length"), 0, "no script or style in the page itself")
    c.equal(p.b.run("return performance.getEntriesByType('resource').filter(e => !e.name.startsWith(location.href.split('#')[0])).map(e => e.name)"), [], "nothing comes from elsewhere")


def gone(c, p):
    """Where the server has ended, the page says so in words."""
    p.server.terminate()
    p.server.wait(20)
    p.b.type("body", "k")
    p.wait("!document.getElementById('toast').hidden && document.getElementById('toast').textContent.includes('tome view')", "the page says that the server has gone")


def main(program):
    if not (shutil.which("chromedriver") and shutil.which("chromium")):
        print("skipped: no chromium and chromedriver here: the viewer was not opened in a browser (Debian: chromium chromium-driver)")
        return SKIPPED
    c = Checks()
    with tempfile.TemporaryDirectory() as t:
        t = Path(t)
        few, many = store_of_volumes(program, t / "few"), store_of_many(program, t / "many")
        b = Browser(t / "profile")
        viewers = []
        try:
            p = Viewer(b, few)
            viewers.append(p)
            p.go()
            c.equal(b.log(), [], "no complaint in the console")
            for id_ in SHAPES:
                values(c, p, id_)
                marks(c, p, id_)
                distances(c, p, id_)
            for id_ in ("turned", "mirrored", "oblique", "sheared"):
                p.open(id_)
                scrolling(c, p, id_)
            windows(c, p, "turned")
            handling(c, p, "aniso")
            for id_ in ("aniso", "turned", "mirrored"):
                overlays(c, p, id_)
            recipes(c, p, "oblique")
            recipes(c, p, "turned")
            reload(c, p)
            made(c, p, "turned")
            colours(c, p, t / "few")
            page(c, p)
            c.equal(b.log(), [], "no complaint after all this")
            p = Viewer(b, many)
            viewers.append(p)
            listing(c, p)
            far(c, p, sorted(many.ids(), key=lambda i: int(i[7:])))
            leaks(c, p)
            c.equal(b.log(), [], "no complaint after the list")
            gone(c, p)
        finally:
            b.close()
            for p in viewers:
                p.close()
            few.close()
            many.close()
    return c.done()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
