"""Heredity: crosses, kinship, gene maps and selection.

Source: Mendel's laws; Wright's path coefficients; Sturtevant's map; Fisher's selection recursion.
Exact fractions. Knob: the number of genes, individuals or generations.
"""

from fractions import Fraction
from itertools import product

from internbootcamp_env.answers import Rational, Words
from internbootcamp_env.draws import Draws
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
)
