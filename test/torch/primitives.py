"""Values of primitives and of the functions made of them, computed with PyTorch in float64.

Writes primitives.safetensors beside this file: /usr/bin/python3 test/torch/primitives.py (PyTorch 1.13). Each case has
inputs, an output y, a cotangent u and the gradients of (y * u).sum() with respect to its inputs.
"""

import json
import pathlib
import struct

import torch
import torch.nn.functional as F

torch.manual_seed(13)
tensors = {}
cases = []


def case(function, options, compute, *inputs):
    name = str(len(cases))
    leaves = [x.double().requires_grad_() for x in inputs]
    y = compute(*leaves)
    u = torch.randn(y.shape, dtype=torch.float64)
    gradients = torch.autograd.grad((y * u).sum(), leaves)
    for i, (x, g) in enumerate(zip(leaves, gradients)):
        tensors[f"{name}.x{i}"], tensors[f"{name}.g{i}"] = x, g
    tensors[f"{name}.y"], tensors[f"{name}.u"] = y, u
    cases.append({"function": function, "options": options, "inputs": len(leaves)})


def apart(*shape):
    """Values that are all different: a maximum has one winner."""
    count = int(torch.tensor(shape).prod())
    return (0.1 * torch.randperm(count) + 0.04 * torch.rand(count)).reshape(shape)


def sides(padding):
    """F.pad counts from the last dimension."""
    (top, bottom), (left, right) = padding
    return (left, right, top, bottom)


