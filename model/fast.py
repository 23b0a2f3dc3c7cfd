"""A quicker training step on CPUs: the same network with its slow blocks computed by kernels.c.

`use` swaps the forward of the blocks of one network. Parameters, their names
and results stay, up to rounding (tests/test_fast.py). A GDFN's depthwise
convolution and gate are one pass each way, so is LayerNorm; window attention reads its tokens
where they lie, without copies for rolling, partitioning and merging; MDTA's
maps come from matrix products on rows of pixels. Evaluation and export keep the
plain forwards of blocks.py.

The kernels are compiled for this processor when they are first wanted; that
takes a C compiler, gcc or what $CC names. `available` says whether one is there.
"""

import ctypes
import functools
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import types

import torch
from torch import nn

from .attention import position_bias
from .blocks import CAB_SCALE, GDFN, HAB, MDTA, NORM_EPS, OCAB, channels_first, channels_last

_SOURCE = pathlib.Path(__file__).with_name("kernels.c")
_FLAGS = "-O3 -march=native -mprefer-vector-width=512 -ffast-math -fno-math-errno -shared -fPIC"


def _compiler():
    return shlex.split(os.environ.get("CC", "gcc"))


def available():
    """Whether the kernels can be compiled here."""
    return hasattr(torch, "compile") and shutil.which(_compiler()[0]) is not None


def use(net):
    """Swap the forwards of `net`'s blocks for those below; RuntimeError with the compiler's words where it fails."""
    _kernels()
    for part in net.modules():
        for kind, forward in ((GDFN, _gdfn), (MDTA, _mdta), (HAB, _hab), (OCAB, _ocab), (nn.LayerNorm, _norm)):
            if isinstance(part, kind):
                part.forward = types.MethodType(forward, part)


