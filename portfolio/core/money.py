"""Exact money and rates: Decimal in Python, text with fixed decimals outside, never a float."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, Decimal

AMOUNT_PATTERN = r"^(0|[1-9][0-9]{0,12})\.[0-9]{2}$"
SIGNED_PATTERN = r"^(?!-0\.00$)-?(0|[1-9][0-9]{0,12})\.[0-9]{2}$"
"""An amount has one form: there is no minus zero."""
TOTAL_PATTERN = r"^(?!-0\.00$)-?(0|[1-9][0-9]{0,16})\.[0-9]{2}$"
"""A sum of amounts may be larger than any of them."""
RATE_PATTERN = r"^(0\.[0-9]{4}|1\.0000)$"
LARGEST_AMOUNT = Decimal("9999999999999.99")
ZERO = Decimal("0.00")

_AMOUNT = re.compile(SIGNED_PATTERN)
_RATE = re.compile(RATE_PATTERN[1:-1])
_CENT = Decimal("0.01")


def parse_amount(text: str) -> Decimal:
    """EUR from its one accepted form, ``1250000.00``.

    :raises ValueError: any other form; nothing is rounded or guessed.
    """
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount; write EUR with two decimals and a point, such as 1250000.00.")
    return Decimal(text)


def format_amount(amount: Decimal) -> str:
    """``1250000.00``. The amount must already be whole cents.

    :raises ValueError: it has more than two decimals.
    """
    exact = amount.quantize(_CENT)
    if exact != amount:
        raise ValueError(f"{amount} has more than two decimals.")
    return f"{exact if exact else ZERO:f}"


def parse_rate(text: str) -> Decimal:
    """A share between 0 and 1 with four decimals, ``0.8500``.

    :raises ValueError: any other form.
    """
    if not _RATE.fullmatch(text):
        raise ValueError(f"{text!r} is not a rate; write a share between 0 and 1 with four decimals, such as 0.8500.")
    return Decimal(text)


def format_rate(rate: Decimal) -> str:
    return f"{rate:.4f}"


def share_of(amount: Decimal, rate: Decimal) -> Decimal:
    """The granted share of ``amount``, rounded down to the cent.

    The remainder stays with the applicant (DOMAIN rule 5).
    """
    return (amount * rate).quantize(_CENT, rounding=ROUND_DOWN)
