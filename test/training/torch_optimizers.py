#!/usr/bin/env python3
"""Twenty steps of PyTorch's optimisers in float64 on a network with batch norm.

usage: python3 test/training/torch_optimizers.py > test/training/torch_optimizers.json

Batches take turns. For each optimiser: the loss before every step, and the state of the network after the last.
"""
import json

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
STEPS = 20


# No bias in front of batch norm: its gradient is 0 but for rounding, which Adam would make steps of.
def network():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 3, 3, stride=2, bias=False),
        nn.BatchNorm2d(3, momentum=0.3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(12, 3),
    )


torch.manual_seed(2)
batches = [torch.randn(6, 2, 6, 6) for _ in range(2)]
targets = [F.one_hot(torch.randint(3, (6,)), 3).double() for _ in range(2)]
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd, decay": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.05),
    "sgd, momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "sgd, dampened": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, dampening=0.3, weight_decay=0.01),
    "sgd, nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adam, decay": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
    "adamW": lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.8, 0.95), weight_decay=0.1),
}
# The learning rate is halved after ten steps where a name says so.
SCHEDULED = {"sgd, momentum", "adamW"}


def values(state):
    return {k: v.reshape(-1).tolist() for k, v in state.items() if not k.endswith("num_batches_tracked")}


def shapes(state):
    return {k: list(v.shape) for k, v in state.items() if not k.endswith("num_batches_tracked")}


def train(name, loss_of):
    net = network()
    optimizer = OPTIMIZERS[name](net.parameters())
    losses = []
    for step in range(STEPS):
        if name in SCHEDULED and step == 10:
            for group in optimizer.param_groups:
                group["lr"] /= 2
        optimizer.zero_grad()
        loss = loss_of(net(batches[step % 2]), targets[step % 2])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"losses": losses, "after": values(net.state_dict())}


cross_entropy = lambda y, t: F.cross_entropy(y, t)
start = network().state_dict()
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "shapes": shapes(start),
            "start": values(start),
            "batches": [b.reshape(-1).tolist() for b in batches],
            "targets": [t.reshape(-1).tolist() for t in targets],
            "crossEntropy": {name: train(name, cross_entropy) for name in OPTIMIZERS},
            "mse": {name: train(name, F.mse_loss) for name in ("sgd, nesterov", "adam")},
        }
    )
)
