"""Networks of other authors: what they take and answer, and that an export answers alike."""

import numpy as np
import pytest
import torch

from model.others import compact, export, fbcnn, swinir

onnxruntime = pytest.importorskip("onnxruntime", reason="needs model/requirements.txt")


@pytest.mark.parametrize("net, channels, multiple, scale", [
    (compact.Compact(scale=2), 3, 1, 2),
    (compact.ESPCN(scale=2), 1, 1, 2),
    (swinir.SwinIR(), 3, 8, 1),
    (swinir.SwinIR(size=7, scale=2), 3, 7, 2),
])
@torch.no_grad()
def test_free_sizes(net, channels, multiple, scale, tmp_path):
    net.eval()
    export.save(net, tmp_path / "net.onnx", torch.rand(1, channels, 6 * multiple, 9 * multiple), opset=16)
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    for n, h, w in ((1, 6, 9), (2, 9, 5)):
        x = torch.rand(n, channels, h * multiple, w * multiple)
        want = net(x).numpy()
        assert want.shape == (n, channels, h * multiple * scale, w * multiple * scale)
        np.testing.assert_allclose(session.run(None, {"input": x.numpy()})[0], want, atol=2e-5)


@torch.no_grad()
def test_fbcnn_uses_the_quality():
    net = fbcnn.FBCNN().eval()
    x = torch.rand(2, 3, 32, 40)
    image, estimate = net(x)
    assert image.shape == x.shape and estimate.shape == (2, 1)
    torch.testing.assert_close(net(x, estimate)[0], image)
    assert (net(x, torch.full((2, 1), 0.9))[0] - net(x, torch.full((2, 1), 0.1))[0]).abs().max() > 1e-4
