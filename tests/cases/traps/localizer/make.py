"""A localizer in the series' folder, under the same series UID, is no slice of it."""
from tomelib import pixels, save, series, slice_dataset


def make(out):
    stack = series(out / "p1", [3.0 * z for z in range(8)])
    d = slice_dataset(pixels(1, seed=5)[0], 50, (-10, -20, 30), ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
                      ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    save(d, out / "p1" / "scout.dcm")
    return {"image": stack - 1024}
