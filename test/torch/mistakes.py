"""Tangent kernels with and without a mistake in them, which test/testing/against.test.ts has explained.

    python3 test/torch/mistakes.py        (PyTorch 1.13; writes mistakes.safetensors and mistakes.onnx beside itself)

Two networks: `onnx`, which mistakes.onnx holds, with two normalisations, a pool with padding, a square layer that is used
twice and inputs of ReLU that are 0; and `cell`, a network of NAS-Bench-201's family. For each, `<network>/input` and
`<network>/state/<name>`. For every kernel `<kernel>/ntk`, some with `<kernel>/rows/<name>` and `<kernel>/logits`; the
metadata `kernels` say as JSON what each is of and which mistakes were made, by their kinds.

Mistakes are made as they happen: by an option of the forward pass, by gradients that are not set to zero, by a list of
parameters. In train mode every output depends on the whole batch: rows are backward passes over it.
"""

import json
import math
import pathlib
import types

import torch
from torch import nn
from torch.nn import functional as F

import safetensors

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)

N, K = 5, 3

RIGHT = dict(
    mode="train", eps=1e-5, outside=False, unbiased=False, detach="", swap=(), flip=False, hw=False, relu0=0, pad=False,
    tanh="right",
)


class WrongTanh(torch.autograd.Function):
    """tanh with the derivative 1 − |tanh|."""

    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * (1 - y.abs())


class Relu(torch.autograd.Function):
    """ReLU with another derivative at 0."""

    @staticmethod
    def forward(ctx, x, at0):
        ctx.save_for_backward(x)
        ctx.at0 = at0
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, g, torch.where(x == 0, g * ctx.at0, torch.zeros_like(g))), None


class Network:
    """A forward pass as a function of a state and of what is done otherwise."""

    def __init__(self, state, x, o):
        self.s, self.x, self.o = state, x, types.SimpleNamespace(**{**RIGHT, **o})

    def weight(self, name):
        w = self.s[name]
        if name in self.o.swap or ("all" in self.o.swap and w.dim() > 1 and w.shape[0] == w.shape[1]):
            w = w.transpose(0, 1)
        if self.o.flip and w.dim() == 4:
            w = w.flip(2, 3)
        if self.o.hw and w.dim() == 4:
            w = w.transpose(2, 3)
        return w

    def relu(self, x):
        return Relu.apply(x, self.o.relu0)

    def tanh(self, x):
        return torch.tanh(x) if self.o.tanh == "right" else WrongTanh.apply(x)

    def conv(self, x, name, **options):
        return F.conv2d(x, self.weight(name + ".weight"), self.s.get(name + ".bias"), **options)

    def linear(self, x, name):
        return F.linear(x, self.weight(name + ".weight"), self.s[name + ".bias"])

    def pool(self, x, size, stride, padding):
        return F.avg_pool2d(x, size, stride, padding, count_include_pad=self.o.pad)

    def norm(self, x, name):
        o = self.o
        if o.mode == "train":
            mean = x.mean((0, 2, 3))
            variance = x.var((0, 2, 3), unbiased=o.unbiased)
            mean = mean.detach() if "mean" in o.detach else mean
            variance = variance.detach() if "variance" in o.detach else variance
        else:
            mean, variance = self.s[name + ".running_mean"], self.s[name + ".running_var"]
        divisor = variance.sqrt() + o.eps if o.outside else (variance + o.eps).sqrt()
        channel = lambda v: v[None, :, None, None]
        y = (x - channel(mean)) / channel(divisor)
        return y * channel(self.s[name + ".weight"]) + channel(self.s[name + ".bias"])


class Onnx(Network):
    def logits(self):
        x = self.relu(self.conv(self.x, "conv1", padding=1))
        x = self.pool(x, 3, 1, 1)
        x = self.relu(self.norm(self.conv(x, "conv2", padding=1), "bn1"))
        x = self.norm(self.conv(x, "conv3", padding=1), "bn2")
        x = self.relu(x).mean((2, 3))
        x = self.tanh(self.linear(x, "mix"))
        x = self.tanh(self.linear(x, "mix"))
        return self.linear(x, "head")


