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

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

import torch
from torch import Tensor, nn

from pcc_distill.errors import ConfigError, FeatureError, ShapeError
from pcc_distill.features import FeatureTap
from pcc_distill.losses.base import FeatureLoss
from pcc_distill.losses.levels import as_levels


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
    """

    loss: FeatureLoss
    student: str
    teacher: str = ""
    name: str = ""
    student_levels: Sequence[int] | None = None
    teacher_levels: Sequence[int] | None = None
    pairing: Literal["index", "size"] = "index"
    adapt: Literal["channels", "never"] = "channels"

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
    ) -> None:
        super().__init__()
        names = [match.name for match in matches]
        if not names or len(set(names)) < len(names):
            raise ConfigError(f"matches need at least one entry and distinct names; got {names}")
        self.seed = seed
        self.matches = tuple(matches)
        self.loss_modules = nn.ModuleList(match.loss for match in matches)
        self.adapters = nn.ModuleDict()
        self._models = (student, teacher.eval().requires_grad_(False))  # a tuple: not submodules
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

    def forward(self, *inputs: Any, **keywords: Any) -> dict[str, Tensor]:
        """Run the teacher on the student's inputs and compare.

        Args:
            *inputs: What the teacher is called with.
            **keywords: The same.

        Returns:
            Loss per match, float32 scalars.

        Raises:
            FeatureError: If the student has not run inside `watch()` or gives no gradient.
            ShapeError: If features do not fit together.
        """
        return self.compare(self.teach(*inputs, **keywords))

    @torch.no_grad()
    def teach(self, *inputs: Any, **keywords: Any) -> dict[str, Any]:
        """Run the teacher alone, in eval mode and without gradient.

        Returns:
            The output of each of its named modules.
        """
        self.teacher.eval()
        with self._teacher_tap:
            self.teacher(*inputs, **keywords)
            return {name: self._teacher_tap.take(name) for name in self._teacher_names()}

    def compare(self, teacher_features: Mapping[str, Any]) -> dict[str, Tensor]:
        """Compare the student's latest features with given teacher features.

        Args:
            teacher_features: As from `teach`, or from a cache.

        Returns:
            Loss per match.
        """
        taken = {name: self._student_tap.take(name) for name in {m.student for m in self.matches}}
        losses = {}
        for index, match in enumerate(self.matches):
            ours, theirs = self._levels(
                match, taken[match.student], teacher_features[match.teacher]
            )
            if torch.is_grad_enabled() and not any(level.requires_grad for level in ours):
                raise FeatureError(
                    f"the student's module {match.student!r} gives features without gradient; is "
                    "it frozen, or inside a reentrant checkpoint (use use_reentrant=False)?"
                )
            losses[match.name] = match.loss(self._adapted(index, match, ours, theirs), theirs)
        return losses

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
                self.student(*inputs, **keywords)
                ours = {m.student: self._student_tap.take(m.student) for m in self.matches}
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
