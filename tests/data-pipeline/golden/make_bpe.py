#!/usr/bin/python3
"""Makes bpe.json: merges learnt from a few documents and the tokens of texts, by the simplest possible code (only Python's library).

    /usr/bin/python3 tests/data-pipeline/golden/make_bpe.py

Nothing here is fast: the regular expression is tried alternative by alternative, all pairs are counted anew for every merge.
"""
import collections
import json
import os
import unicodedata

VOCABULARY_SIZE = 700
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
MASK = "<mask>"

printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
others = [byte for byte in range(256) if byte not in printable]
symbol = {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + n) for n, byte in enumerate(others)}}


def is_letter(c):
    return unicodedata.category(c)[0] == "L"


def is_number(c):
    return unicodedata.category(c)[0] == "N"


def is_space(c):
    return c in "\t\n\v\f\r\x85" or unicodedata.category(c)[0] == "Z"


def is_other(c):
    return not (is_letter(c) or is_number(c) or is_space(c))


def piece_end(text, start):
    """'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"""
    for contraction in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d"):
        if text.startswith(contraction, start):
            return start + len(contraction)
    for kind in (is_letter, is_number, is_other):
        for begin in ([start + 1] if text[start] == " " else []) + [start]:
            end = begin
            while end < len(text) and kind(text[end]):
                end += 1
            if end > begin:
                return end
    longest = start
    while longest < len(text) and is_space(text[longest]):
        longest += 1
    for end in range(longest, start, -1):
        if end == len(text) or is_space(text[end]):
            return end
    return longest


def pieces(text):
    start = 0
    while start < len(text):
        end = piece_end(text, start)
        yield text[start:end]
        start = end


def spelled(piece):
    return [symbol[byte] for byte in piece.encode("utf-8")]


def merged(tokens, pair):
    result = []
    for token in tokens:
        # Only a token that is not itself a product of this pass may be the left one.
        if result and result[-1] == (pair[0], False) and token == pair[1]:
            result[-1] = (pair[0] + pair[1], True)
        else:
            result.append((token, False))
    return [token for token, _ in result]


def train(documents, size):
    vocabulary = SPECIAL + sorted(symbol.values())
    merges = []
    words = collections.Counter(piece for document in documents for piece in pieces(document))
    words = [(spelled(piece), count) for piece, count in words.items()]
    while len(vocabulary) < size - 1:
        ids = {token: number for number, token in enumerate(vocabulary)}
        pairs = collections.Counter()
        for tokens, count in words:
            for pair in zip(tokens, tokens[1:]):
                if pair[0] + pair[1] not in ids:
                    pairs[pair] += count
        if not pairs or max(pairs.values()) < 2:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], ids[pair[0]], ids[pair[1]]))
        merges.append(best)
        vocabulary.append(best[0] + best[1])
        words = [(merged(tokens, best), count) for tokens, count in words]
    return vocabulary + [MASK], merges


def encode(text, ids, ranks):
    result = []
    for piece in pieces(text):
        tokens = spelled(piece)
        while True:
            known = [pair for pair in zip(tokens, tokens[1:]) if pair in ranks]
            if not known:
                break
            tokens = merged(tokens, min(known, key=ranks.get))
        result += [ids[token] for token in tokens]
    return result


documents = [
    "The teacher reads the unmasked text and the student reads the masked text; the student's loss is the teacher's distance.",
    "We don't know what they'll say, but I'm sure that we've seen it and they're right: she'd say so, wouldn't she? It's what 'tis.",
    "Further pre-training on the target data helps when the target domain is far from the source domain, e.g. chemistry (2,000 abstracts).",
    "Die Übertragung großer Mengen über die Straße kostet Mühe; der Müller mahlt, die Mühle rauscht, und größere Räder drehen sich.",
    "L'été dernier, où étiez-vous ? Nous étions à l'hôtel près de la forêt, et les élèves lisaient près de la fenêtre.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. Мягкие булки, мягкий чай, французские булки и ещё чай.",
    "Η γρήγορη αλεπού πηδά πάνω από το σκυλί, και το σκυλί κοιτάζει την αλεπού.",
    "自然言語処理は面白い。自然言語のモデルを学習する。言語モデルの学習には時間がかかる。",
    "مرحبا بالعالم، هذا نص قصير عن اللغة، والنص قصير ١٢٣ و ٤٥٦.",
    "नमस्ते दुनिया, यह एक छोटा पाठ है और यह पाठ छोटा है।",
    "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n\treturn a - b\n\nprint(add(1, 2))    # prints    3\n",
    "Numbers: 1 12 123 1234 12345 3.14159 2.71828 1e-5 0x1F ½ ¾ Ⅳ Ⅷ ² ³ 100% $5.00 €7,50 #1 #12",
    "😀 😃 😄 👍🏽 👩‍👩‍👧 🇩🇪 🇫🇷 😀😀😀 nice 😀 very nice 👍🏽!!!",
    "---- ======== ******** ........ ----- -------- --------- !!! ??? ... :-) :-( ;-)",
    "aaa aaaa aaaaa aaaaaa aaaaaaaa banana bananas ananas mississippi",
]
texts = [
    "", " ", "  ", "   x", "x   ", "\n", "\n\n", " \n x", "x\n\n y", "\r\n\r\n", "\t\tx", "a  b   c    d", "\u00a0x \u00a0 y\u3000z\u2028\u2029",
    "Hello world", " Hello world", "Hello, world!", "don't can't we're I've I'm she'll he'd 'sup ''s 't' 'S 'RE x's  's 'll", "'", "''", "'\u00e9",
    "<s> <pad> </s> <unk> <mask> <mask>", "the student's teacher", "unbelievably untrained antidisestablishmentarianism",
    "Größere Mühlen an der Straße", "мягкие французские ананасы", "言語モデルを学習した猫", "αλεπού και σκυλί 123", "١٢٣٤ Ⅷ½²",
    "😀 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈🇩🇪😀x😀 1😀", "𝐀𝐁𝐂 𝟏𝟐𝟑 𐐷𐐷 𠮷野家", "e\u0301te\u0301 cafe\u0301 \u0301x", "\u200bx\u200d \ufeffy \u2060z",
    "".join(map(chr, range(32))) + "\x7f" + "".join(map(chr, range(0x80, 0xA1))), "\x00", "a\x00b \x00 c", "\x1c\x1d\x1e\x1f x \x85 y",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bananananana", "-" * 37, "=" * 64 + " " + "." * 33, " " * 40 + "x" + " " * 41, "mississippi" * 5,
    "\ufffd \ufffe \uffff x", "1,234.56 and 10^-3 or 5%", "https://example.org/a_b?c=d&e=f#g user@example.org C:\\path\\file.txt",
] + documents

vocabulary, merges = train(documents, VOCABULARY_SIZE)
ids = {token: number for number, token in enumerate(vocabulary)}
ranks = {pair: rank for rank, pair in enumerate(merges)}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "bpe.json"), "w", encoding="utf-8") as file:
    json.dump({
        "vocabularySize": VOCABULARY_SIZE,
        "documents": documents,
        "vocabulary": vocabulary,
        "merges": [" ".join(pair) for pair in merges],
        "texts": [{"text": text, "pieces": list(pieces(text)), "ids": encode(text, ids, ranks)} for text in texts],
    }, file, ensure_ascii=True, indent=None, separators=(",", ":"))
    file.write("\n")
