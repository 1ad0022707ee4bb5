"""Congruences: inverses, systems, square roots, orders, generators, logarithms.

Source: Gauss, Disquisitiones Arithmeticae; textbook algorithms. Knob: the size of the modulus. The
audit compares each oracle with a plain search.
"""

import math

from internbootcamp_env.answers import Integer, Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import modular
from internbootcamp_env.task import Task


def _prime(draws: Draws, low: int, high: int) -> int:
    return modular.next_prime(draws.between(low, high))


def _coprime(draws: Draws, level: int) -> dict:
    while True:
        modulus = draws.between(60 * level, 60 + 40 * level**2 + 100 * level)
        number = draws.between(2, modulus - 2)
        if math.gcd(number, modulus) == 1:
            return {"number": number, "modulus": modulus}


def _inverse_by_search(question: dict) -> int:
    number, modulus = question["number"], question["modulus"]
    return next(x for x in range(modulus) if number * x % modulus == 1)


def _system(draws: Draws, level: int) -> dict:
    """Draw the solution first; moduli may share factors."""
    count = 2 + level // 4
    moduli = sorted({draws.between(8, 24 + 4 * level) for _ in range(count + 1)})[-count:]
    number = draws.below(math.lcm(*moduli))
    return {"rests": [number % m for m in moduli], "moduli": moduli}


def _least(question: dict) -> int:
    return modular.congruence(question["rests"], question["moduli"])[0]


def _least_by_sieving(question: dict) -> int:
    value, step = 0, 1
    for rest, modulus in zip(question["rests"], question["moduli"], strict=True):
        while value % modulus != rest:
            value += step
        step = math.lcm(step, modulus)
    return value


def _show_system(question: dict) -> dict:
    rows = zip(question["rests"], question["moduli"], strict=True)
    return {"system": ", ".join(f"x ≡ {rest} (mod {modulus})" for rest, modulus in rows)}


def _square(draws: Draws, level: int) -> dict:
    first = _prime(draws, 11, 40 + 8 * level)
    second = _prime(draws, first + 1, 2 * first + 10 * level)
    root = draws.between(2, first * second - 2)
    return {"square": root * root % (first * second), "modulus": first * second}


def _roots(question: dict) -> list[int]:
    """Combine the roots for each prime by the Chinese remainder theorem."""
    square, primes = question["square"], list(modular.prime_factors(question["modulus"]))
    roots = [[x for x in range(p) if (x * x - square) % p == 0] for p in primes]
    pairs = [(a, b) for a in roots[0] for b in roots[1]]
    return sorted(modular.congruence(pair, primes)[0] for pair in pairs)


def _roots_by_search(question: dict) -> list[int]:
    square, modulus = question["square"], question["modulus"]
    return [x for x in range(modulus) if x * x % modulus == square]


def _order_question(draws: Draws, level: int) -> dict:
    while True:
        question = _coprime(draws, level)
        if modular.order(question["number"], question["modulus"]) > 4:
            return question


def _order_by_powers(question: dict) -> int:
    power = steps = 1
    while True:
        power = power * question["number"] % question["modulus"]
        if power == 1:
            return steps
        steps += 1


