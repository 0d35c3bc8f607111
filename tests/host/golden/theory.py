#!/usr/bin/python3
"""Writes theory.json: the simplified model of arXiv 2210.02871, section 4, without the closed form that is tested against it.

    /usr/bin/python3 tests/host/golden/theory.py

(Debian 12: python3-numpy 1.24.2, python3-scipy 1.10.1.) A round is a least-squares problem whose rows hold data and penalty, fine-tuning a matrix
exponential; G1, psi1 and B are what fine-tuning makes of nothing, what the start adds to that, and what no sample sees.
"""

import json
import pathlib

import numpy
from scipy.linalg import expm

CASES = {
    "two outputs": dict(seed=1, samples=4, dimensions=7, outputs=2, penalty=0.05, time=1.5, rounds=4),
    "a single sample": dict(seed=2, samples=1, dimensions=3, outputs=1, penalty=0.7, time=0.4, rounds=3),
    "hardly a null space": dict(seed=3, samples=5, dimensions=6, outputs=3, penalty=0.01, time=3.0, rounds=5),
    "no fine-tuning": dict(seed=4, samples=3, dimensions=8, outputs=2, penalty=0.2, time=0.0, rounds=2),
}


def distill(features, teacher, penalty):
    """argmin over w of |features w - features teacher|^2 / samples + penalty |w|^2."""
    samples, dimensions = features.shape
    rows = numpy.vstack([features / samples**0.5, penalty**0.5 * numpy.eye(dimensions)])
    targets = numpy.vstack([features @ teacher / samples**0.5, numpy.zeros_like(teacher)])
    return numpy.linalg.lstsq(rows, targets, rcond=None)[0]


def finetune(features, labels, start, time):
    """Solves dw/dt = -features' (features w - labels) as one homogeneous system: the labels' part never changes."""
    dimensions, outputs = start.shape
    system = numpy.block([
        [-features.T @ features, features.T @ labels],
        [numpy.zeros((outputs, dimensions + outputs))],
    ])
    return (expm(time * system) @ numpy.vstack([start, numpy.eye(outputs)]))[:dimensions]


def case(seed, samples, dimensions, outputs, penalty, time, rounds):
    draw = numpy.random.default_rng(seed)
    features = draw.normal(size=(samples, dimensions)) / dimensions**0.5
    initial = draw.normal(size=(dimensions, outputs)) / 2
    pretrained = draw.normal(size=(dimensions, outputs))
    labels = draw.normal(size=(samples, outputs))
    starts = [pretrained]
    for _ in range(rounds):
        starts.append(distill(features, starts[-1], penalty))
    tuned = [finetune(features, labels, start, time) for start in starts]
    unseen = pretrained - numpy.linalg.pinv(features) @ features @ pretrained
    learned = numpy.sum(finetune(features, labels, numpy.zeros_like(pretrained), time) ** 2)
    null_part = numpy.sum(unseen**2)
    norms = [numpy.linalg.norm(weights) for weights in tuned]
    return dict(
        features=features, initial=initial, pretrained=pretrained, labels=labels, penalty=penalty, time=time,
        starts=starts, tuned=tuned, learned=learned, null_part=null_part,
        remembered=[norm**2 - learned - (null_part if t == 0 else 0) for t, norm in enumerate(norms)],
        complexity=[norm * numpy.mean(numpy.sum(features**2, axis=1)) ** 0.5 for norm in norms],
        bound=[norm + numpy.linalg.norm(initial) for norm in norms],
    )


def plain(value):
    return numpy.round(value, 14).tolist()


cases = [{"name": name, **{key: plain(value) for key, value in case(**settings).items()}} for name, settings in CASES.items()]
pathlib.Path(__file__).with_name("theory.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
