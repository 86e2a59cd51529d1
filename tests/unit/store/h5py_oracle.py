"""Case files as others see them: Debian's h5py and h5dump read every volume, attribute and table with no plugin; h5py's slices equal our boxes."""
import argparse
import ctypes
import ctypes.util
import os
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--tool", required=True)
parser.add_argument("--plugin", action="store_true", help="zstd and lz4 through the HDF5 plugins of this machine")
args = parser.parse_args()
if not args.plugin:
    os.environ["HDF5_PLUGIN_PATH"] = "/nonexistent"  # no plugin, whatever this machine has installed
import h5py  # reads that variable when it is loaded

if args.plugin:
    try:
        import hdf5plugin  # registers its filters
    except ImportError:
        pass  # plugins may lie in HDF5's own folder

folder = tempfile.TemporaryDirectory()
random = np.random.default_rng(1)
DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
SHAPES = [(1, 1, 1), (1, 1, 977), (1, 211, 307), (37, 1, 53), (61, 1, 1), (31, 37, 41), (32, 32, 32), (33, 65, 97), (5, 7, 3)]
failures = 0


def check(ok, *what):
    global failures
    if not ok:
        failures += 1
        print("FAILED:", *what)


def path(name):
    return os.path.join(folder.name, name)


def tool(*words):
    return subprocess.run([args.tool, *map(str, words)], check=True, capture_output=True, text=True).stdout


def write(name, codec, volumes, threads=2):
    words = []
    for label, array in volumes.items():
        raw = path("in.raw" + str(len(words)))
        array.tofile(raw)
        words += [label, array.dtype.name, *array.shape, raw]
    tool("write", path(name), codec, threads, *words)
    return path(name)


def read(file, volume, box, dtype, threads=2, *options):
    text = ",".join(f"{s.start}:{s.stop}" for s in box)
    tool("read", file, volume, text, threads, path("out.raw"), *options)
    return np.fromfile(path("out.raw"), dtype).reshape([s.stop - s.start for s in box])


def image(shape, dtype):
    smooth = np.add.outer(np.add.outer(np.arange(shape[0]) * 3, np.arange(shape[1])), np.arange(shape[2]) * 2)
    return (smooth % 90 + random.integers(0, 25, shape)).astype(dtype)


def boxes(shape, count):
    yield tuple(slice(0, n) for n in shape)
    for _ in range(count):
        low = [int(random.integers(0, n)) for n in shape]
        yield tuple(slice(l, int(random.integers(l + 1, n + 1))) for l, n in zip(low, shape))


def test_every_type_and_shape(codec):
    for i, dtype in enumerate(DTYPES):
        for shape in SHAPES:
            array = image(shape, dtype)
            if min(shape) > 30:
                array[:, :32, :32] = 0  # chunks that are not stored
            file = write("a.h5", codec, {"image": array}, 1 + i % 2)
            with h5py.File(file, "r") as f:
                theirs = f["image"][...]
                check(theirs.dtype == array.dtype and np.array_equal(theirs, array), "h5py", codec, dtype, shape)
                for box in boxes(shape, 3):
                    ours = read(file, "image", box, dtype, 1 + i % 2)
                    check(np.array_equal(ours, f["image"][box]), "box", codec, dtype, shape, box)


def test_float_reads():
    for dtype in DTYPES:
        array = image((21, 40, 50), dtype)
        if array.dtype.kind == "f":
            array[3, 4, 5] = np.nan
        file = write("f.h5", "deflate", {"image": array})
        for box in boxes(array.shape, 3):
            plain = read(file, "image", box, "float32", 2, "float")
            check(np.array_equal(plain, array[box].astype("float32"), equal_nan=True), "float", dtype, box)
            lo, hi, offset, scale = 10.25, 83.5, 31.4159, 0.0217
            real = np.float32 if array.dtype.itemsize <= 2 or dtype == "float32" else np.float64
            want = (np.clip(array[box].astype(real), real(lo), real(hi)) - real(offset)) * real(scale)
            ours = read(file, "image", box, "float32", 1, lo, hi, offset, scale)
            check(np.array_equal(ours, want.astype("float32"), equal_nan=True), "rescaled", dtype, box)


