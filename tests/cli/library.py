"""What is installed: the library exports tome_* and nothing else, pkg-config gives flags that link a program with it, shared and static, and the
manual page holds every command and is free of markup faults. And the library as another language sees it: recipes through ctypes, opaque handles and plain structs."""
import argparse
import ctypes as ct
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


# ---- the header, once more, for ctypes ----------------------------------------------------------------------

class Error(ct.Structure):
    _fields_ = [("code", ct.c_int), ("message", ct.c_char * 1020)]


class Box(ct.Structure):
    _fields_ = [("lo", ct.c_int64 * 3), ("hi", ct.c_int64 * 3)]


class Geometry(ct.Structure):
    _fields_ = [("shape", ct.c_int64 * 3), ("spacing", ct.c_double * 3), ("origin", ct.c_double * 3), ("direction", ct.c_double * 3 * 3)]


class Words(ct.Structure):  # tome_recipe_text
    _fields_ = [("steps", ct.POINTER(ct.c_char_p)), ("step_count", ct.c_size_t), ("file", ct.c_char_p)]

    def __init__(self, *steps):
        super().__init__((ct.c_char_p * len(steps))(*[s.encode() for s in steps]), len(steps), None)


class Info(ct.Structure):  # tome_result_info
    _fields_ = [("geometry", Geometry), ("dtype", ct.c_int), ("is_label", ct.c_bool), ("fill", ct.c_double), ("units", ct.c_char * 16),
                ("recipe", ct.c_char_p), ("recipe_hash", ct.c_char_p), ("voxel_hash", ct.c_char * 33)]


class Param(ct.Structure):
    _fields_ = [("name", ct.c_char_p), ("kind", ct.c_int), ("most", ct.c_int), ("lo", ct.c_double), ("hi", ct.c_double), ("choices", ct.c_char_p),
                ("standard", ct.c_char_p), ("help", ct.c_char_p)]


class Item(ct.Structure):
    _fields_ = [("a", ct.c_double), ("b", ct.c_double), ("choice", ct.c_int), ("mm", ct.c_bool), ("word", ct.c_char_p)]


class Arg(ct.Structure):
    _fields_ = [("items", ct.POINTER(Item)), ("count", ct.c_size_t)]


class Call(ct.Structure):  # tome_own_call
    _fields_ = [("user", ct.c_void_p), ("args", ct.POINTER(Arg)), ("geometry", ct.POINTER(Geometry)), ("volume", ct.c_char_p)]


Row = ct.CFUNCTYPE(None, ct.POINTER(Call), ct.POINTER(ct.c_float), ct.POINTER(ct.c_float), ct.c_size_t)


class OwnStep(ct.Structure):
    _fields_ = [("name", ct.c_char_p), ("title", ct.c_char_p), ("params", ct.POINTER(Param)), ("labels", ct.c_bool),
                ("keeps_statistics", ct.c_bool), ("dtype", ct.c_int), ("user", ct.c_void_p), ("plan", ct.c_void_p), ("row", Row), ("tile", ct.c_void_p)]


class Options(ct.Structure):  # tome_result_options
    _fields_ = [("cache_bytes", ct.c_uint64), ("memory_bytes", ct.c_uint64), ("own", ct.POINTER(ct.POINTER(OwnStep))), ("own_count", ct.c_size_t)]


U8, I16, F32, KIND_REAL = 1, 4, 9, 1


