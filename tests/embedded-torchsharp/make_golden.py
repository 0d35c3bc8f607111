#!/usr/bin/python3
"""Writes golden.json: values and gradients of operators as PyTorch computes them.

    /usr/bin/python3 tests/embedded-torchsharp/make_golden.py

A case is an operator over named inputs. Its gradients are those of sum(result * cos(0, 1, 2, ...)) for each floating-point
input; a case whose result is not differentiable has none.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(20)
torch.set_num_threads(1)

INPUTS = {
    "x": torch.randn(4, 6),
    "y": torch.randn(4, 6),
    "positive": torch.rand(4, 6) + 0.5,
    "weight": torch.randn(5, 6),
    "bias": torch.randn(5),
    "scale": torch.randn(6),
    "shift": torch.randn(6),
    "batch": torch.randn(3, 4, 6),
    "other": torch.randn(3, 6, 2),
    "rows": torch.tensor([2, 0, 2]),
    "labels": torch.tensor([1, 5, 0, 3]),
}

CASES = {
    "abs": (["x"], lambda x: x.abs()),
    "add": (["x", "y"], lambda x, y: x + y),
    "add alpha": (["x", "y"], lambda x, y: x.add(y, alpha=0.25)),
    "add scalar": (["x"], lambda x: x + 3),
    "scalar minus": (["x"], lambda x: 2 - x),
    "broadcast": (["x", "scale"], lambda x, s: x * s),
    "div": (["x", "positive"], lambda x, p: x / p),
    "scalar over": (["positive"], lambda p: 1 / p),
    "negate": (["x"], lambda x: -x),
    "pow": (["positive"], lambda p: p.pow(2.5)),
    "square": (["x"], lambda x: x.square()),
    "sqrt": (["positive"], lambda p: p.sqrt()),
    "log": (["positive"], lambda p: p.log()),
    "gelu": (["x"], lambda x: F.gelu(x)),
    "clamp": (["x"], lambda x: x.clamp(-0.5, 0.75)),
    "matmul": (["batch", "other"], lambda b, o: b.matmul(o)),
    "linear": (["x", "weight", "bias"], lambda x, w, b: F.linear(x, w, b)),
    "linear without bias": (["batch", "weight"], lambda x, w: F.linear(x, w)),
    "layer_norm": (["batch", "scale", "shift"], lambda x, s, b: F.layer_norm(x, [6], s, b, 1e-6)),
    "softmax": (["batch"], lambda x: x.softmax(-1)),
    "log_softmax": (["batch"], lambda x: x.log_softmax(-1)),
    "cross_entropy": (["x", "labels"], lambda x, t: F.cross_entropy(x, t)),
    "cross_entropy smoothed sum": (["x", "labels"], lambda x, t: F.cross_entropy(x, t, reduction="sum", label_smoothing=0.1)),
    "sum": (["batch"], lambda x: x.sum()),
    "sum dims": (["batch"], lambda x: x.sum([0, 2])),
    "mean": (["batch"], lambda x: x.mean()),
    "mean dims": (["batch"], lambda x: x.mean([-1], keepdim=True)),
    "var": (["batch"], lambda x: x.var([-1], unbiased=True, keepdim=True)),
    "var biased": (["x"], lambda x: x.var(False)),
    "norm": (["x"], lambda x: x.norm()),
    "norm dim": (["x"], lambda x: x.norm(dim=1)),
    "max": (["x"], lambda x: x.max()),
    "min": (["x"], lambda x: x.min()),
    "argmax": (["x"], lambda x: x.argmax(1).float()),
    "greater": (["x"], lambda x: (x > 0.1).float()),
    "view": (["batch"], lambda x: x.view(3, 2, 12)),
    "reshape permuted": (["batch"], lambda x: x.permute(2, 0, 1).reshape(6, 12)),
    "transpose": (["batch"], lambda x: x.transpose(0, 2)),
    "expand": (["scale"], lambda s: s.unsqueeze(0).expand(3, -1)),
    "narrow": (["batch"], lambda x: x.narrow(1, 1, 2)),
    "select": (["batch"], lambda x: x.select(1, 2)),
    "index_select": (["x", "rows"], lambda x, r: x.index_select(0, r)),
    "scatter_": (["x", "rows", "scale"], lambda x, r, s: (x * 1).scatter_(1, r.unsqueeze(0), s[:3].unsqueeze(0))),
    "cat": (["x", "weight"], lambda x, w: torch.cat([x, w], 0)),
    "chunk": (["batch"], lambda x: x.chunk(3, -1)[1]),
    "unbind": (["batch"], lambda x: x.unbind(1)[3]),
    "bfloat16": (["x"], lambda x: x.to(torch.bfloat16).to(torch.float32)),
    "attention": (["batch"], lambda x: (x @ x.transpose(-2, -1) / 6 ** 0.5).softmax(-1) @ x),
}


def plain(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().flatten().tolist()}


def run(names, operator):
    inputs = [INPUTS[name].clone() for name in names]
    floating = [tensor.requires_grad_() for tensor in inputs if tensor.is_floating_point()]
    result = operator(*inputs)
    gradients = []
    if result.requires_grad:
        cotangent = torch.arange(result.numel()).float().cos().view(result.shape)
        gradients = torch.autograd.grad((result * cotangent).sum(), floating)
    return {"inputs": names, "result": plain(result), "gradients": [plain(gradient) for gradient in gradients]}


golden = {
    "inputs": {name: plain(tensor) for name, tensor in INPUTS.items()},
    "cases": {name: run(*case) for name, case in CASES.items()},
}
pathlib.Path(__file__).with_name("golden.json").write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")
