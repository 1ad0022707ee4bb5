"""One training step of `pcc_distill.Distill` beside MMRazor's `FpnTeacherDistill`, on a CPU.

    OMP_NUM_THREADS=1 .venv-mmdet/bin/python packages/pcc-distill/benchmarks/mmrazor_step.py MMRAZOR

MMRAZOR is a checkout of MMRazor (it also needs the package ordered-set). Both train one small
RetinaNet from the same weights with the same teacher, images and loss weight, and both run in turn
in one process: losses and gradients are compared, the ratio of medians of the times is what to
read, and the bytes that autograd keeps between forward and backward are counted.
"""
# ruff: noqa: C408  (MMDetection settings are written with dict())

import argparse
import json
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

WEIGHT, LEVELS = 6.0, 4  # of MMRazor's two-stage configuration
ROUNDS, SIDE, BATCH = 9, 256, 2


def detector(depth: int, width: int = 16, channels: int = 64) -> dict[str, Any]:
    """A stock RetinaNet made narrow."""
    from mmengine.hub import get_config

    model = get_config("mmdet::retinanet/retinanet_r50_fpn_1x_coco.py").model
    model.backbone.update(dict(depth=depth, base_channels=width, frozen_stages=-1, init_cfg=None))
    model.neck.update(dict(in_channels=[width << i for i in range(4)], out_channels=channels))
    model.bbox_head.update(dict(in_channels=channels, feat_channels=channels))
    model["_scope_"] = "mmdet"  # MMRazor builds in its own scope
    return model


def ours() -> dict[str, Any]:
    levels = tuple(range(LEVELS))
    return dict(
        type="pcc_distill.Distill",
        student=detector(18),
        teacher=dict(config=detector(34), checkpoint=None),
        losses=[
            dict(
                type="PCCLoss",
                loss_weight=WEIGHT,
                features="neck",
                student_levels=levels,
                teacher_levels=levels,
            )
        ],
    )


def theirs() -> dict[str, Any]:
    """As in MMRazor's configs/distill/mmdet/pkd."""
    names = [f"loss_pkd_fpn{level}" for level in range(LEVELS)]

    def side(is_student: bool, level: int) -> dict[str, Any]:
        return dict(from_student=is_student, recorder="fpn", data_idx=level)

    recorder = dict(fpn=dict(type="ModuleOutputs", source="neck"))
    return dict(
        type="mmrazor.FpnTeacherDistill",
        architecture=detector(18),
        teacher=detector(34),
        distiller=dict(
            type="mmrazor.ConfigurableDistiller",
            student_recorders=recorder,
            teacher_recorders=recorder,
            distill_losses={name: dict(type="PKDLoss", loss_weight=WEIGHT) for name in names},
            loss_forward_mappings={
                name: dict(preds_S=side(True, level), preds_T=side(False, level))
                for level, name in enumerate(names)
            },
        ),
    )


def step(model: nn.Module, inputs: Tensor, samples: list[Any]) -> tuple[float, float, int]:
    """Distillation loss, seconds of forward and backward, and bytes kept in between."""
    kept: dict[int, int] = {}

    def pack(x: Tensor) -> Tensor:
        kept[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    model.zero_grad(set_to_none=True)
    model.train()
    began = time.perf_counter()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        losses = model.loss(inputs, samples)
        total, named = model.parse_losses(losses)
    total.backward()
    seconds = time.perf_counter() - began
    distilled = sum(float(value) for name, value in named.items() if "PCC" in name or "pkd" in name)
    return distilled, seconds, sum(kept.values())


def main(checkout: Path) -> dict[str, Any]:
    warnings.simplefilter("ignore")  # MMEngine and MMRazor predate current torch
    sys.path.insert(0, str(checkout))
    import mmrazor.models  # noqa: F401
    from mmdet.testing import demo_mm_inputs
    from mmdet.utils import register_all_modules
    from mmengine.registry import MODELS, DefaultScope

    import pcc_distill.integrations.mmdet  # noqa: F401

    register_all_modules(init_default_scope=False)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmdet"):
        mine = MODELS.build(ours())
    with DefaultScope.overwrite_default_scope("mmrazor"):
        other = MODELS.build(theirs())
    other.architecture.load_state_dict(mine.state_dict())
    other.teacher.load_state_dict(mine.distillation.teacher.state_dict())
    batch = demo_mm_inputs(BATCH, [[3, SIDE, SIDE]] * BATCH, num_classes=80)
    data = mine.data_preprocessor(batch, True)
    models = {"pcc_distill": mine, "mmrazor": other}
    rounds: dict[str, list[tuple[float, float, int]]] = {name: [] for name in models}
    gradients = {}
    for number in range(ROUNDS):
        for name, model in models.items():
            rounds[name].append(step(model, data["inputs"], data["data_samples"]))
            if number == 0:
                student = mine if name == "pcc_distill" else other.architecture
                gradients[name] = torch.cat([p.grad.flatten() for p in student.parameters()])
    medians = {name: statistics.median(r[1] for r in rows) for name, rows in rounds.items()}
    difference = gradients["pcc_distill"] - gradients["mmrazor"]
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "loss": rounds["pcc_distill"][0][0],
        "loss_difference": abs(rounds["pcc_distill"][0][0] / rounds["mmrazor"][0][0] - 1),
        "gradient_difference": (difference.norm() / gradients["mmrazor"].norm()).item(),
        "step_time_ratio_mmrazor_to_ours": medians["mmrazor"] / medians["pcc_distill"],
        "kept_bytes_ratio_ours_to_mmrazor": rounds["pcc_distill"][0][2] / rounds["mmrazor"][0][2],
        "state_dict_entries": {name: len(model.state_dict()) for name, model in models.items()},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mmrazor", type=Path, help="checkout of MMRazor")
    json.dump(main(parser.parse_args().mmrazor), sys.stdout, indent=1)
    print()
