"""The command line says what it did and how it went."""

import io

import pytest
import torch

from fp8_grouped_gemm import bench, bench_plots, bench_targets, check
from fp8_grouped_gemm.__main__ import main


def test_check_compares_every_backend_of_the_device(capsys) -> None:
    assert main(["check", "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "weight gradient" in said
    assert "WRONG" not in said


def test_check_without_a_gpu_says_that_no_gpu_kernel_ran(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    stream = io.StringIO()
    assert check.main(None, stream) == 0
    assert "no GPU kernel ran (there is no CUDA device)" in stream.getvalue()
    stream = io.StringIO()
    assert check.main("cuda", stream) == 2
    assert "No CUDA device was found" in stream.getvalue()


def test_check_reports_a_wrong_backend(monkeypatch) -> None:
    monkeypatch.setattr(check, "relative_error", lambda *_: 1.0)
    stream = io.StringIO()
    assert check.main("cpu", stream) == 1
    assert "WRONG" in stream.getvalue()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_bench_without_a_gpu_says_so() -> None:
    stream = io.StringIO()
    assert bench.main("cuda", None, 1.0, stream) == 2
    assert "--device cpu" in stream.getvalue()


def test_bench_prints_ratios_and_writes_json_and_plot(monkeypatch, tmp_path) -> None:
    times = {"naive in float32": 4.0, "naive in bfloat16": 3.0, "weights kept": 1.0}
    results = {
        "product": {
            "shape": {"name": "tiny"},
            "targets": {"weights kept": 6.0},
            "milliseconds": times,
            "times faster than naive in float32": {"weights kept": 4.0},
            "error against exact promotion": dict.fromkeys(times, 1e-6),
        },
        "training": {"layer": "experts", "time over grouped_mm": 1.25, "target": 1.5},
    }
    monkeypatch.setattr(bench.bench_cpu, "run", lambda: results)
    stream = io.StringIO()
    assert bench.main("cpu", tmp_path, 1.0, stream) == 0
    said = stream.getvalue()
    assert "4.00" in said
    assert "target at least 6: MISSED" in said
    assert "1.25 times the time of grouped_mm  target at most 1.5: reached" in said
    assert (tmp_path / "bench-cpu.json").exists()


def seconds(**changes: float) -> dict[str, float]:
    names = {
        "gluon ragged": 1.0,
        "triton ragged": 2.0,
        "triton pool": 3.0,
        "gluon aligned groups": 0.99,
        "triton on padded rows": 1.1,
        "pad kernel": 0.2,
        "quantiser": 0.5,
        "quantiser that pads": 0.6,
        "torch bf16 grouped_mm aligned groups": 1.2,
    }
    return names | changes


def test_gpu_ratios_are_those_of_hand_computed_times() -> None:
    shape = {"name": "tiny", "rows": 4096, "groups": 16, "n": 256, "k": 512}
    found = bench_targets.ratios({"shape": shape, "seconds": seconds()}, "NVIDIA H200", 4e12)
    assert found["ragged over own aligned"] == pytest.approx(0.99)
    assert found["ragged over pad then product"] == pytest.approx(1.3)
    assert found["ragged over pad in the quantiser"] == pytest.approx(1.7 / 1.5)
    assert found["aligned over torch bf16"] == pytest.approx(1.2 / 0.99)
    assert found["of FP8 peak"] == pytest.approx(2 * 4096 * 256 * 512 / 1979e12)
    moved = 4096 * 512 + 16 * 256 * 512 + 2 * 4096 * 256
    assert found["of copy bandwidth"] == pytest.approx(moved / 4e12)
    assert "aligned over DeepGEMM" not in found
    judged = {t["ratio"]: t for t in bench_targets.judge([{"shape": shape, "ratios": found}])}
    assert judged["ragged over pad then product"]["reached"] is True
    assert judged["aligned over torch bf16"]["reached"] is False
    assert judged["aligned over DeepGEMM"]["reached"] is None
    assert judged["of FP8 peak"]["reached"] is None, "meant for 32k rows or more"


def test_gpu_results_are_printed_and_drawn(tmp_path) -> None:
    shape = {"name": "tiny", "rows": 4096, "groups": 16, "n": 256, "k": 512}
    record = {
        "shape": shape, "seconds": seconds(), "rows if padded": 5000, "error": {},
        "refused": {"deep_gemm aligned groups": "ModuleNotFoundError"}, "same bits": {},
    }  # fmt: skip
    record["ratios"] = bench_targets.ratios(record, "NVIDIA H200", 4e12)
    results = {
        "device": "NVIDIA H200", "torch": "2", "shapes": [record], "not reached": ["large"],
        "targets": bench_targets.judge([record]),
    }  # fmt: skip
    stream = io.StringIO()
    bench.print_cuda(results, stream)
    said = stream.getvalue()
    assert "+904 rows if padded" in said
    assert "refused: ModuleNotFoundError" in said
    assert "target at least 1.5: MISSED" in said
    assert "large: not started" in said
    assert bench_plots.plot_cuda(results, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000
