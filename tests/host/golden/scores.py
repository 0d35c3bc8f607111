#!/usr/bin/python3
"""Writes scores.json: accuracy, macro-F1 and micro-F1 of confusion matrices as scikit-learn computes them.

    /usr/bin/python3 tests/host/golden/scores.py

(Debian 12: python3-sklearn 1.2.1, python3-numpy.)
"""

import json
import pathlib

import numpy
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

CASES = {
    "two classes": [[3, 1], [2, 4]],
    "all right": [[5, 0, 0], [0, 2, 0], [0, 0, 9]],
    "all wrong": [[0, 3], [4, 0]],
    "a class that is never predicted": [[50, 3, 0], [4, 20, 0], [6, 2, 0]],
    "a class that never occurs but is predicted": [[10, 2, 3], [1, 7, 1], [0, 0, 0]],
    "a class that neither occurs nor is predicted": [[8, 0, 2], [0, 0, 0], [3, 0, 6]],
    "one class only": [[7]],
    "unbalanced": numpy.random.default_rng(4).integers(0, 9, (13, 13)).tolist(),
}


def scores(confusion):
    """Unrolls the matrix into labels and predictions, so that scikit-learn counts them itself."""
    classes = range(len(confusion))
    pairs = [(label, prediction) for label in classes for prediction in classes for _ in range(confusion[label][prediction])]
    labels, predictions = zip(*pairs)
    assert confusion_matrix(labels, predictions, labels=list(classes)).tolist() == confusion
    return {
        "accuracy": accuracy_score(labels, predictions),
        "macro-f1": f1_score(labels, predictions, average="macro"),
        "micro-f1": f1_score(labels, predictions, average="micro"),
    }


cases = [{"name": name, "confusion": confusion, **scores(confusion)} for name, confusion in CASES.items()]
pathlib.Path(__file__).with_name("scores.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
