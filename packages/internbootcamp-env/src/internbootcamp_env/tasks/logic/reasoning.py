"""Reasoning: knights and liars, derivations, possible worlds, arguments, combinators.

Source: Smullyan's puzzles; textbook definitions (Horn 1951, Kripke 1963, Dung 1995, Schönfinkel
1924). Knob: the number of people, rules, worlds, arguments or letters.
"""

from internbootcamp_env.answers import Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import graphs
from internbootcamp_env.engines.graphs import node_name
from internbootcamp_env.task import Task

Claim = list


def _holds(claim: Claim, mask: int) -> bool:
    """Evaluate a claim; bit n of the mask tells whether person n is a knight."""
    kind, a, b = claim
    first, second = mask >> a & 1, mask >> b & 1
    if kind == "knight":
        return bool(first)
    if kind == "liar":
        return not first
    if kind == "same":
        return first == second
    if kind == "either":
        return bool(first or second)
    return not (first or second)


def _consistent(says: list[tuple[int, Claim]] | list[list], mask: int) -> bool:
    return all(_holds(claim, mask) == bool(mask >> who & 1) for who, claim in says)


def _island(draws: Draws, level: int) -> dict:
    """Draw the kinds first and add claims until nothing else fits."""
    count = 5 + level // 3
    truth = draws.below(1 << count)
    fitting = range(1 << count)
    says: list[list] = []
    while len(fitting) > 1 or len(says) < count - 1:
        who = len(says) % count
        others = [n for n in range(count) if n != who]
        a, b = draws.sample(others, 2)
        claim = [draws.pick(("knight", "liar", "same", "either", "neither")), a, b]
        if _holds(claim, truth) != bool(truth >> who & 1):
            continue
        says.append([who, claim])
        fitting = [mask for mask in fitting if _consistent(says[-1:], mask)]
        if len(says) > 3 * count:
            return {}
    return {"count": count, "says": says}


def _draw_island(draws: Draws, level: int) -> dict | None:
    return _island(draws, level) or None


def _kinds(question: dict) -> str:
    count = question["count"]
    mask = next(m for m in range(1 << count) if _consistent(question["says"], m))
    return "".join("K" if mask >> n & 1 else "L" for n in range(count))


def _kinds_by_guessing(question: dict) -> str:
    """Decide person after person; drop a guess once a claim about decided people is broken."""
    count, says = question["count"], question["says"]

    def search(kinds: list[bool]) -> list[bool] | None:
        size = len(kinds)
        mask = sum(kind << n for n, kind in enumerate(kinds))
        ready = [[who, claim] for who, claim in says if max(who, claim[1], claim[2]) < size]
        if not _consistent(ready, mask):
            return None
        if size == count:
            return kinds
        return search([*kinds, False]) or search([*kinds, True])

    found = search([])
    assert found is not None, "drawn to fit"
    return "".join("K" if kind else "L" for kind in found)


def _show_island(question: dict) -> dict:
    texts = {
        "knight": "{0} is a knight",
        "liar": "{0} is a liar",
        "same": "{0} and {1} are of the same kind",
        "either": "at least one of {0} and {1} is a knight",
        "neither": "{0} and {1} are both liars",
    }
    rows = [
        f"{node_name(who)}: {texts[kind].format(node_name(a), node_name(b))}."
        for who, (kind, a, b) in question["says"]
    ]
    return {"says": "\n".join(rows), "last": node_name(question["count"] - 1)}


def _rules(draws: Draws, level: int) -> dict:
    count = 8 + level
    names = draws.shuffled("abcdefghijklmnopqrst"[:count])
    facts = names[:3]
    rules = []
    for place in range(3, count - 2):
        body = draws.sample(names[:place], draws.between(1, 3))
        if draws.chance(1, 4):
            body = [*body, draws.pick(names[place + 1 :])]
        rules.append([*sorted(set(body)), names[place]])
    for _ in range(3):
        body = draws.sample(names, 2)
        rules.append([*sorted(body), draws.pick([n for n in names if n not in body])])
    return {"facts": sorted(facts), "rules": draws.shuffled(rules)}


def _derived(question: dict) -> list[str]:
    known = set(question["facts"])
    while fresh := {r[-1] for r in question["rules"] if set(r[:-1]) <= known} - known:
        known |= fresh
    return sorted(known)


def _derived_by_goals(question: dict) -> list[str]:
    """Ask for every atom whether it can be proved without going round in circles."""

    def provable(atom: str, above: frozenset[str]) -> bool:
        if atom in question["facts"]:
            return True
        return atom not in above and any(
            rule[-1] == atom and all(provable(part, above | {atom}) for part in rule[:-1])
            for rule in question["rules"]
        )

    atoms = {atom for rule in question["rules"] for atom in rule} | set(question["facts"])
    return sorted(atom for atom in atoms if provable(atom, frozenset()))


