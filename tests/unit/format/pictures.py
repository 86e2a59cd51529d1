"""What the tests of picture formats share: how the tool's answer is compared with an array."""
import numpy as np


def same(t, path, want, name, verb="decode", **claims):
    """want: (h, w), (h, w, c) or, for several pieces, a list of them. `claims` are fields of each piece. Returns the pieces."""
    pages = want if isinstance(want, list) else [want]
    pages = [p.reshape(*p.shape[:2], -1) for p in pages]
    answer, got = t.decode(path, verb)
    if not t.check(answer["error"] == "" and len(answer["pieces"]) == len(pages), name, answer):
        return []
    for i, (piece, page) in enumerate(zip(answer["pieces"], pages)):
        t.check(piece["shape"] == [1, *page.shape[:2]] and piece["channels"] == page.shape[2], name, piece, page.shape)
        t.check(piece["dtype"] == page.dtype.name and piece["frame"] == i, name, piece, page.dtype)
        t.check("affine" not in piece and not piece["located"], name, piece)
        for key, value in claims.items():
            t.check(piece[key] == value, name, key, piece)
    t.check(got == b"".join(np.ascontiguousarray(p).tobytes() for p in pages), name, verb, "samples differ")
    return answer["pieces"]


def refused(t, path, text, damaged, name):
    """The file is passed over with a sentence that holds `text`."""
    passed = t.tool.ask("describe", path)["passed"]
    t.check(len(passed) == 1 and text in passed[0]["text"] and passed[0]["damaged"] == damaged, name, passed)


def not_written(t, source, target, text):
    answer = t.tool.ask("write", source, t.path(target))
    t.check(text in answer["error"], target, answer)


def smooth(rng, height, width, channels=1):
    """Not noise, so that compression has something to do."""
    steps = rng.integers(-3, 4, (height, width, channels))
    return (np.cumsum(steps, axis=1) + 128).astype("u1")
