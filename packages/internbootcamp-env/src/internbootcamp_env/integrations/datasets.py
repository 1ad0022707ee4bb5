"""Hugging Face `datasets`: a mixture as a `Dataset`, and from there as parquet.

to_dataset("chem.*", split="train", seed=0, count=10_000, level=(1, 5)).to_parquet("x.parquet")
"""

from typing import Any

import datasets

from internbootcamp_env.integrations.rows import rows


def to_dataset(*patterns: str, **arguments: Any) -> datasets.Dataset:
    """Return a dataset with the columns prompt, task, level and case.

    Args:
        *patterns: Tasks to mix.
        **arguments: As for `integrations.rows.rows`: split, seed, count, level and so on.
    """
    return datasets.Dataset.from_list(list(rows(*patterns, **arguments)))
