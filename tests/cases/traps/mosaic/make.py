"""A Siemens mosaic is a volume tiled in one picture: as one slice it would be silently wrong."""
from tomelib import pixels, save, slice_dataset


def make(out):
    d = slice_dataset(pixels(1)[0], 0, (0, 0, 0), ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], Modality="MR")
    save(d, out / "p1" / "mosaic.dcm")
