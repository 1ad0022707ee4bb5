"""Train with TRL's GRPO on a mixture: with a reward function, and with tool-calling environments.

    uv run python packages/internbootcamp-env/examples/trl_grpo.py

The language model is tiny and random. In the second run its replies are scripted, so that the
whole path is walked: TRL renders the tool of `BootcampEnvironment`, parses the tool calls out of
the replies, plays them in the environment, feeds the observations back and takes the reward. The
script calls the tool with right answers in every other conversation. Exits with 1 unless the
rewards are those that the replies deserve.
"""

import json
import sys
import tempfile

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer
from trl.chat_template_utils import qwen3_chat_template

import internbootcamp_env as bootcamp
from internbootcamp_env.episodes import MultiTurnTask
from internbootcamp_env.integrations.datasets import to_dataset
from internbootcamp_env.integrations.trl import BootcampEnvironment, bootcamp_reward

SPECIAL = ["<pad>", "<|im_start|>", "<|im_end|>"]


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of single bytes with a chat template that knows tools."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: n for n, token in enumerate([*SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<|im_end|>",
        padding_side="left",
    )
    fast.chat_template = qwen3_chat_template
    return fast


def tiny_config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    """One layer, sixteen wide."""
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=8_192,  # bytes are tokens; TRL drops turns beyond it
        num_key_value_heads=2,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )


class ScriptedLlama(LlamaForCausalLM):
    """Writes what `script` says about each context, in place of what it would sample."""

    def generate(self, input_ids: torch.Tensor, **_: object) -> torch.Tensor:
        """Return contexts with the scripted replies behind them, int64 [batch, tokens]."""
        texts = self.tokenizer.batch_decode(input_ids)
        replies = [self.tokenizer.encode(self.script(n, text)) for n, text in enumerate(texts)]
        longest = max(map(len, replies))
        pad = self.tokenizer.pad_token_id
        rows = [reply + [pad] * (longest - len(reply)) for reply in replies]
        return torch.cat([input_ids, torch.tensor(rows, device=input_ids.device)], dim=1)


def arguments(folder: str, **changes: object) -> GRPOConfig:
    """Two steps of four completions each on the processor."""
    settings = {
        "output_dir": folder,
        "max_steps": 2,
        "per_device_train_batch_size": 4,
        "num_generations": 4,
        "max_completion_length": 8,
        "use_cpu": True,
        "report_to": [],
        "save_strategy": "no",
        "logging_steps": 1,
        "disable_tqdm": True,
        "bf16": False,
    }
    return GRPOConfig(**(settings | changes))


def rewards_of(trainer: GRPOTrainer) -> list[float]:
    """Train, and return the mean reward of each step."""
    trainer.train()
    return [entry["reward"] for entry in trainer.state.log_history if "reward" in entry]


def train_with_reward(folder: str) -> list[float]:
    """Two steps with the reward function; a random model earns little."""
    tokenizer = tiny_tokenizer()
    trainer = GRPOTrainer(
        model=LlamaForCausalLM(tiny_config(tokenizer)),
        reward_funcs=bootcamp_reward,
        args=arguments(folder),
        train_dataset=to_dataset("strings.*", split="train", seed=0, count=8, wording="terse"),
        processing_class=tokenizer,
    )
    return rewards_of(trainer)


def call(answer: str) -> str:
    """Write a tool call in the form of the chat template."""
    body = json.dumps({"name": "submit", "arguments": {"answer": answer}})
    return f"<tool_call>\n{body}\n</tool_call><|im_end|>"


def train_with_environment(folder: str, *patterns: str) -> list[float]:
    """Two steps in which every other conversation submits the right answers, one a turn."""
    tokenizer = tiny_tokenizer()
    data = to_dataset(*patterns, split="train", seed=0, count=4, wording="terse")
    # The script knows a conversation by its prompt, which does not show what is hidden.
    first = {row["prompt"][0]["content"]: n for n, row in reversed(list(enumerate(data)))}
    data = data.select(sorted(first.values()))
    logs: dict[str, list[str]] = {}
    for row in data:
        case = bootcamp.Case.from_json(row["case"])
        task = bootcamp.get(case.task)
        log = case.answer if isinstance(task, MultiTurnTask) else [task.oracle(case)]
        logs[row["prompt"][0]["content"]] = log

    def script(number: int, context: str) -> str:
        log = next(log for prompt, log in logs.items() if prompt in context)
        taken = context.count("<tool_response>")
        if taken < len(log) and (taken or number % 2):  # after a call, only callers are asked
            return call(log[taken])
        return "Done.<|im_end|>" if taken else "I give up.<|im_end|>"

    model = ScriptedLlama(tiny_config(tokenizer))
    model.tokenizer, model.script = tokenizer, script
    trainer = GRPOTrainer(
        model=model,
        args=arguments(folder, max_completion_length=4_000),
        train_dataset=data,
        processing_class=tokenizer,
        environment_factory=BootcampEnvironment,
    )
    return rewards_of(trainer)


def main() -> int:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        plain = train_with_reward(folder)
        print("reward function:", plain)
        played = train_with_environment(folder, "multi.guess_number")
        print("environment, several turns:", played)
    return 0 if len(plain) == 2 and played == [0.5, 0.5] else 1


if __name__ == "__main__":
    sys.exit(main())
