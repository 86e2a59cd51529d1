"""How the program behaves towards people, terminals and pipes: help, near misses, widths, the progress line, signals, closed pipes."""
import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
from pathlib import Path

import nibabel
import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from tomelib import Store  # noqa: E402

VERBS = ["init", "ingest", "ls", "show", "query", "stats", "problems", "doctor", "get", "patches", "plan", "convert", "archive", "info", "preview", "histogram", "report", "view", "verify", "reindex", "rm", "ops", "formats", "layouts", "version", "help"]
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Terminal:
    """A program in a terminal of its own, of a given width."""

    def __init__(self, words, columns=80, **env):
        try:
            self.master, slave = pty.openpty()
        except OSError as e:
            raise unittest.SkipTest(f"no terminal to be had here: {e}") from e
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **env}
        environment.pop("NO_COLOR", None) if "NO_COLOR" not in env else None
        self.process = subprocess.Popen([str(w) for w in words], stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
        os.close(slave)
        self.text = ""

    def read(self, seconds=60, until=None):
        """Reads until the program ends, or until `until` has appeared."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not (until and until in self.text):
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break  # the other end is closed
            if not data:
                break
            self.text += data.decode(errors="replace")
        return self.text

    def finish(self):
        self.read()
        os.close(self.master)
        return self.process.wait(60)


class Manners(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="tome-manners-"))
        cls.store = Store(OPTIONS.tool, cls.folder)
        rng = numpy.random.default_rng(1)
        small = cls.folder / "small"
        small.mkdir()
        for i in range(3):
            save(small / f"a case with a very long name indeed, größe {i}, and more and more and more of it.nii", rng, (6, 7, 8))
        cls.first = cls.store.ingest(small)
        cls.large = cls.folder / "large"
        cls.large.mkdir()
        for i in range(12):
            save(cls.large / f"scan{i}.nii", rng, (128, 192, 192))

    @classmethod
    def tearDownClass(cls):
        cls.store.close()

    def plain(self, *args, **kw):
        return self.store.tome(*args, **kw)

    def test_store_is_there(self):
        self.assertEqual(self.first.status, 0, self.first.err)

    def test_overview_names_every_verb(self):
        for args in ((), ("help",), ("--help",), ("-h",)):
            done = self.plain(*args)
            self.assertEqual((done.status, done.err), (0, ""))
            for verb in VERBS:
                self.assertRegex(done.out, rf"(?m)^  {verb} +\S")

    def test_every_help(self):
        for verb in VERBS:
            done = self.plain(verb, "--help")
            self.assertEqual((done.status, done.err), (0, ""), verb)
            self.assertTrue(done.out.isascii())
            self.assertIn("exit status", done.out)
            for part in (f"usage: tome {verb}", "\noptions\n", "--help", "\nexamples\n  tome "):
                self.assertIn(part, done.out)
            examples = done.out.index("\nexamples\n")
            self.assertLessEqual(max(map(len, done.out[:examples].splitlines())), 80, verb)
            self.assertEqual(done.out, self.plain("help", verb).out)

    def test_near_misses(self):
        for words, part in (((("sohw",), '"tome show"')), (("ingets",), '"tome ingest"'), (("frobnicate",), '"tome help"'), (("help", "verfy"), '"tome verify"'),
                            (("ls", "x", "--wher=1"), "did you mean --where?"), (("problems", "x", "--severity", "eror"), "did you mean error?")):
            done = self.plain(*words)
            self.assertEqual((done.status, done.out), (2, ""), words)
            self.assertRegex(done.err, r"\Atome: [^\n]+\n\Z")
            self.assertIn(part, done.err)

    def test_version(self):
        self.assertRegex(self.plain("--version").out, r"\Atome \d+\.\d+\.\d+\n\Z")
        self.assertEqual(json.loads(self.plain("version", "--json").out)["tome"], self.plain("version").out.split()[1])

    def test_table_fits_the_terminal_and_is_whole_in_a_pipe(self):
        for columns in (60, 80, 200):
            terminal = Terminal([OPTIONS.tool, "ls", self.store.path], columns=columns)
            self.assertEqual(terminal.finish(), 0)
            lines = [ESCAPE.sub("", line) for line in terminal.text.splitlines()]
            self.assertLessEqual(max(map(len, lines)), columns)
            self.assertEqual(any("…" in line for line in lines), columns < 200)
        piped = self.plain("ls", self.store.path, env={"LC_ALL": "C.UTF-8"}).out
        self.assertIn("and more and more and more of it", piped)
        self.assertNotIn("…", piped)
        self.assertNotIn("\x1b", piped)

    def test_bold_only_where_wanted(self):
        for env, bold in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            terminal = Terminal([OPTIONS.tool, "ls", self.store.path], **env)
            terminal.finish()
            self.assertEqual("\x1b[1m" in terminal.text, bold, env)

    def test_ascii_outside_utf8(self):
        out = self.plain("ls", self.store.path, "--where", "0", env={"LC_ALL": "C"})
        self.assertTrue((out.out + out.err).isascii())
        self.assertRegex(self.plain("ls", self.store.path, env={"LC_ALL": "C"}).out, r"\d+x\d+x\d+")
        self.assertRegex(self.plain("ls", self.store.path, env={"LC_ALL": "C.UTF-8"}).out, r"\d+×\d+×\d+")

    def test_progress_line_comes_and_goes(self):
        store = self.fresh("progress")
        terminal = Terminal([OPTIONS.tool, "ingest", store.path, self.large, "--jobs", 1, "--level", 6])
        self.assertEqual(terminal.finish(), 0, terminal.text)
        self.assertIn("12 cases added", terminal.text)
        redraws = [part for part in terminal.text.split("\r") if "\x1b[K" in part and part.strip("\x1b[K\n")]
        self.assertGreater(len(redraws), 2, terminal.text)
        self.assertTrue(any(re.search(r"\d+/12 .*MB/s .*left", part) for part in redraws), redraws[:5])
        for part in redraws:
            self.assertLessEqual(len(ESCAPE.sub("", part).split("\n")[0]), 80)
        self.assertRegex(terminal.text, r"\r\x1b\[K12 cases added")  # cleared before the summary

    def test_progress_is_silent_elsewhere(self):
        store = self.fresh("silent")
        done = store.tome("ingest", store.path, self.large)
        self.assertEqual((done.status, done.out), (0, ""))
        self.assertNotIn("\r", done.err)
        terminal = Terminal([OPTIONS.tool, "verify", store.path], TERM="dumb")
        self.assertEqual(terminal.finish(), 0)
        self.assertNotIn("\x1b", terminal.text)
        done = store.tome("verify", store.path, "--quiet")
        self.assertEqual((done.status, done.out, done.err), (0, "", ""))

    def test_ctrl_c_stops_in_good_order(self):
        store = self.fresh("stop")
        terminal = Terminal([OPTIONS.tool, "ingest", store.path, self.large, "--jobs", 1, "--verbose"])
        terminal.read(until="added ")
        terminal.process.send_signal(signal.SIGINT)
        status = terminal.finish()
        self.assertEqual(status, 130, terminal.text)
        found = re.search(r"tome: stopped; (\d+) cases? (is|are) in, run again to go on", terminal.text)
        self.assertTrue(found, terminal.text)
        self.assertEqual(len(store.ids()), int(found[1]))
        self.assertEqual(store.tome("verify", store.path).status, 0)
        done = store.tome("ingest", store.path, self.large)
        self.assertEqual(done.status, 0, done.err)
        self.assertIn(f"{found[1]} skipped", done.err)
        self.assertEqual(len(store.ids()), 12)

    def test_sigterm_is_told_apart(self):
        store = self.fresh("term")
        terminal = Terminal([OPTIONS.tool, "ingest", store.path, self.large, "--jobs", 1, "--verbose"])
        terminal.read(until="added ")
        terminal.process.send_signal(signal.SIGTERM)
        self.assertEqual(terminal.finish(), 128 + signal.SIGTERM, terminal.text)

    def test_closed_pipe_is_quiet(self):
        sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 300000) SELECT x FROM c"
        process = subprocess.Popen([OPTIONS.tool, "query", self.store.path, sql, "--csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"x\n")
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.wait(30), -signal.SIGPIPE)
        process.stderr.close()

    def test_full_disk_is_told(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([OPTIONS.tool, "ls", self.store.path], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write to standard output", done.stderr)

    def fresh(self, name):
        store = Store(OPTIONS.tool, self.folder / name)
        self.addCleanup(store.close)
        return store


def save(path, rng, shape):
    nibabel.save(nibabel.Nifti1Image(rng.integers(-1000, 1000, shape).astype(numpy.int16), numpy.diag([1.0, 1.0, 2.0, 1.0])), path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("tool", "library", "source", "build"):
        parser.add_argument(f"--{name}")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
