"""The benchmark that compares losses plans, goes on and reports from its lines alone."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def modules(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    loaded = []
    for name in ("compare_losses", "compare_report"):
        spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        monkeypatch.setattr(module, "RESULTS", tmp_path)
        loaded.append(module)
    return loaded


def made_line(job) -> dict:
    """Weight 3 is the best of every loss; gains are 0.01 per seed and loss, whatever the scale."""
    gain = {"": 0.0, "PCCLoss": 0.03, "MSELoss": 0.01 if job.scale == 1 else -0.05}
    value = 0.1 + 0.01 * job.seed + gain.get(job.loss, 0.02)
    value -= 0.001 * abs(job.weight - 3) if job.loss else 0
    return {
        "key": job.key,
        "map": value,
        "map50": 2 * value,
        "curve": [[300, value / 2], [600, value]],
        "cpu_seconds": 20.0,
    }


def test_the_plan_tunes_every_loss_on_one_grid_before_it_uses_the_weight(modules, tmp_path):
    losses, report = modules
    lines, order = {}, []
    while True:
        job = next((job for job in losses.plan(lines) if job.key not in lines), None)
        if job is None:
            break
        order.append(job)
        lines[job.key] = made_line(job)
    keys = [job.key for job in order]
    assert len(keys) == len(set(keys))
    tuned = [job for job in order if job.seed == losses.TUNING_SEED]
    assert {(j.setting, j.loss, j.weight) for j in tuned if j.scale == 1} == {
        (s, loss, w) for s in losses.HEADS for loss in losses.LOSSES for w in losses.GRID
    }
    used = [job for job in order if job.loss and job.seed != losses.TUNING_SEED]
    assert {job.weight for job in used} == {3.0}
    assert keys.index(used[0].key) > keys.index("heterogeneous/x1/CWDLoss/10/100")
    (tmp_path / "runs.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines.values()))
    assert next((j for j in losses.plan(losses.read_lines()) if j.key not in lines), None) is None
    text = report.main(tmp_path)
    assert "| PCCLoss | 3 | 5 | 0.150 ± 0.020 | 0.300 ± 0.039 | +0.030 ± 0.000 |" in text
    first, second = text.split("## The teacher's features x8, weights as chosen above")
    assert "| MSELoss | 3 | 5 | 0.130 ± 0.020 | 0.260 ± 0.039 | +0.010 ± 0.000 |" in first
    assert "| MSELoss | 3 | 5 | 0.070 ± 0.020 | 0.140 ± 0.039 | -0.050 ± 0.000 |" in second
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"


def test_a_report_of_nothing_yet_says_so_in_dashes(modules, tmp_path):
    _, report = modules
    assert "## Heterogeneous" not in report.main(tmp_path)
