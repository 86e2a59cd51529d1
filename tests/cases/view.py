#!/usr/bin/python3
"""tome view: every answer of its server against tome get, h5py and SQLite; and whoever has no business there is sent away: no token, another
site, tricks with paths, absurd boxes, garbage, crowds.

    view.py TOME
"""
import hashlib
import http.client
import json
import os
import random
import re
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote, urlencode, urlparse

import numpy

from tomelib import Checks, Store, nifti

RECIPE = "resample:spacing=1,order=1   # to 1 mm\nwindow:tumor,scale=uint8\n"
ODD_ID, ODD_LABEL = "a b\"<i>&é%41", "liver \"left\" & <more>"
SERVED_FOR = 25  # seconds that a client may say nothing, and some


# ---- a store and its server --------------------------------------------------------------------------------

def data_set(folder):
    rng = numpy.random.default_rng(8)
    for i in range(12):
        image = rng.integers(-1000, 1500, (26, 24 + i, 12 + i)).astype(numpy.int16)
        label = numpy.zeros(image.shape, numpy.uint8)
        label[3:20, 4:18, 2:10] = 1
        label[5:9, 5:5 + (i % 3) + (i > 0), 3:6] = 2
        affine = numpy.array([[-0.8, 0, 0.05, 12.5], [0.02, -0.8, 0, -7.25], [0, 0.1, 2.5 + 0.1 * i, 30], [0, 0, 0, 1.0]])
        nifti(folder / f"volume-{i}.nii.gz", image, affine)
        nifti(folder / f"segmentation-{i}.nii.gz", label, affine)


def store(program, folder):
    data_set(folder / "lits")
    s = Store(program)
    s.ingest(folder / "lits")
    rng = numpy.random.default_rng(9)
    maps = [rng.integers(0, 900, (12, 14, 6)).astype(numpy.float32) + 0.25, rng.normal(0, 1, (12, 14, 6)).astype(numpy.float32),
            rng.integers(0, 3, (12, 14, 6)).astype(numpy.uint8)]
    for name, a in zip(("t1", "flair", "seg"), maps):
        nifti(folder / f"{name}.nii.gz", a, numpy.diag([1.0, 1, 3, 1]))
    done = s.ingest("--image", folder / "t1.nii.gz", "--image-name", "t1", "--channel", f"flair={folder / 'flair.nii.gz'}", "--id", ODD_ID,
                    "--label", f"{ODD_LABEL}={folder / 'seg.nii.gz'}")
    assert done.status == 0, done.out + done.err
    big = numpy.zeros((416, 416, 200), numpy.int16)  # 69 MB
    big[:, :, 7] = 5
    nifti(folder / "big.nii.gz", big)
    done = s.ingest("--image", folder / "big.nii.gz", "--id", "big")
    assert done.status == 0, done.out + done.err
    (folder / "lits.recipe").write_text(RECIPE)
    return s


