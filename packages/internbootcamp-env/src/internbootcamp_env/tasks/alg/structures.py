"""Permutations, quaternions and finite fields.

Source: textbook algebra. Knob: the size of the objects. Permutations are written as the list of the
images of 1, 2, 3 and so on, or in cycles where the prompt says so.
"""

from functools import reduce
from itertools import product

from internbootcamp_env.answers import Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import polynomials, witnesses
from internbootcamp_env.engines.residue_polynomials import multiply
from internbootcamp_env.task import Task


def _cycles(images: list[int]) -> list[list[int]]:
    seen, cycles = set(), []
    for start in range(1, len(images) + 1):
        cycle = []
        while start not in seen:
            seen.add(start)
            cycle.append(start)
            start = images[start - 1]
        if cycle:
            cycles.append(cycle)
    return cycles


def _cycle_text(images: list[int]) -> str:
    parts = [f"({' '.join(map(str, c))})" for c in _cycles(images) if len(c) > 1]
    return "".join(parts) or "()"


def _factors(draws: Draws, level: int) -> dict:
    size = 6 + level // 2
    return {"perms": [draws.shuffled(range(1, size + 1)) for _ in range(2 + level // 3)]}


def _then(first: list[int], second: list[int]) -> list[int]:
    return [second[image - 1] for image in first]


def _composed(question: dict) -> list[int]:
    """The rightmost factor acts first."""
    return reduce(_then, question["perms"][::-1])


def _composed_by_tracing(question: dict) -> list[int]:
    images = []
    for start in range(1, len(question["perms"][0]) + 1):
        for perm in reversed(question["perms"]):
            cycle = next(c for c in _cycles(perm) if start in c)
            start = cycle[(cycle.index(start) + 1) % len(cycle)]
        images.append(start)
    return images


def _show_factors(question: dict) -> dict:
    return {
        "factors": " · ".join(map(_cycle_text, question["perms"])),
        "size": len(question["perms"][0]),
    }


def _square(draws: Draws, level: int) -> dict:
    root = draws.shuffled(range(1, 9 + level))
    return {"square": _then(root, root)}


def _root(question: dict) -> list[int]:
    """Interleave pairs of equal even cycles; walk odd cycles in steps of half way round."""
    images = [0] * len(question["square"])
    waiting: dict[int, list[int]] = {}
    for cycle in _cycles(question["square"]):
        size = len(cycle)
        if size % 2:
            for place, point in enumerate(cycle):
                images[point - 1] = cycle[(place + (size + 1) // 2) % size]
        elif size in waiting:
            other = waiting.pop(size)
            for place in range(size):
                images[other[place] - 1] = cycle[place]
                images[cycle[place] - 1] = other[(place + 1) % size]
        else:
            waiting[size] = cycle
    return images


def _root_by_joining(question: dict) -> list[int]:
    """As before, but join two equal odd cycles where there are two."""
    images, waiting = _root(question), {}
    for cycle in _cycles(question["square"]):
        other = waiting.pop(len(cycle), None)
        if other is None:
            waiting[len(cycle)] = cycle
            continue
        for place in range(len(cycle)):
            images[other[place] - 1] = cycle[place]
            images[cycle[place] - 1] = other[(place + 1) % len(cycle)]
    return images


def _check_root(question: dict, images: list[int]) -> str:
    square = question["square"]
    if sorted(images) != list(range(1, len(square) + 1)):
        return "the answer is not a permutation of the right size"
    twice = _then(images, images)
    wrong = next((n for n in range(len(square)) if twice[n] != square[n]), None)
    return "" if wrong is None else f"applied twice it sends {wrong + 1} to {twice[wrong]}"


def _wrong_roots(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """Two images exchanged: the square of that cannot be the same permutation."""
    texts = witnesses.spoilt(answer, 0)
    a, b = draws.sample(range(len(answer)), 2)
    swapped = list(answer)
    swapped[a], swapped[b] = answer[b], answer[a]
    if _then(swapped, swapped) != question["square"]:
        texts.append(" ".join(map(str, swapped)))
    return texts


def _quaternions(draws: Draws, level: int) -> dict:
    return {"factors": [draws.integers(4, -2 - level, 2 + level) for _ in range(2 + level // 4)]}


def _times(a: list[int], b: list[int]) -> list[int]:
    return [
        a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
        a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
        a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
        a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
    ]


def _product_by_matrices(question: dict) -> list[int]:
    """Multiply 2 by 2 matrices over the Gaussian integers."""

    def matrix(q: list[int]) -> list[list[complex]]:
        a, b, c, d = q
        return [[complex(a, b), complex(c, d)], [complex(-c, d), complex(a, -b)]]

    total = matrix([1, 0, 0, 0])
    for factor in question["factors"]:
        m = matrix(factor)
        total = [[sum(total[i][k] * m[k][j] for k in range(2)) for j in range(2)] for i in range(2)]
    parts = (total[0][0].real, total[0][0].imag, total[0][1].real, total[0][1].imag)
    return [round(part) for part in parts]


def _quaternion_text(q: list[int]) -> str:
    return f"({q[0]}{q[1]:+d}i{q[2]:+d}j{q[3]:+d}k)"


_IRREDUCIBLE = {
    (11, 2): [1, 0, 1],
    (5, 3): [1, 1, 0, 1],
    (2, 7): [1, 1, 0, 0, 0, 0, 0, 1],
    (13, 2): [2, 0, 1],
    (3, 5): [1, 2, 0, 0, 0, 1],
    (2, 8): [1, 1, 0, 1, 1, 0, 0, 0, 1],
    (17, 2): [3, 0, 1],
    (7, 3): [2, 0, 0, 1],
    (19, 2): [1, 0, 1],
}
"""Irreducible polynomials by prime and degree, coefficients from the constant on."""


def _field(draws: Draws, level: int) -> dict | None:
    """Draw from fields of growing size."""
    fields = list(_IRREDUCIBLE)
    prime, degree = fields[draws.between((level - 1) // 2, min(8, level // 2 + 3))]
    a, b = draws.integers(degree, 0, prime - 1), draws.integers(degree, 0, prime - 1)
    question = {"prime": prime, "degree": degree, "a": a, "b": b}
    return question if any(a) and any(b) else None


def _field_quotient(question: dict) -> list[int]:
    """Invert by the power q - 2 (Fermat)."""
    prime, degree = question["prime"], question["degree"]
    modulus = _IRREDUCIBLE[prime, degree]
    result, power, exponent = question["a"], question["b"], prime**degree - 2
    while exponent:
        if exponent & 1:
            result = multiply(result, power, modulus, prime)
        power, exponent = multiply(power, power, modulus, prime), exponent >> 1
    return result


def _field_quotient_by_search(question: dict) -> list[int]:
    prime, degree = question["prime"], question["degree"]
    modulus = _IRREDUCIBLE[prime, degree]
    for c in product(range(prime), repeat=degree):
        if multiply(list(c), question["b"], modulus, prime) == question["a"]:
            return list(c)
    raise AssertionError("a field has quotients")


def _show_field(question: dict) -> dict:
    modulus = _IRREDUCIBLE[question["prime"], question["degree"]]
    return {
        "prime": question["prime"],
        "modulus": polynomials.text(modulus, "t"),
        "a": polynomials.text(question["a"], "t"),
        "b": polynomials.text(question["b"], "t"),
        "degree": question["degree"],
    }


TASKS = (
    Task(
        id="alg.permutation_product",
        title="Product of permutations in cycles",
        knob="factors and points",
        draw=_factors,
        solve=_composed,
        second=_composed_by_tracing,
        answer=Integers(),
        show=_show_factors,
        en=(
            "Multiply the permutations {factors} of 1 to {size}, the rightmost acting first. List "
            "the images of 1, 2, ..., {size}.",
            "Each bracket sends every number to the next one in it, the last to the first. Apply "
            "the factors of {factors} from right to left: where do 1 to {size} go, in order?",
            "{factors}, right to left, images of 1 to {size}",
        ),
        zh=(
            "求 1 至 {size} 的置换之积 {factors}，最右边的先作用。依次写出 1、2……{size} 的像。",
            "每个括号把其中每个数送到下一个，最后一个送到第一个。从右到左应用 {factors}，"
            "依次写出 1 至 {size} 去了哪里。",
            "{factors}，从右到左，1 至 {size} 的像",
        ),
    ),
    Task(
        id="alg.permutation_root",
        title="A square root of a permutation",
        knob="points",
        verifier="C",
        draw=_square,
        solve=_root,
        second=_root_by_joining,
        check=_check_root,
        wrong=_wrong_roots,
        answer=Integers(),
        en=(
            "A shuffle applied twice sends 1, 2, 3, ... to {square}. Find a shuffle that does so; "
            "list the images of 1, 2, 3, ... under it.",
            "Give a permutation whose square is the permutation with the images {square}, also as "
            "a list of images.",
            "Square root of the permutation {square}",
        ),
        zh=(
            "某种洗牌做两次后把 1、2、3…… 送到 {square}。求一种这样的洗牌，写出 1、2、3…… "
            "在其下的像。",
            "给出一个置换，其平方的像为 {square}，同样写成像的列表。",
            "置换 {square} 的平方根",
        ),
    ),
    Task(
        id="alg.quaternion_product",
        title="Product of quaternions",
        knob="factors and size",
        draw=_quaternions,
        solve=lambda q: reduce(_times, q["factors"]),
        second=_product_by_matrices,
        answer=Integers(),
        show=lambda q: {"factors": "".join(map(_quaternion_text, q["factors"]))},
        en=(
            "Compute the product of quaternions {factors}. Write its four components: real, i, j, "
            "k.",
            "With i² = j² = k² = ijk = -1, multiply {factors} and give the coefficients of 1, i, j "
            "and k.",
            "{factors}: 1 i j k",
        ),
        zh=(
            "计算四元数之积 {factors}，依次写出实部及 i、j、k 的系数。",
            "已知 i² = j² = k² = ijk = -1，计算 {factors}，写出 1、i、j、k 的系数。",
            "{factors}：1 i j k",
        ),
    ),
    Task(
        id="alg.field_quotient",
        title="Quotient in a finite field",
        knob="size of the field",
        draw=_field,
        solve=_field_quotient,
        second=_field_quotient_by_search,
        answer=Integers(),
        show=_show_field,
        size=lambda q: q["prime"] ** q["degree"],
        en=(
            "In the field of polynomials in t over the integers mod {prime}, modulo {modulus}, "
            "divide {a} by {b}. List the {degree} coefficients of the result from the constant on, "
            "each from 0 to {prime} - 1.",
            "Let t be a root of {modulus} over GF({prime}). Compute ({a}) / ({b}) and give the "
            "coefficients of 1, t, ... ({degree} numbers, reduced mod {prime}).",
            "({a}) / ({b}) in GF({prime})[t] mod {modulus}: {degree} coefficients",
        ),
        zh=(
            "在模 {prime} 的整数上关于 t 的多项式模 {modulus} 所成的域中，求 {a} 除以 {b}。"
            "从常数项起写出结果的 {degree} 个系数（0 到 {prime} - 1）。",
            "设 t 是 GF({prime}) 上 {modulus} 的根，计算 ({a}) / ({b})，写出 1、t…… 的系数"
            "（共 {degree} 个，模 {prime}）。",
            "GF({prime})[t] 模 {modulus} 中 ({a}) / ({b})：{degree} 个系数",
        ),
    ),
)
