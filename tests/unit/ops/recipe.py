"""Drives recipe_tool: volumes in, recipes over them, boxes of the results out as NumPy arrays."""
import json
import os
import subprocess
import tempfile

import numpy as np

CT = dict(spacing=(2.0, 0.8, 0.7), origin=(-100.0, 50.0, 20.0), direction=((0, 0, 1), (0, 1, 0), (1, 0, 0)))


class Refused(Exception):
    """The tool's one sentence."""


class Tool:
    """One case: an image, label maps (name → array), and what is known of them."""

    def __init__(self, path, image, labels=None, geometry=None, names=(), fill=-1024, know=True):
        self.folder = tempfile.TemporaryDirectory(dir=os.environ.get("TOME_TMP"))
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        g = geometry or CT
        flat = [*g["spacing"], *g["origin"], *np.asarray(g["direction"], float).ravel()]
        self.say("geometry " + " ".join(repr(float(v)) for v in flat))
        self.say(f"fill {fill}")
        for name, a in [("image", image), *(labels or {}).items()]:
            path = f"{self.folder.name}/{name}.raw"
            np.ascontiguousarray(a).tofile(path)
            self.say("volume", name, a.dtype.name, *a.shape, path)
        if know:
            self.say("know")
        for map_, value, name in names:
            self.say("name", map_, value, name)

    def say(self, *words):
        self.process.stdin.write(" ".join(str(w) for w in words) + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        if line.startswith("error: "):
            raise Refused(line[7:].strip())
        if not line:
            raise SystemExit(f"recipe_tool died with status {self.process.wait()}")
        return json.loads(line)

    def steps(self, text):
        self.say("steps", text)
        return self.hear()

    def plan(self):
        self.say("plan")
        lines = []
        while (line := self.process.stdout.readline().rstrip("\n")) != ".":
            lines.append(line)
        return lines

    def pull(self, output=0, box="all"):
        """A box of an output and its facts."""
        path = f"{self.folder.name}/out.raw"
        if not isinstance(box, str):
            box = ",".join(f"{lo}:{hi}" for lo, hi in box)
        self.say("pull", output, box, path)
        facts = self.hear()
        return np.fromfile(path, facts["dtype"]).reshape(facts["shape"]), facts

    def run(self, text, output=0):
        self.steps(text)
        return self.pull(output)

    def close(self):
        self.process.stdin.close()
        status = self.process.wait()
        assert status == 0, f"recipe_tool ended with status {status}"


def affine(g):
    """Index (z, y, x, 1) to world LPS."""
    m = np.eye(4)
    for a in range(3):
        m[:3, a] = np.asarray(g["direction"][a]) * g["spacing"][a]
    m[:3, 3] = g["origin"]
    return m


class Checks:
    """Counts; one failure does not hide the next."""

    def __init__(self):
        self.done = self.failed = 0

    def equal(self, what, got, want, tolerance=0.0):
        self.done += 1
        got, want = np.asarray(got), np.asarray(want)
        if got.shape != want.shape:
            return self.fail(f"{what}: shape {got.shape}, wanted {want.shape}")
        worst = float(np.max(np.abs(got.astype(float) - want.astype(float)))) if got.size else 0.0
        if not worst <= tolerance:
            self.fail(f"{what}: differs by {worst:g}, allowed {tolerance:g}")

    def refused(self, what, call, *parts):
        self.done += 1
        try:
            call()
        except Refused as e:
            for part in parts:
                if part not in str(e):
                    self.fail(f"{what}: refused with \"{e}\", which lacks \"{part}\"")
            return
        self.fail(f"{what}: not refused")

    def true(self, what, condition):
        self.done += 1
        if not condition:
            self.fail(what)

    def fail(self, text):
        self.failed += 1
        print("FAILED", text)

    def status(self):
        print(f"{self.done} checks, {self.failed} failed")
        return 1 if self.failed or not self.done else 0
