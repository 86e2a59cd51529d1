"""The script that "tome archive drive" is measured against, written as the field's own: PIL decodes, NumPy gathers, h5py writes. Says how long it took itself, without
interpreter and imports: python3 peer_drive.py ROOT OUT uint8|float64. With "same OURS THEIRS": whether two folders of archives hold the same."""
import os
import sys
import time

import h5py
import numpy as np
from PIL import Image


def pictures(folder):
    return np.stack([np.asarray(Image.open(os.path.join(folder, name))) for name in sorted(os.listdir(folder))])


def write(root, out, dtype):
    for split, short in (("training", "train"), ("test", "test")):
        imgs = pictures(f"{root}/{split}/images").astype(dtype)
        truth = pictures(f"{root}/{split}/1st_manual").astype(dtype)[..., None]
        masks = pictures(f"{root}/{split}/mask").astype(dtype)[..., None]
        assert truth.max() == 255 and masks.max() == 255 and truth.min() == 0 and masks.min() == 0
        for what, a in (("imgs", imgs), ("groundTruth", truth), ("borderMasks", masks)):
            with h5py.File(f"{out}/DRIVE_dataset_{what}_{short}.hdf5", "w") as f:
                f.create_dataset("image", data=a, dtype=a.dtype)
                f.flush()


if sys.argv[1] == "same":
    names = sorted(os.listdir(sys.argv[3]))
    assert names == sorted(os.listdir(sys.argv[2])) and len(names) == 6, names
    for name in names:
        with h5py.File(f"{sys.argv[2]}/{name}") as a, h5py.File(f"{sys.argv[3]}/{name}") as b:
            assert a["image"].dtype == b["image"].dtype and np.array_equal(a["image"], b["image"]), name
else:
    begin = time.perf_counter()
    write(sys.argv[1], sys.argv[2], sys.argv[3])
    print(time.perf_counter() - begin)
