import errno
import importlib.util
import json
import os
import re

import pytest

from intern_detection_kd import coco, training
from intern_detection_kd.main import main

SMALL = [
    "--steps",
    "4",
    *(
        item
        for setting in (
            "teacher_steps_factor=1",
            "data.train_images=12",
            "data.val_images=4",
            "optimizer.batch_size=4",
            "checkpoint_every_steps=1",
            "eval_points=2",
            "teacher.width=8",
            "student.width=4",
            "student.neck_channels=8",
        )
        for item in ("--set", setting)
    ),
]


def quickstart(*arguments: object) -> int:
    return main(["quickstart", *map(str, arguments)])


def lines(folder) -> list[dict]:
    parsed = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in parsed]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert quickstart(*SMALL, "--seed", 3, "--output", folder) == 0
    return folder


def test_a_run_leaves_report_metrics_models_and_summary(finished):
    report = (finished / "report.html").read_text()
    assert "data:image/png;base64," in report
    assert "http" not in report.replace("http-equiv", "")
    summary = json.loads((finished / "summary.json").read_text())
    assert [row["stage"] for row in summary["rows"]] == ["teacher", "student", "pcc", "mse", "cwd"]
    stages = [line["stage"] for line in lines(finished)]
    assert {stage: stages.count(stage) for stage in stages} == dict.fromkeys(
        ["teacher", "student", "pcc", "mse", "cwd"], 4
    )
    assert (finished / "models" / "pcc.safetensors").is_file()
    assert not list((finished / "state").iterdir())


def test_students_of_one_seed_start_from_the_same_weights_and_batches(finished):
    first = {x["stage"]: x for x in lines(finished) if x["step"] == 1}
    assert first["student"]["loss_classes"] == first["pcc"]["loss_classes"]
    assert first["student"]["loss"] != first["pcc"]["loss"]
    assert first["pcc"]["loss_distill"] > 0


@pytest.mark.parametrize("broken_after", [2, 6, 11])
def test_a_killed_run_resumes_to_the_metrics_of_an_uninterrupted_one(
    finished, tmp_path, monkeypatch, capsys, broken_after
):
    step, done = training.Training.step, []

    def stopping(self, *arguments):
        if len(done) == broken_after:
            raise KeyboardInterrupt
        done.append(1)
        return step(self, *arguments)

    monkeypatch.setattr(training.Training, "step", stopping)
    assert quickstart(*SMALL, "--seed", 3, "--output", tmp_path / "run") == 130
    assert f"--resume {tmp_path / 'run'}" in capsys.readouterr().err
    monkeypatch.setattr(training.Training, "step", step)
    assert quickstart("--resume", tmp_path / "run") == 0
    assert lines(tmp_path / "run") == lines(finished)


def fails_with(capsys, *arguments: object) -> str:
    capsys.readouterr()
    assert quickstart(*arguments) == 2
    *before, message = capsys.readouterr().err.splitlines()
    assert message.startswith("error: ")
    assert all(re.match(r" +\d+ s  \w+: ", line) for line in before)  # finished stages
    return message


