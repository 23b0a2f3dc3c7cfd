"""Writes the models that the tests of package onnx open: python make_models.py

All are a few hundred bytes. identity.onnx is what a good model looks like; each
of the others is wrong in one way.
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

CONTRACT = {
    "burnish.contract": "1",
    "burnish.name": "identity",
    "burnish.version": "0.1",
    "burnish.multiple": "8",
    "burnish.tile": "64",
    "burnish.halo": "8",
    "burnish.range": "0,1",
    "burnish.colour": "sRGB",
    "burnish.qf": "10,70",
    "burnish.weights": "0" * 64,
    "burnish.licence": "CC0-1.0",
    "burnish.credits": "nobody",
    "burnish.parameters": "9",
}


def write(name, nodes, weights=(), metadata=CONTRACT, elem=TensorProto.FLOAT, extra=()):
    def tensor(label, shape=("n", 3, "h", "w")):
        return helper.make_tensor_value_info(label, elem, shape)

    graph = helper.make_graph(nodes, name, [tensor("x"), *map(tensor, extra)], [tensor("y")], list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata)
    checker.check_model(model, full_check=True)
    save(model, Path(__file__).with_name(name + ".onnx"))


def main():
    eye = numpy_helper.from_array(np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1), "weight")
    conv = [helper.make_node("Conv", ["x", "weight"], ["y"])]
    write("identity", conv, [eye])
    write("bare", conv, [eye], metadata={})
    write("future", conv, [eye], metadata=CONTRACT | {"burnish.contract": "2"})
    write("faulty", conv, [eye], metadata=CONTRACT | {
        "burnish.multiple": "eight", "burnish.halo": "-1", "burnish.range": "1,0", "burnish.colour": "Rec.2020",
    })
    write("two_inputs", [helper.make_node("Add", ["x", "z"], ["y"])], extra=["z"])
    write("half", [helper.make_node("Identity", ["x"], ["y"])], elem=TensorProto.FLOAT16)
    # 0/0 wherever the input is black.
    write("nan", [helper.make_node("Div", ["x", "x"], ["y"])])
    # A finite answer that is no restoration: black.
    write("black", [helper.make_node("Sub", ["x", "x"], ["y"])])
    # Black, but only where the input is 128 wide: a kernel that is broken for one shape.
    number = lambda name, value, kind: numpy_helper.from_array(np.array(value, dtype=kind), name)  # noqa: E731
    write("black_at_128", [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "three"], ["width"]),
        helper.make_node("Equal", ["width", "broken"], ["equal"]),
        helper.make_node("Not", ["equal"], ["other"]),
        helper.make_node("Cast", ["other"], ["keep"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "keep"], ["y"]),
    ], [number("three", 3, np.int64), number("broken", 128, np.int64)])
    # Every session is made with the contract kept, but at 12×12 this one fails while it runs.
    shape = numpy_helper.from_array(np.array([1, 3, 8, 8], dtype=np.int64), "shape")
    write("fixed", [helper.make_node("Reshape", ["x", "shape"], ["y"])], [shape])

    # Long enough to be stopped on the way.
    sizes = numpy_helper.from_array(np.array([32, 32, 3, 3], dtype=np.int64), "sizes")
    first = numpy_helper.from_array(np.array([32, 3, 1, 1], dtype=np.int64), "first")
    last = numpy_helper.from_array(np.array([3, 32, 1, 1], dtype=np.int64), "last")
    small = numpy_helper.from_array(np.array([0.001], dtype=np.float32))
    nodes = [helper.make_node("ConstantOfShape", [s], [s + "_w"], value=small) for s in ("sizes", "first", "last")]
    nodes.append(helper.make_node("Conv", ["x", "first_w"], ["a0"]))
    for i in range(100):
        nodes.append(helper.make_node("Conv", [f"a{i}", "sizes_w"], [f"a{i + 1}"], pads=[1, 1, 1, 1]))
    nodes.append(helper.make_node("Conv", ["a100", "last_w"], ["y"]))
    write("slow", nodes, [sizes, first, last])


if __name__ == "__main__":
    main()
