"""Looking at features: where student and teacher agree, and at what magnitudes they work.

Per level four pictures: the mean magnitude over channels of the student and of the teacher, each
scaled to its own maximum; the correlation of the two channel vectors at every position after the
normalisation of the loss; and a histogram of the standard deviations of channels on both sides,
which shows why a loss that compares magnitudes goes wrong.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from pcc_distill.errors import DistillError, FeatureError
from pcc_distill.losses.levels import paired_levels
from pcc_distill.losses.pcc import normalize_channels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_FILE_BYTES = 4_000_000_000


def position_correlation(student: Tensor, teacher: Tensor) -> Tensor:
    """Cosine of the two normalised channel vectors at each position.

    Args:
        student: [N, C, H, W].
        teacher: The same shape.

    Returns:
        [N, H, W], in [-1, 1]; 0 where a vector is zero.
    """
    ours, theirs = normalize_channels(student), normalize_channels(teacher)
    norms = ours.norm(dim=1) * theirs.norm(dim=1)
    return torch.where(norms > 0, (ours * theirs).sum(1) / norms.clamp(min=1e-12), 0.0)


def channel_magnitudes(features: Tensor) -> Tensor:
    """Standard deviation of each channel over N, H, W; [C]."""
    return features.float().transpose(0, 1).flatten(1).std(1, correction=0)


def feature_figure(
    student: Sequence[Tensor], teacher: Sequence[Tensor], image: Tensor | None = None
) -> "Figure":
    """Draw one image's features.

    Args:
        student: Levels [N, C, H, W]; the first image is drawn, statistics use all.
        teacher: As many levels.
        image: [3, H, W], any range; drawn beside the first level.

    Returns:
        A matplotlib figure, made without pyplot.
    """
    from matplotlib.figure import Figure

    pairs = [(s.detach().cpu(), t.detach().cpu()) for s, t in paired_levels(student, teacher)]
    columns = 4 + (image is not None)
    figure = Figure(figsize=(2.6 * columns, 2.4 * len(pairs)), layout="constrained")
    axes = figure.subplots(len(pairs), columns, squeeze=False)
    for level, (ours, theirs) in enumerate(pairs):
        row = list(axes[level])
        if image is not None:
            _picture(row.pop(0), image if level == 0 else None)
        r = position_correlation(ours, theirs)[0]
        maps: list[tuple[str, Tensor, dict[str, Any]]] = [
            ("student", ours[0].abs().mean(0), {"cmap": "viridis"}),
            ("teacher", theirs[0].abs().mean(0), {"cmap": "viridis"}),
            ("correlation", r, {"cmap": "RdBu", "vmin": -1, "vmax": 1}),
        ]
        for axis, (name, values, options) in zip(row, maps, strict=False):
            axis.imshow(values.numpy(), **options)
            axis.set(xticks=[], yticks=[], title=f"level {level}: {name}")
        row[2].set_title(f"level {level}: correlation, mean {r.mean():.2f}")
        _histogram(row[3], channel_magnitudes(ours), channel_magnitudes(theirs))
    return figure


def read_features(path: str | Path) -> tuple[list[Tensor], list[Tensor], Tensor | None]:
    """Read a file with `student.0`, `student.1`, …, `teacher.0`, … and perhaps `image`.

    Returns:
        Student levels, teacher levels, image.

    Raises:
        FeatureError: If the file is missing, damaged or lacks levels.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = Path(path)
    if not path.is_file():
        raise FeatureError(f"{path}: no such feature file; write one with write_features")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise FeatureError(f"{path}: larger than {MAX_FILE_BYTES:,} bytes")
    try:
        found = load_file(path)
    except (SafetensorError, OSError) as error:
        raise FeatureError(f"{path}: cannot be read: {error}") from None
    sides = []
    for side in ("student", "teacher"):
        levels = []
        while f"{side}.{len(levels)}" in found:
            levels.append(found[f"{side}.{len(levels)}"])
        if not levels:
            raise FeatureError(f"{path}: lacks {side}.0; it has {', '.join(found) or 'nothing'}")
        sides.append(levels)
    return sides[0], sides[1], found.get("image")


def write_features(
    path: str | Path,
    student: Sequence[Tensor],
    teacher: Sequence[Tensor],
    image: Tensor | None = None,
) -> None:
    """Write the features of a batch for `read_features`."""
    from safetensors.torch import save_file

    named = {f"student.{i}": x for i, x in enumerate(student)}
    named |= {f"teacher.{i}": x for i, x in enumerate(teacher)}
    if image is not None:
        named["image"] = image
    save_file({k: v.detach().cpu().clone().contiguous() for k, v in named.items()}, path)


def draw(
    features: tuple[Sequence[Tensor], Sequence[Tensor], Tensor | None], output: str | Path
) -> None:
    """Draw features as a PNG, or whatever the output's name asks matplotlib for.

    Args:
        features: Student levels, teacher levels and image, as from `read_features`.
        output: File to write.

    Raises:
        DistillError: If the features do not fit together or the picture cannot be written.
    """
    figure = feature_figure(*features)
    try:
        figure.savefig(output, dpi=120)
    except (OSError, ValueError) as error:
        raise DistillError(f"{output}: cannot be written: {error}") from None


def _picture(axis: Any, image: Tensor | None) -> None:
    axis.set(xticks=[], yticks=[])
    if image is None:
        axis.axis("off")
        return
    pixels = image.detach().cpu().float()
    low, high = pixels.min(), pixels.max()
    axis.imshow(((pixels - low) / (high - low).clamp(min=1e-6)).permute(1, 2, 0).numpy())
    axis.set_title("image")


def _histogram(axis: Any, ours: Tensor, theirs: Tensor) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    low = float(torch.cat([ours, theirs]).clamp(min=1e-6).min().log10()) - 0.05
    high = float(torch.cat([ours, theirs]).clamp(min=1e-6).max().log10()) + 0.05
    bins = torch.logspace(low, high, 25).tolist()
    for name, values, colour in (("student", ours, "#0072b2"), ("teacher", theirs, "#d55e00")):
        axis.hist(values.clamp(min=1e-6).numpy(), bins=bins, alpha=0.6, label=name, color=colour)
    axis.set_xscale("log")
    # As many ticks as there is room for: the narrower the range, the more per decade.
    decades = high - low
    steps = (1, 1.5, 2, 3, 5, 7) if decades < 0.6 else (1, 2, 5) if decades < 2 else (1,)
    axis.xaxis.set_major_locator(LogLocator(subs=steps))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set(title="deviation per channel", ylabel="channels")
    axis.legend(frameon=False, fontsize=7)
