#!/usr/bin/python3
"""tome report: one page that needs nothing else, says what tome query says, and is not undone by hostile names; and in a real browser (where
chromium and chromedriver are installed) loads without complaint, sorts and filters.

    report.py TOME
"""
import base64
import html.parser
import http.client
import io
import itertools
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
from PIL import Image

from tomelib import Checks, Store, nifti

HOSTILE = ["a\"><script>document.title='taken'<", "'onload='alert(1)' b&amp;<b>", "<!--<img src=x onerror=alert(1)>", "c\u202egnp.é"]
HOSTILE_LABEL = "\"'><script>alert(1)<!--&amp;{{cases}}"
VOID = {"meta", "link", "img", "input", "br", "hr"}


def data_set(folder):
    """Twelve cases with two structures, one of them odd; one without a label; one refused."""
    rng = numpy.random.default_rng(3)
    for i in range(12):
        size = 20 + 2 * (i * 5 % 12)
        image = rng.integers(-1000, 1000, (size, 24, 8 + i)).astype(numpy.int16)
        label = numpy.zeros(image.shape, numpy.uint8)
        label[3:3 + i + 5, 4:12, 2:6] = 1
        label[5:7, 5:5 + (i % 3), 3] = 2
        affine = numpy.diag([-0.8, -0.8, 30.0 if i == 4 else 2 + 0.1 * i, 1])
        nifti(folder / f"volume-{i}.nii.gz", image, affine)
        nifti(folder / f"segmentation-{i}.nii.gz", label, affine)
    nifti(folder / "volume-30.nii.gz", rng.integers(-1000, 1000, (9, 9, 9)).astype(numpy.int16))
    nifti(folder / "segmentation-30.nii.gz", numpy.ones((4, 4, 4), numpy.uint8))


def store(program, folder):
    data_set(folder)
    s = Store(program)
    s.ingest(folder)
    for i, id_ in enumerate(HOSTILE):
        image = folder / f"h{i}.nii.gz"
        nifti(image, numpy.random.default_rng(i).integers(0, 900, (12, 12, 4)).astype(numpy.int16), numpy.diag([1.0, 1, 3, 1]))
        nifti(folder / f"l{i}.nii.gz", numpy.ones((12, 12, 4), numpy.uint8), numpy.diag([1.0, 1, 3, 1]))
        done = s.ingest("--image", image, "--id", id_, "--label", f"{HOSTILE_LABEL}={folder / f'l{i}.nii.gz'}")
        assert done.status == 0, done.out + done.err
    return s


# ---- the page as text --------------------------------------------------------------------------------------