class OnnxModule(nn.Module):
    """The same, as it is exported."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4, momentum=0.0)  # the export runs it, and would move its statistics
        self.conv3 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(4, momentum=0.0)
        self.mix = nn.Linear(4, 4)
        self.head = nn.Linear(4, K)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = torch.relu(self.bn1(self.conv2(x)))
        x = torch.relu(self.bn2(self.conv3(x))).mean((2, 3))
        x = torch.tanh(self.mix(torch.tanh(self.mix(x))))
        return self.head(x)


CELL = "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|nor_conv_3x3~1|avg_pool_3x3~2|"


class Cell(Network):
    """NAS-Bench-201's skeleton with C = 2 and N = 1."""

    def unit(self, x, name, stride=1, padding=1):
        y = self.conv(self.relu(x), name + ".op.1", stride=stride, padding=padding)
        return self.norm(y, name + ".op.2")

    def cell(self, x, name):
        a = self.unit(x, name + ".layers.0")
        b = self.pool(x, 3, 1, 1) + self.unit(a, name + ".layers.2", padding=0)
        return x + self.unit(a, name + ".layers.4") + self.pool(b, 3, 1, 1)

    def reduce(self, x, name):
        y = self.unit(self.unit(x, name + ".conv_a", stride=2), name + ".conv_b")
        return y + self.conv(self.pool(x, 2, 2, 0), name + ".downsample.1")

    def logits(self):
        x = self.norm(self.conv(self.x, "stem.0", padding=1), "stem.1")
        for i, part in enumerate([self.cell, self.reduce, self.cell, self.reduce, self.cell]):
            x = part(x, f"cells.{i}")
        x = self.relu(self.norm(x, "lastact.0")).mean((2, 3))
        return self.linear(x, "classifier")


def cell_state():
    state, c = {}, 2

    def conv(name, o, i, k):
        state[name + ".weight"] = torch.randn(o, i, k, k) / math.sqrt(i * k * k / 2)

    def norm(name, c):
        state[name + ".weight"] = 1 + 0.3 * torch.randn(c)
        state[name + ".bias"] = 0.3 * torch.randn(c)
        state[name + ".running_mean"] = 0.2 * torch.randn(c)
        state[name + ".running_var"] = 0.7 + 0.5 * torch.rand(c)

    conv("stem.0", c, 3, 3)
    norm("stem.1", c)
    for i in range(5):
        if i % 2 == 0:
            for layer, k in [(0, 3), (2, 1), (4, 3)]:
                conv(f"cells.{i}.layers.{layer}.op.1", c, c, k)
                norm(f"cells.{i}.layers.{layer}.op.2", c)
        else:
            conv(f"cells.{i}.conv_a.op.1", 2 * c, c, 3)
            norm(f"cells.{i}.conv_a.op.2", 2 * c)
            conv(f"cells.{i}.conv_b.op.1", 2 * c, 2 * c, 3)
            norm(f"cells.{i}.conv_b.op.2", 2 * c)
            conv(f"cells.{i}.downsample.1", 2 * c, c, 1)
            c *= 2
    norm("lastact.0", c)
    state["classifier.weight"] = torch.randn(K, c) / math.sqrt(c)
    state["classifier.bias"] = 0.3 * torch.randn(K)
    return state


module = OnnxModule()
for name, value in module.state_dict().items():
    if value.is_floating_point():
        value += 0.4 * (torch.rand_like(value) if name.endswith("running_var") else torch.randn_like(value))
module.conv1.bias.data[0] = 0
onnx_state = {k: v.clone() for k, v in module.state_dict().items() if v.is_floating_point()}
onnx_input = torch.randn(N, 1, 6, 6)
onnx_input[:3, :, :4, :4] = 0  # inputs of the first ReLU that are 0
networks = {
    "onnx": (Onnx, onnx_state, onnx_input),
    "cell": (Cell, cell_state(), torch.randn(N, 3, 4, 4)),
}
# The largest output is not the same for all samples.
cell, state, x = networks["cell"]
state["classifier.bias"] -= cell(state, x, {"mode": "eval"}).logits().mean(0)


