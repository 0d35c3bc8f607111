#!/usr/bin/python3
"""Makes the golden values that tests/model compares with: /usr/bin/python3 tests/model/golden/make_golden.py

A plain PyTorch re-implementation of Hugging Face's ViTMAEForPreTraining and ViTForImageClassification (the
decoder un-shuffles its tokens and predicts every patch, as theirs does), on torch.optim.AdamW and autograd.
Needs torch and numpy; writes model/{config.json, model.safetensors} and expected.safetensors beside itself.
"""
import json
import math
import os
import struct

import numpy
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGE, PATCH, WIDTH, LAYERS, HEADS, MLP = 16, 4, 16, 2, 2, 32
DECODER_WIDTH, DECODER_LAYERS, DECODER_HEADS, DECODER_MLP = 8, 2, 2, 16
EPS, BATCH, KEPT, CLASSES = 1e-12, 3, 4, 3
PATCHES, LENGTH = (IMAGE // PATCH) ** 2, 3 * PATCH * PATCH
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def write_safetensors(path, tensors):
    header, offset, blobs = {"__metadata__": {"format": "pt"}}, 0, []
    for name in sorted(tensors):
        value = tensors[name].detach().to(torch.float32).contiguous()
        blob = value.numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def positions(width):
    """pos_embed.py of facebookresearch/mae: float64, the column's half first, zeros for CLS."""
    side = IMAGE // PATCH
    columns, rows = numpy.meshgrid(numpy.arange(side, dtype=numpy.float32), numpy.arange(side, dtype=numpy.float32))

    def one(grid):
        omega = 1.0 / 10000 ** (numpy.arange(width // 4, dtype=numpy.float64) / (width / 4.0))
        angles = numpy.einsum("m,d->md", grid.reshape(-1), omega)
        return numpy.concatenate([numpy.sin(angles), numpy.cos(angles)], axis=1)

    patches = numpy.concatenate([one(columns), one(rows)], axis=1)
    return torch.from_numpy(numpy.concatenate([numpy.zeros([1, width]), patches], axis=0)).float().unsqueeze(0)


def make_weights():
    weights = {}

    def random(name, *shape, scale=0.1, base=0.0):
        weights[name] = base + scale * torch.randn(*shape)

    def block(prefix, width, mlp):
        for part in ("query", "key", "value"):
            random(f"{prefix}.attention.attention.{part}.weight", width, width, scale=0.3)
            random(f"{prefix}.attention.attention.{part}.bias", width)
        for name, rows, columns in (("attention.output.dense", width, width), ("intermediate.dense", mlp, width), ("output.dense", width, mlp)):
            random(f"{prefix}.{name}.weight", rows, columns, scale=0.3)
            random(f"{prefix}.{name}.bias", rows)
        for name in ("layernorm_before", "layernorm_after"):
            random(f"{prefix}.{name}.weight", width, base=1.0)
            random(f"{prefix}.{name}.bias", width)

    random("vit.embeddings.cls_token", 1, 1, WIDTH)
    weights["vit.embeddings.position_embeddings"] = positions(WIDTH)
    random("vit.embeddings.patch_embeddings.projection.weight", WIDTH, 3, PATCH, PATCH)
    random("vit.embeddings.patch_embeddings.projection.bias", WIDTH)
    for layer in range(LAYERS):
        block(f"vit.encoder.layer.{layer}", WIDTH, MLP)
    random("vit.layernorm.weight", WIDTH, base=1.0)
    random("vit.layernorm.bias", WIDTH)
    random("decoder.mask_token", 1, 1, DECODER_WIDTH)
    weights["decoder.decoder_pos_embed"] = positions(DECODER_WIDTH)
    random("decoder.decoder_embed.weight", DECODER_WIDTH, WIDTH, scale=0.3)
    random("decoder.decoder_embed.bias", DECODER_WIDTH)
    for layer in range(DECODER_LAYERS):
        block(f"decoder.decoder_layers.{layer}", DECODER_WIDTH, DECODER_MLP)
    random("decoder.decoder_norm.weight", DECODER_WIDTH, base=1.0)
    random("decoder.decoder_norm.bias", DECODER_WIDTH)
    random("decoder.decoder_pred.weight", LENGTH, DECODER_WIDTH, scale=0.3)
    random("decoder.decoder_pred.bias", LENGTH)
    return weights


class Model:
    def __init__(self, weights):
        self.weights = {name: value.clone().requires_grad_(not is_fixed(name)) for name, value in weights.items()}

    def linear(self, x, name):
        return F.linear(x, self.weights[name + ".weight"], self.weights[name + ".bias"])

    def norm(self, x, name):
        return F.layer_norm(x, (x.shape[-1],), self.weights[name + ".weight"], self.weights[name + ".bias"], EPS)

    def block(self, x, prefix, heads):
        batch, tokens, width = x.shape
        normed = self.norm(x, prefix + ".layernorm_before")

        def split(part):
            return self.linear(normed, f"{prefix}.attention.attention.{part}").view(batch, tokens, heads, width // heads).transpose(1, 2)

        scores = split("query") @ split("key").transpose(-1, -2) / math.sqrt(width // heads)
        attended = (scores.softmax(-1) @ split("value")).transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.linear(attended, prefix + ".attention.output.dense")
        hidden = F.gelu(self.linear(self.norm(x, prefix + ".layernorm_after"), prefix + ".intermediate.dense"))
        return x + self.linear(hidden, prefix + ".output.dense")

    def encode(self, images, kept=None, noise=0.0):
        w = self.weights
        x = F.conv2d(images, w["vit.embeddings.patch_embeddings.projection.weight"],
                     w["vit.embeddings.patch_embeddings.projection.bias"], stride=PATCH).flatten(2).transpose(1, 2)
        x = x + w["vit.embeddings.position_embeddings"][:, 1:]
        if kept is not None:
            x = x.gather(1, kept.unsqueeze(-1).expand(-1, -1, WIDTH))
        cls = (w["vit.embeddings.cls_token"] + w["vit.embeddings.position_embeddings"][:, :1]).expand(len(x), -1, -1)
        x = torch.cat([cls, x], 1) + noise
        for layer in range(LAYERS):
            x = self.block(x, f"vit.encoder.layer.{layer}", HEADS)
        return self.norm(x, "vit.layernorm")

    def predict(self, images, kept):
        """Every patch's prediction [batch, patches, length], and which are masked [batch, patches]."""
        w = self.weights
        x = self.linear(self.encode(images, kept), "decoder.decoder_embed")
        mask = torch.ones(BATCH, PATCHES).scatter(1, kept, 0.0)
        order = torch.cat([kept, mask.nonzero()[:, 1].view(BATCH, -1)], 1)
        tokens = torch.cat([x[:, 1:], w["decoder.mask_token"].expand(BATCH, PATCHES - KEPT, -1)], 1)
        tokens = tokens.gather(1, order.argsort(1).unsqueeze(-1).expand(-1, -1, DECODER_WIDTH))
        x = torch.cat([x[:, :1], tokens], 1) + w["decoder.decoder_pos_embed"]
        for layer in range(DECODER_LAYERS):
            x = self.block(x, f"decoder.decoder_layers.{layer}", DECODER_HEADS)
        return self.linear(self.norm(x, "decoder.decoder_norm"), "decoder.decoder_pred")[:, 1:], mask

    def mae_loss(self, images, kept, norm_pix):
        prediction, mask = self.predict(images, kept)
        side = IMAGE // PATCH
        target = images.reshape(BATCH, 3, side, PATCH, side, PATCH)
        target = torch.einsum("nchpwq->nhwpqc", target).reshape(BATCH, PATCHES, LENGTH)
        if norm_pix:
            target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1.0e-6) ** 0.5
        loss = ((prediction - target) ** 2).mean(-1)
        return (loss * mask).sum() / mask.sum()

    def trained(self):
        return {name: value for name, value in self.weights.items() if value.requires_grad}


def is_fixed(name):
    return name.endswith(("position_embeddings", "decoder_pos_embed"))


def save_gradients(expected, case, loss, model):
    names = [name for name in model.trained()]
    gradients = torch.autograd.grad(loss, [model.weights[name] for name in names], allow_unused=True)
    expected[f"{case}/loss"] = loss
    for name, gradient in zip(names, gradients):
        if gradient is not None:
            expected[f"{case}/gradient/{name}"] = gradient


def main():
    torch.manual_seed(20221)
    torch.set_num_threads(1)
    weights = make_weights()
    pixels = torch.randint(0, 256, (BATCH, 3, IMAGE, IMAGE))
    kept = torch.stack([torch.randperm(PATCHES)[:KEPT].sort().values for _ in range(BATCH)])
    cls_targets, token_targets = torch.randn(BATCH, WIDTH), torch.randn(BATCH, 1 + PATCHES, WIDTH)
    images = (pixels / 255.0 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    expected = {"pixels": pixels, "kept": kept, "targets/cls": cls_targets, "targets/tokens": token_targets}

    model = Model(weights)
    expected["features"] = model.encode(images)
    save_gradients(expected, "mae", model.mae_loss(images, kept, False), model)
    save_gradients(expected, "mae-norm-pix", model.mae_loss(images, kept, True), model)
    cls = ((model.encode(images)[:, 0] - cls_targets) ** 2).sum(-1).mean()
    tokens = ((model.encode(images) - token_targets) ** 2).sum(-1)
    save_gradients(expected, "distill-cls", 0.5 * model.mae_loss(images, kept, True) + cls, model)
    expected["distill-cls/distance"] = cls
    expected["distill-tokens-mean/distance"] = tokens.mean()
    expected["distill-tokens-sum/distance"] = tokens.sum(-1).mean()

    # The encoder and a head; label of image i is i.
    head = {"classifier.weight": 0.3 * torch.randn(CLASSES, WIDTH), "classifier.bias": 0.1 * torch.randn(CLASSES)}
    classifier = Model({**{name: value for name, value in weights.items() if name.startswith("vit.")}, **head})
    scores = classifier.linear(classifier.encode(images)[:, 0], "classifier")
    expected.update(head)
    expected["classifier/scores"] = scores
    save_gradients(expected, "classifier", F.cross_entropy(scores, torch.arange(BATCH)), classifier)

    # Three steps as a student does them: warm-up of 1 step, linear decay over 4, clipping to 0.5, decay on matrices.
    # epsilon is 1e-4 so that an update is a smooth function of its gradient. A key's bias has gradient zero in
    # theory (softmax ignores what is added to all scores of a query); with epsilon 1e-8 Adam would blow its
    # rounding noise up to a full step in a random direction, and no two implementations would agree on it.
    model = Model(weights)
    matrices = [value for name, value in model.trained().items() if value.dim() in (2, 4)]
    others = [value for value in model.trained().values() if value.dim() not in (2, 4)]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}],
                                  lr=0.02, betas=(0.9, 0.95), eps=1e-4)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: step / 1 if step < 1 else max(0.0, (4 - step) / (4 - 1)))
    for step in range(3):
        optimizer.zero_grad()
        loss = model.mae_loss(images, kept, True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(model.trained().values()), 0.5)
        expected[f"steps/{step}/loss"], expected[f"steps/{step}/norm"] = loss, norm
        optimizer.step()
        schedule.step()
    for name, value in model.trained().items():
        expected[f"steps/weights/{name}"] = value

    # torch.optim.AdamW with its own epsilon, on gradients that are given.
    parameter = torch.randn(3, 4).requires_grad_()
    expected["adamw/initial"] = parameter.clone()
    optimizer = torch.optim.AdamW([parameter], lr=1e-2, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    for step in range(3):
        parameter.grad = torch.randn(3, 4)
        expected[f"adamw/gradient/{step}"] = parameter.grad.clone()
        optimizer.step()
    expected["adamw/final"] = parameter

    folder = os.path.join(HERE, "model")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"architectures": ["ViTMAEForPreTraining"], "model_type": "vit_mae", "image_size": IMAGE, "patch_size": PATCH,
                   "num_channels": 3, "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
                   "intermediate_size": MLP, "hidden_act": "gelu", "layer_norm_eps": EPS, "qkv_bias": True, "mask_ratio": 0.75,
                   "norm_pix_loss": True, "decoder_hidden_size": DECODER_WIDTH, "decoder_num_hidden_layers": DECODER_LAYERS,
                   "decoder_num_attention_heads": DECODER_HEADS, "decoder_intermediate_size": DECODER_MLP}, file, indent=2)
        file.write("\n")
    write_safetensors(os.path.join(folder, "model.safetensors"), weights)
    write_safetensors(os.path.join(HERE, "expected.safetensors"), expected)


if __name__ == "__main__":
    main()
