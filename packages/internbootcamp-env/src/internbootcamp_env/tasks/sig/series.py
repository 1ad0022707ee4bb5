"""Short time series of integers.

Source: definitions only. Knob: the number of samples.
"""

import itertools

from internbootcamp_env.answers import Integer, Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _averagable(draws: Draws, level: int) -> dict:
    window = draws.between(2, 3 + level // 4)
    rest = draws.below(window)  # equal remainders make every window's sum divisible
    samples = [window * draws.below(4 + 2 * level) + rest for _ in range(window + level)]
    return {"samples": samples, "window": window}


def _moving_average(question: dict) -> list[int]:
    samples, window = question["samples"], question["window"]
    return [sum(samples[i : i + window]) // window for i in range(len(samples) - window + 1)]


def _sliding(question: dict) -> list[int]:
    samples, window = question["samples"], question["window"]
    total = sum(samples[:window])
    averages = [total // window]
    for enters, leaves in zip(samples[window:], samples, strict=False):
        total += enters - leaves
        averages.append(total // window)
    return averages


def _peaked(draws: Draws, level: int) -> dict | None:
    samples = draws.integers(7 + 3 * level, 0, 49 + 20 * level)
    return {"samples": samples} if samples.count(max(samples)) == 1 else None


def _signed(draws: Draws, level: int) -> dict:
    length = 8 + 2 * level
    changes = set(draws.sample(range(1, length), draws.between(0, 6 + level)))
    sign, samples = draws.pick((-1, 1)), []
    for place in range(length):
        sign = -sign if place in changes else sign
        samples.append(sign * draws.between(1, 9))
    return {"samples": samples}


def _sign_changes(question: dict) -> int:
    samples = question["samples"]
    return sum(a * b < 0 for a, b in itertools.pairwise(samples))


def _runs_of_sign(question: dict) -> int:
    signs = "".join("+" if sample > 0 else "-" for sample in question["samples"])
    return signs.count("+-") + signs.count("-+")


def _hilly(draws: Draws, level: int) -> dict:
    """A series without equal neighbours, with a number of local maxima drawn flat."""
    peaks = draws.between(0, 4 + level // 2)
    runs = [1, -1] * peaks
    if draws.chance(1, 2) or not peaks:
        runs.insert(0, -1)
    if draws.chance(1, 2):
        runs.append(1)
    samples = [draws.between(0, 99)]
    for direction, steps in zip(runs, draws.parts(10 + 2 * level, len(runs)), strict=True):
        for _ in range(steps):
            samples.append(samples[-1] + direction * draws.between(1, 9))
    return {"samples": samples}


def _peaks(question: dict) -> int:
    s = question["samples"]
    return sum(s[i - 1] < s[i] > s[i + 1] for i in range(1, len(s) - 1))


TASKS = (
    Task(
        id="sig.moving_average",
        title="Moving average of a series",
        knob="samples",
        draw=_averagable,
        solve=_moving_average,
        second=_sliding,
        answer=Integers(),
        en=(
            "Average every {window} consecutive samples of {samples}, window by window.",
            "Give the moving average of {samples} with a window of {window} (whole windows only).",
            "Moving average {window}: {samples}",
        ),
        zh=(
            "对 {samples} 每 {window} 个连续样本依次求平均。",
            "求 {samples} 窗口为 {window} 的移动平均（只取完整窗口）。",
            "移动平均 {window}：{samples}",
        ),
    ),
    Task(
        id="sig.argmax",
        title="Position of the largest sample",
        knob="samples",
        draw=_peaked,
        solve=lambda q: q["samples"].index(max(q["samples"])) + 1,
        second=lambda q: max(zip(q["samples"], range(1, 999), strict=False))[1],
        answer=Integer(),
        ways=lambda level: 7 + 3 * level,
        en=(
            "At which position, counting from 1, is the largest sample of {samples}?",
            "Find the index (first is 1) of the maximum of the series {samples}.",
            "Argmax: {samples}",
        ),
        zh=(
            "从 1 数起，{samples} 的最大样本在第几个位置？",
            "求序列 {samples} 最大值的下标（首个为 1）。",
            "最大值位置：{samples}",
        ),
    ),
    Task(
        id="sig.sign_changes",
        title="Number of sign changes",
        knob="samples",
        draw=_signed,
        solve=_sign_changes,
        second=_runs_of_sign,
        answer=Integer(),
        ways=lambda level: 7 + level,
        en=(
            "How often does the sign change from one sample to the next in {samples}?",
            "Count the sign changes in the series {samples}.",
            "Sign changes: {samples}",
        ),
        zh=(
            "{samples} 中相邻样本的符号改变了几次？",
            "数一数序列 {samples} 的变号次数。",
            "变号次数：{samples}",
        ),
    ),
    Task(
        id="sig.local_maxima",
        title="Number of strict local maxima",
        knob="samples",
        draw=_hilly,
        solve=_peaks,
        answer=Integer(),
        ways=lambda level: 5 + level // 2,
        en=(
            "How many samples of {samples}, the ends left out, are greater than both neighbours?",
            "Count the strict local maxima inside the series {samples}.",
            "Local maxima: {samples}",
        ),
        zh=(
            "{samples} 中（不含两端）有多少个样本大于左右两个邻居？",
            "数一数序列 {samples} 内部的严格局部极大值。",
            "局部极大值个数：{samples}",
        ),
    ),
)
