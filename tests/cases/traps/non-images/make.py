"""A structured report and a text file beside the slices are passed over with a note."""
from tomelib import pixels, save, series, slice_dataset


def make(out):
    stack = series(out / "p1", [3.0 * z for z in range(8)])
    d = slice_dataset(pixels(1)[0], 70, (0, 0, 0))
    d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    d.Modality = "SR"
    del d.PixelData, d.Rows, d.Columns
    save(d, out / "p1" / "report.dcm")
    (out / "p1" / "README.txt").write_text("hello")
    return {"image": stack - 1024}