# Convolutions: padding on four sides is a padded input.
for size, kernel, options in [
    ((6, 5), (3, 3), dict(stride=[1, 1], padding=[[1, 0], [0, 2]], dilation=[1, 1], groups=1)),
    ((7, 6), (3, 2), dict(stride=[2, 3], padding=[[0, 2], [3, 1]], dilation=[1, 2], groups=1)),
    ((5, 8), (2, 3), dict(stride=[3, 2], padding=[[2, 1], [1, 0]], dilation=[2, 1], groups=2)),
    ((4, 4), (1, 1), dict(stride=[1, 1], padding=[[0, 1], [0, 0]], dilation=[1, 1], groups=1)),
    ((9, 9), (3, 3), dict(stride=[1, 1], padding=[[2, 0], [0, 3]], dilation=[1, 1], groups=1)),
]:
    channels = 8 if size == (9, 9) else 2
    weight = torch.randn(channels, channels // options["groups"], *kernel)

    def convolve(x, w, o=options):
        return F.conv2d(F.pad(x, sides(o["padding"])), w, None, o["stride"], 0, o["dilation"], o["groups"])

    case("convolution", options, convolve, torch.randn(2, channels, *size), weight)

# Transposed convolutions.
for size, kernel, options in [
    ((3, 4), (3, 3), dict(stride=[2, 2], padding=[1, 1], outputPadding=[1, 1], dilation=[1, 1], groups=1)),
    ((3, 3), (2, 4), dict(stride=[1, 3], padding=[0, 2], outputPadding=[0, 2], dilation=[1, 1], groups=2)),
    ((2, 3), (3, 2), dict(stride=[2, 1], padding=[0, 1], outputPadding=[2, 2], dilation=[3, 3], groups=1)),
    ((4, 2), (1, 3), dict(stride=[3, 2], padding=[0, 0], outputPadding=[2, 1], dilation=[1, 2], groups=2)),
]:
    weight = torch.randn(4, 3, *kernel)

    def transposed(x, w, o=options):
        stride, padding, extra = o["stride"], o["padding"], o["outputPadding"]
        return F.conv_transpose2d(x, w, None, stride, padding, extra, o["groups"], o["dilation"])

    case("convolutionTranspose", options, transposed, torch.randn(2, 4, *size), weight)

# One dimension.
for options in [dict(stride=1, padding=0, dilation=1, groups=1), dict(stride=2, padding=3, dilation=2, groups=2)]:

    def one(x, w, o=options):
        return F.conv1d(x, w, None, o["stride"], o["padding"], o["dilation"], o["groups"])

    case("convolution1d", options, one, torch.randn(2, 4, 9), torch.randn(6, 4 // options["groups"], 3))

# Pools in every mode: rounding up, padding that counts.
for size, kernel, stride, padding in [
    ((5, 6), [2, 3], [2, 2], [1, 1]),
    ((7, 7), [3, 3], [2, 2], [0, 1]),
    ((6, 5), [4, 2], [3, 3], [2, 1]),
    ((6, 7), [3, 2], [1, 1], [1, 1]),
    ((2, 9), [3, 4], [2, 3], [1, 0]),
    ((1, 4), [2, 2], [2, 3], [0, 0]),
]:
    for ceil_mode in [False, True]:
        if not ceil_mode and any(s + 2 * p < k for s, k, p in zip(size, kernel, padding)):
            continue
        options = dict(kernel=kernel, stride=stride, padding=padding, ceilMode=ceil_mode)

        def largest(x, k=kernel, s=stride, p=padding, c=ceil_mode):
            return F.max_pool2d(x, k, s, p, 1, c)

        case("maxPool", options, largest, apart(2, *size))
        for counts in [False, True]:

            def average(x, k=kernel, s=stride, p=padding, c=ceil_mode, i=counts):
                return F.avg_pool2d(x, k, s, p, c, i)

            case("averagePool", dict(options, countIncludePad=counts), average, torch.randn(2, *size))

# Four sides: a maximum beside −∞, a mean of padded zeros over the number of pixels or of places.
for padding in [[[1, 0], [0, 2]], [[0, 2], [1, 0]]]:
    options = dict(kernel=[3, 3], stride=[2, 1], padding=padding)
    case(
        "maxPool",
        options,
        lambda x, p=padding: F.max_pool2d(F.pad(x, sides(p), value=-float("inf")), [3, 3], [2, 1]),
        apart(2, 6, 5),
    )
    case(
        "averagePool",
        dict(options, countIncludePad=True),
        lambda x, p=padding: F.avg_pool2d(F.pad(x, sides(p)), [3, 3], [2, 1]),
        torch.randn(2, 6, 5),
    )
    case(
        "averagePool",
        options,
        lambda x, p=padding: F.avg_pool2d(F.pad(x, sides(p)), [3, 3], [2, 1])
        / F.avg_pool2d(F.pad(torch.ones_like(x), sides(p)), [3, 3], [2, 1]),
        torch.randn(2, 6, 5),
    )

# Maxima, with ties: equal values share the gradient.
ties = torch.tensor([[1.0, 3.0, 3.0, -2.0], [0.0, 0.0, 0.0, 0.0], [-1.0, -5.0, -1.0, -1.0]])
for axes in [[0], [1], [0, 1]]:
    for keep in [False, True]:
        options = dict(axes=axes, keepDimensions=keep)
        case("max", options, lambda x, a=axes, k=keep: x.amax(a, k), ties)
        case("min", options, lambda x, a=axes, k=keep: x.amin(a, k), ties)
case("max", dict(axes=[0, 2], keepDimensions=False), lambda x: x.amax([0, 2]), torch.randn(3, 4, 5, 2))

for axis in [0, 1, 2]:
    x = 20 * torch.randn(3, 4, 5)
    case("softmax", dict(axis=axis), lambda x, a=axis: F.softmax(x, a), x)
    case("logSoftmax", dict(axis=axis), lambda x, a=axis: F.log_softmax(x, a), x)
    case("logSumExp", dict(axes=[axis], keepDimensions=False), lambda x, a=axis: torch.logsumexp(x, a), x)
case("logSumExp", dict(axes=[0, 2], keepDimensions=True), lambda x: torch.logsumexp(x, [0, 2], True), 400 + x)

# Rows by their number, some of them twice.
for axis, indices in [(0, [3, 0, 3, 3]), (1, [2, 2, 0]), (2, [1, 0, 1, 4, 1])]:
    case(
        "take",
        dict(axis=axis, indices=indices),
        lambda x, a=axis, i=indices: x.index_select(a, torch.tensor(i)),
        torch.randn(4, 3, 5),
    )
for size in [[6, 8], [3, 4], [5, 7], [2, 3], [7, 4]]:
    case("upsampleNearest", dict(size=size), lambda x, s=size: F.interpolate(x, s), torch.randn(1, 2, 3, 4))

header = {"__metadata__": {"cases": json.dumps(cases)}}
body = b""
for name, tensor in tensors.items():
    data = tensor.detach().contiguous().numpy().tobytes()
    header[name] = {
        "dtype": "F64",
        "shape": list(tensor.shape),
        "data_offsets": [len(body), len(body) + len(data)],
    }
    body += data
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
pathlib.Path(__file__).with_suffix(".safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
print(len(cases), "cases,", len(text) + len(body), "bytes")
