"""Heredity, populations and cells: crosses, kinship, maps, selection, growth, networks, doses.

Source: Mendel's laws; Wright's path coefficients; Sturtevant's map; Fisher's selection recursion;
Leslie 1945; Kermack and McKendrick 1927 in discrete time; Michaelis and Menten 1913. Exact
fractions unless a tolerance is stated. Knob: the number of genes, individuals or steps.
"""

import math
from fractions import Fraction
from itertools import product

from internbootcamp_env.answers import Integers, Rational, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.task import Task


def _cross(draws: Draws, level: int) -> dict:
    letters = "ABCDEFGH"[: 3 + level // 2]
    kinds = ("{0}{0}", "{0}{1}", "{0}{1}", "{1}{1}")
    parents = [[draws.pick(kinds).format(x, x.lower()) for x in letters] for _ in range(2)]
    wanted = []
    for k, letter in enumerate(letters):
        possible = {a + b for a in parents[0][k] for b in parents[1][k]}
        shows = sorted({letter if letter in pair else letter.lower() for pair in possible})
        wanted.append(draws.pick(shows))
    return {"one": parents[0], "other": parents[1], "wanted": "".join(wanted),
            "times": draws.between(1, 3)}  # fmt: skip


def _cross_chance(q: dict) -> str:
    """Chance that all of so many independent offspring show the wanted phenotype."""
    chance = Fraction(1)
    for a, b, shown in zip(q["one"], q["other"], q["wanted"], strict=True):
        hits = sum((shown.upper() in x + y) == shown.isupper() for x in a for y in b)
        chance *= Fraction(hits, 4)
    return str(chance ** q["times"])


def _cross_by_gametes(q: dict) -> str:
    table: dict[str, int] = {"": 1}
    for a, b in zip(q["one"], q["other"], strict=True):
        fresh: dict[str, int] = {}
        for known, ways in table.items():
            for x, y in product(a, b):
                key = known + min(x, y)  # capitals sort first: the dominant one shows
                fresh[key] = fresh.get(key, 0) + ways
        table = fresh
    return str(Fraction(table[q["wanted"]], sum(table.values())) ** q["times"])


def _uncertain_cross(draws: Draws, level: int) -> dict | None:
    q = _cross(draws, level)
    return q if _cross_chance(q) != "1" else None


def _pedigree(draws: Draws, level: int) -> dict:
    """Each person after the founders has two earlier parents."""
    founders = 3
    people = [None] * founders
    for k in range(founders, founders + 6 + level):
        recent = range(max(0, k - 6), k)
        people.append(sorted(draws.sample(recent, 2)))
    a, b = sorted(draws.sample(range(len(people) - 5, len(people)), 2))
    return {"people": people, "pair": [a, b]}


def _kinship(q: dict) -> str:
    """Chance that two genes drawn from the two persons are copies of one ancestral gene."""
    size = len(q["people"])
    table = [[Fraction(0)] * size for _ in range(size)]
    for k, parents in enumerate(q["people"]):
        for other in range(k):
            if parents:
                value = (table[parents[0]][other] + table[parents[1]][other]) / 2
                table[k][other] = table[other][k] = value
        inbred = table[parents[0]][parents[1]] if parents else Fraction(0)
        table[k][k] = (1 + inbred) / 2
    return str(table[q["pair"][0]][q["pair"][1]])


def _kinship_by_descent(q: dict) -> str:
    def phi(a: int, b: int) -> Fraction:
        if a < b:
            a, b = b, a
        parents = q["people"][a]
        if a == b:
            return Fraction(1, 2) * (1 + (phi(*parents) if parents else 0))
        return (phi(parents[0], b) + phi(parents[1], b)) / 2 if parents else Fraction(0)

    return str(phi(*q["pair"]))


def _related(draws: Draws, level: int) -> dict | None:
    q = _pedigree(draws, level)
    return q if _kinship(q) != "0" else None


def _show_pedigree(q: dict) -> dict:
    rows = [
        f"P{k + 1} child of P{p[0] + 1} and P{p[1] + 1}" for k, p in enumerate(q["people"]) if p
    ]
    rows_zh = [
        f"P{k + 1} 是 P{p[0] + 1} 和 P{p[1] + 1} 的孩子" for k, p in enumerate(q["people"]) if p
    ]
    a, b = q["pair"]
    return {
        "rows": "; ".join(rows),
        "rows_zh": "；".join(rows_zh),
        "a": f"P{a + 1}",
        "b": f"P{b + 1}",
    }


def _three_points(draws: Draws, level: int) -> dict:
    """Offspring counts of a test cross of three linked genes, named by the gametes."""
    order = draws.shuffled("abc")
    double = draws.between(1, 3 + level)
    first, second = draws.between(10, 40 + 10 * level), draws.between(10, 40 + 10 * level)
    parental = draws.between(200, 300 + 60 * level)
    flips = {(): parental, (order[0],): first, (order[2],): second, (order[1],): double}
    coupling = {x: draws.below(2) for x in "abc"}
    counts = {}
    for flipped, number in flips.items():
        share = number + draws.between(0, number // 4)
        for side, count in ((0, number), (1, share)):
            name = "".join(x.upper() if coupling[x] ^ side ^ (x in flipped) else x for x in "abc")
            counts[name] = count
    return {"counts": dict(sorted(counts.items()))}


def _gene_map(q: dict) -> list[str]:
    """Gene order and both distances in map units (100 x recombinants / all)."""
    counts = q["counts"]
    total = sum(counts.values())
    pairs = {}
    for x, y in (("a", "b"), ("a", "c"), ("b", "c")):
        together: dict[bool, int] = {True: 0, False: 0}
        for name, count in counts.items():
            alike = name["abc".index(x)].isupper() == name["abc".index(y)].isupper()
            together[alike] += count
        pairs[x + y] = min(together.values())
    longest = max(pairs, key=lambda p: pairs[p])
    middle = next(x for x in "abc" if x not in longest)
    left, right = longest
    near = pairs["".join(sorted(left + middle))], pairs["".join(sorted(middle + right))]
    # The longest interval counts its double crossovers only here, through the two short ones.
    return [left + middle + right, *(str(Fraction(100 * n, total)) for n in near)]


def _gene_map_by_classes(q: dict) -> list[str]:
    """Parental classes are the largest, double crossovers the smallest; compare them."""
    counts = q["counts"]
    total = sum(counts.values())
    partner = {name: name.swapcase() for name in counts}
    pairs = sorted(
        {min(n, partner[n]) for n in counts}, key=lambda n: counts[n] + counts[partner[n]]
    )
    double, parental = pairs[0], pairs[-1]
    differs = [x != y for x, y in zip(double, parental, strict=True)]
    middle = differs.index(True) if sum(differs) == 1 else differs.index(False)
    ends = [k for k in range(3) if k != middle]
    recombinants = []
    for end in ends:
        same = parental[end].isupper() == parental[middle].isupper()
        number = sum(
            c for n, c in counts.items() if (n[end].isupper() == n[middle].isupper()) != same
        )
        recombinants.append(str(Fraction(100 * number, total)))
    return ["abc"[ends[0]] + "abc"[middle] + "abc"[ends[1]], *recombinants]


def _clear_map(draws: Draws, level: int) -> dict | None:
    q = _three_points(draws, level)
    return q if _gene_map(q) == _gene_map_by_classes(q) else None


def _selection(draws: Draws, level: int) -> dict:
    bottom = draws.between(3, 12)
    return {
        "start": f"{draws.between(1, bottom - 1)}/{bottom}",
        "fitness": [draws.between(1, 10) for _ in range(3)],
        "mutation": draws.between(0, 9),
        "generations": 1 + (level + 1) // 4,
    }


def _selected(q: dict) -> str:
    """Frequency of allele A: selection on zygotes, then mutation A to a in percent."""
    p = Fraction(q["start"])
    high, middle, low = q["fitness"]
    for _ in range(q["generations"]):
        r = 1 - p
        mean = p * p * high + 2 * p * r * middle + r * r * low
        p = p * (p * high + r * middle) / mean * (1 - Fraction(q["mutation"], 100))
    return str(p)


def _selected_by_counts(q: dict) -> str:
    """Keep the two alleles as whole numbers without a common factor."""
    share = Fraction(q["start"])
    a, b = share.numerator, share.denominator - share.numerator
    w = q["fitness"]
    for _ in range(q["generations"]):
        a, b = a * (a * w[0] + b * w[1]), b * (a * w[1] + b * w[2])
        a, b = a * (100 - q["mutation"]), 100 * b + a * q["mutation"]
    return str(Fraction(a, a + b))


def _show_selection(q: dict) -> dict:
    return {**q, "fitness": "AA {}, Aa {}, aa {}".format(*q["fitness"])}


def _ages(draws: Draws, level: int) -> dict:
    size = 3 + level // 4
    return {
        "start": draws.integers(size, 0, 20),
        "births": [0, *draws.integers(size - 1, 0, 3)],
        "survival": [draws.between(1, 3) for _ in range(size - 1)],
        "years": 2 + level // 2,
    }


def _grown(q: dict) -> list[int]:
    """Age classes after some years; survival is in thirds, rounded down."""
    ages = list(q["start"])
    for _ in range(q["years"]):
        young = sum(n * b for n, b in zip(ages, q["births"], strict=True))
        older = [n * s // 3 for n, s in zip(ages, q["survival"], strict=False)]
        ages = [young, *older]
    return ages


def _grown_by_cohorts(q: dict) -> list[int]:
    now = dict(enumerate(q["start"]))
    for _ in range(q["years"]):
        later = {age + 1: now[age] * q["survival"][age] // 3 for age in now if age + 1 in now}
        later[0] = sum(now[age] * q["births"][age] for age in now)
        now = later
    return [now[age] for age in sorted(now)]


def _living(draws: Draws, level: int) -> dict | None:
    q = _ages(draws, level)
    return q if sum(_grown(q)) > 5 else None


def _epidemic(draws: Draws, level: int) -> dict:
    return {
        "susceptible": draws.between(50, 900),
        "infected": draws.between(1, 40),
        "contact": draws.between(1, 9),
        "recovery": draws.between(1, 9),
        "days": 1 + (level + 2) // 4,
    }


def _infected(q: dict) -> list[str]:
    """S and I after some days; contact rate and recovery in tenths per day."""
    s, i = Fraction(q["susceptible"]), Fraction(q["infected"])
    whole = s + i
    for _ in range(q["days"]):
        fresh = Fraction(q["contact"], 10) * s * i / whole
        s, i = s - fresh, i + fresh - Fraction(q["recovery"], 10) * i
    return [str(s), str(i)]


def _infected_by_shares(q: dict) -> list[str]:
    whole = q["susceptible"] + q["infected"]
    x, y = Fraction(q["susceptible"], whole), Fraction(q["infected"], whole)
    for _ in range(q["days"]):
        x, y = x * (1 - y * q["contact"] / 10), y * (10 + q["contact"] * x - q["recovery"]) / 10
    return [str(x * whole), str(y * whole)]


def _show_epidemic(q: dict) -> dict:
    return {**q, "contact": f"0.{q['contact']}", "recovery": f"0.{q['recovery']}"}


_RULES = (
    "{0} and {1}",
    "{0} or {1}",
    "not {0}",
    "{0} and not {1}",
    "{0} or not {1}",
    "{0} xor {1}",
)


def _network(draws: Draws, level: int) -> dict | None:
    names = "ABCDEFGH"[: 4 + level // 3]
    rules = [draws.pick(_RULES).format(*draws.sample(names, 2)) for _ in names]
    q = {"rules": rules, "start": draws.text("01", len(names))}
    return q if _attractor(q) != [q["start"]] else None


def _apply(rule: str, state: dict[str, int]) -> int:
    words = rule.split()
    value = 1 - state[words[1]] if words[0] == "not" else state[words[0]]
    if len(words) > 2:
        other = 1 - state[words[-1]] if words[-2] == "not" else state[words[-1]]
        value = {"and": value & other, "or": value | other, "xor": value ^ other}[words[1]]
    return value


def _attractor(q: dict) -> list[str]:
    """The states of the cycle that is reached, from the least one on, in order of time."""
    names = "ABCDEFGH"[: len(q["rules"])]
    seen, state = [], q["start"]
    while state not in seen:
        seen.append(state)
        values = {name: int(mark) for name, mark in zip(names, state, strict=True)}
        state = "".join(str(_apply(rule, values)) for rule in q["rules"])
    cycle = seen[seen.index(state) :]
    least = cycle.index(min(cycle))
    return cycle[least:] + cycle[:least]


def _attractor_by_tortoise(q: dict) -> list[str]:
    """Walk far enough to be on the cycle, then round it once, on whole truth tables."""
    size = len(q["rules"])
    names = "ABCDEFGH"[:size]
    after = []
    for code in range(1 << size):
        on = {name for k, name in enumerate(names) if code >> k & 1}
        mark = 0
        for k, rule in enumerate(q["rules"]):
            tokens = [f"{int(word in on)}" if word in names else word for word in rule.split()]
            text = " ".join(tokens).replace("not 0", "1").replace("not 1", "0")
            left, *rest = text.split()
            value = int(left)
            if rest:
                right = int(rest[1])
                gates = {"and": value * right, "or": max(value, right), "xor": abs(value - right)}
                value = gates[rest[0]]
            mark |= value << k
        after.append(mark)
    state = sum(1 << k for k, mark in enumerate(q["start"]) if mark == "1")
    for _ in range(1 << size):
        state = after[state]
    cycle = [state]
    while after[cycle[-1]] != state:
        cycle.append(after[cycle[-1]])
    texts = ["".join(str(code >> k & 1) for k in range(size)) for code in cycle]
    turn = texts.index(min(texts))
    return texts[turn:] + texts[:turn]


def _show_network(q: dict) -> dict:
    names = "ABCDEFGH"
    rules = ", ".join(f"{names[k]} = {rule}" for k, rule in enumerate(q["rules"]))
    return {"rules": rules, "start": q["start"], "names": names[: len(q["rules"])]}


def _assay(draws: Draws, level: int) -> dict:
    fastest, half = draws.between(5, 60), draws.between(1, 20 + 2 * level)
    inhibitor = draws.between(1, 12)
    factor = 1 + Fraction(inhibitor, draws.between(1, 15))
    doses = sorted(draws.sample(range(1, 60), 2 + level // 2))
    kind = draws.pick(("competitive", "uncompetitive", "pure-noncompetitive"))
    plain = [[s, str(Fraction(fastest * s, half + s))] for s in doses]
    scale = {"competitive": (1, factor), "uncompetitive": (factor, 1)}.get(kind, (factor, factor))
    slow = [
        [s, str(Fraction(fastest * s) / (half * scale[1] + s * scale[0]))]
        for s in sorted(draws.sample(range(1, 60), 2 + level // 2))
    ]
    return {"plain": plain, "slow": slow, "inhibitor": inhibitor}


def _line(rows: list[list]) -> tuple[Fraction, Fraction]:
    """Slope and intercept of 1/v against 1/s through the first and the last point."""
    (s1, v1), (s2, v2) = rows[0], rows[-1]
    x1, x2 = Fraction(1, s1), Fraction(1, s2)
    y1, y2 = 1 / Fraction(v1), 1 / Fraction(v2)
    slope = (y1 - y2) / (x1 - x2)
    return slope, y1 - slope * x1


def _kinetics(q: dict) -> list[str]:
    """Vmax, Km, kind of inhibition, and the inhibition constant."""
    (slope, cut), (slope_i, cut_i) = _line(q["plain"]), _line(q["slow"])
    kinds = {(True, False): "competitive", (False, True): "uncompetitive"}
    kind = kinds.get((slope != slope_i, cut != cut_i), "pure-noncompetitive")
    ratio = cut_i / cut if kind == "uncompetitive" else slope_i / slope
    return [str(1 / cut), str(slope / cut), kind, str(q["inhibitor"] / (ratio - 1))]


def _kinetics_by_hanes(q: dict) -> list[str]:
    """From s/v against s: slope 1/Vmax, intercept Km/Vmax."""
    lines = []
    for rows in (q["plain"], q["slow"]):
        (a, v), (b, w) = rows[0], rows[-1]
        y, z = a / Fraction(v), b / Fraction(w)
        lines.append(((z - y) / (b - a), y - a * (z - y) / (b - a)))
    (m, c), (n, d) = lines
    kind = "competitive" if m == n else "uncompetitive" if c == d else "pure-noncompetitive"
    ratio = d / c if kind == "competitive" else n / m
    return [str(1 / m), str(c / m), kind, str(Fraction(q["inhibitor"]) / (ratio - 1))]


def _show_assay(q: dict) -> dict:
    rows = {key: ", ".join(f"{s}: {v}" for s, v in q[key]) for key in ("plain", "slow")}
    return {**rows, "inhibitor": q["inhibitor"]}


def _dosing(draws: Draws, level: int) -> dict:
    times = sorted(draws.sample(range(40), 1 + (level + 1) // 2))
    return {
        "doses": [[t, draws.between(50, 800)] for t in times],
        "volume": draws.between(10, 60),
        "half_life": draws.between(2, 24),
        "time": times[-1] + draws.between(1, 20),
    }


def _level(q: dict) -> float:
    return sum(
        dose / q["volume"] * 0.5 ** ((q["time"] - t) / q["half_life"]) for t, dose in q["doses"]
    )


def _level_by_steps(q: dict) -> float:
    """Follow the amount from dose to dose."""
    rate, amount, clock = math.log(2) / q["half_life"], 0.0, 0
    for t, dose in [*q["doses"], [q["time"], 0]]:
        amount = amount * math.exp(-rate * (t - clock)) + dose
        clock = t
    return amount / q["volume"]


def _show_dosing(q: dict) -> dict:
    doses = ", ".join(f"{dose} mg at {t} h" for t, dose in q["doses"])
    doses_zh = "，".join(f"{t} h 给药 {dose} mg" for t, dose in q["doses"])
    return {**q, "doses": doses, "doses_zh": doses_zh}


def _inputs(draws: Draws, level: int) -> dict:
    return {
        "inputs": draws.integers(8 + 3 * level, 0, 12),
        "threshold": draws.between(12, 24),
        "leak": draws.between(1, 3),
        "rest": draws.between(0, 2),
    }


def _spikes(q: dict) -> list[int]:
    """Steps (from 1) at which an integrate-and-fire neuron spikes."""
    potential, pause, times = 0, 0, []
    for step, current in enumerate(q["inputs"], start=1):
        if pause:
            pause -= 1
            continue
        potential = max(0, potential + current - q["leak"])
        if potential >= q["threshold"]:
            times.append(step)
            potential, pause = 0, q["rest"]
    return times


def _spikes_by_segments(q: dict) -> list[int]:
    """From each reset, find the first step at which the clipped running sum passes."""
    times, start = [], 0
    while start < len(q["inputs"]):
        total, hit = 0, None
        for k in range(start, len(q["inputs"])):
            total += q["inputs"][k] - q["leak"]
            total = total if total > 0 else 0
            if total >= q["threshold"]:
                hit = k
                break
        if hit is None:
            break
        times.append(hit + 1)
        start = hit + 1 + q["rest"]
    return times


def _web(draws: Draws, level: int) -> dict:
    size = 7 + level
    eats = []
    for k in range(size):
        prey = draws.sample(range(k), min(k, draws.between(2, 4))) if k > 1 else []
        eats.append([[p, draws.between(1, 9)] for p in sorted(prey)])
    return {"eats": eats}


def _trophic(q: dict) -> str:
    """Level of the last species: one more than the mean level of what it eats, by weight."""
    levels: list[Fraction] = []
    for diet in q["eats"]:
        weight = sum(w for _, w in diet)
        mean = sum(levels[p] * w for p, w in diet) / weight if diet else Fraction(0)
        levels.append(1 + mean)
    return str(levels[-1])


def _trophic_by_walks(q: dict) -> str:
    """Mean length of a random walk down the web, by passing probability down."""
    mass = [Fraction(0)] * len(q["eats"])
    mass[-1] = Fraction(1)
    total = Fraction(0)
    for k in range(len(mass) - 1, -1, -1):
        total += mass[k]
        weight = sum(w for _, w in q["eats"][k])
        for prey, w in q["eats"][k]:
            mass[prey] += mass[k] * w / weight
    return str(total)


def _show_web(q: dict) -> dict:
    rows = []
    for k, diet in enumerate(q["eats"]):
        food = ", ".join(f"{w} parts S{p + 1}" for p, w in diet)
        rows.append(f"S{k + 1}: {food or 'producer'}")
    return {"rows": "; ".join(rows), "last": f"S{len(q['eats'])}"}


TASKS = (
    Task(
        id="bio.cross_chance",
        title="Chance of a phenotype in a cross of several genes",
        knob="genes",
        draw=_uncertain_cross,
        solve=_cross_chance,
        second=_cross_by_gametes,
        answer=Rational(),
        size=lambda q: len(q["wanted"]) + q["times"] / 9,
        show=lambda q: {**q, "one": " ".join(q["one"]), "other": " ".join(q["other"])},
        en=(
            "Parents {one} and {other} are crossed (unlinked genes, capitals dominant). What is "
            "the probability that {times} offspring all show the phenotype {wanted} (a capital: "
            "dominant trait, a small letter: recessive)?",
            "For the cross {one} x {other} with independent assortment and complete dominance, "
            "find the chance that each of {times} children has the phenotype {wanted}.",
            "{one} x {other}: chance of {wanted}, {times} times",
        ),
        zh=(
            "亲本 {one} 与 {other} 杂交（基因不连锁，大写为显性）。{times} 个后代全部表现 {wanted}"
            "（大写为显性性状，小写为隐性）的概率是多少？",
            "杂交 {one} x {other}，自由组合、完全显性，求 {times} 个子代每个都为表型 {wanted} "
            "的概率。",
            "{one} x {other}：{times} 个都为 {wanted} 的概率",
        ),
    ),
    Task(
        id="bio.kinship",
        title="Coefficient of kinship in a pedigree",
        knob="persons",
        draw=_related,
        solve=_kinship,
        second=_kinship_by_descent,
        answer=Rational(),
        show=_show_pedigree,
        en=(
            "P1, P2 and P3 are unrelated and not inbred. {rows}. What is the kinship coefficient "
            "of {a} and {b} (the chance that a gene drawn from each is a copy of one ancestral "
            "gene)?",
            "Find the coefficient of coancestry of {a} and {b}: {rows}; the founders P1 to P3 are "
            "unrelated.",
            "Kinship of {a}, {b}; founders P1-P3; {rows}",
        ),
        zh=(
            "P1、P2、P3 互无亲缘且非近交。{rows_zh}。{a} 与 {b} 的亲缘（共祖）系数是多少"
            "（各取一个基因，二者同源相同的概率）？",
            "求 {a} 与 {b} 的共祖系数：{rows_zh}；奠基者 P1 到 P3 无亲缘。",
            "{a}、{b} 的共祖系数；奠基者 P1-P3；{rows_zh}",
        ),
    ),
    Task(
        id="bio.three_point_map",
        title="Gene order and distances from a three-point test cross",
        knob="offspring",
        draw=_clear_map,
        solve=_gene_map,
        second=_gene_map_by_classes,
        answer=Words(example="1"),
        size=lambda q: sum(q["counts"].values()),
        show=lambda q: {"counts": ", ".join(f"{n} {c}" for n, c in q["counts"].items())},
        en=(
            "A three-point test cross gives the gametes {counts}. Write the gene order (a before "
            "c, a before b or b before c at the ends: the first of its two end letters comes "
            "earlier in the alphabet), then the map distances left-middle and middle-right in "
            "percent recombinants, as exact fractions; e.g. acb 25/2 8.",
            "Map genes a, b, c from the test-cross classes {counts}: order with the "
            "alphabetically earlier end first, then both adjacent distances (100 x recombinants / "
            "total, exact).",
            "Order and two distances (like acb 25/2 8) from {counts}",
        ),
        zh=(
            "三点测交得到配子 {counts}。写出基因顺序（两端字母中字母表靠前者在左），再写左-中、"
            "中-右的图距（重组百分数，精确分数），如 acb 25/2 8。",
            "由测交各类 {counts} 对基因 a、b、c 作图：顺序（端点字母靠前者在前），"
            "再写两段相邻距离（100 x 重组体 / 总数，精确）。",
            "由 {counts} 求顺序和两段距离（如 acb 25/2 8）",
        ),
    ),
    Task(
        id="bio.selection",
        title="Allele frequency after selection and mutation",
        knob="generations",
        draw=_selection,
        solve=_selected,
        second=_selected_by_counts,
        answer=Rational(),
        show=_show_selection,
        size=lambda q: q["generations"],
        en=(
            "Allele A has the frequency {start} among zygotes in Hardy-Weinberg proportions. Each "
            "generation the genotypes survive in proportion to {fitness}; then {mutation} % of "
            "the A alleles mutate to a. What is the frequency of A after {generations} "
            "generations, exactly?",
            "Iterate {generations} times: random mating, viabilities {fitness}, then mutation of "
            "A to a with probability {mutation} %. Start p(A) = {start}; give the final p exactly.",
            "p={start}, {fitness}, mutation {mutation} %, {generations} generations: p",
        ),
        zh=(
            "等位基因 A 在合子中频率为 {start}（哈迪-温伯格比例）。每代按 {fitness} "
            "的相对存活率选择，"
            "随后 {mutation} % 的 A 突变为 a。{generations} 代后 A 的精确频率是多少？",
            "迭代 {generations} 次：随机交配，适合度 {fitness}，再以 {mutation} % 概率 A 变 a。"
            "初始 p(A) = {start}，求最后的 p（精确）。",
            "p={start}，{fitness}，突变 {mutation} %，{generations} 代：p",
        ),
    ),
    Task(
        id="bio.age_classes",
        title="Age classes of a population after some years",
        knob="years",
        draw=_living,
        solve=_grown,
        second=_grown_by_cohorts,
        answer=Integers(),
        size=lambda q: q["years"] + len(q["start"]),
        en=(
            "A population has {start} individuals in its age classes, youngest first. Each year an "
            "individual of class k leaves {births} newborn (by class), then s thirds of each "
            "class, rounded down, with s = {survival}, go on to the next class; the last class "
            "dies. Give the classes after {years} years.",
            "Project {years} years: classes {start}; births per individual {births}; of every "
            "class but the last floor(n s / 3) survive to the next with s = {survival}. List all "
            "classes.",
            "Ages {start}, births {births}, survival thirds {survival}, {years} years:",
        ),
        zh=(
            "种群各年龄组个体数为 {start}（由幼到老）。每年各组每个个体产仔 {births}（按组），"
            "然后各组有三分之 s（向下取整，s 依次为 {survival}）升入下一组，末组全部死亡。"
            "写出 {years} 年后的各组数量。",
            "推算 {years} 年：年龄组 {start}；每个体产仔 {births}；除末组外各组 floor(n s / 3) "
            "个存活升组，s = {survival}。列出各组。",
            "年龄组 {start}，产仔 {births}，存活三分数 {survival}，{years} 年：",
        ),
    ),
    Task(
        id="bio.sir_days",
        title="Susceptible and infected after some days",
        knob="days",
        draw=_epidemic,
        solve=_infected,
        second=_infected_by_shares,
        answer=Rationals(),
        show=_show_epidemic,
        size=lambda q: q["days"],
        en=(
            "S = {susceptible}, I = {infected}, R = 0, N their constant sum. Every day "
            "{contact} S I / N become infected and {recovery} I recover (both from the day's "
            "start). Give S and I after {days} days as exact numbers.",
            "Run a discrete SIR model for {days} days: S={susceptible}, I={infected}, R=0, "
            "beta={contact}, gamma={recovery}, N=S+I+R. Write S and I exactly.",
            "SIR S={susceptible} I={infected} beta={contact} gamma={recovery}, {days} days: S I",
        ),
        zh=(
            "S = {susceptible}，I = {infected}，R = 0，N 为其（不变的）和。每天有 {contact} S I "
            "/ N "
            "人感染、{recovery} I 人康复（均按当天开始时计）。{days} 天后 S 和 I 的精确值是多少？",
            "离散 SIR 模型运行 {days} 天：S={susceptible}，I={infected}，R=0，beta={contact}，"
            "gamma={recovery}，N=S+I+R。写出 S 和 I（精确）。",
            "SIR S={susceptible} I={infected} beta={contact} gamma={recovery}，{days} 天：S I",
        ),
    ),
    Task(
        id="bio.gene_network",
        title="Attractor of a Boolean gene network",
        knob="genes",
        draw=_network,
        solve=_attractor,
        second=_attractor_by_tortoise,
        answer=Words(example="2"),
        show=_show_network,
        en=(
            "Genes {names} are updated together by {rules}. Starting from {start} (in this order), "
            "which cycle of states is reached? List its states in order of time, beginning with "
            "the one that is the least binary number.",
            "Find the attractor of the synchronous Boolean network {rules} from the state {start} "
            "of {names}: its states one after the other, the smallest first.",
            "Attractor of {rules} from {names}={start}:",
        ),
        zh=(
            "基因 {names} 同步更新：{rules}。从 {start}（按此顺序）出发，最终进入哪个状态循环？"
            "按时间顺序列出各状态，从二进制值最小的开始。",
            "求同步布尔网络 {rules} 从 {names} 的状态 {start} 出发的吸引子：依次列出状态，"
            "最小者在前。",
            "{rules} 从 {names}={start} 出发的吸引子：",
        ),
    ),
    Task(
        id="bio.enzyme_kinetics",
        title="Michaelis constants and kind of inhibition from exact rates",
        knob="measurements",
        draw=_assay,
        solve=_kinetics,
        second=_kinetics_by_hanes,
        answer=Words(example="1"),
        show=_show_assay,
        en=(
            "Exact initial rates (substrate in mM: rate in uM/s). Without inhibitor {plain}; with "
            "{inhibitor} mM inhibitor {slow}. Give Vmax, Km, the kind of inhibition "
            "(competitive, uncompetitive or pure-noncompetitive) and Ki, numbers as fractions.",
            "Fit Michaelis-Menten laws to {plain} (no inhibitor) and {slow} ({inhibitor} mM "
            "inhibitor), substrate: rate. Write Vmax, Km, one of competitive, uncompetitive, "
            "pure-noncompetitive, and Ki.",
            "Vmax Km kind Ki: {plain}; {inhibitor} mM inhibitor: {slow} (competitive, "
            "uncompetitive, pure-noncompetitive)",
        ),
        zh=(
            "精确初速率（底物 mM：速率 uM/s）。无抑制剂 {plain}；含 {inhibitor} mM 抑制剂 {slow}。"
            "依次写出 Vmax、Km、抑制类型（competitive、uncompetitive 或 pure-noncompetitive）和 "
            "Ki，"
            "数用分数。",
            "对 {plain}（无抑制剂）和 {slow}（{inhibitor} mM 抑制剂）拟合米氏方程（底物：速率）。"
            "写出 Vmax、Km、competitive / uncompetitive / pure-noncompetitive 之一、Ki。",
            "Vmax Km 类型 Ki：{plain}；{inhibitor} mM 抑制剂：{slow}（competitive、uncompetitive、"
            "pure-noncompetitive）",
        ),
    ),
    Task(
        id="bio.drug_level",
        title="Plasma concentration after several doses",
        knob="doses",
        draw=_dosing,
        **measured(_level, "mg/L", second=_level_by_steps),
        show=_show_dosing,
        en=(
            "Intravenous doses: {doses}. The volume of distribution is {volume} L, the half-life "
            "{half_life} h (one compartment, first order). What is the concentration at {time} h?",
            "One-compartment model, V = {volume} L, half-life {half_life} h, bolus doses {doses}: "
            "find the plasma level at {time} h.",
            "V={volume} L, t1/2={half_life} h, {doses}; level at {time} h:",
        ),
        zh=(
            "静脉给药：{doses_zh}。分布容积 {volume} L，半衰期 {half_life} h（一室一级）。"
            "{time} h 时浓度是多少？",
            "一室模型，V = {volume} L，半衰期 {half_life} h，推注 {doses_zh}，求 {time} h "
            "的血药浓度。",
            "V={volume} L，t1/2={half_life} h，{doses_zh}；{time} h 浓度：",
        ),
    ),
    Task(
        id="bio.neuron_spikes",
        title="Spike times of an integrate-and-fire neuron",
        knob="steps",
        draw=_inputs,
        solve=_spikes,
        second=_spikes_by_segments,
        answer=Integers(),
        en=(
            "A neuron's potential starts at 0. At each step it gains the input, loses {leak} and "
            "never falls below 0; at {threshold} or more it spikes, is set to 0 and ignores the "
            "next {rest} inputs. The inputs are {inputs}. At which steps (from 1) does it spike?",
            "Simulate an integrate-and-fire cell: leak {leak} a step, floor 0, threshold "
            "{threshold}, reset 0, refractory {rest} steps, inputs {inputs}. Give the spike steps.",
            "Spikes: leak {leak}, threshold {threshold}, refractory {rest}, inputs {inputs}",
        ),
        zh=(
            "神经元电位从 0 开始。每步加上输入、减去 {leak}，不低于 0；达到 {threshold} "
            "或以上即放电，"
            "归 0 并忽略随后 {rest} 个输入。输入为 {inputs}。在哪些步（从 1 起）放电？",
            "模拟积分放电神经元：每步泄漏 {leak}，下限 0，阈值 {threshold}，复位 0，不应期 "
            "{rest} 步，"
            "输入 {inputs}。写出放电的步数。",
            "放电：泄漏 {leak}，阈值 {threshold}，不应期 {rest}，输入 {inputs}",
        ),
    ),
    Task(
        id="bio.trophic_level",
        title="Trophic level in a food web",
        knob="species",
        draw=_web,
        solve=_trophic,
        second=_trophic_by_walks,
        answer=Rational(),
        show=_show_web,
        en=(
            "Producers have the trophic level 1; any other species has 1 plus the mean level of "
            "its food, weighted by parts of the diet. {rows}. What is the level of {last}, "
            "exactly?",
            "Compute the trophic level of {last} (1 + weighted mean of its prey; producers 1) from "
            "the diets {rows}.",
            "Trophic level of {last}: {rows}",
        ),
        zh=(
            "生产者营养级为 1；其他物种为 1 加其食物营养级按食谱份数的加权平均。{rows}"
            "（parts 为份数，producer 为生产者）。{last} 的营养级精确值是多少？",
            "由食谱 {rows} 求 {last} 的营养级（1 + 猎物加权平均，生产者为 1）。",
            "{last} 的营养级：{rows}",
        ),
    ),
)
