"""Training one detector, alone or beside a teacher, in resumable steps."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from intern_detection_kd.config import ArmConfig, DetectorConfig, OptimizerConfig, RunConfig
from intern_detection_kd.detector import Detector
from intern_detection_kd.digits import generator
from intern_detection_kd.evaluation import evaluate
from intern_detection_kd.pictures import Pictures, batch_order
from intern_detection_kd.workers import Workers
from intern_runs import CheckpointError, RunDisplay, RunFolder
from pcc_distill import CWDLoss, Distiller, FeatureMatch, MSELoss, PCCLoss
from pcc_distill.losses import FeatureLoss

NECK = "neck"


def make_detector(config: DetectorConfig, num_classes: int, *key: Any) -> Detector:
    """A detector whose random weights are keyed, so that all students of a seed start equal."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(generator("weights", *key).integers(2**62)))
        return Detector(config, num_classes)


def make_loss(arm: ArmConfig) -> FeatureLoss:
    """The distillation loss of an arm."""
    if arm.loss == "CWDLoss":
        return CWDLoss(arm.weight, tau=arm.tau)
    return {"PCCLoss": PCCLoss, "MSELoss": MSELoss}[arm.loss](arm.weight)


class TeacherFeatures:
    """The teacher's neck outputs, run once per image and shared by the arms.

    The images are not augmented, so an image's features never change; they are kept in float32.

    Args:
        teacher: The trained teacher.
        pictures: The training images.
        scale: Factor on the features; 1 leaves them as they are.
    """

    def __init__(self, teacher: Detector, pictures: Pictures, scale: float) -> None:
        self.teacher, self.pictures, self.scale = teacher, pictures, scale
        self._kept: dict[int, list[Tensor]] = {}

    def batch(self, distiller: Distiller, images: Tensor, indices: list[int]) -> list[Tensor]:
        """The levels of a batch, [N, C, H, W] each."""
        missing = [row for row, index in enumerate(indices) if index not in self._kept]
        if missing:
            levels = distiller.teach(images[missing])[NECK]
            for position, row in enumerate(missing):
                self._kept[indices[row]] = [x[position] * self.scale for x in levels]
        rows = [self._kept[index] for index in indices]
        return [torch.stack(level) for level in zip(*rows, strict=True)]


class Training:
    """One stage of a run: the model, its optimizer and, for an arm, its distiller.

    Args:
        stage: Name in the run folder.
        model: The detector to train.
        steps: Optimizer steps.
        config: The run's configuration.
        arm: The distillation, or None.
        features: The teacher's features, with an arm.
        workers: The processes of the run; this one alone if None.
    """

    def __init__(
        self,
        stage: str,
        model: Detector,
        steps: int,
        config: RunConfig,
        arm: ArmConfig | None = None,
        features: TeacherFeatures | None = None,
        workers: Workers | None = None,
    ) -> None:
        self.workers = workers or Workers()
        model = model.to(self.workers.device)
        self.stage, self.model, self.steps, self.config = stage, model, steps, config
        self.features = features
        self.distiller: Distiller | None = None
        parameters = list(model.parameters())
        if arm is not None and features is not None:
            match = FeatureMatch(loss=make_loss(arm), student=NECK, name="distill")
            self.distiller = Distiller(model, features.teacher, [match], seed=config.seed)
            size = features.pictures.size
            parameters += self.distiller.fit_adapters(
                torch.zeros(1, 3, size, size, device=self.workers.device)
            )
        self.optimizer = make_optimizer(parameters, config.optimizer)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, learning_rate_factor(config.optimizer, steps)
        )

    def run(
        self, train: Pictures, val: Pictures, folder: RunFolder, display: RunDisplay
    ) -> dict[str, Any]:
        """Train to the end, from the last checkpoint if there is one.

        Returns:
            The final metrics.
        """
        start = self._restore(folder)
        display.begin(self.stage, self.steps, completed=start)
        every = max(1, math.ceil(self.steps / self.config.eval_points))
        result: dict[str, Any] = {}
        for step in range(start + 1, self.steps + 1):
            began = time.perf_counter()
            numbers: dict[str, Any] = self.step(train, step)
            if step % every == 0 or step == self.steps:
                if self.workers.is_first:
                    result = evaluate(self.model, val)
                    numbers |= result
                self.workers.wait()
            folder.log(self.stage, step, numbers, seconds=time.perf_counter() - began)
            display.advance(self.stage, numbers)
            if step % self.config.checkpoint_every_steps == 0 and step < self.steps:
                folder.save(self.stage, step, self.state())
        return result

    def step(self, train: Pictures, step: int) -> dict[str, float]:
        """One optimizer step; returns its losses."""
        settings = self.config.optimizer
        indices = batch_order(len(train), settings.batch_size, self.config.seed, step)
        indices = self.workers.share(indices)
        images, targets = train.batch(indices)
        images, targets = images.to(self.workers.device), targets.to(self.workers.device)
        self.model.train()
        if self.distiller is None or self.features is None:
            losses = self.model(images, targets)
        else:
            known = self.features.batch(self.distiller, images, indices)
            with self.distiller.watch():
                losses = self.model(images, targets)
                losses |= self.distiller.compare({NECK: known})
        total = torch.stack(list(losses.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        self.workers.average_gradients(parameters)
        norm = nn.utils.clip_grad_norm_(parameters, settings.max_grad_norm)
        self.optimizer.step()
        self.schedule.step()
        logged = torch.stack([total, *losses.values()]).detach()
        self.workers.average([logged])
        names = ("loss", *(f"loss_{name}" for name in losses))
        return dict(zip(names, logged.tolist(), strict=True)) | {"grad_norm": norm.item()}

    def state(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {
            "model": dict(self.model.state_dict()),
            "distiller": dict(self.distiller.state_dict()) if self.distiller else {},
            "optimizer": self.optimizer.state_dict(),
            "schedule": {"last_epoch": self.schedule.last_epoch},
        }

    def _restore(self, folder: RunFolder) -> int:
        kept = folder.restore(self.stage) if self.workers.is_first else None
        self.workers.wait()  # restoring shortens metrics.jsonl, which happens once
        if not self.workers.is_first:
            kept = folder.restore(self.stage)
        if kept is None:
            return 0
        step, state = kept
        try:
            self.model.load_state_dict(state["model"])
            if self.distiller:
                self.distiller.load_state_dict(state["distiller"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, KeyError, ValueError) as error:
            raise CheckpointError(
                f"{folder.path}: the checkpoint of stage {self.stage!r} does not fit the "
                f"configured model ({str(error).splitlines()[0]}); start a new run"
            ) from None
        self.schedule.last_epoch = step
        return step


def make_optimizer(parameters: list[nn.Parameter], config: OptimizerConfig) -> torch.optim.AdamW:
    """AdamW; vectors (biases, norms) are not decayed."""
    return torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1]},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
    )


def learning_rate_factor(config: OptimizerConfig, steps: int) -> Callable[[int], float]:
    """Linear warmup, then half a cosine to zero."""
    warmup = min(config.warmup_steps, steps // 2)

    def factor(done: int) -> float:
        if done < warmup:
            return (done + 1) / (warmup + 1)
        return 0.5 * (1 + math.cos(math.pi * (done - warmup) / max(1, steps - warmup)))

    return factor