class Page(html.parser.HTMLParser):
    """Tags that close in order, tables as rows of (attributes, cells), everything that is referred to."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.references, self.tags = [], [], [], {}
        self.tables, self.images, self.ids, self.handlers, self.title, self.labelled = {}, [], [], [], "", 0
        self.table = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if len(a) != len(attrs):
            self.wrong.append(f"<{tag}> has an attribute twice")
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.handlers += [n for n in a if n.startswith("on") or n == "style"]
        self.references += [a[n] for n in ("src", "href", "action", "data", "srcset") if n in a]
        self.ids += [a["id"]] if "id" in a else []
        if tag == "img":
            self.images.append(a)
        if tag == "table":
            self.table = self.tables.setdefault(a.get("id"), [])
        if tag == "tr":
            self.table.append((a, []))
        if tag in ("td", "th"):
            self.table[-1][1].append((tag, a, []))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()} where {self.open[-3:]} are open")
        if tag in self.open:
            while self.open.pop() != tag:
                pass
        if tag == "table":
            self.table = None

    def handle_data(self, data):
        if "title" in self.open and "svg" not in self.open:
            self.title += data
        if self.table and ("td" in self.open or "th" in self.open):
            self.table[-1][1][-1][2].append(data)

    def rows(self, table):
        """Body rows: (attributes, [text], [data-v])."""
        return [(a, ["".join(t).strip() for _, _, t in cells], [x.get("data-v") for _, x, _ in cells]) for a, cells in self.tables[table][1:]]

    def heads(self, table):
        return ["".join(t).strip() for _, _, t in self.tables[table][0][1]]


def shown(id_):
    """An id as the page shows it: what turns the reading direction is not let through."""
    return id_.replace("\u202e", "\ufffd")


def natural(id_):
    return [(0, int(w), "") if w.isdigit() else (1, 0, w) for w in re.findall(r"\d+|\D+", id_)]


def numbers(c, s, page):
    rows = page.rows("case-table")
    heads = page.heads("case-table")
    cases = {shown(r["id"]): r for r in s.query("SELECT * FROM cases")}
    kinds = [r["kind"] for r in s.query("SELECT kind FROM structures GROUP BY kind ORDER BY count(*) DESC, kind LIMIT 4")]
    c.equal([h for h in heads if h.endswith(", ml")], [f"{k}, ml" for k in kinds], "a column for each kind")
    c.equal(sorted(r[1][1] for r in rows), sorted(cases), "one row a case")
    for _, texts, values in rows:
        case = cases[texts[1]]
        volume = {r["kind"]: r["ml"] for r in s.query("SELECT s.kind, s.ml FROM structures AS s WHERE s.case_id = '%s'" % case["id"].replace("'", "''"))}
        want = [case["shape_z"], case["spacing_z"], case["hu_p005"], case["hu_p50"], case["hu_p995"], *[volume.get(k) for k in kinds], case["problems"]]
        at = [heads.index(h) for h in ("Shape", "Spacing, mm", "0.5 %", "50 %", "99.5 %", *[f"{k}, ml" for k in kinds], "Problems")]
        got = [float(values[i]) if values[i] else None for i in at]
        c.equal(got, want, f"{texts[1]}: numbers")
        c.equal(texts[3], " × ".join(str(case[f"shape_{a}"]) for a in "zyx"), f"{texts[1]}: shape")
    stats = json.loads(s.tome("stats", s.path, "--json").out)
    fore = page.rows("foreground")[0][2][1:]
    c.equal([float(v) for v in fore], [stats[k] for k in ("min", "p005", "p05", "p50", "p95", "p995", "max", "mean", "std")], "fingerprint")
    grids = [[float(v) for v in values[1:]] for _, _, values in page.rows("grids")]
    c.equal(grids, [[*stats[f"shape_{k}"], *stats[f"spacing_{k}"]] for k in ("min", "median", "max")], "grids")


def problems(c, s, page):
    rows = page.rows("problem-table")
    told = [(a["data-severity"], t[2], t[4]) for a, t, _ in rows if a["data-found"] == "ingest"]
    want = [(r["severity"], r["code"], r["text"] + (f"→ {r['remedy']}" if r["remedy"] else "")) for r in s.query("SELECT * FROM problems")]
    c.equal(sorted(told), sorted(want), "every row of problems with its remedy")
    doctor = json.loads(s.tome("doctor", s.path, "--json", "-q").out)
    c.equal(len(rows), len(doctor["findings"]), "as many rows as tome doctor finds")
    c.that(any(a["data-found"] == "now" and t[2] == "outlier-spacing" and t[3] == "volume-4" for a, t, _ in rows), "the odd one is there")
    pictures = [(a, x) for (a, cells) in page.tables["problem-table"][1:] for (_, x, _) in cells[:1]]
    places = {f"case-{i}" for i in range(len(page.rows("case-table")))}
    c.that(all("data-picture-of" not in x or f"case-{x['data-picture-of']}" in places for _, x in pictures), "a problem's picture is a case's")


def pictures(c, page):
    for image in page.images:
        kind, data = image["src"].split(",", 1)
        c.equal(kind, "data:image/png;base64", "pictures are in the page")
        picture = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
        picture.load()
        c.that(max(picture.size) == 160, f"size of a picture: {picture.size}")
        c.that(image.get("alt") and image.get("loading") == "lazy", "pictures have a text and wait their turn")
    c.equal(len(page.images), len(page.rows("case-table")), "a picture a case")


def self_contained(c, text, page):
    c.equal(page.wrong + page.open, [], "tags close in order")
    outside = [r for r in page.references if not r.startswith(("#", "data:image/png;base64,"))]
    c.equal(outside, [], "nothing is loaded from elsewhere")
    c.equal(re.findall(r"(?:https?:)?//[\w.]+\.\w+|url\(|@import", re.sub(r"base64,[\w+/=]*", "", text)), [], "no address")
    c.equal([page.tags.get(t) for t in ("script", "style", "h1")], [1, 1, 1], "one script, one style")
    c.equal(page.handlers, [], "no handlers, no styles in attributes")
    c.equal(len(page.ids), len(set(page.ids)), "ids are unique")
    c.equal([r for r in page.references if r.startswith("#") and r[1:] not in page.ids], [], "links lead somewhere")
    c.equal(set(re.findall(r"{{\w+}}", text)) - {"{{cases}}"}, set(), "every mark is filled in")
    import hashlib
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    for tag in ("style", "script"):
        body = re.search(f"<{tag}>(.*?)</{tag}>", text, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        c.that(f"{tag}-src 'sha256-{digest}'" in policy, f"the policy lets in the page's own {tag}")
    c.that("default-src 'none'" in policy and "unsafe" not in policy, f"policy: {policy}")


def accessible(c, text, page):
    c.that('<html lang="en">' in text, "language")
    for table in ("case-table", "problem-table"):
        c.that(all(x.get("scope") == "col" for _, x, _ in page.tables[table][0][1]), f"{table}: heads have a scope")
        c.that(all(any(x.get("scope") == "row" for _, x, _ in cells) for _, cells in page.tables[table][1:]), f"{table}: rows have a head")
    c.equal(page.tags["caption"], page.tags["table"], "a caption a table")
    for theme in re.findall(r":root \{(.*?)\}", text, re.S):
        colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", theme))
        for front, back in (("text", "page"), ("text", "card"), ("dim", "card"), ("dim", "page"), ("accent", "card"), ("accent", "page"), ("text", "stripe"),
                            ("dim", "stripe"), ("error", "error-back"), ("warning", "warning-back"), ("info", "info-back"), ("text", "info-back")):
            c.that(contrast(colour[front], colour[back]) >= 4.5, f"contrast of {front} on {back}: {contrast(colour[front], colour[back]):.2f}")


def contrast(a, b):
    """WCAG 2.1."""
    def luminance(text):
        text = text[1:] if len(text) == 7 else "".join(2 * d for d in text[1:])
        v = [int(text[i:i + 2], 16) / 255 for i in (0, 2, 4)]
        v = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in v]
        return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]
    lo, hi = sorted((luminance(a), luminance(b)))
    return (hi + 0.05) / (lo + 0.05)


def as_text(c, s, folder):
    out = folder / "report.html"
    done = s.tome("report", s.path, "-o", out, "--title", HOSTILE_LABEL)
    c.equal(done.status, 0, f"report: {done.err}")
    text = out.read_text(encoding="utf-8", errors="strict")
    page = Page(text)
    c.equal(page.title, HOSTILE_LABEL, "the title says what it was told")
    self_contained(c, text, page)
    numbers(c, s, page)
    problems(c, s, page)
    pictures(c, page)
    accessible(c, text, page)
    return out, page


def whole_or_not(c, s, folder):
    out = folder / "again.html"
    out.write_text("mine")
    c.equal(s.tome("report", s.path, "-o", out, "-q").status, 1, "a file that is there is not overwritten")
    c.equal(out.read_text(), "mine", "and stays as it is")
    c.equal(s.tome("report", s.path, "-o", out, "-q", "--force", "--no-pictures").status, 0, "--force")
    page = Page(out.read_text())
    c.equal((page.images, page.wrong), ([], []), "--no-pictures")
    c.equal(page.title, s.path.name, "the store's name is the title")
    c.equal(s.tome("report", s.path, "-o", folder / "no" / "such" / "x.html", "-q").status, 1, "no such folder")
    before = sorted(p.name for p in folder.iterdir())
    limited = subprocess.run(["bash", "-c", 'ulimit -f 8; trap "" XFSZ; exec "$@"', "x", s.program, "report", s.path, "-o", folder / "full.html"], capture_output=True, text=True)
    c.equal(limited.returncode, 1, f"no room: status {limited.stderr}")
    c.equal(sorted(p.name for p in folder.iterdir()), before, "no room: nothing is left behind")
    empty = Store(s.program)
    c.equal(empty.tome("report", empty.path, "-o", folder / "empty.html", "-q").status, 0, "an empty store")
    page = Page((folder / "empty.html").read_text())
    c.equal((page.wrong, page.rows("case-table")), ([], []), "an empty store's page")
    empty.close()


# ---- in a browser ------------------------------------------------------------------------------------------

class Browser:
    """Chromium by chromedriver's W3C protocol, and nothing else."""

    def __init__(self, folder, size=(1400, 1000)):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.process = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder}", f"--window-size={size[0]},{size[1]}"]}
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}}
        for _ in range(600):
            try:
                self.session = f"/session/{self.call('POST', '/session', wanted)['sessionId']}"
                self.call("POST", self.session + "/timeouts", {"script": 120000, "pageLoad": 120000})
                return
            except ConnectionError:
                self.line.close()
                time.sleep(0.1)
        self.process.kill()
        raise RuntimeError("chromedriver does not answer")

    def call(self, method, path, body=None):
        self.line.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        answer = self.line.getresponse()
        value = json.loads(answer.read())["value"]
        if answer.status != 200:
            raise RuntimeError(f"{method} {path.rpartition('/')[2]} {body}: {value}")
        return value

    def open(self, path):
        self.call("POST", self.session + "/url", {"url": path.as_uri()})

    def run(self, script):
        return self.call("POST", self.session + "/execute/sync", {"script": script, "args": []})

    def run_later(self, script):
        """A script that calls arguments[0] when it is done."""
        return self.call("POST", self.session + "/execute/async", {"script": script, "args": []})

    def log(self):
        return self.call("POST", self.session + "/se/log", {"type": "browser"})

    def type(self, selector, text):
        element = self.call("POST", self.session + "/element", {"using": "css selector", "value": selector})
        self.call("POST", f"{self.session}/element/{next(iter(element.values()))}/value", {"text": text})

    def press(self, key):
        """A key to whatever has the focus."""
        keys = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.call("POST", self.session + "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": keys}]})

    def close(self):
        try:
            self.call("DELETE", self.session)
        finally:
            self.process.terminate()
            self.process.wait(20)


