"""Signals processed step by step: transforms, filters, codes, forecasts, controllers, images.

Source: definitions as stated in the prompts; Haar 1910; Holt 1957; Floyd and Steinberg 1976;
Page's cumulative sum (1954); Sakoe and Chiba 1978 for time warping. Answers are exact. Knob: the
number of samples.
"""

from fractions import Fraction

from internbootcamp_env.answers import Integer, Integers, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.grids import CharGrid, NumberGrid, show_numbers
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.task import Task


def _pair(draws: Draws, level: int) -> dict:
    top = 5 + level
    return {
        "x": draws.integers(3 + level, -top, top),
        "h": draws.integers(2 + level // 3, -4, 4),
    }


def _convolved(q: dict) -> list[int]:
    result = [0] * (len(q["x"]) + len(q["h"]) - 1)
    for i, a in enumerate(q["x"]):
        for j, b in enumerate(q["h"]):
            result[i + j] += a * b
    return result


def _convolved_by_evaluation(q: dict) -> list[int]:
    """Multiply two big numbers whose base-B digits are the samples (Kronecker substitution)."""
    base = 1 << 40
    product = sum(a * base**k for k, a in enumerate(q["x"]))
    product *= sum(b * base**k for k, b in enumerate(q["h"]))
    digits = []
    for _ in range(len(q["x"]) + len(q["h"]) - 1):
        digit = (product + base // 2) % base - base // 2
        digits.append(digit)
        product = (product - digit) // base
    return digits


def _four(draws: Draws, level: int) -> dict:
    return {"x": draws.integers(4 if level < 6 else 8, -4 - 3 * level, 4 + 3 * level)}


def _gaussian_dft(q: dict) -> list[int]:
    """Real and imaginary parts of X[k] at the multiples k of N/4: powers of -i only."""
    facts = []
    for quarter in range(4):
        real = imaginary = 0
        for n, value in enumerate(q["x"]):
            turn = quarter * n % 4
            real += value * (1, 0, -1, 0)[turn]
            imaginary += value * (0, -1, 0, 1)[turn]
        facts += [real, imaginary]
    return facts


def _gaussian_dft_by_folding(q: dict) -> list[int]:
    """Fold to four samples, then two butterflies."""
    a, b, c, d = (sum(q["x"][k::4]) for k in range(4))
    return [a + b + c + d, 0, a - c, d - b, a - b + c - d, 0, a - c, b - d]


def _recursive(draws: Draws, level: int) -> dict | None:
    bottom = draws.pick((2, 3, 4, 5))
    question = {
        "x": draws.integers(3 + level // 2, -9, 9),
        "b": draws.integers(1 + level // 4, -3, 3),
        "a": [f"{draws.between(1, bottom - 1) * draws.pick((1, -1))}/{bottom}"
              for _ in range(1 + level // 5)],
    }  # fmt: skip
    return question if any(question["b"]) and any(question["x"]) else None


def _filtered(q: dict) -> list[str]:
    out: list[Fraction] = []
    for n in range(len(q["x"])):
        value = sum(
            (Fraction(b * q["x"][n - k]) for k, b in enumerate(q["b"]) if n >= k), Fraction(0)
        )
        value += sum(Fraction(a) * out[n - k] for k, a in enumerate(q["a"], start=1) if n >= k)
        out.append(value)
    return [str(value) for value in out]


def _filtered_by_response(q: dict) -> list[str]:
    """Convolve the input with the impulse response."""
    size = len(q["x"])
    response = [Fraction(x) for x in _filtered({**q, "x": [1, *([0] * (size - 1))]})]
    return [str(sum(q["x"][k] * response[n - k] for k in range(n + 1))) for n in range(size)]


def _show_filter(q: dict) -> dict:
    terms = [f"{b:+d} x[n-{k}]" for k, b in enumerate(q["b"])]
    terms += [f"+ ({a}) y[n-{k}]" for k, a in enumerate(q["a"], start=1)]
    law = " ".join(terms).replace("[n-0]", "[n]").removeprefix("+")
    return {"x": " ".join(map(str, q["x"])), "law": law}


def _aliases(draws: Draws, level: int) -> dict:
    rate = draws.between(20, 900)
    return {"rate": rate, "tones": draws.integers(1 + level, rate // 2, rate * (3 + level))}


def _aliased(q: dict) -> list[int]:
    rate = q["rate"]
    return [min(f % rate, rate - f % rate) for f in q["tones"]]


def _aliased_by_folding(q: dict) -> list[int]:
    found = []
    for tone in q["tones"]:
        while 2 * tone > q["rate"]:
            tone = abs(tone - q["rate"])
        found.append(tone)
    return found


def _haar_input(draws: Draws, level: int) -> dict:
    size = 4 if level < 3 else 8 if level < 8 else 16
    return {"x": draws.integers(size, -3 - 3 * level, 3 + 3 * level)}


def _haar(q: dict) -> list[str]:
    """Averages and half differences, level after level; coarsest first."""
    values = [Fraction(v) for v in q["x"]]
    details: list[Fraction] = []
    while len(values) > 1:
        pairs = list(zip(values[::2], values[1::2], strict=True))
        details = [(a - b) / 2 for a, b in pairs] + details
        values = [(a + b) / 2 for a, b in pairs]
    return [str(v) for v in values + details]


def _haar_by_sums(q: dict) -> list[str]:
    x, size = q["x"], len(q["x"])
    found, block = [Fraction(sum(x), size)], size
    while block > 1:
        for start in range(0, size, block):
            left = sum(x[start : start + block // 2])
            right = sum(x[start + block // 2 : start + block])
            found.append(Fraction(left - right, block))
        block //= 2
    return [str(value) for value in found]


def _two_series(draws: Draws, level: int) -> dict:
    top = 9 + level
    return {
        "x": draws.integers(3 + level // 2, 0, top),
        "y": draws.integers(4 + level // 2, 0, top),
    }


def _warped(q: dict) -> int:
    row = [0] + [10**9] * len(q["y"])
    for a in q["x"]:
        fresh = [10**9]
        for j, b in enumerate(q["y"], start=1):
            fresh.append(abs(a - b) + min(row[j], row[j - 1], fresh[-1]))
        row = fresh
    return row[-1]


def _warped_by_search(q: dict) -> int:
    """Shortest path on the lattice of index pairs (label correcting)."""
    x, y = q["x"], q["y"]
    best = {(0, 0): abs(x[0] - y[0])}
    queue = [(0, 0)]
    for i, j in queue:
        for step in ((i + 1, j), (i, j + 1), (i + 1, j + 1)):
            if step[0] < len(x) and step[1] < len(y):
                cost = best[i, j] + abs(x[step[0]] - y[step[1]])
                if cost < best.get(step, 10**9):
                    best[step] = cost
                    queue.append(step)
    return best[len(x) - 1, len(y) - 1]


def _drifting(draws: Draws, level: int) -> dict:
    size = 14 + 2 * level
    change = draws.between(1, size // 2)
    rise = draws.between(2, 5)
    samples = [50 + draws.between(-4, 4) + (rise if k >= change else 0) for k in range(size)]
    return {"x": samples, "target": 50, "slack": 1, "limit": draws.between(4, 8)}


def _alarm(q: dict) -> list[int]:
    """Alarm times of the upper cumulative sum, which restarts after every alarm."""
    total, alarms = 0, []
    for step, value in enumerate(q["x"], start=1):
        total = max(0, total + value - q["target"] - q["slack"])
        if total > q["limit"]:
            alarms.append(step)
            total = 0
    return alarms


def _alarm_by_runs(q: dict) -> list[int]:
    """An alarm is where some run since the last alarm sums above the limit."""
    steps, start = [], 0
    excess = [value - q["target"] - q["slack"] for value in q["x"]]
    for end in range(1, len(excess) + 1):
        if any(sum(excess[begin:end]) > q["limit"] for begin in range(start, end)):
            steps.append(end)
            start = end
    return steps


def _some_alarm(draws: Draws, level: int) -> dict | None:
    q = _drifting(draws, level)
    return q if _alarm(q) else None


def _trend(draws: Draws, level: int) -> dict:
    start = draws.between(10, 40)
    slope = draws.between(-3, 5)
    series = [start + slope * k + draws.between(-5, 5) for k in range(2 + (level + 1) // 2)]
    return {
        "x": series,
        "alpha": f"{draws.between(1, 4)}/5",
        "beta": f"{draws.between(1, 3)}/4",
        "ahead": draws.between(1, 5),
    }


def _forecast(q: dict) -> list[str]:
    """Holt's linear smoothing: level, trend and the forecast."""
    alpha, beta = Fraction(q["alpha"]), Fraction(q["beta"])
    here, trend = Fraction(q["x"][0]), Fraction(q["x"][1] - q["x"][0])
    for value in q["x"][1:]:
        before = here
        here = alpha * value + (1 - alpha) * (here + trend)
        trend = beta * (here - before) + (1 - beta) * trend
    return [str(here), str(trend), str(here + q["ahead"] * trend)]


def _forecast_by_errors(q: dict) -> list[str]:
    """The error-correction form of the same recursion."""
    alpha, beta = Fraction(q["alpha"]), Fraction(q["beta"])
    here, trend = Fraction(q["x"][0]), Fraction(q["x"][1] - q["x"][0])
    for value in q["x"][1:]:
        error = value - here - trend
        here, trend = here + trend + alpha * error, trend + alpha * beta * error
    return [str(here), str(trend), str(here + q["ahead"] * trend)]


def _readings(draws: Draws, level: int) -> dict:
    return {
        "mean": draws.between(0, 20),
        "variance": draws.between(1, 12),
        "drift": draws.between(1, 6),
        "noise": draws.between(1, 9),
        "readings": draws.integers(1 + (level + 1) // 3, 0, 30),
    }


def _tracked(q: dict) -> list[str]:
    """Mean and variance of a scalar Kalman filter after the last reading."""
    mean, variance = Fraction(q["mean"]), Fraction(q["variance"])
    for reading in q["readings"]:
        variance += q["drift"]
        gain = variance / (variance + q["noise"])
        mean += gain * (reading - mean)
        variance *= 1 - gain
    return [str(mean), str(variance)]


def _tracked_by_precision(q: dict) -> list[str]:
    mean, precision = Fraction(q["mean"]), Fraction(1, q["variance"])
    for reading in q["readings"]:
        prior = 1 / (1 / precision + q["drift"])
        weight = Fraction(1, q["noise"])
        mean = (prior * mean + weight * reading) / (prior + weight)
        precision = prior + weight
    return [str(mean), str(1 / precision)]


def _plant(draws: Draws, level: int) -> dict:
    return {
        "target": draws.between(5, 30),
        "start": draws.between(-5, 5),
        "p": draws.between(1, 3),
        "i": draws.between(0, 3),
        "d": draws.between(0, 3),
        "limit": draws.between(8, 40),
        "steps": 2 + level,
    }


def _control(q: dict) -> list[str]:
    """Outputs u of a PID controller in halves of its gains, on a plant y <- y + u / 4."""
    y, total, before, outputs = Fraction(q["start"]), Fraction(0), None, []
    for _ in range(q["steps"]):
        error = q["target"] - y
        slope = error - before if before is not None else Fraction(0)
        raw = (q["p"] * error + q["i"] * (total + error) + q["d"] * slope) / 2
        u = max(-q["limit"], min(q["limit"], raw))
        if u == raw:  # the integral only grows while the output is not cut off
            total += error
        outputs.append(str(Fraction(u)))
        y, before = y + Fraction(u) / 4, error
    return outputs


def _control_in_quarters(q: dict) -> list[str]:
    """The same with whole numbers on ever finer scales."""
    scale, y, total, before, outputs = 1, q["start"], 0, None, []
    for _ in range(q["steps"]):
        error = q["target"] * scale - y
        slope = 0 if before is None else error - before
        twice = q["p"] * error + q["i"] * (total + error) + q["d"] * slope
        bound = 2 * q["limit"] * scale
        cut = min(max(twice, -bound), bound)
        total += error * (cut == twice)
        outputs.append(str(Fraction(cut, 2 * scale)))
        y, total, before, scale = 8 * y + cut, 8 * total, 8 * error, 8 * scale
    return outputs


def _picture(draws: Draws, level: int) -> dict:
    side = 3 + (level + 2) // 3
    return {
        "image": [draws.integers(side, 0, 9) for _ in range(side)],
        "kernel": [draws.integers(3, -2, 2) for _ in range(3)],
    }


def _kernel_sum(q: dict) -> list[list[int]]:
    """Cross-correlation with zero padding."""
    image, kernel = q["image"], q["kernel"]
    rows, columns = len(image), len(image[0])
    return [
        [
            sum(
                kernel[a + 1][b + 1] * image[r + a][c + b]
                for a in (-1, 0, 1)
                for b in (-1, 0, 1)
                if 0 <= r + a < rows and 0 <= c + b < columns
            )
            for c in range(columns)
        ]
        for r in range(rows)
    ]


def _kernel_by_scatter(q: dict) -> list[list[int]]:
    """Let every pixel add to the pixels that look at it."""
    image, kernel = q["image"], q["kernel"]
    padded = [[0] * (len(image[0]) + 2) for _ in range(len(image) + 2)]
    for r, row in enumerate(image):
        for c, value in enumerate(row):
            for a in range(3):
                for b in range(3):
                    padded[r + 2 - a][c + 2 - b] += kernel[a][b] * value
    return [row[1:-1] for row in padded[1:-1]]


def _show_picture(q: dict) -> dict:
    return {name: show_numbers(value) for name, value in q.items()}


def _greys(draws: Draws, level: int) -> dict:
    side = 3 + level // 2
    return {
        "grey": [[16 * draws.between(0, 15) for _ in range(side)] for _ in range(3 + level // 3)]
    }


_SPREAD = ((0, 1, 7), (1, -1, 3), (1, 0, 5), (1, 1, 1))


def _dithered(q: dict) -> list[str]:
    """Floyd-Steinberg with exact fractions: 240 is white, the threshold 120."""
    rows = [[Fraction(v) for v in row] for row in q["grey"]]
    marks = []
    for r, row in enumerate(rows):
        line = ""
        for c, value in enumerate(row):
            white = value >= 120
            line += "1" if white else "0"
            error = value - (240 if white else 0)
            for down, across, share in _SPREAD:
                if r + down < len(rows) and 0 <= c + across < len(row):
                    rows[r + down][c + across] += error * share / 16
        marks.append(line)
    return marks


def _dithered_by_pulling(q: dict) -> list[str]:
    """Each pixel collects the errors of the pixels before it."""
    errors: dict[tuple[int, int], Fraction] = {}
    lines = []
    for r, row in enumerate(q["grey"]):
        bits = []
        for c, grey in enumerate(row):
            value = Fraction(grey) + sum(
                errors.get((r - down, c - across), Fraction(0)) * Fraction(share, 16)
                for down, across, share in _SPREAD
            )
            bits.append(int(value >= 120))
            errors[r, c] = value - 240 * bits[-1]
        lines.append("".join(map(str, bits)))
    return lines


def _register(draws: Draws, level: int) -> dict:
    size = 8 + level // 2
    taps = sorted({size, *draws.sample(range(1, size), 1 + draws.below(2))})
    state = draws.text("01", size)
    return {"state": state, "taps": taps, "count": 8 + 2 * level} if "1" in state else {}


def _shifted_out(q: dict) -> str:
    """Fibonacci register: the last bit leaves, the sum of the taps enters at the front."""
    bits, out = [int(mark) for mark in q["state"]], ""
    for _ in range(q["count"]):
        out += str(bits[-1])
        bits = [sum(bits[t - 1] for t in q["taps"]) % 2, *bits[:-1]]
    return out


def _shifted_by_recurrence(q: dict) -> str:
    """The output obeys s[n] = sum of s[n - size + size - t] over the taps."""
    size = len(q["state"])
    stream = [int(mark) for mark in q["state"][::-1]]
    while len(stream) < q["count"]:
        n = len(stream)
        stream.append(sum(stream[n - t] for t in q["taps"]) % 2)
    return "".join(map(str, stream[: q["count"]])) if size else ""


def _live_register(draws: Draws, level: int) -> dict | None:
    return _register(draws, level) or None


TASKS = (
    Task(
        id="sig.convolution",
        title="Linear convolution of two sequences",
        knob="samples",
        draw=_pair,
        solve=_convolved,
        second=_convolved_by_evaluation,
        answer=Integers(),
        en=(
            "Convolve x = {x} with h = {h} (full linear convolution).",
            "Give every sample of the linear convolution of the sequences {x} and {h}.",
            "({x}) conv ({h}) =",
        ),
        zh=(
            "求 x = {x} 与 h = {h} 的线性卷积（完整长度）。",
            "写出序列 {x} 和 {h} 线性卷积的所有样本。",
            "({x}) 卷积 ({h})：",
        ),
    ),
    Task(
        id="sig.quarter_spectrum",
        title="Fourier coefficients at multiples of a quarter of the sampling rate",
        knob="size of the samples",
        draw=_four,
        solve=_gaussian_dft,
        second=_gaussian_dft_by_folding,
        answer=Integers(),
        size=lambda q: sum(map(abs, q["x"])),
        en=(
            "For the samples x[0], x[1], ... = {x} of length N compute X[k] = sum x[n] exp(-2 pi "
            "i k n / N) at k = 0, N/4, N/2, 3N/4. Write real and imaginary part of each, eight "
            "integers.",
            "Take the DFT of {x} at the frequencies 0, 1/4, 1/2 and 3/4 of the sampling rate; list "
            "Re and Im in turn.",
            "DFT of {x} at 0, N/4, N/2, 3N/4 (Re Im each):",
        ),
        zh=(
            "对长度为 N 的样本 x[0], x[1], ... = {x}，求 k = 0、N/4、N/2、3N/4 处的 X[k] = Σ x[n] "
            "exp(-2 pi i k n / N)，依次写实部和虚部，共八个整数。",
            "求 {x} 的 DFT 在采样率的 0、1/4、1/2、3/4 处的值，依次写 Re 和 Im。",
            "{x} 在 0、N/4、N/2、3N/4 处的 DFT（各写 Re Im）：",
        ),
    ),
    Task(
        id="sig.recursive_filter",
        version=2,
        title="Output of a recursive filter",
        knob="samples and order",
        draw=_recursive,
        solve=_filtered,
        second=_filtered_by_response,
        answer=Rationals(),
        show=_show_filter,
        en=(
            "The filter y[n] = {law} starts at rest. The input is {x}. Give the output samples, "
            "exactly.",
            "Run y[n] = {law} (zero before n = 0) on x = {x} and list y.",
            "y[n] = {law}, x = {x}; y =",
        ),
        zh=(
            "滤波器 y[n] = {law}，初始静止，输入为 {x}。写出各输出样本（精确值）。",
            "对 x = {x} 运行 y[n] = {law}（n < 0 时为零），列出 y。",
            "y[n] = {law}，x = {x}；y：",
        ),
    ),
    Task(
        id="sig.aliases",
        title="Apparent frequencies of undersampled tones",
        knob="tones",
        draw=_aliases,
        solve=_aliased,
        second=_aliased_by_folding,
        answer=Integers(),
        en=(
            "Tones of {tones} Hz are sampled at {rate} Hz. At which frequencies (0 to half the "
            "rate, in Hz) do they appear, in order?",
            "Fold each of the frequencies {tones} Hz into the band from 0 to {rate}/2 Hz.",
            "Aliases of {tones} at {rate} Hz:",
        ),
        zh=(
            "以 {rate} Hz 对 {tones} Hz 的单音采样，它们依次表现为什么频率（0 到采样率一半，Hz）？",
            "把频率 {tones} Hz 逐个折叠到 0 至 {rate}/2 Hz 的频带。",
            "{rate} Hz 采样时 {tones} 的混叠频率：",
        ),
    ),
    Task(
        id="sig.haar_transform",
        title="Haar wavelet transform",
        knob="samples",
        draw=_haar_input,
        solve=_haar,
        second=_haar_by_sums,
        answer=Rationals(),
        en=(
            "Transform {x} by the unnormalised Haar wavelet: pairs become (a+b)/2 and (a-b)/2, the "
            "averages are transformed again. Write the overall average, then the details from the "
            "coarsest to the finest level.",
            "Give the full Haar decomposition (averages and half differences) of {x}: mean first, "
            "then detail coefficients, coarse to fine, left to right.",
            "Haar of {x}:",
        ),
        zh=(
            "对 {x} 做未归一化 Haar 变换：每对变为 (a+b)/2 与 (a-b)/2，均值继续变换。"
            "先写总均值，再由粗到细写细节系数。",
            "写出 {x} 的完整 Haar 分解（均值与半差）：先均值，再从粗到细、从左到右的细节。",
            "{x} 的 Haar 变换：",
        ),
    ),
    Task(
        id="sig.time_warping",
        title="Dynamic time warping distance",
        knob="samples",
        draw=_two_series,
        solve=_warped,
        second=_warped_by_search,
        answer=Integer(),
        en=(
            "What is the dynamic time warping distance of {x} and {y}: the least sum of |x_i - "
            "y_j| over paths from both starts to both ends that advance one or both indices by "
            "one?",
            "Compute DTW (absolute differences, steps (1,0), (0,1), (1,1)) between {x} and {y}.",
            "DTW: {x} | {y}",
        ),
        zh=(
            "{x} 与 {y} 的动态时间规整距离是多少（路径从两者起点到终点，每步一个或两个下标加一，"
            "|x_i - y_j| 之和最小）？",
            "求 {x} 与 {y} 的 DTW（绝对差，步 (1,0)、(0,1)、(1,1)）。",
            "DTW：{x} | {y}",
        ),
    ),
    Task(
        id="sig.cumulative_alarm",
        title="Alarms of a cumulative sum chart",
        knob="samples",
        draw=_some_alarm,
        solve=_alarm,
        second=_alarm_by_runs,
        answer=Integers(),
        en=(
            "Let S start at 0 and become max(0, S + x - {target} - {slack}) with each sample x of "
            "{x}. Whenever S exceeds {limit} there is an alarm and S is set to 0. At which samples "
            "(from 1) are the alarms?",
            "Run an upper CUSUM (target {target}, slack {slack}, limit {limit}, reset after an "
            "alarm) over {x}; list the alarm positions counted from 1.",
            "CUSUM {target}/{slack}/{limit} on {x}:",
        ),
        zh=(
            "S 从 0 开始，对 {x} 的每个样本 x 变为 max(0, S + x - {target} - {slack})；S 超过 "
            "{limit} "
            "时报警并归 0。在第几个样本（从 1 起）报警？",
            "对 {x} 运行上侧 CUSUM（目标 {target}，松弛 {slack}，限值 {limit}，报警后归零），"
            "列出报警位置（从 1 起）。",
            "CUSUM {target}/{slack}/{limit}，{x}：",
        ),
    ),
    Task(
        id="sig.holt_forecast",
        title="Forecast by Holt's linear smoothing",
        knob="samples",
        draw=_trend,
        solve=_forecast,
        second=_forecast_by_errors,
        answer=Rationals(),
        en=(
            "Smooth {x} with Holt's method: level starts at the first value, trend at the second "
            "minus the first; then for every value from the second on, level = {alpha} x + (1 - "
            "{alpha})(level + trend), trend = {beta} (new level - old level) + (1 - {beta}) trend. "
            "Give the last level, the last trend and the forecast {ahead} steps ahead.",
            "Holt smoothing of {x}, alpha {alpha}, beta {beta}, initial level x1, initial trend x2 "
            "- x1, updates from x2 on: write level, trend, and level + {ahead} trend, exactly.",
            "Holt {alpha}, {beta}, {ahead} ahead: {x}",
        ),
        zh=(
            "用 Holt 法平滑 {x}：水平初值为首个值，趋势初值为第二值减首值；从第二个值起，"
            "水平 = {alpha} x + (1 - {alpha})(水平 + 趋势)，趋势 = {beta}(新水平 - 旧水平) + "
            "(1 - {beta}) 趋势。写出最后的水平、趋势和向前 {ahead} 步的预测。",
            "Holt 平滑 {x}，alpha {alpha}，beta {beta}，初始水平 x1，初始趋势 x2 - x1，从 x2 "
            "起更新："
            "写出水平、趋势、水平 + {ahead} 倍趋势（精确）。",
            "Holt {alpha}，{beta}，向前 {ahead}：{x}",
        ),
    ),
    Task(
        id="sig.kalman_filter",
        title="Scalar Kalman filter after some readings",
        knob="readings",
        draw=_readings,
        solve=_tracked,
        second=_tracked_by_precision,
        answer=Rationals(),
        en=(
            "A random walk has the prior mean {mean} and variance {variance}. Before each reading "
            "its variance grows by {drift}; readings have the variance {noise}. After the "
            "readings {readings}, what are the posterior mean and variance, exactly?",
            "Run a one-dimensional Kalman filter: mean {mean}, variance {variance}, process noise "
            "{drift} per step, measurement noise {noise}, measurements {readings}. Give final mean "
            "and variance.",
            "Kalman m={mean} P={variance} Q={drift} R={noise}, z={readings}: m P",
        ),
        zh=(
            "随机游走的先验均值 {mean}、方差 {variance}，每次读数前方差增加 {drift}，读数方差 "
            "{noise}。"
            "读数 {readings} 之后，后验均值与方差的精确值是多少？",
            "一维卡尔曼滤波：均值 {mean}，方差 {variance}，每步过程噪声 {drift}，测量噪声 {noise}，"
            "测量 {readings}。写出最终均值与方差。",
            "卡尔曼 m={mean} P={variance} Q={drift} R={noise}，z={readings}：m P",
        ),
    ),
    Task(
        id="sig.pid_steps",
        title="Outputs of a saturated PID controller",
        knob="steps",
        draw=_plant,
        solve=_control,
        second=_control_in_quarters,
        answer=Rationals(),
        size=lambda q: q["steps"],
        en=(
            "A plant starts at y = {start}; the target is {target}. Each step: e = target - y; u = "
            "({p} e + {i} (sum of earlier counted e, plus e) + {d} (e - last e))/2, the last term "
            "0 at first; u is clipped to [-{limit}, {limit}], and e is counted in the sum only if "
            "u was not clipped; then y grows by u/4. Give u for {steps} steps.",
            "Simulate {steps} steps of a PID controller with gains {p}/2, {i}/2, {d}/2, output "
            "limit {limit}, conditional integration (an error enters the sum only in steps "
            "without clipping, but always its own step's output) and plant y += u/4 from y = "
            "{start} to the target {target}; derivative 0 at the first step. List u exactly.",
            "PID {p}/2 {i}/2 {d}/2, limit {limit}, y={start}, target {target}, y+=u/4, {steps} "
            "steps (integrate e only if unclipped): u =",
        ),
        zh=(
            "对象初值 y = {start}，目标 {target}。每步：e = 目标 - y；u = ({p} e + "
            "{i}(此前计入的 e "
            "之和加 e) + {d}(e - 上一个 e))/2，首步末项为 0；u 截断到 [-{limit}, {limit}]，"
            "仅当未截断时 e 计入和；然后 y 增加 u/4。写出 {steps} 步的 u。",
            "模拟 {steps} 步 PID：增益 {p}/2、{i}/2、{d}/2，输出限幅 {limit}，"
            "条件积分（误差只在未限幅"
            "的步计入累计，但总参与当步输出），对象 y += u/4，从 y = {start} 到目标 {target}，"
            "首步微分 0。"
            "列出 u（精确）。",
            "PID {p}/2 {i}/2 {d}/2，限幅 {limit}，y={start}，目标 {target}，y+=u/4，{steps} 步"
            "（未限幅才积分 e）：u",
        ),
    ),
    Task(
        id="sig.image_kernel",
        title="Image filtered by a 3 x 3 kernel",
        knob="pixels",
        draw=_picture,
        solve=_kernel_sum,
        second=_kernel_by_scatter,
        answer=NumberGrid(),
        show=_show_picture,
        en=(
            "Replace every pixel of the image\n{image}\nby the sum of its 3 x 3 neighbourhood "
            "times "
            "the kernel\n{kernel}\n(not flipped; pixels outside count 0).",
            "Correlate\n{image}\nwith the 3 x 3 mask\n{kernel}\nusing zero padding; give an "
            "image of "
            "the same size.",
            "Image\n{image}\nkernel (no flip, zero padding)\n{kernel}",
        ),
        zh=(
            "把图像\n{image}\n的每个像素换成其 3 x 3 邻域与核\n{kernel}\n逐项乘积之和"
            "（核不翻转，界外为 0）。",
            "用 3 x 3 模板（第二个矩阵）对图像做相关运算，零填充，"
            "输出同样大小：\n{image}\n模板：\n{kernel}",
            "图像\n{image}\n核（不翻转，零填充）\n{kernel}",
        ),
    ),
    Task(
        id="sig.error_diffusion",
        title="Dithering by error diffusion",
        knob="pixels",
        draw=_greys,
        solve=_dithered,
        second=_dithered_by_pulling,
        answer=CharGrid("01"),
        show=lambda q: {"grey": show_numbers(q["grey"])},
        en=(
            "Dither this image row by row, left to right (Floyd-Steinberg, exact fractions): a "
            "value of 120 or more becomes 1 (meaning 240), else 0; the error goes on as 7/16 "
            "right, 3/16 below left, 5/16 below, 1/16 below right, parts that fall outside are "
            "lost.\n{grey}",
            "Apply error diffusion with weights 7 (right), 3, 5, 1 (next row: left, middle, right) "
            "over 16, threshold 120, white = 240, no rounding, to\n{grey}",
            "Floyd-Steinberg bits (threshold 120, white 240):\n{grey}",
        ),
        zh=(
            "从左到右逐行对图像做 Floyd-Steinberg 抖动（精确分数）：值 >= 120 记 1（代表 240），"
            "否则 0；"
            "误差按右 7/16、左下 3/16、下 5/16、右下 1/16 传递，界外部分丢弃。\n{grey}",
            "误差扩散：权重 7（右）、3、5、1（下一行左、中、右），除以 16，阈值 120，白为 240，"
            "不取整：\n{grey}",
            "Floyd-Steinberg 二值（阈值 120，白 240）：\n{grey}",
        ),
    ),
    Task(
        id="sig.shift_register",
        title="Output of a linear feedback shift register",
        knob="bits",
        draw=_live_register,
        solve=_shifted_out,
        second=_shifted_by_recurrence,
        answer=Word("01", "Write the bits without spaces.", "连写各位，不加空格。"),
        en=(
            "A shift register holds {state}. At each clock its last bit is put out, the sum modulo "
            "2 of the bits at places {taps} (the first is 1) enters at the front and all others "
            "move one place back. Give the first {count} output bits.",
            "Clock the LFSR with state {state} and taps {taps} (1 = leftmost) {count} times: "
            "output "
            "the rightmost bit, shift right, feed the parity of the taps in on the left.",
            "LFSR {state}, taps {taps}: {count} bits",
        ),
        zh=(
            "移位寄存器内容为 {state}。每个时钟输出最后一位，第 {taps} 位（首位为 1）之和模 2 "
            "从前端进入，其余各位后移一位。写出前 {count} 个输出位。",
            "LFSR 状态 {state}，抽头 {taps}（最左为 1），运行 {count} 次：输出最右位，右移，"
            "抽头的奇偶校验从左端进入。",
            "LFSR {state}，抽头 {taps}：{count} 位",
        ),
    ),
)
