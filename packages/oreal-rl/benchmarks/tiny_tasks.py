"""Short tasks, a policy of 70,000 parameters and its cold start, for `compare_methods.py`.

Every problem is drawn from a generator keyed by (task, split, seed, index); the splits "cold",
"train" and "test" never share a key. The cold start is supervised learning on correct answers,
stopped at the first check that meets a pass rate of 0.2, so that there is something to reward and
much to learn. It is made once per task: seeds differ in what reinforcement learning draws.
Shape legend: B rows, T positions.
"""

from collections.abc import Callable
from pathlib import Path

import torch

from oreal_rl import Prompt
from oreal_rl.protocols import SamplingParams
from oreal_rl.samplers import KVLoopSampler
from oreal_rl.seeding import derive_generator
from oreal_rl.testing import CharTokenizer, TinyPolicy

TOKENIZER = CharTokenizer("0123456789+>")
MAX_NEW_TOKENS = 11
PARAMS = SamplingParams(max_new_tokens=MAX_NEW_TOKENS, stop_token_ids=(1,))
COLD_BATCH, COLD_TARGET, COLD_LIMIT, CHECK_EVERY = 128, 0.2, 800, 10


def text(digits: list[int]) -> str:
    return "".join(map(str, digits))


def sort(generator: torch.Generator) -> tuple[str, str]:
    """Ten digits in ascending order."""
    digits = torch.randint(10, (10,), generator=generator).tolist()
    return text(digits) + ">", text(sorted(digits))


def unique(generator: torch.Generator) -> tuple[str, str]:
    """Digits of ten, each once, in the order of their first appearance."""
    digits = torch.randint(8, (10,), generator=generator).tolist()
    return text(digits) + ">", text(list(dict.fromkeys(digits)))


def add(generator: torch.Generator) -> tuple[str, str]:
    """Sum of two numbers of two digits, lowest digit first."""
    left, right = torch.randint(100, (2,), generator=generator).tolist()
    return f"{left:02d}+{right:02d}>", str(left + right)[::-1]


def running_sum(generator: torch.Generator) -> tuple[str, str]:
    """Sums modulo 10 of the first one, two, ... of ten digits."""
    digits = torch.randint(10, (10,), generator=generator)
    return text(digits.tolist()) + ">", text((digits.cumsum(0) % 10).tolist())


TASKS: dict[str, Callable[[torch.Generator], tuple[str, str]]] = {
    "sort": sort,
    "unique": unique,
    "add": add,
    "running_sum": running_sum,
}


def make_prompts(task: str, split: str, seed: int, index: int, count: int) -> list[Prompt]:
    """Problems `count` at a time; pure in the arguments."""
    generator = derive_generator("tiny_tasks", task, split, seed, index)
    pairs = [TASKS[task](generator) for _ in range(count)]
    return [Prompt(text=question, task=task, case=answer) for question, answer in pairs]


def verify(prompts: list[Prompt], responses: list[str]) -> list[bool]:
    """Exact match."""
    return [r == p.case for p, r in zip(prompts, responses, strict=True)]


def pass_at_1(policy: TinyPolicy, task: str, *, num_prompts: int = 256, samples: int = 4) -> float:
    """Mean pass rate at temperature 1 on the test split, which is the same for all runs."""
    prompts = make_prompts(task, "test", 0, 0, num_prompts)
    ids = [tuple(TOKENIZER.encode(p.text)) for p in prompts]
    groups = KVLoopSampler(policy, TOKENIZER).sample(
        ids, num_samples=samples, params=PARAMS, seed=0
    )
    hits = [r.text == p.case for p, group in zip(prompts, groups, strict=True) for r in group]
    return sum(hits) / len(hits)


def supervised_loss(policy: TinyPolicy, prompts: list[Prompt]) -> torch.Tensor:
    """Cross-entropy of the answers and their end token."""
    width = len(prompts[0].text)
    rows = [[*TOKENIZER.encode(p.text + p.case), TOKENIZER.eos_token_id] for p in prompts]
    longest = max(map(len, rows))
    ids_BT = torch.tensor([row + [TOKENIZER.pad_token_id] * (longest - len(row)) for row in rows])
    wanted_BT = ids_BT[:, width:]
    ends = torch.tensor([len(row) - width for row in rows])
    mask_BT = torch.arange(wanted_BT.shape[1]) < ends[:, None]
    logits = policy(ids_BT[:, :-1]).logits[:, width - 1 :]
    return torch.nn.functional.cross_entropy(logits[mask_BT], wanted_BT[mask_BT])


def cold_start(task: str, folder: Path) -> tuple[TinyPolicy, float]:
    """The start of every run on a task, made once and kept in `folder`; and its pass@1."""
    policy = TinyPolicy(
        TOKENIZER.vocabulary_size, width=64, num_layers=2, num_heads=4, max_positions=24
    )
    path = folder / f"{task}.pt"
    if path.exists():
        state = torch.load(path, weights_only=True)
        policy.load_state_dict(state["policy"])
        return policy, state["pass_at_1"]
    optimizer = torch.optim.AdamW(policy.parameters(), lr=2e-3)
    for step in range(COLD_LIMIT):
        optimizer.zero_grad()
        supervised_loss(policy, make_prompts(task, "cold", 0, step, COLD_BATCH)).backward()
        optimizer.step()
        due = step % CHECK_EVERY == CHECK_EVERY - 1
        if due and pass_at_1(policy, task, num_prompts=64, samples=2) >= COLD_TARGET:
            break
    before = pass_at_1(policy, task)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"policy": policy.state_dict(), "pass_at_1": before}, path)
    return policy, before