def outputs_of(y, outputs, last):
    """The scalars whose gradients are rows, sample by sample."""
    if last:
        y = {"softmax": torch.softmax, "log-softmax": torch.log_softmax}[last](y, 1)
    if outputs in ("full", "trace"):
        return [y[i, k] for i in range(N) for k in range(K)]
    if outputs == "sum":
        return [y[i].sum() for i in range(N)]
    if outputs == "mean":
        return [y[i].mean() for i in range(N)]
    if outputs == "largest":
        return [y[i].max() for i in range(N)]
    return [y[i, outputs] for i in range(N)]


def jacobian(network, outputs="sum", last=None, zero_grad=True, dtype=torch.float64, order=None, by_output=False, **o):
    """Rows for every parameter, by name, and the logits."""
    kind, state, x = networks[network]
    x = x if order is None else x[order]
    state = {k: v.to(dtype).clone().requires_grad_("running" not in k) for k, v in state.items()}
    names = [k for k in state if "running" not in k]
    y = kind(state, x.to(dtype), o).logits()
    scalars = outputs_of(y, outputs, last)
    rows = {name: [None] * len(scalars) for name in names}
    places = [i * K + k for k in range(K) for i in range(N)] if by_output else range(len(scalars))
    for r in places:
        if zero_grad:
            for name in names:
                state[name].grad = None
        scalars[r].backward(retain_graph=True)
        for name in names:
            grad = state[name].grad
            rows[name][r] = torch.zeros_like(state[name]) if grad is None else grad.clone()
    return {name: torch.stack(each) for name, each in rows.items()}, y.detach()


def is_weight(name):
    return "weight" in name


CHOICES = {"weight": is_weight, "all": lambda name: True}


def product(rows, names, outputs):
    j = torch.cat([rows[name].flatten(1) for name in names], 1)
    if outputs == "trace":
        j = j.reshape(N, -1)
    return j @ j.T


kernels, tensors, single = {}, {}, []


def send(name, network, outputs, parameters, ntk, kinds, says="", mode="train", rows=None, logits=None, as32=False):
    kernels[name] = dict(
        network=network, outputs=str(outputs), parameters=parameters, mode=mode, mistakes=kinds, says=says
    )
    tensors[name + "/ntk"] = ntk
    if as32:
        single.append(name + "/ntk")
    for key, value in (rows or {}).items():
        tensors[f"{name}/rows/{key}"] = value
    if logits is not None:
        tensors[name + "/logits"] = logits


def make(name, kinds, says="", network="onnx", outputs="sum", parameters="weight", mode="train", keep_rows=False,
         select=None, factor=1, computed=None, **options):
    """A kernel that is said to be of some outputs and parameters, computed with mistakes."""
    real = outputs if computed is None else computed
    rows, logits = jacobian(network, real, **{"mode": mode, **options})
    names = [key for key in rows if CHOICES[parameters](key)]
    if select is not None:
        names = select(names, list(rows))
    ntk = factor * product(rows, names, real)
    kept = {key: rows[key] for key in names} if keep_rows else None
    send(name, network, outputs, parameters, ntk, kinds, says, mode, kept, logits if keep_rows else None)


# Without a mistake: two networks, both modes, three choices of outputs and parameters, both precisions.
for network in networks:
    for mode in ["train", "eval"]:
        for outputs, parameters in [("sum", "weight"), ("trace", "all"), ("full", "all"), (1, "weight")]:
            for dtype in [torch.float64, torch.float32]:
                rows, _ = jacobian(network, outputs, mode=mode, dtype=dtype)
                names = [key for key in rows if CHOICES[parameters](key)]
                as32 = dtype is torch.float32
                label = f"right/{network} {mode} {outputs} {parameters} {'float32' if as32 else 'float64'}"
                send(label, network, outputs, parameters, product(rows, names, outputs), [], "", mode, as32=as32)

# One mistake.
count = sum(v.numel() for k, v in onnx_state.items() if is_weight(k))
biases = lambda names, every: every
no_gamma = lambda names, every: [k for k in names if "bn" not in k]
twice = lambda names, every: names + [k for k in names if k.startswith("mix")]
but = lambda *left: lambda names, every: [k for k in names if k not in left]
order = torch.tensor([3, 0, 4, 2, 1])

