"""From what a neck returns to pairs of feature maps of equal size.

A neck gives one map, a sequence of maps or a dict of maps; a level is one map [N, C, H, W].
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor
from torch.nn import functional

from pcc_distill.errors import ShapeError

Resize = Literal["student", "teacher", "never"]


def as_levels(features: Any, *, side: str = "features") -> tuple[Tensor, ...]:
    """The levels of a neck's output.

    Args:
        features: A map [N, C, H, W], or a sequence or mapping of maps.
        side: Name for messages.

    Returns:
        The maps, in the order of the sequence or mapping.

    Raises:
        ShapeError: If there is no map or one is not a floating-point tensor of four dimensions.
    """
    if isinstance(features, Tensor):
        features = (features,)
    elif isinstance(features, Mapping):
        features = tuple(features.values())
    if not isinstance(features, Sequence) or not features:
        raise ShapeError(
            f"{side}: got {type(features).__name__} without feature maps, expected a tensor "
            "[N, C, H, W] or a sequence or dict of them; name another module"
        )
    for number, level in enumerate(features):
        if not isinstance(level, Tensor) or level.ndim != 4 or not level.is_floating_point():
            got = (
                f"{level.dtype} {list(level.shape)}"
                if isinstance(level, Tensor)
                else type(level).__name__
            )
            raise ShapeError(
                f"{side}: level {number} is {got}, expected a floating-point tensor [N, C, H, W]; "
                "name another module"
            )
        if level.numel() == 0:
            raise ShapeError(f"{side}: level {number} is empty, shape {list(level.shape)}")
    return tuple(features)


def paired_levels(
    student: Any, teacher: Any, *, resize: Resize = "student"
) -> list[tuple[Tensor, Tensor]]:
    """Pair the levels of student and teacher by index and bring each pair to one size.

    Args:
        student: What the student's neck returned.
        teacher: What the teacher's neck returned, as many levels.
        resize: Which side is resized (bilinear) where height or width differ; "never" refuses.

    Returns:
        Pairs of maps of equal shape, dtypes untouched.

    Raises:
        ShapeError: Different numbers of levels, batch sizes, channels, or sizes with "never".

    Source: the resizing of MMRazor's PKDLoss. Differs: it compares heights alone.
    """
    ours = as_levels(student, side="student")
    theirs = as_levels(teacher, side="teacher")
    if len(ours) != len(theirs):
        raise ShapeError(
            f"the student gives {len(ours)} levels and the teacher {len(theirs)}; choose levels "
            "with student_levels and teacher_levels, or pair them by size with pairing='size'"
        )
    return [
        _fit(number, one, other, resize)
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True))
    ]


def _fit(number: int, student: Tensor, teacher: Tensor, resize: Resize) -> tuple[Tensor, Tensor]:
    if student.shape[0] != teacher.shape[0]:
        raise ShapeError(
            f"level {number}: batch of {student.shape[0]} at the student and {teacher.shape[0]} at "
            "the teacher; feed both the same images"
        )
    if student.shape[1] != teacher.shape[1]:
        raise ShapeError(
            f"level {number}: {student.shape[1]} student channels and {teacher.shape[1]} teacher "
            "channels; let the distiller adapt them (adapt='channels' and fit_adapters)"
        )
    if student.shape[2:] == teacher.shape[2:]:
        return student, teacher
    if resize == "student":
        return resized(student, teacher), teacher
    if resize == "teacher":
        return student, resized(teacher, student)
    raise ShapeError(
        f"level {number}: student {list(student.shape[2:])} and teacher {list(teacher.shape[2:])} "
        "pixels with resize='never'; use resize='student' or 'teacher'"
    )


def resized(features: Tensor, like: Tensor) -> Tensor:
    """Bilinear resize of [N, C, h, w] to the height and width of `like` [N, C, H, W]."""
    return functional.interpolate(
        features, size=tuple(like.shape[2:]), mode="bilinear", align_corners=False
    )
