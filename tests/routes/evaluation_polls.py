"""The rows of polls and ballots, for tests/routes/evaluations.py."""

from typing import Any

from evaluations.models import Campaign, Candidate
from evaluations.services.polls import prepare_poll
from tests.factories import Cast
from tests.routes import ROLES, answers

_VOTERS = ("member", "colleague", "group_leader", "secretary", "deputy", "commissioner")
_ORGANISE = ("secretary", "deputy", "commissioner", "committee_member", "business_admin")
_PREPARE = ("committee_member", "business_admin")
_NO_MEMBERS = dict.fromkeys(("system_admin", "security_admin", "auditor"), 404)
_OPEN = dict.fromkeys(ROLES, 200)


def _prepares(status: int) -> dict[str, int]:
    return answers(403, **(_NO_MEMBERS | dict.fromkeys(_PREPARE, status)))


def _organises(status: int) -> dict[str, int]:
    """Voters see that there is a poll, and are refused."""
    return answers(404, **(dict.fromkeys(_VOTERS, 403) | dict.fromkeys(_ORGANISE, status)))


_VERBS = ("poll-open", "poll-count", "poll-void", "poll-paper", "poll-remind", "codes-renew")
ROUTES = {
    "evaluations:poll-list": _prepares(200),
    "evaluations:poll-prepare": _prepares(302),
    "evaluations:polls-open": _prepares(302),
    "evaluations:poll-detail": _organises(200),
    **{f"evaluations:{verb}": _organises(302) for verb in _VERBS},
    # Of a poll on the net there is nothing to enter.
    "evaluations:poll-enter": _organises(302),
    "evaluations:ballot": answers(
        404, **(dict.fromkeys(_VOTERS, 200) | dict.fromkeys(("system_admin", "security_admin", "auditor"), 403))
    ),
    "evaluations:vote": _OPEN,
    "evaluations:vote-cast": _OPEN,
    "evaluations:vote-receipts": _OPEN,
}
POSTED = {
    "evaluations:poll-prepare",
    "evaluations:polls-open",
    "evaluations:vote-cast",
    *(f"evaluations:{verb}" for verb in _VERBS),
}


def arguments(cast: Cast, campaign: Campaign) -> dict[str, Any]:
    """The peer ballot of the branch, prepared; of a running campaign."""
    candidates = list(Candidate.objects.filter(campaign=campaign, unit=cast.branch).select_related("account__member"))
    poll, _codes = prepare_poll(campaign.stages.get(kind="PEER"), cast.branch, candidates)
    own = ("poll-detail", "poll-enter", "ballot", "vote-receipts", *_VERBS)
    return {
        "evaluations:poll-list": [campaign.pk],
        "evaluations:poll-prepare": [campaign.pk, "peer"],
        "evaluations:polls-open": [campaign.pk, "peer"],
        **{f"evaluations:{name}": [poll.pk] for name in own},
    }
