"""The same image twice, under two SOP instance UIDs: one is dropped with a note."""
from tomelib import save, series, slice_dataset


def make(out):
    stack = series(out / "p1", [3.0 * z for z in range(8)])
    save(slice_dataset(stack[3], 90, (-10, -20, 9.0)), out / "p1" / "copy.dcm")
    return {"image": stack - 1024}
