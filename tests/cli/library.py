"""What is installed: the library exports tome_* and nothing else, pkg-config gives flags that link a program with it, shared and static, and the
manual page holds every command and is free of markup faults."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = """
#include <stdio.h>
#include <tome.h>
int main(void) {
  tome_error err = {0};
  if (tome_open("/nonexistent", &err)) return 1;
  printf("%s: %s\\n", tome_version(), err.message);
  return err.code == TOME_OK;
}
"""


def run(*words, **kw):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, **kw)


class Library(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="tome-install-"))
        cls.prefix = cls.folder / "prefix"
        done = run("/usr/bin/cmake", "--install", OPTIONS.build, "--prefix", cls.prefix)
        assert done.returncode == 0, done.stderr
        (cls.folder / "program.c").write_text(PROGRAM)
        cls.cache = (Path(OPTIONS.build) / "CMakeCache.txt").read_text()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def one(self, pattern):
        found = list(self.prefix.rglob(pattern))
        self.assertEqual(len(found), 1, f"{pattern}: {found}")
        return found[0]

    def test_exports(self):
        exported = {line.split()[-1] for line in run("nm", "-D", "--defined-only", OPTIONS.library).stdout.splitlines()}
        declared = set(re.findall(r"TOME_API[^;]*?(tome_\w+)\(", (Path(OPTIONS.source) / "src/tome.h").read_text()))
        self.assertGreater(len(declared), 20)
        self.assertEqual(declared - exported, set(), "declared in tome.h but not there")
        if "TOME_SANITIZE:STRING=\n" in self.cache:
            strangers = {name for name in exported - declared if not re.match(r"_ZN?K?S|_ZT[ISV]|_ZGV|_init$|_fini$", name)}
            self.assertEqual(strangers, set(), "exported but not in tome.h")

    def test_soname(self):
        self.assertIn("[libtome.so.0]", run("readelf", "-d", OPTIONS.library).stdout)

    def link(self, *flags, **env):
        if "TOME_SANITIZE:STRING=\n" not in self.cache:
            self.skipTest("a sanitized library wants a sanitized program")
        pc = self.one("tome.pc").parent
        asked = run("pkg-config", *flags, "--cflags", "--libs", "tome",
                    env={**os.environ, "PKG_CONFIG_PATH": str(pc)})
        self.assertEqual(asked.returncode, 0, asked.stderr)
        words = asked.stdout.split()
        if "--static" in flags:
            words = [str(self.one("libtome.a")) if w == "-ltome" else w for w in words]
        program = self.folder / "program"
        built = run("cc", self.folder / "program.c", "-o", program, *words)
        self.assertEqual(built.returncode, 0, built.stderr)
        done = run(program, env={**os.environ, **env})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^\d+\.\d+\.\d+: .+")

    def test_links_shared(self):
        self.link(LD_LIBRARY_PATH=str(self.one("libtome.so.0").parent))

    def test_links_static(self):
        self.link("--static")

    def test_manual_page(self):
        page = self.one("tome.1")
        text = page.read_text()
        self.assertNotRegex(text, r"@[A-Z]+@")
        for verb in re.findall(r"X\((\w+)\)", (Path(OPTIONS.source) / "src/cli/verbs.h").read_text().replace("X(name)", "")):
            self.assertIn(f'.SS "tome {verb}"', text)
        self.assertIn(r"\fB\-\-spacing\fR \fIZ,Y,X\fR", text)
        if shutil.which("man"):
            shown = run("man", "--warnings", "-l", page, env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "100"})
            self.assertEqual((shown.returncode, shown.stderr), (0, ""))
            self.assertIn("--keep-identity", shown.stdout)

    def test_installed_program_runs(self):
        self.assertRegex(run(self.one("bin/tome"), "version").stdout, r"^tome \d")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("tool", "library", "source", "build"):
        parser.add_argument(f"--{name}")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
