import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from intern_pretrain.config import RunConfig, default_config_path
from intern_pretrain.main import main
from intern_runs import RunFolder, load_config

PATIENCE_SECONDS = 300  # a process takes about 10 on a free core; the machine may be busy

TINY = [
    "threads=1",
    "data.num_compounds=60",
    "data.texts_per_compound=2",
    "data.num_images=20",
    "data.num_series=40",
    "data.test_fraction=0.25",
    "tokenizer.vocab_size=320",
    "model.num_layers=1",
    "training.sequence_length=256",
    "training.batch_sizes=0:2",
    "training.eval_packs=1",
]


def flags(*settings):
    return [part for setting in settings for part in ("--set", setting)]


def failing(arguments, capsys):
    """Run the program, expect one line on stderr and exit code 2, give the line."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    captured = capsys.readouterr()
    assert caught.value.code == 2, captured.err
    errors = [line for line in captured.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "Traceback" not in captured.err
    return errors[0]


def test_the_quickstart_configuration_holds_the_defaults():
    assert load_config(RunConfig, default_config_path()) == RunConfig()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.stpes=3", "did you mean 'steps'"),
        ("training.steps=many", "training.steps"),
        ("training.steps=0", "greater than 0"),
        ("model.num_experts=1", "num_experts (1) is less than top_k (2)"),
        ("data.num_images=90000", "less than or equal to 70000"),
        ("data.num_images=9000", "num_images (9000) is more than num_compounds"),
        ("data.max_series_samples=100", "more than series_chunk (64)"),
        ("training.batch_sizes=4:0", "batch_sizes must be"),
        ("training.learning_rate=-1", "greater than 0"),
        ('data.files=["none.jsonl"]', "none.jsonl: no such data file"),
        ("noequals", "--set needs key=value"),
    ],
)
def test_a_bad_setting_gets_one_line_and_leaves_nothing(setting, message, capsys, tmp_path):
    folder = tmp_path / "run"
    assert message in failing(["train", "--output", str(folder), "--set", setting], capsys)
    assert not folder.exists()


def test_a_bad_configuration_file_is_named_by_line(capsys, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text("seed = 1\n[model]\nnum_experts = 'x'\n", encoding="utf-8")
    assert f"{path}:3" in failing(["train", "--config", str(path)], capsys)
    path.write_text("seed = \n", encoding="utf-8")
    assert f"{path}:1: not valid TOML" in failing(["train", "--config", str(path)], capsys)
    assert "no such configuration" in failing(["train", "--config", "none.toml"], capsys)


def test_a_bad_line_of_the_users_data_is_named_and_leaves_nothing(capsys, tmp_path):
    data = tmp_path / "mine.jsonl"
    data.write_text('{"text": "a"}\n\n{"text": \n', encoding="utf-8")
    arguments = ["train", "--output", str(tmp_path / "run"), *flags(f'data.files=["{data}"]')]
    assert f"{data}:3: not valid JSON" in failing(arguments, capsys)
    assert not (tmp_path / "run").exists()


def test_a_run_folder_is_neither_overwritten_nor_imagined(capsys, tmp_path):
    taken = tmp_path / "run"
    RunFolder.create(taken, RunConfig(), ())
    assert "holds a run already" in failing(["train", "--output", str(taken)], capsys)
    assert "no run to resume" in failing(["train", "--resume", str(tmp_path / "none")], capsys)
    assert "give it alone" in failing(["train", "--resume", str(taken), "--steps", "3"], capsys)
    assert "has not finished" in failing(["report", str(taken)], capsys)


def lines_of(folder):
    path = folder / "metrics.jsonl"
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]


def start(*arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "intern_pretrain.main", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)


def finish(*arguments):
    with start(*arguments) as process:
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, errors


@pytest.mark.slow
@pytest.mark.timeout(4 * PATIENCE_SECONDS)
def test_a_killed_run_resumes_to_the_same_metrics_and_a_report(tmp_path, monkeypatch, capsys):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    settings = [*flags(*TINY), "--steps", "12"]
    finish("train", "--output", str(whole), *settings)
    with start("train", "--output", str(cut), *settings) as process:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(lines_of(cut)) < 6:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    before = len(lines_of(cut))
    assert before < 13

    # A full disk while resuming: one line, and the run can go on afterwards.
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device", "state")

    with monkeypatch.context() as patch:
        patch.setattr("intern_runs.state.save_state", full)
        assert "the disk is full" in failing(["train", "--resume", str(cut)], capsys)

    finish("train", "--resume", str(cut))
    assert lines_of(cut) == lines_of(whole)
    assert [line["step"] for line in lines_of(cut)] == list(range(13))
    page = (cut / "report.html").read_text(encoding="utf-8")
    assert page.count("<figure>") == 12
    assert "http" not in page.replace("http://www.w3.org", "")  # nothing but XML namespaces
    assert not list(cut.glob("**/.*draft"))


def test_a_damaged_checkpoint_is_named(capsys, tmp_path):
    folder = tmp_path / "run"
    config = load_config(RunConfig, default_config_path(), TINY, {"training.steps": 4})
    run = RunFolder.create(folder, config, ())
    (folder / "state" / "pretrain-000002.safetensors").write_bytes(b"half a checkpoint")
    assert "damaged checkpoint" in failing(["train", "--resume", str(folder)], capsys)
    run.close()
