"""Ten modules as PyTorch's users write them, in float64: logits and tangent kernels that test/nn/torchModules.test.ts
and the tests of `tangentKernel` compare with.

    python3 test/torch/modules.py        (PyTorch 1.13; writes test/torch/modules.safetensors)

For every module: `<module>/input`, `<module>/state/<name>`, and for the mode `train`, `eval` or `both` (where they agree):

- `<module>/<mode>/logits`, [N, K];
- `<module>/<mode>/<outputs>/<parameters>`, the kernel Θ = J Jᵀ, [N, N]: of the outputs `sum` (rows are gradients of
  Σ_k y[i, k]) or `trace` (the sum over k of the kernels of y[:, k]), with respect to the parameters whose name contains
  `weight` or to `all`;
- `<module>/<mode>/jacobian/<parameter>`, the rows for `sum`, [N, …], of the first and the last parameter.

In train mode every output depends on the whole batch: rows are backward passes over it.
"""

import copy
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

import safetensors

torch.manual_seed(2026)
torch.set_default_dtype(torch.float64)


class Mlp(nn.Module):
    """Vectors, two hidden layers."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2))

    def forward(self, x):
        return self.layers(x)


class Views(nn.Module):
    """A view by hand, the number of samples read from the shape."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.head = nn.Linear(3 * 3 * 3, 2)

    def forward(self, x):
        y = F.relu(self.norm(self.conv(x)))
        return self.head(y.view(y.shape[0], -1))


class SkipSums(nn.Module):
    """Residual sums, one of them scaled, and the mean over pixels."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 3, 1)
        block = lambda: nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 3, 3, padding=1))
        self.blocks = nn.ModuleList([block(), block()])
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        x = self.stem(x)
        x = x + self.blocks[0](x)
        x = x + 0.5 * self.blocks[1](x)
        return self.head(x.mean((2, 3)))


class SharedWeights(nn.Module):
    """One layer under two names, applied three times, and a head that is the transposed first layer."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(3, 4, bias=False)
        self.mix = nn.Linear(4, 4)
        self.again = self.mix

    def forward(self, x):
        x = torch.tanh(self.mix(self.embed(x)))
        x = torch.tanh(self.again(x) + self.mix(x))
        return x @ self.embed.weight


class ScaledParameter(nn.Module):
    """One parameter scales another (as in weight standardisation with a gain), and the batch is normalised."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 3))
        self.gain = nn.Parameter(torch.rand(4, 1) + 0.5)
        self.norm = nn.BatchNorm1d(4)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(torch.tanh(self.norm(F.linear(x, self.weight * self.gain))))


class WeightNorm(nn.Module):
    """w = g · v / ‖v‖ (Salimans & Kingma 2016)."""

    def __init__(self):
        super().__init__()
        self.weight_g = nn.Parameter(torch.rand(4, 1) + 0.5)
        self.weight_v = nn.Parameter(torch.randn(4, 3))
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        w = self.weight_g * self.weight_v / self.weight_v.norm(dim=1, keepdim=True)
        return self.head(F.relu(x @ w.t()))


class SqueezeExcite(nn.Module):
    """Channel attention by multiplication (Hu et al. 2018)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.squeeze = nn.Linear(4, 2)
        self.excite = nn.Linear(2, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        y = F.relu(self.norm(self.conv(x)))
        gate = torch.sigmoid(self.excite(F.relu(self.squeeze(y.mean((2, 3))))))
        return self.head((y * gate[:, :, None, None]).mean((2, 3)))


class Mixture(nn.Module):
    """A mixture of three branches by the softmax of a parameter."""

    def __init__(self):
        super().__init__()
        self.alpha = nn.Parameter(torch.randn(3))
        self.branches = nn.ModuleList([nn.Linear(3, 4), nn.Linear(3, 4, bias=False), nn.Linear(3, 4)])
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        p = self.alpha.softmax(0)
        y = p[0] * self.branches[0](x) + p[1] * torch.tanh(self.branches[1](x)) + p[2] * F.relu(self.branches[2](x))
        return self.head(self.norm(y))


class GroupNormNet(nn.Module):
    """Convolutions, group norm and pools."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            nn.GroupNorm(2, 4),
            nn.SiLU(),
            nn.AvgPool2d(2),
            nn.Conv2d(4, 4, 3, padding=1, groups=2),
            nn.GroupNorm(4, 4),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.features(x))


class VisionTransformer(nn.Module):
    """Patches by a convolution, a class token, learned positions without a batch dimension, one encoder block."""

    def __init__(self, width=4):
        super().__init__()
        self.patches = nn.Conv2d(2, width, 2, stride=2)
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.positions = nn.Parameter(0.5 * torch.randn(5, width))
        self.norm1 = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 6), nn.GELU(), nn.Linear(6, width))
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        x = x + self.mlp(self.norm2(x))
        return self.head(x[:, 0])


VECTOR, IMAGE = (4, 3), (4, 2, 3, 3)
modules = {
    "mlp": (Mlp(), VECTOR),
    "views": (Views(), IMAGE),
    "skip sums": (SkipSums(), IMAGE),
    "shared weights": (SharedWeights(), VECTOR),
    "scaled parameter": (ScaledParameter(), VECTOR),
    "weight norm": (WeightNorm(), VECTOR),
    "squeeze-excite": (SqueezeExcite(), IMAGE),
    "mixture": (Mixture(), VECTOR),
    "group norm": (GroupNormNet(), (4, 2, 4, 4)),
    "vision transformer": (VisionTransformer(), (4, 2, 4, 4)),
}


def results_of(module, x):
    y = module(x)
    names, values = zip(*module.named_parameters())
    rows = lambda outputs: [torch.autograd.grad(o, values, retain_graph=True, allow_unused=True) for o in outputs]
    kernel = lambda gradients, chosen: sum(
        torch.einsum("ip,jp->ij", *2 * [torch.stack([row[k] for row in gradients]).flatten(1)]) for k in chosen
    )
    summed = rows(y.sum(1))
    each = [rows(y[:, k]) for k in range(y.shape[1])]
    selections = {
        "all": range(len(names)),
        "weight": [k for k, name in enumerate(names) if "weight" in name],
    }
    results = {"logits": y}
    for label, chosen in selections.items():
        results[f"sum/{label}"] = kernel(summed, chosen)
        results[f"trace/{label}"] = sum(kernel(gradients, chosen) for gradients in each)
    for k in [0, len(names) - 1]:
        results[f"jacobian/{names[k]}"] = torch.stack([row[k] for row in summed])
    return results


tensors = {}
for name, (module, shape) in modules.items():
    x = torch.randn(shape)
    for value in list(module.parameters()) + [b for b in module.buffers() if b.is_floating_point()]:
        value.data += 0.3 * torch.rand_like(value)
    tensors[f"{name}/input"] = x
    for key, value in module.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            tensors[f"{name}/state/{key}"] = value.clone()
    results = {mode: results_of(copy.deepcopy(module).train(mode == "train"), x) for mode in ["train", "eval"]}
    same = all(torch.equal(value, results["eval"][key]) for key, value in results["train"].items())
    for mode in ["both"] if same else ["train", "eval"]:
        for key, value in results["train" if same else mode].items():
            tensors[f"{name}/{mode}/{key}"] = value

path = pathlib.Path(__file__).with_suffix(".safetensors")
safetensors.write(path, {"torch": torch.__version__}, tensors)
