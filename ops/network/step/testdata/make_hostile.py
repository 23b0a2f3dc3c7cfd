"""Writes models that misbehave, each in one way: python make_hostile.py"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

FLOAT = TensorProto.FLOAT
N3HW = ("n", 3, "h", "w")


def value(name, shape=N3HW, elem=FLOAT):
    return helper.make_tensor_value_info(name, elem, shape)


def number(name, x, kind=np.int64):
    return numpy_helper.from_array(np.array(x, dtype=kind), name)


def write(name, nodes, weights=(), inputs=(value("x"),), outputs=(value("y"),), domains=(), opset=17):
    graph = helper.make_graph(nodes, name, list(inputs), list(outputs), list(weights))
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=8), Path(__file__).with_name(f"hostile_{name}.onnx"))


def main():
    node = helper.make_node
    write("two_images", [node("Add", ["x", "mask"], ["y"])], inputs=(value("x"), value("mask")))
    write("no_image", [node("Relu", ["x"], ["y"])], inputs=(value("x", ("n", 512)),), outputs=(value("y", ("n", 512)),))
    write("classifier", [node("GlobalAveragePool", ["x"], ["p"]), node("Flatten", ["p"], ["y"])], outputs=(value("y", ("n", 3)),))
    write("video", [node("Relu", ["x"], ["y"])], inputs=(value("x", ("n", 3, "t", "h", "w")),), outputs=(value("y", ("n", 3, "t", "h", "w")),))
    write("latent", [node("Relu", ["x"], ["y"])], inputs=(value("x", ("n", 4, "h", "w")),), outputs=(value("y", ("n", 4, "h", "w")),))
    write("text", [node("Identity", ["x"], ["y"])], inputs=(value("x", ("n",), TensorProto.STRING),), outputs=(value("y", ("n",), TensorProto.STRING),))
    write("doubles", [node("Relu", ["x"], ["y"])], inputs=(value("x", N3HW, TensorProto.DOUBLE),), outputs=(value("y", N3HW, TensorProto.DOUBLE),))
    # Finite, and beyond all measure.
    write("huge", [node("Mul", ["x", "zero"], ["z"]), node("Add", ["z", "huge"], ["y"])], [number("zero", 0, np.float32), number("huge", 1e30, np.float32)])
    # As an image, but only while it is small: black from 200 pixels on.
    write("later_black", [
        node("Shape", ["x"], ["shape"]), node("Gather", ["shape", "three"], ["width"]), node("Less", ["width", "limit"], ["small"]),
        node("Cast", ["small"], ["keep"], to=FLOAT), node("Mul", ["x", "keep"], ["y"]),
    ], [number("three", 3), number("limit", 200)])
    write("custom", [node("Sharpen", ["x"], ["y"], domain="com.example")], domains=("com.example",))
    write("future", [node("Relu", ["x"], ["y"])], opset=99)
    # Twice as high, and not as wide.
    write("stretched", [node("Concat", ["x", "x"], ["y"], axis=2)])
    write("doubled", [node("Resize", ["x", "", "scales"], ["y"], mode="nearest")], [number("scales", [1, 1, 2, 2], np.float32)])
    # 8 GB as it is opened.
    write("allocates", [
        node("ConstantOfShape", ["shape"], ["c"]), node("ReduceMax", ["c"], ["m"], keepdims=0), node("Add", ["x", "m"], ["y"]),
    ], [number("shape", [1 << 31])])
    # A loop that never ends.
    body = helper.make_graph(
        [node("Identity", ["go"], ["go_on"]), node("Identity", ["v"], ["w"])], "body",
        [value("i", (), TensorProto.INT64), value("go", (), TensorProto.BOOL), value("v", None)],
        [value("go_on", (), TensorProto.BOOL), value("w", None)])
    write("endless", [node("Loop", ["", "yes", "x"], ["y"], body=body)], [number("yes", True, np.bool_)])
    # Weights in a file beside it, outside of its folder, in a device, in memory.
    for name, place in (("beside", "hostile_weights.bin"), ("above", "../step.go"), ("absolute", "/etc/hostname"), ("memory", "*/_ORT_MEM_ADDR_/*"), ("short", "photo.png")):
        weight = number("weight", np.eye(3).reshape(3, 3, 1, 1), np.float32)
        raw = weight.raw_data
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        for key, text in (("location", place), ("offset", "0" if name != "short" else "99999999"), ("length", str(len(raw)))):
            weight.external_data.add(key=key, value=text)
        write(f"external_{name}", [node("Conv", ["x", "weight"], ["y"])], [weight])
        if name == "beside":
            Path(__file__).with_name(place).write_bytes(raw)


if __name__ == "__main__":
    main()
