"""Exact amounts. Entries are whole hundredths of a point, intermediate results whole ten-thousandths.

Everything in this package counts in these two units; `Decimal` appears only at the edges. There is one rounding:
half away from zero, last.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeVar, cast

import numpy as np

HUNDREDTHS = 100
# Ten-thousandths in one hundredth: how entries enter the calculation.
FINE = 100
# Larger than any sum of points that can occur, small enough that products stay within 64 bits.
LIMIT = 10**12

Column = np.ndarray[tuple[int], np.dtype[np.int64]]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Shaped = TypeVar("Shaped", Column, Matrix)

# Stricter than Decimal, which also takes "1_000", "1e2" and the digits of other scripts.
_PLAIN = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,20})?")


def hundredths(value: Decimal | str | int) -> int:
    """Points as whole hundredths. Raise ValueError when there are more than two decimals."""
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        raise ValueError(f"{value!r} is not a number")
    scaled = Decimal(value) * HUNDREDTHS
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError(f"{value!r} has more than two decimals")
    return int(scaled)


def from_hundredths(value: int) -> Decimal:
    return Decimal(int(value)).scaleb(-2)


def from_fine(value: int) -> Decimal:
    """Ten-thousandths as points, without trailing zeros beyond two decimals."""
    points = Decimal(int(value)).scaleb(-4)
    short = points.quantize(Decimal("0.01"))
    return short if short == points else points


def divide(numerator: Shaped, denominator: Shaped | int) -> Shaped:
    """Whole-number division, half away from zero. The denominator is positive."""
    half = np.asarray(denominator) // 2
    magnitude = (np.abs(numerator) + half) // denominator
    # An odd denominator has no exact half; flooring its half keeps the nearest value nearest.
    return cast(Shaped, np.sign(numerator) * magnitude)


def round_points(fine: Column, decimals: int) -> Column:
    """Ten-thousandths to hundredths, rounded to `decimals` (0, 1 or 2), half away from zero."""
    unit = 10 ** (4 - decimals)
    return cast(Column, divide(fine, unit) * 10 ** (2 - decimals))
