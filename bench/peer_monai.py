"""Patches a second by MONAI: crop, window, normalise, RandCropByPosNegLabeld, over a CacheDataset (all in memory) or a PersistentDataset (on disk).

    peer_monai.py cache|persistent FOLDER SIZE SAMPLES ROUNDS WORKERS

FOLDER holds volume-N.nii.gz and segmentation-N.nii.gz. Preparing the cache is not timed. Prints one JSON line. Needs torch and monai (a venv outside the
tree); bench/patches_bench.c does the same by Tome.
"""
import json
import sys
import tempfile
import time
from pathlib import Path

import torch
from monai.data import CacheDataset, DataLoader, PersistentDataset
from monai.data.utils import list_data_collate
from monai.transforms import (Compose, CropForegroundd, EnsureChannelFirstd, LoadImaged, NormalizeIntensityd, RandCropByPosNegLabeld,
                              ScaleIntensityRanged)


def main():
    kind, folder, size, samples, rounds, workers = sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:7])
    torch.set_num_threads(1 if workers else 2)
    files = [{"image": str(p), "label": str(p).replace("volume", "segmentation")} for p in sorted(folder.glob("volume-*.nii.gz"))]
    keys = ["image", "label"]
    steps = Compose([
        LoadImaged(keys), EnsureChannelFirstd(keys), CropForegroundd(keys, source_key="label", margin=(60, 60, 60), allow_smaller=True),
        ScaleIntensityRanged("image", -160, 240, 0, 1, clip=True), NormalizeIntensityd("image"),
        RandCropByPosNegLabeld(keys, "label", (size,) * 3, pos=1, neg=1, num_samples=samples)])
    with tempfile.TemporaryDirectory(prefix="monai-") as cache:
        data = CacheDataset(files, steps, progress=False) if kind == "cache" else PersistentDataset(files, steps, cache)
        loader = DataLoader(data, batch_size=1, num_workers=workers, collate_fn=list_data_collate, persistent_workers=workers > 0)
        for _ in loader:  # fills the persistent cache, starts the workers
            pass
        began, count = time.perf_counter(), 0
        for _ in range(rounds):
            for batch in loader:
                count += len(batch["image"])
        seconds = time.perf_counter() - began
    print(json.dumps({"dataset": kind, "workers": workers, "patches": count, "seconds": round(seconds, 3),
                      "patches_per_s": round(count / seconds, 1)}))


if __name__ == "__main__":
    main()
