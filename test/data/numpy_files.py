"""Files as NumPy and Python write them, in base64, with what numpy.load reads from them.

    python3 test/data/numpy_files.py > test/data/numpy_files.json && npx prettier --write test/data/numpy_files.json
"""

import base64
import gzip
import io
import json
import pickle

import numpy as np

files = {}


def keep(name, content, array=None):
    files[name] = {"base64": base64.b64encode(content).decode()}
    if array is not None:
        files[name]["shape"] = list(array.shape)
        files[name]["dtype"] = array.dtype.name
        files[name]["values"] = [repr(float(x)) if array.dtype.kind == "f" else str(int(x)) for x in array.flat]


def npy(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version)
    return out.getvalue()


def keep_npy(name, array, version=None):
    content = npy(array, version)
    keep(name, content, np.load(io.BytesIO(content)))


def by_hand(header, data):
    """A file whose header NumPy would not write itself, but reads."""
    text = header.encode("latin1")
    content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data
    keep(header.strip(), content, np.load(io.BytesIO(content)))


numbers = [0, 1, -2, 100, -128, 127]
for code in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
    for order in "<>":
        kind = np.dtype(order + code)
        if kind.kind == "f":
            values = np.array([0.1, -2.5, np.inf, -0.0, np.finfo(kind).max, np.finfo(kind).tiny], kind)
        else:
            least, most = np.iinfo(kind).min, np.iinfo(kind).max
            if code in ("i8", "u8"):
                least, most = max(least, -(2**53)), 2**53
            values = np.array([0, 1, 7, 100, least, most]).astype(kind)
        keep_npy(f"{order}{code}", values.reshape(1, 3, 2))
keep_npy("subnormal f2", np.array([2**-24, 3 * 2**-24, -(2**-15), np.nan], np.float16))
keep_npy("i8 beyond 2^53, even", np.array([2**60, -(2**62)], np.int64))
keep("i8 beyond 2^53, odd", npy(np.array([1, 2**53 + 1], np.int64)))
keep("u8 beyond 2^53, odd", npy(np.array([2**64 - 1], np.uint64)))
keep_npy("bool", np.array([[True, False], [False, True]]))
keep_npy("Fortran", np.asfortranarray(np.arange(24, dtype=np.float32).reshape(2, 3, 4)))
keep_npy("Fortran bytes", np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(3, 2)))
keep_npy("version 2", np.arange(3, dtype=np.int16), (2, 0))
keep_npy("version 3", np.arange(3, dtype=np.int16), (3, 0))
keep_npy("no dimension", np.array(2.5))
keep_npy("nothing", np.zeros((2, 0, 3), np.float32))
for code in ["c8", "c16", "U2", "S3", "O", "M8[s]", "m8[D]"]:
    out = io.BytesIO()
    np.save(out, np.zeros(2, code), allow_pickle=True)
    keep(f"refused {code}", out.getvalue())
keep("refused records", npy(np.zeros(2, [("a", "<f4"), ("b", "<i2")])))

by_hand("{'descr': '<u1', 'fortran_order': False, 'shape': (2, 3), }\n", bytes(range(6)))
by_hand("{'descr': '=f4', 'fortran_order': False, 'shape': (1,), }\n", np.float32(1.5).tobytes())
by_hand("{'descr': 'f4', 'fortran_order': False, 'shape': (1,), }\n", np.float32(-1.5).tobytes())
by_hand("{'descr': 'B', 'fortran_order': False, 'shape': (2,)}\n", b"\x07\xff")
by_hand("{'descr': 'float64', 'fortran_order': False, 'shape': ()}\n", np.float64(0.1).tobytes())
by_hand("{'shape': (1,), 'fortran_order': False, 'descr': '|u1'}\n", b"\x09")
by_hand("{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L), }\n", bytes(range(6)))
by_hand('{"descr":"|u1","fortran_order":True,"shape":(2,3)}\n', bytes(range(6)))
by_hand("{'descr': '|u1',\n 'fortran_order': False,\n 'shape': (2, 1), }\n", b"\x01\x02")

images = np.arange(2 * 3 * 4 * 4, dtype=np.uint8).reshape(2, 3, 4, 4)
labels = np.array([3, 119])
for name, save in [("stored", np.savez), ("deflated", np.savez_compressed)]:
    out = io.BytesIO()
    save(out, images=images, labels=labels, other=np.eye(2))
    keep(f"npz {name}", out.getvalue())
keep("npy gzip", gzip.compress(npy(images), mtime=0))

cifar = {"batch_label": "training batch 1 of 5", "labels": [6, 9], "data": np.arange(2 * 3072).reshape(2, 3072).astype(np.uint8)}
for protocol in [2, 3, 4]:
    keep(f"pickle {protocol}", pickle.dumps({"data": np.arange(9)}, protocol))
keep("pickle cifar10", pickle.dumps(cifar, 2))
imagenet = {"data": np.arange(3 * 768).reshape(3, 768).astype(np.uint8), "labels": [1, 120, 121], "mean": np.zeros(768)}
keep("pickle imagenet16", pickle.dumps(imagenet, 2))

print("{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in files.items()) + "\n}")
