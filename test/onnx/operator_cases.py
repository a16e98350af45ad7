"""Operators of ONNX with random settings, as small models, with what ONNX Runtime makes of them.

    pip install onnx onnxruntime
    python3 test/onnx/operator_cases.py > test/onnx/operator_cases.json && npx prettier --write test/onnx/operator_cases.json
"""

import base64
import json
import random

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
chance = random.Random(0)
pick, whole = chance.choice, chance.randint
generator = np.random.default_rng(0)
cases = []


def normal(*shape):
    return np.round(generator.standard_normal(shape), 2).astype(np.float32)


def integers(values):
    return np.array(values, dtype=np.int64)


def some(attributes, **optional):
    """Each optional attribute is there or is not."""
    return attributes | {name: value for name, value in optional.items() if chance.random() < 0.6}


def listed(array):
    return {"shape": list(array.shape), "data": [float(f"{value:.7g}") for value in array.astype(float).flat]}


def case(operator, opset, inputs, attributes=None, outputs=1, given=(0,), right=None):
    """A model of one node. Inputs are given or initializers; None is left out. What ONNX Runtime refuses is dropped.

    `right` are the outputs of what it has not.
    """
    names = ["" if array is None else f"i{k}" for k, array in enumerate(inputs)]
    results = [f"y{k}" for k in range(outputs)]
    node = helper.make_node(operator, names, results, **(attributes or {}))
    fed = {f"i{k}": inputs[k] for k in given}
    graph = helper.make_graph(
        [node],
        "graph",
        [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in fed.items()],
        [helper.make_empty_tensor_value_info(name) for name in results],
        [
            numpy_helper.from_array(array, name)
            for name, array in zip(names, inputs)
            if array is not None and name not in fed
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    try:
        typed = onnx.shape_inference.infer_shapes(model).SerializeToString()
        values = right or onnxruntime.InferenceSession(typed, providers=["CPUExecutionProvider"]).run(None, fed)
    except Exception:
        return
    if any(value.size == 0 for value in values) and "kernel_shape" in (attributes or {}):
        return  # windows that do not fit
    cases.append(
        {
            "operator": operator,
            "opset": opset,
            "attributes": sorted(attributes or {}),
            "model": base64.b64encode(model.SerializeToString()).decode(),
            "inputs": {name: listed(array) for name, array in fed.items()},
            "outputs": [listed(np.asarray(value)) for value in values],
        }
    )


def image(dimensions=None):
    return [whole(1, 2), whole(1, 3)] + [whole(3, 6) for _ in range(dimensions or pick([1, 2]))]


def windows(dimensions, has_dilations):
    """A kernel, and attributes. Automatic padding goes without gaps and without steps that leave pixels out."""
    kernel = [whole(1, 3) for _ in range(dimensions)]
    attributes = some({}, strides=[whole(1, 3) for _ in range(dimensions)])
    kind = pick(["none", "pads", "auto"])
    if kind == "pads":
        attributes["pads"] = [whole(0, kernel[i % dimensions] - 1) for i in range(2 * dimensions)]
    if kind == "auto":
        attributes["auto_pad"] = pick(["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"])
        attributes["strides"] = [min(kernel[i], whole(1, 3)) for i in range(dimensions)]
    elif has_dilations:
        attributes = some(attributes, dilations=[whole(1, 2) for _ in range(dimensions)])
    return kernel, attributes


def conv():
    shape = image()
    kernel, attributes = windows(len(shape) - 2, True)
    group = pick([1, shape[1]])
    outputs = group * whole(1, 2)
    attributes = some(attributes | {"group": group}, kernel_shape=kernel)
    inputs = [normal(*shape), normal(outputs, shape[1] // group, *kernel), normal(outputs)]
    case("Conv", pick([7, 11, 22]), inputs[: whole(2, 3)], attributes)


def conv_transpose():
    shape = image()
    kernel, attributes = windows(len(shape) - 2, True)
    strides = attributes.get("strides", [1] * len(kernel))
    dilations = attributes.get("dilations", [1] * len(kernel))
    group = pick([1, shape[1]])
    attributes = some(attributes | {"group": group}, kernel_shape=kernel)
    if chance.random() < 0.5 and attributes.get("auto_pad", "NOTSET") == "NOTSET":
        attributes["output_padding"] = [whole(0, step - 1) for step in strides]
    elif "pads" not in attributes and chance.random() < 0.6:
        reach = [(shape[2 + i] - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 for i in range(len(kernel))]
        attributes["output_shape"] = [max(1, each - whole(0, 2)) for each in reach]
    inputs = [normal(*shape), normal(shape[1], 2, *kernel), normal(2 * group)]
    case("ConvTranspose", pick([7, 11, 22]), inputs[: whole(2, 3)], attributes)


def pool(operator, dilations_since, ceil_since, **more):
    shape = image()
    opset = pick([7, 10, 11, 19, 22])
    kernel, attributes = windows(len(shape) - 2, opset >= dilations_since)
    attributes = some(attributes | {"kernel_shape": kernel}, **{name: pick(values) for name, values in more.items()})
    if opset >= ceil_since and "auto_pad" not in attributes:
        attributes = some(attributes, ceil_mode=pick([0, 1]))
    if "storage_order" in attributes and opset < 8:
        del attributes["storage_order"]
    case(operator, opset, [normal(*shape)], attributes)


def pools():
    pool("MaxPool", 10, 10, storage_order=[0, 1])
    pool("AveragePool", 19, 10, count_include_pad=[0, 1])
    pool("LpPool", 18, 18, p=[1, 2, 3])


def normalizations():
    shape = image(2)
    channels = shape[1]
    vectors = [normal(channels) for _ in range(3)]
    statistics = [*vectors, abs(normal(channels))]
    settings = some({}, epsilon=0.01, momentum=0.8)
    case("BatchNormalization", pick([7, 9, 14, 22]), [normal(*shape), *statistics], settings)
    case("InstanceNormalization", pick([7, 22]), [normal(*shape), *vectors[:2]], some({}, epsilon=0.01))
    groups, opset = whole(1, 3), pick([18, 21, 22])
    shape[1] = groups * whole(1, 2)
    count = groups if opset < 21 else shape[1]
    settings = some({"num_groups": groups}, epsilon=0.01)
    case("GroupNormalization", opset, [normal(*shape), normal(count), normal(count)], settings)
    shape = [whole(2, 4) for _ in range(3)]
    axis = whole(-3, 2)
    inputs = [normal(*shape), normal(*shape[axis:]), normal(*shape[axis:])][: whole(2, 3)]
    case("LayerNormalization", pick([17, 22]), inputs, some({"axis": axis}, epsilon=0.01))
    shape = image(2)
    shape[1] = whole(2, 6)
    case("LRN", pick([7, 13]), [normal(*shape)], some({"size": pick([1, 3, 5])}, alpha=0.3, beta=0.6, bias=1.5))


def activations():
    x = normal(2, 3, 4)
    for operator, opset, attributes in [
        ("Elu", 7, {"alpha": 0.7}),
        ("Celu", 12, {"alpha": 0.7}),
        ("LeakyRelu", 7, {"alpha": 0.3}),
        ("Selu", 7, {"alpha": 1.3, "gamma": 0.7}),
        ("ThresholdedRelu", 10, {"alpha": 0.3}),
        ("HardSigmoid", 7, {"alpha": 0.3, "beta": 0.4}),
        ("Gelu", 20, {"approximate": pick(["none", "tanh"])}),
    ]:
        case(operator, opset, [x], some({}, **attributes))
    for operator, opset in [("HardSwish", 14), ("Mish", 18), ("Erf", 9), ("Softplus", 7), ("Softsign", 7)]:
        case(operator, opset, [x])
    case("PRelu", pick([7, 16]), [x, normal(*pick([[1], [3, 1], [3, 4], []]))])
    if chance.random() < 0.5:
        case("Clip", 7, [x], some({}, min=-0.5, max=0.75))
    else:
        case("Clip", pick([11, 13]), [x, pick([None, np.float32(-0.5)]), pick([None, np.float32(0.75)])])
    shape = [whole(1, 4) for _ in range(whole(1, 4))]
    opset = pick([7, 11, 13])
    axis = whole(-len(shape) if opset >= 11 else 0, len(shape) - 1)
    case(pick(["Softmax", "LogSoftmax"]), opset, [normal(*shape)], {"axis": axis} if len(shape) == 1 else some({}, axis=axis))


def broadcasting():
    whole_shape = [whole(1, 3) for _ in range(whole(1, 3))]
    part = [pick([1, extent]) for extent in whole_shape][whole(0, len(whole_shape) - 1) :]
    shapes = chance.sample([whole_shape, part], 2)
    x, y = (normal(*shape) for shape in shapes)
    a, b = (generator.integers(-9, 9, shape) for shape in shapes)
    b[b == 0] = 3
    case(pick(["Add", "Sub", "Mul", "Div"]), pick([7, 14]), [x, y], given=(0, 1))
    case(pick(["Max", "Min", "Sum", "Mean"]), pick([8, 13]), [x, y, normal(1)][: whole(1, 3)])
    case("Pow", pick([7, 13]), [abs(x) + np.float32(0.5), y], given=(0, 1))
    case("Pow", pick([7, 13]), [np.where(x == 0, 1, x).astype(np.float32), np.round(y)])
    case(pick(["Add", "Div"]), 13, [a, b], given=(0, 1))
    case("Mod", 13, [a, b], {"fmod": pick([0, 1])}, given=(0, 1))
    case(pick(["Equal", "Greater", "Less"]), pick([11, 13]), [np.round(x), np.round(y)], given=(0, 1))
    case(pick(["GreaterOrEqual", "LessOrEqual"]), 12, [np.round(x), np.round(y)], given=(0, 1))
    case(pick(["And", "Or", "Xor"]), 7, [a > 0, b > 0], given=(0, 1))
    case("Where", pick([9, 16]), [a > 0, y, x], given=(0, 1, 2))


def reductions():
    names = ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp"]
    for name in chance.sample(names, 5):
        shape = [whole(1, 4) for _ in range(whole(1, 4))]
        x = abs(normal(*shape)) + np.float32(0.01) if name == "LogSum" else normal(*shape)
        opset = pick([7, 11, 13, 18, 20])
        axes = chance.sample(range(len(shape)), whole(1, len(shape)))
        if opset >= 11:
            axes = [pick([axis, axis - len(shape)]) for axis in axes]
        attributes = some({}, keepdims=pick([0, 1]))
        if opset >= 18 or (opset == 13 and name == "Sum"):
            settings = pick([[], [integers(axes)], [integers([])]])
            # With none to reduce, older runtimes leave out what else these do.
            idle = pick([0, 1]) if name in ("Sum", "Mean", "Max", "Min", "Prod") else 0
            case(f"Reduce{name}", opset, [x, *settings], some(attributes, noop_with_empty_axes=idle))
        else:
            case(f"Reduce{name}", opset, [x], some(attributes, axes=axes))


def products():
    m, k, n = (whole(1, 4) for _ in range(3))
    attributes = some({}, alpha=0.5, beta=0.25, transA=1, transB=1)
    a = normal(*((k, m) if "transA" in attributes else (m, k)))
    b = normal(*((n, k) if "transB" in attributes else (k, n)))
    c = normal(*pick([(n,), (1, n), (m, 1), (m, n), (1,), ()]))
    case("Gemm", pick([7, 9]), [a, b, c], attributes)
    case("Gemm", pick([11, 13]), [a, b, c][: whole(2, 3)], attributes)
    case("MatMul", pick([7, 13]), [normal(*pick([[k], [2, k], [2, 1, 2, k]])), normal(*pick([[k], [k, 3], [3, k, 2]]))])
    equation, *shapes = pick(
        [
            ("ij,jk->ik", [2, 3], [3, 4]),
            ("ij , jk", [2, 3], [3, 4]),
            ("bhid,bhjd->bhij", [2, 2, 3, 4], [2, 2, 5, 4]),
            ("ij->ji", [2, 3]),
            ("ij->", [2, 3]),
            ("i,j->ij", [2], [3]),
            ("nchw,ck->nkhw", [2, 3, 4, 2], [3, 5]),
            ("aB,Bc->ca", [2, 3], [3, 4]),
            ("bc,a", [2, 3], [4]),
            ("...ij,...jk->...ik", [2, 3, 4], [2, 4, 5]),
            ("...ij,jk", [2, 3, 4], [4, 5]),
        ]
    )
    case("Einsum", 12, [normal(*shape) for shape in shapes], {"equation": equation})


def shapes():
    x = normal(2, 3, 4)
    opset = pick([7, 11, 13])
    axis = whole(-3 if opset >= 11 else 0, 2)
    case("Reshape", pick([7, 14]), [x, integers(pick([[0, -1], [4, 6], [2, 0, 2, 2], [0, 0, -1], [1, -1, 1, 4]]))])
    case("Flatten", opset, [x], some({}, axis=axis))
    case("Transpose", 7, [x], some({}, perm=chance.sample(range(3), 3)))
    case("Concat", opset, [x, x][: whole(1, 2)], {"axis": axis})
    narrow = x.reshape(1, 6, 1, 4)
    dropped = pick([None, [0], [0, 2]] + ([[-2], [-4, 2]] if opset >= 11 else []))
    if opset < 13:
        case("Squeeze", opset, [narrow], {"axes": dropped} if dropped else {})
        case("Unsqueeze", opset, [x], {"axes": pick([[0], [1, 3], [3]])})
    else:
        case("Squeeze", opset, [narrow] + ([integers(dropped)] if dropped else []))
        case("Unsqueeze", opset, [x, integers(pick([[0], [-1], [1, -1]]))])
    case("Expand", 8, [normal(*pick([(3, 1), (1, 3), (3,), (1,)])), integers(pick([[2, 1, 3], [3, 3], [3, 1, 1]]))])
    case("Tile", pick([7, 13]), [normal(2, 3), integers([whole(0, 2), whole(1, 3)])])
    indices = generator.integers(-x.shape[axis] if opset >= 11 else 0, x.shape[axis], pick([(), (2,), (2, 2)]))
    case("Gather", opset, [x, np.asarray(indices)], some({}, axis=axis) if axis == 0 else {"axis": axis}, given=(0, 1))
    block = whole(1, 3)
    mode = {} if opset < 11 else some({}, mode=pick(["DCR", "CRD"]))
    case("DepthToSpace", opset, [normal(1, 2 * block * block, 2, 3)], mode | {"blocksize": block})
    case("SpaceToDepth", pick([7, 13]), [normal(1, 2, block * 2, block)], {"blocksize": block})
    case("Shape", 15, [x], some({}, start=whole(-4, 4), end=whole(-4, 4)))
    case("ConstantOfShape", 9, [integers([2, 1])], some({}, value=numpy_helper.from_array(normal(1))), given=())
    case("Range", 11, [np.float32(each) for each in pick([(0, 5, 1.5), (5, 0, -2), (0, 1, 0.125)])], given=())


def parts():
    opset = pick([7, 10, 13])
    axes = chance.sample(range(3), whole(1, 3))
    starts = [whole(-8, 8) for _ in axes]
    ends = [pick([whole(-8, 8), 2**31]) for _ in axes]
    if opset < 10:
        case("Slice", opset, [normal(5, 6, 3)], some({"starts": starts, "ends": ends}, axes=axes))
    else:
        steps = [whole(1, 3) if end == 2**31 else pick([1, 2, -1, -2, -7]) for end in ends]
        settings = [starts, ends, [pick([axis, axis - 3]) for axis in axes], steps]
        case("Slice", opset, [normal(5, 6, 3), *map(integers, settings)][: pick([4, 5])])
    opset = pick([7, 11, 13, 18])
    axis = whole(-2 if opset >= 11 else 0, 1)
    lengths = [whole(0 if opset >= 11 else 1, 3) for _ in range(whole(1, 3))] + [1]
    shape = [2, 2]
    shape[axis] = sum(lengths)
    if opset < 13:
        case("Split", opset, [normal(*shape)], {"axis": axis, "split": lengths}, outputs=len(lengths))
    elif opset < 18 or chance.random() < 0.5:
        case("Split", opset, [normal(*shape), integers(lengths)], {"axis": axis}, outputs=len(lengths))
    else:
        count = pick([2, 3])
        case("Split", opset, [normal(7, 2)], {"num_outputs": count}, outputs=count)
    case("Split", pick([7, 13]), [normal(4, 2)], outputs=2)


def pads():
    shape = [whole(2, 5) for _ in range(whole(1, 3))]
    rank = len(shape)
    opset = pick([7, 11, 13, 18, 19])
    mode = pick(["constant", "reflect", "edge"] + (["wrap"] if opset >= 19 else []))
    sides = [whole(-1 if mode == "constant" and min(shape) > 2 else 0, min(shape) - 1) for _ in range(2 * rank)]
    attributes = {"mode": mode} if mode != "constant" else some({}, mode=mode)
    if opset < 11:
        case("Pad", opset, [normal(*shape)], some(attributes | {"pads": sides}, value=0.5))
    elif opset >= 18 and chance.random() < 0.6:
        axes = chance.sample(range(rank), whole(1, rank))
        sides = [sides[axis] for axis in axes] + [sides[axis + rank] for axis in axes]
        signed = [pick([axis, axis - rank]) for axis in axes]
        case("Pad", opset, [normal(*shape), integers(sides), pick([None, np.float32(0.5)]), integers(signed)], attributes)
    else:
        case("Pad", opset, [normal(*shape), integers(sides), np.float32(0.5)][: whole(2, 3)], attributes)


def sizes():
    opset = pick([11, 13, 18, 19])
    shape = [1, 2, whole(2, 5), whole(2, 5)]
    mode = pick(["nearest", "linear"])
    places = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
    places += ["tf_half_pixel_for_nn"] * (opset < 13) + ["half_pixel_symmetric"] * (opset >= 19)
    attributes = some({"mode": mode}, coordinate_transformation_mode=pick(places))
    if mode == "nearest":
        nearest = pick(["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])
        attributes = some(attributes, nearest_mode=nearest)
    factors = np.array([1, 1, pick([2, 1.5, 3]), pick([0.5, 0.7, 1, 1.1, 2.5])], dtype=np.float32)
    nothing = np.zeros(0, np.float32) if opset < 13 else None
    if chance.random() < 0.5:
        case("Resize", opset, [normal(*shape), nothing, factors], attributes)
    elif opset < 18 or chance.random() < 0.4:
        case("Resize", opset, [normal(*shape), nothing, nothing, integers([1, 2, whole(2, 8), whole(2, 8)])], attributes)
    else:
        policy = pick(["stretch", "not_larger", "not_smaller"])
        attributes = some(attributes | {"axes": [2, 3]}, keep_aspect_ratio_policy=policy)
        case("Resize", opset, [normal(*shape), None, None, integers([whole(2, 8), whole(2, 8)])], attributes)
    case("Resize", 10, [normal(*shape), np.maximum(factors, 1)], {"mode": mode})
    case("Upsample", 7, [normal(*shape)], {"mode": mode, "scales": [float(each) for each in np.maximum(factors, 1)]})
    case("Upsample", 9, [normal(*shape), np.maximum(factors, 1)], {"mode": mode})


def casts():
    kind = pick([np.float32, np.float64, np.int64, np.bool_])
    x = np.round(generator.standard_normal((3, 4)) * pick([1, 1e-6, 300, 1e5]), 9).astype(kind)
    to = [TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.DOUBLE, TensorProto.FLOAT16]
    narrow = [TensorProto.UINT8, TensorProto.INT8, TensorProto.INT16, TensorProto.UINT16, TensorProto.INT32]
    case("Cast", pick([9, 13, 19]), [x], {"to": pick(to + (narrow if kind == np.int64 else []))})


def all_attributes():
    """What chance may leave out, and what ONNX Runtime has not, by NumPy."""
    x = normal(1, 2, 5, 6)
    settings = {"kernel_shape": [2, 2], "dilations": [2, 1], "pads": [1, 0, 0, 1], "strides": [1, 2], "ceil_mode": 1}
    case("AveragePool", 19, [x], settings)
    case("AveragePool", 22, [x], settings | {"count_include_pad": 1})
    for name in ["L2", "LogSum", "LogSumExp", "Prod", "SumSquare"]:
        case(f"Reduce{name}", 13, [abs(x)], {"axes": [1, -1], "keepdims": 0})
    for name in ["Max", "Min", "Mean", "Prod"]:
        case(f"Reduce{name}", 18, [x], {"noop_with_empty_axes": 1})
    case("Reshape", 14, [np.zeros((0, 2), np.float32), integers([0, 0])], {"allowzero": 1})
    for name, value in [("value_float", 1.5), ("value_floats", [1.5, 2]), ("value_int", 3), ("value_ints", [3, 4])]:
        case("Constant", 13, [], {name: value}, given=())
    case("Constant", 13, [], {"value": numpy_helper.from_array(normal(2, 3))}, given=())
    case("ReduceSumSquare", 18, [x], {"noop_with_empty_axes": 1}, right=[x**2])
    case("ReduceLogSumExp", 18, [x], {"noop_with_empty_axes": 1}, right=[x])
    for p in [1, 3]:
        case("GlobalLpPool", 7, [x], {"p": p}, right=[(abs(x) ** p).sum((2, 3), keepdims=True) ** (1 / p)])
    # Operator set 6: the second operand is aligned from an axis on.
    a, b = abs(np.round(normal(2, 3, 4))), abs(np.round(normal(3)))
    column, settings = b[:, None], {"axis": 1, "broadcast": 1}
    arithmetic = [("Add", np.add), ("Sub", np.subtract), ("Mul", np.multiply), ("Pow", np.power)]
    comparisons = [("Equal", np.equal), ("Greater", np.greater), ("Less", np.less)]
    for name, operation in arithmetic + comparisons:
        case(name, 6, [a, b], settings, right=[operation(a, column)])
    case("Div", 6, [a, b + 1], settings, right=[a / (column + 1)])
    for name, operation in [("And", np.logical_and), ("Or", np.logical_or), ("Xor", np.logical_xor)]:
        case(name, 6, [a > 0, b > 0], settings, given=(0, 1), right=[operation(a > 0, column > 0)])
    y, z = normal(4, 2), normal(2)
    case("Gemm", 6, [a[0], y, z], {"broadcast": 1}, right=[a[0] @ y + z])
    larger = x.repeat(2, axis=2).repeat(3, axis=3)
    case("Upsample", 6, [x], {"height_scale": 2.0, "width_scale": 3.0, "mode": "nearest"}, right=[larger])


for _ in range(6):
    for write in [conv, conv_transpose, pools, pools, normalizations, activations, broadcasting, reductions]:
        write()
    for write in [products, shapes, parts, parts, pads, pads, sizes, sizes, casts, casts, conv]:
        write()
all_attributes()
print(json.dumps(cases))
