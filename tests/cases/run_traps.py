#!/usr/bin/python3
"""Every trap of the field that Tome must see: one folder each in traps/, with make.py (writes the input) and expect.json.

expect.json: options (for tome ingest), and either `refused` (a list of parts its sentence must have) or `cases`: id → what must hold of
the stored case: shape, spacing, origin, dtype, image ("make": equal to what make.py returned), repairs, notes, problems.

    run_traps.py TOME [NAME…]
"""
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from tomelib import Checks, Store, ras_affine  # noqa: E402


def make(folder, where):
    spec = importlib.util.spec_from_file_location("make", folder / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make(where)


def check_case(c, name, store, id_, want, made):
    with store.case(id_) as f:
        image = f["image"]
        for key in ("spacing", "origin", "direction"):
            if key in want:
                c.near(image.attrs[key], want[key], 1e-4, f"{name}: {id_} {key}")
        if "shape" in want:
            c.equal(list(image.shape), want["shape"], f"{name}: {id_} shape")
        if "dtype" in want:
            c.equal(str(image.dtype), want["dtype"], f"{name}: {id_} dtype")
        if want.get("image") == "make":
            c.voxels(image[...], made["image"], f"{name}: {id_}")
        c.near(image.attrs["affine"], ras_affine(image), 1e-6, f"{name}: {id_} affine against spacing, origin, direction")
        for label, key in want.get("labels", {}).items():
            c.voxels(f["labels"][label][...], made[key], f"{name}: {id_} label {label}")
    for column, table in (("repairs", "repairs"), ("problems", "problems")):
        if column not in want:
            continue
        rows = store.query(f"SELECT * FROM {table}")
        text = json.dumps(rows)
        for part in want[column]:
            c.that(part in text, f"{name}: {id_}: {column} lack {part!r}: {text}")


def check_trap(c, program, folder):
    name = folder.name
    with tempfile.TemporaryDirectory(prefix="tome-trap-") as where:
        made = make(folder, Path(where)) or {}
        expect = json.loads((folder / "expect.json").read_text())
        store = Store(program)
        options = [o.replace("$IN", str(where)) for o in expect.get("options", [])]
        done = store.ingest(*([] if "--image" in options else [where]), *options)
        refused = " | ".join(e["text"] for e in done.events("refused"))
        notes = " | ".join(e["text"] for e in done.events("note"))
        if "refused" in expect:
            c.that(done.status == 1, f"{name}: exit status {done.status}, wanted 1 ({done.err})")
            for part in expect["refused"]:
                c.that(part in refused, f"{name}: the refusal lacks {part!r}: {refused or 'nothing was refused'}")
        else:
            c.that(done.status == 0, f"{name}: exit status {done.status}, wanted 0 ({refused}{done.err})")
        for part in expect.get("notes", []):
            c.that(part in notes, f"{name}: notes lack {part!r}: {notes}")
        wanted = expect.get("cases", {})
        c.equal(store.ids(), sorted(wanted), f"{name}: cases")
        for id_, want in wanted.items():
            if id_ in store.ids():
                check_case(c, name, store, id_, want, made)
        verified = store.tome("verify", store.path)
        c.equal(verified.status, 0, f"{name}: verify ({verified.out}{verified.err})")
        store.close()


def main():
    program, names = sys.argv[1], sys.argv[2:]
    numpy.seterr(all="ignore")
    c = Checks()
    for folder in sorted((Path(__file__).resolve().parent / "traps").iterdir()):
        if (folder / "expect.json").exists() and (not names or folder.name in names):
            check_trap(c, program, folder)
    sys.exit(c.done())


main()
