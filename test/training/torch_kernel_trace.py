#!/usr/bin/env python3
"""The tangent kernel of one batch through PyTorch's training in float64, row by row of J, and NumPy's measures of it.

usage: python3 test/training/torch_kernel_trace.py > test/training/torch_kernel_trace.json

Minibatches take turns. In each mode of batch norm: at some steps loss, accuracy, kernel distance, alignment with the
targets, also centred, effective rank, and kappa of the kernel that is summed over outputs.
"""
import json

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
CHECKPOINTS = [0, 1, 4, 12]


def network():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.Tanh(),
        nn.Conv2d(4, 3, 3, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(12, 3),
    )


torch.manual_seed(2)
batches = [torch.randn(6, 2, 6, 6) for _ in range(3)]
labels = [torch.randint(3, (6,)) for _ in range(3)]
targets = [F.one_hot(each, 3).double() for each in labels]
x, y = batches[2], targets[2]


def kernel(net):
    before = {k: v.clone() for k, v in net.state_dict().items()}
    out = net(x)
    rows = []
    for i in range(out.shape[0]):
        for k in range(out.shape[1]):
            grads = torch.autograd.grad(out[i, k], list(net.parameters()), retain_graph=True)
            rows.append(torch.cat([g.reshape(-1) for g in grads]))
    net.load_state_dict(before)  # a look in train mode moves running statistics
    j = torch.stack(rows).reshape(out.shape[0], out.shape[1], -1)
    theta = torch.einsum("ikp,jkp->ij", j, j).numpy()
    loss = F.cross_entropy(out, y).item()
    return theta, loss, (out.argmax(1) == labels[2]).double().mean().item()


def alignment(a, b):
    return float(np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b))


def measure(net, first):
    theta, loss, accuracy = kernel(net)
    first = theta if first is None else first
    n = len(theta)
    center = np.eye(n) - np.ones((n, n)) / n
    wanted = y.numpy() @ y.numpy().T
    values = np.linalg.eigvalsh(theta)
    p = values / values.sum()
    return first, {
        "loss": loss,
        "accuracy": accuracy,
        "distance": 1 - alignment(theta, first),
        "alignment": alignment(theta, wanted),
        "centeredAlignment": alignment(center @ theta @ center, center @ wanted @ center),
        "effectiveRank": float(np.exp(-np.sum(p * np.log(p)))),
        "kappa": float(values[-1] / values[0]),
    }


def trace(mode):
    net = network().train(mode == "train")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    first, told = None, []
    for step in range(CHECKPOINTS[-1] + 1):
        if step in CHECKPOINTS:
            first, measured = measure(net, first)
            told.append({"step": step, **measured})
        optimizer.zero_grad()
        F.cross_entropy(net(batches[step % 2]), targets[step % 2]).backward()
        optimizer.step()
    return told


start = {k: v for k, v in network().state_dict().items() if not k.endswith("num_batches_tracked")}
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "shapes": {k: list(v.shape) for k, v in start.items()},
            "start": {k: v.reshape(-1).tolist() for k, v in start.items()},
            "batches": [b.reshape(-1).tolist() for b in batches],
            "labels": [each.tolist() for each in labels],
            "train": trace("train"),
            "eval": trace("eval"),
        }
    )
)
