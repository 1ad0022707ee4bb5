"""Clauses and formulas: models, most satisfied clauses, counts, refutations, equivalence.

Source: textbook definitions (Davis, Putnam, Logemann and Loveland 1962, Robinson 1965). Knob: the
number of variables and clauses. Models and proofs are checked step by step.
"""

from collections.abc import Iterator

from internbootcamp_env.answers import Integer, Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import propositional as logic
from internbootcamp_env.engines import witnesses
from internbootcamp_env.task import Task


def _planted(draws: Draws, level: int) -> dict:
    count = 5 + level
    hidden = {n * draws.pick((1, -1)) for n in range(1, count + 1)}
    clauses = []
    while len(clauses) < 4 * count:
        clause = logic.random_clause(draws, count, 3)
        if logic.satisfied(clause, hidden):
            clauses.append(clause)
    return {"count": count, "clauses": clauses}


def _model(question: dict, prefer: bool = True) -> list[int]:
    found = logic.find_model(question["clauses"], question["count"], prefer=prefer)
    assert found is not None, "a model was drawn first"
    return found


def _check_model(question: dict, literals: list[int]) -> str:
    if wrong := logic.read_model(literals, question["count"]):
        return wrong
    model = set(literals)
    broken = next((c for c in question["clauses"] if not logic.satisfied(c, model)), None)
    return f"the clause {broken} is false" if broken else ""


