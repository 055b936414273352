"""What waits for a person, of all apps together."""

from __future__ import annotations

import datetime

from config import setup
from evaluations import todo as evaluations_todo
from evaluations.services import reminders as evaluations_reminders
from members import todo as members_todo
from members.models import User
from members.services.reminders import forget_reminders, merged, remind
from members.todo import Todo
from scoring import todo as scoring_todo
from scoring.services import reminders as scoring_reminders


def send_reminders(today: datetime.date) -> int:
    """Tell everyone what has waited for too long, in one message each. Out: how many were told; a second run tells
    nobody."""
    forget_reminders()
    return remind(merged((scoring_reminders.summaries(today), evaluations_reminders.summaries(today))))


def waiting_for(user: User, today: datetime.date) -> list[Todo]:
    """Each app answers for itself; here the answers come together, the most urgent first."""
    waiting = scoring_todo.waiting_for(user, today) + evaluations_todo.waiting_for(user, today)
    waiting += members_todo.waiting_for(user)
    waiting.sort(key=lambda one: (one.due is None, one.due or today))
    return setup.waiting_for(user) + waiting
