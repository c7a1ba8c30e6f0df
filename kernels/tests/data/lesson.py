"""Lets torch train tiny-gpt2 and tiny-llama beside this file in f64, and notes the losses and the logits after them: lesson.json.

pip install torch transformers; python lesson.py
"""

import json
import pathlib

import torch
import transformers
from transformers import AutoModelForCausalLM

TEXT = [5, 1, 40, 7, 7, 23, 9, 11, 30, 2, 46, 7]
RATE = 0.01

for name in ["tiny-gpt2", "tiny-llama"]:
    folder = pathlib.Path(__file__).parent / name
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager")
    # Nothing is dropped.
    model.eval()
    adam = torch.optim.Adam(model.parameters(), lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    tokens, losses = torch.tensor([TEXT]), []
    for _ in range(10):
        adam.zero_grad()
        logits = model(tokens[:, :-1]).logits[0]
        loss = torch.nn.functional.cross_entropy(logits, tokens[0, 1:])
        loss.backward()
        adam.step()
        losses.append(float(f"{loss.item():.9g}"))
    with torch.no_grad():
        logits = [float(f"{x:.7g}") for x in model(tokens).logits[0, -1].tolist()]
    origin = f"{type(model).__name__}; transformers {transformers.__version__}, torch {torch.__version__} on CPU in f64, Adam"
    lesson = {"origin": origin, "text": TEXT, "rate": RATE, "losses": losses, "logits": logits}
    (folder / "lesson.json").write_text(json.dumps(lesson) + "\n")
