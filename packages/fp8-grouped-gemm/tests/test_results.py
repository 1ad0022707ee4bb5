"""The committed measurements reach what the package promises, and the README quotes them."""

import json
from pathlib import Path

import pytest

from fp8_grouped_gemm import bench_targets

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
VERSIONS = ("3.9.0", "3.8.0", "3.6.0")
"""The two newest, and the one that GPU images carry."""


def test_the_fp8_loss_curves_stay_within_two_percent_of_bfloat16() -> None:
    record = json.loads((RESULTS / "loss.json").read_text())
    runs = [run for run in record["runs"] if run["learning rate"] == 1e-3]
    assert record["steps"] == 50
    assert len(runs) == 3
    readme = README.read_text()
    for run in runs:
        wide, narrow = run["curves"]["grouped_mm"], run["curves"]["fp8_grouped_gemm"]
        assert len(wide) == len(narrow) == 50
        gaps = [abs(n - w) / w for w, n in zip(wide, narrow, strict=True)]
        assert max(gaps) == pytest.approx(run["largest absolute gap"])
        assert max(gaps) < 0.02
        assert narrow[-1] < narrow[0] * 0.8, "a run that learns nothing shows nothing"
    for run in record["runs"]:
        last = run["last loss"]
        row = (
            f"| {run['learning rate']:g} | {run['seed']} | {last['grouped_mm']:.3f} | "
            f"{last['fp8_grouped_gemm']:.3f} | {run['mean absolute gap']:.2%} | "
            f"{run['largest absolute gap']:.2%} |"
        )
        assert row.replace("%", " %") in readme, row


def test_the_committed_gate_covers_every_store_and_backend_on_two_newest_versions() -> None:
    for version in VERSIONS:
        records = json.loads((RESULTS / f"aot-triton-{version}.json").read_text())
        names = {record["case"] for record in records}
        assert {record["triton"] for record in records} == {version}
        for tile in ("large", "small"):
            for store in ("ragged", "masked", "pool"):
                assert f"gemm-{tile}-{store}-base" in names
        for tile in ("tall", "flat"):
            for store in ("ragged", "masked"):
                assert f"gluon-{tile}-{store}-base" in names
        assert {"wgrad-large-base", "portable-sm89-gemm-base", "portable-sm80-gemm-base"} <= names
        for record in records:
            assert record["problems"] == []
            assert record["stack"] == record["counts"]["LDL"] == record["counts"]["STL"] == 0
            assert all(record["counts"][name] > 0 for name in record["expected"])
        assert f"| {version} | {len(records)} |" in README.read_text()


def test_the_cpu_ratios_are_reached_and_quoted() -> None:
    record = json.loads((RESULTS / "bench-cpu.json").read_text())
    faster = record["product"]["times faster than naive in float32"]
    assert faster["decoded each call"] >= 3
    assert faster["weights kept"] >= 6
    assert record["training"]["time over grouped_mm"] <= 1.5
    readme = README.read_text()
    assert f"| {faster['decoded each call']:.1f} |" in readme
    assert f"| {faster['weights kept']:.1f} |" in readme
    assert f"{record['training']['time over grouped_mm']:.2f} times" in readme


def test_the_gpu_figures_are_quoted_and_own_modes_agree() -> None:
    record = json.loads((RESULTS / "bench-cuda.json").read_text())
    readme = README.read_text()
    for part in ("device", "driver", "torch", "triton", "date"):
        assert record[part].removeprefix("NVIDIA ") in readme, part
    for shape in record["shapes"]:
        assert list(shape["same bits"].values()) == [True]
        ratios = shape["ratios"]
        row = (
            f"| {shape['shape']['name']} | {shape['seconds']['gluon ragged'] * 1e6:.0f} | "
            f"{ratios['ragged over torch bf16']:.2f} | {ratios['ragged over torch row-wise']:.2f} |"
        )
        assert row in readme, row
    for target in bench_targets.judge(record["shapes"]):
        if target["least"] is not None:
            least = target["least"]
            name = f"{least:.0%}".replace("%", " %") if "of " in target["ratio"] else f"{least:.2f}"
            assert name in readme, target
