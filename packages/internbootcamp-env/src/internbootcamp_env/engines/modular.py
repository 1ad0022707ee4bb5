"""Modular arithmetic: primes by trial division, extended Euclid, orders, congruence systems.

Numbers are small (below about 10^7), so that trial division costs microseconds.
"""

import math
from collections.abc import Sequence


def prime_factors(number: int) -> dict[int, int]:
    """Return the primes that divide a positive number, with their exponents."""
    found: dict[int, int] = {}
    divisor = 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found[divisor] = found.get(divisor, 0) + 1
            number //= divisor
        divisor += 1 + divisor % 2
    if number > 1:
        found[number] = found.get(number, 0) + 1
    return found


def is_prime(number: int) -> bool:
    """Tell whether a number is prime, by trial division."""
    if number < 4:
        return number > 1
    if number % 2 == 0:
        return False
    return all(number % divisor for divisor in range(3, math.isqrt(number) + 1, 2))


def next_prime(number: int) -> int:
    """Return the least prime that is at least `number`."""
    while not is_prime(number):
        number += 1
    return number


def bezout(a: int, b: int) -> tuple[int, int, int]:
    """Return g, x, y with a x + b y = g, the greatest common divisor."""
    x, next_x, y, next_y = 1, 0, 0, 1
    while b:
        times = a // b
        a, b = b, a - times * b
        x, next_x = next_x, x - times * next_x
        y, next_y = next_y, y - times * next_y
    return a, x, y


def order(base: int, modulus: int) -> int:
    """Return the multiplicative order of a base that is coprime to the modulus."""
    exponent = math.prod(p ** (k - 1) * (p - 1) for p, k in prime_factors(modulus).items())
    for prime in prime_factors(exponent):
        while exponent % prime == 0 and pow(base, exponent // prime, modulus) == 1:
            exponent //= prime
    return exponent


def congruence(rests: Sequence[int], moduli: Sequence[int]) -> tuple[int, int]:
    """Return the least non-negative solution of a solvable system and its period."""
    value, period = 0, 1
    for rest, modulus in zip(rests, moduli, strict=True):
        common, x, _ = bezout(period, modulus)
        step = (rest - value) // common * x % (modulus // common)
        value += period * step
        period *= modulus // common
    return value % period, period
