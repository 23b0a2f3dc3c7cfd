"""Where an exported network's blocks begin and end, for runtimes that have them in one piece.

ONNX has no operator for a transformer block; a graph spells one out in some
hundred nodes. `blocks` lists them, so that Burnish can put one node for each
where it brings its own kernels (on CPUs). The file itself stays plain ONNX.
"""

import re

_ATTENTION = ("norm1.weight", "norm1.bias", "attn.qkv", "attn.qkv.bias", "attn.bias", "attn.proj", "attn.proj.bias")
_BRANCH = tuple(
    f"conv_block.cab.{layer}.{kind}" for layer in ("0", "2", "3.attention.1", "3.attention.3") for kind in ("weight", "bias")
)
_GATED = ("norm2.weight", "norm2.bias") + tuple(
    f"ffn.{layer}.{kind}" for layer in ("project_in", "dwconv", "project_out") for kind in ("weight", "bias")
)
_TRANSFORMER = (
    "norm1.body.weight", "norm1.body.bias", "attn.temperature", "attn.qkv.weight", "attn.qkv_dwconv.weight", "attn.project",
    "norm2.body.weight", "norm2.body.bias", "ffn.project_in.weight", "ffn.dwconv.weight", "ffn.project_out.weight",
)  # fmt: skip


def blocks(model):
    """Blocks of an exported network, in order.

    Each is a dict: `op` ("Group": RHAG; "Transformer"; "Interaction": a dynamic
    prompt, its transformer block and the convolution after it; "Down" and "Up":
    a convolution between resolutions), `in` and `out` (names of tensors, N x C x
    H x W), `weights` (names of constants, in the order of
    ops/network/kernels). Blocks that are spelled otherwise are left out.
    """
    nodes = {node.name: node for node in model.graph.node}
    users, shapes = _users(model.graph), _shapes(model.graph)
    found, inside = [], set()
    for name, node in nodes.items():
        scope, _, rest = name.rpartition("/")
        block = None
        if node.op_type == "Softmax" and (level := re.fullmatch(r"/prompt(\d)/Softmax", name)):
            block = _named(_interaction, nodes, level[1], shapes)
            if block:
                inside.add(f"/noise_level{level[1]}")
        elif rest == "Transpose" and f"{scope}/overlap_attn/norm1/LayerNormalization" in nodes:
            block = _named(_group, nodes, scope)
        elif rest == "Transpose" and scope.endswith("/norm1") and f"{scope}/body/LayerNormalization" in nodes:
            scope = scope.removesuffix("/norm1")
            block = None if scope in inside else _named(_transformer, nodes, scope)
        elif node.op_type == "Conv" and _square(node):
            block = _shuffle(node, users, shapes)
        found.append(block)
    return [block for block in found if block]


def _users(graph):
    users = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    return users