COLUMN = "return Array.from(document.querySelectorAll('#case-table tbody tr')).filter(r => !r.hidden).map(r => r.cells[{}].textContent.trim())"


def sorting(c, s, b, page):
    ids = [shown(r["id"]) for r in s.query("SELECT id FROM cases ORDER BY hu_p005, id")]
    value = {shown(r["id"]): r["hu_p005"] for r in s.query("SELECT id, hu_p005 FROM cases")}
    at = page.heads("case-table").index("0.5 %")
    button = f"#case-table th:nth-child({at + 1}) button"
    b.type(button, "\ue007")  # Enter
    order = [value[i] for i in b.run(COLUMN.format(1))]
    c.equal(order, [value[i] for i in ids], "Enter on a head sorts: as ORDER BY")
    c.equal(b.run(f"return document.querySelector('{button}').parentElement.getAttribute('aria-sort')"), "ascending", "aria-sort")
    b.type(button, "\ue00d")  # the space bar
    order = [value[i] for i in b.run(COLUMN.format(1))]
    c.equal(order, sorted(value.values(), reverse=True), "again: the other way")
    c.equal(b.run("return document.querySelectorAll('#case-table [aria-sort]').length"), 1, "sorted by one column")
    at = page.heads("case-table").index("liver, ml")
    for sign in (1, -1):
        b.type(f"#case-table th:nth-child({at + 1}) button", "\ue007")
        got = b.run(COLUMN.format(at))
        known = [float(g) for g in got if g != "–"]
        c.equal(got[len(known):], ["–"] * (len(got) - len(known)), "what is not known comes last")
        c.that(0 < len(known) < len(got) and known == sorted(known, reverse=sign < 0), f"sorted by volume: {known}")
    b.type("#case-table th:nth-child(2) button", "\ue007")
    plain = [i for i in b.run(COLUMN.format(1)) if i.startswith("volume")]
    c.equal(plain, sorted(plain, key=natural), "ids sort by number")


