"""Layers of PyTorch in float64: outputs, gradients and running statistics that test/nn/torchLayers.test.ts compares with.

    python3 test/torch/layers.py        (PyTorch 1.13; writes test/torch/layers.safetensors)

For every case: `<case>/input`, `<case>/cotangent`, `<case>/state/<name>`, and for the mode `train`, `eval` or `both` (where
they agree) `<case>/<mode>/output`, `<case>/<mode>/gradient/<input or parameter>`; `<case>/after/<buffer>` is a buffer after
one forward pass in train mode. Inputs are drawn away from the kinks of their layer, on both sides of each.
"""

import copy
import pathlib

import torch
from torch import nn

import safetensors

torch.manual_seed(13)
torch.set_default_dtype(torch.float64)

IMAGE, SEQUENCE, VECTOR = (2, 4, 3, 3), (2, 4, 5), (3, 4)
# Both sides of −3, −1, 0, 1, 3 and 6, and far out.
POINTS = torch.tensor(
    [[-30.0, -7.3, -3.4, -2.6, -1.4, -0.7, -0.2, 0.3], [0.8, 1.3, 2.7, 3.3, 5.6, 6.4, 25.0, 12.5]]
)


class SelfAttention(nn.MultiheadAttention):
    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)[0]


class Hardsigmoid(nn.Module):
    """By its formula: the derivative of PyTorch's own takes 1/6 in float32, 3e-8 off."""

    def forward(self, x):
        return (x + 3).clamp(0, 6) / 6


cases = {
    "Flatten": (nn.Flatten(), IMAGE),
    "Flatten 2": (nn.Flatten(2), IMAGE),
    "Flatten 0 1": (nn.Flatten(0, 1), IMAGE),
    "Unflatten": (nn.Unflatten(1, (2, 2)), VECTOR),
    "ZeroPad2d": (nn.ZeroPad2d((1, 2, 0, 3)), IMAGE),
    "Linear": (nn.Linear(4, 3), VECTOR),
    "Linear sequence": (nn.Linear(5, 2), SEQUENCE),
    "Linear without bias": (nn.Linear(4, 3, bias=False), VECTOR),
    "Conv2d": (nn.Conv2d(4, 6, (3, 2), stride=(1, 2), padding=(1, 0), groups=2), IMAGE),
    "Conv2d dilated": (nn.Conv2d(4, 2, 2, padding=1, dilation=2, bias=False), IMAGE),
    "Conv2d same": (nn.Conv2d(4, 2, (2, 3), padding="same", dilation=(1, 2)), IMAGE),
    "Conv1d": (nn.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2), SEQUENCE),
    "ConvTranspose2d": (nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), IMAGE),
    "ConvTranspose2d dilated": (nn.ConvTranspose2d(4, 2, (2, 3), dilation=2, bias=False), IMAGE),
    "BatchNorm2d": (nn.BatchNorm2d(4, eps=0.01, momentum=0.3), IMAGE),
    "BatchNorm2d plain": (nn.BatchNorm2d(4, affine=False, track_running_stats=False), IMAGE),
    "BatchNorm1d": (nn.BatchNorm1d(4), VECTOR),
    "BatchNorm1d sequence": (nn.BatchNorm1d(4, eps=0.1), SEQUENCE),
    "GroupNorm": (nn.GroupNorm(2, 4, eps=0.02), IMAGE),
    "GroupNorm vector": (nn.GroupNorm(2, 8, affine=False), (3, 8)),
    "LayerNorm": (nn.LayerNorm(5, eps=0.03), SEQUENCE),
    "LayerNorm 2": (nn.LayerNorm((3, 3)), IMAGE),
    "LayerNorm plain": (nn.LayerNorm(4, elementwise_affine=False), VECTOR),
    "InstanceNorm2d": (nn.InstanceNorm2d(4, eps=0.04), IMAGE),
    "InstanceNorm2d tracked": (nn.InstanceNorm2d(4, momentum=0.2, affine=True, track_running_stats=True), IMAGE),
    "AvgPool2d": (nn.AvgPool2d(2, stride=1, padding=1), IMAGE),
    "AvgPool2d uncounted": (nn.AvgPool2d((3, 2), stride=2, padding=(1, 0), count_include_pad=False), IMAGE),
    "AvgPool2d ceil": (nn.AvgPool2d(2, padding=1, ceil_mode=True), (2, 2, 4, 5)),
    "MaxPool2d": (nn.MaxPool2d((2, 3), stride=1, padding=(1, 0)), IMAGE),
    "MaxPool2d ceil": (nn.MaxPool2d(2, ceil_mode=True), (2, 2, 3, 5)),
    "AvgPool1d": (nn.AvgPool1d(3, stride=2, padding=1), SEQUENCE),
    "MaxPool1d": (nn.MaxPool1d(2, ceil_mode=True), SEQUENCE),
    "AdaptiveAvgPool2d": (nn.AdaptiveAvgPool2d((3, 2)), (2, 2, 5, 3)),
    "AdaptiveAvgPool2d divides": (nn.AdaptiveAvgPool2d(2), (2, 2, 4, 6)),
    "AdaptiveAvgPool2d larger": (nn.AdaptiveAvgPool2d((4, 5)), (2, 2, 3, 2)),
    "Upsample": (nn.Upsample(scale_factor=2), IMAGE),
    "Upsample size": (nn.Upsample(size=(5, 2)), IMAGE),
    "Upsample fraction": (nn.Upsample(scale_factor=1.2), (1, 1, 9, 2)),
    "PReLU": (nn.PReLU(), POINTS),
    "PReLU channels": (nn.PReLU(4, init=0.3), IMAGE),
    "ReLU": (nn.ReLU(), POINTS),
    "ReLU6": (nn.ReLU6(), POINTS),
    "LeakyReLU": (nn.LeakyReLU(0.2), POINTS),
    "LeakyReLU default": (nn.LeakyReLU(), POINTS),
    "ELU": (nn.ELU(1.3), POINTS),
    "Softplus": (nn.Softplus(), POINTS),
    "Softplus beta": (nn.Softplus(2.0, 10.0), POINTS),
    "Sigmoid": (nn.Sigmoid(), POINTS),
    "Tanh": (nn.Tanh(), POINTS),
    "SiLU": (nn.SiLU(), POINTS),
    "GELU": (nn.GELU(), POINTS),
    "GELU tanh": (nn.GELU(approximate="tanh"), POINTS),
    "Hardswish": (nn.Hardswish(), POINTS),
    "Hardsigmoid": (Hardsigmoid(), POINTS),
    "Hardtanh": (nn.Hardtanh(-1.0, 2.0), POINTS),
    "Mish": (nn.Mish(), POINTS),
    "Softmax": (nn.Softmax(1), IMAGE),
    "Softmax last": (nn.Softmax(-1), POINTS),
    "LogSoftmax": (nn.LogSoftmax(1), POINTS),
    "Embedding": (nn.Embedding(7, 3), torch.tensor([[0.0, 3, 3, 6], [6, 1, 0, 2]])),
    "MultiheadAttention": (SelfAttention(6, 2, batch_first=True), (2, 3, 6)),
    "MultiheadAttention sequence first": (SelfAttention(6, 3, bias=False), (3, 2, 6)),
}

