"""Find a rule of a stated kind from examples and use it once.

Source: definitions only. The prompt names the kind of rule; a question is drawn only if every rule
of that kind that fits the examples gives the same answer. Knob: the number of examples, letters,
features or cells. (Long for the prompts of eight tasks.)
"""

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction

from internbootcamp_env.answers import Integer, Integers, Rational, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.grids import CharGrid, show_rows
from internbootcamp_env.task import Task


def _automaton(draws: Draws, level: int) -> dict | None:
    """Rows of an elementary automaton on a ring that show all eight neighbourhoods."""
    width = 7 + level
    table = draws.text(".#", 8)
    rows = [draws.text(".#", width)]
    for _ in range(3 + level // 4):
        rows.append(_next_row(rows[-1], table))
    asked = draws.text(".#", width)
    seen = {triple for row in rows[:-1] for triple in _triples(row)}
    after = _next_row(asked, table)
    if len(seen) < 8 or len(set(after)) < 2 or after in (*rows, asked):
        return None
    return {"rows": rows, "asked": asked}


def _triples(row: str) -> list[str]:
    return [row[i - 1] + row[i] + row[(i + 1) % len(row)] for i in range(len(row))]


def _next_row(row: str, table: str) -> str:
    return "".join(table[int(t.replace(".", "0").replace("#", "1"), 2)] for t in _triples(row))


def _continue_row(question: dict) -> str:
    table = {}
    for above, below in itertools.pairwise(question["rows"]):
        table |= dict(zip(_triples(above), below, strict=True))
    return "".join(table[triple] for triple in _triples(question["asked"]))


def _continue_row_by_rules(question: dict) -> str:
    """Try the 256 tables."""
    for cells in itertools.product(".#", repeat=8):
        table = "".join(cells)
        pairs = itertools.pairwise(question["rows"])
        if all(_next_row(above, table) == below for above, below in pairs):
            return _next_row(question["asked"], table)
    raise AssertionError("the drawn table fits")


def _operation(draws: Draws, level: int) -> dict | None:
    p, q = draws.between(-4 - level, 4 + level), draws.between(-4 - level, 4 + level)
    r = draws.between(-9 - 2 * level, 9 + 2 * level)
    pairs = [draws.integers(2, 1, 9 + level) for _ in range(4)]
    (a, b), (c, d), (e, f) = pairs[:3]
    if (c - a) * (f - b) == (d - b) * (e - a) or not p * q:
        return None
    facts = [[x, y, p * x + q * y + r] for x, y in pairs[:3]]
    return {"facts": facts, "asked": pairs[3]}


def _operate(question: dict) -> int:
    """Solve for the three constants by differences (Cramer's rule)."""
    (a, b, u), (c, d, v), (e, f, w) = question["facts"]
    bottom = (c - a) * (f - b) - (d - b) * (e - a)
    p = Fraction((v - u) * (f - b) - (d - b) * (w - u), bottom)
    q = Fraction((c - a) * (w - u) - (v - u) * (e - a), bottom)
    x, y = question["asked"]
    return int(u + p * (x - a) + q * (y - b))


def _operate_by_search(question: dict) -> int:
    (a, b, u), *others = question["facts"]
    x, y = question["asked"]
    for p, q in itertools.product(range(-14, 15), repeat=2):
        r = u - p * a - q * b
        if all(p * c + q * d + r == v for c, d, v in others):
            return p * x + q * y + r
    raise AssertionError("the constants were drawn from this range")


def _show_operation(question: dict) -> dict:
    facts = ", ".join(f"{a} @ {b} = {c}" for a, b, c in question["facts"])
    return {"facts": facts, "asked": " @ ".join(map(str, question["asked"]))}


def _law(draws: Draws, level: int) -> dict | None:
    """A power law y = k a^p b^q c^r; each row of the table changes one variable by a factor."""
    exponents = draws.integers(3, -2, 3)
    if exponents.count(0) > 1:
        return None
    scale = draws.between(2, 9 + 3 * level)
    base = draws.integers(3, 1, 3 + level)
    rows = [base]
    for place in range(3):
        row = list(base)
        row[place] *= draws.between(2, 3)
        rows.append(row)
    asked = draws.integers(3, 1, 4 + level)
    values = [_law_value(row, exponents, scale) for row in rows]
    return {"rows": rows, "values": [str(v) for v in values], "asked": asked}


def _law_value(row: list[int], exponents: list[int], scale: int) -> Fraction:
    value = Fraction(scale)
    for x, p in zip(row, exponents, strict=True):
        value *= Fraction(x) ** p
    return value


def _predict(question: dict) -> str:
    """The exponent of a variable is the logarithm of one ratio to the base of another."""
    values = [Fraction(v) for v in question["values"]]
    base, exponents = question["rows"][0], []
    for place, row in enumerate(question["rows"][1:]):
        factor, ratio, power = row[place] // base[place], values[place + 1] / values[0], 0
        while ratio > 1:
            ratio, power = ratio / factor, power + 1
        while ratio < 1:
            ratio, power = ratio * factor, power - 1
        exponents.append(power)
    value = values[0]
    for x, old, p in zip(question["asked"], base, exponents, strict=True):
        value *= Fraction(x, old) ** p
    return str(value)


def _predict_by_search(question: dict) -> str:
    values = [Fraction(v) for v in question["values"]]
    for exponents in itertools.product(range(-2, 4), repeat=3):
        powers = [_law_value(row, list(exponents), 1) for row in question["rows"]]
        scale = values[0] / powers[0]
        if all(scale * power == value for power, value in zip(powers, values, strict=True)):
            return str(scale * _law_value(question["asked"], list(exponents), 1))
    raise AssertionError("the exponents were drawn from this range")


def _show_law(question: dict) -> dict:
    rows = zip(question["rows"], question["values"], strict=True)
    lines = [f"a={a} b={b} c={c}: y={value}" for (a, b, c), value in rows]
    asked = " ".join(f"{n}={x}" for n, x in zip("abc", question["asked"], strict=True))
    return {"rows": "\n".join(lines), "asked": asked}


_NOUNS = ("cat", "dog", "bird", "child", "king", "fox", "cook", "nurse")
_VERBS = ("sees", "finds", "helps", "hears", "follows")
_KINDS = ("old", "red", "small", "wise", "tired")


def _language(draws: Draws, level: int) -> dict | None:
    """Sentences of adjective noun verb adjective noun, in another order with other words."""
    sizes = (3 + level // 3, 2 + level // 4, 2 + level // 4)
    parts = [
        draws.sample(words, n) for words, n in zip((_NOUNS, _VERBS, _KINDS), sizes, strict=True)
    ]
    made: list[str] = []
    while len(made) < sum(sizes):
        word = (
            draws.pick("bdgklmnprst")
            + draws.pick("aeiou")
            + draws.pick("klmnrst")
            + draws.pick("aeiou")
        )
        if word not in made:
            made.append(word)
    lexicon = dict(zip([w for part in parts for w in part], made, strict=True))
    order = draws.pick(_ORDERS)
    sentences = []
    for _ in range(4 + level // 2):
        subject, thing = draws.sample(parts[0], 2)
        words = [draws.pick(parts[2]), subject, draws.pick(parts[1]), draws.pick(parts[2]), thing]
        if words not in sentences:
            sentences.append(words)
    *examples, asked = sentences
    known = {word for words in examples for word in words}
    pairs = [[words, _arrange([lexicon[w] for w in words], order)] for words in examples]
    question = {"pairs": pairs, "asked": asked}
    if not set(asked) <= known or len(_readings(question)) != 1:
        return None
    return question


_ORDERS = tuple(
    tuple(place for group in groups for place in (group[::-1] if late else group))
    for groups in itertools.permutations(((0, 1), (2,), (3, 4)))
    for late in (False, True)
)


def _arrange(words: list[str], order: tuple[int, ...]) -> list[str]:
    return [words[place] for place in order]


def _readings(question: dict) -> list[list[str]]:
    """Translate under every word order that gives each word one meaning."""
    found: list[list[str]] = []
    for order in _ORDERS:
        lexicon: dict[str, str] = {}
        back: dict[str, str] = {}
        fits = True
        for words, foreign in question["pairs"]:
            for word, other in zip(_arrange(words, order), foreign, strict=True):
                fits &= lexicon.setdefault(word, other) == other
                fits &= back.setdefault(other, word) == word
        if fits:
            result = _arrange([lexicon[word] for word in question["asked"]], order)
            if result not in found:
                found.append(result)
    return found


def _translate(question: dict) -> list[str]:
    return _readings(question)[0]


def _translate_by_elimination(question: dict) -> list[str]:
    """Solve for the word order slot by slot, dropping orders that a pair of sentences refutes."""
    orders = list(_ORDERS)
    for (words, foreign), (others, strange) in itertools.combinations_with_replacement(
        question["pairs"], 2
    ):
        orders = [
            order
            for order in orders
            if all(
                (words[a] == others[b]) == (foreign[order.index(a)] == strange[order.index(b)])
                for a, b in itertools.product(range(5), repeat=2)
            )
        ]
    order = orders[0]
    meaning = {}
    for words, foreign in question["pairs"]:
        meaning |= {word: foreign[order.index(place)] for place, word in enumerate(words)}
    return [meaning[question["asked"][place]] for place in order]


def _show_language(question: dict) -> dict:
    lines = [
        f"the {w[0]} {w[1]} {w[2]} the {w[3]} {w[4]} = {' '.join(f)}" for w, f in question["pairs"]
    ]
    w = question["asked"]
    return {"pairs": "\n".join(lines), "asked": f"the {w[0]} {w[1]} {w[2]} the {w[3]} {w[4]}"}


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _shifted(text: str, by: int) -> str:
    return "".join(_LETTERS[(_LETTERS.index(c) + by) % 26] for c in text)


_WORD_STEPS: dict[str, Callable[[str], str]] = {
    "reverse": lambda t: t[::-1],
    "move the first letter to the end": lambda t: t[1:] + t[:1],
    "move the last letter to the front": lambda t: t[-1:] + t[:-1],
    "drop the first letter": lambda t: t[1:],
    "drop the last letter": lambda t: t[:-1],
    "double the first letter": lambda t: t[:1] + t,
    "double the last letter": lambda t: t + t[-1:],
    "replace every letter by the next (z by a)": lambda t: _shifted(t, 1),
    "replace every letter by the one before (a by z)": lambda t: _shifted(t, -1),
    "swap the first and the last letter": lambda t: t[-1:] + t[1:-1] + t[:1],
    "swap the letters in pairs": lambda t: "".join(t[i : i + 2][::-1] for i in range(0, len(t), 2)),
}


_WORD_STEPS_ZH = (
    "反转；首字母移到末尾；末字母移到开头；去掉首字母；去掉末字母；首字母写两遍；末字母写两遍；"
    "每个字母换成下一个（z 换成 a）；每个字母换成前一个（a 换成 z）；首末字母互换；字母两两互换"
)


def _word_rule(draws: Draws, level: int) -> dict | None:
    depth = 2
    steps = [draws.pick(list(_WORD_STEPS)) for _ in range(depth)]
    length = 4 + level
    words = [draws.text(_LETTERS, length) for _ in range(3)]
    pairs = [[word, _through(word, steps)] for word in words[:2]]
    question = {"pairs": pairs, "asked": words[2], "depth": depth}
    results = set(_word_results(question))
    if any(a == b for a, b in pairs) or len(results) != 1:
        return None
    (result,) = results
    shown = [words[2], *itertools.chain.from_iterable(pairs)]
    return None if any(result in word for word in shown) else question


def _through(text: str, steps: list[str] | tuple[str, ...]) -> str:
    for step in steps:
        text = _WORD_STEPS[step](text)
    return text


def _word_results(question: dict) -> Iterator[str]:
    """Apply every composition that fits both examples; prefixes are shared."""
    reached = [(tuple(pair[0] for pair in question["pairs"]), question["asked"])]
    goal = tuple(pair[1] for pair in question["pairs"])
    for _ in range(question["depth"]):
        reached = list({
            (tuple(map(step, words)), step(asked))
            for words, asked in reached
            for step in _WORD_STEPS.values()
        })  # fmt: skip
    yield from sorted(asked for words, asked in reached if words == goal)


def _word_answer(question: dict) -> str:
    return next(_word_results(question))


def _word_answer_by_trial(question: dict) -> str:
    for steps in itertools.product(list(_WORD_STEPS)[::-1], repeat=question["depth"]):
        if all(_through(word, steps) == after for word, after in question["pairs"]):
            return _through(question["asked"], steps)
    raise AssertionError("the drawn steps fit")


def _show_words(question: dict) -> dict:
    return {
        "pairs": ", ".join(f"{a} -> {b}" for a, b in question["pairs"]),
        "asked": question["asked"],
        "depth": question["depth"],
        "steps": "; ".join(_WORD_STEPS),
        "steps_zh": _WORD_STEPS_ZH,
    }


def _concept(draws: Draws, level: int) -> dict | None:
    """Positives that agree exactly on the concept, and a near miss for each of its literals."""
    count = 5 + level // 4
    needed = {i: draws.pick("01") for i in draws.sample(range(count), draws.between(2, 3))}

    def item(values: dict[int, str]) -> str:
        return "".join(values.get(i) or draws.pick("01") for i in range(count))

    good = [item(needed) for _ in range(3 + level // 3)]
    common = {i for i in range(count) if len({text[i] for text in good}) == 1}
    if common != set(needed):
        return None
    bad = [item(needed | {i: "10"[int(needed[i])]}) for i in sorted(needed)]
    asked = [
        item({i: v for i, v in needed.items() if draws.chance(4, 5)}) for _ in range(6 + level // 2)
    ]
    question = {"good": good, "bad": bad, "asked": asked}
    return question if 2 <= _classified(question).count("Y") <= len(asked) - 2 else None


def _classified(question: dict) -> str:
    """The features on which all positives agree are the concept."""
    good = question["good"]
    common = [i for i in range(len(good[0])) if len({text[i] for text in good}) == 1]
    return "".join(
        "Y" if all(text[i] == good[0][i] for i in common) else "N" for text in question["asked"]
    )


def _classified_by_versions(question: dict) -> str:
    """Keep every pattern of 0, 1 and - that fits; they must agree."""
    verdicts = set()

    def fits(pattern: tuple[str, ...], text: str) -> bool:
        return all(p in ("-", c) for p, c in zip(pattern, text, strict=True))

    for pattern in itertools.product("01-", repeat=len(question["good"][0])):
        if all(fits(pattern, text) for text in question["good"]) and not any(
            fits(pattern, text) for text in question["bad"]
        ):
            verdicts.add("".join("Y" if fits(pattern, text) else "N" for text in question["asked"]))
    (verdict,) = verdicts
    return verdict


def _matrix(draws: Draws, level: int) -> dict | None:
    """Three rows of three cells of numbers; each place of a cell keeps one rule along the rows."""
    places, top = 2 + level // 3, 9 + level
    rows = []
    rules = [draws.pick(_ROW_RULES) for _ in range(places)]
    steps = [draws.between(1, 5) for _ in range(places)]
    for _ in range(3):
        cells: list[list[int]] = [[], [], []]
        for rule, step in zip(rules, steps, strict=True):
            a, b = draws.between(1, top), draws.between(1, top)
            second = {"step": a + step, "same": a}.get(rule, b)
            third = _third(rule, a, second)
            for cell, value in zip(cells, (a, second, third), strict=True):
                cell.append(value)
        rows.append(cells)
    question = {"rows": rows[:2], "last": rows[2][:2]}
    return question if all(len(values) == 1 for values in _thirds(question)) else None


_ROW_RULES = ("step", "same", "sum", "difference", "maximum")


def _third(rule: str, a: int, b: int) -> int:
    return {"step": 2 * b - a, "same": b, "sum": a + b, "difference": a - b, "maximum": max(a, b)}[
        rule
    ]


def _thirds(question: dict) -> list[set[int]]:
    """For each place, the values that the rules which fit both rows give."""
    result = []
    for place in range(len(question["last"][0])):
        triples = [[cell[place] for cell in row] for row in question["rows"]]
        a, b = (cell[place] for cell in question["last"])
        values = set()
        for rule in _ROW_RULES:
            if all(_obeys(rule, triple, triples[0]) for triple in triples) and _starts(
                rule, a, b, triples[0]
            ):
                values.add(_third(rule, a, b))
        result.append(values)
    return result


def _obeys(rule: str, triple: list[int], first: list[int]) -> bool:
    right = _third(rule, *triple[:2]) == triple[2]
    return right and _starts(rule, triple[0], triple[1], first)


def _starts(rule: str, a: int, b: int, first: list[int]) -> bool:
    """A step is the same in every row; 'same' keeps the value along the row."""
    if rule == "step":
        return b - a == first[1] - first[0]
    return rule != "same" or a == b


def _last_cell(question: dict) -> list[int]:
    return [min(values) for values in _thirds(question)]


def _last_cell_by_tests(question: dict) -> list[int]:
    """Test the kinds of rule in a fixed order of their own."""
    cell = []
    for place in range(len(question["last"][0])):
        rows = [[part[place] for part in row] for row in question["rows"]]
        a, b = (part[place] for part in question["last"])
        (p, q, r), (x, y, z) = rows
        if a == b and p == q == r and x == y == z:
            cell.append(a)
        elif r == max(p, q) and z == max(x, y):
            cell.append(max(a, b))
        elif r == p - q and z == x - y:
            cell.append(a - b)
        elif r == p + q and z == x + y:
            cell.append(a + b)
        else:
            cell.append(b + q - p)
    return cell


def _show_matrix(question: dict) -> dict:
    def text(cell: list[int]) -> str:
        return "(" + ", ".join(map(str, cell)) + ")"

    lines = ["  ".join(map(text, row)) for row in question["rows"]]
    return {"rows": "\n".join([*lines, "  ".join([*map(text, question["last"]), "?"])])}


_TURNS: tuple[Callable[[list[str]], list[str]], ...] = (
    lambda g: list(g),
    lambda g: ["".join(column) for column in zip(*g[::-1], strict=True)],
    lambda g: [row[::-1] for row in g[::-1]],
    lambda g: ["".join(column) for column in zip(*g, strict=True)][::-1],
    lambda g: [row[::-1] for row in g],
    lambda g: g[::-1],
    lambda g: ["".join(column) for column in zip(*g, strict=True)],
    lambda g: [row[::-1] for row in ["".join(c) for c in zip(*g[::-1], strict=True)]],
)


def _grid_pair(draws: Draws, level: int) -> dict | None:
    side, colours = 3 + level // 3, "ABCDE"[: 3 + level // 4]
    first, asked = ([draws.text(colours, side) for _ in range(side)] for _ in range(2))
    table = str.maketrans(colours, "".join(draws.shuffled(colours)))
    turn = draws.pick(_TURNS)
    after = [row.translate(table) for row in turn(first)]
    question = {"first": first, "after": after, "asked": asked}
    full = set("".join(first)) == set(colours)
    return question if full and after != first and len(_grid_results(question)) == 1 else None


def _grid_results(question: dict) -> list[list[str]]:
    """Try the eight turns and mirrors; each forces the exchange of letters, or fails."""
    found: list[list[str]] = []
    for turn in _TURNS:
        table: dict[str, str] = {}
        cells = zip("".join(turn(question["first"])), "".join(question["after"]), strict=True)
        if all(table.setdefault(a, b) == b for a, b in cells) and len(set(table.values())) == len(
            table
        ):
            result = [row.translate(str.maketrans(table)) for row in turn(question["asked"])]
            if result not in found:
                found.append(result)
    return found


def _grid_answer(question: dict) -> list[str]:
    return _grid_results(question)[0]


def _grid_answer_by_colours(question: dict) -> list[str]:
    """Try all exchanges of colours first, then look for the turn."""
    colours = sorted(set("".join(question["first"])))
    for names in itertools.permutations(colours):
        table = str.maketrans(dict(zip(colours, names, strict=True)))
        painted = [row.translate(table) for row in question["first"]]
        for turn in reversed(_TURNS):
            if turn(painted) == question["after"]:
                return turn([row.translate(table) for row in question["asked"]])
    raise AssertionError("the drawn change fits")


def _show_grids(question: dict) -> dict:
    return {name: show_rows(rows) for name, rows in question.items()}


TASKS = (
    Task(
        id="ind.cellular_rule",
        version=2,
        title="Next row of an automaton known from a picture",
        knob="width",
        draw=_automaton,
        solve=_continue_row,
        second=_continue_row_by_rules,
        answer=Word(".#", "Write the row of . and #.", "写出由 . 和 # 组成的一行。"),
        show=lambda q: {"rows": show_rows(q["rows"]), "asked": q["asked"]},
        en=(
            "Each row follows from the one above by a fixed rule: a cell depends on the cell above "
            "it and that cell's two neighbours (the ends are neighbours).\n{rows}\nBy the same "
            "rule, what follows {asked}?",
            "Infer the rule of this ring of cells (new cell from three cells above) and apply it "
            "to {asked}:\n{rows}",
            "{rows}\n---\n{asked} ->",
        ),
        zh=(
            "每行由上一行按固定规则得到：每格取决于正上方的格及其左右邻（首尾相邻）。\n{rows}\n按"
            "同一规则，"
            "{asked} 之后是什么？",
            "推断这个环形格子的规则（新格由上方三格决定），并用于 {asked}：\n{rows}",
            "{rows}\n---\n{asked} ->",
        ),
    ),
    Task(
        id="ind.linear_operation",
        title="An unknown operation from three examples",
        knob="size of the constants",
        draw=_operation,
        solve=_operate,
        second=_operate_by_search,
        answer=Integer(),
        show=_show_operation,
        en=(
            "a @ b stands for p a + q b + r with fixed integers p, q, r. Given {facts}, what is "
            "{asked}?",
            "The operation @ is linear, a @ b = pa + qb + r. From {facts} find {asked}.",
            "{facts}; {asked} =",
        ),
        zh=(
            "a @ b 表示 p a + q b + r，p、q、r 为固定整数。已知 {facts}，{asked} 是多少？",
            "运算 @ 形如 a @ b = pa + qb + r。由 {facts} 求 {asked}。",
            "{facts}；{asked} =",
        ),
    ),
    Task(
        id="ind.power_law",
        title="Predict by a power law from measurements",
        knob="size of the values",
        draw=_law,
        solve=_predict,
        second=_predict_by_search,
        answer=Rational(),
        show=_show_law,
        size=lambda q: sum(q["rows"][0]) + sum(q["asked"]),
        en=(
            "y is a constant times a power of a, a power of b and a power of c, with integer "
            "exponents from -2 to 3. Measurements:\n{rows}\nWhat is y for {asked}?",
            "Fit y = k a^p b^q c^r (integer p, q, r between -2 and 3) exactly to\n{rows}\nand give "
            "y at {asked}.",
            "{rows}\n{asked}: y =",
        ),
        zh=(
            "y 等于常数乘以 a、b、c 的幂，指数为 -2 到 3 的整数。测量：\n{rows}\n{asked} 时 y 是多"
            "少？",
            "把 y = k a^p b^q c^r（p、q、r 为 -2 到 3 的整数）精确拟合\n{rows}\n并写出 {asked} 处"
            "的 y。",
            "{rows}\n{asked}：y =",
        ),
    ),
    Task(
        id="ind.mini_language",
        title="Translate into a language known from examples",
        knob="words",
        draw=_language,
        solve=_translate,
        second=_translate_by_elimination,
        answer=Words(example="zuzu"),
        show=_show_language,
        en=(
            "Sentences with their translation into another language, which has no articles, a "
            "fixed order of subject, verb and object, and puts every adjective on the same side of "
            "its noun:\n{pairs}\nTranslate: {asked}",
            "From these translations (one word for one word, fixed word order) work out\n{pairs}\n"
            "how to say '{asked}'.",
            "{pairs}\n{asked} =",
        ),
        zh=(
            "下列句子译成另一种语言：该语言没有冠词，主、谓、宾顺序固定，形容词总在名词的同一侧："
            "\n{pairs}\n"
            "翻译：{asked}",
            "由这些译文（逐词对应，语序固定）推断\n{pairs}\n“{asked}”怎么说。",
            "{pairs}\n{asked} =",
        ),
    ),
    Task(
        id="ind.word_rule",
        version=2,
        title="Change a word as two others were changed",
        knob="length",
        draw=_word_rule,
        solve=_word_answer,
        second=_word_answer_by_trial,
        answer=Word(_LETTERS),
        show=_show_words,
        en=(
            "The same {depth} steps, in the same order, out of this list (one may come twice) made "
            "the changes {pairs}: {steps}. What do they make of {asked}?",
            "{pairs}. Both words went through the same {depth} of these steps: {steps}. Do the "
            "same to {asked}.",
            "{pairs}; {asked} -> ? ({depth} of: {steps})",
        ),
        zh=(
            "从下表中取同样的 {depth} 个步骤（可重复），以同样顺序得到变化 {pairs}：{steps_zh}。"
            "{asked} 会变成什么？",
            "{pairs}。两个词经过表中同样的 {depth} 个步骤：{steps_zh}。对 {asked} 做同样的变化。",
            "{pairs}；{asked} -> ?（{depth} 步，取自：{steps_zh}）",
        ),
    ),
    Task(
        id="ind.conjunction",
        title="Classify items by a concept known from examples",
        knob="features",
        draw=_concept,
        solve=_classified,
        second=_classified_by_versions,
        answer=Word("YN", "Write one word of the letters Y and N.", "写成由 Y 和 N 组成的一个词。"),
        en=(
            "Items are rows of bits. An item belongs to a class exactly if certain of its places "
            "have certain values. In the class: {good}. Not in it: {bad}. Write Y or N for each of "
            "{asked}.",
            "A hidden conjunction over bit positions accepts {good} and rejects {bad}. Classify "
            "{asked} in order (Y accepted, N rejected).",
            "Yes {good}; no {bad}; classify {asked}:",
        ),
        zh=(
            "每件物品是一串比特。物品属于某类当且仅当某些位置取特定值。属于：{good}。不属于："
            "{bad}。对 {asked} "
            "逐个写 Y 或 N。",
            "一个关于比特位置的合取接受 {good}，拒绝 {bad}。依次判断 {asked}（接受 Y，拒绝 N）。",
            "是 {good}；否 {bad}；判断 {asked}：",
        ),
    ),
    Task(
        id="ind.matrix_reasoning",
        title="Last cell of a matrix of numbers",
        knob="numbers in a cell",
        draw=_matrix,
        solve=_last_cell,
        second=_last_cell_by_tests,
        answer=Integers(),
        show=_show_matrix,
        en=(
            "In each place of the cells, one rule holds along every row: the value stays the same; "
            "or it goes up by a step that is the same in all rows; or the third is the sum of the "
            "first two, the first minus the second, or the larger of them. Which numbers stand in "
            "the missing cell?\n{rows}",
            "Complete the matrix; each component follows, in all rows, one of: constant, equal "
            "steps (same in all rows), sum, difference (first minus second), maximum.\n{rows}",
            "{rows}\n? =",
        ),
        zh=(
            "格中每个位置在各行都遵循同一规则：不变；或每次增加各行相同的步长；或第三个是前两个之"
            "和、第一减第二、"
            "或较大者。缺少的格中是哪些数？\n{rows}",
            "补全矩阵；每个分量在各行遵循之一：不变、等步长（各行相同）、和、差（第一减第二）、最"
            "大值。\n{rows}",
            "{rows}\n? =",
        ),
    ),
    Task(
        id="ind.grid_change",
        title="Change a grid as another was changed",
        knob="side",
        draw=_grid_pair,
        solve=_grid_answer,
        second=_grid_answer_by_colours,
        answer=CharGrid("ABCDE"),
        show=_show_grids,
        en=(
            "The grid\n{first}\nbecame\n{after}\nby a turn or a mirroring and an exchange of "
            "letters (each letter always to the same one). What becomes of\n{asked}",
            "Apply to\n{asked}\nthe same rotation or reflection and the same renaming of letters "
            "that took\n{first}\nto\n{after}",
            "{first}\n->\n{after}\n{asked}\n->",
        ),
        zh=(
            "网格\n{first}\n经过旋转或镜像以及字母替换（同一字母总换成同一个）变为\n{after}\n那么"
            "下面的会变成什么？"
            "\n{asked}",
            "对\n{asked}\n做与把\n{first}\n变成\n{after}\n相同的旋转或反射及字母替换。",
            "{first}\n->\n{after}\n{asked}\n->",
        ),
    ),
)
