"""The new user's path through MMDetection, where it is installed; says so where it is not.

A stock configuration, the entries of pcc-distill's README, one epoch on the digits set, and the
student in plain MMDetection, in a process that cannot import pcc-distill.
"""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("mmdet", reason="MMDetection is not installed (tools/mmdet_environment.sh)")

from intern_detection_kd.main import main

# MMDetection 3.3 and MMEngine 0.10 predate current torch and NumPy.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{kind}")
    for kind in (
        "DeprecationWarning",
        "PendingDeprecationWarning",
        "FutureWarning",
        "ImportWarning",
        "UserWarning",
        "ResourceWarning",
    )
]

# The fetched file as it is, but for the backbone's weights from the network.
OFFLINE = """
_base_ = "./retinanet_pcc_digits.py"
model = dict(student=dict(backbone=dict(init_cfg=None)), backbone=dict(init_cfg=None))
default_hooks = dict(logger=dict(interval=1))
"""

UNREACHABLE = """
_base_ = "./offline.py"
weights = dict(_delete_=True, type="Pretrained", checkpoint="http://127.0.0.1:9/weights.pth")
model = dict(student=dict(backbone=dict(init_cfg=weights)), backbone=dict(init_cfg=weights))
"""

PLAIN = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.modules["pcc_distill"] = None  # importing it fails
from mmdet.apis import inference_detector, init_detector
from mmengine.hub import get_config

checkpoint, image = sys.argv[1:]
config = get_config("mmdet::retinanet/retinanet_r50_fpn_1x_coco.py")
config.test_dataloader.dataset.pipeline[1].scale = (96, 96)
model = init_detector(config, checkpoint, device="cpu")
found = inference_detector(model, image).pred_instances
bias = model.bbox_head.retina_cls.bias
print(json.dumps([type(model).__name__, len(found), bias.double().sum().item()]))
"""


def test_a_stock_config_with_the_readmes_entries_trains_and_loads_in_plain_mmdetection(
    tmp_path, capsys
):
    data, run = tmp_path / "digits", tmp_path / "run"
    assert main(["fetch-recipe", "digits", "--images", "8", "--output", str(data)]) == 0
    (data / "offline.py").write_text(OFFLINE)
    assert main(["train", "--mmdet", str(data / "offline.py"), "--output", str(run)]) == 0
    (log,) = run.glob("*/vis_data/scalars.json")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    steps = [line for line in lines if "loss_PCCLoss_neck" in line]
    assert len(steps) == 2  # eight images in batches of four
    assert all(line["loss_PCCLoss_neck"] > 0 and line["loss_cls"] > 0 for line in steps)

    assert main(["train", "--mmdet", str(data / "offline.py"), "--resume", str(run)]) == 2
    assert "set TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 and resume again" in capsys.readouterr().err

    (data / "unreachable.py").write_text(UNREACHABLE)
    assert main(["train", "--mmdet", str(data / "unreachable.py"), "--output", str(run)]) == 2
    error = capsys.readouterr().err
    assert "could not be downloaded" in error
    assert "set init_cfg=None" in error

    import torch

    # Files of MMEngine's runner hold its log history, which torch refuses by default since 2.6.
    trusted = os.environ | {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, str(run / "epoch_1.pth"), str(data / "val" / "00000.png")],
        capture_output=True,
        text=True,
        env=trusted,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    kind, _, bias = json.loads(done.stdout.splitlines()[-1])
    assert kind == "RetinaNet"
    saved = torch.load(run / "epoch_1.pth", map_location="cpu", weights_only=False)
    expected = saved["state_dict"]["bbox_head.retina_cls.bias"].double().sum().item()
    assert bias == pytest.approx(expected, rel=1e-12)


def test_the_quickstart_runs_on_mmdetections_detectors_and_goes_on(tmp_path, capsys):
    settings = {
        "teacher_steps_factor": 1,
        "data.train_images": 12,
        "data.val_images": 2,
        "optimizer.batch_size": 4,
        "eval_points": 1,
        "teacher.width": 8,
        "student.width": 8,
        "student.head": "retina",
        "arms": '{cwd = {loss = "CWDLoss", weight = 3.0}}',
    }
    small = [x for key, value in settings.items() for x in ("--set", f"{key}={value}")]
    run = tmp_path / "run"
    flags = ["quickstart", "--framework", "mmdet", "--steps", "2", "--output", str(run)]
    assert main([*flags, *small]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[:2]] == ["teacher", "student"]
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for stage in ("teacher", "student", "cwd"):
        mine = [line for line in lines if line["stage"] == stage]
        assert [line["step"] for line in mine] == [1, 2]
        assert ["map" in line for line in mine] == [False, True]
        assert all(("loss_distill" in line) == (stage == "cwd") for line in mine)
    first = {x["stage"]: x["loss_cls"] for x in lines if x["step"] == 1}
    # Students start from the same weights and see the same first batch.
    assert first["student"] == pytest.approx(first["cwd"], rel=1e-5)
    assert {p.stem for p in (run / "maps").glob("*.png")} == {"student", "cwd"}
    assert "<table>" in (run / "report.html").read_text()
    (run / "done" / "cwd.json").unlink()  # as if killed in the last stage
    assert main(["quickstart", "--resume", str(run)]) == 0
    again = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [(x["stage"], x["step"]) for x in again] == [(x["stage"], x["step"]) for x in lines]


def test_mistakes_in_a_mmdetection_config_are_one_line(tmp_path, capsys):
    config = tmp_path / "config.py"

    def fails(text: str) -> str:
        config.write_text(text)
        assert main(["train", "--mmdet", str(config), "--output", str(tmp_path / "run")]) == 2
        message = capsys.readouterr().err.splitlines()[-1]
        assert message.startswith(f"error: {config}")
        return message

    base = (
        '_base_ = "mmdet::retinanet/retinanet_r50_fpn_1x_coco.py"\n'
        'custom_imports = dict(imports=["pcc_distill.integrations.mmdet"])\n'
        'model = dict(type="pcc_distill.Distill", student={{_base_.model}}, '
        "losses=[dict(type='PCCLoss', features='neck')], "
    )
    stock = "config='mmdet::retinanet/retinanet_r101_fpn_1x_coco.py'"
    assert "gone.pth does not exist" in fails(
        base + f"teacher=dict({stock}, checkpoint='gone.pth'))"
    )
    assert "cannot be read" in fails(base.replace("retinanet_r50_fpn_1x_coco", "none"))
    assert "cannot be read" in fails("model = dict(\n")
    assert main(["train", "--mmdet", "a.py", "--output", str(tmp_path / "run")]) == 2
    assert "a.py: no such configuration file" in capsys.readouterr().err
