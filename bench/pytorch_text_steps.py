"""The yardstick of bench/ for text: self-distillation steps of a RoBERTa in plain PyTorch, as text is usually trained: every
sequence padded to 128 tokens, the language model's head on every place. Targets are given, as they are to our student.

    /usr/bin/python3 bench/pytorch_text_steps.py --threads 1 --batch 64 --warmup 5

Speaks as pytorch_steps.py does. Step kind: text.
"""

import torch
from torch import nn
from torch.nn import functional as F

import pytorch_steps

TINY_TEXT = dict(vocabulary=8000, positions=514, width=128, layers=4, heads=2, mlp=512)
LONGEST, PAD, MASK, DROPOUT = 128, 1, 4, 0.1


class Block(nn.Module):
    def __init__(self, width, heads, mlp):
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, eps=1e-5)
        self.fc1 = nn.Linear(width, mlp)
        self.fc2 = nn.Linear(mlp, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-5)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x, passed_over):
        batch, tokens, width = x.shape
        packed = self.query_key_value(x).view(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = packed.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (query @ key.transpose(-2, -1)) * (width // self.heads) ** -0.5 + passed_over
        mixed = (self.drop(scores.softmax(-1)) @ value).transpose(1, 2).reshape(batch, tokens, width)
        x = self.norm1(x + self.drop(self.projection(mixed)))
        return self.norm2(x + self.drop(self.fc2(F.gelu(self.fc1(x)))))


class Roberta(nn.Module):
    def __init__(self, shape):
        super().__init__()
        width = shape["width"]
        self.words = nn.Embedding(shape["vocabulary"], width)
        self.positions = nn.Embedding(shape["positions"], width)
        self.token_type = nn.Parameter(torch.randn(width) * 0.02)
        self.norm = nn.LayerNorm(width, eps=1e-5)
        self.drop = nn.Dropout(DROPOUT)
        self.blocks = nn.ModuleList(Block(width, shape["heads"], shape["mlp"]) for _ in range(shape["layers"]))
        self.dense = nn.Linear(width, width)
        self.head_norm = nn.LayerNorm(width, eps=1e-5)
        self.bias = nn.Parameter(torch.zeros(shape["vocabulary"]))
        nn.init.normal_(self.words.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)

    def encode(self, tokens):  # [batch, LONGEST] -> [batch, LONGEST, width]
        there = tokens != PAD
        passed_over = (1 - there.float()).mul(torch.finfo(torch.float32).min)[:, None, None, :]
        places = there.cumsum(1) * there + PAD
        x = self.drop(self.norm(self.words(tokens) + self.positions(places) + self.token_type))
        for block in self.blocks:
            x = block(x, passed_over)
        return x

    def predict(self, x):  # [batch, LONGEST, width] -> [batch, LONGEST, vocabulary]
        return F.linear(self.head_norm(F.gelu(self.dense(x))), self.words.weight, self.bias)


class Steps:
    def __init__(self, batch):
        torch.manual_seed(0)
        self.model = Roberta(TINY_TEXT)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.01)
        self.tokens = torch.randint(5, TINY_TEXT["vocabulary"], (8, batch, LONGEST))
        lengths = (55 * torch.exp(0.38 * torch.randn(8 * batch))).clamp(8, LONGEST).long().sort().values.view(8, batch)
        self.tokens[torch.arange(LONGEST) >= lengths[:, :, None]] = PAD
        self.target = torch.zeros(batch, TINY_TEXT["width"])
        self.next = 0

    def gflop(self, kind):
        return 0.0  # not compared for text

    def run(self, kind):
        tokens = self.tokens[self.next % 8]
        self.next += 1
        chosen = (torch.rand(tokens.shape) < 0.15) & (tokens != PAD)
        self.optimizer.zero_grad(set_to_none=True)
        scores = self.model.predict(self.model.encode(torch.where(chosen, MASK, tokens)))
        loss = F.cross_entropy(scores.view(-1, scores.shape[-1]), torch.where(chosen, tokens, -100).view(-1))
        loss = loss + ((self.model.encode(tokens)[:, 0] - self.target) ** 2).sum(1).mean()
        loss.backward()
        self.optimizer.step()
        return loss.item()


if __name__ == "__main__":
    pytorch_steps.main(Steps)
