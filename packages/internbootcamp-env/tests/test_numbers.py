from fractions import Fraction

import pytest

from internbootcamp_env.errors import OverLimitAnswer, UnparsableAnswer
from internbootcamp_env.numbers import parse_decimal, parse_fraction, parse_integer


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("42", 42), ("-7", -7), ("−7", -7), ("+5", 5), ("1,000", 1000)]
)
def test_integers_are_read(text, value):
    assert parse_integer(text) == value


@pytest.mark.parametrize(
    "text", ["", "-", "-0", "007", "1_000", "0x10", "1e3", "5.0", "５", "²", "1,00", "1 2", "9**9"]
)
def test_other_spellings_are_not_integers(text):
    with pytest.raises(UnparsableAnswer):
        parse_integer(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3/4", Fraction(3, 4)),
        ("-6/8", Fraction(-3, 4)),
        ("\\frac{3}{4}", Fraction(3, 4)),
        ("-\\frac{3}{4}", Fraction(-3, 4)),
        ("0.75", Fraction(3, 4)),
        ("3", Fraction(3)),
    ],
)
def test_fractions_are_read_exactly(text, value):
    assert parse_fraction(text) == value


@pytest.mark.parametrize("text", ["1/0", "\\frac{1}{0}", "1/2/3", "1 1/2", "one half", "1/-2"])
def test_other_spellings_are_not_fractions(text):
    with pytest.raises(UnparsableAnswer):
        parse_fraction(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6.02e23", Fraction(602) * 10**21),
        ("6.02 × 10^23", Fraction(602) * 10**21),
        ("1.5 \\times 10^{-3}", Fraction(3, 2000)),
        ("-0.5", Fraction(-1, 2)),
        ("1,234.5", Fraction(2469, 2)),
    ],
)
def test_decimals_are_read_exactly(text, value):
    assert parse_decimal(text) == value


@pytest.mark.parametrize("text", ["nan", "inf", ".5", "5.", "1e", "--1", "1.2.3"])
def test_other_spellings_are_not_decimals(text):
    with pytest.raises(UnparsableAnswer):
        parse_decimal(text)


@pytest.mark.parametrize("text", ["1e999", "1e-999", "9" * 5000])
def test_numbers_out_of_proportion_are_over_the_limit(text):
    with pytest.raises(OverLimitAnswer):
        parse_decimal(text)
