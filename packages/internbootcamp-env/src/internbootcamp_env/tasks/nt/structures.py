"""Beyond the integers: Gaussian integers, elliptic curves, quadratic forms, RSA, Euler's phi.

Source: textbook definitions (Gauss 1801, Rivest, Shamir and Adleman 1978). Knob: the size of the
numbers.
"""

import math

from internbootcamp_env.answers import Integer, Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import modular, witnesses
from internbootcamp_env.task import Task

Pair = tuple[int, int]


def _times(a: Pair, b: Pair) -> Pair:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _gaussian(draws: Draws, level: int) -> dict:
    def number(size: int) -> Pair:
        return draws.between(1, size), draws.between(-size, size)

    common = draws.between(2, 4 + level), draws.pick((-1, 1)) * draws.between(2, 4 + level)
    first, second = _times(common, number(4 + 2 * level)), _times(common, number(4 + 2 * level))
    return {"first": list(first), "second": list(second)}


def _nearest(top: int, bottom: int) -> int:
    return (2 * top + bottom) // (2 * bottom)


def _gaussian_gcd(question: dict) -> list[int]:
    """Euclid with the quotient rounded to the nearest Gaussian integer."""
    a, b = tuple(question["first"]), tuple(question["second"])
    while b != (0, 0):
        norm = b[0] ** 2 + b[1] ** 2
        top = _times(a, (b[0], -b[1]))
        quotient = _nearest(top[0], norm), _nearest(top[1], norm)
        product = _times(quotient, b)
        a, b = b, (a[0] - product[0], a[1] - product[1])
    return list(a)


def _divides(a: Pair, b: Pair) -> bool:
    norm = a[0] ** 2 + a[1] ** 2
    top = _times(b, (a[0], -a[1]))
    return top[0] % norm == 0 == top[1] % norm


def _gaussian_gcd_by_search(question: dict) -> list[int]:
    """The common divisor of the largest norm, among those whose norm divides both norms."""
    first, second = tuple(question["first"]), tuple(question["second"])
    limit = math.gcd(sum(x * x for x in first), sum(x * x for x in second))
    found = (1, 0)
    for a in range(math.isqrt(limit) + 1):
        for b in range(math.isqrt(limit - a * a) + 1):
            norm = a * a + b * b
            if norm > found[0] ** 2 + found[1] ** 2 and limit % norm == 0:
                for c in ((a, b), (a, -b)):
                    if _divides(c, first) and _divides(c, second):
                        found = c
    return list(found)


def _check_gaussian(question: dict, value: list[int]) -> str:
    x, y = _gaussian_gcd(question)
    if value in ([x, y], [-x, -y], [-y, x], [y, -x]):
        return ""
    return "this is not a greatest common divisor"


def _wrong_gaussian(question: dict, answer: list[int], draws: Draws) -> list[str]:
    x, y = answer
    double = f"{2 * x} {2 * y}"
    return [*witnesses.spoilt(answer, 1), double, f"{x - y} {x + y}", f"{3 * x} {3 * y}"]


def _show_gaussian(question: dict) -> dict:
    def text(pair: list[int]) -> str:
        return f"{pair[0]}{pair[1]:+d}i"

    return {"first": text(question["first"]), "second": text(question["second"])}


def _curve(draws: Draws, level: int) -> dict:
    prime = modular.next_prime(draws.between(11 + 6 * level, 23 + 14 * level))
    x, y, a = draws.below(prime), draws.between(1, prime - 1), draws.between(1, prime - 1)
    b = (y * y - x**3 - a * x) % prime
    return {"prime": prime, "a": a, "b": b, "x": x, "y": y, "times": draws.between(2, 3 + level)}


def _sum(p: Pair | None, q: Pair | None, a: int, prime: int) -> Pair | None:
    if p is None or q is None:
        return q if p is None else p
    if p[0] == q[0] and (p[1] + q[1]) % prime == 0:
        return None
    if p == q:
        slope = (3 * p[0] ** 2 + a) * pow(2 * p[1], -1, prime)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, prime)
    x = (slope * slope - p[0] - q[0]) % prime
    return x, (slope * (p[0] - x) - p[1]) % prime


def _multiple(question: dict) -> list[str]:
    """Double and add."""
    result, power, times = None, (question["x"], question["y"]), question["times"]
    while times:
        if times & 1:
            result = _sum(result, power, question["a"], question["prime"])
        power = _sum(power, power, question["a"], question["prime"])
        times >>= 1
    return ["O"] if result is None else [str(value) for value in result]


