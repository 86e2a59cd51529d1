"""A gantry tilt that no tag tells: each slice lies 1 mm further back and 3 mm higher. The shear stays in the affine."""
from tomelib import series


def make(out):
    return {"image": series(out / "p1", [(-10.0, -20.0 + z, 3.0 * z) for z in range(8)], GantryDetectorTilt=0) - 1024}