def _wrong_models(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """Make all literals of some clause false."""
    texts = witnesses.spoilt(answer, 0)
    for clause in draws.sample(question["clauses"], 2):
        flipped = [-n if n in clause else n for n in answer]
        texts.append(" ".join(map(str, flipped)))
    return texts


def _show_clauses(question: dict) -> dict:
    return {"clauses": logic.show_clauses(question["clauses"]), "count": question["count"]}


def _crowded(draws: Draws, level: int) -> dict:
    count = 6 + level // 5
    clauses = [logic.random_clause(draws, count, 2 + draws.below(2)) for _ in range(14 + 2 * level)]
    return {"count": count, "clauses": clauses}


def _score(question: dict, literals: list[int]) -> int:
    model = set(literals)
    return sum(logic.satisfied(clause, model) for clause in question["clauses"])


def _all_models(count: int) -> list[list[int]]:
    return [
        [n if mask >> (n - 1) & 1 else -n for n in range(1, count + 1)]
        for mask in range(1 << count)
    ]


def _best(question: dict) -> list[int]:
    """Compare all assignments; a clause is false where it differs from them in every place."""
    count = question["count"]
    tests = [
        (sum(1 << (x - 1) for x in c if x > 0), sum(1 << (-x - 1) for x in c if x < 0))
        for c in question["clauses"]
    ]
    lost = [
        sum(not mask & positive and mask & negative == negative for positive, negative in tests)
        for mask in range(1 << count)
    ]
    mask = lost.index(min(lost))
    return [n if mask >> (n - 1) & 1 else -n for n in range(1, count + 1)]


def _best_by_branching(question: dict) -> list[int]:
    """Fix variables in turn, give up where too many clauses are lost already."""
    count, best = question["count"], (10**9, [])

    def search(model: list[int]) -> None:
        nonlocal best
        lost = sum(all(-x in model for x in clause) for clause in question["clauses"])
        if lost >= best[0]:
            return
        if len(model) == count:
            best = (lost, model)
            return
        for literal in (-len(model) - 1, len(model) + 1):
            search([*model, literal])

    search([])
    return best[1]


def _check_best(question: dict, literals: list[int]) -> str:
    if wrong := logic.read_model(literals, question["count"]):
        return wrong
    score, best = _score(question, literals), _score(question, _best(question))
    return "" if score == best else f"{score} clauses are true, {best} are possible"


def _wrong_best(question: dict, answer: list[int], draws: Draws) -> list[str]:
    best, texts = _score(question, answer), witnesses.spoilt(answer, 0)
    for n in range(question["count"]):
        flipped = [-x if i == n else x for i, x in enumerate(answer)]
        if _score(question, flipped) < best:
            texts.append(" ".join(map(str, flipped)))
    return texts


def _countable(draws: Draws, level: int) -> dict:
    count, size = 7 + level // 4, draws.between(4 + level // 3, 7 + level // 2)
    clauses = [logic.random_clause(draws, count, 2 + draws.below(2)) for _ in range(size)]
    return {"count": count, "clauses": clauses}


def _count(question: dict) -> int:
    """Count by splitting on one variable after another."""

    def count(clauses: list[list[int]], variable: int) -> int:
        if not all(clauses):
            return 0
        if variable > question["count"]:
            return 1
        total = 0
        for literal in (variable, -variable):
            rest = [[x for x in c if x != -literal] for c in clauses if literal not in c]
            total += count(rest, variable + 1)
        return total

    return count(question["clauses"], 1)


def _count_by_listing(question: dict) -> int:
    whole = len(question["clauses"])
    return sum(_score(question, model) == whole for model in _all_models(question["count"]))


def _refutable(draws: Draws, level: int) -> dict:
    """Grow clauses backwards from the empty one: split a clause on a variable it lacks."""
    count = 3 + level // 2
    clauses: list[list[int]] = [[]]
    while len(clauses) < 7 + level // 2:
        place = draws.below(len(clauses))
        clause = clauses[place]
        free = [n for n in range(1, count + 1) if n not in map(abs, clause)]
        if not free or len(clause) > 2:
            continue
        pivot = draws.pick(free)
        keep = [x for x in clause if draws.chance(2, 3)]
        clauses[place] = [*keep, pivot]
        clauses.append([*(x for x in clause if x not in keep or draws.chance(1, 3)), -pivot])
    kept = {tuple(sorted(clause, key=abs)) for clause in clauses}
    return {"clauses": [list(c) for c in draws.shuffled(sorted(kept))]}


def _resolvent(a: frozenset[int], b: frozenset[int]) -> frozenset[int] | None:
    """Return the resolvent of two clauses that clash in exactly one variable."""
    clash = [x for x in a if -x in b]
    return (a | b) - {clash[0], -clash[0]} if len(clash) == 1 else None


def _refutation(question: dict, backwards: bool = False) -> list[str]:
    """Saturate by resolution, shortest clauses first, and keep the steps that matter."""
    clauses = [frozenset(c) for c in question["clauses"]]
    parents: dict[int, tuple[int, int]] = {}
    known = set(clauses)
    done: list[int] = []
    waiting = list(range(len(clauses)))
    while waiting:
        order = sorted(waiting, key=lambda n: (len(clauses[n]), -n if backwards else n))
        n = order[0]
        waiting.remove(n)
        for m in done:
            fresh = _resolvent(clauses[m], clauses[n])
            if fresh is None or fresh in known:
                continue
            known.add(fresh)
            parents[len(clauses)] = (m, n)
            waiting.append(len(clauses))
            clauses.append(fresh)
            if not fresh:
                return _steps(len(question["clauses"]), len(clauses) - 1, parents)
        done.append(n)
    raise AssertionError("the clauses were split from the empty one")


def _steps(given: int, last: int, parents: dict[int, tuple[int, int]]) -> list[str]:
    needed, queue = set(), [last]
    for n in queue:
        if n in parents and n not in needed:
            needed.add(n)
            queue += parents[n]
    numbers = {n: n + 1 for n in range(given)}
    texts = []
    for n in sorted(needed):
        a, b = parents[n]
        texts.append(f"{numbers[a]}+{numbers[b]}")
        numbers[n] = given + len(texts)
    return texts


def _check_refutation(question: dict, steps: list[str]) -> str:
    clauses = [frozenset(c) for c in question["clauses"]]
    if len(steps) > 200:
        return "more than 200 steps"
    for step in steps:
        left, plus, right = step.partition("+")
        if not (plus and left.isascii() and left.isdigit() and right.isascii() and right.isdigit()):
            return f"{step!r} is not of the form 1+2"
        if len(left) > 3 or len(right) > 3:
            return f"{step!r} names no clause"
        a, b = int(left), int(right)
        if not (1 <= a <= len(clauses) and 1 <= b <= len(clauses)):
            return f"{step!r} names a clause that is not there yet"
        fresh = _resolvent(clauses[a - 1], clauses[b - 1])
        if fresh is None:
            return f"{step!r}: the clauses do not clash in exactly one variable"
        clauses.append(fresh)
    return "" if steps and not clauses[-1] else "the last clause is not empty"


def _wrong_refutations(question: dict, answer: list[str], draws: Draws) -> list[str]:
    """Without its last step a proof has not reached the empty clause; 1+1 never clashes."""
    rows = [answer[:-1], ["1+1"], [*answer, "99+98"], [*answer, "1+1"]]
    return [" ".join(row) or "none" for row in rows]


def _show_numbered(question: dict) -> dict:
    rows = [f"{n}: {' or '.join(map(str, c))}" for n, c in enumerate(question["clauses"], 1)]
    return {"clauses": "; ".join(rows)}


def _two_formulas(draws: Draws, level: int, equal: bool) -> dict:
    """Rewrite a formula by laws that keep its meaning, and break one place if it must differ."""
    count = 3 + level // 4
    first = logic.random_formula(draws, count, 3 + level // 2)
    second = _rewritten(draws, first)
    if not equal:
        second = _broken(draws, second)
    return {"count": count, "first": first, "second": second}


def _rewritten(draws: Draws, formula: list | int) -> list | int:
    if isinstance(formula, int):
        return formula
    sign, *parts = formula
    parts = [_rewritten(draws, part) for part in parts]
    if sign == "implies":
        return ["or", ["not", parts[0]], parts[1]] if draws.chance(1, 2) else [sign, *parts]
    if sign in ("and", "or") and draws.chance(1, 2):
        other = {"and": "or", "or": "and"}[sign]
        return ["not", [other, ["not", parts[0]], ["not", parts[1]]]]
    if sign in ("and", "or", "iff"):
        return [sign, parts[1], parts[0]]
    return [sign, *parts]


def _broken(draws: Draws, formula: list | int) -> list | int:
    if isinstance(formula, int) or draws.chance(1, 4):
        return ["not", formula]
    sign, *parts = formula
    place = draws.below(len(parts))
    return [sign, *(_broken(draws, p) if n == place else p for n, p in enumerate(parts))]


def _balanced_formulas(draws: Draws, level: int) -> dict:
    wanted = draws.chance(1, 2)
    while True:
        question = _two_formulas(draws, level, wanted)
        if wanted or _difference(question) != "equal":
            return question


def _differences(question: dict) -> Iterator[str]:
    count = question["count"]
    for mask in range(1 << count):
        if logic.evaluate(question["first"], mask) != logic.evaluate(question["second"], mask):
            yield "".join(str(mask >> n & 1) for n in range(count))


def _difference(question: dict) -> str:
    return next(_differences(question), "equal")


def _check_difference(question: dict, text: str) -> str:
    if text == "equal":
        return "" if _difference(question) == "equal" else "they differ"
    if len(text) != question["count"] or not set(text) <= {"0", "1"}:
        return "the answer is equal, or one digit 0 or 1 per variable"
    mask = sum(int(bit) << n for n, bit in enumerate(text))
    values = [logic.evaluate(question[name], mask) for name in ("first", "second")]
    return "" if values[0] != values[1] else "both have the same value there"


def _wrong_differences(question: dict, answer: str, draws: Draws) -> list[str]:
    zeros = "0" * question["count"]
    texts = [zeros + "1", "same", "2" * question["count"]]
    return [*texts, *([zeros] if answer == "equal" else ["equal"])]


def _show_formulas(question: dict) -> dict:
    letters = "".join(chr(65 + n) for n in range(question["count"]))
    first, second = (logic.show_formula(question[name]) for name in ("first", "second"))
    return {"first": first, "second": second, "letters": letters}


TASKS = (
    Task(
        id="logic.sat_model",
        title="A model of clauses",
        knob="variables",
        verifier="C",
        draw=_planted,
        solve=_model,
        second=lambda q: _model(q, prefer=False),
        check=_check_model,
        wrong=_wrong_models,
        answer=Integers(),
        show=_show_clauses,
        en=(
            "Make the variables 1 to {count} true or false so that {clauses} holds, where -n means "
            "'n is false'. List n for a true and -n for a false variable, for every variable.",
            "Find a satisfying assignment over variables 1 to {count} of the CNF {clauses}, "
            "written "
            "as signed numbers.",
            "Model over 1 to {count}, signed: {clauses}",
        ),
        zh=(
            "给变量 1 至 {count} 赋真假，使 {clauses} 成立（-n 表示 n 为假，and、or 为与、或）。"
            "对每个变量，真写 n，假写 -n。",
            "求合取范式 {clauses} 在变量 1 至 {count} 上的一个满足赋值，写成带符号的数。",
            "1 至 {count} 的模型（带符号）：{clauses}",
        ),
    ),
    Task(
        id="logic.max_sat",
        title="An assignment that makes most clauses true",
        knob="variables and clauses",
        verifier="O",
        draw=_crowded,
        solve=_best,
        second=_best_by_branching,
        check=_check_best,
        wrong=_wrong_best,
        answer=Integers(),
        show=_show_clauses,
        en=(
            "Choose true or false for the variables 1 to {count} so that as many of these clauses "
            "as possible hold: {clauses}. List n for true and -n for false.",
            "Solve MaxSAT over the variables 1 to {count}: {clauses}. Give an optimal assignment "
            "as "
            "signed numbers.",
            "MaxSAT over 1 to {count}, signed: {clauses}",
        ),
        zh=(
            "给变量 1 至 {count} 选真假，使下列子句尽可能多地成立：{clauses}。真写 n，假写 -n。",
            "求变量 1 至 {count} 上的最大可满足问题：{clauses}。用带符号的数写出一个最优赋值。",
            "1 至 {count} 的 MaxSAT（带符号）：{clauses}",
        ),
    ),
    Task(
        id="logic.model_count",
        title="Number of models",
        knob="variables and clauses",
        draw=_countable,
        solve=_count,
        second=_count_by_listing,
        size=lambda q: 4 * q["count"] + len(q["clauses"]),
        answer=Integer(),
        show=_show_clauses,
        en=(
            "How many of the assignments of true and false to the variables 1 to {count} make "
            "{clauses} true (-n: not n)?",
            "Count the models over the variables 1 to {count} of {clauses}.",
            "#SAT over 1 to {count}: {clauses}",
        ),
        zh=(
            "变量 1 至 {count} 的真假赋值中，有多少个使 {clauses} 为真（-n 表示非 n）？",
            "求 {clauses} 在变量 1 至 {count} 上的模型数。",
            "1 至 {count} 上的模型数：{clauses}",
        ),
    ),
    Task(
        id="logic.resolution_proof",
        title="A refutation by resolution",
        knob="clauses",
        verifier="C",
        draw=_refutable,
        solve=_refutation,
        second=lambda q: _refutation(q, backwards=True),
        check=_check_refutation,
        wrong=_wrong_refutations,
        answer=Words(example="1+1"),
        show=_show_numbered,
        en=(
            "These numbered clauses contradict each other (-n is the negation of n): {clauses}. "
            "Derive the empty clause by resolution. Write each step as two clause numbers joined "
            "by +; its result gets the next free number. The two must clash in exactly one "
            "variable.",
            "Give a resolution refutation of {clauses}: a list such as 1+4 2+5, where each step "
            "resolves two earlier clauses (clashing in one variable only) and is numbered next.",
            "Resolution refutation (steps like 1+4): {clauses}",
        ),
        zh=(
            "下列编号子句互相矛盾（-n 是 n 的否定）：{clauses}。用归结推出空子句。"
            "每步写成用 + 连接的两个子句编号，结果得到下一个编号；两子句须恰在一个变量上相反。",
            "给出 {clauses} 的归结反驳：如 1+4 2+5 的列表，每步归结两个已有子句"
            "（仅一个变量相反），结果依次编号。",
            "归结反驳（步骤形如 1+4）：{clauses}",
        ),
    ),
    Task(
        id="logic.formula_difference",
        title="Equivalent formulas, or an assignment that tells them apart",
        knob="operators",
        verifier="D",
        draw=_balanced_formulas,
        solve=_difference,
        another=lambda q: (list(_differences(q)) or ["equal"])[-1],
        echoes=True,
        check=_check_difference,
        wrong=_wrong_differences,
        ways=2,
        answer=Word("", "The answer is 'equal' or a row of digits.", "答案是 equal 或一串数字。"),
        show=_show_formulas,
        en=(
            "Are {first} and {second} equivalent? If so, answer 'equal'; if not, give values (1 "
            "true, 0 false) of {letters}, in this order and without spaces, for which they differ.",
            "Compare {first} with {second}. Write 'equal' if no assignment separates them, else a "
            "separating assignment of {letters} as digits 0 and 1.",
            "'equal' or separating values of {letters}: {first} ; {second}",
        ),
        zh=(
            "{first} 与 {second} 等价吗？等价则答 equal；否则按顺序写出 {letters} 的取值"
            "（1 真 0 假，不加空格），使两者不同。",
            "比较 {first} 与 {second}。若没有赋值能区分则写 equal，"
            "否则用 0、1 写出一个能区分的 {letters} 赋值。",
            "equal 或区分两式的 {letters} 取值：{first} ; {second}",
        ),
    ),
)
