#!/usr/bin/env python3
"""Networks of PyTorch: written as ONNX files, and their kernels timed beside ntkit.

usage: torch_networks.py export NAME PATH   writes PATH.onnx and PATH.npy, a batch of 32 images
       torch_networks.py time NAME PATH THREADS REPEATS

`time` prints one JSON object: the best seconds of the loop over samples and, in eval mode, of functorch's vmap(grad), the
peak of the process's memory in bytes, and, not timed, the kernel of the summed outputs over all parameters in float64.
"""
import json
import resource
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

MODES = {"resnet18": "eval", "mobilenet": "eval", "vit": "eval", "resnet18-w16": "train"}


def resnet(width):
    network = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [2, 2, 2, 2], num_classes=10)
    network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    if width == 64:
        return network
    factor = 64 // width
    for name, module in list(network.named_modules()):
        parent = network.get_submodule(name.rpartition(".")[0])
        last = name.rpartition(".")[2]
        if isinstance(module, nn.Conv2d):
            inputs = module.in_channels if module.in_channels == 3 else module.in_channels // factor
            new = nn.Conv2d(inputs, module.out_channels // factor, module.kernel_size, module.stride, module.padding, bias=False)
        elif isinstance(module, nn.BatchNorm2d):
            new = nn.BatchNorm2d(module.num_features // factor)
        elif isinstance(module, nn.Linear):
            new = nn.Linear(module.in_features // factor, module.out_features)
        else:
            continue
        setattr(parent, last, new)
    return network


class Block(nn.Module):
    def __init__(self, d, heads=4):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.fc1, self.fc2 = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        a = torch.softmax(q @ k.transpose(-2, -1) * (d // self.heads) ** -0.5, -1)
        x = x + self.proj((a @ v).transpose(1, 2).reshape(n, t, d))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class ViT(nn.Module):
    def __init__(self, d=64, layers=4, patch=4):
        super().__init__()
        self.embed = nn.Conv2d(3, d, patch, patch)
        self.pos = nn.Parameter(torch.randn(1, (32 // patch) ** 2, d) * 0.02)
        self.blocks = nn.Sequential(*[Block(d) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, 10)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2) + self.pos
        return self.head(self.norm(self.blocks(x)).mean(1))


BUILD = {
    "resnet18": lambda: resnet(64),
    "mobilenet": lambda: torchvision.models.mobilenet_v2(num_classes=10),
    "vit": ViT,
    "resnet18-w16": lambda: resnet(16),
}


def network_and_batch(name):
    torch.manual_seed(0)
    network = BUILD[name]()
    images = torch.randn(32, 3, 32, 32)
    with torch.no_grad():
        network.train()(images)  # running statistics of something
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network.train(MODES[name] == "train"), images


def export(name, path):
    network, images = network_and_batch(name)
    torch.onnx.export(
        network.eval(), images, path + ".onnx", opset_version=17, input_names=["images"], output_names=["logits"],
        dynamic_axes={"images": {0: "N"}}, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
    )
    np.save(path + ".npy", images.numpy())


def loop(network, images):
    parameters = list(network.parameters())
    y = network(images).sum(1) if network.training else None
    rows = []
    for i in range(len(images)):
        out = y[i] if network.training else network(images[i : i + 1]).sum()
        gradients = torch.autograd.grad(out, parameters, retain_graph=network.training)
        rows.append(torch.cat([g.reshape(-1) for g in gradients]))
    j = torch.stack(rows)
    return j @ j.T


def mapped(network, images):
    import functorch

    function, parameters, buffers = functorch.make_functional_with_buffers(network)

    def of(parameters, x):
        return function(parameters, buffers, x[None]).sum()

    gradients = functorch.vmap(functorch.grad(of), (None, 0))(parameters, images)
    return sum(g.reshape(len(images), -1) @ g.reshape(len(images), -1).T for g in gradients)


def timed(function, repeats):
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def main():
    if sys.argv[1] == "export":
        return export(sys.argv[2], sys.argv[3])
    _, _, name, _, threads, repeats = sys.argv
    torch.set_num_threads(int(threads))
    network, images = network_and_batch(name)
    result = {"loop": timed(lambda: loop(network, images), int(repeats))}
    if not network.training:
        try:
            result["vmap"] = timed(lambda: mapped(network, images), int(repeats))
        except RuntimeError as error:
            result["vmapError"] = str(error).splitlines()[0]
    result["peakBytes"] = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Summed in float32 as above, a kernel of millions of parameters is right to 1e-2 only.
    result["kernel"] = loop(network.double(), images.double()).tolist()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