def columns(c, b, page):
    """Every column of both tables, both ways: numbers as numbers, severities by weight, what is not known last, text in runs of the same."""
    for table in ("case-table", "problem-table"):
        rows = [[(t, v) for t, v in zip(texts, values)] for _, texts, values in page.rows(table)]
        for at, (_, attributes, text) in enumerate(page.tables[table][0][1]):
            head, got = "".join(text).strip(), []
            if "fixed" in attributes.get("class", ""):
                continue
            by_number = "n" in attributes.get("class", "").split() or attributes.get("data-by") == "number"
            for way in ("ascending", "descending"):
                b.type(f"#{table} th:nth-child({at + 1}) button", "\ue007")
                script = f"return Array.from(document.querySelectorAll('#{table} tbody tr')).map(r => [r.cells[{at}].textContent.trim(), r.cells[{at}].dataset.v])"
                got.append(b.run(script))
                c.equal(b.run(f"return document.querySelectorAll('#{table} th')[{at}].getAttribute('aria-sort')"), way, f"{table}, {head}: says so")
                c.equal(sorted(t for t, _ in got[-1]), sorted(r[at][0] for r in rows), f"{table}, {head}: the same rows")
                if by_number:
                    known = [float(v) for _, v in got[-1] if v]
                    c.equal(known, sorted((float(r[at][1]) for r in rows if r[at][1]), reverse=way == "descending"), f"{table}, {head}: {way}")
                    c.that(not any(v for _, v in got[-1][len(known):]), f"{table}, {head}: what is not known comes last")
            if not by_number:
                runs = [[k for k, _ in itertools.groupby(t for t, _ in g)] for g in got]
                c.equal(runs[0], runs[1][::-1], f"{table}, {head}: the other way round")
                c.equal(len(runs[0]), len({r[at][0] for r in rows}), f"{table}, {head}: what is the same stands together")
    b.type("#problem-table th:nth-child(2) button", "\ue007")
    order = b.run("return Array.from(document.querySelectorAll('#problem-table tbody tr')).map(r => r.dataset.severity)")
    c.equal(order, sorted(order, key=("error", "warning", "info").index), "errors before warnings before the rest")


