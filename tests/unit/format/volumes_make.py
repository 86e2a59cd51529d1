"""NRRD and MetaImage files written and read by hand, after their documents: independent of Tome, and of any library."""
import bz2
import gzip
import os
import re
import zlib

import numpy as np

NRRD_NAMES = {"i1": ["signed char", "int8", "int8_t"], "u1": ["uchar", "unsigned char", "uint8", "uint8_t"],
              "i2": ["short", "short int", "signed short", "signed short int", "int16", "int16_t"],
              "u2": ["ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"],
              "i4": ["int", "signed int", "int32", "int32_t"], "u4": ["uint", "unsigned int", "uint32", "uint32_t"],
              "i8": ["longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"],
              "u8": ["ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"],
              "f4": ["float"], "f8": ["double"]}
META_NAMES = {"i1": "MET_CHAR", "u1": "MET_UCHAR", "i2": "MET_SHORT", "u2": "MET_USHORT", "i4": "MET_INT", "u4": "MET_UINT",
              "i8": "MET_LONG_LONG", "u8": "MET_ULONG_LONG", "f4": "MET_FLOAT", "f8": "MET_DOUBLE"}


def encode(a, encoding, order="<"):
    """The bytes of an array in C order (which is what both formats call x fastest)."""
    raw = np.ascontiguousarray(a).astype(a.dtype.newbyteorder(order)).tobytes()
    if encoding in ("gzip", "gz"):
        return gzip.compress(raw, 1)
    if encoding in ("bzip2", "bz2"):
        return bz2.compress(raw)
    if encoding == "zlib":
        return zlib.compress(raw)
    if encoding == "hex":
        return "\n".join(re.findall(".{1,70}", raw.hex())).encode()
    if encoding in ("ascii", "text", "txt"):
        flat = np.ascontiguousarray(a).reshape(-1, a.shape[-1])
        return "\n".join(" ".join(repr(v.item()) for v in row) for row in flat).encode()
    return raw


def vector(v):
    return "none" if v is None else "(" + ",".join(repr(float(c)) for c in v) + ")"


def nrrd_header(sizes, type_name, encoding, endian="little", **fields):
    """Sizes fastest first. Field names with _ for blanks."""
    lines = ["NRRD0004", "# a comment: with a colon", f"type: {type_name}", f"dimension: {len(sizes)}",
             "sizes: " + " ".join(map(str, sizes)), f"encoding: {encoding}"]
    if endian:
        lines.append(f"endian: {endian}")
    for name, value in fields.items():
        lines.append(f"{name.replace('_', ' ')}: {value}")
    lines.append("a key:=a value: with a colon")
    return ("\n".join(lines) + "\n").encode()


def read_nrrd(path):
    """(fields, array in C order)."""
    with open(path, "rb") as f:
        body = f.read()
    head, data = body.split(b"\n\n", 1) if str(path).endswith(".nrrd") else (body.rstrip(b"\n"), b"")
    lines = head.decode().split("\n")
    assert lines[0].startswith("NRRD000"), lines[0]
    fields = dict(line.split(": ", 1) for line in lines[1:] if not line.startswith("#") and ":=" not in line)
    dtype = next(k for k, names in NRRD_NAMES.items() if fields["type"] in names)
    if "data file" in fields:
        with open(os.path.join(os.path.dirname(path), fields["data file"]), "rb") as f:
            data = f.read()
    if fields["encoding"] == "gzip":
        one = zlib.decompressobj(31)  # of the first member alone, as pynrrd reads
        data = one.decompress(data)
        assert one.eof and not one.unused_data, "more than one gzip member"
    sizes = [int(s) for s in fields["sizes"].split()]
    order = "<" if fields["endian"] == "little" else ">"
    return fields, np.frombuffer(data, order + dtype, count=int(np.prod(sizes))).reshape(sizes[::-1])


def nrrd_affine(fields):
    """RAS, of (x, y, z): the last three axes."""
    assert fields["space"] == "left-posterior-superior"
    columns = [[float(c) for c in v.strip("()").split(",")] for v in fields["space directions"].split()[-3:]]
    a = np.eye(4)
    a[:3, :3] = np.array(columns).T
    a[:3, 3] = [float(c) for c in fields["space origin"].strip("()").split(",")]
    return np.diag([-1, -1, 1, 1]) @ a


def meta_header(sizes, type_name, data_file, **fields):
    lines = ["ObjectType = Image", f"NDims = {len(sizes)}"]
    lines += [f"{k} = {v}" for k, v in fields.items()]
    lines += ["DimSize = " + " ".join(map(str, sizes)), f"ElementType = {type_name}", f"ElementDataFile = {data_file}"]
    return ("\n".join(lines) + "\n").encode()


def read_meta(path):
    with open(path, "rb") as f:
        body = f.read()
    head, name, data = re.split(rb"ElementDataFile = (.*)\n", body, maxsplit=1)
    if name != b"LOCAL":
        assert data == b"", "more behind the header"
        with open(os.path.join(os.path.dirname(path), name.decode()), "rb") as f:
            data = f.read()
    fields = dict(line.split(" = ", 1) for line in head.decode().strip().split("\n"))
    dtype = next(k for k, name in META_NAMES.items() if fields["ElementType"] == name)
    if fields["CompressedData"] == "True":
        assert int(fields["CompressedDataSize"]) == len(data), (fields["CompressedDataSize"], len(data))
        data = zlib.decompress(data)
    order = ">" if fields["BinaryDataByteOrderMSB"] == "True" else "<"
    sizes = [int(s) for s in fields["DimSize"].split()]
    channels = int(fields.get("ElementNumberOfChannels", 1))
    shape = sizes[::-1] + ([channels] if channels > 1 else [])
    return fields, np.frombuffer(data, order + dtype).reshape(shape)


def meta_affine(fields):
    directions = np.array([float(v) for v in fields["TransformMatrix"].split()]).reshape(3, 3)
    spacing = np.array([float(v) for v in fields["ElementSpacing"].split()])
    a = np.eye(4)
    a[:3, :3] = directions.T * spacing
    a[:3, 3] = [float(v) for v in fields["Offset"].split()]
    return np.diag([-1, -1, 1, 1]) @ a


def write(path, *parts):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        for p in parts:
            f.write(p)
    return path
