"""The framework-free distiller: a student, a teacher and the losses between their features.

```python
distiller = Distiller(student, teacher, [FeatureMatch(loss=PCCLoss(6.0), student="neck")])
optimizer = SGD([*student.parameters(), *distiller.parameters()], lr=0.01)
for images, targets in loader:
    with distiller.watch():
        losses = student(images, targets)
        losses |= distiller(images)
    sum(losses.values()).backward()
```

The student stays what it was: hooks live only inside `watch()`, and neither model is a submodule of
the distiller, so `state_dict()`, `parameters()`, an EMA of the student and DDP's buckets hold no
teacher. The distiller's own parameters are those of adapters and of losses that learn.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from pcc_distill.errors import ConfigError, FeatureError, ShapeError
from pcc_distill.features import FeatureTap
from pcc_distill.losses.base import FeatureLoss
from pcc_distill.losses.levels import as_levels
from pcc_distill.schedules import Schedule, constant


@dataclass(frozen=True, kw_only=True)
class FeatureMatch:
    """One loss between a module of the student and one of the teacher.

    Attributes:
        loss: What compares the features.
        student: Dotted name of the student's module.
        teacher: Dotted name of the teacher's module; the student's name if empty.
        name: Key of the loss in the distiller's result; made from the loss and module if empty.
        student_levels: Which levels of the student to use, in order; all if None.
        teacher_levels: The same for the teacher.
        pairing: "index" pairs first with first, as published; "size" pairs levels of equal height
            and width and leaves the rest out.
        adapt: "channels" puts a learned 1x1 convolution on student levels whose channels differ
            from the teacher's; "never" makes that an error.
        output: Which item to take where the module returns a tuple of several things, such as the
            class logits of a head; the whole output if None.
        schedule: Factor of the loss over the training; see `pcc_distill.schedules`.
    """

    loss: FeatureLoss
    student: str
    teacher: str = ""
    name: str = ""
    student_levels: Sequence[int] | None = None
    teacher_levels: Sequence[int] | None = None
    pairing: Literal["index", "size"] = "index"
    adapt: Literal["channels", "never"] = "channels"
    output: int | None = None
    schedule: Schedule = field(default_factory=constant)

    def __post_init__(self) -> None:
        if not isinstance(self.loss, FeatureLoss):
            raise ConfigError(f"loss must be a FeatureLoss; got {type(self.loss).__name__}")
        for key, allowed in (("pairing", ("index", "size")), ("adapt", ("channels", "never"))):
            if getattr(self, key) not in allowed:
                raise ConfigError(f"{key} must be one of {allowed}; got {getattr(self, key)!r}")
        if not self.teacher:
            object.__setattr__(self, "teacher", self.student)
        if not self.name:
            object.__setattr__(self, "name", f"{type(self.loss).__name__}({self.student})")


class Distiller(nn.Module):
    """Runs the teacher beside a student and gives the losses between their features.

    Args:
        student: The model being trained; not held as a submodule.
        teacher: The model to imitate; put into eval mode, its gradients switched off.
        matches: What to compare; each name once.
        seed: Of the adapters' initial weights; the global generator is not touched.
        student_call: How `fit_adapters` runs the student; called like the student if None.
        teacher_call: How the teacher is run, for example to skip its head; called like the teacher
            if None.

    Raises:
        ConfigError: If there is no match or a name is used twice.
        FeatureError: If a module name is unknown.
    """

    def __init__(
        self,
        student: nn.Module,
        teacher: nn.Module,
        matches: Sequence[FeatureMatch],
        *,
        seed: int = 0,
        student_call: Callable[..., Any] | None = None,
        teacher_call: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__()
        names = [match.name for match in matches]
        if not names or len(set(names)) < len(names):
            raise ConfigError(f"matches need at least one entry and distinct names; got {names}")
        self.seed = seed
        self.progress = 0.0  # share of the training that is done, for the schedules
        self.matches = tuple(matches)
        self.loss_modules = nn.ModuleList(match.loss for match in matches)
        self.adapters = nn.ModuleDict()
        self._models = (student, teacher.eval().requires_grad_(False))  # a tuple: not submodules
        self._calls = (student_call, teacher_call)
        self._student_tap = FeatureTap(student, {m.student for m in matches}, side="student")
        self._teacher_tap = FeatureTap(teacher, {m.teacher for m in matches}, side="teacher")

    @property
    def student(self) -> nn.Module:
        """The model being trained."""
        return self._models[0]

    @property
    def teacher(self) -> nn.Module:
        """The model to imitate."""
        return self._models[1]

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Listen to the student; run it, then call the distiller, inside this block."""
        with self._student_tap:
            yield

    @property
    def is_active(self) -> bool:
        """Whether any loss has a factor above 0 at the present progress."""
        return any(match.schedule(self.progress) > 0 for match in self.matches)

    def forward(self, *inputs: Any, **keywords: Any) -> dict[str, Tensor]:
        """Run the teacher on the student's inputs and compare; nothing if no loss is active.

        Args:
            *inputs: What the teacher is called with.
            **keywords: The same.

        Returns:
            Loss per match, float32 scalars.

        Raises:
            FeatureError: If the student has not run inside `watch()` or gives no gradient.
            ShapeError: If features do not fit together.
        """
        return self.compare(self.teach(*inputs, **keywords)) if self.is_active else {}

    @torch.no_grad()
    def teach(self, *inputs: Any, **keywords: Any) -> dict[str, Any]:
        """Run the teacher alone, in eval mode and without gradient.

        Returns:
            The output of each of its named modules.
        """
        self.teacher.eval()
        with self._teacher_tap:
            (self._calls[1] or self.teacher)(*inputs, **keywords)
            return {name: self._teacher_tap.take(name) for name in self._teacher_names()}

    def compare(
        self,
        teacher_features: Mapping[str, Any],
        *,
        boxes: Sequence[Tensor] | None = None,
        image_size: tuple[int, int] | None = None,
    ) -> dict[str, Tensor]:
        """Compare the student's latest features with given teacher features.

        Args:
            teacher_features: As from `teach`, or from a cache.
            boxes: Per image, corners [n, 4] in pixels; for losses that look at objects.
            image_size: Height and width of the network's input, in pixels; for the same losses.

        Returns:
            Loss per match whose factor is above 0.
        """
        taken = {name: self._student_tap.take(name) for name in {m.student for m in self.matches}}
        losses = {}
        for index, match in enumerate(self.matches):
            factor = match.schedule(self.progress)
            if factor == 0:
                continue
            ours, theirs = self._levels(
                match, taken[match.student], teacher_features[match.teacher]
            )
            if torch.is_grad_enabled() and not any(level.requires_grad for level in ours):
                raise FeatureError(
                    f"the student's module {match.student!r} gives features without gradient; is "
                    "it frozen, or inside a reentrant checkpoint (use use_reentrant=False)?"
                )
            extra = {"boxes": boxes, "image_size": image_size} if match.loss.needs_boxes else {}
            ours = self._adapted(index, match, ours, theirs)
            losses[match.name] = match.loss(ours, theirs, **extra) * factor
        return losses

    def levels(
        self, match: FeatureMatch, teacher_features: Mapping[str, Any]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The pairs of levels of one match from the student's latest pass, before any adapter.

        Args:
            match: One of `matches`.
            teacher_features: As from `teach`.

        Returns:
            Student levels and as many teacher levels.
        """
        taken = self._student_tap.take(match.student)
        return self._levels(match, taken, teacher_features[match.teacher])

    @torch.no_grad()
    def fit_adapters(self, *inputs: Any, **keywords: Any) -> list[nn.Parameter]:
        """Build the channel adapters that an example batch asks for.

        Call it before making the optimizer. Both models run once in eval mode.

        Returns:
            The new parameters.
        """
        was_training = [module for module in self.student.modules() if module.training]
        self.student.eval()
        try:
            with self._student_tap:
                (self._calls[0] or self.student)(*inputs, **keywords)
                names = {m.student for m in self.matches}
                ours = {name: self._student_tap.take(name) for name in names}
        finally:
            for module in was_training:
                module.training = True
        theirs = self.teach(*inputs, **keywords)
        made: list[nn.Parameter] = []
        for index, match in enumerate(self.matches):
            pairs = zip(
                *self._levels(match, ours[match.student], theirs[match.teacher]), strict=True
            )
            for level, (one, other) in enumerate(pairs):
                if one.shape[1] != other.shape[1] and match.adapt == "channels":
                    adapter = self._new_adapter(match, level, one.shape[1], other.shape[1])
                    self.adapters[f"{index}-{level}"] = adapter.to(one.device)
                    made += adapter.parameters()
        return made

    def _new_adapter(self, match: FeatureMatch, level: int, ours: int, theirs: int) -> nn.Conv2d:
        """A 1x1 convolution whose weights depend on nothing but the seed, the name and the level.

        So every process of a distributed run makes the same one.
        """
        key = f"pcc-distill/adapter/{match.name}/{level}/{self.seed}".encode()
        draws = torch.Generator().manual_seed(int.from_bytes(sha256(key).digest()[:7], "little"))
        adapter = nn.Conv2d(ours, theirs, 1, device="meta").to_empty(device="cpu")
        nn.init.kaiming_normal_(adapter.weight, nonlinearity="linear", generator=draws)
        nn.init.zeros_(adapter.bias)
        return adapter

    def _teacher_names(self) -> set[str]:
        return {match.teacher for match in self.matches}

    def _levels(
        self, match: FeatureMatch, student: Any, teacher: Any
    ) -> tuple[list[Tensor], list[Tensor]]:
        if match.output is not None:
            student, teacher = _item(student, match, "student"), _item(teacher, match, "teacher")
        ours = _chosen(as_levels(student, side="student"), match.student_levels, match, "student")
        theirs = _chosen(as_levels(teacher, side="teacher"), match.teacher_levels, match, "teacher")
        if match.pairing == "index":
            if len(ours) != len(theirs):
                raise ShapeError(
                    f"{match.name}: the student gives {len(ours)} levels and the teacher "
                    f"{len(theirs)}; choose with student_levels and teacher_levels, or pair levels "
                    "of equal size with pairing='size'"
                )
            return ours, theirs
        pairs = [(a, b) for a in ours for b in theirs if a.shape[2:] == b.shape[2:]]
        if not pairs:
            sizes = [[tuple(x.shape[2:]) for x in side] for side in (ours, theirs)]
            raise ShapeError(
                f"{match.name}: no student level {sizes[0]} has the size of a teacher level "
                f"{sizes[1]}; use pairing='index'"
            )
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    def _adapted(
        self, index: int, match: FeatureMatch, ours: list[Tensor], theirs: list[Tensor]
    ) -> list[Tensor]:
        levels = []
        for level, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            key = f"{index}-{level}"
            if key in self.adapters:
                one = self.adapters[key](one)
            if one.shape[1] != other.shape[1]:
                raise ShapeError(
                    f"{match.name}: level {level} has {one.shape[1]} student channels and "
                    f"{other.shape[1]} teacher channels; "
                    + (
                        "call fit_adapters with an example batch before making the optimizer"
                        if match.adapt == "channels"
                        else "allow a learned adapter with adapt='channels'"
                    )
                )
            levels.append(one)
        return levels

    def _apply(self, fn: Any, recurse: bool = True) -> "Distiller":
        """Move the teacher along with the distiller's own parameters."""
        self.teacher._apply(fn)
        return super()._apply(fn, recurse)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A copy that shares the teacher, and the student unless that is being copied too.

        So a moving average of a student that carries its distiller copies no teacher.
        """
        memo[id(self.teacher)] = self.teacher
        memo.setdefault(id(self.student), self.student)
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        for name, value in self.__dict__.items():
            made.__dict__[name] = copy.deepcopy(value, memo)
        return made


def _item(output: Any, match: FeatureMatch, side: str) -> Any:
    try:
        return output[match.output]
    except (TypeError, IndexError, KeyError):
        raise FeatureError(
            f"{match.name}: the {side}'s module gives {type(output).__name__} without an item "
            f"{match.output}; correct `output`"
        ) from None


def _chosen(
    levels: tuple[Tensor, ...], chosen: Sequence[int] | None, match: FeatureMatch, side: str
) -> list[Tensor]:
    if chosen is None:
        return list(levels)
    try:
        return [levels[index] for index in chosen]
    except IndexError:
        raise ShapeError(
            f"{match.name}: {side}_levels asks for {list(chosen)}, but {len(levels)} levels are "
            f"there (0 to {len(levels) - 1})"
        ) from None