def _generator_question(draws: Draws, level: int) -> dict:
    prime = _prime(draws, 100 * level, 100 + 300 * level)
    low = draws.between(prime // 10, prime - 40)
    return {"prime": prime, "low": low, "high": low + draws.between(9, 15)}


def _check_generator(question: dict, value: int) -> str:
    prime, low, high = question["prime"], question["low"], question["high"]
    if not low <= value <= high:
        return f"{value} is not from {low} to {high}"
    order = modular.order(value, prime)
    return "" if order == prime - 1 else f"{value} has the order {order} only"


def _generators(question: dict) -> list[int]:
    prime = question["prime"]
    span = range(question["low"], question["high"] + 1)
    return [value for value in span if modular.order(value, prime) == prime - 1]


def _generator(question: dict) -> int:
    prime = question["prime"]
    ends = [(prime - 1) // p for p in modular.prime_factors(prime - 1)]
    values = range(question["low"], question["high"] + 1)
    return next((v for v in values if all(pow(v, e, prime) != 1 for e in ends)), 0)


def _generator_drawn(draws: Draws, level: int) -> dict | None:
    question = _generator_question(draws, level)
    found = _generators(question)
    shown = {question["low"], question["high"]}
    return question if found and not shown & set(found) else None


def _wrong_generators(question: dict, answer: int, draws: Draws) -> list[str]:
    """The ends of the range are none by construction; others are outside the range."""
    low, high = question["low"], question["high"]
    return [str(value) for value in (low, high, low - 1, high + 1, answer + question["prime"])]


def _log_question(draws: Draws, level: int) -> dict:
    prime = _prime(draws, 60 + 40 * level, 300 + 150 * level)
    base = next(v for v in range(2, prime) if modular.order(v, prime) == prime - 1)
    power = draws.between(3, prime - 3)
    return {"prime": prime, "base": base, "power": pow(base, power, prime)}


def _log(question: dict) -> int:
    """Baby steps and giant steps."""
    prime, base = question["prime"], question["base"]
    width = math.isqrt(prime) + 1
    baby = {question["power"] * pow(base, j, prime) % prime: j for j in range(width)}
    giant, stride = 1, pow(base, width, prime)
    for i in range(1, width + 1):
        giant = giant * stride % prime
        if giant in baby:
            return i * width - baby[giant]
    raise AssertionError("a generator reaches everything")


def _log_by_powers(question: dict) -> int:
    value, steps = 1, 0
    while value != question["power"]:
        value, steps = value * question["base"] % question["prime"], steps + 1
    return steps


def _hensel_question(draws: Draws, level: int) -> dict:
    prime = draws.pick((5, 7, 11, 13, 17))
    power = 3 + level // 2
    root = draws.between(prime, prime**power - 1)
    while root % prime == 0:
        root = draws.between(prime, prime**power - 1)
    square = root * root % prime**power
    return {"prime": prime, "power": power, "square": square, "start": root % prime}


def _lifted(question: dict) -> int:
    """Newton's step, exact modulo each higher power."""
    prime, square, root = question["prime"], question["square"], question["start"]
    for power in range(2, question["power"] + 1):
        modulus = prime**power
        root = (root - (root * root - square) * pow(2 * root, -1, modulus)) % modulus
    return root


def _lifted_by_digits(question: dict) -> int:
    prime, root = question["prime"], question["start"]
    for power in range(1, question["power"]):
        digits = (root + digit * prime**power for digit in range(prime))
        root = next(x for x in digits if (x * x - question["square"]) % prime ** (power + 1) == 0)
    return root


TASKS = (
    Task(
        id="nt.mod_inverse",
        title="Inverse modulo a number",
        knob="size of the modulus",
        draw=_coprime,
        solve=lambda q: modular.bezout(q["number"], q["modulus"])[1] % q["modulus"],
        second=_inverse_by_search,
        answer=Integer(),
        en=(
            "Find x between 0 and {modulus} such that {number}·x leaves the remainder 1 when "
            "divided by {modulus}.",
            "What is the multiplicative inverse of {number} modulo {modulus}?",
            "{number}^-1 mod {modulus}",
        ),
        zh=(
            "求 0 与 {modulus} 之间的 x，使 {number}·x 除以 {modulus} 余 1。",
            "{number} 模 {modulus} 的乘法逆元是多少？",
            "{number}^-1 模 {modulus}",
        ),
    ),
    Task(
        id="nt.congruence_system",
        title="Least solution of a system of congruences",
        knob="number and size of the moduli",
        draw=_system,
        solve=_least,
        second=_least_by_sieving,
        answer=Integer(),
        show=_show_system,
        en=(
            "Find the least non-negative integer x with {system}.",
            "Which smallest x ≥ 0 satisfies all of these at once? {system}",
            "Least x: {system}",
        ),
        zh=(
            "求满足 {system} 的最小非负整数 x。",
            "同时满足下列条件的最小 x ≥ 0 是多少？{system}",
            "最小的 x：{system}",
        ),
    ),
    Task(
        id="nt.square_roots_mod",
        title="All square roots modulo a product of two primes",
        knob="size of the modulus",
        verifier="S",
        draw=_square,
        solve=_roots,
        second=_roots_by_search,
        size=lambda q: q["modulus"],
        answer=Integers(ordered=False),
        en=(
            "List all x from 0 to {modulus} - 1 whose square leaves the remainder {square} when "
            "divided by {modulus}.",
            "Find every solution of x^2 ≡ {square} (mod {modulus}) with 0 ≤ x < {modulus}.",
            "All x: x^2 ≡ {square} mod {modulus}",
        ),
        zh=(
            "列出 0 至 {modulus} - 1 中平方除以 {modulus} 余 {square} 的所有 x。",
            "求 x^2 ≡ {square} (mod {modulus}) 在 0 ≤ x < {modulus} 中的全部解。",
            "所有 x：x^2 ≡ {square} mod {modulus}",
        ),
    ),
    Task(
        id="nt.multiplicative_order",
        title="Multiplicative order",
        knob="size of the modulus",
        draw=_order_question,
        solve=lambda q: modular.order(q["number"], q["modulus"]),
        second=_order_by_powers,
        answer=Integer(),
        en=(
            "What is the least k ≥ 1 such that {number}^k leaves the remainder 1 when divided by "
            "{modulus}?",
            "Find the multiplicative order of {number} modulo {modulus}.",
            "Order of {number} mod {modulus}",
        ),
        zh=(
            "使 {number}^k 除以 {modulus} 余 1 的最小 k ≥ 1 是多少？",
            "求 {number} 模 {modulus} 的乘法阶。",
            "{number} 模 {modulus} 的阶",
        ),
    ),
    Task(
        id="nt.primitive_root",
        title="A primitive root in a range",
        knob="size of the prime",
        verifier="C",
        draw=_generator_drawn,
        solve=_generator,
        another=lambda q: _generators(q)[-1],
        check=_check_generator,
        wrong=_wrong_generators,
        answer=Integer(),
        en=(
            "Find a primitive root modulo the prime {prime} from {low} to {high}.",
            "Name a number g with {low} ≤ g ≤ {high} whose powers give every non-zero remainder "
            "modulo {prime}.",
            "A primitive root mod {prime} from {low} to {high}",
        ),
        zh=(
            "求素数 {prime} 的一个原根，在 {low} 到 {high} 之间。",
            "写出一个 g，{low} ≤ g ≤ {high}，使其幂取遍模 {prime} 的所有非零余数。",
            "模 {prime} 的一个原根，{low} 到 {high}",
        ),
    ),
    Task(
        id="nt.discrete_log",
        title="Discrete logarithm",
        knob="size of the prime",
        draw=_log_question,
        solve=_log,
        second=_log_by_powers,
        size=lambda q: q["prime"],
        answer=Integer(),
        en=(
            "Find the least x ≥ 0 such that {base}^x leaves the remainder {power} when divided by "
            "{prime}.",
            "What is the discrete logarithm of {power} to the base {base} modulo {prime}?",
            "{base}^x ≡ {power} mod {prime}, least x",
        ),
        zh=(
            "求最小的 x ≥ 0，使 {base}^x 除以 {prime} 余 {power}。",
            "{power} 以 {base} 为底模 {prime} 的离散对数是多少？",
            "{base}^x ≡ {power} mod {prime}，最小的 x",
        ),
    ),
    Task(
        id="nt.hensel_lift",
        title="Square root modulo a prime power",
        knob="exponent",
        draw=_hensel_question,
        solve=_lifted,
        second=_lifted_by_digits,
        answer=Integer(),
        en=(
            "Find x with 0 ≤ x < {prime}^{power}, x ≡ {start} (mod {prime}) and x^2 ≡ {square} "
            "(mod {prime}^{power}).",
            "Lift the solution x ≡ {start} (mod {prime}) of x^2 ≡ {square} to the modulus "
            "{prime}^{power}; give the least non-negative x.",
            "x ≡ {start} mod {prime}, x^2 ≡ {square} mod {prime}^{power}, least x",
        ),
        zh=(
            "求 x，0 ≤ x < {prime}^{power}，x ≡ {start} (mod {prime}) 且 "
            "x^2 ≡ {square} (mod {prime}^{power})。",
            "把 x^2 ≡ {square} 的解 x ≡ {start} (mod {prime}) 提升到模 {prime}^{power}，"
            "写出最小非负 x。",
            "x ≡ {start} mod {prime}，x^2 ≡ {square} mod {prime}^{power}，最小的 x",
        ),
    ),
)
