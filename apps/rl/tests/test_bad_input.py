"""What a user gets wrong is one clear line and exit code 2: no traceback, nothing half-written."""

import json
import shutil

import pytest

from intern_rl.main import main


def failure(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    error = capsys.readouterr().err
    assert stopped.value.code == 2
    assert "Traceback" not in error
    *progress, last = error.splitlines()
    assert last.startswith("error: ")
    assert not [line for line in progress if "rror" in line]  # said once, at the end
    return last


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("rl.stepz=3", "unknown key 'rl.stepz'; did you mean 'steps'?"),
        ("rl.steps='many'", "rl.steps: Input should be a valid integer"),
        ("rl.oreal.kl_coef=-0.1", "kl_coef is -0.1; expected at least 0"),
        ("rl.oreal.group_sise=4", "unknown setting(s) ['group_sise']"),
        ("pretrain.model.num_experts=1", "num_experts (1) is less than top_k (2)"),
        ("cold_start.best_of_n_steps=999", "best_of_n_steps (999) is more than steps"),
        ("tasks.patterns=['chemistry.*']", "no task matches 'chemistry.*'"),
        ("tasks.patterns=['logic.parity@12']", "levels are 1 to 10"),
        ("seed=-1", "seed: Input should be greater than or equal to 0"),
        ("rl", "--set needs key=value"),
    ],
)
def test_a_wrong_setting_is_named(capsys, tiny_config, tmp_path, assignment, message):
    folder = tmp_path / "run"
    error = failure(
        capsys, "quickstart", "--config", tiny_config, "--set", assignment, "--output", folder
    )
    assert message in error
    assert not folder.exists()


def test_a_missing_configuration_is_named(capsys, tmp_path):
    error = failure(capsys, "quickstart", "--config", tmp_path / "none.toml")
    assert "no such configuration file" in error


def test_an_unknown_key_in_a_file_is_named_with_its_line(capsys, tmp_path, tiny_config):
    path = tmp_path / "run.toml"
    path.write_text(tiny_config.read_text() + "\n[evalution]\nnum_samples = 2\n")
    error = failure(capsys, "quickstart", "--config", path, "--output", tmp_path / "run")
    line = path.read_text().splitlines().index("[evalution]") + 1
    assert f"run.toml:{line}: unknown key 'evalution'; did you mean 'evaluation'?" in error


def test_resume_takes_no_other_flag_and_needs_a_run(capsys, tmp_path, finished_run):
    assert "no run to resume" in failure(capsys, "quickstart", "--resume", tmp_path)
    error = failure(capsys, "quickstart", "--resume", finished_run, "--steps", 3)
    assert "give it no other flag" in error


def test_a_folder_with_a_run_is_not_overwritten(capsys, tiny_config, finished_run):
    error = failure(capsys, "quickstart", "--config", tiny_config, "--output", finished_run)
    assert "holds a run already; resume it with --resume" in error


def test_a_damaged_checkpoint_is_named(capsys, finished_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished_run, folder)
    (folder / "done" / "evaluate-after.json").unlink()
    weights = folder / "checkpoints" / "final" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    error = failure(capsys, "quickstart", "--resume", folder)
    assert "cannot load the model" in error


def test_an_unfinished_run_has_no_report(capsys, finished_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished_run, folder)
    (folder / "done" / "rl.json").unlink()
    assert "stage rl has not finished" in failure(capsys, "report", folder)


def test_a_full_disk_is_one_line_and_the_run_can_go_on(capsys, finished_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished_run, folder)
    (folder / "done" / "evaluate-after.json").unlink()
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    (folder / "metrics.jsonl").unlink()
    (folder / "metrics.jsonl").symlink_to("/dev/full")  # writing there fails as on a full disk
    error = failure(capsys, "quickstart", "--resume", folder)
    assert "the disk is full" in error
    assert "resume" in error

    (folder / "metrics.jsonl").unlink()
    (folder / "metrics.jsonl").write_text(
        "".join(f"{line}\n" for line in lines if json.loads(line)["stage"] != "evaluate-after")
    )
    with pytest.raises(SystemExit) as stopped:
        main(["quickstart", "--resume", str(folder)])
    assert stopped.value.code == 0
