"""What the tests of broken files share."""
import time

import numpy as np


def promised(answer):
    return sum(int(np.prod(p["shape"])) * p["channels"] * np.dtype(p["dtype"]).itemsize for p in answer["pieces"])


def look(t, path, what):
    """One file: an answer in time, whole or refused."""
    began = time.monotonic()
    answer, got = t.decode(path)
    t.check(time.monotonic() - began < 20, what, "slow")
    ok = answer["error"] == "" and answer["pieces"]
    if ok:
        t.check(len(got) == promised(answer), what, "promised", promised(answer), "gave", len(got))
    else:
        t.check(answer["error"] or answer["passed"], what, "no sentence", answer)
    return ok, got


def mutate(rng, body, header):
    """One to four changes: random bytes, or whole fields set to the values that break arithmetic."""
    out = bytearray(body)
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(0, header))
        if rng.random() < 0.5:
            out[at] = int(rng.integers(0, 256))
        else:
            value = [b"\0" * 8, b"\xff" * 8, b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\0\0\xc0\x7f", b"\xff\x7f", b"\x01\x00",
                     b"\0\0\0\0\0\0\xf8\x7f", b"\xff" * 7 + b"\x7f", b"9999999"][int(rng.integers(0, 10))]
            out[at:at + len(value)] = value
    return bytes(out[:len(body)])
