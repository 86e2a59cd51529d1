"""The index as an independent reader sees it: everything that the tool put in is read back with Python's sqlite3 and compared; summed
statistics are computed again by NumPy. Also files that are no index, newer or older, and several processes at once."""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import numpy as np

TOOL = None
PERCENTILES = {"hu_p005": 0.5, "hu_p05": 5, "hu_p25": 25, "hu_p50": 50, "hu_p75": 75, "hu_p95": 95, "hu_p995": 99.5}
KIND_COLUMNS = "ml voxels hu_min hu_max hu_mean hu_std z_first z_last level width components".split()
TABLES = "images intensity label_maps labels windows structures kinds histograms sources repairs problems".split()


def tool(*args, ok=True):
    done = subprocess.run([TOOL, *args], capture_output=True, text=True)
    assert (done.returncode == 0) == ok, f"{args}: exit {done.returncode}: {done.stderr}"
    return done.stdout if ok else done.stderr


def without_end(record):
    """The tool's lists end in 0 to spare it the comma."""
    return {k: v[:-1] if k in ("maps", "labels", "sources", "repairs", "problems") else v for k, v in record.items()}


def values_of(labels):
    """The voxels behind some labels, out of their histograms."""
    parts = [np.repeat(np.arange(l["lo"], l["lo"] + len(l["counts"])), l["counts"]) for l in labels]
    return np.concatenate(parts) if parts else np.empty(0)


def content(path):
    with open(path, "rb") as f:
        return f.read()


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)
        self.path = os.path.join(self.dir, "index.sqlite")

    def connect(self):
        db = sqlite3.connect(self.path)
        db.row_factory = sqlite3.Row
        self.addCleanup(db.close)
        return db

    def columns(self):
        return [r["name"] for r in self.connect().execute("SELECT name FROM pragma_table_info('cases')")]


