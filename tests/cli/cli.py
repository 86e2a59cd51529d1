"""Every command on a small real store: what NumPy and nibabel know of the input must come back through the command line, as a table, as CSV
and as strict JSON."""
import argparse
import csv
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

import nibabel
import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from tomelib import Store  # noqa: E402

SPACING = (2.0, 0.75, 0.5)  # z, y, x


def make_inputs(folder):
    """Two LiTS cases, volume-2 and volume-10, of known voxels. Returns {number: (image, labels)} as (z, y, x) arrays."""
    rng = numpy.random.default_rng(7)
    cases = {}
    for number, depth in ((2, 12), (10, 20)):
        shape = (depth, 40, 48)
        image = rng.integers(-1000, 400, shape).astype(numpy.int16)
        labels = numpy.zeros(shape, numpy.uint8)
        labels[3:9, 10:30, 12:40] = 1
        labels[4:6, 12:20, 14:22] = 2
        affine = numpy.diag([SPACING[2], SPACING[1], SPACING[0], 1.0])
        for name, voxels in (("volume", image), ("segmentation", labels)):
            nifti = nibabel.Nifti1Image(voxels.transpose(2, 1, 0), affine)
            nifti.header.set_xyzt_units("mm")
            nibabel.save(nifti, folder / f"{name}-{number}.nii.gz")
        cases[number] = (image, labels)
    return cases


