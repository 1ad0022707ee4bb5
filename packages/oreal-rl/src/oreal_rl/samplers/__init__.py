"""Samplers behind one protocol (`oreal_rl.protocols.Sampler`).

`kv_loop` and `transformers` run inside the training process; `vllm` and `server` are separate
engines that need their weights sent.
"""

from oreal_rl.samplers.kv_loop import KVLoopSampler
from oreal_rl.samplers.transformers import GenerateSampler

__all__ = ["GenerateSampler", "KVLoopSampler"]