tensors = {}
for name, (layer, x) in cases.items():
    x = torch.randn(x) if isinstance(x, tuple) else x
    # No parameter or statistic at the value that it starts with.
    for value in list(layer.parameters()) + [b for b in layer.buffers() if b.is_floating_point()]:
        value.data += 0.3 * torch.rand_like(value)
    for key, value in layer.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            tensors[f"{name}/state/{key}"] = value.clone()
    results = {}
    for mode in ["train", "eval"]:
        copied = copy.deepcopy(layer).train(mode == "train")
        leaf = x.long() if isinstance(layer, nn.Embedding) else x.clone().requires_grad_()
        y = copied(leaf)
        if mode == "train":
            cotangent = torch.randn_like(y)
            for key, value in copied.named_buffers():
                if not key.endswith("num_batches_tracked"):
                    tensors[f"{name}/after/{key}"] = value
        wanted = dict(copied.named_parameters())
        if leaf.is_floating_point():
            wanted["input"] = leaf
        gradients = torch.autograd.grad(y, list(wanted.values()), cotangent)
        results[mode] = {"output": y, **{f"gradient/{key}": g for key, g in zip(wanted, gradients)}}
    same = all(torch.equal(value, results["eval"][key]) for key, value in results["train"].items())
    tensors[f"{name}/input"], tensors[f"{name}/cotangent"] = x, cotangent
    for mode in ["both"] if same else ["train", "eval"]:
        for key, value in results["train" if same else mode].items():
            tensors[f"{name}/{mode}/{key}"] = value

path = pathlib.Path(__file__).with_suffix(".safetensors")
safetensors.write(path, {"torch": torch.__version__}, tensors)
