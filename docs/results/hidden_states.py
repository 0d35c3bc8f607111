"""How much a model's hidden representations tell images apart: what the distance of self-distillation has to work with.

    python3 docs/results/hidden_states.py IMAGES MODEL [MODEL ...]

IMAGES is a folder with a folder of images per class; MODEL is a ViT-MAE as this project (or Hugging Face) writes it, a folder with
config.json and model.safetensors. The whole image is encoded, nothing hidden. For the class token's output (cls) and for the mean of the
patches' outputs (patches) it prints the mean squared norm of the images' mean (centre), the variance about it (spread), and how well
logistic regression tells the classes by it in 5-fold cross-validation (probe). Of a second model on, also the mean squared distance to
the first model's output of the same image (moved), and how much of that is one shift for all images (shift).
Needs torch, numpy, Pillow and scikit-learn.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn import functional as F


def read_model(folder):
    config = json.loads((folder / "config.json").read_text())
    with open(folder / "model.safetensors", "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
        values = file.read()
    weights = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            weights[name.removeprefix("vit.")] = torch.from_numpy(
                np.frombuffer(values[first:last], dtype=np.float32).reshape(entry["shape"]).copy())
    return config, weights


def encode(config, weights, pixels):
    """[images, 3, size, size] -> [images, 1 + patches, width]: the encoder's output after its last LayerNorm."""
    width, heads, epsilon = config["hidden_size"], config["num_attention_heads"], config["layer_norm_eps"]

    def linear(x, name):
        return F.linear(x, weights[name + ".weight"], weights[name + ".bias"])

    def norm(x, name):
        return F.layer_norm(x, (width,), weights[name + ".weight"], weights[name + ".bias"], epsilon)

    positions = weights["embeddings.position_embeddings"]
    x = F.conv2d(pixels, weights["embeddings.patch_embeddings.projection.weight"],
                 weights["embeddings.patch_embeddings.projection.bias"], stride=config["patch_size"]).flatten(2).transpose(1, 2)
    cls = (weights["embeddings.cls_token"] + positions[:, :1]).expand(len(x), -1, -1)
    x = torch.cat([cls, x + positions[:, 1:]], 1)
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}."
        y = norm(x, at + "layernorm_before")
        query, key, value = (linear(y, at + f"attention.attention.{part}").view(len(x), -1, heads, width // heads).transpose(1, 2)
                             for part in ("query", "key", "value"))
        mixed = (query @ key.transpose(-2, -1) * (width // heads) ** -0.5).softmax(-1) @ value
        x = x + linear(mixed.transpose(1, 2).flatten(2), at + "attention.output.dense")
        x = x + linear(F.gelu(linear(norm(x, at + "layernorm_after"), at + "intermediate.dense")), at + "output.dense")
    return norm(x, "layernorm")


def read_images(folder, size):
    files = sorted(path for path in folder.glob("*/*") if path.is_file())
    images = [np.asarray(Image.open(path).convert("RGB").resize((size, size), Image.BICUBIC), np.float32) for path in files]
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) / 255
    return (pixels - 0.5) / 0.25, [path.parent.name for path in files]  # model.pixel-mean and pixel-std of hocon/study-*.conf


def main():
    torch.set_num_threads(1)
    first = {}
    print("model | output | centre | spread | spread / centre | probe | moved | shift")
    for folder in map(Path, sys.argv[2:]):
        config, weights = read_model(folder)
        pixels, labels = read_images(Path(sys.argv[1]), config["image_size"])
        with torch.no_grad():
            hidden = torch.cat([encode(config, weights, part) for part in pixels.split(100)])
        for name, output in (("cls", hidden[:, 0]), ("patches", hidden[:, 1:].mean(1))):
            output = output.double().numpy()
            mean = output.mean(0)
            centre, spread = (mean ** 2).sum(), ((output - mean) ** 2).sum(1).mean()
            probe = cross_val_score(make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000)),
                                    output, labels, cv=StratifiedKFold(5, shuffle=True, random_state=0)).mean()
            moved = output - first.setdefault(name, output)
            print(f"{folder} | {name} | {centre:.2f} | {spread:.2f} | {spread / centre:.4f} | {probe:.3f} | "
                  f"{(moved ** 2).sum(1).mean():.2f} | {(moved.mean(0) ** 2).sum():.2f}")


main()
