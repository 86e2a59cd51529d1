"""Patches a second by MONAI: crop, window, normalise, RandCropByPosNegLabeld, over a CacheDataset (all in memory) or a PersistentDataset (on disk).

    peer_monai.py time cache|persistent FOLDER CACHE SIZE SAMPLES PATCHES WORKERS
    peer_monai.py check FOLDER NUMBER IMAGE.npy LABEL.npy Z0,Y0,X0

FOLDER holds volume-N.nii.gz and segmentation-N.nii.gz; CACHE is where a PersistentDataset keeps its files. `time` takes about PATCHES patches in whole rounds over
the cases and prints one JSON line; loading, the steps before the draw and filling the cache come before the clock. `check` compares a box of what MONAI's steps make
of case NUMBER with ours. Needs torch, monai and nibabel.
"""
import json
import logging
import sys
import time
from pathlib import Path

import numpy as np
import torch
from monai.data import CacheDataset, DataLoader, PersistentDataset
from monai.data.utils import list_data_collate
from monai.transforms import (Compose, CropForegroundd, EnsureChannelFirstd, LoadImaged, NormalizeIntensityd, RandCropByPosNegLabeld,
                              ScaleIntensityRanged)

KEYS = ["image", "label"]
# The same, as tome's steps: run.py, MONAI_STEPS.
STEADY = [LoadImaged(KEYS), EnsureChannelFirstd(KEYS), CropForegroundd(KEYS, source_key="label", margin=60, allow_smaller=True),
          ScaleIntensityRanged("image", -160, 240, 0, 1, clip=True), NormalizeIntensityd("image", subtrahend=0.4, divisor=0.25)]


def pairs(folder):
    return [{"image": str(p), "label": str(p).replace("volume", "segmentation")} for p in sorted(Path(folder).glob("volume-*.nii.gz"))]


def measure(kind, folder, cache, size, samples, patches, workers):
    size, samples, patches, workers = map(int, (size, samples, patches, workers))
    torch.set_num_threads(1 if workers else 2)
    steps = Compose([*STEADY, RandCropByPosNegLabeld(KEYS, "label", (size,) * 3, pos=1, neg=1, num_samples=samples)])
    files = pairs(folder)
    data = CacheDataset(files, steps, progress=False) if kind == "cache" else PersistentDataset(files, steps, cache)
    loader = DataLoader(data, batch_size=1, num_workers=workers, collate_fn=list_data_collate, persistent_workers=workers > 0)
    for batch in loader:  # fills the cache on disk, starts the workers
        assert batch["image"].shape == batch["label"].shape == (samples, 1, size, size, size), batch["image"].shape
        assert -1.6001 <= batch["image"].min() and batch["image"].max() <= 2.4001, "not what the steps make"
    rounds = -(-patches // (samples * len(files)))
    began, count = time.perf_counter(), 0
    for _ in range(rounds):
        for batch in loader:
            count += len(batch["image"])
    print(json.dumps({"patches": count, "seconds": time.perf_counter() - began}))


def check(folder, number, image, label, corner):
    """MONAI's axes are x, y, z."""
    made = Compose(STEADY)(pairs(folder)[int(number)])
    ours, lo = {"image": np.load(image), "label": np.load(label)}, [int(v) for v in corner.split(",")]
    for key, got in ours.items():
        whole = np.asarray(made[key])[0].transpose(2, 1, 0)
        want = whole[tuple(slice(a, a + n) for a, n in zip(lo, got.shape))]
        if got.shape != want.shape or abs(got.astype(float) - want).max() > 1e-5:
            raise SystemExit(f"{key}: {got.shape} and {want.shape}, MONAI's makes other voxels than ours")
    if not ours["image"].std() > 0.1 or not ours["label"].any():
        raise SystemExit("the box that is compared shows nothing")


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    {"time": measure, "check": check}[sys.argv[1]](*sys.argv[2:])
