#!/usr/bin/python3
"""Items put by output_tool (tome_output itself), read by h5py and NumPy: stacked archives, groups of numbered items, templates, names that clash.

    output_readers.py TOOL
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy

from tomelib import Checks

INDEX = numpy.arange(60).reshape(3, 4, 5)


def tool(*words):
    done = subprocess.run([sys.argv[1], *map(str, words)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def states(out):
    return {int(line.split()[0]): line.split()[1] for line in out.splitlines() if line[0].isdigit()}


def stacked(c, folder):
    for order in ((), ("backwards",)):
        path = folder / f"stack{len(order)}.h5"
        status, out, err = tool(path, 7, "stacked", *order)
        c.equal(status, 0, f"stacked: {out}{err}")
        with h5py.File(path) as f:
            c.equal((f["image"].shape, f["image"].chunks, f["image"].dtype), ((7, 3, 4, 5), (1, 3, 4, 5), numpy.dtype("int16")), "a chunk an item")
            c.that(f["image"].compression == "gzip" and f["image"].shuffle and f["image"].fletcher32, "shuffle, deflate, checksum")
            rows = f["items"][:]
            for i in range(7):
                c.voxels(f["image"][i], i * 1000 + INDEX, f"row {i}")
                c.voxels(f["labels/seg"][i], INDEX % 3, f"row {i}: labels")
                row = rows[i]
                c.equal((row["id"], row["n"], row["seed"], row["name"]), (f"c{i // 3}".encode(), i % 3, 7.0 + i, b"item" + b"+" * i), f"row {i}: facts")
                c.near(row["position"], [i, 0.5, -1], 0, f"row {i}: position")
                c.near(row["spacing"], [2.5, 1, 1], 0, f"row {i}: spacing")
                c.near(row["origin"], [0, 10 * i, 0], 0, f"row {i}: origin")
                c.near(row["direction"], [[0, 0, 1], [0, 1, 0], [1, 0, 0]], 0, f"row {i}: direction")
                c.equal(row["voxel_hash"], b"ffeeddccbbaa99887766554433221100", f"row {i}: voxel hash")
            c.equal((f.attrs["recipe"], f.attrs["recipe_hash"]), (b"flip:z", b"00112233445566778899aabbccddeeff"), "the recipe is the root's")
            c.equal(f.attrs["layout"], b"stacked", "layout")
    before = (folder / "stack0.h5").read_bytes()
    status, out, _ = tool(folder / "stack0.h5", 7, "stacked")
    c.equal((status, states(out)), (0, dict.fromkeys(range(7), "has")), "the same stack again: nothing to do")
    status, out, _ = tool(folder / "stack0.h5", 9, "stacked")
    c.that(status == 1 and "--force" in out, f"a stack of other items is refused: {out}")
    c.that((folder / "stack0.h5").read_bytes() == before, "and left as it is")
    status, out, _ = tool(folder / "stack0.h5", 2, "stacked", "force")
    with h5py.File(folder / "stack0.h5") as f:
        c.equal((status, f["image"].shape), (0, (2, 3, 4, 5)), "and overwritten by force")
    status, out, _ = tool(folder / "odd.h5", 4, "stacked", "shape")
    c.that(status == 1 and "crop-or-pad" in out and "3x4x4" in out, f"one shape only: {out}")
    status, out, _ = tool(folder / "abandoned.h5", 4, "stacked", "abandon")
    c.that(status == 0 and not (folder / "abandoned.h5").exists(), "no commit, no archive")
    status, out, _ = tool(folder / "s/{id}/{n}.npy", 4, "stacked")
    c.that(status == 0 and (folder / "s/c1/0.npy").exists(), f"stacked means nothing to files: {out}")
    status, out, _ = tool(folder / "groups0.h5", 2)
    status, out, _ = tool(folder / "groups0.h5", 2, "stacked")
    c.that(status == 1 and "no stack of items" in out, f"groups do not become a stack: {out}")


def groups(c, folder):
    path = folder / "groups.h5"
    c.equal(states(tool(path, 4)[1]), dict.fromkeys(range(4), "put"), "numbered items")
    status, out, err = tool(path, 7)
    c.equal((status, states(out)), (0, {**dict.fromkeys(range(4), "has"), **dict.fromkeys(range(4, 7), "put")}), f"more join: {out}{err}")
    with h5py.File(path) as f:
        for i in range(7):
            g = f[f"c{i // 3}/{i % 3}"]
            c.voxels(g["image"][:], i * 1000 + INDEX, f"group {i}")
            c.voxels(g["labels/seg"][:], INDEX % 3, f"group {i}: labels")
            c.equal((g.attrs["n"], g.attrs["seed"], g.attrs["id"]), (i % 3, 7.0 + i, f"c{i // 3}".encode()), f"group {i}: facts")
            c.near(g.attrs["position"], [i, 0.5, -1], 0, f"group {i}: position")
            c.near(g["image"].attrs["origin"], [0, 10 * i, 0], 0, f"group {i}: origin")
    status, out, _ = tool(folder / "stack1.h5", 7)
    c.that(status == 1 and "no archive of cases" in out, f"a stack does not become groups: {out}")


def templates(c, folder):
    for pattern, name in (("t/{id}/{n:04}.npy", "c1/0002.npy"), ("u/{label}/{id}-{n}.npy", "image/c1-2.npy"), ("v/{id}_{n:3}.npz", "c1_  2.npz")):
        status, out, _ = tool(folder / pattern, 6)
        c.equal(status, 0, f"{pattern}: {out}")
        got = numpy.load(folder / pattern[0] / name)
        c.voxels(got["image"] if name.endswith("z") else got, 5000 + INDEX, name)
        c.equal(states(tool(folder / pattern, 6)[1]), dict.fromkeys(range(6), "has"), f"{pattern}: known again")
    told = json.loads((folder / "t/c1/0002.npy.json").read_text())
    c.equal((told["n"], told["facts"]["seed"], told["facts"]["name"], told["facts"]["position"]), (2, 12, "item+++++", [5, 0.5, -1]), "the JSON beside")
    c.voxels(numpy.load(folder / "t/c1/0002_seg.npy"), INDEX % 3, "labels beside")
    for pattern in ("w/{id}.npy", "w/{n}.npy"):
        status, out, _ = tool(folder / pattern, 6)
        c.that(status == 1 and out.count("another item goes to that name") >= 2, f"{pattern}: two items, one name: {out}")
    status, out, _ = tool(folder / "w/plain.npy", 6)
    c.that(status == 1 and "{id} or {n}" in out, f"refused before anything is put: {out}")


def main():
    c = Checks()
    with tempfile.TemporaryDirectory(prefix="tome-output-") as folder:
        for part in (stacked, groups, templates):
            part(c, Path(folder))
        left = [p for p in Path(folder).rglob(".*")]
        c.equal(left, [], "no drafts are left")
    sys.exit(c.done())


main()
