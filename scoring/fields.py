from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

from scoring.calculation.amounts import from_hundredths, hundredths


class PointsField(models.BigIntegerField):
    """Exact points: whole hundredths in the database on both engines, `Decimal` in Python."""

    _pyi_private_set_type: Decimal | int | str | Combinable  # type: ignore[assignment]
    _pyi_private_get_type: Decimal  # type: ignore[assignment]
    _pyi_lookup_exact_type: Decimal | int | str  # type: ignore[assignment]

    description = _("积分（两位小数）")

    def from_db_value(self, value: Any, expression: object, connection: object) -> Decimal | None:
        return None if value is None else from_hundredths(value)

    def to_python(self, value: Any) -> Decimal | None:
        return None if value is None else from_hundredths(self._exact(value))

    def get_prep_value(self, value: Any) -> int | None:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        return self._exact(value)

    def _exact(self, value: Any) -> int:
        try:
            return hundredths(value if isinstance(value, Decimal | int) else str(value))
        except ValueError:
            raise ValidationError(_("“%s”不是积分，请填数字，最多两位小数。") % value) from None

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else str(value)

    def formfield(self, **kwargs: Any) -> Any:
        from_field = models.DecimalField(max_digits=12, decimal_places=2, verbose_name=self.verbose_name)
        from_field.null, from_field.blank = self.null, self.blank
        return from_field.formfield(**kwargs)


# A list of ids as one parameter. PostgreSQL plans for an array by its length, for a subquery by a guess.
AMONG = {"postgresql": "= ANY(%s::bigint[])", "sqlite": "IN (SELECT value FROM json_each(%s))"}


def listed(ids: Sequence[int]) -> str:
    """Ids as the one parameter that AMONG takes."""
    text = ",".join(map(str, ids))
    return f"{{{text}}}" if connection.vendor == "postgresql" else f"[{text}]"


@models.ForeignKey.register_lookup
@models.Field.register_lookup
class Among(models.Lookup):
    """`account__among=ids`: the same as `in` for a column of many thousand ids, as one parameter."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} {AMONG[connection.vendor]}", [*parameters, listed(np.asarray(self.rhs).tolist())]
