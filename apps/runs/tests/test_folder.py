"""Run folders and checkpoints: nothing half-written, nothing lost, damage named."""

import errno

import pytest
import torch
from pydantic import BaseModel

from intern_runs import (
    CheckpointError,
    DataError,
    RunFolder,
    RunFolderError,
    load_state,
    read_jsonl,
    run_program,
    save_state,
)


class Config(BaseModel):
    seed: int = 0


@pytest.fixture
def run(tmp_path):
    return RunFolder.create(tmp_path / "run", Config(), ("torch",))


def test_any_nesting_comes_back_bit_for_bit(tmp_path):
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "generator": torch.get_rng_state(),
        "shared": [model.weight, model.weight],
        "half": torch.tensor([1.5], dtype=torch.bfloat16),
        "plain": [None, True, 1, 0.1, "text", {3: "int key"}],
    }
    save_state(state, tmp_path / "state.safetensors")
    back = load_state(tmp_path / "state.safetensors")
    assert back["plain"] == state["plain"]
    assert back["optimizer"]["param_groups"][0]["betas"] == [0.9, 0.999]
    assert torch.equal(
        back["optimizer"]["state"][0]["exp_avg"], optimizer.state[model.weight]["exp_avg"]
    )
    for name in ("generator", "half"):
        assert torch.equal(back[name], state[name])
        assert back[name].dtype == state[name].dtype
    assert torch.equal(back["shared"][1], model.weight)


def test_what_cannot_be_saved_is_named(tmp_path):
    with pytest.raises(TypeError, match=r"state\.a\.1: cannot save a object"):
        save_state({"a": [1, object()]}, tmp_path / "state.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [0.0, 0.3, 0.7, 0.999])
def test_a_flipped_bit_anywhere_is_noticed(tmp_path, place):
    path = tmp_path / "state.safetensors"
    save_state({"weights": torch.arange(500.0), "step": 3}, path)
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"damaged checkpoint|not a checkpoint"):
        load_state(path)


def test_a_cut_file_is_noticed(tmp_path):
    path = tmp_path / "state.safetensors"
    save_state({"weights": torch.arange(500.0)}, path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CheckpointError, match=r"damaged checkpoint.*delete it to fall back"):
        load_state(path)


def test_resuming_cuts_the_metrics_back_to_the_checkpoint(run):
    for step in (1, 2, 3):
        run.log("rl", step, {"loss": 1.0 / step}, seconds=0.1)
        if step < 3:
            run.save("rl", step, {"x": torch.tensor(step)})
    run.close()
    again = RunFolder.open(run.path)
    step, state = again.restore("rl")
    assert (step, state["x"].item()) == (2, 2)
    assert [line["step"] for line in again.metrics("rl")] == [1, 2]


def test_a_stage_killed_before_its_first_checkpoint_starts_afresh(run):
    run.log("data", 1, {"n": 1}, seconds=0.0)
    run.log("rl", 1, {"loss": 1.0}, seconds=0.0)
    run.close()
    assert RunFolder.open(run.path).restore("rl") is None
    assert [line["stage"] for line in run.metrics()] == ["data"]


def test_only_the_last_two_checkpoints_are_kept(run):
    for step in range(1, 6):
        run.save("rl", step, {"step": step})
    assert [path.name for path in sorted((run.path / "state").iterdir())] == [
        "rl-000004.safetensors",
        "rl-000005.safetensors",
    ]
    run.finish("rl", {"done": True})
    assert list((run.path / "state").iterdir()) == []
    assert run.result("rl") == {"done": True}
    assert run.result("other") is None


def test_a_taken_folder_and_a_missing_run_are_refused(run, tmp_path):
    with pytest.raises(RunFolderError, match="holds a run already; resume it with --resume"):
        RunFolder.create(run.path, Config(), ())
    with pytest.raises(RunFolderError, match="no run to resume"):
        RunFolder.open(tmp_path / "nothing")


def test_a_full_disk_is_one_line_and_exit_code_2(run, capsys):
    run.metrics_path.symlink_to("/dev/full")  # a write there fails with ENOSPC, for real

    assert run_program(lambda: run.log("rl", 1, {}, seconds=0.0)) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "the disk is full" in error


def test_a_full_disk_while_saving_keeps_the_old_checkpoint(tmp_path, monkeypatch):
    from safetensors import SafetensorError

    from intern_runs import state as module

    path = tmp_path / "state.safetensors"
    save_state({"step": 1}, path)

    def full(*_, **__):
        raise SafetensorError("Error while serializing: I/O error: No space left (os error 28)")

    monkeypatch.setattr(module, "save_file", full)
    with pytest.raises(OSError, match="No space left") as caught:
        save_state({"step": 2}, path)
    assert caught.value.errno == errno.ENOSPC
    assert load_state(path) == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["state.safetensors"]


def test_an_interruption_says_how_to_resume(capsys):
    def interrupted():
        raise KeyboardInterrupt

    assert run_program(interrupted, resume_hint="resume with: x --resume R") == 130
    assert capsys.readouterr().err == "interrupted: resume with: x --resume R\n"


def test_a_defect_still_shows_its_traceback():
    with pytest.raises(IndexError):
        run_program(lambda: [][1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"text": "a"}\n{"text": \n', r"data\.jsonl:2: not valid JSON"),
        ('\n[1, 2]\n', r"data\.jsonl:2: got a JSON list, expected an object"),
        ('{"txt": "a"}\n', r"data\.jsonl:1: lacks text; it has txt"),
        ("[" * 100_000, r"data\.jsonl:1: not valid JSON"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_by_file_and_number(tmp_path, text, message):
    path = tmp_path / "data.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        list(read_jsonl(path, required=("text",)))


def test_a_missing_data_file_is_named(tmp_path):
    with pytest.raises(DataError, match="no such data file"):
        list(read_jsonl(tmp_path / "none.jsonl"))