def anchors(c, b):
    """A problem's link leads to its case, also where the filter hides that; and the picture beside it is the case's."""
    count = b.run("return document.querySelectorAll('#problem-table tbody th a').length")
    c.that(count > 0, "problems lead to cases")
    b.type("form[data-table=case-table] input[type=search]", "no such case")
    for i in range(count):
        name, place, there, seen, same = b.run(
            f"const a = document.querySelectorAll('#problem-table tbody th a')[{i}]; a.click(); const row = document.getElementById(location.hash.slice(1));"
            "const pic = a.closest('tr').querySelector('img');"
            "return [a.textContent, location.hash, row.querySelector('th').textContent, row.offsetParent !== null && row === document.querySelector(':target'),"
            "!pic || pic.src === row.querySelector('img').src]")
        c.equal((there, seen, same), (name, True, True), f"{place} is the problem's case, seen")


def keyboard(c, b, out):
    b.open(out)
    active = "const e = document.activeElement, s = getComputedStyle(e); return [e.className || e.tagName, s.outlineStyle, parseFloat(s.outlineWidth)]"
    b.press("\ue004")  # Tab
    c.equal(b.run(active)[0], "skip", "the first stop is the way past everything")
    b.press("\ue007")
    c.equal(b.run("return location.hash"), "#cases", "which leads to the cases")
    seen = set()
    for _ in range(12):
        b.press("\ue004")
        name, style, width = b.run(active)
        seen.add(name)
        c.that(style != "none" and width >= 1, f"{name}: focus is seen ({style} {width})")
    c.that({"INPUT", "SELECT", "BUTTON", "scroll"} <= seen, f"by Tab alone: {seen}")


