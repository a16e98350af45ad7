#!/usr/bin/env python3
"""The loop of TE-NAS in PyTorch, to time beside ntkit: a backward pass over the batch for every sample. In eval mode, too,
functorch's vmap(grad): the gradients of all samples at once.

usage: torch_ntk.py GRAPH THREADS REPEATS

GRAPH.json and GRAPH.bin are written by graph.ts: the network's forward pass, operation by operation. Batch norm and
its affine map are one call of PyTorch's, as in its own networks. Prints one JSON object: seconds, in eval mode vmapSeconds, kappa.
"""
import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F


def load(path):
    with open(path + ".json") as file:
        graph = json.load(file)
    data, at, leaves = np.fromfile(path + ".bin", np.float32), 0, {}
    for i, node in enumerate(graph["nodes"]):
        if "leaf" in node:
            size = int(np.prod(node["shape"]))
            leaves[i] = torch.from_numpy(data[at : at + size].reshape(node["shape"]).copy())
            leaves[i].requires_grad_(node["leaf"] != "")
            at += size
    return graph["mode"], graph["nodes"], leaves


def slices(x, a):
    index = [slice(b, e, s) for b, e, s in zip(a["start"], a["stop"], a["step"])]
    return x[(Ellipsis, *index)]


def padded(x, a):
    assert not any(a["interior"])
    pairs = [side for before, after in zip(a["before"], a["after"]) for side in (after, before)]
    return F.pad(x, pairs[::-1])


def combined(xs, a):
    total = None
    for c, x in zip(a["coefficients"], xs):
        term = x if c == 1 else x * c
        total = term if total is None else total + term
    return total


def symmetric(sides):
    assert all(before == after for before, after in sides), sides
    return [before for before, _ in sides]


def average(x, a):
    padding = symmetric(a["padding"])
    counted = symmetric(a["counted"])
    assert counted in (padding, [0, 0]), a
    return F.avg_pool2d(x, a["kernel"], a["stride"], padding, False, counted == padding)


def max_index(x, a):
    return F.max_pool2d(x, a["kernel"], a["stride"], symmetric(a["padding"]))


def swapped(x, yes):
    return x.transpose(-1, -2) if yes else x


OPERATIONS = {
    "convolution": lambda a, s, x, w: F.conv2d(
        x, w, None, a["stride"], symmetric(a["padding"]), a["dilation"], a["groups"]
    ),
    "relu": lambda a, s, x: F.relu(x),
    "averagePool": lambda a, s, x: average(x, a),
    "channelScale": lambda a, s, x, c: x * c[:, None, None],
    "linearCombination": lambda a, s, *xs: combined(xs, a),
    "multiply": lambda a, s, x, y: x * y,
    "power": lambda a, s, x: x ** a["exponent"],
    "reshape": lambda a, s, x: x.reshape(s),
    "broadcastTo": lambda a, s, x: x.expand(s),
    "transpose": lambda a, s, x: x.permute(a["permutation"]),
    "slice": lambda a, s, x: slices(x, a),
    "pad": lambda a, s, x: padded(x, a),
    "concatenate": lambda a, s, *xs: torch.cat(xs, a["axis"]),
    "sum": lambda a, s, x: x.sum(a["axes"]),
    "matmul": lambda a, s, x, y: swapped(x, a["transposeA"]) @ swapped(y, a["transposeB"]),
    # A maximum pool is two operations of ntkit's, the second of which picks the pixels that the first one found.
    "maxPoolIndex": lambda a, s, x: max_index(x, a),
    "gather": lambda a, s, x, pooled: pooled,
}


def images_of(nodes, leaves):
    [at] = [i for i, node in enumerate(nodes) if node.get("images")]
    return at, leaves[at]


def forward(nodes, leaves):
    values = dict(leaves)
    at, images = images_of(nodes, leaves)
    of_images = {at}  # what has a row for each of them
    for i, node in enumerate(nodes):
        if i in values:
            continue
        shape = node["shape"]
        if any(o in of_images for o in node["operands"]):
            of_images.add(i)
            shape = [len(images), *shape[1:]]
        name, a, operands = node["primitive"], node["attributes"], node["operands"]
        if name == "standardize":
            values[i] = None  # done with the affine map behind it
            continue
        if name == "channelAffine":
            before = nodes[operands[0]]
            scale, shift = values[operands[1]], values[operands[2]]
            if before.get("primitive") == "standardize":
                x, epsilon = values[before["operands"][0]], before["attributes"]["epsilon"]
                values[i] = F.batch_norm(x, None, None, scale, shift, True, 0.1, epsilon)
            else:
                x = values[operands[0]]
                zero, one = torch.zeros_like(scale), torch.ones_like(scale)
                values[i] = F.batch_norm(x, zero.detach(), one.detach(), scale, shift, False, 0.1, 0.0)
            continue
        values[i] = OPERATIONS[name](a, shape, *(values[o] for o in operands))
    return values[len(nodes) - 1]


def ntk(nodes, leaves):
    weights = [leaves[i] for i, node in enumerate(nodes) if "weight" in node.get("leaf", "")]
    trained = [leaf for leaf in leaves.values() if leaf.requires_grad]
    logits, rows = forward(nodes, leaves), []
    for i in range(len(logits)):
        for leaf in trained:
            leaf.grad = None
        logits[i : i + 1].backward(torch.ones_like(logits[i : i + 1]), retain_graph=True)
        rows.append(torch.cat([w.grad.reshape(-1) for w in weights if w.grad is not None]))
    return kappa_of(torch.stack(rows))


def kappa_of(jacobian):
    values = torch.linalg.eigvalsh(torch.einsum("nc,mc->nm", jacobian, jacobian))
    return float(values[-1] / values[0])


def mapped_ntk(nodes, leaves):
    """The same by functorch's vmap(grad): samples must not see each other."""
    import functorch

    at, images = images_of(nodes, leaves)
    leaves = {i: leaf.detach() for i, leaf in leaves.items()}
    weights = {i: leaves[i] for i, node in enumerate(nodes) if "weight" in node.get("leaf", "")}

    def of(weights, image):
        return forward(nodes, {**leaves, **weights, at: image[None]}).sum()

    rows = functorch.vmap(functorch.grad(of), (None, 0))(weights, images)
    return kappa_of(torch.cat([rows[i].reshape(len(images), -1) for i in weights], 1))


path, threads, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
mode, nodes, leaves = load(path)


def timed(function):
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        kappa = function(nodes, leaves)
        seconds.append(time.perf_counter() - start)
    return seconds, kappa


seconds, kappa = timed(ntk)
result = {"seconds": seconds, "kappa": kappa, "torch": torch.__version__}
if mode == "eval":
    try:
        result["vmapSeconds"], result["vmapKappa"] = timed(mapped_ntk)
    except ImportError:
        pass  # a PyTorch without functorch
print(json.dumps(result))