class Server:
    def __init__(self, program, path, *options):
        self.process = subprocess.Popen([program, "view", str(path), "--json", *map(str, options)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"tome view did not start: {self.process.stderr.read()}")
        said = json.loads(line)
        self.url, self.port, self.pid = said["url"], said["port"], said["pid"]
        self.root = urlparse(self.url).path
        self.host = f"127.0.0.1:{self.port}"

    def ask(self, path, method="GET", body=None, headers=None, connection=None, root=None):
        c = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        c.request(method, (self.root if root is None else root) + path, body, headers or {})
        r = c.getresponse()
        data = r.read()
        if not connection:
            c.close()
        return r.status, {k.lower(): v for k, v in r.getheaders()}, data

    def json(self, path, **query):
        status, headers, data = self.ask(path + ("?" + urlencode(query, quote_via=quote) if query else ""))
        assert status == 200 and headers["content-type"] == "application/json", (status, data)
        return json.loads(data)

    def refused(self, path, **query):
        """The status and the sentence."""
        status, headers, data = self.ask(path + ("?" + urlencode(query, quote_via=quote) if query else ""))
        return status, json.loads(data)["error"] if status >= 400 else f"answered, {len(data)} bytes"

    def box(self, path="api/box", connection=None, **query):
        status, headers, data = self.ask(path + "?" + urlencode(query, quote_via=quote), connection=connection)
        assert status == 200, (status, data[:300], query)
        return numpy.frombuffer(data, headers["x-tome-type"]).reshape([int(v) for v in headers["x-tome-shape"].split(",")])

    def raw(self, data, wait=5.0):
        """What comes back for these bytes, until the server closes or says nothing for a while."""
        out = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as s:
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                while True:
                    part = s.recv(1 << 16)
                    if not part:
                        break
                    out += part
            except OSError:
                pass
        return out

    def alive(self):
        return self.process.poll() is None and self.ask("")[0] == 200

    def stop(self, c, how=signal.SIGTERM):
        """Ends it; a sanitizer would speak on stderr and in the exit status."""
        self.process.send_signal(how)
        began = time.monotonic()
        try:
            out, err = self.process.communicate(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        c.equal(self.process.returncode, 0, f"{how.name} ends it cleanly: {err[-2000:]}")
        c.that(time.monotonic() - began < 15, "it ends soon")
        c.equal((out, err), ("", ""), "and it had nothing more to say")


def got(s, folder, id_, *words):
    """A box by tome get, read with numpy."""
    out = folder / "got.npy"
    done = s.tome("get", s.path, id_, *words, "-o", out, "--force")
    assert done.status == 0, done.err
    return numpy.load(out)


# ---- what it says ------------------------------------------------------------------------------------------

def page(c, v):
    web = Path(__file__).resolve().parents[2] / "src/view/web"
    kinds = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
    for source in sorted(web.iterdir()):
        path = "" if source.name == "view.html" else source.name
        status, h, data = v.ask(path)
        c.equal((status, h["content-type"].split(";")[0]), (200, kinds[source.suffix]), f"/{path}")
        c.equal(h["cache-control"], "no-store", "nothing is kept")
        c.equal(data, source.read_bytes(), f"{source.name} is the file that was built in")
        head = v.ask(path, "HEAD")
        c.equal((head[0], head[2], head[1]["content-length"]), (200, b"", str(len(data))), f"HEAD of /{path}")


def headers(c, v):
    wanted = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-resource-policy": "same-origin",
              "cross-origin-opener-policy": "same-origin", "cache-control": "no-store",
              "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
                                         "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
    for path in ("", "view.js", "api/store", "api/cases", "api/case?id=volume-1", "api/box?id=volume-1&z=0:1", "nowhere", "api/case?id=nobody"):
        _, h, _ = v.ask(path)
        c.equal({k: h.get(k) for k in wanted}, wanted, f"headers of /{path}")
        c.that("access-control-allow-origin" not in h, "no other site may read it")


def about_store(c, s, v, program):
    a = v.json("api/store")
    c.equal((a["name"], a["path"], a["cases"], a["units"]), (s.path.name, str(s.path), 14, ""), "the store")
    c.that(a["version"] in s.tome("version").out, "version")
    presets = {p["name"]: (p["level"], p["width"]) for p in a["presets"]}
    c.equal((presets["lung"], presets["liver"], presets["bone"]), ((-600, 1500), (30, 150), (400, 1800)), "windows in wide use")
    c.that(all(re.fullmatch("#[0-9a-f]{6}", p) for p in a["palette"]) and len(set(a["palette"])) == 21, "palette")
    c.equal([(r["name"], r["text"]) for r in a["recipes"]], [("lits.recipe", RECIPE)], "recipes of the command line")
    c.equal([o["name"] for o in a["ops"]], [l.split()[0] for l in s.tome("ops").out.splitlines() if l[:1].strip()], "steps")


def about_cases(c, s, v):
    truth = sqlite3.connect(f"file:{quote(str(s.path))}/index.sqlite?mode=ro", uri=True)
    columns = [r[1] for r in truth.execute("PRAGMA table_info(cases)")]
    a = v.json("api/cases")
    c.equal(a["columns"], columns, "columns to ask for")
    natural = sorted((r[0] for r in truth.execute("SELECT id FROM cases")), key=lambda t: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", t)])
    c.equal([r["id"] for r in a["rows"]], natural, "in natural order")
    c.equal(a["total"], 14, "total")
    for r in a["rows"]:
        want = truth.execute("SELECT shape_z, shape_y, shape_x, spacing_z, spacing_y, spacing_x, problems, modality, dtype, hu_max FROM cases WHERE id = ?", (r["id"],)).fetchone()
        c.equal((*r["shape"], *r["spacing"], r["problems"], r["modality"], r["dtype"], r["hu_max"]), want, f"row of {r['id']}")
        c.equal(r["labels"], [n for n, in truth.execute("SELECT name FROM labels WHERE case_id = ? ORDER BY map, value", (r["id"],))], "labels")
        ml = dict(truth.execute("SELECT kind, ml FROM structures WHERE case_id = ?", (r["id"],)))
        c.that(set(ml) == set(r["ml"]) and all(abs(ml[k] - r["ml"][k]) < 1e-9 for k in ml), "ml of structures")
    c.equal(next(r for r in a["rows"] if r["id"] == ODD_ID)["channels"], ["t1", "flair"], "channels")
    for where in ("tumor_ml > 0.05 AND shape_x < 35", "id LIKE '%1%' -- all with a one", "1 = 0", ""):
        want = [i for i, in truth.execute(f"SELECT id FROM cases WHERE ({where or 1}\n)")]
        b = v.json("api/cases", where=where)
        c.equal((sorted(r["id"] for r in b["rows"]), b["total"]), (sorted(want), len(want)), f"where {where}")
    for order in ("shape_x", "-tumor_ml", "id", "-id"):
        name, falling = order.lstrip("-"), order[0] == "-"
        want = [i for i, in truth.execute(f"SELECT id FROM cases ORDER BY {name} IS NULL, {name} {'DESC' if falling else ''}, id")]
        c.equal([r["id"] for r in v.json("api/cases", order=order)["rows"]], want, f"order {order}")
    c.equal([r["id"] for r in v.json("api/cases", search="VOLUME-1")["rows"]], ["volume-1", "volume-10", "volume-11"], "search")
    c.equal([r["id"] for r in v.json("api/cases", search="%")["rows"]], [ODD_ID], "search is no pattern")
    b = v.json("api/cases", limit=3, offset=4)
    c.equal(([r["id"] for r in b["rows"]], b["total"]), (natural[4:7], 14), "a page of them")
    c.equal(v.json("api/cases", limit=3, offset=10**15)["rows"], [], "behind the end")
    c.equal(v.json("api/cases", limit=10**9)["limit"], 1000, "at most 1000")
    for bad in ({"where": "nonsense_ml > 3"}, {"where": "1); DROP TABLE images; --"}, {"where": "1 ATTACH"}, {"where": "?1"}, {"order": "nobody"},
                {"order": "id; DROP"}, {"order": "id]"}, {"limit": "-1"}, {"limit": "x"}, {"offset": "1e3"}, {"where": "load_extension('x')"}):
        status, text = v.refused("api/cases", **bad)
        c.that(status == 400 and len(text) > 10, f"{bad}: {status} {text}")
    c.that("tumor_ml" in v.refused("api/cases", where="tumr_ml > 3")[1], "a near miss is named")
    truth.close()


def about_case(c, s, v):
    truth = sqlite3.connect(f"file:{quote(str(s.path))}/index.sqlite?mode=ro", uri=True)
    for id_ in ("volume-3", ODD_ID):
        a = v.json("api/case", id=id_)
        with s.case(id_) as f:
            image = f["image"]
            at = numpy.array([3.0, 5, 7])
            place = image.attrs["origin"] + sum(at[k] * image.attrs["spacing"][k] * image.attrs["direction"][k] for k in range(3))
            c.near(numpy.array(a["affine"]) @ [*at, 1], [*place, 1], 1e-9, "a voxel's place in the world, LPS")
            c.equal((tuple(a["shape"]), a["dtype"], a["units"]), (image.shape, str(image.dtype), image.attrs["units"].decode()
                    if isinstance(image.attrs["units"], bytes) else image.attrs["units"]), "grid and type")
            c.near(a["spacing"], image.attrs["spacing"], 0, "spacing")
            c.near(a["range"], [image[()].min(), image[()].max()], 1e-3, "range")
            names = ["image", *(f"channels/{n}" for n in list(f.get("channels", {}))[1:]), *(f"labels/{n}" for n in f["labels"])]
            c.equal([w["name"] for w in a["volumes"]], names, "volumes")
            for w in a["volumes"]:
                c.equal((w["dtype"], numpy.dtype(w["type"])), (str(f[w["name"]].dtype), f[w["name"]].dtype), f"type of {w['name']}")
            for l in a["labels"]:
                where = numpy.argwhere(f["labels"][l["map"]][()] == l["value"])
                c.equal((l["voxels"], l["first_z"], l["last_z"]), (len(where), where[:, 0].min(), where[:, 0].max()), f"label {l['name']}")
                c.that(all(lo <= m <= hi for lo, m, hi in zip(where.min(0), l["centre"], where.max(0))), "its middle is inside its box")
                axes = image.attrs["spacing"][:, None] * image.attrs["direction"]
                c.near(l["ml"], len(where) * abs(numpy.linalg.det(axes)) / 1000, 1e-6, "ml")
        c.equal([(l["map"], l["value"], l["name"]) for l in a["labels"]],
                truth.execute("SELECT map, value, name FROM labels WHERE case_id = ? ORDER BY rowid", (id_,)).fetchall(), "labels")
        c.equal([l["colour"] for l in a["labels"]], v.json("api/store")["palette"][:len(a["labels"])], "each its colour")
        windows = {(w["map"], w["value"], w["method"]): (w["level"], w["width"]) for w in a["windows"]}
        c.equal(windows, {r[:3]: r[3:] for r in truth.execute("SELECT map, value, method, level, width FROM windows WHERE case_id = ? AND width > 0", (id_,))}, "windows")
        c.equal(len(a["problems"]), truth.execute("SELECT count(*) FROM problems WHERE case_id = ? AND refused = 0", (id_,)).fetchone()[0], "problems")
        c.that({"volume": "image"} in a["histograms"], "there is a histogram")
    truth.close()
    for id_ in ("nobody", "", "../volume-3", "volume-3.h5", "cases/volume-3", "/etc/passwd", "volume-3\0", "x" * 5000, "..", "."):
        status, text = v.refused("api/case", id=id_)
        c.that(status in (400, 404), f"no case {id_[:30]!r}: {status} {text[:100]}")
    c.equal(v.refused("api/case")[0], 400, "no id")


def about_histogram(c, s, v):
    for id_ in ("volume-5", ODD_ID):
        h = v.json("api/histogram", id=id_)
        with s.case(id_) as f:
            image = f["image"][()].astype(float)
            maps = {n: f["labels"][n][()] for n in f["labels"]}
        c.that(len(h["counts"]) <= 1024, "few bins")
        edges = h["first"] + h["width"] * numpy.arange(len(h["counts"]) + 1)
        want = numpy.histogram(image, edges)[0]
        c.equal(sum(h["counts"]), image.size, "every voxel is counted")
        c.that(id_ == ODD_ID or list(want) == h["counts"], "in its bin")
        c.that(bool((numpy.abs(numpy.cumsum(want) - numpy.cumsum(h["counts"])) <= (0 if id_ != ODD_ID else image.size / 100)).all()), "bins lie where they say")
        for l in h["labels"]:
            inside = image[maps[l["map"]] == l["value"]]
            part = edges[l["begin"]:l["begin"] + len(l["counts"]) + 1]
            c.equal(sum(l["counts"]), inside.size, f"label {l['name']}")
            c.that(part[0] <= inside.min() and inside.max() < part[-1] + h["width"], "its counts lie where its values do")
            c.that(id_ == ODD_ID or list(numpy.histogram(inside, part)[0]) == l["counts"], "in its bins")
    c.equal(v.json("api/histogram", id="volume-5", volume="image"), v.json("api/histogram", id="volume-5"), "of the image")
    c.equal(len(v.json("api/histogram", id="volume-5", volume="labels/nothing")["labels"]), 0, "of a map that is not there: no label")
    c.equal(v.refused("api/histogram", id=ODD_ID, volume="channels/flair")[0], 404, "of a channel there is none")
    c.equal(v.refused("api/histogram", id="nobody")[0], 404, "of nobody neither")


def about_boxes(c, s, v, folder):
    rng = random.Random(5)
    for id_ in ("volume-2", ODD_ID):
        with s.case(id_) as f:
            for name in ["image", *(f"channels/{n}" for n in list(f.get("channels", {}))[1:]), *(f"labels/{n}" for n in f["labels"])]:
                whole = f[name][()]
                c.voxels(v.box(id=id_, volume=name), whole, f"{id_} {name}, all")
                for a, axis in enumerate("zyx"):
                    at = rng.randrange(whole.shape[a])
                    c.voxels(v.box(id=id_, volume=name, **{axis: f"{at}:{at + 1}"}), whole.take([at], a), f"{name}: slice {axis}={at}")
                for _ in range(10):
                    b = [sorted(rng.sample(range(n + 1), 2)) for n in whole.shape]
                    box = v.box(id=id_, volume=name, **{axis: f"{lo}:{hi}" for axis, (lo, hi) in zip("zyx", b)})
                    c.voxels(box, whole[tuple(slice(*p) for p in b)], f"{name} {b}")
    c.voxels(v.box(id="volume-2", z="1:3,"[:3]), got(s, folder, "volume-2", "--box", "1:3,:,:"), "as tome get has it")
    c.equal(v.box(id="big", z="7:8").max(), 5, "a slice of a large volume")
    status, text = v.refused("api/box", id="big")
    c.that(status == 413 and "64 MiB" in text, f"too large: {status} {text}")
    for bad in ({"z": "-1:2"}, {"z": "0:27"}, {"z": "3:3"}, {"z": "5:2"}, {"z": "nan:nan"}, {"z": "1e9:2e9"}, {"x": "1000000000:1000000001"}, {"y": "x"}, {"y": ""},
                {"z": "9223372036854775807:9223372036854775808"}, {"z": "18446744073709551616:18446744073709551617"}, {"z": "0:1:2"}, {"x": "0x0:1"}, {"z": "1\0:2"}):
        status, text = v.refused("api/box", id="volume-2", **bad)
        c.that(status == 400 and len(text) > 10, f"{bad}: {status} {text}")
    for volume in ("nothing", "labels", "labels/", "", "../image", "labels/../image"):
        c.equal(v.refused("api/box", id="volume-2", volume=volume, z="0:1")[0], 404, f"no volume {volume!r}")
    head = v.ask("api/box?id=volume-2&z=0:1", "HEAD")
    with s.case("volume-2") as f:
        _, rows, columns = f["image"].shape
    c.equal((head[0], head[2], head[1]["x-tome-shape"], head[1]["content-length"]), (200, b"", f"1,{rows},{columns}", str(2 * rows * columns)), "HEAD of a box")


def post(v, text):
    status, _, data = v.ask("api/recipe", "POST", text.encode() if isinstance(text, str) else text)
    return status, json.loads(data)


def about_recipes(c, s, v, folder):
    known = v.json("api/store")["recipes"][0]["id"]
    status, a = post(v, RECIPE)
    c.equal((status, a), (200, {"id": known}), "the same recipe has the same id")
    recipes = {known: ["--recipe", str(folder / "lits.recipe")]}
    for text in ("orient:RAS window:lung", "resample:spacing=1.5", "crop:box=2:9,3:20,4:15\nclip:-200,300"):
        status, a = post(v, text)
        c.equal(status, 200, f"{text}: {a}")
        recipes[a["id"]] = text.split()
    rng = random.Random(6)
    for id_, words in recipes.items():
        plan = v.json("api/result", id="volume-4", recipe=id_)
        whole = got(s, folder, "volume-4", *words)
        c.equal((tuple(plan["shape"]), plan["dtype"]), (whole.shape, str(whole.dtype)), f"{words}: the plan says what comes")
        c.that(plan["steps"] and len(plan["words"]) == plan["canonical"].count(" ") + 1, "steps are told")
        explained = [l for l in s.tome("plan", s.path, "volume-4", *words).out.splitlines() if l]
        c.that(all(any(step.strip() in l for l in explained) for step in plan["steps"]), f"as tome plan tells them: {plan['steps']} {explained}")
        c.voxels(v.box("api/result/box", id="volume-4", recipe=id_), whole, f"{words}: all")
        label = got(s, folder, "volume-4", *words, "--label", "segmentation")
        for _ in range(8):
            b = [sorted(rng.sample(range(n + 1), 2)) for n in whole.shape]
            where = {axis: f"{lo}:{hi}" for axis, (lo, hi) in zip("zyx", b)}
            part = tuple(slice(*p) for p in b)
            c.voxels(v.box("api/result/box", id="volume-4", recipe=id_, **where), whole[part], f"{words} {b}")
            c.voxels(v.box("api/result/box", id="volume-4", recipe=id_, volume="labels/segmentation", **where), label[part], f"{words} {b}: labels")
    for bad, part in (("resampel:1", "resample"), ("", "no step"), ("# nothing\n", "no step"), ("window:level=x", "level"), (b"window:lung\0", "NUL"), (b"\xff\xfe", ""),
                      ("resample:spacing=-1", "spacing")):
        status, a = post(v, bad)
        c.that(status == 400 and part in a["error"], f"{bad!r}: {status} {a}")
    status, a = post(v, "#" * (64 << 10) + "x")
    c.equal(status, 413, "a recipe of more than 64 KiB")
    status, a = post(v, "window:lung " + "#" * ((64 << 10) - 12))
    c.equal(status, 200, "one of 64 KiB")
    for i in range(100):
        status, last = post(v, f"window:level={i},width=300")
    c.equal(len(v.json("api/store")["recipes"]), 64, "few are kept")
    c.that(known in (r["id"] for r in v.json("api/store")["recipes"]), "those of the command line among them")
    c.equal(v.json("api/result", id="volume-4", recipe=last["id"])["recipe"], last["id"], "and the last")
    c.equal(v.refused("api/result", id="volume-4", recipe="0" * 32)[0], 404, "an id of none")
    c.equal(v.refused("api/result/box", id="volume-4", recipe="../x")[0], 404, "nor is it a path")
    status, a = post(v, "window:spleen")
    status, text = v.refused("api/result", id="volume-4", recipe=a["id"])
    c.that(400 <= status < 500 and "spleen" in text, f"a recipe that does not fit the case: {status} {text}")


# ---- while others work -------------------------------------------------------------------------------------

def fingerprint(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*"))
            if p.is_file() and p.suffix not in (".sqlite-shm", ".sqlite-wal") and not p.name.endswith(("-shm", "-wal"))}


def beside_an_ingest(c, program, s, v, folder):
    stop, seen = threading.Event(), []

    def look():
        while not stop.is_set():
            seen.append(v.ask("api/cases?limit=1000")[0])
            seen.append(v.ask("api/box?id=volume-1&z=3:4")[0])
    looker = threading.Thread(target=look)
    looker.start()
    rng = numpy.random.default_rng(1)
    for i in range(4):
        nifti(folder / f"later/later-{i}.nii.gz", rng.integers(0, 99, (20, 20, 9)).astype(numpy.int16))
        done = s.ingest("--image", folder / f"later/later-{i}.nii.gz", "--id", f"later-{i}")
        c.equal(done.status, 0, f"an ingest beside the viewer: {done.err}")
    stop.set()
    looker.join()
    c.that(len(seen) > 10 and set(seen) == {200}, f"the viewer answers meanwhile: {len(seen)} {set(seen)}")
    c.equal(v.json("api/cases", search="later")["total"], 4, "new cases are there")
    old = v.box(id="later-0")
    fresh = rng.integers(100, 200, (18, 22, 7)).astype(numpy.int16)
    nifti(folder / "other.nii.gz", fresh)
    done = s.ingest("--image", folder / "other.nii.gz", "--id", "later-0", "--replace")
    c.equal(done.status, 0, f"replaced: {done.err}")
    time.sleep(2.5)
    c.voxels(v.box(id="later-0"), fresh.T, f"a case that was replaced is read anew (was {old.shape})")
    c.equal(s.tome("rm", s.path, "later-1", "--yes").status in (0, 2), True, "removed")
    if "later-1" not in s.ids():
        time.sleep(2.5)
        c.equal(v.refused("api/box", id="later-1", z="0:1")[0], 404, "a case that is gone is gone")


def crowd(c, s, v):
    with s.case("volume-6") as f:
        truth = {n: f[n][()] for n in ("image", "labels/segmentation")}
    with s.case("volume-7") as f:
        other = f["image"][()]
    known = v.json("api/store")["recipes"][0]["id"]
    result = v.box("api/result/box", id="volume-6", recipe=known)
    wrong, errors = [], []

    def one(seed):
        rng = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", v.port, timeout=600)
        try:
            for i in range(60):
                kind = rng.randrange(4)
                whole = (truth["image"], truth["labels/segmentation"], other, result)[kind]
                b = [sorted(rng.sample(range(n + 1), 2)) for n in whole.shape]
                where = {axis: f"{lo}:{hi}" for axis, (lo, hi) in zip("zyx", b)}
                query = ({"id": "volume-6"}, {"id": "volume-6", "volume": "labels/segmentation"}, {"id": "volume-7"}, {"id": "volume-6", "recipe": known})[kind]
                box = v.box("api/result/box" if kind == 3 else "api/box", connection=connection, **query, **where)
                if not numpy.array_equal(box, whole[tuple(slice(*p) for p in b)]):
                    wrong.append((kind, b))
                if i % 20 == 0:  # more cases than are kept open
                    v.box(connection=connection, id=f"volume-{rng.randrange(12)}", z="0:1")
        except Exception as e:  # noqa: BLE001
            errors.append(repr(e))
        connection.close()
    threads = [threading.Thread(target=one, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    c.equal((wrong[:3], errors[:3]), ([], []), "eight threads get the right boxes")


def processor_seconds(pid):
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def leaving(c, v):
    """A page that scrolls on drops what it asked for: the server does not go on computing for nobody."""
    _, a = post(v, "resample:spacing=0.5,order=3 resample:spacing=0.9,order=3 resample:spacing=0.45,order=3")
    v.json("api/result", id="big", recipe=a["id"])
    path = f"api/result/box?id=big&recipe={a['id']}&z=0:6"
    begun = processor_seconds(v.pid)
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", v.port)) as s:
            s.sendall(b"GET " + v.root.encode() + path.encode() + f" HTTP/1.1\r\nHost: {v.host}\r\n\r\n".encode())
            time.sleep(0.02)
    for _ in range(100):
        before = processor_seconds(v.pid)
        time.sleep(0.3)
        if processor_seconds(v.pid) - before < 0.03:
            break
    left, begun = processor_seconds(v.pid) - begun, processor_seconds(v.pid)
    status, _, data = v.ask(path)
    waited = processor_seconds(v.pid) - begun
    c.that(status == 200 and len(data) > 4 << 20, f"one who waits gets it: {status}, {len(data)} bytes")
    c.that(left < 0.7 * waited, f"two who left cost less than one who waits: {left:.2f} s of processor time, {waited:.2f} s")
    if os.environ.get("TOME_VERBOSE"):
        print(f"two who left: {left:.2f} s, one who waits: {waited:.2f} s")


# ---- who is sent away ---------------------------------------------------------------------------------------

def bound_to_loopback(c, v):
    listening = []
    for name in ("tcp", "tcp6"):
        table = Path(f"/proc/{v.pid}/net/{name}")
        for line in table.read_text().splitlines()[1:]:
            words = line.split()
            address, port = words[1].rsplit(":", 1)
            if words[3] == "0A" and int(port, 16) == v.port:
                listening.append(address)
    c.equal(listening, ["0100007F"], "it listens at 127.0.0.1 and nowhere else")


def tokens(c, v):
    token = v.root.strip("/")
    c.that(re.fullmatch("[0-9a-f]{32}", token) is not None, "128 bits")
    wrong = "".join("0" if t != "0" else "1" for t in token)
    for root in ("/", "//", "/view.html/", f"/{wrong}/", f"/{token[:-1]}/", f"/{token}0/", f"/{token[:31]}{'0' if token[31] != '0' else '1'}/", f"/{token.upper()}A/",
                 f"//{token}/", f"/./{token}/", f"/x/../{token}/", f"/%{ord(token[0]):02x}{token[1:]}/", f"/{token}%2f", f"/{token}\\", f"/{token}"):
        for path in ("", "api/store", "api/box?id=volume-1&z=0:1", "view.js"):
            status, _, data = v.ask(path, root=root)
            if root == f"/{token}" and path == "":
                c.equal(status, 404, "without the last slash there is nothing")
            c.that(status == 404 and json.loads(data)["error"].startswith("not found: "), f"{root}{path}: {status} {data[:80]}")
    page = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    told = {v.ask("", headers=page, root=root)[::2] for root in ("/", f"/{wrong}/", f"/{wrong}/view.js", f"/{token}/nothing")}
    c.that(len(told) == 1, f"a browser is told the same of every address that is none: {told}")
    status, text = told.pop()
    c.that(status == 404 and b"<h1>Not found</h1>" in text and b"each time" in text and token.encode() not in text, f"in words, where the address is one of an earlier start: {text}")
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        c.that(v.ask("api/store", method, root="/x/")[0] in (404, 400, 501), f"{method} without the token")


def methods(c, v):
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "POST"):
        status, h, _ = v.ask("api/store", method)
        c.equal((status, h.get("allow")), (405, "GET, HEAD"), f"{method} of what is only read")
    c.equal(v.ask("api/recipe")[0], 405, "a recipe is sent")
    c.equal(v.ask("api/recipe", "DELETE")[0], 405, "and not taken back")


def other_sites(c, v):
    for host in ("evil.example", f"evil.example:{v.port}", "127.0.0.1", f"127.0.0.1:{v.port + 1}", f"localhost:{v.port}.evil.example", f"127.0.0.1.evil.example:{v.port}", "",
                 f"0.0.0.0:{v.port}", f"127.0.0.2:{v.port}"):
        for path in ("", "api/store"):
            c.equal(v.ask(path, headers={"Host": host})[0], 403, f"Host: {host}")
    for host in (f"127.0.0.1:{v.port}", f"localhost:{v.port}", f"[::1]:{v.port}"):
        c.equal(v.ask("api/store", headers={"Host": host})[0], 200, f"Host: {host}")
        c.equal(v.ask("api/store", headers={"Host": host, "Origin": f"http://{host}"})[0], 200, "our own origin")
    for origin in ("null", "http://evil.example", f"https://{v.host}", "http://127.0.0.1", f"http://127.0.0.1:{v.port + 1}", f"http://localhost:{v.port}", "file://", ""):
        c.equal(v.ask("api/store", headers={"Origin": origin})[0], 403, f"Origin: {origin!r}")
        c.equal(v.ask("api/recipe", "POST", "window:lung", {"Origin": origin})[0], 403, f"a recipe from {origin!r}")
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    c.equal(v.ask("", headers=link)[0], 200, "a link to the page")
    for path in ("view.js", "api/store", "api/box?id=volume-1&z=0:1"):
        c.equal(v.ask(path, headers=link)[0], 403, f"a link to {path}")
    for site, mode, dest in (("cross-site", "no-cors", "script"), ("cross-site", "no-cors", "image"), ("cross-site", "cors", "empty"), ("same-site", "cors", "empty"),
                             ("cross-site", "navigate", "iframe"), ("cross-site", "navigate", "object"), ("odd", "cors", "empty")):
        for path in ("", "view.js", "api/store"):
            c.equal(v.ask(path, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest})[0], 403, f"{site} {mode} {dest} of /{path}")
    for site in ("same-origin", "none"):
        c.equal(v.ask("api/store", headers={"Sec-Fetch-Site": site})[0], 200, site)


def path_tricks(c, v):
    root = v.root.encode()
    for path in (b"../", b"..", b"./", b"%2e%2e/", b"%2e/", b"view.html", b"view%2ehtml", b"view.js%00", b"view.js%00.png", b"view.js/", b"/view.js", b"api//store", b"api/./store",
                 b"api/../view.js", b"api%2fstore", b"API/STORE", b"api/store/", b"api/store;x", b"api/store#x", b"web/view.js", b"..%2f..%2f..%2fetc%2fpasswd",
                 b"../../../../etc/passwd", b"%c0%ae%c0%ae/", b"\\..\\", b"api/store\\", b"view.js%", b"api", b"api/", b"~root/", b"index.html", b"favicon.ico"):
        out = v.raw(b"GET " + root + path + b" HTTP/1.1\r\nHost: " + v.host.encode() + b"\r\nConnection: close\r\n\r\n")
        c.that(out.split(b" ")[1:2] in ([b"404"], [b"400"]), f"{path}: {out[:60]}")
        c.that(b"root:" not in out and b"<html lang" not in out, "nothing is given away")
    out = v.raw(b"GET http://" + v.host.encode() + root + b" HTTP/1.1\r\nHost: " + v.host.encode() + b"\r\nConnection: close\r\n\r\n")
    c.that(out.split(b" ")[1:2] in ([b"404"], [b"400"]), f"absolute form: {out[:60]}")
    for n in (3000, 30000, 300000):
        out = v.raw(b"GET " + root + b"a" * n + b" HTTP/1.1\r\nHost: " + v.host.encode() + b"\r\nConnection: close\r\n\r\n")
        c.that(out == b"" or out.split(b" ")[1:2] in ([b"404"], [b"414"], [b"400"], [b"431"]), f"a path of {n}: {out[:60]}")
    out = v.raw(b"GET " + root + b"api/store HTTP/1.1\r\nConnection: close\r\n\r\n")
    c.that(out.split(b" ")[1:2] in ([b"400"], [b"403"]), f"no Host: {out[:60]}")
    out = v.raw(b"GET " + root + b"api/store HTTP/1.0\r\n\r\n")
    c.that(out.split(b" ")[1:2] == [b"403"], f"no Host, of old: {out[:60]}")
    c.that(v.alive(), "alive after tricks with paths")


def bodies(c, v):
    root, host = v.root.encode(), v.host.encode()
    out = v.raw(b"POST " + root + b"api/recipe HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 99999999999999\r\n\r\nabc")
    c.that(out.split(b" ")[1:2] == [b"413"], f"a body that is said to be huge: {out[:60]}")
    chunk = b"10000\r\n" + b"#" * 65536 + b"\r\n"
    out = v.raw(b"POST " + root + b"api/recipe HTTP/1.1\r\nHost: " + host + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 40 + b"0\r\n\r\n")
    c.that(out == b"" or out.split(b" ")[1:2] in ([b"413"], [b"400"]), f"a body that is huge without saying so: {out[:60]}")
    out = v.raw(b"GET " + root + b"api/store HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 99999999999\r\n\r\nabc")
    c.that(b"200 OK" not in out[:20], f"a body where none is wanted: {out[:60]}")
    c.that(v.alive(), "alive after bodies")


def many(c, v):
    """More connections than it has room for; when they are gone it answers again."""
    held = []
    for _ in range(200):
        try:
            s = socket.create_connection(("127.0.0.1", v.port), timeout=2)
            s.sendall(b"GET " + v.root.encode())
            held.append(s)
        except OSError:
            break
    threads = len(os.listdir(f"/proc/{v.pid}/task"))
    c.that(threads < 64 + 40, f"threads are bounded: {threads}")
    for s in held:
        s.close()
    for _ in range(50):
        try:
            if v.alive():
                break
        except OSError:
            time.sleep(0.2)
    c.that(v.alive(), "alive after a crowd")


def slow_client(v):
    """Half a request; whether it is cut off is looked at later."""
    s = socket.create_connection(("127.0.0.1", v.port))
    s.sendall(b"GET " + v.root.encode() + b" HTTP/1.1\r\nHost: ")
    return s, time.monotonic()


def slow_is_cut(c, slow):
    s, since = slow
    left = max(0.1, SERVED_FOR + since - time.monotonic())
    ready = select.select([s], [], [], left)[0]
    s.settimeout(1)
    try:
        c.that(ready and not s.recv(65536).startswith(b"HTTP/1.1 200"), "a client that says nothing more is cut off")
    except OSError:
        c.that(True, "reset")
    s.close()


# ---- whatever comes ------------------------------------------------------------------------------------------

NASTY = ["", "0", "-1", ":", "1:2", "0:1", "-1:1", "99999999999999999999", "NaN", "1e308", "%", "%00", "%2e%2e", "../..", "'", "\"", ";", "--", "/*", "a" * 300, "\u202e", "é",
         "volume-1", "volume-3", "image", "labels/segmentation", "labels/", "id", "tumor_ml", "tumor_ml > 0", "1) OR (1", "1=1", "(SELECT 1)", "\n", "\t", "{}", "[]", "null",
         "SELECT", "randomblob(1000000000)", "zeroblob(2147483647)", "hex(zeroblob(100000000))", "printf('%1000000000d',1)", "id GLOB '*********'"]
PATHS = ["", "view.js", "api/store", "api/cases", "api/case", "api/histogram", "api/box", "api/recipe", "api/result", "api/result/box", "api", "x"]
NAMES = ["id", "volume", "z", "y", "x", "recipe", "where", "order", "limit", "offset", "search", "odd", ""]


def fuzz(c, v, count=1200):
    rng = random.Random(20260101)
    root, host = v.root.encode(), v.host.encode()
    known = v.json("api/store")["recipes"][0]["id"]
    statuses, odd = {}, []
    for i in range(count):
        kind = rng.randrange(10)
        if kind < 6:
            query = [(rng.choice(NAMES), rng.choice([*NASTY, known])) for _ in range(rng.randrange(6))]
            if rng.random() < 0.6:
                query = [("id", f"volume-{rng.randrange(13)}"), *query]
            line = rng.choice(PATHS).encode() + b"?" + urlencode(query, quote_via=quote if rng.random() < 0.5 else lambda t, *_: t).encode("utf-8", "replace")
            if any(b in line for b in b" \n\t\r"):
                line = line.replace(b" ", b"%20").replace(b"\n", b"%0A").replace(b"\t", b"%09")
            method = rng.choice([b"GET", b"GET", b"GET", b"HEAD", b"POST", b"PUT"])
            body = bytes(rng.randrange(256) for _ in range(rng.randrange(80))) if method == b"POST" else b""
            data = method + b" " + root + line + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        elif kind < 8:  # a good request, damaged
            data = bytearray(b"GET " + root + b"api/box?id=volume-1&z=1:2&volume=image HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\nOrigin: http://" + host + b"\r\n\r\n")
            for _ in range(rng.randrange(1, 6)):
                at = rng.randrange(len(data))
                action = rng.randrange(3)
                if action == 0:
                    data[at] = rng.randrange(256)
                elif action == 1:
                    del data[at:at + rng.randrange(1, 20)]
                else:
                    data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 30)))
                if not data:
                    break
        else:  # garbage
            data = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 400)))
        out = v.raw(bytes(data), 20)
        status = out[9:12].decode("latin-1") if out.startswith(b"HTTP/1.") else "" if not out else "?"
        statuses[status] = statuses.get(status, 0) + 1
        if status in ("500", "?"):
            odd.append((bytes(data)[:200], out[:300]))
        if i % 200 == 0 and v.process.poll() is not None:
            break
    c.equal(odd[:3], [], f"{count} requests, none of which it stumbled over ({statuses})")
    c.that(statuses.get("200", 0) > 50 and statuses.get("400", 0) > 50 and statuses.get("404", 0) > 50, f"of all kinds: {statuses}")
    c.that(v.alive(), "alive after all that")