def themes(c, b):
    """As drawn: every text against what lies behind it, WCAG 2.1."""
    script = """
      const rgb = t => t.match(/[\\d.]+/g).map(Number);
      const back = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
      const light = c => { const v = c.slice(0, 3).map(x => x / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
        return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
      let worst = 99, where = "", n = 0;
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) {
        const e = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || ["SCRIPT", "STYLE", "title"].includes(e.tagName)) continue;
        const svg = e.ownerSVGElement;
        const front = rgb(svg ? getComputedStyle(e).fill : getComputedStyle(e).color), behind = back(svg ? svg.parentElement : e);
        const [a, b] = [light(front), light(behind)].sort((x, y) => x - y), ratio = (b + 0.05) / (a + 0.05);
        n++;
        if (ratio < worst) { worst = ratio; where = e.tagName + " " + e.className + ": " + walk.currentNode.data.slice(0, 30); }
      }
      return [n, worst, where, back(document.body)];"""
    for theme, dark in (("light", False), ("dark", True)):
        b.call("POST", b.session + "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": [{"name": "prefers-color-scheme", "value": theme}]}})
        n, worst, where, ground = b.run(script)
        c.that(n > 100 and worst >= 4.5, f"{theme}: contrast {worst:.2f} of {where}")
        c.equal(sum(ground[:3]) < 384, dark, f"{theme}: ground {ground}")


def filtering(c, s, b):
    total = len(s.query("SELECT id FROM cases"))
    rows = "return Array.from(document.querySelectorAll('#case-table tbody tr')).filter(r => r.offsetParent !== null).length"
    state = "return document.querySelector('form[data-table=case-table] output').textContent"
    c.equal(b.run(rows), total, "all rows are seen")
    b.type("form[data-table=case-table] input[type=search]", "volume-1")
    want = [r["id"] for r in s.query("SELECT id FROM cases WHERE id LIKE 'volume-1%'")]
    c.equal(b.run(rows), len(want), "a word filters")
    c.equal(b.run(state), f"{len(want)} of {total} rows", "and says how many")
    b.run("const f = document.querySelector('form[data-table=case-table]'); f.reset(); f.dispatchEvent(new Event('input'))")
    c.equal(b.run(rows), total, "without it all are there again")
    b.type("form[data-table=case-table] input[type=checkbox]", " ")
    c.equal(b.run(rows), len(s.query("SELECT id FROM cases WHERE problems > 0")), "with problems only")
    errors = "const f = document.querySelector('form[data-table=problem-table]'); f.severity.value = 'error'; f.dispatchEvent(new Event('input'));" \
             "return Array.from(document.querySelectorAll('#problem-table tbody tr')).filter(r => !r.hidden).length"
    c.equal(b.run(errors), len(s.query("SELECT 1 FROM problems WHERE severity = 'error'")), "errors only")


