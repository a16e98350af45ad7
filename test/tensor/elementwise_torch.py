"""Values, derivatives and second derivatives of element-wise functions by PyTorch in float64, at kinks and ties, too.

Run with PyTorch 1.13: python3 test/tensor/elementwise_torch.py > test/tensor/elementwise_torch.json
"""

import json

import torch
import torch.nn.functional as F

X = [-30.0, -8.0, -6.0, -4.0, -3.0, -2.5, -1.0, -0.3, 0.0, 0.2, 1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 25.0]
POSITIVE = [1e-3, 0.3, 1.0, 2.5, 30.0]

UNARY = {
    "abs": (X, torch.abs),
    "sign": (X, torch.sign),
    "floor": (X, torch.floor),
    "exp": (X, torch.exp),
    "expm1": (X, torch.expm1),
    "log": (POSITIVE, torch.log),
    "log1p": (POSITIVE, torch.log1p),
    "tanh": (X, torch.tanh),
    "erf": (X, torch.erf),
    "erfc": (X, torch.erfc),
    "relu": (X, F.relu),
    "leakyRelu": (X, lambda x: F.leaky_relu(x, 0.1)),
    "elu": (X, lambda x: F.elu(x, 0.7)),
    "softplus": (X, lambda x: F.softplus(x, 2, 11)),
    "softsign": (X, F.softsign),
    "gelu": (X, F.gelu),
    "geluTanh": (X, lambda x: F.gelu(x, approximate="tanh")),
    "silu": (X, F.silu),
    "mish": (X, F.mish),
    "clip": (X, lambda x: torch.clamp(x, -1, 2)),
    "hardtanh": (X, lambda x: F.hardtanh(x, -1, 2)),
    "relu6": (X, F.relu6),
    "hardswish": (X, F.hardswish),
    "hardsigmoid": (X, F.hardsigmoid),
    "sigmoid": (X, torch.sigmoid),
    "power 2": (X, lambda x: x**2),
    "power 3": (X, lambda x: x**3),
    "power 0": (X, lambda x: x**0),
    "power 1.7": (POSITIVE, lambda x: x**1.7),
    "power -2": (POSITIVE, lambda x: x**-2),
    "power 0.5": ([0.0] + POSITIVE, lambda x: x**0.5),
}

A = [1.0, 2.0, 2.0, -1.0, 0.0, -3.0]
B = [2.0, 1.0, 2.0, -1.0, -0.5, 4.0]
BINARY = {
    "minimum": torch.minimum,
    "maximum": torch.maximum,
    "less": lambda a, b: (a < b).double(),
    "lessEqual": lambda a, b: (a <= b).double(),
    "equal": lambda a, b: (a == b).double(),
    "select": lambda a, b: torch.where(a < b, a, b),
}


def plain(values):
    return [v if v == v and abs(v) != float("inf") else str(v) for v in values.tolist()]


def derivative(y, x):
    if not y.requires_grad:
        return torch.zeros_like(x)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True, allow_unused=True)
    return torch.zeros_like(x) if g is None else g


result = {"torch": torch.__version__, "unary": {}, "binary": {}}
for name, (points, f) in UNARY.items():
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    y = f(x)
    dy = derivative(y, x)
    result["unary"][name] = {"x": points, "y": plain(y.detach()), "dy": plain(dy.detach())}
    try:
        result["unary"][name]["d2y"] = plain(derivative(dy, x).detach())
    except RuntimeError:
        pass  # PyTorch has no second derivative of it
for name, f in BINARY.items():
    a = torch.tensor(A, dtype=torch.float64, requires_grad=True)
    b = torch.tensor(B, dtype=torch.float64, requires_grad=True)
    y = f(a, b)
    parts = {"da": plain(derivative(y, a).detach()), "db": plain(derivative(y, b).detach())}
    result["binary"][name] = {"a": A, "b": B, "y": plain(y.detach()), **parts}
print(json.dumps(result))