# ---- the command ---------------------------------------------------------------------------------------------

def command(c, program, s, v, folder):
    for words, part in ((["--port", str(v.port)], f"port {v.port}"), (["--port", "70000"], "65535"), (["--recipe", "/nonexistent.recipe"], "/nonexistent.recipe"),
                        (["--host", "no.such.host.invalid"], "no.such.host.invalid"), (["--host", "192.0.2.1"], "192.0.2.1")):
        done = s.tome("view", s.path, "--no-open", *words, timeout=60)
        c.that(done.status in (1, 2) and part in done.err and len(done.err.splitlines()) == 1 and not done.out, f"{words}: {done.status} {done.out} {done.err}")
    c.that("--port" in s.tome("view", s.path, "--port", v.port, timeout=60).err, "a port in use: what to do is said")
    (folder / "bad.recipe").write_text("resampel:1\n")
    done = s.tome("view", s.path, "--recipe", folder / "bad.recipe", timeout=60)
    c.that(done.status == 2 and "bad.recipe" in done.err and "resample" in done.err, f"a recipe that is none: {done.status} {done.err}")
    c.that(s.tome("view", folder / "nothing").status == 1, "a store that is none")
    c.that("tome view liver.tome" in s.tome("help", "view").out, "help")
    for how in (signal.SIGINT, signal.SIGTERM):
        p = subprocess.Popen([program, "view", str(s.path), "--no-open"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        url = p.stdout.readline().strip()
        c.that(re.fullmatch(r"http://127\.0\.0\.1:\d+/[0-9a-f]{32}/", url) is not None, f"the address comes first: {url}")
        c.that(url != v.url and urlparse(url).path != v.root, "each has a token of its own")
        p.send_signal(how)
        out, err = p.communicate(timeout=30)
        c.equal((p.returncode, out), (0, ""), f"{how.name}: {err}")
        c.that("Ctrl-C" in err and "WARNING" not in err, f"talk goes to stderr: {err}")


def open_to_all(c, program, s):
    w = Server(program, s.path, "--host", "0.0.0.0")
    c.equal(w.ask("api/store", headers={"Host": f"127.0.0.1:{w.port}"})[0], 200, "by number")
    c.equal(w.ask("api/store", headers={"Host": f"rebind.example:{w.port}"})[0], 403, "a name that is not ours")
    c.equal(w.ask("api/store", headers={"Host": f"{socket.gethostname()}:{w.port}"})[0], 200, "this computer's name")
    w.process.send_signal(signal.SIGTERM)
    out, err = w.process.communicate(timeout=30)
    c.that(w.process.returncode == 0 and "WARNING" in err and "0.0.0.0" in err, f"a loud warning: {err}")


def busy_end(c, program, s, folder):
    """SIGTERM while boxes are being computed and sent, and a client that does not read."""
    v = Server(program, s.path)
    _, a = post(v, "resample:spacing=0.5,order=3")
    deaf = [socket.create_connection(("127.0.0.1", v.port)) for _ in range(3)]
    for s_ in deaf:
        s_.sendall(b"GET " + v.root.encode() + f"api/result/box?id=big&recipe={a['id']}&z=0:60 HTTP/1.1\r\nHost: {v.host}\r\n\r\n".encode())
        s_.sendall(b"GET " + v.root.encode() + f"api/box?id=big&z=0:180 HTTP/1.1\r\nHost: {v.host}\r\n\r\n".encode())
    time.sleep(0.5)
    v.stop(c)
    for s_ in deaf:
        s_.close()


def rounds(c, program, s, v, t, before):
    slow = slow_client(v)
    for look in (page, headers, bound_to_loopback, tokens, methods, other_sites, path_tricks, bodies):
        look(c, v)
    about_store(c, s, v, program)
    for look in (about_cases, about_case, about_histogram, crowd):
        look(c, s, v)
    about_boxes(c, s, v, t)
    about_recipes(c, s, v, t)
    leaving(c, v)
    fuzz(c, v)
    command(c, program, s, v, t)
    slow_is_cut(c, slow)
    many(c, v)
    c.equal(fingerprint(s.path), before, "the store is as it was")
    beside_an_ingest(c, program, s, v, t)
    v.stop(c)


def main(program):
    c = Checks()
    with tempfile.TemporaryDirectory() as t:
        t = Path(t)
        s = store(program, t)
        before = fingerprint(s.path)
        v = Server(program, s.path, "--recipe", t / "lits.recipe")
        try:
            rounds(c, program, s, v, t, before)
        except BaseException:
            v.process.kill()
            print(v.process.communicate()[1][-6000:])
            raise
        open_to_all(c, program, s)
        busy_end(c, program, s, t)
        s.close()
    return c.done()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