make("one/train for eval", ["mode"], parameters="all", mode="eval")
kernels["one/train for eval"]["mode"] = "train"
make("one/eval for train", ["mode"], parameters="all", mode="train")
kernels["one/eval for train"]["mode"] = "eval"
make("one/biases in", ["biases"], "all biases", select=biases)
make("one/biases out", ["biases"], "all biases", outputs="trace", parameters="all",
     select=lambda names, every: [k for k in names if is_weight(k)])
make("one/layers' biases out", ["biases"], "convolutions and linear", outputs=2, parameters="all",
     select=lambda names, every: [k for k in names if is_weight(k) or "bn" in k])
make("one/beta out", ["biases"], "^β", parameters="all",
     select=lambda names, every: [k for k in names if is_weight(k) or "bn" not in k])
make("one/gamma out", ["gamma"], "^γ of", select=no_gamma)
make("one/gamma and beta out", ["gamma"], "^γ and β", parameters="all", select=no_gamma)
make("one/conv3 left out", ["left out"], r"^conv3\.weight", outputs="trace", select=but("conv3.weight"))
make("one/bn1 weight left out", ["left out"], r"^bn1\.weight", mode="eval", select=but("bn1.weight"))
make("one/head bias in", ["one too many"], r"^head\.bias", mode="eval",
     select=lambda names, every: names + ["head.bias"])
make("one/summed", ["summed"], outputs="trace", parameters="all", computed="sum")
make("one/traced", ["traced"], outputs="sum", computed="trace")
make("one/averaged sum", ["averaged"], r"K²", computed="mean")
make("one/averaged trace", ["averaged"], r"by K\)", outputs="trace", parameters="all", factor=1 / K)
make("one/class 2", ["one class"], "output 2", outputs="trace", parameters="all", computed=2)
make("one/largest output", ["one class"], "largest", network="cell", mode="eval", computed="largest")
make("one/softmax first", ["softmax first"], "^softmax", outputs="trace", last="softmax")
make("one/softmax first, summed", ["softmax first"], "^softmax", last="softmax")
make("one/log-softmax first", ["softmax first"], "^log-softmax", mode="eval", last="log-softmax")
make("one/divided by N", ["factor"], "divided by N", factor=1 / N)
make("one/divided by P", ["factor"], "divided by P", factor=1 / count)
make("one/divided by K", ["factor"], "divided by K", outputs=0, factor=1 / K)
make("one/divided by root N", ["factor"], "divided by √N", outputs="full", factor=N**-0.5)
make("one/divided by root P", ["factor"], "divided by √P", factor=count**-0.5)
make("one/unbiased variance", ["variance"], unbiased=True)
for eps, says in [(1e-3, r"is 1e-3$"), (0, r"is 0$"), (1e-4, r"is 1e-4"), (1e-6, r"is 1e-6"), (1e-8, r"is 1e-8")]:
    make(f"one/epsilon {eps}", ["epsilon"], says, eps=eps)
