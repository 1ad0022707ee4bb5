"""Do PCC, MSE and CWD help a student, and what do the teacher's magnitudes change?

    uv run --no-sync python apps/detection-kd/benchmarks/compare_losses.py --minutes 30
    uv run --no-sync python apps/detection-kd/benchmarks/compare_report.py

The first goes on where it stopped (exit code 1: time over, 0: all done): every finished training
is one line of `results/runs.jsonl`, the teacher is kept in the work folder. The second writes the
tables and the curves from those lines.

Settings, all on the digits set with one fixed FCOS teacher:

- heterogeneous: a RetinaNet student (anchors), as in the paper's FCOS to RetinaNet pair;
- homogeneous: an FCOS student;
- magnitudes x8: heterogeneous, the teacher's features multiplied by eight, once with the weights
  chosen without that factor and once with weights chosen anew.

Per setting every loss takes its weight from the same grid, by the mAP of one training whose seed
and evaluation images are not the table's; the grid goes on past an end that is best.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from intern_detection_kd.coco import CocoSet
from intern_detection_kd.config import ArmConfig, DataConfig, DetectorConfig, RunConfig
from intern_detection_kd.digits import build_digits
from intern_detection_kd.evaluation import evaluate
from intern_detection_kd.pictures import Pictures
from intern_detection_kd.stages import load_detector
from intern_detection_kd.training import TeacherFeatures, Training, make_detector
from intern_detection_kd.voc import read_data
from intern_runs import load_state, save_state

RESULTS = Path(__file__).parents[1] / "results"
LOSSES = ("PCCLoss", "MSELoss", "CWDLoss")
GRID = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
LOWER, HIGHER = (0.01, 0.003, 0.001, 0.0003), (1000.0, 3000.0, 10000.0)  # where an end is best
SEEDS = (0, 1, 2, 3, 4)
TUNING_SEED = 100
TUNING_IMAGES, TEST_IMAGES = 100, 300
STEPS, POINTS = 600, 4
TEACHER = DetectorConfig(width=16, head_convs=2)
TEACHER_STEPS = 2400
DRAFT_EVERY = 100
HEADS = {"heterogeneous": "retina", "homogeneous": "fcos"}


@dataclasses.dataclass(frozen=True)
class Job:
    """One training of a student; `loss` is empty without distillation."""

    setting: str
    scale: float
    seed: int
    loss: str = ""
    weight: float = 0.0

    @property
    def key(self) -> str:
        return f"{self.setting}/x{self.scale:g}/{self.loss or 'none'}/{self.weight:g}/{self.seed}"


def config(job: Job | None = None) -> RunConfig:
    head = HEADS[job.setting] if job else "fcos"
    return RunConfig(
        seed=job.seed if job else 0,
        steps=STEPS,
        eval_points=POINTS,
        data=DataConfig(train_images=2400, val_images=TUNING_IMAGES + TEST_IMAGES, image_size=64),
        teacher=TEACHER,
        student=DetectorConfig(width=8, head=head),
        teacher_feature_scale=job.scale if job else 1.0,
    )


def read_lines() -> dict[str, dict[str, Any]]:
    """Finished trainings by key."""
    path = RESULTS / "runs.jsonl"
    if not path.exists():
        return {}
    found = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {line["key"]: line for line in found}


def tuning_jobs(lines: dict[str, Any], setting: str, scale: float, loss: str) -> list[Job]:
    """The grid's trainings, and more past an end of it while that end is best."""
    jobs = [Job(setting, scale, TUNING_SEED, loss, weight) for weight in GRID]
    lower, higher = list(LOWER), list(HIGHER)
    while all(job.key in lines for job in jobs):
        best = _best(lines, jobs)
        more = {jobs[0]: lower, jobs[-1]: higher}.get(best)
        if not more:
            break
        weight = more.pop(0)
        place = 0 if more is lower else len(jobs)
        jobs.insert(place, Job(setting, scale, TUNING_SEED, loss, weight))
    return jobs


def _best(lines: dict[str, Any], jobs: list[Job]) -> Job:
    return max(jobs, key=lambda job: lines[job.key]["map"])


def chosen_weight(lines: dict[str, Any], setting: str, scale: float, loss: str) -> float | None:
    """The best weight of the tuning trainings, or None while one of them is missing."""
    jobs = tuning_jobs(lines, setting, scale, loss)
    if any(job.key not in lines for job in jobs):
        return None
    return _best(lines, jobs).weight


def plan(lines: dict[str, Any]) -> Iterator[Job]:
    """All trainings in the order of their worth, as far as the weights are known."""
    for setting, scales, seeds in (
        ("heterogeneous", (1.0, 8.0), SEEDS[:3]),
        ("homogeneous", (1.0,), SEEDS[:3]),
        ("heterogeneous", (1.0, 8.0), SEEDS),
        ("homogeneous", (1.0,), SEEDS),
    ):
        for scale in scales:
            for loss in LOSSES:
                if scale == 1.0 or loss != "PCCLoss":  # PCC does not see the factor
                    yield from tuning_jobs(lines, setting, scale, loss)
        for seed in seeds:
            yield Job(setting, 1.0, seed)
            for scale in scales:
                for loss in LOSSES:
                    weights = {chosen_weight(lines, setting, 1.0, loss)}
                    if loss != "PCCLoss":
                        weights.add(chosen_weight(lines, setting, scale, loss))
                    yield from (Job(setting, scale, seed, loss, w) for w in weights if w)


