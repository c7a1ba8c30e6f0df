"""The reference beside which training stands: the same decoders by transformers and torch, with Adam, on one thread of the CPU.

pip install torch transformers; python training.py
"""

import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

torch.set_num_threads(1)
for layers, heads, keys, dim, inner, batch, length in [
    (4, 4, 2, 32, 344, 8, 128),
    (4, 4, 2, 32, 344, 2, 512),
    (2, 8, 4, 64, 1376, 4, 128),
]:
    config = LlamaConfig(
        vocab_size=1024,
        hidden_size=heads * dim,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=keys,
        max_position_embeddings=length,
        use_cache=False,
    )
    model = LlamaForCausalLM(config)
    adam = torch.optim.Adam(model.parameters(), lr=0.001)
    tokens = torch.randint(0, 1024, (batch, length + 1))
    best = float("inf")
    for _ in range(10):
        start = time.process_time()
        adam.zero_grad()
        logits = model(tokens[:, :-1]).logits
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).backward()
        adam.step()
        best = min(best, time.process_time() - start)
    print(f"{layers} layers, {batch} x {length}: {best * 1e3:.2f} ms a step, {batch * length / best:.0f} tokens/s")
