"""Makes tiny-gpt2 and tiny-llama beside this file: random weights in f16, and what transformers makes of them in f32.

pip install torch transformers; python tiny.py
"""

import copy
import json
import pathlib

import torch
import transformers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

PROMPT = [5, 1, 40, 7, 7, 23, 9, 11]


def make(name, model):
    with torch.no_grad():
        for weights in model.parameters():
            # Large enough that answers differ, and rounded to f16.
            weights.add_(torch.randn_like(weights) * 0.2) if weights.dim() == 1 else weights.mul_(15)
            weights.copy_(weights.half().float())
    model.eval()
    folder = pathlib.Path(__file__).parent / name
    copy.deepcopy(model).half().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tokens = torch.tensor([PROMPT])
    with torch.no_grad():
        logits = model(tokens).logits[0, -1]
        continued = list(PROMPT)
        for _ in range(12):
            continued.append(int(model(torch.tensor([continued])).logits[0, -1].argmax()))
    origin = f"{type(model).__name__} with random weights; transformers {transformers.__version__}, torch {torch.__version__} on CPU"
    logits = [float(f"{x:.7g}") for x in logits.tolist()]
    answer = {"origin": origin, "prompt": PROMPT, "logits": logits, "continued": continued[len(PROMPT) :]}
    (folder / "answer.json").write_text(json.dumps(answer) + "\n")


torch.manual_seed(3)
make("tiny-gpt2", GPT2LMHeadModel(GPT2Config(vocab_size=48, n_positions=32, n_embd=16, n_layer=2, n_head=4)))
sizes = dict(hidden_size=16, intermediate_size=28, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2)
make("tiny-llama", LlamaForCausalLM(LlamaConfig(vocab_size=48, max_position_embeddings=32, rope_theta=500.0, **sizes)))