class Bench:
    """The data, the teacher and its features."""

    def __init__(self, work: Path) -> None:
        settings = config()
        files = build_digits(
            work / "data",
            num_train=settings.data.train_images,
            num_val=settings.data.val_images,
            size=settings.data.image_size,
            seed=0,
        )
        train, val = (read_data(files[split]) for split in ("train", "val"))
        side = settings.data.image_size
        self.train = Pictures(train, side)
        self.tuning = Pictures(_part(val, 0, TUNING_IMAGES), side)
        self.test = Pictures(_part(val, TUNING_IMAGES, len(val.records)), side)
        self.num_classes = len(train.category_ids)
        self.teacher = self._teacher(work / "teacher.safetensors")
        self.features: dict[float, TeacherFeatures] = {}

    def _teacher(self, path: Path) -> Any:
        if path.exists():
            return load_detector(path, TEACHER, self.num_classes)
        model = make_detector(TEACHER, self.num_classes, "teacher", 0)
        training = Training("teacher", model, TEACHER_STEPS, config())
        draft = path.with_name("teacher.draft.safetensors")
        start, before = _resume(training, draft)
        began = time.process_time()
        for step in range(start + 1, TEACHER_STEPS + 1):
            training.step(self.train, step)
            if step % DRAFT_EVERY == 0:
                seconds = before + time.process_time() - began
                save_state({"step": step, "seconds": seconds, **training.state()}, draft)
        seconds = before + time.process_time() - began
        save_state({"model": dict(model.state_dict())}, path)
        draft.unlink(missing_ok=True)
        line = {"key": "teacher", "steps": TEACHER_STEPS, "cpu_seconds": round(seconds, 1)}
        _append(line | _described(model) | evaluate(model, self.test))
        return model

    def run(self, job: Job) -> dict[str, Any]:
        settings = config(job)
        arm = ArmConfig(loss=job.loss, weight=job.weight) if job.loss else None
        features = self.features.setdefault(
            job.scale, TeacherFeatures(self.teacher, self.train, job.scale)
        )
        model = make_detector(settings.student, self.num_classes, "student", job.seed)
        training = Training("student", model, STEPS, settings, arm, features)
        pictures = self.tuning if job.seed == TUNING_SEED else self.test
        every = STEPS if job.seed == TUNING_SEED else STEPS // POINTS
        began, curve, result = time.process_time(), [], {}
        for step in range(1, STEPS + 1):
            numbers = training.step(self.train, step)
            if step % every == 0:
                result = evaluate(model, pictures)
                curve.append((step, result["map"]))
        return {
            "key": job.key,
            **dataclasses.asdict(job),
            **result,
            "curve": curve,
            "last_losses": {name: round(value, 5) for name, value in numbers.items()},
            "cpu_seconds": round(time.process_time() - began, 1),
            **_described(model),
        }


def _resume(training: Training, draft: Path) -> tuple[int, float]:
    """Steps and processor seconds that a draft of the teacher holds; loads it."""
    if not draft.exists():
        return 0, 0.0
    state = load_state(draft)
    training.model.load_state_dict(state["model"])
    training.optimizer.load_state_dict(state["optimizer"])
    training.schedule.last_epoch = state["step"]
    return state["step"], state["seconds"]


def _part(data: CocoSet, start: int, stop: int) -> CocoSet:
    return dataclasses.replace(data, records=data.records[start:stop])


def _described(model: torch.nn.Module) -> dict[str, Any]:
    parameters = sum(p.numel() for p in model.parameters())
    return {"parameters": parameters, "torch": torch.__version__}


def _append(line: dict[str, Any]) -> None:
    with (RESULTS / "runs.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def run(work: Path, minutes: float) -> int:
    """Train until the time is over; 0 when nothing is left to do."""
    torch.set_num_threads(1)
    began = time.monotonic()
    bench = Bench(work)
    while True:
        lines = read_lines()
        job = next((job for job in plan(lines) if job.key not in lines), None)
        if job is None:
            return 0
        if time.monotonic() - began > 60 * minutes:
            return 1
        line = bench.run(job)
        _append(line)
        print(f"{job.key:45} mAP {line['map']:.3f}  {line['cpu_seconds']} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=8.0, help="begin no training after this")
    parser.add_argument("--work", type=Path, default=Path("runs/compare-losses"))
    arguments = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    arguments.work.mkdir(parents=True, exist_ok=True)
    return run(arguments.work, arguments.minutes)


if __name__ == "__main__":
    sys.exit(main())