class Binding(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if "TOME_SANITIZE:STRING=\n" not in (Path(OPTIONS.build) / "CMakeCache.txt").read_text():
            raise unittest.SkipTest("a sanitized library wants a sanitized program")
        import nibabel
        import numpy
        cls.np, cls.folder = numpy, Path(tempfile.mkdtemp(prefix="tome-binding-"))
        cls.image = numpy.random.default_rng(9).integers(-1000, 1000, (14, 12, 10)).astype("i2")  # z, y, x
        cls.seg = (cls.image > 500).astype("u1")
        for name, v in (("volume-0", cls.image), ("segmentation-0", cls.seg)):
            nibabel.save(nibabel.Nifti1Image(v.T, numpy.diag([-1.0, -1.0, 2.0, 1.0])), str(cls.folder / f"{name}.nii.gz"))
        store = cls.folder / "s.tome"
        for words in (("init", store), ("ingest", store, cls.folder, "--quiet")):
            done = run(OPTIONS.tool, *words)
            assert done.returncode == 0, done.stderr
        cls.lib = lib = ct.CDLL(OPTIONS.library)
        lib.tome_open.restype = lib.tome_result_open.restype = ct.c_void_p
        lib.tome_result_volume.restype = ct.c_char_p
        lib.tome_result_open.argtypes = [ct.c_void_p, ct.c_char_p, ct.c_void_p, ct.c_void_p, ct.c_void_p, ct.c_void_p]
        lib.tome_result_volume.argtypes = [ct.c_void_p, ct.c_size_t]
        lib.tome_result_info_of.argtypes = [ct.c_void_p, ct.c_char_p, ct.c_void_p, ct.c_void_p]
        lib.tome_result_read.argtypes = [ct.c_void_p, ct.c_char_p, ct.c_void_p, ct.c_void_p, ct.c_size_t, ct.c_void_p, ct.c_void_p]
        lib.tome_result_close.argtypes = lib.tome_close.argtypes = [ct.c_void_p]
        for name in ("tome_result_info_of", "tome_result_read", "tome_recipe_check"):
            getattr(lib, name).restype = ct.c_bool
        cls.store = lib.tome_open(str(store).encode(), None)

    @classmethod
    def tearDownClass(cls):
        cls.lib.tome_close(cls.store)
        shutil.rmtree(cls.folder, ignore_errors=True)

    def open(self, *steps, options=None):
        err = Error()
        r = self.lib.tome_result_open(self.store, b"volume-0", ct.byref(Words(*steps)), options and ct.byref(options), None, ct.byref(err))
        self.assertTrue(r, err.message)
        self.addCleanup(self.lib.tome_result_close, r)
        return r

    def read(self, r, volume, box=None):
        info, err = Info(), Error()
        self.assertTrue(self.lib.tome_result_info_of(r, volume, ct.byref(info), ct.byref(err)), err.message)
        shape = [s.stop - s.start for s in box] if box else list(info.geometry.shape)
        out = self.np.empty(shape, {U8: "u1", I16: "i2", F32: "f4"}[info.dtype])
        b = Box((ct.c_int64 * 3)(*[s.start for s in box]), (ct.c_int64 * 3)(*[s.stop for s in box])) if box else None
        ok = self.lib.tome_result_read(r, volume, b and ct.byref(b), out.ctypes.data, out.nbytes, None, ct.byref(err))
        self.assertTrue(ok, err.message)
        return out, info

    def test_box_of_a_recipe(self):
        r = self.open("flip:x", "clip:-200,200")
        self.assertEqual([self.lib.tome_result_volume(r, i) for i in range(3)], [b"image", b"labels/segmentation", None])
        box = (slice(3, 9), slice(0, 12), slice(2, 7))
        image, info = self.read(r, b"image", box)
        self.assertTrue(self.np.array_equal(image, self.np.clip(self.image[:, :, ::-1], -200, 200)[box]))
        self.assertEqual((list(info.geometry.shape), list(info.geometry.spacing), info.units, info.is_label, info.fill),
                         ([14, 12, 10], [2, 1, 1], b"HU", False, -200))
        self.assertEqual(info.recipe, b"flip:axes=x clip:lo=-200,hi=200")
        labels, other = self.read(r, b"labels/segmentation", box)
        self.assertTrue(self.np.array_equal(labels, self.seg[:, :, ::-1][box]) and other.is_label)
        self.assertEqual(info.recipe_hash, other.recipe_hash)
        self.assertEqual(info.recipe_hash.decode(), self.hash_of(info.recipe))
        self.assertNotEqual(info.voxel_hash, other.voxel_hash)
        self.assertEqual(info.voxel_hash.decode(), self.hash_of(self.np.ascontiguousarray(self.image).tobytes()))

    def hash_of(self, data):
        done = subprocess.run(["xxhsum", "-H2"], input=data, capture_output=True)
        return done.stdout.decode().split()[0]

    def test_own_step_in_python(self):
        def add(call, values, out, n):
            by = call.contents.args[0].items[0].a
            self.np.ctypeslib.as_array(out, (n,))[:] = self.np.ctypeslib.as_array(values, (n,)) + by

        rows = (Param * 2)(Param(b"by", KIND_REAL, 1, -10, 10, None, b"1", b"added"))
        step = OwnStep(b"add", None, rows, False, False, F32, None, None, Row(add), None)
        options = Options(0, 0, (ct.POINTER(OwnStep) * 1)(ct.pointer(step)), 1)
        image, info = self.read(self.open("add:2.5", "clip:0,100", options=options), b"image")
        self.assertTrue(self.np.array_equal(image, self.np.clip(self.image.astype("f4") + 2.5, 0, 100)))
        self.assertEqual((info.recipe, info.units), (b"add:by=2.5 clip:lo=0,hi=100", b""))

    def test_words_alone(self):
        said = []
        text = ct.CFUNCTYPE(None, ct.c_void_p, ct.c_char_p, ct.c_char_p)(lambda _, words, hash: said.append((words, hash)))
        self.assertTrue(self.lib.tome_recipe_check(ct.byref(Words("hu", "clip:0,1")), None, text, None, None))
        self.assertEqual(said, [(said[0][0], self.hash_of(said[0][0]).encode())])
        self.assertTrue(said[0][0].endswith(b" clip:lo=0,hi=1"))
        err = Error()
        self.assertFalse(self.lib.tome_recipe_check(ct.byref(Words("hu", "clip:0,b")), None, text, None, ct.byref(err)))
        self.assertEqual(err.message, b"step 2: clip: hi=b: wanted any number")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("tool", "library", "source", "build"):
        parser.add_argument(f"--{name}")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
