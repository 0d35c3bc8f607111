#!/usr/bin/python3
"""Makes mixing.json: what mixed images must be (Debian 12: python3-numpy).

    /usr/bin/python3 tests/data-pipeline/golden/make_mixing.py

"distributions" are points of Beta(a, a)'s distribution function, integrated with numpy. "draws" are what keys give, drawn once more
here with the C library's log and exp. "images" are two random images and what numpy makes of them: with mixup as its paper says, with
CutMix as in the authors' code (rand_bbox in clovaai/CutMix-PyTorch).
"""
import base64
import json
import math
import os

import numpy

MIX = 12  # RandomPurpose.Mix
SIZE = 13
random = numpy.random.RandomState(5)


def distribution(alpha):
    """Where the distribution function takes the values of 99 percentages. With u = t^a its integrand is smooth at 0."""
    nodes, weights = numpy.polynomial.legendre.leggauss(400)

    def integral(x):
        top = x ** alpha
        u = (nodes + 1) / 2 * top
        return top / 2 * numpy.sum(weights * (1 - u ** (1 / alpha)) ** (alpha - 1)) / alpha

    half = integral(0.5)
    grid = 0.5 * numpy.linspace(0, 1, 2001) ** (1 / min(alpha, 1))
    lower = numpy.array([integral(x) for x in grid]) / (2 * half)
    points = numpy.concatenate([grid, 1 - grid[-2::-1]])
    values = numpy.concatenate([lower, 1 - lower[-2::-1]])
    chosen = numpy.searchsorted(values, numpy.arange(1, 100) / 100)
    chosen = chosen[points[chosen] < 1]  # what is closer to 1 than a double can tell is 1
    return {"alpha": alpha, "points": list(points[chosen]), "values": list(values[chosen])}


class Counter:
    """The stream of a key: Philox-4x32-10."""

    def __init__(self, seed, epoch, sample):
        self.key = (seed & 0xFFFFFFFF, seed >> 32)
        self.counter = [sample & 0xFFFFFFFF, sample >> 32, epoch & 0xFFFFFFFF, MIX << 24]
        self.words = []

    def uint32(self):
        if not self.words:
            c, k = list(self.counter), list(self.key)
            for _ in range(10):
                a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
                c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
                k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
            self.words = c
            self.counter[3] += 1
        return self.words.pop(0)

    def uint64(self):
        low = self.uint32()
        return low | self.uint32() << 32

    def below(self, bound, bits):
        draw = self.uint32 if bits == 32 else self.uint64
        while True:
            product = draw() * bound
            if product % 2 ** bits >= 2 ** bits % bound:
                return product >> bits

    def uniform(self):
        return (self.uint64() >> 11) * 2.0 ** -53


def normal(stream):
    while True:
        x, y = 2 * stream.uniform() - 1, 2 * stream.uniform() - 1
        s = x * x + y * y
        if 0 < s < 1:
            return x * math.sqrt(-2 * math.log(s) / s)


def log_gamma(stream, shape):
    if shape < 1:
        boost = math.log(1 - stream.uniform()) / shape
        return boost + log_gamma(stream, shape + 1)
    d = shape - 1 / 3
    while True:
        x = normal(stream)
        v = (1 + x / (3 * math.sqrt(d))) ** 3
        if v > 0 and math.log(1 - stream.uniform()) < x * x / 2 + d * (1 - v + math.log(v)):
            return math.log(d * v)


def draw(alpha, seed, epoch, sample, partners):
    stream = Counter(seed, epoch, sample)
    partner = stream.below(partners, 64)
    first, second = log_gamma(stream, alpha), log_gamma(stream, alpha)
    return {"alpha": alpha, "seed": seed, "epoch": epoch, "sample": sample, "partners": partners, "partner": partner,
            "share": 1 / (1 + math.exp(second - first)), "x": stream.below(SIZE, 32), "y": stream.below(SIZE, 32)}


def mixup(own, partner, share):
    return numpy.rint(share * own.astype(float) + (1 - share) * partner.astype(float)).astype("uint8")


def cutmix(own, partner, share, cx, cy):
    cut = int(SIZE * numpy.sqrt(1.0 - share))
    x1, x2 = numpy.clip(cx - cut // 2, 0, SIZE), numpy.clip(cx + cut // 2, 0, SIZE)
    y1, y2 = numpy.clip(cy - cut // 2, 0, SIZE), numpy.clip(cy + cut // 2, 0, SIZE)
    mixed = own.copy()
    mixed[:, y1:y2, x1:x2] = partner[:, y1:y2, x1:x2]
    return mixed


def encode(image):
    return base64.b64encode(image.tobytes()).decode()


own, partner = random.randint(0, 256, (2, 3, SIZE, SIZE)).astype("uint8")
shares = [0.0, 1.0, 0.5, 0.25, 0.3, 0.987654321, 1e-7]
places = [(6, 6), (0, 12), (12, 3), (1, 1), (5, 11), (0, 0), (12, 12)]
keys = [(1, 0, 0, 26), (1, 0, 1, 26), (1, 3, 0, 26), (2 ** 63 + 5, 7, 10 ** 12, 10 ** 9), (42, 2 ** 31, 99, 1)]
golden = {
    "size": SIZE,
    "distributions": [distribution(alpha) for alpha in (0.1, 0.3, 0.5, 1, 2, 4, 10)],
    "draws": [draw(alpha, *key) for alpha in (0.1, 0.5, 1, 3, 10) for key in keys],
    "images": {
        "own": encode(own), "partner": encode(partner),
        "mixed": [{"share": share, "x": x, "y": y, "mixUp": encode(mixup(own, partner, share)), "cutMix": encode(cutmix(own, partner, share, x, y))}
                  for share, (x, y) in zip(shares, places)],
    },
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mixing.json"), "w") as file:
    json.dump(golden, file)
    file.write("\n")
