#!/usr/bin/env python3
"""Steps of training of ResNet-18 of width 16 on a batch of 64, to be timed beside ntkit.

usage: torch_training.py export PATH    writes PATH.onnx, with the weights that `time` begins with
       torch_training.py time THREADS   waits for lines: each takes that many steps and prints {"seconds", "losses"}
"""
import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from torch_networks import resnet

BATCH = 64


def batch():
    """What both sides compute from a formula: images, and labels."""
    images = np.sin(np.arange(BATCH * 3 * 32 * 32, dtype=np.float64) ** 2).astype(np.float32).reshape(BATCH, 3, 32, 32)
    return torch.from_numpy(images), torch.arange(BATCH) % 10


def network():
    torch.manual_seed(0)
    return resnet(16)


def main():
    if sys.argv[1] == "export":
        images, _ = batch()
        torch.onnx.export(
            network().eval(), images, sys.argv[2] + ".onnx", opset_version=17, input_names=["images"],
            output_names=["logits"], dynamic_axes={"images": {0: "N"}},
            training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
        )
        return
    torch.set_num_threads(int(sys.argv[2]))
    images, labels = batch()
    model = network().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for line in sys.stdin:
        losses, best = [], float("inf")
        for _ in range(int(line)):
            start = time.perf_counter()
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            best = min(best, time.perf_counter() - start)
        print(json.dumps({"seconds": best, "losses": losses}), flush=True)


if __name__ == "__main__":
    main()
