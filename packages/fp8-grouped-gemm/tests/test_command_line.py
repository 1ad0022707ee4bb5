"""The command line says what it did and how it went."""

import io

import pytest
import torch

from fp8_grouped_gemm import bench, check
from fp8_grouped_gemm.__main__ import main


def test_check_compares_every_backend_of_the_device(capsys) -> None:
    assert main(["check", "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "weight gradient" in said
    assert "WRONG" not in said


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
            "milliseconds": times,
            "times faster than naive in float32": {"weights kept": 4.0},
            "error against exact promotion": dict.fromkeys(times, 1e-6),
        },
        "training": None,
    }
    monkeypatch.setattr(bench.bench_cpu, "run", lambda: results)
    stream = io.StringIO()
    assert bench.main("cpu", tmp_path, 1.0, stream) == 0
    assert "4.00x naive float32" in stream.getvalue()
    assert (tmp_path / "bench-cpu.json").exists()
