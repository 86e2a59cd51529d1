#!/usr/bin/python3
"""Properties of any recipe, on random ones: a box of the result is that box cut from the whole to the last bit, whatever the tiles, threads,
memory and cache, splines too; and a point of the patient keeps its anatomy."""
import argparse
import random
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "unit/ops"))
from recipe import CT, Checks, Refused, Tool, affine  # noqa: E402

NAMES = [("segmentation", 1, "liver"), ("segmentation", 2, "tumor")]


def geometry_step(r, resample):
    """A step that moves voxels, as random as its parameters allow."""
    axes = random.Random(r.random())
    code = [axes.choice("LR"), axes.choice("PA"), axes.choice("SI")]
    axes.shuffle(code)
    order = list("zyx")
    axes.shuffle(order)
    choices = [
        "orient:" + "".join(code),
        "flip:" + ",".join(r.sample("zyx", r.randint(1, 3))),
        "transpose:" + ",".join(order),
        "crop:any,margin=%d" % r.randint(0, 3),
        "crop:any,to=box,margin=%dmm" % r.randint(0, 9),
        "pad:by=%d,before=%d,%d,0" % (r.randint(0, 3), r.randint(0, 4), r.randint(0, 4)),
        "unshear:order=%d" % (resample_order(r, resample) if resample else 0),
        "crop-or-pad:%d,%d,keep" % (r.randint(1, 40), r.randint(1, 40)),
    ]
    if resample:
        profile = r.choice(["itk", "nnunet", "scipy", "monai", "torchio"])
        spacing = ",".join(r.choice(["keep", "%.2f" % r.uniform(0.4, 4)]) for _ in range(3))
        choices += [f"resample:spacing={spacing},profile={profile},order={resample_order(r, resample)}"] * 3
        choices += ["resample:spacing=%.2f,%.2f,%.2f,axes=world,order=%d" % (*(r.uniform(0.6, 4) for _ in range(3)), resample_order(r, resample))]
        choices += ["resize:%d,keep,%d,order=%d,profile=%s" % (r.randint(2, 40), r.randint(2, 40), resample_order(r, resample), profile)]
    return r.choice(choices)


def resample_order(r, resample):
    return r.choice([0, 1]) if resample == "exact" else r.choice([2, 3, 3, 3, 4, 5])


def recipe(r, resample):
    steps = [geometry_step(r, resample) for _ in range(r.randint(1, 4))]
    for _ in range(r.randint(0, 3)):
        step = r.choice(["window:level=40,width=400", "clip:-900,1000", "normalise:zscore", "normalise:percentile",
                         "clip:-500.5,700.25", "window:tumor,scale=none", "remap:2=1", "keep:liver", "largest",
                         "pad:by=%d,after=0,%d,0,mode=%s" % (r.randint(0, 9), r.randint(0, 40), r.choice(["edge", "reflect", "symmetric", "wrap"])),
                         "crop-or-pad:%d,keep,%d,mode=%s" % (r.randint(1, 50), r.randint(1, 50), r.choice(["edge", "reflect", "symmetric", "wrap"]))])
        steps.insert(r.randint(0, len(steps)), step)
    return " ".join(steps)


def random_box(r, shape):
    box = []
    for n in shape:
        lo = r.randrange(n)
        box.append((lo, r.randint(lo + 1, n)))
    return box


def part(a, box):
    return a[tuple(slice(lo, hi) for lo, hi in box)]


def invariance(path, check, seed, rounds, resample):
    r = random.Random(seed)
    for k in range(rounds):
        shape = [r.choice([1, 2, 7, 13, 24, 31]) for _ in range(3)]
        n = np.random.default_rng(seed * 1000 + k)
        image = n.integers(-1000, 1200, shape).astype(r.choice(["int16", "float32"]))
        label = np.zeros(shape, "uint8")
        part(label, random_box(r, shape))[...] = 1
        part(label, random_box(r, shape))[...] = 2
        label[tuple(r.randrange(m) for m in shape)] = 1
        label[tuple(r.randrange(m) for m in shape)] = 2
        z = np.array([r.uniform(-0.4, 0.4), r.uniform(-0.4, 0.4), 1])
        tilted = dict(CT, direction=(tuple(z / np.linalg.norm(z)), *CT["direction"][1:]))
        t = Tool(path, image, {"segmentation": label}, names=NAMES, geometry=r.choice([CT, tilted]))
        for _ in range(4):
            text = recipe(r, resample)
            try:
                compare(t, check, r, text, resample)
            except Refused as e:  # a crop of a structure that is no longer there, say; but only at planning
                check.true(f"{text}: refused with {e}", str(e).startswith("step "))
        t.close()