def test_filters():
    array = image((40, 40, 40), "int16")
    file = write("p.h5", "deflate", {"image": array, "labels/seg": (array > 50).astype("uint8")})
    with h5py.File(file, "r") as f:
        pipeline = f["image"].id.get_create_plist()
        check([pipeline.get_filter(i)[0] for i in range(pipeline.get_nfilters())] == [2, 1, 3], "shuffle, deflate, Fletcher32")
        check(not f["labels/seg"].shuffle and f["labels/seg"].fletcher32 and f["labels/seg"].compression == "gzip", "label filters")
    noise = random.integers(0, 65536, (40, 40, 40)).astype("uint16")  # does not shrink: stored, the filter skipped by mask
    file = write("n.h5", "deflate", {"image": noise})
    with h5py.File(file, "r") as f:
        check(f["image"].id.get_chunk_info(0).filter_mask == 2, "incompressible chunks skip deflate")
        check(np.array_equal(f["image"][...], noise), "incompressible")
    check(np.array_equal(read(file, "image", (slice(3, 9), slice(0, 40), slice(5, 39)), "uint16"), noise[3:9, :, 5:39]), "our read of it")


def test_empty_chunks_take_no_room():
    labels = np.zeros((64, 96, 96), "uint8")
    labels[40, 50, 60] = 2
    file = write("e.h5", "deflate", {"image": image(labels.shape, "int16"), "labels/seg": labels})
    with h5py.File(file, "r") as f:
        check(f["labels/seg"].id.get_num_chunks() == 1, "one chunk is stored")
        check(np.array_equal(f["labels/seg"][...], labels), "empty chunks read as 0")


def text(value):
    return value.decode()


def test_attributes():
    array = image((9, 12, 15), "int16")
    file = write("t.h5", "deflate", {"image": array, "labels/b": array.astype("uint8"), "labels/a": array.astype("uint16")})
    with h5py.File(file, "r") as f:
        check(f.attrs["schema"] == 1 and text(f.attrs["id"]) == "case-1" and text(f.attrs["modality"]) == "CT", "root")
        check(text(f.attrs["series_uid"]) == "1.2.3" and text(f.attrs["study_uid"]) == "" and f.attrs["tilt_degrees"] == 1.5, "root")
        v = f["image"]
        check([d.label for d in v.dims] == ["z", "y", "x"], "dimension labels")
        check(text(v.attrs["units"]) == "HU" and len(text(v.attrs["voxel_hash"])) == 32, "units, hash")
        spacing, origin, direction, affine = (v.attrs[k] for k in ("spacing", "origin", "direction", "affine"))
        check(spacing.shape == (3,) and direction.shape == (3, 3) and affine.shape == (4, 4), "geometry shapes")
        # voxel (z, y, x) of the array is nibabel's (x, y, z) of array.T, in RAS
        zyx = np.array([2.0, 3.0, 5.0])
        lps = origin + sum(zyx[a] * spacing[a] * direction[a] for a in range(3))
        check(np.allclose(affine @ [5, 3, 2, 1], [-lps[0], -lps[1], lps[2], 1]), "affine")
        intensity = f["stats/intensity"][()]
        check(intensity["count"] == 10 and intensity["p99_5"] == 3000 and intensity["mean"] == 12.5, "intensity")
        check(np.array_equal(f["stats/histogram"][...], np.arange(4096, dtype="u8") ** 2) and f["stats/histogram"].attrs["lo"] == -1024, "histogram")
        labels = f["stats/labels"][...]
        check([text(n) for n in labels["name"]] == ["liver", "tümor"] and list(labels["voxels"]) == [100, 200], "labels")
        check(labels["box_hi"].tolist() == [[4, 5, 6]] * 2, "label boxes")
        start, bins = labels["histogram_start"][1], labels["histogram_bins"][1]
        check(f["stats/label_histograms"][start:start + bins].tolist() == [4, 9, 16], "label histogram")
        source = f["provenance/sources"][0]
        check(text(source["path"]) == "ct/volume-1.nii" and text(source["sop_uid"]) == "1.2.3.4" and source["bytes"] == 123, "sources")
        check(text(f["provenance/repairs"]["kind"][0]) == "gap=fill" and text(f["problems"]["severity"][0]) == "warning", "repairs")
        check(f["labels/b"].attrs["values"].tolist() == [1, 2] and [text(n) for n in f["labels/b"].attrs["names"]] == ["liver", "tümor"], "value names")
        check("identity" not in f, "no identity")
        check(sorted(f) == ["image", "labels", "problems", "provenance", "stats"], "top level", list(f))