make("one/epsilon 0.001 in eval mode", ["epsilon"], r"is 1e-3", mode="eval", parameters="all", eps=1e-3)
make("one/epsilon outside", ["epsilon"], "deviation", outside=True)
make("one/permuted", ["permuted"], r"\[3, 0, 4, 2, 1\]", order=order)
make("one/permuted full", ["permuted"], r"\[3, 0, 4, 2, 1\]", outputs="full", parameters="all", order=order)
make("one/transposed", ["order of weights"], r"^mix\.weight", swap=("mix.weight",))
make("one/all transposed", ["order of weights"], "^all weights .* transposed", mode="eval", swap=("all",))
make("one/turned", ["order of weights"], "180", flip=True)
make("one/height as width", ["order of weights"], "height", hw=True)
make("one/detached statistics", ["detached"], "mean and variance", detach="mean and variance")
make("one/detached variance", ["detached"], "the variance", outputs="trace", detach="variance")
make("one/shared twice", ["shared twice"], r"mix\.weight", select=twice)
make("one/accumulated", ["accumulated"], zero_grad=False)
make("one/accumulated trace", ["accumulated"], "to row$", outputs="trace", parameters="all", zero_grad=False)
make("one/accumulated by output", ["accumulated"], "output by output", outputs="trace", zero_grad=False, by_output=True)
make("one/float32", ["float32"], dtype=torch.float32)
make("one/float32 in eval mode", ["float32"], outputs="full", parameters="all", mode="eval", dtype=torch.float32)
make("one/relu at 0 is 1", ["relu at 0"], "is 1$", parameters="all", relu0=1)
make("one/relu at 0 is a half", ["relu at 0"], "is 0.5$", parameters="all", relu0=0.5)
make("one/padding counts", ["padding of pools"], pad=True)
make("one/rows by output", ["order of rows"], outputs="full", parameters="all")
name = "one/rows by output"
tensors[name + "/ntk"] = tensors[name + "/ntk"].reshape(N, K, N, K).permute(1, 0, 3, 2).reshape(N * K, N * K)
make("one/cell train for eval", ["mode"], network="cell", mode="eval")
kernels["one/cell train for eval"]["mode"] = "train"
make("one/cell gamma out", ["gamma"], "^γ of", network="cell",
     select=lambda names, every: [k for k in names if networks["cell"][1][k].dim() > 1])
make("one/cell left out", ["left out"], r"^cells\.1\.downsample\.1\.weight", network="cell", outputs="trace",
     select=but("cells.1.downsample.1.weight"))
make("one/cell padding counts", ["padding of pools"], network="cell", mode="eval", pad=True)
make("one/cell detached", ["detached"], "mean and variance", network="cell", detach="mean and variance")

# Two mistakes.
make("two/biases in and divided by N", ["biases", "factor"], select=biases, factor=1 / N)
make("two/softmax first and gamma out", ["softmax first", "gamma"], outputs="trace", last="softmax", select=no_gamma)
make("two/epsilon and accumulated", ["epsilon", "accumulated"], eps=1e-3, zero_grad=False)
make("two/unbiased and conv2 left out", ["variance", "left out"], unbiased=True, select=but("conv2.weight"))
make("two/permuted and averaged", ["permuted", "averaged"], computed="mean", order=order)
make("two/detached and padding", ["detached", "padding of pools"], detach="mean and variance", pad=True)
make("two/epsilon and unbiased", ["epsilon", "variance"], eps=1e-3, unbiased=True)
make("two/conv1 and head left out", ["left out", "left out"], outputs="trace", select=but("conv1.weight", "head.weight"))
make("two/mode and float32", ["mode", "float32"], mode="eval", dtype=torch.float32)
kernels["two/mode and float32"]["mode"] = "train"
make("two/class for trace and shared twice", ["one class", "shared twice"], outputs="trace", computed=1, select=twice)
make("two/cell mode and permuted", ["mode", "permuted"], network="cell", mode="eval", order=order)
kernels["two/cell mode and permuted"]["mode"] = "train"

# None of them: a derivative that is wrong, in the middle of the network.
make("none/tanh", ["none"], "mix.weight", keep_rows=True, tanh="wrong")
make("none/tanh in a full kernel", ["none"], "mix.bias", outputs="full", parameters="all", keep_rows=True, tanh="wrong")

for network, (_, state, x) in networks.items():
    tensors[f"{network}/input"] = x
    for key, value in state.items():
        tensors[f"{network}/state/{key}"] = value

folder = pathlib.Path(__file__).parent
metadata = {"torch": torch.__version__, "kernels": json.dumps(kernels), "cell": CELL}
safetensors.write(folder / "mistakes.safetensors", metadata, tensors, single)
module.train()
torch.onnx.export(
    module, onnx_input, str(folder / "mistakes.onnx"), opset_version=13, do_constant_folding=False,
    training=torch.onnx.TrainingMode.TRAINING, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "n"}},
)
for (kind, state, x), mode in [(networks["onnx"], "train")]:
    module.load_state_dict(state, strict=False)
    assert torch.allclose(kind(state, x, {"mode": mode}).logits(), module(x), atol=1e-12)
