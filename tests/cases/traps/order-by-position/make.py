"""Names and instance numbers lie; positions do not. Slices are stored from feet to head whatever the files are called."""
from tomelib import save, slice_dataset, pixels


def make(out):
    stack = pixels(12)
    for z in range(12):
        d = slice_dataset(stack[z], z, (-10, -20, -100 + 2.5 * z), number=(z * 5) % 12)
        save(d, out / "p1" / f"image_{(z * 7) % 12}")
    return {"image": stack - 1024}