def test_an_unknown_key_names_the_near_one_and_leaves_nothing(tmp_path, capsys):
    config = tmp_path / "run.toml"
    config.write_text("seed = 1\n[student]\nwidht = 8\n")
    message = fails_with(capsys, "--config", config, "--output", tmp_path / "run")
    assert f"{config}:3: unknown key 'student.widht'; did you mean 'width'?" in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("student.width=two", "student.width: Input should be a valid integer"),
        ("student.width=0", "greater than or equal to 4; got 0"),
        ("arms.pcc.weight=-1", "arms.pcc.weight: Input should be greater than or equal to 0"),
        ("arms.teacher.loss=PCCLoss", "are names of stages; choose others"),
        ("arms.pcc.loss=KL", "Input should be 'PCCLoss'"),
        ("data.train=a.json", "data.train and data.val go together"),
        ("student", "--set needs key=value"),
    ],
)
def test_impossible_settings_are_one_line(tmp_path, capsys, setting, message):
    assert message in fails_with(capsys, "--set", setting, "--output", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_missing_files_are_named(tmp_path, capsys):
    out = ("--output", tmp_path / "run")
    gone = tmp_path / "gone"
    assert "no such configuration file" in fails_with(capsys, "--config", gone, *out)
    own = ("--set", f"data.train={gone}", "--set", f"data.val={gone}")
    assert f"{gone}: no such annotation file" in fails_with(capsys, *own, *out)
    teacher = ("--set", f"teacher_checkpoint={gone}")
    assert f"{gone}: no such checkpoint" in fails_with(capsys, *teacher, *out)
    assert f"{gone}: no run to resume" in fails_with(capsys, "--resume", gone)
    assert not (tmp_path / "run").exists()


def test_a_taken_folder_and_flags_beside_resume_are_refused(finished, capsys):
    assert "holds a run already; resume it with" in fails_with(capsys, "--output", finished)
    assert "give it alone" in fails_with(capsys, "--resume", finished, "--seed", 1)


def test_a_teacher_of_another_size_or_a_damaged_one_is_refused(finished, tmp_path, capsys):
    good = finished / "models" / "teacher.safetensors"
    other = ("--set", f"teacher_checkpoint={good}", "--set", "data.train_images=4")
    message = fails_with(capsys, *other, "--output", tmp_path / "a")
    assert "does not fit the configured detector (width 16" in message
    bad = tmp_path / "bad.safetensors"
    data = bytearray(good.read_bytes())
    data[-5] ^= 255
    bad.write_bytes(data)
    message = fails_with(capsys, "--set", f"teacher_checkpoint={bad}", "--output", tmp_path / "b")
    assert f"{bad}: damaged checkpoint (checksum differs)" in message


def test_a_damaged_step_checkpoint_is_named(tmp_path, monkeypatch, capsys):
    step, done = training.Training.step, []

    def stopping(self, *arguments):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(1)
        return step(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(training.Training, "step", stopping)
        quickstart(*SMALL, "--output", tmp_path / "run")
    capsys.readouterr()
    state = max((tmp_path / "run" / "state").iterdir())
    state.write_bytes(state.read_bytes()[:-100])
    message = fails_with(capsys, "--resume", tmp_path / "run")
    assert f"{state}: damaged checkpoint" in message
    assert "delete it to fall back on the previous one" in message


def test_a_full_disk_is_one_line_and_the_run_can_go_on(finished, tmp_path, monkeypatch, capsys):
    from intern_runs import RunFolder

    def full(self, stage, step, state):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "save", full)
        arguments = (*SMALL, "--seed", 3, "--output", tmp_path / "run")
        assert quickstart(*arguments) == 2
        assert "the disk is full while writing" in capsys.readouterr().err
    assert quickstart("--resume", tmp_path / "run") == 0
    assert lines(tmp_path / "run") == lines(finished)


def test_own_data_in_coco_format_is_used(finished, tmp_path, capsys):
    data = finished / "data"
    own = ("--set", f"data.train={data / 'train.json'}", "--set", f"data.val={data / 'val.json'}")
    assert quickstart(*SMALL, "--seed", 3, *own, "--output", tmp_path / "run") == 0
    assert lines(tmp_path / "run") == lines(finished)
    broken = json.loads((data / "train.json").read_text())
    broken["annotations"][1]["bbox"][2] = 500
    (data / "broken.json").write_text(json.dumps(broken, indent=1))
    own = ("--set", f"data.train={data / 'broken.json'}", "--set", f"data.val={data / 'val.json'}")
    message = fails_with(capsys, *own, "--output", tmp_path / "other")
    assert "annotations[1]: bbox" in message
    assert coco.read_coco(data / "train.json").category_ids == list(range(1, 11))


def test_eval_prints_the_metrics_of_a_run_and_of_a_file(finished, tmp_path, capsys):
    assert main(["eval", "--run", str(finished)]) == 0
    out = capsys.readouterr().out
    summary = json.loads((finished / "summary.json").read_text())
    for row in summary["rows"]:
        assert f"{row['stage']:<10} map {row['map']:.4f}" in out
    truth = finished / "data" / "val.json"
    found = [
        {**{k: a[k] for k in ("image_id", "category_id", "bbox")}, "score": 0.5}
        for a in json.loads(truth.read_text())["annotations"]
    ]
    (tmp_path / "found.json").write_text(json.dumps(found))
    files = ["--detections", str(tmp_path / "found.json"), "--annotations", str(truth)]
    assert main(["eval", *files]) == 0
    assert "map 1.0000" in capsys.readouterr().out
    found[3]["bbox"] = [1, 2]
    (tmp_path / "found.json").write_text(json.dumps(found))
    assert main(["eval", *files]) == 2
    assert "found.json: [3]: bbox is [1, 2]" in capsys.readouterr().err


def test_mistakes_of_eval_train_and_report_are_one_line(finished, tmp_path, capsys):
    def fails(*arguments: object) -> str:
        assert main([str(a) for a in arguments]) == 2
        message = capsys.readouterr().err
        assert message.count("\n") == 1
        return message

    assert "no stage 'x'; there are teacher" in fails("eval", "--run", finished, "--model", "x")
    assert "give --run, a run folder" in fails("eval")
    assert "no run to resume" in fails("eval", "--run", tmp_path)
    assert "train needs data.train" in fails("train", "--output", tmp_path / "run")
    assert "no summary of a finished run" in fails("report", tmp_path)
    has_mmdet = importlib.util.find_spec("mmdet") is not None
    expected = "a.py: no such configuration file" if has_mmdet else "needs MMDetection"
    assert expected in fails("train", "--mmdet", "a.py", "--output", tmp_path / "run")
    if not has_mmdet:
        message = fails("quickstart", "--framework", "mmdet", "--output", tmp_path / "run")
        assert "framework = mmdet needs MMDetection" in message
    scale = ("--set", "teacher_feature_scale=8", "--framework", "mmdet")
    message = fails("quickstart", *scale, "--output", tmp_path / "run")
    assert 'teacher_feature_scale needs framework = "torchvision"' in message
    assert not (tmp_path / "run").exists()


def test_report_of_one_run_has_no_interval(finished, tmp_path, capsys):
    output = tmp_path / "all" / "joined.html"
    assert main(["report", str(finished), "--output", str(output)]) == 0
    assert "| pcc | PCCLoss | 3 | 1 |" in capsys.readouterr().out
    assert "±" not in output.read_text().split("<table>")[1]
