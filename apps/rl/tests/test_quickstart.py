"""The whole chain in miniature: what it leaves behind, and that a kill loses nothing."""

import json
import random
import re
import signal
import subprocess
import time

import pytest


def test_a_run_leaves_report_metrics_configuration_versions_and_checkpoints(cli, finished_run):
    assert {path.name for path in finished_run.iterdir()} >= {
        "report.html",
        "metrics.jsonl",
        "config.json",
        "versions.json",
        "checkpoints",
        "tensorboard",
    }
    page = (finished_run / "report.html").read_text()
    for part in ("pass@1 before RL", "chem.smiles_rings", "<svg", "data:image/png", "Reproduce"):
        assert part in page
    # Self-contained: every picture and style stands in the page (SVG names its schemas only).
    assert not re.findall(r"<link|<script|(?:src|href)=.(?!data:|#)", page)
    stages = {line["stage"] for line in cli.metrics(finished_run)}
    assert stages >= {"pretrain", "cold-start", "evaluate-before", "rl", "evaluate-after"}
    assert list((finished_run / "state").iterdir()) == []


def test_the_auto_classes_load_each_checkpoint(finished_run):
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    import intern_s1_model  # noqa: F401 (registers with the Auto classes)

    for name in ("pretrain", "cold-start", "final"):
        folder = finished_run / "checkpoints" / name
        model = AutoModelForImageTextToText.from_pretrained(folder)
        processor = AutoProcessor.from_pretrained(folder)
        ids = processor.tokenizer("Majority: 01011", return_tensors="pt").input_ids
        with torch.no_grad():
            assert torch.isfinite(model(input_ids=ids).logits).all()


def test_the_counts_of_rl_add_up(finished_run):
    counters = json.loads((finished_run / "done" / "rl.json").read_text())["counters"]
    assert counters["prompts_taken"] == 6 * 6
    assert counters["rollouts"] == 6 * 6 * 4
    lost = counters["groups_all_right"] + counters["groups_all_wrong"]
    assert counters["groups_kept"] + lost == counters["prompts_taken"]
    assert counters["groups_kept"] > 0, "reinforcement learning updated nothing"


# The first kill falls into pretraining or the cold start, the second into RL.
@pytest.mark.slow
@pytest.mark.parametrize("stage", ["pretrain", "cold-start", "rl"])
def test_a_killed_run_resumes_to_the_very_same_metrics(
    cli, tiny_config, finished_run, tmp_path, stage
):
    folder = tmp_path / "killed"
    process = subprocess.Popen(
        cli.command("quickstart", "--config", tiny_config, "--output", folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=cli.environment,
    )
    last = {"pretrain": 2, "cold-start": 29, "rl": 5}[stage]
    kill_at = random.Random(f"{stage}/{time.time_ns()}").randint(1, last)
    metrics = folder / "metrics.jsonl"
    wanted = f'{{"stage": "{stage}", "step": {kill_at},'
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        if metrics.exists() and wanted in metrics.read_text():
            break
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run ended before it could be killed"

    done = cli.run("quickstart", "--resume", folder)
    assert done.returncode == 0, done.stderr
    assert cli.metrics(folder) == cli.metrics(finished_run), f"killed at {kill_at}"


def test_resuming_a_finished_run_changes_nothing(cli, finished_run):
    before = (finished_run / "metrics.jsonl").read_bytes()
    done = cli.run("quickstart", "--resume", finished_run)
    assert done.returncode == 0, done.stderr
    assert (finished_run / "metrics.jsonl").read_bytes() == before


def test_the_report_can_be_written_again(cli, finished_run):
    (finished_run / "report.html").unlink()
    done = cli.run("report", finished_run)
    assert done.returncode == 0, done.stderr
    assert (finished_run / "report.html").exists()
