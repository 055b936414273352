from __future__ import annotations

from collections.abc import Callable

from django.forms import Form

from members.errors import Refused


def carried_out(form: Form, verb: Callable[[], object]) -> bool:
    """Whether the form was sent, valid, and the service did what was asked.

    A refusal of the service stands on the form like any other mistake, with what was typed.
    """
    if not form.is_bound or not form.is_valid():
        return False
    try:
        verb()
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    return True
