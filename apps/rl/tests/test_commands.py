"""fork, eval, train and judge-playground on a small finished run."""

import io
import json

import pytest

from intern_rl.main import main


def run(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    streams = capsys.readouterr()
    return stopped.value.code, streams.out, streams.err


def test_a_fork_starts_from_where_the_online_stage_begins(capsys, cli, finished_run, tmp_path):
    folder = tmp_path / "fork"
    code, out, err = run(
        capsys, "fork", finished_run, "--output", folder, "--steps", 2,
        "--set", "rl.oreal.learning_rate=1e-4",
    )  # fmt: skip
    assert code == 0, err
    assert f"report: {folder}" in out

    def before_rl(path):
        return [m for m in cli.metrics(path) if m["stage"] not in ("rl", "evaluate-after")]

    assert before_rl(folder) == before_rl(finished_run)
    own = [m for m in cli.metrics(folder) if m["stage"] == "rl"]
    assert [m["step"] for m in own] == [1, 2]
    # The first rollouts are those of the same policy on the same questions.
    first = next(m for m in cli.metrics(finished_run) if m["stage"] == "rl")
    assert own[0]["reward_mean"] == first["reward_mean"]
    assert json.loads((folder / "config.json").read_text())["rl"]["oreal"]["learning_rate"] == 1e-4


def test_a_fork_may_not_change_what_it_takes_over(capsys, finished_run, tmp_path):
    folder = tmp_path / "fork"
    arguments = ("fork", finished_run, "--output", folder, "--set")
    code, _, err = run(capsys, *arguments, "cold_start.steps=9")
    assert code == 2
    assert "cold_start: belongs to stages that a fork takes over" in err
    code, _, err = run(capsys, *arguments, "rl.stepz=9")
    assert code == 2
    assert "did you mean 'steps'?" in err
    assert not folder.exists()


def test_eval_prints_a_table_and_writes_json(capsys, finished_run, tmp_path):
    path = tmp_path / "result.json"
    code, out, err = run(
        capsys, "eval", finished_run, "--tasks", "logic.majority", "--questions", 3, "--samples", 2,
        "--k", 1, 2, "--max-new-tokens", 4, "--output", path,
    )  # fmt: skip
    assert code == 0, err
    assert "logic.majority" in out
    assert "pass@2" in out
    result = json.loads(path.read_text())
    assert len(result["rates"]["logic.majority"]) == 3
    assert result["pass_at_k"]["2"]["mean"] >= result["pass_at_k"]["1"]["mean"]
    assert str(finished_run / "checkpoints" / "final") == result["model"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--samples", 2, "--k", 3), "--k 3: expected 1 to 2"),
        ((), "nothing to evaluate on"),
        (("--tasks", "nothing.*"), "no task matches 'nothing.*'"),
        (("--prompts", "none.jsonl"), "none.jsonl: no such file of prompts"),
        (("--tasks", "logic.parity", "--questions", 0), "--questions is 0"),
    ],
)
def test_eval_names_what_is_wrong(capsys, tmp_path, arguments, message):
    code, _, err = run(capsys, "eval", tmp_path, *arguments)
    assert code == 2
    assert message in err


def test_eval_of_a_folder_without_a_model_is_one_line(capsys, tmp_path):
    code, _, err = run(capsys, "eval", tmp_path, "--tasks", "logic.parity")
    assert code == 2
    assert err.count("\n") == 1
    assert "cannot load the model" in err


def test_a_run_keeps_groups_to_read_and_the_report_draws_them(finished_run):
    (kept, *_) = sorted((finished_run / "groups").glob("*.json"))
    group = json.loads(kept.read_text())[0]
    row = group["rollouts"][0]
    assert len(row["tokens"]) == len(row["weights"]) == len(row["logprobs"]) == row["num_tokens"]
    assert {entry["source"] for entry in row["audit"]} <= {"environment", "form"}
    page = (finished_run / "report.html").read_text()
    assert "Groups to read" in page
    assert "Reward audit" in page


@pytest.fixture
def endpoint(judge_endpoint):
    """Finds every answer right that contains a 1."""
    server = judge_endpoint(lambda text: "1" in text.split("<given>")[1].split("</given>")[0])
    yield server.url
    server.stop()


def test_the_playground_shows_question_reply_and_verdict(capsys, endpoint):
    code, out, err = run(
        capsys, "judge-playground", "--model", "m", "--base-url", endpoint,
        "--question", "1+0?", "--wanted", "1", "--response", "It is 1",
    )  # fmt: skip
    assert code == 0, err
    assert "1+0?" in out
    assert "CORRECT" in out
    assert "counts as: right" in out


def test_the_playground_judges_a_runs_groups_again(capsys, endpoint, finished_run):
    code, out, err = run(
        capsys, "judge-playground", "--model", "m", "--base-url", endpoint, "--run", finished_run,
        "--limit", 4,
    )  # fmt: skip
    assert code == 0, err
    assert "4 answers judged" in out


def test_the_playground_names_what_is_missing(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, _, err = run(capsys, "judge-playground", "--model", "m")
    assert code == 2
    assert "--question, --wanted, --response: missing" in err
    code, _, err = run(capsys, "judge-playground", "--model", "m", "--run", tmp_path)
    assert code == 2
    assert "no run to resume" in err
    code, _, err = run(
        capsys, "judge-playground", "--model", "m", "--base-url", "http://127.0.0.1:9/v1",
        "--question", "q", "--wanted", "w", "--response", "r",
    )  # fmt: skip
    assert code == 2
    assert "the judge at http://127.0.0.1:9/v1 failed" in err
