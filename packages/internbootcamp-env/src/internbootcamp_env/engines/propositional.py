"""Propositional logic: clauses of signed integers, a small solver, formulas as nested lists.

A literal is n or -n for variable n from 1 on; a clause is a list of literals. A formula is a
variable's number or `[operator, part, ...]` with the operators not, and, or, implies, iff.
"""

from collections.abc import Iterable, Sequence

from internbootcamp_env.draws import Draws

Clause = Sequence[int]

_SIGNS = {"and": " & ", "or": " | ", "implies": " -> ", "iff": " <-> "}


def satisfied(clause: Clause, model: set[int]) -> bool:
    """Tell whether a set of true literals makes a clause true."""
    return any(literal in model for literal in clause)


def find_model(clauses: Sequence[Clause], count: int, *, prefer: bool = True) -> list[int] | None:
    """Return the true literals of a model over variables 1 to count, or None (DPLL)."""

    def assign(rest: Sequence[Clause], literal: int) -> list[list[int]] | None:
        left = [[x for x in c if x != -literal] for c in rest if literal not in c]
        return left if all(left) else None

    def search(rest: Sequence[Clause], model: dict[int, bool]) -> dict[int, bool] | None:
        while unit := next((c[0] for c in rest if len(c) == 1), 0):
            model = model | {abs(unit): unit > 0}
            fresh = assign(rest, unit)
            if fresh is None:
                return None
            rest = fresh
        if not rest:
            return model
        variable = abs(rest[0][0])
        for value in (prefer, not prefer):
            literal = variable if value else -variable
            fresh = assign(rest, literal)
            if fresh is not None:
                found = search(fresh, model | {variable: value})
                if found is not None:
                    return found
        return None

    found = search([list(clause) for clause in clauses], {})
    if found is None:
        return None
    return [n if found.get(n, prefer) else -n for n in range(1, count + 1)]


def read_model(literals: Sequence[int], count: int) -> str:
    """Say what is wrong with a list that should name each variable once, or nothing."""
    if sorted(map(abs, literals)) != list(range(1, count + 1)):
        return f"each of 1 to {count} must stand once, with a minus sign if false"
    return ""


def random_clause(draws: Draws, count: int, size: int) -> list[int]:
    """Draw a clause of different variables."""
    return [n * draws.pick((1, -1)) for n in draws.sample(range(1, count + 1), size)]


def show_clauses(clauses: Iterable[Clause]) -> str:
    """Write clauses as `(1 or -2 or 3)`, joined by `and`."""
    return " and ".join(f"({' or '.join(map(str, clause))})" for clause in clauses)


def random_formula(draws: Draws, count: int, operators: int) -> list | int:
    """Draw a formula with a number of binary operators."""
    if not operators:
        variable = draws.between(1, count)
        return ["not", variable] if draws.chance(1, 3) else variable
    left = draws.below(operators)
    sign = draws.weighted(("and", "or", "implies", "iff"), (3, 3, 2, 1))
    parts = [random_formula(draws, count, n) for n in (left, operators - 1 - left)]
    whole = [sign, *parts]
    return ["not", whole] if draws.chance(1, 6) else whole


def evaluate(formula: list | int, mask: int) -> bool:
    """Evaluate a formula; bit n - 1 of the mask is the value of variable n."""
    if isinstance(formula, int):
        return bool(mask >> (formula - 1) & 1)
    sign, *parts = formula
    values = [evaluate(part, mask) for part in parts]
    if sign == "not":
        return not values[0]
    if sign == "and":
        return values[0] and values[1]
    if sign == "or":
        return values[0] or values[1]
    if sign == "implies":
        return values[1] or not values[0]
    return values[0] == values[1]


def show_formula(formula: list | int) -> str:
    """Write a formula with ~ & | -> <-> and variables A, B, C."""
    if isinstance(formula, int):
        return chr(64 + formula)
    sign, *parts = formula
    texts = [show_formula(part) for part in parts]
    return f"~{texts[0]}" if sign == "not" else f"({_SIGNS[sign].join(texts)})"