def _multiple_by_adding(question: dict) -> list[str]:
    """Add the point again and again; the third point of a line is found by trying all x."""
    a, b, prime = question["a"], question["b"], question["prime"]
    point = start = (question["x"], question["y"])
    for _ in range(question["times"] - 1):
        if point is None:
            point = start
        elif point[0] == start[0] and (point[1] + start[1]) % prime == 0:
            point = None
        else:
            slope = next(
                s
                for s in range(prime)
                if (
                    (2 * start[1] * s - 3 * start[0] ** 2 - a)
                    if point == start
                    else (s * (point[0] - start[0]) - point[1] + start[1])
                )
                % prime
                == 0
            )
            x = (slope**2 - point[0] - start[0]) % prime
            y = -(start[1] + slope * (x - start[0])) % prime
            assert (y * y - x**3 - a * x - b) % prime == 0, "stays on the curve"
            point = (x, y)
    return ["O"] if point is None else [str(value) for value in point]


def _form(draws: Draws, level: int) -> dict:
    """Draw a reduced form and change its variables by random steps."""
    a = draws.between(1, 5 + level)
    b = draws.between(-a, a)
    c = draws.between(a, 9 + 2 * level)
    for _ in range(2 + level // 2):
        k = draws.pick((-3, -2, -1, 1, 2, 3))
        a, b, c = c, -b, a
        b, c = b + 2 * a * k, c + b * k + a * k * k
    return {"a": a, "b": b, "c": c}


def _reduce(question: dict) -> list[int]:
    a, b, c = question["a"], question["b"], question["c"]
    while True:
        k = (a - b) // (2 * a)  # brings b into (-a, a]
        b, c = b + 2 * a * k, c + b * k + a * k * k
        if a < c or (a == c and b >= 0):
            return [a, b, c]
        a, b, c = c, -b, a


def _reduce_by_search(question: dict) -> list[int]:
    """Find all shortest vectors of the lattice and complete each to a basis."""
    a, b, c = question["a"], question["b"], question["c"]
    size = 4 * a * c - b * b
    bound = math.isqrt(size // 3) + 1
    width, height = math.isqrt(4 * c * bound // size) + 1, math.isqrt(4 * a * bound // size) + 1
    value = {
        (x, y): a * x * x + b * x * y + c * y * y
        for x in range(-width, width + 1)
        for y in range(-height, height + 1)
        if math.gcd(x, y) == 1
    }
    least = min(value.values())
    best = []
    for (x, y), first in value.items():
        if first == least:
            _, w, z = modular.bezout(x, y)
            w, z = (-z, w) if x * w + y * z == 1 else (z, -w)
            second = a * w * w + b * w * z + c * z * z
            middle = 2 * a * x * w + b * (x * z + y * w) + 2 * c * y * z
            k = (first - middle) // (2 * first)
            middle, second = middle + 2 * first * k, second + middle * k + first * k * k
            best.append((abs(middle), middle < 0 and first == second, [first, middle, second]))
    return min(best, key=lambda entry: entry[:2])[2]


def _keys(draws: Draws, level: int) -> dict | None:
    p = modular.next_prime(draws.between(5 + 2 * level, 11 + 6 * level))
    q = modular.next_prime(draws.between(p + 1, 2 * p + 4 * level))
    phi = (p - 1) * (q - 1)
    options = [e for e in range(3, min(phi, 30 + 4 * level), 2) if math.gcd(e, phi) == 1]
    message, exponent = draws.between(2, p * q - 2), draws.pick(options)
    cipher = pow(message, exponent, p * q)
    if str(message) in str(cipher):
        return None
    return {"modulus": p * q, "exponent": exponent, "cipher": cipher}


def _decrypt(question: dict) -> int:
    p, q = modular.prime_factors(question["modulus"])
    secret = pow(question["exponent"], -1, (p - 1) * (q - 1))
    return pow(question["cipher"], secret, question["modulus"])


def _decrypt_by_search(question: dict) -> int:
    n, e = question["modulus"], question["exponent"]
    return next(m for m in range(n) if pow(m, e, n) == question["cipher"])


def _phi(question: dict) -> int:
    factors = modular.prime_factors(question["number"])
    return math.prod(p ** (k - 1) * (p - 1) for p, k in factors.items())


TASKS = (
    Task(
        id="nt.gaussian_gcd",
        title="Greatest common divisor of Gaussian integers",
        knob="size of the numbers",
        verifier="C",
        draw=_gaussian,
        solve=_gaussian_gcd,
        second=_gaussian_gcd_by_search,
        another=lambda q: [-_gaussian_gcd(q)[1], _gaussian_gcd(q)[0]],
        check=_check_gaussian,
        wrong=_wrong_gaussian,
        answer=Integers(),
        show=_show_gaussian,
        en=(
            "Find a greatest common divisor of {first} and {second} in the Gaussian integers. "
            "Write its real and its imaginary part.",
            "Which Gaussian integer a+bi of the largest norm divides both {first} and {second}? "
            "Give a and b; any associate will do.",
            "gcd in Z[i] of {first} and {second}: a b",
        ),
        zh=(
            "求 {first} 与 {second} 在高斯整数中的一个最大公因子，写出其实部和虚部。",
            "哪个范数最大的高斯整数 a+bi 同时整除 {first} 和 {second}？写出 a 和 b，相伴的也可以。",
            "Z[i] 中 {first} 与 {second} 的最大公因子：a b",
        ),
    ),
    Task(
        id="nt.elliptic_multiple",
        title="Multiple of a point on an elliptic curve",
        knob="size of the prime",
        draw=_curve,
        solve=_multiple,
        second=_multiple_by_adding,
        wrong=lambda q, answer, d: [f"{q['prime']} 0", "O O"],
        answer=Words(example="O"),
        en=(
            "On the curve y^2 = x^3 + {a}x + {b} modulo {prime}, compute {times} times the point "
            "({x}, {y}). Write x and y, or O for the point at infinity.",
            "P = ({x}, {y}) lies on y^2 = x^3 + {a}x + {b} over the field of {prime} elements. "
            "What is {times}P? Give its two coordinates (O if it is the neutral element).",
            "{times}·({x}, {y}) on y^2 = x^3 + {a}x + {b} mod {prime}: x y or O",
        ),
        zh=(
            "在曲线 y^2 = x^3 + {a}x + {b}（模 {prime}）上，计算点 ({x}, {y}) 的 {times} 倍。"
            "写出 x 和 y，无穷远点写 O。",
            "P = ({x}, {y}) 在 {prime} 元域上的曲线 y^2 = x^3 + {a}x + {b} 上，{times}P 是什么？"
            "写出两个坐标（零元写 O）。",
            "y^2 = x^3 + {a}x + {b} 模 {prime} 上 {times}·({x}, {y})：x y 或 O",
        ),
    ),
    Task(
        id="nt.form_reduction",
        title="Reduced binary quadratic form",
        knob="size of the coefficients",
        draw=_form,
        solve=_reduce,
        second=_reduce_by_search,
        answer=Integers(),
        en=(
            "Reduce the positive definite form {a}x^2 + ({b})xy + {c}y^2 under proper "
            "equivalence: find the equivalent form (a, b, c) with -a < b ≤ a ≤ c, and b ≥ 0 if "
            "a = c. Write a b c.",
            "Gauss-reduce the binary quadratic form ({a}, {b}, {c}): -a < b ≤ a < c, or "
            "0 ≤ b ≤ a = c.",
            "Reduced form of ({a}, {b}, {c})",
        ),
        zh=(
            "在正常等价下约化正定型 {a}x^2 + ({b})xy + {c}y^2：求等价的 (a, b, c)，"
            "使 -a < b ≤ a ≤ c，且 a = c 时 b ≥ 0。写出 a b c。",
            "对二元二次型 ({a}, {b}, {c}) 作高斯约化：-a < b ≤ a < c，或 0 ≤ b ≤ a = c。",
            "({a}, {b}, {c}) 的约化型",
        ),
    ),
    Task(
        id="nt.rsa_decrypt",
        title="Decrypt RSA with a small modulus",
        knob="size of the modulus",
        draw=_keys,
        solve=_decrypt,
        second=_decrypt_by_search,
        answer=Integer(),
        en=(
            "A message m was encrypted with RSA as m^{exponent} mod {modulus} = {cipher}. Factor "
            "the modulus and find m (0 ≤ m < {modulus}).",
            "Break this RSA cipher: n = {modulus}, e = {exponent}, c = {cipher}. What is the "
            "plaintext number?",
            "RSA: n = {modulus}, e = {exponent}, c = {cipher}, m = ?",
        ),
        zh=(
            "消息 m 用 RSA 加密：m^{exponent} mod {modulus} = {cipher}。分解模数并求 m"
            "（0 ≤ m < {modulus}）。",
            "破解 RSA：n = {modulus}，e = {exponent}，c = {cipher}。明文数字是多少？",
            "RSA：n = {modulus}，e = {exponent}，c = {cipher}，m = ?",
        ),
    ),
    Task(
        id="nt.totient",
        title="Euler's totient function",
        knob="size of the number",
        draw=lambda d, level: {"number": d.between(1_000, 12_000 + 9_000 * level)},
        size=lambda q: q["number"],
        solve=_phi,
        second=lambda q: sum(math.gcd(k, q["number"]) == 1 for k in range(q["number"])),
        answer=Integer(),
        en=(
            "How many of the integers from 1 to {number} have no common factor with {number} "
            "other than 1?",
            "Compute Euler's phi of {number}.",
            "phi({number})",
        ),
        zh=(
            "从 1 到 {number} 的整数中，有多少个与 {number} 互素？",
            "计算 {number} 的欧拉函数值。",
            "φ({number})",
        ),
    ),
)
