#!/usr/bin/python3
"""Makes the golden values for text that tests/model compares with: /usr/bin/python3 tests/model/golden/make_golden_text.py

A plain PyTorch re-implementation of Hugging Face's RobertaForMaskedLM and RobertaForSequenceClassification, on padded
batches with an attention mask and position ids that are counted from the padding, as theirs are, although the program
under test knows no padding. Needs torch; writes text-model/{config.json, model.safetensors} and
expected-text.safetensors beside itself.
"""
import json
import math
import os

import torch
import torch.nn.functional as F

from make_golden import save_gradients, write_safetensors

HERE = os.path.dirname(os.path.abspath(__file__))
VOCABULARY, POSITIONS, WIDTH, LAYERS, HEADS, MLP, EPS = 40, 16, 16, 3, 2, 32, 1e-5
BEGIN, PAD, END, MASK, CLASSES = 0, 1, 2, 39, 3
LENGTHS = [9, 14, 3, 6]
CHOSEN = [[2, 4, 7], [1, 12], [1], [2, 3, 4]]


def make_weights():
    weights = {}

    def random(name, *shape, scale=0.1, base=0.0):
        weights[name] = base + scale * torch.randn(*shape)

    def linear(name, outputs, inputs):
        random(name + ".weight", outputs, inputs, scale=0.3)
        random(name + ".bias", outputs)

    def norm(name):
        random(name + ".weight", WIDTH, base=1.0)
        random(name + ".bias", WIDTH)

    random("roberta.embeddings.word_embeddings.weight", VOCABULARY, WIDTH, scale=0.5)
    random("roberta.embeddings.position_embeddings.weight", POSITIONS, WIDTH, scale=0.5)
    random("roberta.embeddings.token_type_embeddings.weight", 1, WIDTH, scale=0.5)
    norm("roberta.embeddings.LayerNorm")
    for layer in range(LAYERS):
        prefix = f"roberta.encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            linear(f"{prefix}.attention.self.{part}", WIDTH, WIDTH)
        linear(prefix + ".attention.output.dense", WIDTH, WIDTH)
        norm(prefix + ".attention.output.LayerNorm")
        linear(prefix + ".intermediate.dense", MLP, WIDTH)
        linear(prefix + ".output.dense", WIDTH, MLP)
        norm(prefix + ".output.LayerNorm")
    linear("lm_head.dense", WIDTH, WIDTH)
    norm("lm_head.layer_norm")
    random("lm_head.bias", VOCABULARY)
    return weights


