"""What the Python tests of src/format share: the tool, a scratch folder, a list of failures."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile


class Tool:
    def __init__(self, path, env=None):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, errors="replace",
                                        env={**os.environ, **(env or {})})

    def ask(self, *words):
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the tool died ({self.process.wait()}) on {words}")
        return json.loads(line)

    def finish(self):
        self.process.stdin.close()
        return self.process.wait()


class Test:
    """Counts checks and prints the failures; a context manager that owns a scratch folder."""

    def __init__(self, env=None):
        parser = argparse.ArgumentParser()
        parser.add_argument("--tool", required=True)
        parser.add_argument("--real", action="store_true", help="only the real files; skipped where they are absent")
        options = parser.parse_args()
        self.real = options.real
        self.data = os.environ.get("TOME_DATA", "")
        if self.real and not os.path.isdir(self.data):
            print("skipped: TOME_DATA is absent")
            sys.exit(77)
        base = os.environ.get("TOME_TMP", "/tmp")
        os.makedirs(base, exist_ok=True)
        self.folder = tempfile.mkdtemp(dir=base)
        self.tool = Tool(options.tool, env)
        self.checks = self.failures = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        shutil.rmtree(self.folder)
        if kind:
            return
        self.check(self.tool.finish() == 0, "the tool ended badly")
        print(f"{self.checks} checks, {self.failures} failed")
        sys.exit(1 if self.failures else 0)

    def check(self, ok, *what):
        self.checks += 1
        if not ok:
            self.failures += 1
            print("FAILED:", *what)
        return ok

    def path(self, name):
        return os.path.join(self.folder, name)

    def decode(self, path, verb="decode"):
        """The tool's answer and the bytes of all pieces."""
        out = self.path("voxels.raw")
        answer = self.tool.ask(verb, path, out)
        with open(out, "rb") if os.path.exists(out) else open(os.devnull, "rb") as f:
            voxels = f.read()
        if os.path.exists(out):
            os.unlink(out)
        return answer, voxels
