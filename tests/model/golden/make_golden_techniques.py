#!/usr/bin/python3
"""Makes the golden values of the baselines and ablations: /usr/bin/python3 tests/model/golden/make_golden_techniques.py

Plain PyTorch on the models and batches of make_golden.py and make_golden_text.py, whose committed results it reads: l2, MARS and RecAdam
steps parameter by parameter, R3F with noise that is given, the supervised contrastive loss pair by pair, and the distance of
predictions. Needs torch; writes expected-techniques.safetensors beside itself.
"""
import json
import math
import os
import struct

import torch
import torch.nn.functional as F

import make_golden as image
import make_golden_text as text
from make_golden import save_gradients, write_safetensors

HERE = os.path.dirname(os.path.abspath(__file__))
# For the large epsilon see make_golden.py; here the penalty's gradient feeds a key's bias its own rounding noise back.
STEPS, TOTAL, RATE, BETAS, EPSILON, DECAY, CLIP, SEED = 4, 6, 0.02, (0.9, 0.95), 1e-2, 0.05, 0.5, 5
L2 = 0.3
RADIUS, HEAD_RADIUS = 0.05, 0.2
SLOPE, MIDPOINT, WEIGHT, PULL = 0.7, 3, 0.9, 25
NOISE_WEIGHT, CONTRAST_WEIGHT, TEMPERATURE, MAE_WEIGHT = 0.5, 0.7, 0.2, 0.5