def compare(t, check, r, text, resample):
    for command in ("threads 1", "memory 0", "cache 0", "chunk 0 0 0"):
        t.say(command)
    t.steps(text)
    whole = [t.pull(0), t.pull(1)]
    check.equal(f"{text}: one grid", affine(whole[0][1]), affine(whole[1][1]))
    check.true(f"{text}: one shape", whole[0][0].shape == whole[1][0].shape)
    for _ in range(3):
        t.say(f"threads {r.choice([1, 2, 3, 5])}")
        t.say(f"memory {r.choice([1, 2000, 40000, 0] if resample != 'splines' else [30000, 0])}")
        t.say("chunk %d %d %d" % tuple(r.choice([1, 3, 8, 64]) for _ in range(3)))
        t.say(f"cache {r.choice([0, 1000, 100000])}")
        t.steps(text)
        box = random_box(r, whole[0][0].shape) if r.random() < 0.8 else "all"
        for i, (all_, _) in enumerate(whole):
            got, _ = t.pull(i, box)
            want = all_ if box == "all" else part(all_, box)
            check.equal(f"{text} {box} of output {i}", got, want)


def anatomy_recipe(r, tilted):
    """Turns, perhaps a resampling, then anything that moves voxels whole: so that only the volume's own border is a border."""
    turns = ["orient:LPS", "orient:AIR", "flip:z", "flip:y,x", "transpose:x,z,y", "transpose:y,x,z", "orient:canonical"]
    straight = r.choice(["unshear", "resample:spacing=%.2f,%.2f,%.2f,axes=world,order=1" % tuple(r.uniform(0.6, 3) for _ in range(3))])
    steps = [straight] if tilted else r.sample(turns, r.randint(0, 2))
    resampling = geometry_step(r, "exact").replace("order=0", "order=1")
    if resampling.startswith("res") and not tilted:  # separate-z is nearest along one axis: exact only for labels
        steps.append(resampling.replace("nnunet,order=1", "nnunet,order=1,separate=no") if "resample" in resampling else resampling)
    return " ".join(steps + [geometry_step(r, "").replace("unshear:order=0", "flip:z") for _ in range(r.randint(1, 3))])


def anatomy(path, check, seed, rounds):
    """Volumes whose voxels hold their own world coordinate, labels that hold their own index: after any recipe each voxel still holds
    where it lies."""
    r = random.Random(seed)
    for k in range(rounds):
        q = np.linalg.qr(np.random.default_rng(k).normal(size=(3, 3)))[0] if k % 2 else np.eye(3)[::-1]
        g = dict(CT, direction=tuple(map(tuple, q)), spacing=tuple(r.uniform(0.5, 3) for _ in range(3)))
        text = anatomy_recipe(r, k % 3 == 2)
        if k % 3 == 2:  # a tilted gantry
            z = q[0] + r.uniform(-0.5, 0.5) * q[1] + r.choice([0, r.uniform(-0.5, 0.5)]) * q[2]
            g["direction"] = (tuple(z / np.linalg.norm(z)), *g["direction"][1:])
        shape = [r.randint(5, 24) for _ in range(3)]
        index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij") + [np.ones(shape)], -1)
        world = index @ affine(g).T
        for axis in range(3):
            label = (index[..., axis] + 1).astype("uint8")
            t = Tool(path, world[..., axis].astype("float32"), {"segmentation": label}, geometry=g, fill=1e9)
            try:
                t.steps(text)
                (got, facts), (moved, _) = t.pull(0), t.pull(1)
            except Refused as e:
                check.true(f"{text}: refused with {e}", str(e).startswith("step "))
                t.close()
                continue
            here = np.stack(np.meshgrid(*map(np.arange, got.shape), indexing="ij") + [np.ones(got.shape)], -1)
            there = here @ affine(facts).T
            old = there @ np.linalg.inv(affine(g)).T
            # Between the old volume's voxel centres, where linear is exact.
            inside = np.all([(old[..., a] >= -1e-6) & (old[..., a] <= shape[a] - 1 + 1e-6) for a in range(3)], axis=0)
            inside &= got < 1e6  # cut off by one step and padded by the next
            check.equal(f"{text}: world axis {axis}", got[inside], there[..., axis][inside], 2e-3)
            check.equal(f"{text}: labels along {axis}", moved[inside], old[..., axis][inside] + 1, 0.5 + 1e-6)
            outside = np.any([(old[..., a] < -0.5 - 1e-6) | (old[..., a] > shape[a] - 0.5 + 1e-6) for a in range(3)], axis=0)
            if "monai" not in text:  # whose border goes on for ever
                check.true(f"{text}: background outside", not moved[outside].any())
            t.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--part", required=True, choices=["moves", "exact", "splines", "anatomy"])
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--rounds", type=int, default=12)
    args = parser.parse_args()
    check = Checks()
    if args.part == "anatomy":
        anatomy(args.tool, check, args.seed, 3 * args.rounds)
    else:
        invariance(args.tool, check, args.seed, args.rounds, "" if args.part == "moves" else args.part)
    return check.status()


if __name__ == "__main__":
    sys.exit(main())
