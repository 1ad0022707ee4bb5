"""Fine-tune adapters with PEFT LoRA: tell heart beats from noise of the same spectrum.

Run: `python examples/finetune_lora.py OUTPUT [--model NAME] [--steps N]`. The text model gets
adapters on its attention; the projector of the time-series encoder and the head are trained whole.
Half of the series are windows of a measured electrocardiogram, half the same windows with shuffled
phases.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pywt
import torch
from chat_collator import ChatCollator
from ecg_series import ECG_SAMPLING_RATE
from peft import LoraConfig, PeftModel, get_peft_model
from tiny_checkpoint import load

TARGETS = r".*language_model\.layers\.\d+\.self_attn\.[qkvo]_proj"


def conversation(index: int) -> dict:
    """The index-th example: a window of the recording, or noise with its spectrum."""
    rng = random.Random(f"ecg window/train/0/{index}")
    start = rng.randrange(1024 - 512)
    window = pywt.data.ecg()[start : start + 512].astype(np.float64)
    label = rng.choice(("beats", "noise"))
    if label == "noise":
        spectrum = np.fft.rfft(window)
        phases = np.array([rng.uniform(0, 2 * np.pi) for _ in spectrum])
        window = np.fft.irfft(np.abs(spectrum) * np.exp(1j * phases), n=512)
    series = {"type": "time_series", "time_series": window, "sampling_rate": ECG_SAMPLING_RATE}
    ask = [series, {"type": "text", "text": "Beats or noise?"}]
    reply = [{"type": "text", "text": label}]
    messages = [{"role": "user", "content": ask}, {"role": "assistant", "content": reply}]
    return {"messages": messages}


def main(argv: Sequence[str] | None = None) -> tuple[float, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    arguments = parser.parse_args(argv)
    model, processor = load(arguments.model)
    torch.manual_seed(0)
    settings = LoraConfig(
        r=8,
        lora_alpha=16,
        target_modules=TARGETS,
        modules_to_save=["time_series.projector", "lm_head"],
    )
    adapted = get_peft_model(model, settings)
    trained, everything = adapted.get_nb_trainable_parameters()
    print(f"training {trained:,} of {everything:,} parameters")
    collate = ChatCollator(processor)
    optimizer = torch.optim.AdamW(
        [p for p in adapted.parameters() if p.requires_grad], arguments.learning_rate
    )
    losses = []
    for step in range(arguments.steps):
        batch = collate([conversation(4 * step + offset) for offset in range(4)])
        loss = adapted(**batch, use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f} in {arguments.steps} steps")
    adapted.save_pretrained(arguments.output)
    reload_and_compare(arguments, adapted, collate([conversation(0)]))
    return losses[0], losses[-1]


def reload_and_compare(arguments: argparse.Namespace, adapted: PeftModel, batch: dict) -> None:
    """Put the saved adapter on a fresh base model and see that it computes the same."""
    base, _ = load(arguments.model)
    reloaded = PeftModel.from_pretrained(base, str(arguments.output)).eval()
    with torch.no_grad():
        difference = (reloaded(**batch).logits - adapted.eval()(**batch).logits).abs().max()
    if difference > 1e-5:
        raise SystemExit(f"the reloaded adapter differs by {difference:.1e}")
    print(f"adapter saved to {arguments.output}, reloaded with difference {difference:.1e}")


if __name__ == "__main__":
    main()
