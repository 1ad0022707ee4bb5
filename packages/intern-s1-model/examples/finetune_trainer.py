"""Fine-tune on drawings of molecules with transformers' `Trainer`: image in, SMILES out.

Run: `python examples/finetune_trainer.py OUTPUT [--model NAME] [--steps N]`. Router losses are on,
so the mixture of experts stays balanced in the multimodal path too.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from chat_collator import ChatCollator
from read_molecule_drawing import QUESTION, draw
from tiny_checkpoint import MOLECULES, load
from transformers import Trainer, TrainingArguments


def conversation(smiles: str) -> dict:
    ask = [{"type": "image", "image": draw(smiles, 112)}, {"type": "text", "text": QUESTION}]
    reply = [{"type": "text", "text": f"<SMILES>{smiles}</SMILES>"}]
    messages = [{"role": "user", "content": ask}, {"role": "assistant", "content": reply}]
    return {"messages": messages}


def main(argv: Sequence[str] | None = None) -> tuple[float, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    arguments = parser.parse_args(argv)
    model, processor = load(arguments.model)
    text = model.config.text_config
    text.output_router_logits = text.model_type == "qwen3_moe"
    settings = TrainingArguments(
        output_dir=str(arguments.output),
        max_steps=arguments.steps,
        per_device_train_batch_size=4,
        learning_rate=arguments.learning_rate,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        seed=0,
    )
    trainer = Trainer(
        model=model,
        args=settings,
        train_dataset=[conversation(smiles) for smiles in MOLECULES.values()],
        data_collator=ChatCollator(processor),
    )
    trainer.train()
    trainer.save_model()
    processor.save_pretrained(arguments.output)
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f} in {arguments.steps} steps")
    return losses[0], losses[-1]


if __name__ == "__main__":
    main()
