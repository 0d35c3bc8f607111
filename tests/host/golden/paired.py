#!/usr/bin/python3
"""Writes paired.json: paired t-tests as SciPy computes them, and Holm's adjustment of their probabilities.

    /usr/bin/python3 tests/host/golden/paired.py

(Debian 12: python3-scipy 1.10.1, python3-numpy. Holm's adjustment is written out here as the definition says it: the i-th
least of m probabilities becomes the largest (m − j + 1) · p_j over j ≤ i, at most 1.)
"""

import json
import pathlib

import numpy
from scipy import stats

generator = numpy.random.default_rng(11)


def case(name, values, baselines):
    values, baselines = numpy.asarray(values, float), numpy.asarray(baselines, float)
    differences = values - baselines
    test = stats.ttest_rel(values, baselines)
    low, high = stats.t.interval(0.95, len(differences) - 1, loc=differences.mean(), scale=stats.sem(differences))
    return {
        "name": name,
        "values": values.tolist(),
        "baselines": baselines.tolist(),
        "mean": differences.mean(),
        "low": low,
        "high": high,
        "p": test.pvalue,
    }


def holm(probabilities):
    ranked = sorted(probabilities)
    count = len(ranked)
    return [min(1.0, max((count - j) * ranked[j] for j in range(ranked.index(p) + 1))) for p in probabilities]


tests = [
    case("two pairs", [0.7, 0.8], [0.6, 0.75]),
    case("five seeds", [0.712, 0.695, 0.731, 0.701, 0.722], [0.690, 0.701, 0.702, 0.688, 0.705]),
    case("no difference to speak of", [0.61, 0.59, 0.60, 0.62], [0.60, 0.61, 0.59, 0.62]),
    case("far apart", 0.9 + 0.001 * generator.standard_normal(15), 0.5 + 0.001 * generator.standard_normal(15)),
    case("fifteen pairs", 0.70 + 0.02 * generator.standard_normal(15), 0.69 + 0.02 * generator.standard_normal(15)),
    case("many pairs", 0.70 + 0.02 * generator.standard_normal(300), 0.695 + 0.02 * generator.standard_normal(300)),
    case("worse than the baseline", [0.40, 0.45, 0.42], [0.50, 0.52, 0.47]),
]
families = [
    [0.01, 0.04, 0.03, 0.005],
    [0.2],
    [0.5, 0.9, 0.02],
    [0.03, 0.03, 0.04],
    [1e-12, 0.7, 0.0499, 0.011, 0.2, 0.05],
]
lines = [",\n".join(map(json.dumps, part)) for part in (tests, [{"p": family, "adjusted": holm(family)} for family in families])]
pathlib.Path(__file__).with_name("paired.json").write_text('{"tests": [\n' + lines[0] + '\n],\n"holm": [\n' + lines[1] + "\n]}\n")
