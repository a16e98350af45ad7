"""Writes tensors as a safetensors file, in float64 but for those named: the length of a JSON header, the header, the bytes."""

import json
import struct


def write(path, metadata, tensors, single=()):
    header, body = {"__metadata__": metadata}, b""
    for name, tensor in tensors.items():
        dtype, code = ("F32", "<f4") if name in single else ("F64", "<f8")
        data = tensor.detach().contiguous().numpy().astype(code).tobytes()
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": offsets}
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)
