"""The yardstick of bench/: training steps of a ViT-MAE in plain PyTorch, data in memory.

    /usr/bin/python3 bench/pytorch_steps.py --threads 1 --batch 64 --warmup 5

Reads commands from standard input, one a line: `<step kind> <number of steps>`, and answers each with one line of JSON:
{"kind": …, "milliseconds": [one per step], "cpu_seconds": of all of them, "gflop": of one step, "gemm_gflops": peak}.
Step kinds: pretrain, pretrain-bf16, distill (the authors' way: the teacher runs in every step, two backward passes).
"""

import argparse
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

TINY_32 = dict(image=32, patch=4, width=192, layers=6, heads=3, mlp=768,
               decoder_width=96, decoder_layers=2, decoder_heads=3, decoder_mlp=384)


class Block(nn.Module):
    def __init__(self, width, heads, mlp):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, eps=1e-12)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-12)
        self.fc1 = nn.Linear(width, mlp)
        self.fc2 = nn.Linear(mlp, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        packed = self.query_key_value(self.norm1(x)).view(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = packed.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (query @ key.transpose(-2, -1)) * (width // self.heads) ** -0.5
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.projection(mixed)
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class VitMae(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.patch = shape["patch"]
        patches = (shape["image"] // self.patch) ** 2
        width, decoder_width = shape["width"], shape["decoder_width"]
        self.embed = nn.Linear(3 * self.patch ** 2, width)
        self.cls = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.register_buffer("positions", torch.randn(1, 1 + patches, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, shape["heads"], shape["mlp"]) for _ in range(shape["layers"]))
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.decoder_embed = nn.Linear(width, decoder_width)
        self.mask_token = nn.Parameter(torch.randn(1, 1, decoder_width) * 0.02)
        self.register_buffer("decoder_positions", torch.randn(1, 1 + patches, decoder_width) * 0.02)
        self.decoder_blocks = nn.ModuleList(
            Block(decoder_width, shape["decoder_heads"], shape["decoder_mlp"]) for _ in range(shape["decoder_layers"]))
        self.decoder_norm = nn.LayerNorm(decoder_width, eps=1e-12)
        self.decoder_predict = nn.Linear(decoder_width, 3 * self.patch ** 2)

    def patchify(self, pixels):  # [batch, 3, size, size] -> [batch, patches, patch * patch * 3]
        batch, channels, size, _ = pixels.shape
        grid = size // self.patch
        x = pixels.view(batch, channels, grid, self.patch, grid, self.patch)
        return x.permute(0, 2, 4, 3, 5, 1).reshape(batch, grid * grid, -1)

    def encode(self, patches, kept=None):
        x = self.embed(patches) + self.positions[:, 1:]
        if kept is not None:
            x = x.gather(1, kept.unsqueeze(-1).expand(-1, -1, x.shape[-1]))
        x = torch.cat([(self.cls + self.positions[:, :1]).expand(x.shape[0], -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def loss(self, pixels, order, kept_count):
        """order: [batch, patches], a random permutation of the patches; its first kept_count are kept."""
        patches = self.patchify(pixels)
        batch, count, _ = patches.shape
        x = self.decoder_embed(self.encode(patches, order[:, :kept_count]))
        restore = order.argsort(1)
        tokens = torch.cat([x[:, 1:], self.mask_token.expand(batch, count - kept_count, -1).to(x.dtype)], 1)
        tokens = tokens.gather(1, restore.unsqueeze(-1).expand(-1, -1, x.shape[-1]))
        x = torch.cat([x[:, :1], tokens], 1) + self.decoder_positions
        for block in self.decoder_blocks:
            x = block(x)
        prediction = self.decoder_predict(self.decoder_norm(x))[:, 1:]
        mean, variance = patches.mean(-1, keepdim=True), patches.var(-1, keepdim=True)
        target = (patches - mean) / (variance + 1e-6) ** 0.5
        error = ((prediction - target) ** 2).mean(-1)
        hidden = torch.ones(batch, count).scatter(1, order[:, :kept_count], 0.0)
        return (error * hidden).sum() / hidden.sum()


def block_gflop(rows, tokens, width, mlp):
    return rows * (8 * width * width + 4 * width * mlp + 4 * tokens * width) / 1e9


def step_gflop(kind, shape, batch):
    """Multiplications and additions of one step's matrix products, in 1e9; backward counts twice forward."""
    patches = (shape["image"] // shape["patch"]) ** 2
    masked, full = 1 + patches // 4, 1 + patches
    encoder = lambda tokens: shape["layers"] * block_gflop(batch * tokens, tokens, shape["width"], shape["mlp"])
    decoder = shape["decoder_layers"] * block_gflop(batch * full, full, shape["decoder_width"], shape["decoder_mlp"])
    pretrain = 3 * (encoder(masked) + decoder)
    return pretrain if kind.startswith("pretrain") else pretrain + 3 * encoder(full) + encoder(full)


class Steps:
    def __init__(self, batch):
        torch.manual_seed(0)
        self.batch = batch
        self.model, self.teacher = VitMae(TINY_32), VitMae(TINY_32)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1.5e-4, betas=(0.9, 0.95), weight_decay=0.01)
        self.pixels = torch.randint(0, 256, (8 * batch, 3, 32, 32), dtype=torch.uint8)
        self.mean, self.std = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
        self.next = 0

    def gflop(self, kind):
        return step_gflop(kind, TINY_32, self.batch)

    def run(self, kind):
        first = self.next % 8 * self.batch
        self.next += 1
        pixels = (self.pixels[first:first + self.batch].float() / 255 - self.mean) / self.std
        order = torch.rand(self.batch, 64).argsort(1)
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=kind == "pretrain-bf16"):
            loss = self.model.loss(pixels, order, 16)
        loss.backward()
        if kind == "distill":
            patches = self.model.patchify(pixels)
            with torch.no_grad():
                target = self.teacher.encode(patches)[:, 0]
            ((self.model.encode(patches)[:, 0] - target) ** 2).sum(1).mean().backward()
        self.optimizer.step()
        return loss.item()


def gemm_gflops():
    """Best of a few products of two 1024 x 1024 matrices: the peak that a step's products can reach."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return 2 * 1024 ** 3 / best / 1e9


def main(make_steps):
    """Answers commands with the steps of make_steps(batch)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--warmup", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    steps = make_steps(arguments.batch)
    warm = set()
    for line in sys.stdin:
        kind, count = line.split()
        if kind not in warm:
            for _ in range(arguments.warmup):
                steps.run(kind)
            warm.add(kind)
        milliseconds, cpu = [], time.process_time()
        for _ in range(int(count)):
            start = time.perf_counter()
            steps.run(kind)
            milliseconds.append(1000 * (time.perf_counter() - start))
        print(json.dumps(dict(kind=kind, milliseconds=milliseconds, cpu_seconds=time.process_time() - cpu,
                              gflop=steps.gflop(kind), gemm_gflops=gemm_gflops())), flush=True)


if __name__ == "__main__":
    main(Steps)
