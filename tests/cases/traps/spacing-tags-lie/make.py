"""SliceThickness 5 and SpacingBetweenSlices 7, but the positions step 3 mm."""
from tomelib import series


def make(out):
    return {"image": series(out / "p1", [3.0 * z for z in range(8)], SliceThickness=5, SpacingBetweenSlices=7) - 1024}