def _show_rules(question: dict) -> dict:
    rules = "; ".join(f"{' & '.join(rule[:-1])} => {rule[-1]}" for rule in question["rules"])
    return {"facts": ", ".join(question["facts"]), "rules": rules}


def _worlds(draws: Draws, level: int) -> dict:
    count = 5 + level // 2
    arcs = [[a, b] for a in range(count) for b in range(count) if draws.chance(2, count)]
    truth = [draws.text("pq", draws.below(3)) for _ in range(count)]
    return {
        "count": count,
        "arcs": arcs,
        "truth": ["".join(sorted(set(text))) for text in truth],
        "formula": _modal(draws, 2 + level // 3),
    }


def _modal(draws: Draws, depth: int) -> list | str:
    if not depth:
        return draws.pick("pq")
    sign = draws.weighted(("box", "diamond", "not", "and", "or"), (4, 4, 2, 2, 2))
    if sign in ("and", "or"):
        return [sign, _modal(draws, depth - 1), _modal(draws, draws.below(depth))]
    return [sign, _modal(draws, depth - 1)]


def _draw_worlds(draws: Draws, level: int) -> dict | None:
    question = _worlds(draws, level)
    return question if 0 < len(_where(question)) < question["count"] else None


def _where(question: dict) -> list[int]:
    """Compute the set of worlds of every part, from the inside out."""
    worlds = set(range(question["count"]))
    after = graphs.adjacency(question["count"], question["arcs"], directed=True)

    def truth(formula: list | str) -> set[int]:
        if isinstance(formula, str):
            return {w for w in worlds if formula in question["truth"][w]}
        sign, *parts = formula
        sets = [truth(part) for part in parts]
        if sign == "not":
            return worlds - sets[0]
        if sign in ("and", "or"):
            return sets[0] & sets[1] if sign == "and" else sets[0] | sets[1]
        if sign == "box":
            return {w for w in worlds if set(after[w]) <= sets[0]}
        return {w for w in worlds if set(after[w]) & sets[0]}

    return [w + 1 for w in sorted(truth(question["formula"]))]


def _where_by_world(question: dict) -> list[int]:
    """Evaluate the formula anew at each world."""

    def holds(formula: list | str, world: int) -> bool:
        if isinstance(formula, str):
            return formula in question["truth"][world]
        sign, *parts = formula
        if sign == "not":
            return not holds(parts[0], world)
        if sign == "and":
            return holds(parts[0], world) and holds(parts[1], world)
        if sign == "or":
            return holds(parts[0], world) or holds(parts[1], world)
        values = [holds(parts[0], b) for a, b in question["arcs"] if a == world]
        return all(values) if sign == "box" else any(values)

    return [w + 1 for w in range(question["count"]) if holds(question["formula"], w)]


def _modal_text(formula: list | str) -> str:
    if isinstance(formula, str):
        return formula
    sign, *parts = formula
    texts = [_modal_text(part) for part in parts]
    if sign in ("and", "or"):
        return f"({texts[0]} {sign} {texts[1]})"
    return {"box": "[]", "diamond": "<>", "not": "~"}[sign] + texts[0]


def _show_worlds(question: dict) -> dict:
    arcs = " ".join(f"{a + 1}>{b + 1}" for a, b in question["arcs"]) or "none"
    truth = ", ".join(f"{w}: {text or '-'}" for w, text in enumerate(question["truth"], 1))
    return {"arcs": arcs, "truth": truth, "formula": _modal_text(question["formula"])}


def _attacks(draws: Draws, level: int) -> dict | None:
    count = 7 + level
    arcs = {tuple(draws.sample(range(count), 2)) for _ in range(count + count // 3)}
    question = {"count": count, "arcs": draws.shuffled([list(arc) for arc in sorted(arcs)])}
    return question if len(_grounded(question)) > 2 else None


def _grounded(question: dict) -> list[str]:
    """Accept what is not attacked, reject what that attacks, and so on."""
    arcs = question["arcs"]
    accepted, rejected = set(), set()
    while True:
        fresh = {
            node
            for node in range(question["count"])
            if node not in accepted | rejected and all(a in rejected for a, b in arcs if b == node)
        }
        if not fresh:
            return sorted(map(node_name, accepted))
        accepted |= fresh
        rejected |= {b for a, b in arcs if a in fresh}


def _grounded_by_defence(question: dict) -> list[str]:
    """Least fixed point of: all arguments that a set defends."""
    arcs, accepted = question["arcs"], set()
    while True:
        defended = {
            node
            for node in range(question["count"])
            if all(any(d in accepted and e == a for d, e in arcs) for a, b in arcs if b == node)
        }
        if defended == accepted:
            return sorted(map(node_name, accepted))
        accepted = defended


def _show_attacks(question: dict) -> dict:
    arcs = graphs.show_arcs(question["arcs"])
    return {"arcs": arcs, "last": node_name(question["count"] - 1)}


def _term(draws: Draws, leaves: int) -> list | str:
    if leaves == 1:
        return draws.weighted("SKIxyz", (3, 3, 1, 2, 2, 2))
    left = draws.between(1, leaves - 1)
    return [_term(draws, left), _term(draws, leaves - left)]


def _combinators(draws: Draws, level: int) -> dict | None:
    leaves = 7 + level
    term: list | str = _term(draws, draws.between(2, 3))
    while _leaves(term) < leaves:  # applications to the left, so that heads find arguments
        term = [term, _term(draws, draws.between(1, 3))]
    question = {"term": _combinator_text(term)}
    result = _reduce(term, 60)
    if result is None or _leaves(result) > 30 or _combinator_text(result) in question["term"]:
        return None
    return question


def _leaves(term: list | str) -> int:
    return 1 if isinstance(term, str) else _leaves(term[0]) + _leaves(term[1])


def _reduce(term: list | str, budget: int) -> list | str | None:
    """Normal order: reduce the head while it has enough arguments, then the arguments."""
    spine: list[list | str] = []
    head = term
    while True:
        while isinstance(head, list):
            spine.append(head[1])
            head = head[0]
        need = {"S": 3, "K": 2, "I": 1}.get(head, 99)
        if len(spine) < need:
            break
        budget -= 1
        if budget < 0 or len(spine) > 40:
            return None
        taken = [spine.pop() for _ in range(need)]
        if head == "S":
            head = [[taken[0], taken[2]], [taken[1], taken[2]]]
            if _leaves(head) > 60:
                return None
        else:
            head = taken[0]
    result: list | str = head
    for part in reversed(spine):
        reduced = _reduce(part, budget)
        if reduced is None:
            return None
        result = [result, reduced]
    return result


def _combinator_text(term: list | str) -> str:
    if isinstance(term, str):
        return term
    right = _combinator_text(term[1])
    return _combinator_text(term[0]) + (right if isinstance(term[1], str) else f"({right})")


def _read_term(text: str) -> list | str:
    """Read letters and brackets, application to the left."""
    stack: list[list | str | None] = [None]
    for mark in text:
        if mark == "(":
            stack.append(None)
            continue
        part: list | str | None = stack.pop() if mark == ")" else mark
        assert part is not None, "no empty brackets"
        stack[-1] = part if stack[-1] is None else [stack[-1], part]
    assert stack[-1] is not None, "not empty"
    return stack[-1]


def _normal(question: dict) -> str:
    result = _reduce(_read_term(question["term"]), 60)
    assert result is not None, "drawn to have a normal form within the budget"
    return _combinator_text(result)


def _normal_by_steps(question: dict) -> str:
    """Rewrite the leftmost outermost redex of the whole term, one at a time."""

    def step(term: list | str) -> list | str | None:
        if isinstance(term, str):
            return None
        f, x = term
        if f == "I":
            return x
        if isinstance(f, list) and f[0] == "K":
            return f[1]
        if isinstance(f, list) and isinstance(f[0], list) and f[0][0] == "S":
            return [[f[0][1], x], [f[1], x]]
        fresh = step(f)
        if fresh is not None:
            return [fresh, x]
        fresh = step(x)
        return None if fresh is None else [f, fresh]

    term = _read_term(question["term"])
    while (fresh := step(term)) is not None:
        term = fresh
    return _combinator_text(term)


TASKS = (
    Task(
        id="logic.knights_liars",
        title="Who is a knight and who a liar",
        knob="people",
        draw=_draw_island,
        solve=_kinds,
        second=_kinds_by_guessing,
        size=lambda q: 4 * q["count"] + len(q["says"]),
        answer=Word("KL", "The answer is a word of the letters K and L.", "答案由 K、L 组成。"),
        show=_show_island,
        en=(
            "Knights always tell the truth, liars never do. Each of A to {last} is one of them:\n"
            "{says}\nWrite K or L for each person in order, without spaces.",
            "On an island of knights (truthful) and liars these things are "
            "said:\n{says}\nDetermine "
            "the kinds of A to {last} as a word of K and L.",
            "K or L for A to {last}:\n{says}",
        ),
        zh=(
            "骑士（knight）总说真话，骗子（liar）总说假话。A 至 {last} 各是其中一种：\n{says}\n"
            "依次为每人写 K 或 L，不加空格。",
            "岛上只有骑士和骗子，他们说：\n{says}\n用 K（骑士）、L（骗子）写出 A 至 {last} 的身份。"
            "",
            "A 至 {last} 的 K 或 L：\n{says}",
        ),
    ),
    Task(
        id="logic.horn_facts",
        title="Everything that follows from rules and facts",
        knob="atoms",
        verifier="S",
        draw=_rules,
        solve=_derived,
        second=_derived_by_goals,
        answer=Words(ordered=False, example="zz"),
        show=_show_rules,
        en=(
            "Given are the facts {facts} and the rules {rules}. List every atom that is true, the "
            "facts included.",
            "Compute the least model of the Horn program with the facts {facts} and the clauses "
            "{rules}.",
            "Facts {facts}; rules {rules}; all derivable atoms:",
        ),
        zh=(
            "已知事实 {facts} 和规则 {rules}。列出所有为真的原子，包括事实。",
            "求以 {facts} 为事实、{rules} 为子句的霍恩程序的最小模型。",
            "事实 {facts}；规则 {rules}；所有可推出的原子：",
        ),
    ),
    Task(
        id="logic.modal_worlds",
        title="Worlds where a modal formula holds",
        knob="worlds and depth",
        verifier="S",
        draw=_draw_worlds,
        solve=_where,
        second=_where_by_world,
        answer=Integers(ordered=False),
        show=_show_worlds,
        en=(
            "A Kripke model has the accessibility {arcs} and the true atoms {truth}. At which "
            "worlds does {formula} hold ([]: at all accessible worlds, <>: at some, ~: not)?",
            "List the worlds that satisfy {formula} in the model with the arrows {arcs} and the "
            "valuation {truth}.",
            "Worlds with {formula}: arrows {arcs}; atoms {truth}",
        ),
        zh=(
            "克里普克模型的可达关系为 {arcs}，各世界为真的原子为 {truth}。公式 {formula} "
            "在哪些世界成立"
            "（[] 表示所有可达世界，<> 表示某个可达世界，~ 表示否定）？",
            "在箭头为 {arcs}、赋值为 {truth} 的模型中，列出满足 {formula} 的世界。",
            "使 {formula} 成立的世界：箭头 {arcs}；原子 {truth}",
        ),
    ),
    Task(
        id="logic.grounded_arguments",
        title="Grounded extension of an argumentation framework",
        knob="arguments",
        verifier="S",
        draw=_attacks,
        solve=_grounded,
        second=_grounded_by_defence,
        answer=Words(ordered=False, example="Z9"),
        show=_show_attacks,
        en=(
            "Arguments A to {last} attack each other: {arcs} (X>Y: X attacks Y). Accept arguments "
            "that nobody attacks, reject what they attack, then accept those all of whose "
            "attackers "
            "are rejected, and so on. Which are accepted in the end?",
            "Find the grounded extension of the framework on A to {last} with the attacks {arcs}.",
            "Grounded extension, A to {last}: {arcs}",
        ),
        zh=(
            "论点 A 至 {last} 互相攻击：{arcs}（X>Y 表示 X 攻击 Y）。接受无人攻击的论点，"
            "拒绝被其攻击的，再接受攻击者都已被拒绝的，依此类推。最后哪些被接受？",
            "求论辩框架 A 至 {last}、攻击关系 {arcs} 的基外延。",
            "A 至 {last} 的基外延：{arcs}",
        ),
    ),
    Task(
        id="logic.combinator_normal_form",
        title="Normal form of a combinator term",
        knob="letters",
        draw=_combinators,
        solve=_normal,
        second=_normal_by_steps,
        answer=Word(
            "SKIxyz()",
            "The answer is a term of S, K, I, x, y, z and brackets.",
            "答案由 S、K、I、x、y、z 和括号组成。",
        ),
        en=(
            "Reduce {term} as far as possible by Sabc = ac(bc), Kab = a and Ia = a, where "
            "application associates to the left. Write the result with as few brackets as "
            "possible.",
            "Find the normal form of the combinatory term {term} (rules S x y z -> x z (y z), "
            "K x y -> x, I x -> x; left-associative, no needless brackets).",
            "SKI normal form: {term}",
        ),
        zh=(
            "按 Sabc = ac(bc)、Kab = a、Ia = a（应用左结合）尽可能化简 {term}，结果不写多余括号。",
            "求组合子项 {term} 的范式（规则 S x y z -> x z (y z)、K x y -> x、I x -> x；"
            "左结合，无多余括号）。",
            "SKI 范式：{term}",
        ),
    ),
)
