"""NPY against NumPy: both orders, both byte orders, all three versions; and what Tome writes."""
import itertools

import numpy as np

from oracle import Test

DTYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]


def random_array(rng, shape, dtype):
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    a = rng.integers(0, 2 if dtype == "?" else 256, size, dtype="u1")
    return a.view(dtype).reshape(shape)


def save(t, a, version=(1, 0)):
    path = t.path("a.npy")
    with open(path, "wb") as f:
        np.lib.format.write_array(f, a, version=version)
    return path


def reads(t):
    rng = np.random.default_rng(41)
    shapes = ((4, 5), (3, 4, 5), (1, 1, 1), (2, 3, 200), (130, 3, 2))
    for dtype, order, fortran, shape, version in itertools.product(DTYPES, "<>", (False, True), shapes,
                                                                   ((1, 0), (2, 0), (3, 0))):
        want = random_array(rng, shape, dtype)
        a = want.astype(want.dtype.newbyteorder(order))
        path = save(t, np.asfortranarray(a) if fortran else a, version)
        answer, got = t.decode(path)
        name = (dtype, order, fortran, shape, version)
        if not t.check(answer["error"] == "" and len(answer["pieces"]) == 1, name, answer):
            continue
        p = answer["pieces"][0]
        t.check(p["shape"] == ([1] if len(shape) == 2 else []) + list(shape), name, p)
        t.check(p["dtype"] == ("uint8" if dtype == "?" else want.dtype.name), name, p)
        t.check(p["format"] == "npy" and "affine" not in p and p["channels"] == 1, name, p)
        t.check(got == want.tobytes(), name, "elements differ")


def refusals(t):
    cases = [(np.zeros(5), "1 dimensions", False), (np.zeros((2,) * 6), "6 dimensions", False), (np.zeros((2, 2, 2, 2, 9)), "whose last is not", False),
             (np.zeros((3, 0, 2)), "empty array", False), (np.zeros((2, 2), "c8"), "'<c8'", False),
             (np.zeros((2, 2), "f16"), "f16'", False), (np.zeros((2, 2), [("a", "i2")]), "records", False),
             (np.zeros((2, 2), "U3"), "'<U3'", False)]
    for a, text, damaged in cases:
        passed = t.tool.ask("describe", save(t, a))["passed"]
        t.check(len(passed) == 1 and text in passed[0]["text"] and passed[0]["damaged"] == damaged, text, passed)
    path = save(t, np.zeros((9, 9)))
    with open(path, "rb") as f:
        body = f.read()
    with open(path, "wb") as f:
        f.write(body[:-1])
    passed = t.tool.ask("describe", path)["passed"]
    t.check(len(passed) == 1 and "cut short" in passed[0]["text"] and passed[0]["damaged"], passed)


def halves(t):
    """All 65536 values of float16, as float32."""
    every = np.arange(65536, dtype="u2").view("f2")
    for shape, order, swap in itertools.product(((64, 1024), (4, 128, 128), (2, 4, 64, 128)), "CF", "<>"):
        a = np.asarray(every.reshape(shape).astype("f2").astype(swap + "f2"), order=order)
        for path in (save(t, a), t.path("half.npz")):
            if path.endswith(".npz"):
                np.savez_compressed(path, image=a)
            answer, got = t.decode(path)
            t.check(answer["error"] == "" and answer["pieces"][0]["dtype"] == "float32", shape, order, swap, answer)
            same = np.frombuffer(got, "f4").reshape(shape)
            t.check(np.array_equal(same, every.reshape(shape).astype("f4"), equal_nan=True), shape, order, swap, "values differ")


def many_axes(t):
    """(z, y, x, samples) where the last axis is at most 4, else (volume, z, y, x)."""
    rng = np.random.default_rng(43)
    for shape, pieces, channels in (((3, 4, 5, 1), 1, 1), ((3, 4, 5, 4), 1, 4), ((3, 4, 5, 6), 3, 1), ((2, 3, 4, 5, 3), 2, 3)):
        for order, swap in itertools.product("CF", "<>"):
            a = random_array(rng, shape, "i4")
            answer, got = t.decode(save(t, np.asarray(a.astype(a.dtype.newbyteorder(swap)), order=order)))
            t.check(len(answer["pieces"]) == pieces and answer["pieces"][0]["channels"] == channels, shape, answer)
            t.check(got == a.tobytes(), shape, order, swap, "elements differ")


def headers(t):
    """Other writers' dictionaries: keys in any order, Python 2 longs, double quotes, no trailing comma."""
    voxels = bytes(range(24))
    for text, good in (('{"shape": (2L, 3L, 4L), "descr": "|u1", "fortran_order": False}', True),
                       ("{'fortran_order':False,'shape':(2,3,4),'descr':'u1',}", True),
                       ("{'fortran_order':False,'shape':(2,3,4)}", False),
                       ("{'fortran_order':maybe,'shape':(2,3,4),'descr':'u1'}", False),
                       ("{'fortran_order':False,'shape':(2,-3,4),'descr':'u1'}", False),
                       ("{'fortran_order':False,'shape':(2,99999999999999999999,4),'descr':'u1'}", False),
                       ("{'fortran_order':False,'shape':(4000000000,4000000000,4),'descr':'<f8'}", False),
                       ("{'fortran_order':False,'shape':(2,3,4),'descr':'u1'", False)):
        with open(t.path("h.npy"), "wb") as f:
            f.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + voxels)
        answer, got = t.decode(t.path("h.npy"))
        if good:
            t.check(got == voxels and answer["pieces"][0]["shape"] == [2, 3, 4], text, answer)
        else:
            t.check(not answer["pieces"] and answer["passed"][0]["damaged"], text, answer)


def writes(t):
    rng = np.random.default_rng(42)
    for dtype, shape in itertools.product(DTYPES[1:], ((3, 4, 5), (1, 7, 2), (1000, 1, 1))):
        a = random_array(rng, shape, dtype)
        answer = t.tool.ask("write", save(t, a), t.path("out.npy"))
        t.check(answer["error"] == "", answer)
        back = np.load(t.path("out.npy"))
        t.check(back.dtype == a.dtype and back.shape == a.shape and back.tobytes() == a.tobytes(), dtype, shape)
        with open(t.path("out.npy"), "rb") as f:
            head = f.read(10)
        t.check(head[6:8] == b"\1\0" and (10 + int.from_bytes(head[8:10], "little")) % 64 == 0, "header", head)


with Test() as t:
    for part in (reads, refusals, halves, many_axes, headers, writes):
        part(t)