@functools.cache
def _kernels():
    """kernels.c as a library; its file is gone as soon as it is loaded."""
    with tempfile.TemporaryDirectory() as folder:
        library = pathlib.Path(folder, "kernels.so")
        command = [*_compiler(), *_FLAGS.split(), str(_SOURCE), "-o", str(library), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{_SOURCE.name} does not compile: {' '.join(command)}\n{done.stderr}")
        return ctypes.CDLL(str(library))


class _Shape(ctypes.Structure):
    """struct shape of kernels.c."""

    _fields_ = [
        (name, ctypes.c_int)
        for name in ("batch", "height", "width", "heads", "dim", "window", "keys", "shift", "half")
    ]


def _pointer(tensor):
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


def _call(name, *args):
    args = [_pointer(a) if a is None or torch.is_tensor(a) else a for a in args]
    getattr(_kernels(), name)(*args)


class _Depthwise(torch.autograd.Function):
    """3x3 depthwise convolution of B x H x W x C; gated: gelu(first half) * second half of that, B x H x W x C/2.

    Weight C x 1 x 3 x 3 and bias C (or None) in single precision, features in that or bfloat16.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, gated):
        x = x.contiguous()
        ctx.save_for_backward(x, weight, bias)
        ctx.gated = gated
        b, h, w, c = x.shape
        out = x.new_empty(b, h, w, c // 2 if gated else c)
        _call("depthwise", x, weight.detach(), bias, out, b, h, w, c, int(gated), int(x.dtype == torch.bfloat16))
        return out

    @staticmethod
    def backward(ctx, grad):
        x, weight, bias = ctx.saved_tensors
        grad, gradient = grad.contiguous().to(x.dtype), torch.empty_like(x)
        b, h, w, c = x.shape
        dweight, dbias = torch.empty_like(weight, memory_format=torch.contiguous_format), weight.new_empty(c)
        _call("depthwise_back", x, weight, bias, grad, gradient, dweight, dbias,
              b, h, w, c, int(ctx.gated), int(x.dtype == torch.bfloat16))  # fmt: skip
        return gradient, dweight, dbias if bias is not None else None, None


class _LayerNorm(torch.autograd.Function):
    """LayerNorm over the last dimension, C; weight and bias in single precision, features in that or bfloat16."""

    @staticmethod
    def forward(ctx, x, weight, bias, epsilon):
        x = x.contiguous()
        ctx.save_for_backward(x, weight)
        ctx.sizes = ctypes.c_float(epsilon), x.numel() // x.shape[-1], x.shape[-1], int(x.dtype == torch.bfloat16)
        out = torch.empty_like(x)
        _call("norm", x, weight, bias, out, *ctx.sizes)
        return out

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        grad, gradient = grad.contiguous().to(x.dtype), torch.empty_like(x)
        dweight, dbias = torch.empty_like(weight), torch.empty_like(weight)
        _call("norm_back", x, weight, grad, gradient, dweight, dbias, *ctx.sizes)
        return gradient, dweight, dbias, None


class _Attention(torch.autograd.Function):
    """Softmax attention inside windows of B x H x W x 3C features (q, k, v; each heads x dim): B x H x W x C.

    Queries of `window` px a side ask keys of `keys` px a side around them;
    `shift` px is how far the windows are rolled. bias: heads x window² x keys².
    """

    @staticmethod
    def forward(ctx, qkv, bias, window, keys, shift):
        qkv, bias = qkv.contiguous(), bias.float().contiguous()
        ctx.save_for_backward(qkv, bias)
        b, h, w, wide = qkv.shape
        heads = bias.shape[0]
        ctx.shape = _Shape(b, h, w, heads, wide // 3 // heads, window, keys, shift, int(qkv.dtype == torch.bfloat16))
        out = qkv.new_empty(b, h, w, wide // 3)
        _call("attention", qkv, bias, out, ctypes.byref(ctx.shape))
        return out

    @staticmethod
    def backward(ctx, grad):
        qkv, bias = ctx.saved_tensors
        grad, gradient, dbias = grad.contiguous().to(qkv.dtype), torch.empty_like(qkv), torch.empty_like(bias)
        _call("attention_back", qkv, bias, grad, gradient, dbias, ctypes.byref(ctx.shape))
        return gradient, dbias, None, None, None


def _gdfn(self, x):
    hidden = channels_last(self.project_in(x))
    return self.project_out(channels_first(_Depthwise.apply(hidden, self.dwconv.weight, self.dwconv.bias, True)))


def _norm(self, x):
    return _LayerNorm.apply(x, self.weight, self.bias, self.eps)


def _hab(self, x, index, region):
    """Window attention beside a CAB, then GDFN; the kernel finds the shifted windows' regions by itself."""
    y = self.norm1(x)
    local = channels_last(self.conv_block(channels_first(y)))
    bias = position_bias(self.attn.relative_position_bias_table, index)
    attended = self.attn.proj(_Attention.apply(self.attn.qkv(y), bias, self.window, self.window, self.shift))
    x = x + attended + local * CAB_SCALE
    return x + channels_last(self.ffn(channels_first(self.norm2(x))))


def _ocab(self, x, index):
    bias = position_bias(self.relative_position_bias_table, index)
    qkv = self.qkv(self.norm1(x))
    x = x + self.proj(_Attention.apply(qkv, bias, self.window, self.window + self.window // 2, 0))
    return x + channels_last(self.ffn(channels_first(self.norm2(x))))


def _mdta(self, x):
    b, _, h, w = x.shape
    dim, heads = self.dim, self.heads
    size = dim // heads
    rows = _Depthwise.apply(channels_last(self.qkv(x)), self.qkv_dwconv.weight, None, False)
    product, squares, v = _Maps.apply(rows.reshape(b, h * w, 3 * dim))
    # All heads' products in one matrix; only the blocks on its diagonal are meant.
    product = product.reshape(b, heads, size, heads, size).diagonal(dim1=1, dim2=3).permute(0, 3, 1, 2)
    lengths = squares.reshape(b, 2, heads, size).clamp(min=NORM_EPS * NORM_EPS).sqrt()
    norms = lengths[:, 0].unsqueeze(3) * lengths[:, 1].unsqueeze(2)
    attention = (product.float() / norms * self.temperature).softmax(dim=3)
    project = self.project_out.weight.reshape(dim, heads, size).transpose(0, 1)
    folded = (project @ attention.to(project.dtype)).transpose(1, 2).reshape(b, dim, dim)
    out = torch.bmm(v, folded.to(v.dtype).transpose(1, 2))
    return channels_first(out.reshape(b, h, w, dim))


class _Maps(torch.autograd.Function):
    """B x HW x 3C rows of q, k and v: q'k (B x C x C), the squared norms of q and k (B x 2C), and v."""

    @staticmethod
    def forward(ctx, rows):
        q, k, v = (part.contiguous() for part in rows.chunk(3, dim=2))
        ctx.save_for_backward(q, k)
        norms = torch.cat([torch.linalg.vector_norm(part, dim=1, dtype=torch.float32) for part in (q, k)], dim=1)
        return torch.bmm(q.transpose(1, 2), k), norms.square(), v

    @staticmethod
    def backward(ctx, product, squares, v):
        q, k = ctx.saved_tensors
        dim = q.shape[2]
        out = q.new_empty(q.shape[0], q.shape[1], 3 * dim)
        twice = (2 * squares).to(q.dtype).unsqueeze(1)
        product = product.to(q.dtype)
        torch.addcmul(torch.bmm(k, product.transpose(1, 2)), q, twice[..., :dim], out=out[..., :dim])
        torch.addcmul(torch.bmm(q, product), k, twice[..., dim:], out=out[..., dim : 2 * dim])
        out[..., 2 * dim :] = v
        return out