def read_safetensors(*path):
    with open(os.path.join(HERE, *path), "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32).view(entry["shape"]).clone()
    return tensors


def fresh_head(seed):
    """The head that a student makes of its seed: SplitMix64, Box-Muller, a deviation of 0.02."""
    state = seed

    def uniform():
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB % 2**64
        return ((mixed ^ (mixed >> 31)) >> 11) / 2**53

    def normal():
        radius = math.sqrt(-2 * math.log(1 - uniform()))
        return radius * math.cos(2 * math.pi * uniform())

    values = [0.02 * normal() for _ in range(image.CLASSES * image.WIDTH)]
    return {"classifier.weight": torch.tensor(values).view(image.CLASSES, image.WIDTH), "classifier.bias": torch.zeros(image.CLASSES)}


def is_matrix(value):
    return value.dim() in (2, 4)


def regularised_steps(expected, kind, encoder, images, labels):
    """Fine-tuning near the initial encoder; the head is fresh."""
    model = image.Model({**encoder, **fresh_head(SEED)})
    parameters = model.trained()
    anchors = {name: value.detach().clone() for name, value in parameters.items() if name.startswith("vit.")}
    averages = {name: (torch.zeros_like(value), torch.zeros_like(value)) for name, value in parameters.items()}
    optimizer = torch.optim.AdamW(
        [{"params": [value for value in parameters.values() if is_matrix(value)], "weight_decay": DECAY},
         {"params": [value for value in parameters.values() if not is_matrix(value)], "weight_decay": 0.0}],
        lr=RATE, betas=BETAS, eps=EPSILON)
    for step in range(STEPS):
        optimizer.zero_grad()
        scores = model.linear(model.encode(images)[:, 0], "classifier")
        loss = F.cross_entropy(scores, labels)
        if kind == "l2":
            loss = loss + L2 * sum(((parameters[name] - anchor) ** 2).sum() for name, anchor in anchors.items())
        loss.backward()
        expected[f"{kind}/{step}/loss"] = loss
        expected[f"{kind}/{step}/norm"] = torch.nn.utils.clip_grad_norm_(list(parameters.values()), CLIP)
        rate = RATE * (TOTAL - step) / TOTAL
        with torch.no_grad():
            if kind == "recadam":
                recadam_step(parameters, anchors, averages, step + 1, rate)
                continue
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            if kind == "mars":
                for name, value in parameters.items():
                    if is_matrix(value):
                        project(value, anchors.get(name, torch.zeros_like(value)), RADIUS if name in anchors else HEAD_RADIUS)
    for name, value in parameters.items():
        expected[f"{kind}/weights/{name}"] = value


def recadam_step(parameters, anchors, averages, step, rate):
    factor = rate * math.sqrt(1 - BETAS[1] ** step) / (1 - BETAS[0] ** step)
    share = WEIGHT / (1 + math.exp(-SLOPE * (step - MIDPOINT)))
    for name, value in parameters.items():
        average, squared = averages[name]
        average.mul_(BETAS[0]).add_(value.grad, alpha=1 - BETAS[0])
        squared.mul_(BETAS[1]).add_(value.grad ** 2, alpha=1 - BETAS[1])
        update = factor * average / (squared.sqrt() + EPSILON)
        if name in anchors:
            value -= share * update
            value -= rate * (WEIGHT - share) * PULL * (value - anchors[name])
        else:
            value -= update
        if is_matrix(value):
            value -= rate * DECAY * value


def project(value, anchor, radius):
    rows, near = value.view(len(value), -1), anchor.view(len(value), -1)
    for row in range(len(rows)):
        difference = rows[row] - near[row]
        rows[row] = near[row] + difference / max(1.0, difference.abs().sum().item() / radius)


def symmetric_divergence(scores, others):
    p, q = F.log_softmax(scores, -1), F.log_softmax(others, -1)
    return (F.kl_div(q, p, reduction="sum", log_target=True) + F.kl_div(p, q, reduction="sum", log_target=True)) / len(scores)


def supervised_contrast(features, labels, temperature):
    features = F.normalize(features, dim=1)
    losses = []
    for i in range(len(labels)):
        others = [j for j in range(len(labels)) if j != i]
        positives = [j for j in others if labels[j] == labels[i]]
        if positives:
            total = torch.logsumexp(torch.stack([features[i] @ features[j] / temperature for j in others]), 0)
            losses.append(-sum(features[i] @ features[j] / temperature - total for j in positives) / len(positives))
    return sum(losses) / len(losses)


def images_cases(expected):
    golden, weights = read_safetensors("expected.safetensors"), read_safetensors("model", "model.safetensors")
    encoder = {name: value for name, value in weights.items() if name.startswith("vit.")}
    pixels, kept = golden["pixels"].view(image.BATCH, 3, image.IMAGE, image.IMAGE), golden["kept"].long().view(image.BATCH, image.KEPT)
    images = (pixels / 255.0 - torch.tensor(image.MEAN).view(3, 1, 1)) / torch.tensor(image.STD).view(3, 1, 1)
    labels = torch.arange(image.BATCH)
    for kind in ("l2", "mars", "recadam"):
        regularised_steps(expected, kind, encoder, images, labels)

    classifier = image.Model({**encoder, **{name: golden[name] for name in ("classifier.weight", "classifier.bias")}})
    noise = 0.5 * torch.randn(image.BATCH, 1 + image.PATCHES, image.WIDTH)
    scores, others = (classifier.linear(classifier.encode(images, noise=n)[:, 0], "classifier") for n in (0.0, noise))
    divergence = symmetric_divergence(scores, others)
    expected["images/noise"], expected["images/r3f/divergence"] = noise, divergence
    save_gradients(expected, "images/r3f", F.cross_entropy(scores, labels) + NOISE_WEIGHT * divergence, classifier)

    labels = torch.tensor([1, 0, 1])
    features = classifier.encode(images)[:, 0]
    contrast = supervised_contrast(features, labels, TEMPERATURE)
    scores = classifier.linear(features.detach(), "classifier")
    save_gradients(expected, "images/supcon", F.cross_entropy(scores, labels) + CONTRAST_WEIGHT * contrast, classifier)
    features = torch.randn(6, 5).requires_grad_()
    loss = supervised_contrast(features, [0, 1, 0, 2, 1, 0], TEMPERATURE)
    expected["supcon/features"], expected["supcon/loss"] = features, loss
    expected["supcon/gradient"] = torch.autograd.grad(loss, features)[0]

    model = image.Model(weights)
    prediction, mask = model.predict(images, kept)
    targets = torch.randn(image.BATCH, image.PATCHES - image.KEPT, image.LENGTH)
    distances = ((prediction[mask.bool()].view(targets.shape) - targets) ** 2).sum(-1)
    expected["images/targets"] = targets
    expected["images/predictions-mean/distance"], expected["images/predictions-sum/distance"] = distances.mean(), distances.sum(1).mean()
    save_gradients(expected, "images/predictions", MAE_WEIGHT * model.mae_loss(images, kept, True) + distances.mean(), model)


def texts_cases(expected):
    golden, weights = read_safetensors("expected-text.safetensors"), read_safetensors("text-model", "model.safetensors")
    lengths = golden["lengths"].long().tolist()
    ids = torch.full((len(lengths), max(lengths)), text.PAD)
    mask = torch.arange(max(lengths)).unsqueeze(0) < torch.tensor(lengths).unsqueeze(1)
    ids[mask] = golden["tokens"].long()
    flat = torch.zeros(int(mask.sum()), dtype=torch.bool)
    flat[golden["masked-positions"].long()] = True
    chosen = torch.zeros_like(mask)
    chosen[mask] = flat
    seen, labels = ids.clone(), torch.where(chosen, ids, -100)
    seen[chosen] = golden["masked-tokens"].long()

    head = {name: golden[name] for name in golden if name in (
        "classifier.dense.weight", "classifier.dense.bias", "classifier.out_proj.weight", "classifier.out_proj.bias")}
    classifier = text.Model({**{name: value for name, value in weights.items() if name.startswith("roberta.")}, **head})
    noise = 0.5 * torch.randn(*ids.shape, text.WIDTH)
    scores, others = classifier.classify(ids, mask), classifier.classify(ids, mask, noise)
    divergence = symmetric_divergence(scores, others)
    expected["texts/noise"], expected["texts/r3f/divergence"] = noise[mask], divergence
    classes = torch.arange(len(lengths)) % text.CLASSES
    save_gradients(expected, "texts/r3f", F.cross_entropy(scores, classes) + NOISE_WEIGHT * divergence, classifier)

    model = text.Model(weights)
    targets = torch.randn(int(chosen.sum()), text.VOCABULARY)
    logits = model.mlm_logits(seen, mask)
    divergences = torch.zeros(chosen.shape)
    divergences[chosen] = F.kl_div(F.log_softmax(logits[chosen], -1), F.softmax(targets, -1), reduction="none").sum(-1)
    mean = (divergences.sum(1) / chosen.sum(1)).mean()
    expected["texts/targets"] = targets
    expected["texts/predictions-mean/distance"], expected["texts/predictions-sum/distance"] = mean, divergences.sum(1).mean()
    save_gradients(expected, "texts/predictions", MAE_WEIGHT * model.mlm_loss(seen, mask, labels) + mean, model)


def main():
    torch.manual_seed(41251)
    torch.set_num_threads(1)
    expected = {}
    images_cases(expected)
    texts_cases(expected)
    write_safetensors(os.path.join(HERE, "expected-techniques.safetensors"), expected)


if __name__ == "__main__":
    main()