class Model:
    def __init__(self, weights):
        self.weights = {name: value.clone().requires_grad_() for name, value in weights.items()}

    def linear(self, x, name):
        return F.linear(x, self.weights[name + ".weight"], self.weights[name + ".bias"])

    def norm(self, x, name):
        return F.layer_norm(x, (WIDTH,), self.weights[name + ".weight"], self.weights[name + ".bias"], EPS)

    def embed(self, name, ids, padding=None):
        return F.embedding(ids, self.weights[f"roberta.embeddings.{name}_embeddings.weight"], padding)

    def encode(self, ids, attention_mask, noise=0.0):
        """Hidden states [batch, longest, width] of padded ids; what stands at a padding place means nothing."""
        real = ids.ne(PAD).int()
        positions = (torch.cumsum(real, 1) * real).long() + PAD
        x = self.embed("word", ids, PAD) + noise + self.embed("position", positions, PAD) + self.embed("token_type", torch.zeros_like(ids))
        x = self.norm(x, "roberta.embeddings.LayerNorm")
        added = (1.0 - attention_mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
        for layer in range(LAYERS):
            x = self.block(x, f"roberta.encoder.layer.{layer}", added)
        return x

    def block(self, x, prefix, added):
        batch, tokens, width = x.shape

        def split(part):
            return self.linear(x, f"{prefix}.attention.self.{part}").view(batch, tokens, HEADS, width // HEADS).transpose(1, 2)

        scores = split("query") @ split("key").transpose(-1, -2) / math.sqrt(width // HEADS) + added
        attended = (scores.softmax(-1) @ split("value")).transpose(1, 2).reshape(batch, tokens, width)
        x = self.norm(self.linear(attended, prefix + ".attention.output.dense") + x, prefix + ".attention.output.LayerNorm")
        hidden = F.gelu(self.linear(x, prefix + ".intermediate.dense"))
        return self.norm(self.linear(hidden, prefix + ".output.dense") + x, prefix + ".output.LayerNorm")

    def mlm_logits(self, ids, attention_mask):
        x = self.norm(F.gelu(self.linear(self.encode(ids, attention_mask), "lm_head.dense")), "lm_head.layer_norm")
        return F.linear(x, self.weights["roberta.embeddings.word_embeddings.weight"], self.weights["lm_head.bias"])

    def mlm_loss(self, seen, attention_mask, labels):
        """Mean over a sequence's chosen tokens, then over sequences; labels are -100 elsewhere."""
        logits = self.mlm_logits(seen, attention_mask)
        losses = F.cross_entropy(logits.transpose(1, 2), labels, ignore_index=-100, reduction="none")
        chosen = labels.ne(-100)
        return (losses.sum(1) / chosen.sum(1)).mean()

    def classify(self, ids, attention_mask, noise=0.0):
        x = self.encode(ids, attention_mask, noise)[:, 0]
        return self.linear(torch.tanh(self.linear(x, "classifier.dense")), "classifier.out_proj")

    def trained(self):
        return self.weights


def main():
    torch.manual_seed(19072)
    torch.set_num_threads(1)
    weights = make_weights()
    batch, longest = len(LENGTHS), max(LENGTHS)
    ids = torch.full((batch, longest), PAD)
    seen = ids.clone()
    labels = torch.full((batch, longest), -100)
    for row, length in enumerate(LENGTHS):
        ids[row, 0], ids[row, length - 1] = BEGIN, END
        ids[row, 1:length - 1] = torch.randint(4, MASK, (length - 2,))
        seen[row] = ids[row]
        for number, column in enumerate(CHOSEN[row]):
            labels[row, column] = ids[row, column]
            # One is left as it is, one is replaced by a random token, the others are hidden.
            if (row, number) == (0, 1):
                seen[row, column] = torch.randint(4, MASK, ())
            elif (row, number) != (1, 0):
                seen[row, column] = MASK
    mask = ids.ne(PAD)
    chosen = labels.ne(-100)
    ends = torch.tensor([0] + LENGTHS[:-1]).cumsum(0)
    cls_targets, token_targets = torch.randn(batch, WIDTH), torch.randn(batch, longest, WIDTH)
    expected = {
        "tokens": ids[mask], "lengths": torch.tensor(LENGTHS), "masked-tokens": seen[chosen],
        "masked-positions": torch.tensor([int(ends[row]) + column for row in range(batch) for column in CHOSEN[row]]),
        "targets/cls": cls_targets, "targets/tokens": token_targets[mask],
    }

    model = Model(weights)
    expected["features"] = model.encode(ids, mask)[mask]
    expected["mlm/logits"] = model.mlm_logits(seen, mask)[chosen]
    save_gradients(expected, "mlm", model.mlm_loss(seen, mask, labels), model)
    cls = ((model.encode(ids, mask)[:, 0] - cls_targets) ** 2).sum(-1).mean()
    squares = ((model.encode(ids, mask) - token_targets) ** 2).sum(-1) * mask
    tokens = (squares.sum(1) / mask.sum(1)).mean()
    save_gradients(expected, "distill-cls", 0.5 * model.mlm_loss(seen, mask, labels) + cls, model)
    save_gradients(expected, "distill-tokens", 0.5 * model.mlm_loss(seen, mask, labels) + tokens, model)
    expected["distill-cls/distance"] = cls
    expected["distill-tokens-mean/distance"] = tokens
    expected["distill-tokens-sum/distance"] = squares.sum() / batch

    # The encoder and a head; label of text i is i mod 3.
    head = {"classifier.dense.weight": 0.3 * torch.randn(WIDTH, WIDTH), "classifier.dense.bias": 0.1 * torch.randn(WIDTH),
            "classifier.out_proj.weight": 0.3 * torch.randn(CLASSES, WIDTH), "classifier.out_proj.bias": 0.1 * torch.randn(CLASSES)}
    classifier = Model({**{name: value for name, value in weights.items() if name.startswith("roberta.")}, **head})
    scores = classifier.classify(ids, mask)
    expected.update(head)
    expected["classifier/scores"] = scores
    save_gradients(expected, "classifier", F.cross_entropy(scores, torch.arange(batch) % CLASSES), classifier)

    # Three steps as a student does them: warm-up of 1 step, linear decay over 4, clipping to 0.5, decay on matrices that are
    # no positions. For the large epsilon see make_golden.py; here the clipped gradients are smaller still.
    model = Model(weights)
    matrices = [value for name, value in model.weights.items() if value.dim() == 2 and "position" not in name]
    others = [value for name, value in model.weights.items() if value.dim() != 2 or "position" in name]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}],
                                  lr=0.02, betas=(0.9, 0.95), eps=1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: step / 1 if step < 1 else max(0.0, (4 - step) / (4 - 1)))
    for step in range(3):
        optimizer.zero_grad()
        loss = model.mlm_loss(seen, mask, labels)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(model.weights.values()), 0.5)
        expected[f"steps/{step}/loss"], expected[f"steps/{step}/norm"] = loss, norm
        optimizer.step()
        schedule.step()
    for name, value in model.weights.items():
        expected[f"steps/weights/{name}"] = value

    folder = os.path.join(HERE, "text-model")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"architectures": ["RobertaForMaskedLM"], "model_type": "roberta", "vocab_size": VOCABULARY,
                   "max_position_embeddings": POSITIONS, "type_vocab_size": 1, "hidden_size": WIDTH, "num_hidden_layers": LAYERS,
                   "num_attention_heads": HEADS, "intermediate_size": MLP, "hidden_act": "gelu", "layer_norm_eps": EPS,
                   "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02,
                   "bos_token_id": BEGIN, "pad_token_id": PAD, "eos_token_id": END}, file, indent=2)
        file.write("\n")
    write_safetensors(os.path.join(folder, "model.safetensors"), weights)
    write_safetensors(os.path.join(HERE, "expected-text.safetensors"), expected)


if __name__ == "__main__":
    main()