def strict(text):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")
    return json.loads(text, parse_constant=refuse)


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="tome-cli-"))
        cls.inputs = cls.folder / "LITS"
        cls.inputs.mkdir()
        cls.cases = make_inputs(cls.inputs)
        cls.store = Store(OPTIONS.tool, cls.folder)
        cls.first = cls.store.ingest(cls.inputs, "--jobs", 2)

    @classmethod
    def tearDownClass(cls):
        cls.store.close()

    def run_tome(self, *args, status=0, **kw):
        done = self.store.tome(*args, **kw)
        self.assertEqual(done.status, status, f"{args}: {done.out}{done.err}")
        return done

    def on_store(self, verb, *args, **kw):
        return self.run_tome(verb, self.store.path, *args, **kw)

    def refused(self, part, *args, status=2):
        done = self.run_tome(*args, status=status)
        self.assertEqual(done.out, "")
        self.assertRegex(done.err, r"\Atome: [^\n]+\n\Z")
        self.assertIn(part, done.err)

    def test_ingest_events(self):
        self.assertEqual(self.first.status, 0, self.first.err)
        events = [strict(line) for line in self.first.out.splitlines()]
        self.assertEqual(sorted(e["id"] for e in events if e["event"] == "added"), ["volume-10", "volume-2"])
        self.assertEqual(events[-1]["event"], "summary")
        self.assertEqual(events[-1]["added"], 2)
        self.assertEqual(events[-1]["bytes_voxels"], sum(3 * image.size for image, _ in self.cases.values()))

    def test_ingest_again_skips(self):
        done = self.on_store("ingest", self.inputs)
        self.assertEqual(done.out, "")
        self.assertIn("0 cases added, 2 skipped", done.err)

    def test_ingest_refuses(self):
        bad = self.folder / "bad"
        bad.mkdir()
        for name, shape in (("volume-77", (8, 8, 8)), ("segmentation-77", (8, 8, 9))):
            nibabel.save(nibabel.Nifti1Image(numpy.ones(shape, numpy.int16), numpy.eye(4)), bad / f"{name}.nii")
        done = self.on_store("ingest", bad, status=1)
        self.assertIn("refused:\n  volume-77: ", done.err)
        self.assertIn("1 refused", done.err)
        rows = strict(self.on_store("problems", "--json", "--severity=error").out)
        self.assertTrue(any(r["refused"] == 1 and "volume-77" in (r["case_id"] or r["path"]) for r in rows), rows)

    def test_ls(self):
        lines = self.on_store("ls").out.splitlines()
        self.assertRegex(lines[0], r"^id .*shape z,y,x .*spacing mm .*modality .*labels .*problems$")
        self.assertRegex(lines[1], r"^volume-2 +12[x×]40[x×]48 +2[x×]0.75[x×]0.5 +CT +liver tumor")
        self.assertTrue(lines[2].startswith("volume-10 "), "natural order")
        rows = strict(self.on_store("ls", "--json").out)
        self.assertEqual([r["id"] for r in rows], ["volume-2", "volume-10"])
        self.assertEqual(rows[1]["shape"], [20, 40, 48])
        self.assertEqual(rows[0]["spacing"], list(SPACING))
        self.assertEqual(rows[0]["labels"], ["liver", "tumor"])
        table = list(csv.DictReader(io.StringIO(self.on_store("ls", "--csv").out)))
        self.assertEqual([(r["id"], r["shape_z"]) for r in table], [("volume-2", "12"), ("volume-10", "20")])

    def test_ls_where(self):
        rows = strict(self.on_store("ls", "--where", "shape_z > 15 -- a comment", "--json").out)
        self.assertEqual([r["id"] for r in rows], ["volume-10"])
        self.assertEqual(strict(self.on_store("ls", "--where=0", "--json").out), [])
        self.assertEqual(self.on_store("ls", "--where=0", "--csv").out.count("\n"), 1)
        self.assertIn("no case", self.on_store("ls", "-w0").err)
        self.refused('--where "shape_q > 15": ', "ls", self.store.path, "--where", "shape_q > 15")
        self.refused('--where "(id": ', "ls", self.store.path, "--where=(id")
        done = self.store.tome("ls", self.store.path, "--where", "nonsense = 1")
        self.assertNotEqual(done.status, 0)
        self.assertIn("nonsense", done.err)

    def test_show(self):
        image, labels = self.cases[10]
        known = strict(self.on_store("show", "volume-10", "--json").out)
        self.assertEqual(known["case"]["hu_min"], int(image.min()))
        self.assertAlmostEqual(known["case"]["hu_mean"], image.mean(), places=9)
        self.assertAlmostEqual(known["case"]["hu_p995"], numpy.percentile(image, 99.5), places=9)
        tumor = next(l for l in known["labels"] if l["name"] == "tumor")
        inside = image[labels == 2]
        self.assertEqual(tumor["voxels"], inside.size)
        self.assertAlmostEqual(tumor["ml"], inside.size * numpy.prod(SPACING) / 1000)
        self.assertEqual((tumor["z_first"], tumor["z_last"]), (4, 5))
        self.assertEqual((tumor["minmax_level"], tumor["minmax_width"]),
                         ((int(inside.min()) + int(inside.max())) / 2, int(inside.max()) - int(inside.min())))
        self.assertEqual([v["name"] for v in known["volumes"]], ["image", "labels/segmentation"])
        self.assertEqual({s["role"]: s["files"] for s in known["sources"]}, {"image": 1, "segmentation": 1})
        text = self.on_store("show", "volume-10", env={"LC_ALL": "C"}).out
        self.assertTrue(text.isascii())
        self.assertIn("20x40x48", text)
        self.assertIn(f"{int(image.min())} .. {int(image.max())} HU", text)
        self.assertRegex(text, r"segmentation +2 +tumor +128 +0\.1 +4-5 ")

    def test_show_near_miss(self):
        self.refused("volume-10", "show", self.store.path, "volume-100", status=1)

    def test_query(self):
        rows = strict(self.on_store("query", "SELECT id, shape_z AS z, NULL AS n FROM cases WHERE id = ?1", "volume-2", "--json").out)
        self.assertEqual(rows, [{"id": "volume-2", "z": 12, "n": None}])
        out = self.on_store("query", "SELECT 'a,b' AS x, 0.1 + 0.2 AS y UNION ALL SELECT 'say \"hi\"', -1.5", "--csv").out
        self.assertEqual(list(csv.reader(io.StringIO(out))), [["x", "y"], ["a,b", "0.30000000000000004"], ['say "hi"', "-1.5"]])
        self.assertEqual(self.on_store("query", "SELECT 1 AS one").out, "one\n  1\n")

    def test_query_refuses(self):
        for sql in ("DELETE FROM images", "SELEC 1", "ATTACH 'x' AS y", "PRAGMA user_version = 9"):
            done = self.store.tome("query", self.store.path, sql)
            self.assertIn(done.status, (1, 2), sql)
            self.assertEqual(done.out, "")
            self.assertTrue(done.err.startswith("tome: "), done.err)
        endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
        self.refused("0.3 s", "query", self.store.path, endless, "--seconds=0.3", status=1)  # out of time is not Ctrl-C (130)

    def test_stats(self):
        foreground = numpy.concatenate([image[labels > 0] for image, labels in self.cases.values()])
        tumor = numpy.concatenate([image[labels == 2] for image, labels in self.cases.values()])
        for args, voxels in (((), foreground), (("--label", "tumor"), tumor)):
            known = strict(self.on_store("stats", "--json", *args).out)
            self.assertEqual((known["cases"], known["cases_with_label"], known["voxels"]), (2, 2, voxels.size))
            self.assertAlmostEqual(known["mean"], voxels.mean(), places=9)
            self.assertAlmostEqual(known["std"], voxels.std(), places=9)
            low, high = numpy.percentile(voxels, [0.5, 99.5])
            self.assertAlmostEqual(known["window_level"], (low + high) / 2, places=9)
            self.assertAlmostEqual(known["window_width"], high - low, places=9)
        self.assertEqual(known["shape_median"], [16, 40, 48])
        text = self.on_store("stats").out
        self.assertIn("2 cases, 2 with labels", text)
        self.assertIn("suggested window: level", text)
        self.refused("did you mean tumor?", "stats", self.store.path, "--label", "tumr", status=1)
        self.refused('no case has a structure "spleen"', "stats", self.store.path, "--label", "spleen", "--json", status=1)

    def test_problems_of_one_case(self):
        self.assertIn("no problems in volume-2", self.on_store("problems", "volume-2").err)
        self.refused("volume-2", "problems", self.store.path, "volume_2", status=1)
        self.refused("nobody", "problems", self.store.path, "nobody", "--json", status=1)

    def test_get(self):
        image, labels = self.cases[2]
        out = self.folder / "out file.npy"
        done = self.on_store("get", "volume-2", "-o", out)
        self.assertEqual(done.out, "")
        self.assertIn("wrote ", done.err)
        numpy.testing.assert_array_equal(numpy.load(out), image)
        self.refused("--force", "get", self.store.path, "volume-2", "-o", out, status=1)
        self.on_store("get", "volume-2", f"--output={out}", "--force", "--box", "2:5,:,-8:", "-q")
        numpy.testing.assert_array_equal(numpy.load(out), image[2:5, :, -8:])
        nifti = self.folder / "tumor.nii.gz"
        self.on_store("get", "volume-2", "--label", "tumor", "-o", nifti)
        back = nibabel.load(nifti)
        numpy.testing.assert_array_equal(numpy.asarray(back.dataobj).transpose(2, 1, 0), labels == 2)
        numpy.testing.assert_allclose(back.header.get_zooms(), SPACING[::-1], rtol=1e-6)

    def test_get_refuses(self):
        nowhere = self.folder / "no.npy"
        for args in (("volume-3", "-o", nowhere), ("volume-2", "-o", nowhere, "--label=spleen"), ("volume-2", "-o", nowhere, "--box=5:2,:,:"),
                     ("volume-2", "-o", self.folder / "x.bmp"), ("volume-2",), ("volume-2", "crop", "-o", nowhere)):
            done = self.store.tome("get", self.store.path, *args)
            self.assertIn(done.status, (1, 2), args)
            self.assertRegex(done.err, r"\Atome: [^\n]+\n\Z")
            self.assertFalse(nowhere.exists())

    def test_verify_and_reindex(self):
        known = strict(self.on_store("verify", "--json", "-q").out)
        self.assertEqual((known["cases"], known["errors"]), (2, 0))
        self.assertGreater(known["chunks"], 3)
        self.assertEqual(strict(self.on_store("reindex", "--json", "-q").out), {"cases": 2})
        self.assertIn("no errors", self.on_store("verify").err)

    def test_damage_and_rm(self):
        other = Store(OPTIONS.tool, self.folder / "other")
        self.addCleanup(other.close)
        self.assertEqual(other.ingest(self.inputs).status, 0)
        path = other.path / "cases" / "volume-2.h5"
        damaged = bytearray(path.read_bytes())
        middle = len(damaged) // 2
        damaged[middle:middle + 64] = bytes(b ^ 0xFF for b in damaged[middle:middle + 64])
        path.write_bytes(damaged)
        done = other.tome("verify", other.path)
        self.assertEqual(done.status, 1, done.out + done.err)
        self.assertRegex(done.out, r"(?m)^error +.*volume-2")
        self.assertNotIn("volume-10", done.out)
        done = other.tome("rm", other.path, "volume-2", "nobody", "volume-10")
        self.assertEqual(done.status, 1)
        self.assertIn("removed volume-2\n", done.err)
        self.assertIn("removed volume-10\n", done.err)
        self.assertIn("nobody", done.err)
        self.assertEqual(strict(other.tome("ls", other.path, "--json").out), [])
        self.assertIn("is empty", other.tome("ls", other.path).err)

    def test_formats_and_layouts(self):
        formats = strict(self.run_tome("formats", "--json").out)
        self.assertTrue({"dicom", "nifti", "png"} <= {f["name"] for f in formats})
        self.assertTrue(next(f for f in formats if f["name"] == "nifti")["writes"])
        self.assertIn("nifti", self.run_tome("formats").out)
        self.assertIn(".nii.gz", self.run_tome("formats", "nifti").out)
        self.refused("did you mean nifti?", "formats", "nifty")
        layouts = strict(self.run_tome("layouts", "--json").out)
        self.assertTrue({"lits", "ircad"} <= {l["name"] for l in layouts})
        self.refused("did you mean lits?", "ingest", self.store.path, self.inputs, "--layout=ltis")

    def test_init_and_open(self):
        self.refused(str(self.store.path), "init", self.store.path, status=1)
        self.refused("nowhere.tome", "ls", self.folder / "nowhere.tome", status=1)
        for verb in ("init", "ls"):  # `tome init "$UNSET"` makes no store in the root folder
            self.refused("STORE is empty", verb, "")

    def test_usage_of_ingest(self):
        for part, *args in (("needs a ROOT", ), ("one or the other", "x", "--image", "y"), ("--image", "x", "--label=a=b"), ("--image", "x", "--id=a"),
                            ("0 (its default) to 12", "x", "--level=15"), ("did you mean fill?", "x", "--gap=fil"),
                            ("from 0.0001 to 1000", "x", "--spacing=0")):
            self.refused(part, "ingest", self.store.path, *args)

    def test_notes_are_told_once(self):
        other = Store(OPTIONS.tool, self.folder / "notes")
        self.addCleanup(other.close)
        rng = numpy.random.default_rng(3)
        many = self.folder / "many"
        many.mkdir()
        nibabel.save(nibabel.Nifti1Image(rng.integers(0, 99, (5, 6, 7, 4)).astype(numpy.int16), numpy.diag([2.0, 2.0, 2.0, 1.0])), many / "moving.nii")
        (many / "notes.md").write_text("no image")
        done = other.tome("ingest", other.path, many)
        self.assertEqual(done.status, 0, done.err)
        notes = done.err.split("noted:\n")[1].splitlines()
        self.assertEqual([n for n in notes if "moving" in n], ["  moving.1: the file holds 4 volumes; this is number 1 (and 3 more like it)"])
        self.assertEqual([n.count("notes.md") for n in notes if "notes.md" in n], [1])
        other.tome("rm", other.path, "moving.1", "moving.2", "moving.3", "moving.4")
        told = other.tome("ingest", other.path, many, "--verbose").err
        self.assertEqual(told.count("this is number"), 4)

    def test_one_case_outright(self):
        other = Store(OPTIONS.tool, self.folder / "outright")
        self.addCleanup(other.close)
        done = other.ingest("--image", self.inputs / "volume-2.nii.gz", "--label", f"organ={self.inputs / 'segmentation-2.nii.gz'}",
                            "--id", "my case 7", "--codec", "zstd", "--level", 3)
        self.assertEqual(done.status, 0, done.err)
        known = strict(other.tome("show", other.path, "my case 7", "--json").out)
        self.assertEqual({v["codec"] for v in known["volumes"]}, {"zstd"})
        self.assertEqual({l["map"] for l in known["labels"]}, {"organ"})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("tool", "library", "source", "build"):
        parser.add_argument(f"--{name}")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