def test_h5dump():
    file = write("d.h5", "deflate", {"image": image((33, 40, 50), "int16"), "labels/seg": image((33, 40, 50), "uint8")})
    out = subprocess.run(["h5dump", "-p", file], capture_output=True, text=True)
    check(out.returncode == 0 and out.stderr == "", "h5dump", out.stderr)
    for word in ("CHECKSUM FLETCHER32", "PREPROCESSING SHUFFLE", "COMPRESSION DEFLATE", '"DIMENSION_LABELS"', "H5T_CSET_UTF8"):
        check(word in out.stdout, "h5dump lacks", word)


def test_archive():
    os.makedirs(path("cases"), exist_ok=True)
    arrays = {f"volume-{i}": image((6, 7, 8 + i), "int16") for i in range(3)}
    for name, array in arrays.items():
        write(f"cases/{name}.h5", "deflate", {"image": array})
    tool("archive", path("archive.h5"), *arrays)
    with h5py.File(path("archive.h5"), "r") as f:
        check(sorted(f) == sorted(arrays), "archive lists its cases")
        for name, array in arrays.items():
            check(np.array_equal(f[name + "/image"][...], array), "archive", name)
            check(text(f[name].attrs["id"]) == "case-1", "archive attributes")


def test_damage_is_seen_by_both():
    array = image((40, 40, 40), "int16")
    file = write("x.h5", "deflate", {"image": array})
    with h5py.File(file, "r") as f:
        info = f["image"].id.get_chunk_info(3)
    with open(file, "r+b") as f:
        f.seek(info.byte_offset + info.size // 2)
        byte = f.read(1)[0]
        f.seek(-1, 1)
        f.write(bytes([byte ^ 4]))
    out = tool("check", file)
    check("chunk at (%d,%d,%d)" % info.chunk_offset in out and "Fletcher32" in out, "our check names the chunk", out)
    with h5py.File(file, "r") as f:
        try:
            f["image"][...]
            check(False, "h5py verifies our checksum")
        except OSError:
            pass


def parse_index(data, sections):
    """What stands behind a chunk's zlib stream, as schema/store.md says: where each plane's block begins, and the bits of its sections."""
    planes, log, letters = data[-8], data[-7], data[-4:]
    check(data[-6:-4] == b"\0\0" and letters == b"tpi1" and log == 8, "foot of the index", data[-8:])
    rows = [struct.unpack("<IHBB", data[len(data) - 8 - 8 * (planes - p):][:8]) for p in range(planes)]
    found, at = [], 0
    for head, least, width, _ in rows:
        size = (sections * width + 7) // 8
        number = int.from_bytes(data[at:at + size], "little")
        found.append((head, [least + (number >> (i * width) & ((1 << width) - 1)) for i in range(sections)]))
        at += size
    check(at == len(data) - 8 - 8 * planes, "nothing else in the index")
    return found


def cut_out(bits, head, first, start, end, stop, end_of_block):
    """A stream of its own: the block's head, the bits of one section, the end of the block."""
    own = np.concatenate([[1], bits[head + 1:first], bits[start:end], bits[stop:stop + end_of_block]]).astype("uint8")
    try:
        return zlib.decompressobj(-15).decompress(np.packbits(own, bitorder="little").tobytes() + bytes(4))
    except zlib.error:
        return None


def test_sections_can_be_read_alone():
    array = image((32, 32, 32), "int16")
    array[:, :20] = np.where(random.integers(0, 9, (32, 20, 32)) == 0, array[:, :20], -1024)  # runs
    file = write("i.h5", "deflate", {"image": array})
    with h5py.File(file, "r") as f:
        mask, chunk = f["image"].id.read_direct_chunk((0, 0, 0))
    planes = array.view("uint8").reshape(-1, 2).T.tobytes()
    inflate = zlib.decompressobj()
    check(mask == 0 and inflate.decompress(chunk[:-4]) == planes and inflate.eof, "the stream is whole without its index")
    check(zlib.decompress(chunk[:-4]) == planes, "and readers that do not know of the index do not mind it")
    stream = chunk[:-4 - len(inflate.unused_data)]
    check(len(inflate.unused_data) < 0.02 * len(chunk), "the index is small", len(inflate.unused_data), len(chunk))
    index = parse_index(inflate.unused_data, 128)
    bits = np.unpackbits(np.frombuffer(stream, "uint8"), bitorder="little")
    for p, (head, sizes) in enumerate(index):
        after = index[p + 1][0] if p + 1 < len(index) else (len(stream) - 4) * 8
        good = 0
        for end_of_block in range(1, 12 + 7):  # its length is in the head's code, and the last block is padded to a byte
            stop = after - end_of_block
            starts = stop - sum(sizes) + np.concatenate([[0], np.cumsum(sizes)])
            good += all(cut_out(bits, head, starts[0], starts[i], starts[i + 1], stop, end_of_block) == planes[32768 * p + 256 * i:][:256]
                        for i in range(128))
        check(good >= 1, "sections of plane", p)


def test_same_input_same_file():
    array = image((40, 50, 60), "int16")
    first = open(write("s1.h5", "deflate", {"image": array}, 1), "rb").read()
    with h5py.File(path("s1.h5"), "r") as f, h5py.File(write("s2.h5", "deflate", {"image": array}, 2), "r") as g:
        check(np.array_equal(f["image"][...], g["image"][...]), "threads do not change voxels")
    check(len(first) == os.path.getsize(path("s2.h5")), "nor the size")


CODECS = {"zstd": 32015, "lz4": 32004}


def test_plugin_codec(codec):
    for dtype in ("int16", "uint8", "float32"):
        for shape in ((1, 1, 1), (33, 65, 97)):
            array = image(shape, dtype) + random.integers(0, 200, shape).astype(dtype)
            with h5py.File(write("z.h5", codec, {"image": array}), "r") as f:
                check(np.array_equal(f["image"][...], array), "the plugin reads our", codec, dtype, shape)


def decompress(codec, data, size):
    """A chunk by the registered filter's format, through the codec's own library."""
    library = ctypes.CDLL(ctypes.util.find_library(codec))
    out = ctypes.create_string_buffer(size)
    if codec == "zstd":
        library.ZSTD_decompress.restype = ctypes.c_size_t
        got = library.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    else:
        whole, block, packed = struct.unpack(">QII", data[:16])
        check(whole == size and block == size and packed == len(data) - 16, "lz4 frame", whole, block, packed)
        got = library.LZ4_decompress_safe(data[16:], out, packed, size)
    check(got == size, codec, "decompresses to", got)
    return out.raw


def test_codec_format(codec):
    array = image((32, 32, 32), "int16")
    test_codec_content(codec, array)
    test_codec_content(codec, array + random.integers(0, 200, array.shape).astype("int16"))  # low bytes that hardly shrink
    for shape in ((1, 1, 1), (33, 65, 97)):
        array = image(shape, "int16") + random.integers(0, 200, shape).astype("int16")
        file = write("z.h5", codec, {"image": array})
        for box in boxes(shape, 2):
            check(np.array_equal(read(file, "image", box, "int16"), array[box]), "we read our", codec, box)


def test_codec_content(codec, array):
    file = write("z.h5", codec, {"image": array})
    with h5py.File(file, "r") as f:
        pipeline = f["image"].id.get_create_plist()
        numbers = [pipeline.get_filter(i)[0] for i in range(pipeline.get_nfilters())]
        check(numbers == [2, CODECS[codec], 3], codec, "pipeline", numbers)
        mask, chunk = f["image"].id.read_direct_chunk((0, 0, 0))
    planes = np.frombuffer(decompress(codec, chunk[:-4], array.nbytes), "uint8").reshape(2, -1)
    check(mask == 0 and np.array_equal(planes.T.copy().view("int16").reshape(array.shape), array), codec, "content")


if args.plugin:
    usable = [c for c, number in CODECS.items() if h5py.h5z.filter_avail(number)]
    for name in usable:
        test_plugin_codec(name)
    if len(usable) < len(CODECS):
        print(f"plugins that are here: {usable}")
    if not usable:
        print("skipped: no HDF5 plugin for zstd or lz4 on this machine")
        sys.exit(77)
else:
    for name in ("deflate", "none"):
        test_every_type_and_shape(name)
    for test in (test_float_reads, test_filters, test_empty_chunks_take_no_room, test_attributes, test_h5dump, test_archive,
                 test_damage_is_seen_by_both, test_sections_can_be_read_alone, test_same_input_same_file):
        test()
    for name in CODECS:
        test_codec_format(name)
print(f"{failures} failures")
sys.exit(1 if failures else 0)