def legend(c, program, folder):
    """Each kind's swatch has the colour that its outlines have in the pictures, also where there are many kinds."""
    names, kinds = "heart stomach pancreas femur aorta colon oesophagus bladder trachea adrenal".split(), 10
    for k in range(kinds):
        label = numpy.zeros((64, 64, 3), numpy.uint8)
        label[8 + 2 * k:52, 10:50] = 1
        image = numpy.zeros((64, 64, 3), numpy.int16)
        image[:6] = 1000  # so that all else is black
        nifti(folder / f"{k}.nii", image, numpy.diag([1, 1, 1, 1]))
        nifti(folder / f"{k}_seg.nii", label, numpy.diag([1, 1, 1, 1]))
    s = Store(program)
    for k in range(kinds):
        done = s.ingest("--image", folder / f"{k}.nii", "--id", f"case{k}", "--label", f"{names[k]}={folder / f'{k}_seg.nii'}")
        c.equal(done.status, 0, done.err)
    out = folder / "legend.html"
    s.tome("report", s.path, "-o", out, "-q")
    text = out.read_text()
    swatches = dict((name, tuple(bytes.fromhex(colour))) for colour, name in re.findall(r'stroke="#([0-9a-f]{6})"/></svg>([^<]*)</li>', text))
    c.equal(sorted(swatches), sorted(names), "every kind is in the legend")
    c.equal(len(set(swatches.values())), kinds, "each in a colour of its own")
    rows = re.findall(r'<tr id="case-\d+".*?base64,([^"]*)".*?<th scope="row">case(\d)</th>', text, re.S)
    c.equal(len(rows), kinds, "a picture each")
    for data, k in rows:
        picture = numpy.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")).astype(int)[18:142, 18:142]
        colour = numpy.array(swatches[names[int(k)]])
        share = picture @ colour / (colour @ colour)  # lines are soft: the colour over black
        near = numpy.abs(picture - share[..., None] * colour).max(-1) < 4
        c.that((share > 0.3).sum() > 200 and near.all(), f"{names[int(k)]}: its picture holds the legend's colour and no other: {(~near).sum()} pixels of {(share > 0.3).sum()}")
        c.that(0.8 < share.max() < 1.02, f"{names[int(k)]}: as bright as in the legend: {share.max():.2f}")
    s.close()


def in_browser(c, s, out, page, folder):
    if not (shutil.which("chromedriver") and shutil.which("chromium")):
        print("skipped: no chromium and chromedriver here: the report was not opened in a browser (Debian: chromium-driver)")
        return
    b = Browser(folder / "profile")
    try:
        b.open(out)
        c.equal(b.log(), [], "no complaint in the console")
        c.equal(b.run("return document.title"), HOSTILE_LABEL, "no name became a script")
        c.equal(b.run("return document.scripts.length"), 1, "one script")
        loaded = b.run("const t = performance.getEntriesByType('navigation')[0]; return t.loadEventEnd")
        c.that(0 < loaded < 2000, f"opens in {loaded} ms")
        c.that(b.run("return Array.from(document.images).every(i => !i.complete || i.naturalWidth > 0)"), "pictures are pictures")
        with_case = sum("data-picture-of" in x for _, cells in page.tables["problem-table"][1:] for _, x, _ in cells)
        c.equal(b.run("return document.querySelectorAll('#problem-table img').length"), with_case, "problems show their case")
        c.that(b.run("return document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out at the side")
        loaded = b.run("return performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:'))")
        c.equal(loaded, [], "nothing was asked for but the page itself")
        words = b.run("return Array.from(document.querySelectorAll('.plot svg')).map(s => s.getAttribute('aria-label'))")
        spacing = [r["spacing_z"] for r in s.query("SELECT spacing_z FROM cases")]
        c.that(any(f"z: {min(spacing):.6g} to {max(spacing):.6g}, median {numpy.median(spacing):.6g}, of {len(spacing)}." in w for w in words), f"plots say what they show: {words}")
        sorting(c, s, b, page)
        b.open(out)
        columns(c, b, page)
        filtering(c, s, b)
        b.open(out)
        anchors(c, b)
        themes(c, b)
        keyboard(c, b, out)
        c.equal(b.log(), [], "no complaint after all this")
        c.equal(b.run("return document.title"), HOSTILE_LABEL, "and no name became a script")
    finally:
        b.close()


def main(program):
    c = Checks()
    with tempfile.TemporaryDirectory() as t:
        t = Path(t)
        s = store(program, t / "data")
        (t / "out").mkdir()
        out, page = as_text(c, s, t / "out")
        whole_or_not(c, s, t / "out")
        (t / "kinds").mkdir()
        legend(c, program, t / "kinds")
        in_browser(c, s, out, page, t)
        s.close()
    return c.done()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