class RoundTrip(Case):
    def setUp(self):
        super().setUp()
        self.records = [without_end(json.loads(line)) for line in tool("put", self.path).splitlines()]
        self.db = self.connect()

    def rows(self, sql, *params):
        return [dict(r) for r in self.db.execute(sql, params)]

    def same(self, row, want, names):
        for name in names:
            self.assertEqual(row[name], want[name], name)

    def test_one_row_a_case_with_every_field(self):
        self.assertEqual(len(self.records), 3)
        self.assertEqual(self.rows("SELECT count(*) AS n FROM images")[0]["n"], 3)
        for r in self.records:
            row = self.rows("SELECT * FROM images WHERE id = ?", r["id"])[0]
            self.same(row, r, row.keys())
            row = self.rows("SELECT * FROM intensity WHERE case_id = ?", r["id"])[0]
            self.assertEqual(row.pop("count"), r["image"]["hu_count"])
            row.pop("case_id")
            self.same(row, r["image"], row.keys())

    def test_labels(self):
        for r in self.records:
            rows = self.rows("SELECT * FROM labels WHERE case_id = ? ORDER BY rowid", r["id"])
            self.assertEqual(len(rows), len(r["labels"]))
            for row, want in zip(rows, r["labels"]):
                empty = {"box_" + a + b: None for a in "zyx" for b in "01"} if not want["voxels"] else {}
                kind = "tumor" if "tumor" in want["name"] else want["name"].replace(' "', "_").replace(" ", "_").strip('"')
                z_last = want["box_z1"] - 1 if want["voxels"] else None
                want = {**want, **empty, "case_id": r["id"], "kind": kind, "z_last": z_last}
                want["z_first"] = want["box_z0"]
                self.same(row, want, row.keys())

    def test_windows(self):
        for r in self.records:
            for label in r["labels"]:
                rows = self.rows("SELECT method, level, width FROM windows WHERE case_id = ? AND map = ? AND value = ?"
                                 " ORDER BY method", r["id"], label["map"], label["value"])
                want = [dict(method=m, level=label[m + "_level"], width=label[m + "_width"]) for m in ("minmax", "percentile")]
                self.assertEqual(rows, want if label["voxels"] else [])
            row = self.rows("SELECT * FROM windows WHERE case_id = ? AND map = 'image' AND method = 'minmax'", r["id"])[0]
            self.assertEqual(row["level"], (r["image"]["hu_min"] + r["image"]["hu_max"]) / 2)
            self.assertEqual(row["width"], r["image"]["hu_max"] - r["image"]["hu_min"])

    def test_histograms_decode_as_documented(self):
        seen = set()
        for r in self.records:
            subjects = [("image", 0, r["image"])] + [(l["map"], l["value"], l) for l in r["labels"]]
            for name, value, want in subjects:
                row = self.rows("SELECT * FROM histograms WHERE case_id = ? AND map = ? AND value = ?", r["id"], name, value)[0]
                size = len(row["counts"]) // row["bins"]
                seen.add(size)
                counts = np.frombuffer(row["counts"], f"<u{size}")
                self.assertEqual(counts.tolist(), want["counts"])
                self.assertEqual((row["lo"], row["width"]), (want["lo"], want["width"]))
        self.assertGreaterEqual(seen, {1, 2})

    def test_lists(self):
        for r in self.records:
            for table, columns, key in (("label_maps", "name, dtype, voxel_hash", "maps"),
                                        ("sources", "number, role, path, bytes, hash, sop_uid", "sources"),
                                        ("repairs", "number, kind, text", "repairs"),
                                        ("problems", "severity, code, text, remedy", "problems")):
                rows = self.db.execute(f"SELECT {columns} FROM {table} WHERE case_id = ? ORDER BY rowid" if table == "problems"
                                       else f"SELECT {columns} FROM {table} WHERE case_id = ?", (r["id"],))
                self.assertEqual([list(row) for row in rows], r[key])

    def test_structures_are_what_numpy_says(self):
        for r in self.records:
            kinds = {}
            for row in self.rows("SELECT map, value, kind FROM labels WHERE case_id = ?", r["id"]):
                kinds.setdefault(row["kind"], []).append(
                    next(l for l in r["labels"] if (l["map"], l["value"]) == (row["map"], row["value"])))
            rows = self.rows("SELECT * FROM structures WHERE case_id = ?", r["id"])
            self.assertEqual({row["kind"] for row in rows}, set(kinds))
            for row in rows:
                self.check_structure(row, kinds[row["kind"]])

    def check_structure(self, row, labels):
        v = values_of(labels)
        self.assertEqual(row["labels"], len(labels))
        self.assertEqual(row["voxels"], sum(l["voxels"] for l in labels))
        self.assertAlmostEqual(row["ml"], sum(l["ml"] for l in labels), places=12)
        self.assertEqual(row["components"], sum(l["components"] for l in labels))
        self.assertEqual(row["largest_component"], max(l["largest_component"] for l in labels))
        self.assertEqual(row["hu_count"], len(v))
        if not len(v):
            self.assertEqual([row[c] for c in ("hu_min", "hu_mean", "hu_p50", "level", "z_first")], [None] * 5)
            return
        self.assertEqual(row["z_first"], min(l["box_z0"] for l in labels))
        self.assertEqual(row["z_last"], max(l["box_z1"] for l in labels) - 1)
        want = dict(hu_min=v.min(), hu_max=v.max(), hu_mean=v.mean(), hu_std=v.std(),
                    minmax_level=(v.min() + v.max()) / 2, minmax_width=v.max() - v.min())
        want.update({name: np.percentile(v, rank) for name, rank in PERCENTILES.items()})
        want.update(level=(want["hu_p005"] + want["hu_p995"]) / 2, width=want["hu_p995"] - want["hu_p005"])
        for name, value in want.items():
            self.assertAlmostEqual(row[name], value, places=9, msg=name)

    def test_view(self):
        for r in self.records:
            row = self.rows("SELECT * FROM cases WHERE id = ?", r["id"])[0]
            for name in row:
                if name in r and name not in ("labels", "problems", "repairs"):
                    self.assertEqual(row[name], r[name], name)
            for name in [n for n in row if n.startswith("hu_")]:
                self.assertEqual(row[name], r["image"][name], name)
            self.assertEqual(row["labels"], ",".join(l["name"] for l in sorted(r["labels"], key=lambda l: (l["map"], l["value"])))
                             or None)
            self.assertEqual((row["problems"], row["repairs"], row["source_files"]), (1, 1, 3)) # info is no problem to count
            self.assertEqual(row["source"], r["sources"][1][2])
            for a in "zyx":
                self.assertAlmostEqual(row[f"size_{a}_mm"], r[f"shape_{a}"] * r[f"spacing_{a}"], places=9)
            for kind in [k["kind"] for k in self.rows("SELECT kind FROM kinds")] + ["tumor", "liver"]:
                whole = self.rows("SELECT * FROM structures WHERE case_id = ? AND kind = ?", r["id"], kind)
                for c in KIND_COLUMNS:
                    self.assertEqual(row[f"{kind}_{c}"], whole[0][c] if whole else None)

    def test_view_is_searched_by_index(self):
        def plan(sql):
            return " | ".join(r["detail"] for r in self.rows("EXPLAIN QUERY PLAN " + sql))

        self.assertIn("structures_ml (kind=? AND ml>?)",
                      plan("SELECT id, tumor_hu_min, tumor_hu_max FROM cases WHERE tumor_ml > 5 ORDER BY tumor_ml DESC"))
        self.assertNotIn("TEMP B-TREE", plan("SELECT id, tumor_hu_min FROM cases WHERE tumor_ml > 5 ORDER BY tumor_ml DESC"))
        self.assertIn("intensity_hu_max (hu_max>?)", plan("SELECT id FROM cases WHERE hu_max > 3000"))
        unused = plan("SELECT id, modality FROM cases WHERE id = 'volume-3'")
        for other in ("structures", "intensity", "SUBQUERY", "SCAN"):
            self.assertNotIn(other, unused)

    def test_replaced_case_left_nothing_behind(self):
        """volume-3 was first put with the bone, vena cava and two livertumors of an IRCAD case."""
        self.assertEqual([r["name"] for r in self.rows("SELECT name FROM labels WHERE case_id = 'volume-3' ORDER BY value")],
                         ["liver", "tumor"])
        for table, rows in dict(histograms=3, sources=3, problems=2, repairs=1, structures=2, windows=6).items():
            n = self.rows(f"SELECT count(*) AS n FROM {table} WHERE case_id = 'volume-3'")[0]["n"]
            self.assertEqual(n, rows, table)

    def test_remove(self):
        self.assertIn("vena_cava_ml", self.columns())
        tool("remove", self.path, "3Dircadb1.17")
        for table in [t for t in TABLES if t not in ("images", "kinds")]:
            self.assertEqual(self.rows(f"SELECT * FROM {table} WHERE case_id = '3Dircadb1.17'"), [], table)
        self.assertEqual([r["id"] for r in self.rows("SELECT id FROM cases ORDER BY id")], ["plain", "volume-3"])
        self.assertNotIn("vena_cava_ml", self.columns())
        self.assertIn("did you mean volume-3", tool("remove", self.path, "volume_3", ok=False))
        for name in ("volume-3", "plain"):
            tool("remove", self.path, name)
        for table in TABLES:
            self.assertEqual(self.rows(f"SELECT * FROM {table}"), [], table)
        self.assertIn("tumor_ml", self.columns())
        self.assertIn("liver_components", self.columns())

    def test_clear(self):
        tool("clear", self.path)
        for table in TABLES:
            self.assertEqual(self.rows(f"SELECT * FROM {table}"), [], table)

    def test_foreground(self):
        for label, chosen in ((None, lambda l: True), ("liver", lambda l: l["name"] == "liver"),
                              ("tumour", lambda l: "tumor" in l["name"]), ("livertumor2", lambda l: l["name"] == "livertumor2"),
                              ("nothing", lambda l: False)):
            got = json.loads(tool("foreground", self.path, *([label] if label else [])))
            labels = [[l for l in r["labels"] if chosen(l)] for r in self.records]
            v = values_of([l for ls in labels for l in ls])
            self.assertEqual(got["cases"], sum(bool(ls) for ls in labels), label)
            at = np.repeat(np.arange(got["lo"], got["lo"] + len(got["counts"])), got["counts"])
            self.assertEqual(at.tolist(), np.sort(v).tolist())

    def test_damaged_histograms_are_an_error(self):
        """A file may come from anybody: blobs that do not fit their row are never read past their end."""
        for damage in ("bins = bins + 1", "bins = -4", "bins = 0", "counts = x'0102'", "counts = x''", "counts = 7", "width = -1",
                       "width = 0", "lo = 1e300", "lo = 'x'", "bins = 4611686018427387904", "width = 1e18", "lo = -1e12"):
            self.db.execute(f"UPDATE histograms SET {damage} WHERE map = 'segmentation' AND value = 1")
            self.assertEqual(self.db.execute("SELECT changes()").fetchone()[0], 1)
            self.db.commit()
            done = subprocess.run([TOOL, "foreground", self.path], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, damage)
            self.assertRegex(done.stderr, "tome reindex|too far", damage)
            tool("put", self.path)

    def test_file_is_sound(self):
        self.assertEqual(self.rows("PRAGMA integrity_check")[0]["integrity_check"], "ok")
        self.assertEqual(self.rows("PRAGMA foreign_key_check"), [])
        self.assertEqual(self.rows("PRAGMA journal_mode")[0]["journal_mode"], "wal")

    def test_query_text_parameter_compares_as_number(self):
        sql = "SELECT id FROM cases WHERE {} > ? ORDER BY id"
        for column in ("tumor_ml", "hu_max", "problems", "shape_z", "size_z_mm", "vena_cava_components"):
            got = tool("query", self.path, sql.format(column), "0.25").splitlines()[1:]
            want = [r["id"] for r in self.rows(sql.format(column), 0.25)]
            self.assertEqual(got, want, column)

    def test_query_prints_what_sqlite_has(self):
        sql = "SELECT id, shape_z, spacing_z, bone_hard_ml FROM cases ORDER BY id"
        lines = [line.split("\t") for line in tool("query", self.path, sql).splitlines()]
        self.assertEqual(lines[0], ["id", "shape_z", "spacing_z", "bone_hard_ml"])
        want = [list(r.values()) for r in self.rows(sql)]
        got = [[i, int(z), float(s), None if b == "NULL" else float(b)] for i, z, s, b in lines[1:]]
        self.assertEqual(got, want)


