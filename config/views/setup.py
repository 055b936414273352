"""Guided first set-up."""

from django.http import HttpResponse
from django.shortcuts import render

from config.setup import steps_for
from members.permissions import SignedIn, permitted


@permitted("members.set_up")
def setup(request: SignedIn) -> HttpResponse:
    """The steps in order; the first that is not done is the one to take next."""
    steps = steps_for(request.user)
    following = next((place for place, step in enumerate(steps) if not step.done and not step.is_optional), len(steps))
    shown = [
        {"step": step, "number": place + 1, "state": "done" if step.done else "now" if place == following else "todo"}
        for place, step in enumerate(steps)
    ]
    return render(request, "setup.html", {"steps": shown, "finished": following == len(steps)})
