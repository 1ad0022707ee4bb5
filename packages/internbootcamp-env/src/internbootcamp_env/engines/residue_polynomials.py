"""Polynomials over the integers modulo a number, themselves modulo a monic polynomial.

Coefficients are lists from the constant on.
"""


def reduced(a: list[int], modulus: list[int], prime: int) -> list[int]:
    """Reduce a polynomial modulo a monic one, to as many coefficients as its degree."""
    a, degree = list(a), len(modulus) - 1
    for place in range(len(a) - 1, degree - 1, -1):
        factor = a[place]
        for i, c in enumerate(modulus):
            a[place - degree + i] = (a[place - degree + i] - factor * c) % prime
    return a[:degree]


def multiply(a: list[int], b: list[int], modulus: list[int], prime: int) -> list[int]:
    """Multiply two polynomials modulo a monic one."""
    whole = [0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            whole[i + j] = (whole[i + j] + x * y) % prime
    return reduced(whole, modulus, prime)
