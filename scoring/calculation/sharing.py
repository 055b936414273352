"""Sharing an award out by weight: the shares add up exactly to what there was to share."""

from __future__ import annotations

from collections.abc import Sequence


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Hundredths for each weight, in their order; a negative total is shared like a positive one.

    What whole hundredths leave over goes to the largest remainders, of equal ones to the first. When no weight is
    above zero, all get the same.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight is negative")
    if not weights:
        return []
    counted = list(weights) if any(weights) else [1] * len(weights)
    whole = sum(counted)
    parts = [divmod(abs(total) * weight, whole) for weight in counted]
    result = [share for share, _remainder in parts]
    by_remainder = sorted(range(len(parts)), key=lambda place: -parts[place][1])
    for place in by_remainder[: abs(total) - sum(result)]:
        result[place] += 1
    return [-share for share in result] if total < 0 else result