class ManyKinds(Case):
    def test_columns_follow_the_kinds(self):
        """Kinds past the joined ones, and past those with columns: the view stays valid and right."""
        tool("open", self.path)
        db = self.connect()
        self.assertEqual([c for c in self.columns() if c.endswith("_ml")], ["tumor_ml", "liver_ml"])
        many = [f"organ {chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(150)]
        tool("many", self.path, "x", "200")
        self.assertIn("x_organ_e_hu_max", self.columns())
        for kind in many:  # stands for cases of 150 kinds: rows by hand, then one case of a fresh kind makes the view
            kind = kind.replace(" ", "_")
            db.execute("INSERT INTO kinds VALUES (?)", (kind,))
            db.execute("INSERT INTO structures (case_id, kind, labels, voxels, ml, hu_count, components, largest_component)"
                       " VALUES ('x-7', ?, 1, 10, 0.5, 0, 1, 10)", (kind,))
        db.commit()
        tool("many", self.path, "y", "1")
        columns = self.columns()
        self.assertEqual(sum(c.endswith("_ml") for c in columns), 128)
        self.assertLess(len(columns), 2000)
        self.assertEqual(db.execute("SELECT organ_ab_ml, organ_aa_components FROM cases WHERE id = 'x-7'").fetchone()[:], (0.5, 1))
        self.assertEqual(len(tool("query", self.path, "SELECT * FROM cases WHERE id = 'x-7'").splitlines()), 2)
        self.assertEqual(tool("query", self.path, "SELECT count(*) FROM cases AS a JOIN cases AS b USING (voxel_hash)"
                              " WHERE a.id < b.id").splitlines()[1], "1")


class Editions(Case):
    def test_version_0_is_migrated(self):
        open(self.path, "w").close()
        self.assertIn("tome reindex", tool("query", self.path, "SELECT 1", ok=False))
        tool("open", self.path)
        db = self.connect()
        self.assertGreaterEqual(db.execute("PRAGMA user_version").fetchone()[0], 1)
        self.assertEqual(db.execute("SELECT * FROM cases").fetchall(), [])

    def test_newer_is_refused_and_left_alone(self):
        tool("put", self.path)
        db = self.connect()
        db.execute("PRAGMA user_version = 999")
        db.commit()
        for args in (("open", self.path), ("query", self.path, "SELECT 1")):
            said = tool(*args, ok=False)
            self.assertIn("999", said)
            self.assertIn("newer tome", said)
        self.assertEqual(db.execute("SELECT count(*) FROM cases").fetchone()[0], 3)

    def test_other_databases_are_left_alone(self):
        db = self.connect()
        db.execute("CREATE TABLE mine (x)")
        db.commit()
        db.close()
        before = content(self.path)
        self.assertIn("not an index made by tome", tool("open", self.path, ok=False))
        self.assertEqual(content(self.path), before)

    def test_no_database_at_all(self):
        with open(self.path, "wb") as f:
            f.write(b"no database " * 1000)
        for args in (("open", self.path), ("query", self.path, "SELECT 1")):
            self.assertIn("tome reindex", tool(*args, ok=False))

    def test_truncated_file_never_crashes(self):
        tool("put", self.path)
        whole = content(self.path)
        for part in range(1, 16):
            with open(self.path, "wb") as f:
                f.write(whole[: len(whole) * part // 16])
            for args in (("put",), ("foreground",)):
                done = subprocess.run([TOOL, args[0], self.path], capture_output=True)
                self.assertIn(done.returncode, (0, 1))
            done = subprocess.run([TOOL, "query", self.path, "SELECT * FROM cases, labels, histograms"], capture_output=True)
            self.assertIn(done.returncode, (0, 1))

    def test_odd_names(self):
        for name in ("file:x?mode=ro", "with space and ü", "%41#?"):
            done = subprocess.run([TOOL, "put", name], capture_output=True, cwd=self.dir)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(os.path.exists(os.path.join(self.dir, name)))
            done = subprocess.run([TOOL, "query", name, "SELECT count(*) FROM cases"], capture_output=True, cwd=self.dir, text=True)
            self.assertEqual(done.stdout.split("\n")[1], "3")


class Processes(Case):
    def test_four_make_it_and_two_write_200_each(self):
        for again in range(3):
            for name in os.listdir(self.dir):
                os.remove(os.path.join(self.dir, name))
            opening = [subprocess.Popen([TOOL, "open", self.path], stderr=subprocess.PIPE) for _ in range(4)]
            for p in opening:
                self.assertEqual((p.wait(), p.stderr.read()), (0, b""))
                p.stderr.close()
        writing = [subprocess.Popen([TOOL, "many", self.path, name, "200"], stderr=subprocess.PIPE) for name in ("a", "b")]
        reads = 0
        while any(p.poll() is None for p in writing):
            counts = tool("query", self.path, "SELECT count(*), (SELECT count(*) FROM labels) FROM cases").splitlines()[1]
            cases, labels = map(int, counts.split("\t"))
            self.assertEqual(labels, 3 * cases)
            reads += 1
        for p in writing:
            self.assertEqual((p.returncode, p.stderr.read()), (0, b""))
            p.stderr.close()
        self.assertGreater(reads, 0)
        db = self.connect()
        self.assertEqual(db.execute("SELECT count(*), count(DISTINCT id) FROM cases").fetchone()[:], (400, 400))
        self.assertEqual(db.execute("SELECT count(*) FROM sources").fetchone()[0], 1200)
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        for letter in "abcde":
            self.assertIn(f"a_organ_{letter}_ml", self.columns())
            self.assertIn(f"b_organ_{letter}_ml", self.columns())

    def test_killed_writer_leaves_whole_cases(self):
        for after in (0.02, 0.05, 0.1, 0.2):
            p = subprocess.Popen([TOOL, "many", self.path, f"k{after}", "100000"])
            try:
                p.wait(after)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
            tool("open", self.path)
            db = self.connect()
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
            cases = db.execute("SELECT count(*) FROM cases").fetchone()[0]
            for table, each in dict(labels=3, sources=3, histograms=4, structures=3, problems=2).items():
                self.assertEqual(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0], each * cases, table)

    def test_read_only_folder(self):
        """As somebody who may only read: a query works, also where SQLite cannot make its -shm."""
        tool("put", self.path)
        self.assertEqual(sorted(os.listdir(self.dir)), ["index.sqlite"])

        def become_nobody():
            os.setgid(65534)
            os.setuid(65534)

        as_nobody = dict(preexec_fn=become_nobody) if os.getuid() == 0 else {}
        copy = os.path.join(self.dir, "tool")
        shutil.copy(TOOL, copy)
        os.chmod(copy, 0o755)
        os.chmod(self.path, 0o444)
        os.chmod(self.dir, 0o555)
        self.addCleanup(os.chmod, self.dir, 0o755)

        def run(*args):
            return subprocess.run([copy, *args], capture_output=True, text=True, **as_nobody)

        done = run("query", self.path, "SELECT count(*) FROM cases")
        self.assertEqual((done.returncode, done.stdout), (0, "count(*)\n3\n"), done.stderr)
        done = run("foreground", self.path, "liver")
        self.assertEqual((done.returncode, json.loads(done.stdout)["cases"]), (0, 2), done.stderr)
        done = run("remove", self.path, "plain")
        self.assertIn("readonly", done.stderr)
        os.chmod(self.dir, 0o755)
        with open(self.path + "-wal", "wb") as f:
            f.write(b"x" * 100)
        os.chmod(self.path + "-wal", 0)
        os.chmod(self.dir, 0o555)
        self.assertIn("-wal", run("query", self.path, "SELECT 1").stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    args, rest = parser.parse_known_args()
    TOOL = os.path.abspath(args.tool)
    unittest.main(argv=[sys.argv[0], *rest])
