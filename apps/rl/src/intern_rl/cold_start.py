"""Cold start, the report's offline reinforcement learning: supervised training on verified answers.

Two halves. The first imitates oracle answers. The second is best-of-N: the policy answers each
question N times, the verifier keeps what is right, and one right answer of its own is imitated; a
question that it never answers rightly keeps the oracle's. Source: Intern-S1 (arXiv 2508.15763),
offline RL: supervised training on best-of-N answers.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from intern_rl.chat import ChatFormat
from intern_rl.config import ColdStartConfig
from intern_rl.mixture import Question, TaskMixture
from oreal_rl.protocols import Sampler, SamplingParams

IGNORED = -100
LOSS_WINDOW = 10


@dataclass(frozen=True)
class Example:
    """A question with the answer to imitate, as token ids."""

    question_ids: tuple[int, ...]
    answer_ids: tuple[int, ...]


class ColdStart:
    """Supervised training, step by step.

    Args:
        model: The policy.
        chat: Turns text into token ids.
        mixture: Where questions come from.
        sampler: Draws the candidates of the second half.
        config: Sizes and rates.
    """

    def __init__(
        self,
        model: Any,
        chat: ChatFormat,
        mixture: TaskMixture,
        sampler: Sampler,
        config: ColdStartConfig,
    ) -> None:
        self.model, self.chat, self.mixture = model, chat, mixture
        self.sampler, self.config = sampler, config
        self.optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            betas=(0.9, 0.95),
        )
        self.pool: list[Example] = []
        self.recent_losses: list[float] = []
        self.second_half_from: int | None = None
        self.filtered = {"candidates": 0, "right": 0, "questions": 0, "kept_own": 0}

    def step(self, step: int) -> dict[str, float]:
        """One update.

        Args:
            step: From 1.

        Returns:
            Metrics of the step.
        """
        config = self.config
        if self.second_half_from is None and self._is_imitation_over(step):
            self.second_half_from = step
            if config.best_of_n_steps:
                self.fill_pool()
        batch = self._examples(step)
        rate = config.learning_rate * self._rate_scale(step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        inputs, labels = collate(batch, pad_id=self.chat.end_id)
        self.model.train()
        output = self.model(**inputs, use_cache=False, output_router_logits=True)
        loss = cross_entropy(output.logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        total = loss + config.aux_loss_coef * output.aux_loss
        self.optimizer.zero_grad()
        total.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.max_grad_norm)
        self.optimizer.step()
        self.recent_losses = [*self.recent_losses, loss.item()][-LOSS_WINDOW:]
        return {
            "loss": loss.item(),
            "aux_loss": output.aux_loss.item(),
            "grad_norm": norm.item(),
            "learning_rate": rate,
            "answer_tokens": int((labels != IGNORED).sum()),
            "best_of_n": float(bool(self.pool)),
        }

    def is_done(self, step: int) -> bool:
        """Whether the step just made was the last."""
        if self.second_half_from is None:
            return step >= self.config.steps
        return step >= self.second_half_from + self.config.best_of_n_steps - 1

    def _is_imitation_over(self, step: int) -> bool:
        config = self.config
        if step > config.steps - config.best_of_n_steps:
            return True
        if config.target_loss is None or len(self.recent_losses) < LOSS_WINDOW:
            return False
        return sum(self.recent_losses) / LOSS_WINDOW <= config.target_loss

    def _rate_scale(self, step: int) -> float:
        """Warm-up, plateau, and a linear fall to zero over the second half."""
        config = self.config
        warm = min(1.0, step / config.warmup_steps) if config.warmup_steps else 1.0
        if self.second_half_from is None or not config.best_of_n_steps:
            return warm
        return warm * (1 - (step - self.second_half_from) / config.best_of_n_steps)

    def fill_pool(self) -> None:
        """Sample, verify and keep the best of N answers per question."""
        config = self.config
        questions = self.mixture.draw("best-of-n", 0, config.best_of_n_questions)
        prompts = [self.chat.encode_question(question.prompt) for question in questions]
        groups = self.sampler.sample(
            prompts,
            num_samples=config.best_of_n,
            params=SamplingParams(
                max_new_tokens=config.max_new_tokens, stop_token_ids=self.chat.stop_token_ids
            ),
            seed=self.mixture.seed,
        )
        for question, ids, group in zip(questions, prompts, groups, strict=True):
            right = [
                rollout
                for rollout in group
                if rollout.finish_reason == "stop" and question.score(rollout.text).value == 1.0
            ]
            self.filtered["candidates"] += len(group)
            self.filtered["right"] += len(right)
            self.filtered["questions"] += 1
            self.filtered["kept_own"] += bool(right)
            if right:
                # The likeliest of the right answers is the policy's best.
                best = max(right, key=lambda rollout: sum(rollout.logprobs))
                answer = tuple(best.response_ids)
            else:
                answer = self.chat.encode_answer(question.oracle())
            self.pool.append(Example(ids, answer))

    def _examples(self, step: int) -> list[Example]:
        size = self.config.batch_size
        if self.pool:
            draws = random.Random(f"pool/{self.mixture.seed}/{step}")
            return draws.sample(self.pool, min(size, len(self.pool)))
        return [self._imitate(q) for q in self.mixture.draw("cold-start", step, size)]

    def _imitate(self, question: Question) -> Example:
        return Example(
            self.chat.encode_question(question.prompt), self.chat.encode_answer(question.oracle())
        )

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "pool": [[list(item.question_ids), list(item.answer_ids)] for item in self.pool],
            "filtered": self.filtered,
            "recent_losses": self.recent_losses,
            "second_half_from": self.second_half_from,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.pool = [Example(tuple(q), tuple(a)) for q, a in state["pool"]]
        self.filtered = state["filtered"]
        self.recent_losses = state["recent_losses"]
        self.second_half_from = state["second_half_from"]


def collate(batch: Sequence[Example], *, pad_id: int) -> tuple[dict[str, Tensor], Tensor]:
    """Pad examples on the right.

    Args:
        batch: B examples, T tokens at most.
        pad_id: What fills up rows; masked.

    Returns:
        `input_ids` and `attention_mask` [B, T], and labels [B, T] that are -100 outside answers.
    """
    width = max(len(item.question_ids) + len(item.answer_ids) for item in batch)
    ids = torch.full((len(batch), width), pad_id)
    mask = torch.zeros((len(batch), width), dtype=torch.long)
    labels = torch.full((len(batch), width), IGNORED)
    for row, item in enumerate(batch):
        start, end = len(item.question_ids), len(item.question_ids) + len(item.answer_ids)
        ids[row, :end] = torch.tensor(item.question_ids + item.answer_ids)
        mask[row, :end] = 1
        labels[row, start:end] = torch.tensor(item.answer_ids)
    return {"input_ids": ids, "attention_mask": mask}, labels
