"""Writes small graphs of other authors' networks, and what PyTorch answers.

    python -m model.others.export --out ops/network/step/testdata

For each network NAME.onnx, and mostly NAME.png with PyTorch's answer to photo.png. The
graphs differ as those that people download do: opset, free or fixed sizes, layout,
range, precision, other inputs.
"""

import argparse
import pathlib

import numpy as np
import onnx
import torch
from onnx import version_converter
from PIL import Image

from . import compact, fbcnn, swinir

WIDTH, HEIGHT = 112, 80
QUALITY = 0.6  # 1 − QF / 100


class Bytes(torch.nn.Module):
    """N×H×W×C of bytes, B first, on both sides, as image libraries have them."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        y = self.net(x.flip(3).permute(0, 3, 1, 2).float() / 255)
        return (y.clamp(0, 1) * 255 + 0.5).permute(0, 2, 3, 1).flip(3).to(torch.uint8)


class Signed(torch.nn.Module):
    """From -1 to 1."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x / 2 + 0.5) * 2 - 1


class Sevenths(torch.nn.Module):
    """Takes windows of seven pixels, as SwinIR for JPEG artefacts does, and leaves them as they are."""

    def forward(self, x):
        return torch.nn.functional.pixel_shuffle(torch.nn.functional.pixel_unshuffle(x, 7), 7)


def photo():
    """A picture with edges and slopes, saved in blocks."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    planes = [0.5 + 0.3 * np.sin(x / 13 + c) * np.cos(y / 9) + 0.15 * ((x - 60) ** 2 + (y - 40) ** 2 < 600) for c in range(3)]
    image = np.stack(planes, -1)
    image[::8, :, :] += 0.02
    return (image.clip(0, 1) * 255).round().astype(np.uint8)


def quieted(net, by=0.1):
    """Makes what a random last convolution adds small, so that the answer is the photo's."""
    last = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)][-1]
    with torch.no_grad():
        last.weight.mul_(by)
        last.bias.mul_(by)
    return net


def enlarging(net):
    """Makes ESPCN answer its own image, enlarged, with a little of the rest."""
    with torch.no_grad():
        for m in (net.first, net.second):
            m.weight.mul_(0.2)
            m.bias.zero_()
        middle = net.first.kernel_size[0] // 2
        net.first.weight[0].zero_()
        net.first.weight[0, 0, middle, middle] = 0.5
        net.second.weight[0].zero_()
        net.second.weight[0, 0, 1, 1] = 1
        net.last.weight.mul_(0.1)
        net.last.bias.zero_()
        net.last.weight[:, 0, 1, 1] = 2.1
    return net


def save(net, path, example, opset=17, free=(2, 3), inputs=("input",), outputs=("output",)):
    """Exports `net` with the axes `free` of whatever has four of them."""
    axes = {}
    if free:
        axes = {name: {0: "n", **{i: "hw"[k] for k, i in enumerate(free)}} for name in (inputs[0], outputs[0])}
        for name in (*inputs[1:], *outputs[1:]):
            axes[name] = {0: "n"}
    convert = opset if opset > 17 else None
    torch.onnx.export(net, example, path, opset_version=min(opset, 17), input_names=list(inputs), output_names=list(outputs), dynamic_axes=axes)
    if convert:
        onnx.save(version_converter.convert_version(onnx.load(path), convert), path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, default=40, help="of training FBCNN")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    torch.set_num_threads(1)
    image = photo()
    Image.fromarray(image).save(args.out / "photo.png", optimize=True)
    x = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    small = torch.rand(1, 3, 64, 72)

    def answer(name, y):
        pixels = (y[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(args.out / f"{name}.png", optimize=True)

    with torch.no_grad():
        net = quieted(compact.Compact(scale=2)).eval()
        save(net, args.out / "compact_x2.onnx", small, opset=13)
        answer("compact_x2", net(x))
        save(net.half().float(), args.out / "compact_x2_fixed.onnx", torch.rand(1, 3, 60, 76), opset=11, free=())

        net = quieted(compact.Compact(scale=4)).eval()
        save(net, args.out / "compact_x4.onnx", small, opset=18)
        answer("compact_x4", net(x))

        net = quieted(compact.Compact(scale=1)).eval()
        example = torch.randint(0, 255, (1, 64, 72, 3), dtype=torch.uint8)
        save(Bytes(net), args.out / "bytes.onnx", example, opset=17, free=(1, 2))
        answer("bytes", net(x))
        save(Signed(net), args.out / "signed.onnx", small, opset=20)

        net = enlarging(compact.ESPCN()).eval()
        save(net, args.out / "espcn_x2.onnx", small[:, :1], opset=12)
        luma = (x * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
        chroma = torch.nn.functional.interpolate(x - luma, scale_factor=2, mode="bilinear", align_corners=False)
        answer("espcn_x2", net(luma) + chroma)

        net = quieted(swinir.SwinIR(size=8)).eval()
        save(net, args.out / "swinir.onnx", small, opset=16)
        answer("swinir", net(x))
        save(Sevenths(), args.out / "sevenths.onnx", torch.rand(1, 3, 63, 70), opset=14)

    net = fbcnn.train(fbcnn.FBCNN(), args.seconds).eval()
    with torch.no_grad():
        qf = torch.tensor([[QUALITY]])
        save(net, args.out / "fbcnn.onnx", (small, qf), inputs=("input", "qf"), outputs=("output", "quality"))
        answer("fbcnn", net(x, qf)[0])
    half(args.out / "compact_x2.onnx", args.out / "compact_x2_half.onnx")


def half(source, target):
    """A float16 form, inputs and outputs included: every tensor of the graph is converted."""
    model = onnx.load(source)
    graph = model.graph
    for tensor in graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and tensor.name not in scales(graph):
            values = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.name == "value" and attribute.t.data_type == onnx.TensorProto.FLOAT and not set(node.output) & scales(graph):
                attribute.t.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(attribute.t).astype(np.float16)))
    onnx.save(model, target)


def scales(graph):
    """Inputs of Resize that stay float32."""
    return {name for node in graph.node if node.op_type == "Resize" for name in node.input[1:]}


if __name__ == "__main__":
    main()