def _shapes(graph):
    """Of constants, also of those that are stored in half precision."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in shapes:
            shapes[node.output[0]] = shapes[node.input[0]]
    return shapes


def _attribute(node, name):
    return next((list(a.ints) or a.i or a.s for a in node.attribute if a.name == name), None)


def _square(conv, side=3):
    """A convolution of side x side pixels at every pixel, without a bias."""
    shape = [_attribute(conv, name) for name in ("kernel_shape", "pads", "strides", "dilations", "group")]
    explicit = _attribute(conv, "auto_pad") in (None, b"NOTSET")
    return explicit and shape == [[side] * 2, [side // 2] * 4, [1, 1], [1, 1], 1] and len(conv.input) == 2


def _shuffle(conv, users, shapes):
    """The convolution, and the layout of pixels as channels after it or the reverse."""
    if shapes.get(conv.input[1], (0, 1))[1] % 8:  # no constant, or channels that the kernels do not take
        return None
    block = {"in": conv.input[0], "weights": [conv.input[1]]}
    after = users.get(conv.output[0], [])
    if len(after) == 1 and after[0].op_type == "DepthToSpace":
        if (_attribute(after[0], "blocksize"), _attribute(after[0], "mode")) == (2, b"CRD"):
            return {"op": "Up", **block, "out": after[0].output[0]}
        return None
    scope = conv.name.removesuffix("/body/body.0/Conv")
    for first in after:  # of Downsample: Reshape, Transpose, Reshape; the others only ask for the shape
        if first.op_type == "Reshape" and first.name == f"{scope}/Reshape":
            for turn in users.get(first.output[0], []):
                for last in users.get(turn.output[0], []):
                    if _attribute(turn, "perm") == [0, 1, 3, 5, 2, 4] and last.name == f"{scope}/Reshape_1":
                        return {"op": "Down", **block, "out": last.output[0]}
    return None


def _interaction(nodes, level, shapes):
    """Prompt, transformer block and 1x1 convolution of a level, of widths that the kernels take."""
    prompt, last = f"/prompt{level}", nodes[f"/reduce_noise_level{level}/Conv"]
    block = _transformer(nodes, f"/noise_level{level}")
    conv, table = nodes[f"{prompt}/conv3x3/Conv"], nodes[f"{prompt}/MatMul"]
    features = nodes[f"{prompt}/Transpose"].input[0]
    joined = next(node for node in nodes.values() if block and block["in"] in node.output)
    if not (_square(conv) and _square(last, 1) and last.input[0] == block["out"]):
        return None
    if joined.op_type != "Concat" or list(joined.input) != [features, conv.output[0]]:
        return None
    layers = []
    for mlp in ("task_mlp", "basis_mlp"):
        for layer in ("fc1", "fc2"):
            product, bias = (nodes[f"{prompt}/{mlp}/{layer}/{op}"] for op in ("MatMul", "Add"))
            layers += [product.input[1], bias.input[0]]
    tasks, bases, prompts = shapes[layers[1]][0], shapes[layers[5]][0], shapes[conv.input[1]][0]
    if tasks > 16 or bases % 16 or prompts % 16 or shapes[layers[0]][0] % 16:
        return None
    weights = layers + [table.input[1], conv.input[1]] + block["weights"] + [last.input[1]]
    return {"op": "Interaction", "in": features, "out": last.output[0], "weights": weights}


def _named(kind, nodes, scope, *more):
    try:
        return kind(nodes, scope, *more)
    except (KeyError, IndexError, StopIteration):  # spelled otherwise
        return None


def _transformer(nodes, scope):
    first, last = nodes.get(f"{scope}/norm1/Transpose"), nodes.get(f"{scope}/Add_1")
    product, attention = nodes.get(f"{scope}/attn/MatMul_1"), nodes.get(f"{scope}/attn/Softmax")
    if not (first and last and product and attention):
        return None
    path = nodes[f"{scope}/norm1/body/LayerNormalization"].input[1].removesuffix("norm1.body.weight")
    weights = [product.input[0] if key == "attn.project" else path + key for key in _TRANSFORMER]
    return {"op": "Transformer", "in": first.input[0], "out": last.output[0], "weights": weights}


def _group(nodes, scope):
    last = nodes.get(f"{scope}/Add")
    depth = len([name for name in nodes if re.fullmatch(re.escape(scope) + r"/blocks\.\d+/norm1/LayerNormalization", name)])
    if not (last and depth):
        return None
    weights = []
    for i in range(depth):
        weights += _weights(nodes, f"{scope}/blocks.{i}", _ATTENTION + _BRANCH + _GATED, f"{scope}/blocks.{i}/attn")
    weights += _weights(nodes, f"{scope}/overlap_attn", _ATTENTION + _GATED, f"{scope}/overlap_attn")
    weights += list(nodes[f"{scope}/conv/Conv"].input[1:3])
    return {"op": "Group", "in": nodes[f"{scope}/Transpose"].input[0], "out": last.output[0], "weights": weights}


def _weights(nodes, scope, keys, attention):
    """Linear layers are products with a constant here; the others kept their names."""
    path = nodes[f"{scope}/norm1/LayerNormalization"].input[1].removesuffix("norm1.weight")
    own = path if attention == scope else path + "attn."
    special = {
        "attn.qkv": nodes[f"{attention}/qkv/MatMul"].input[1],
        "attn.qkv.bias": own + "qkv.bias",
        "attn.bias": nodes[f"{attention}/Add"].input[1],
        "attn.proj": nodes[f"{attention}/proj/MatMul"].input[1],
        "attn.proj.bias": own + "proj.bias",
    }
    return [special.get(key, path + key) for key in keys]
