"""The committed measurements reach what the package promises, and the README quotes them."""

import json
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def test_the_fp8_loss_curve_stays_within_two_percent_of_bfloat16() -> None:
    record = json.loads((RESULTS / "loss.json").read_text())
    assert record["steps"] == len(record["curves"]["fp8_grouped_gemm"]) == 50
    assert record["largest relative gap"] < 0.02
    assert record["last loss"]["fp8_grouped_gemm"] < record["first loss"] * 0.7
    assert f"{record['largest relative gap']:.2%}".replace("%", " %") in (
        ROOT / "README.md"
    ).read_text().replace("\n", " ")


def test_the_cpu_ratios_are_reached_and_quoted() -> None:
    record = json.loads((RESULTS / "bench-cpu.json").read_text())
    faster = record["product"]["times faster than naive in float32"]
    assert faster["decoded each call"] >= 3
    assert faster["weights kept"] >= 6
    assert record["training"]["time over grouped_mm"] <= 1.5
    readme = (ROOT / "README.md").read_text()
    assert f"| {faster['decoded each call']:.1f} |" in readme
    assert f"| {faster['weights kept']:.1f} |" in readme
    assert f"{record['training']['time over grouped_mm']:.2f} times" in readme
