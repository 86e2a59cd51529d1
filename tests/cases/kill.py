#!/usr/bin/python3
"""kill -9 at random moments of an ingest: what is left always verifies, and running it again completes it.

    kill.py TOME [ROUNDS]
"""
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy

from tomelib import Checks, Store, nifti, series


def make_input(folder, cases):
    rng = numpy.random.default_rng(4)
    for i in range(cases):
        image = rng.integers(-1000, 1000, (96, 96, 60)).astype(numpy.int16)
        seg = (image > 900).astype(numpy.uint8)
        nifti(folder / "lits" / f"volume-{i}.nii.gz", image)
        nifti(folder / "lits" / f"segmentation-{i}.nii.gz", seg)
    for i in range(4):
        series(folder / "dicom" / f"patient{i}", [3.0 * z for z in range(30)], stack=rng.integers(0, 2000, (30, 64, 64)).astype(numpy.int16), series=i)


def whole_run(program, source):
    """How long an undisturbed ingest takes, and the ids it gives."""
    store = Store(program)
    start = time.monotonic()
    done = store.ingest(source)
    seconds = time.monotonic() - start
    assert done.status == 0, done.err
    ids = store.ids()
    store.close()
    return seconds, ids


def kill_after(store, source, seconds):
    p = subprocess.Popen([store.program, "ingest", str(store.path), str(source)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    p.send_signal(signal.SIGKILL)
    p.wait()


def main():
    program, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 30
    random.seed(11)
    c = Checks()
    with tempfile.TemporaryDirectory(prefix="tome-kill-") as folder:
        source = Path(folder) / "raw"
        make_input(source, 6)
        seconds, ids = whole_run(program, source)
        c.equal(len(ids), 10, "cases of an undisturbed run")
        store, partial = Store(program), 0
        for i in range(rounds):
            if i % 6 == 0:
                store.close()
                store = Store(program)
            kill_after(store, source, random.uniform(0, seconds * 1.05))
            verified = store.tome("verify", store.path)
            c.equal(verified.status, 0, f"round {i}: verify after the kill ({verified.out}{verified.err})")
            partial += 0 < len(store.ids()) < len(ids)
            if i % 6 == 5:
                again = store.ingest(source)
                c.equal(again.status, 0, f"round {i}: running it again ({again.err})")
                c.equal(store.ids(), ids, f"round {i}: all cases")
                c.equal([r["id"] for r in store.query("SELECT id FROM cases ORDER BY id")], ids, f"round {i}: index")
                left = [p.name for p in (store.path / "cases").iterdir() if p.suffix != ".h5"]
                c.equal(left, [], f"round {i}: nothing left over")
                c.equal(store.tome("verify", store.path).status, 0, f"round {i}: verify at the end")
        c.that(partial > 0, "no kill fell into the middle of an ingest: the test tested nothing")
        store.close()
    sys.exit(c.done())


main()
