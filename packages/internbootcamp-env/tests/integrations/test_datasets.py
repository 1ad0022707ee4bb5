import pytest

import internbootcamp_env as bootcamp

datasets = pytest.importorskip("datasets", reason="the extra hf is not installed")
from internbootcamp_env.integrations.datasets import to_dataset  # noqa: E402


def test_a_dataset_survives_parquet(tmp_path):
    made = to_dataset("strings.*", split="test", seed=1, count=20, level=(1, 2))
    made.to_parquet(str(tmp_path / "x.parquet"))
    back = datasets.Dataset.from_parquet(str(tmp_path / "x.parquet"), cache_dir=str(tmp_path))
    assert back.column_names == ["prompt", "task", "level", "case"]
    case = bootcamp.Case.from_json(back[0]["case"])
    task = bootcamp.get(back[0]["task"])
    assert back[0]["prompt"][0]["content"] == task.prompt(case, wording="any")
