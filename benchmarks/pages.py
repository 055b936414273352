"""Every page that answers GET, with many members: p50 and p95 of 30 requests, in several rounds, and its queries.

A new page is one line in PAGES. What is no page (a verb that only takes POST, a file to download) is named below
that table; a route that stands nowhere stops the measurement.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse

from benchmarks import organisation, pages_scene
from benchmarks.measure import Setting, note, seconds
from benchmarks.report import Line, middle

REQUESTS = 30
P95 = 0.200
QUERIES = 12
# Scores of one earlier month, so that pages have something to compare with.
HISTORY = 1


@dataclass(frozen=True)
class Page:
    """Who asks for which page. `things` are names of pages_scene.Scene.things, for the address and the query; a word
    that is none of them stands in the address as it is."""

    role: str
    name: str
    things: str = ""
    query: str = ""

    def address(self, things: dict[str, int]) -> str:
        path = reverse(self.name, args=[things.get(thing, thing) for thing in self.things.split()])
        return f"{path}?{self.query.format(**things)}" if self.query else path

    def __str__(self) -> str:
        return f"{self.name} {self.things} {self.query}".strip() + f" ({self.role})"


PAGES = [
    # the first page, by role
    Page("member", "home"),
    Page("group_leader", "home"),
    Page("secretary", "home"),
    Page("committee_member", "home"),
    Page("business_admin", "home"),
    Page("system_admin", "home"),
    Page("secretary", "home-todo"),
    Page("committee_member", "home-todo"),
    Page("committee_member", "home-branches"),
    Page("business_admin", "setup"),
    # points
    Page("member", "score-mine"),
    Page("secretary", "score-of", "account"),
    Page("member", "scoring:explanation", "score"),
    Page("member", "scoring:ledger", "account"),
    Page("secretary", "scoring:entry", "entry"),
    Page("member", "scoring:ranking-of", "branch"),
    Page("secretary", "scoring:ranking-of", "branch"),
    Page("committee_member", "scoring:ranking-of", "root"),
    Page("committee_member", "scoring:ranking-of", "root", "month={month}&page=1000"),
    Page("committee_member", "scoring:ranking-of", "committee"),
    Page("committee_member", "scoring:analysis-of", "root"),
    Page("secretary", "scoring:analysis-of", "branch"),
    Page("committee_member", "scoring:analysis-part", "root sections"),
    Page("committee_member", "scoring:analysis-part", "root branches"),
    Page("committee_member", "scoring:analysis-part", "root items"),
    Page("committee_member", "scoring:analysis-part", "root caps"),
    Page("committee_member", "scoring:analysis-part", "committee sections"),
    Page("committee_member", "scoring:analysis-part", "committee branches"),
    Page("committee_member", "scoring:analysis-part", "committee items"),
    Page("committee_member", "scoring:analysis-part", "committee caps"),
    Page("secretary", "scoring:analysis-part", "branch sections"),
    Page("secretary", "scoring:analysis-part", "branch items"),
    Page("secretary", "scoring:analysis-part", "branch caps"),
    Page("committee_member", "scoring:analysis-part", "committee items", "span=YEAR"),
    # vetoes
    Page("committee_member", "evaluations:veto-list"),
    Page("committee_member", "evaluations:veto-list", "", "q=wjg&state=IN_FORCE"),
    Page("secretary", "evaluations:veto-create", "branch"),
    Page("member", "evaluations:veto-detail", "veto"),
    Page("secretary", "evaluations:veto-detail", "veto"),
    Page("secretary", "evaluations:veto-vote", "veto"),
    # campaigns; the one that runs has everybody
    Page("member", "evaluations:campaign-list"),
    Page("committee_member", "evaluations:campaign-list"),
    Page("business_admin", "evaluations:campaign-create", "root"),
    Page("business_admin", "evaluations:campaign-edit", "campaign_draft"),
    Page("business_admin", "evaluations:campaign-detail", "campaign_draft"),
    Page("business_admin", "evaluations:campaign-preview", "campaign_draft"),
    Page("member", "evaluations:campaign-detail", "poll_campaign"),
    Page("secretary", "evaluations:campaign-detail", "poll_campaign"),
    Page("committee_member", "evaluations:campaign-detail", "poll_campaign"),
    Page("committee_member", "evaluations:campaign-detail", "poll_campaign", "page=40"),
    Page("secretary", "evaluations:branch-review", "branch poll_campaign"),
    Page("committee_member", "evaluations:branch-approve", "branch poll_campaign"),
    Page("committee_member", "evaluations:branch-approve", "large poll_campaign"),
    Page("committee_member", "evaluations:committee-review", "poll_campaign"),
    Page("member", "evaluations:self-review", "poll_campaign"),
    Page("member", "evaluations:candidate-detail", "candidate"),
    Page("secretary", "evaluations:candidate-detail", "candidate"),
    Page("member", "evaluations:year-file-list"),
    Page("committee_member", "evaluations:year-file-list"),
    Page("committee_member", "evaluations:year-file-list", "", "q=wjg"),
    Page("committee_member", "evaluations:year-file-list", "", "page=1000"),
    # polls; every branch has one
    Page("business_admin", "evaluations:poll-list", "poll_campaign"),
    Page("business_admin", "evaluations:poll-list", "poll_campaign", "page=40"),
    Page("secretary", "evaluations:poll-detail", "poll"),
    Page("large_secretary", "evaluations:poll-detail", "poll_large"),
    Page("large_secretary", "evaluations:poll-enter", "poll_paper"),
    Page("member", "evaluations:ballot", "poll"),
    Page("large_secretary", "evaluations:ballot", "poll_large"),
    Page("nobody", "evaluations:vote"),
    Page("nobody", "evaluations:vote-receipts", "poll"),
    # the monthly grid; the large branch has 200 rows and 30 columns
    Page("secretary", "scoring:month-grid", "branch open_month"),
    Page("secretary", "scoring:month-grid", "branch month"),
    Page("large_secretary", "scoring:month-grid", "large open_month"),
    Page("secretary", "scoring:month-last", "branch open_month"),
    Page("secretary", "scoring:evidence-list", "branch open_month", "account={account}&item={item}"),
    Page("secretary", "scoring:month-import", "branch open_month"),
    Page("secretary", "scoring:month-sheet", "branch month"),
    # claims and messages
    Page("member", "scoring:claim-list"),
    Page("secretary", "scoring:claim-list", "", "tab=waiting"),
    Page("secretary", "scoring:claim-list", "", "tab=branch"),
    Page("committee_member", "scoring:claim-list", "", "tab=branch"),
    Page("committee_member", "scoring:claim-list", "", "tab=branch&q=wjg"),
    Page("member", "scoring:claim-create"),
    Page("member", "scoring:claim-create", "", "item=加-1"),
    Page("member", "scoring:claim-detail", "claim"),
    Page("secretary", "scoring:claim-detail", "claim"),
    Page("member", "scoring:claim-edit", "claim_draft"),
    Page("secretary", "scoring:deduction-create", "branch"),
    Page("member", "members:message-list"),
    Page("system_admin", "members:digest-list"),
    # 组织生活; every branch has had three a month
    Page("member", "scoring:activity-list"),
    Page("member", "scoring:activity-list", "", "mine=1"),
    Page("secretary", "scoring:activity-list", "", "month={month}"),
    Page("committee_member", "scoring:activity-list", "", "month={month}"),
    Page("committee_member", "scoring:activity-list", "", "month={month}&page=100"),
    Page("secretary", "scoring:activity-create", "branch"),
    Page("member", "scoring:activity-detail", "activity"),
    Page("secretary", "scoring:activity-detail", "activity"),
    Page("secretary", "scoring:activity-edit", "activity_planned"),
    Page("secretary", "scoring:activity-attendance", "activity"),
    Page("large_secretary", "scoring:activity-attendance", "activity_large"),
    Page("secretary", "scoring:life-check", "branch", "month={month}"),
    Page("committee_member", "scoring:life-check", "root", "month={month}"),
    Page("committee_member", "scoring:life-check", "root", "month={month}&missing=1"),
    Page("secretary", "scoring:life-turnout", "branch"),
    Page("large_secretary", "scoring:life-turnout", "large"),
    Page("secretary", "scoring:life-targets", "branch"),
    Page("secretary", "scoring:life-lines", "branch"),
    Page("large_secretary", "scoring:life-lines", "large"),
    Page("member", "scoring:life-lines-of", "account"),
    Page("secretary", "scoring:life-lines-of", "account"),
    # months, runs, rules
    Page("secretary", "scoring:month-list"),
    Page("committee_member", "scoring:month-list"),
    Page("committee_member", "scoring:month-list", "", "month={month}&state=SUBMITTED&page=5"),
    Page("business_admin", "scoring:policy-edit", "root"),
    Page("business_admin", "scoring:run-progress", "run"),
    Page("member", "scoring:rules-list"),
    Page("member", "scoring:rules-detail", "rules"),
    Page("member", "scoring:rules-differences", "rules rules"),
    Page("business_admin", "scoring:rules-edit", "rules_draft"),
    Page("business_admin", "scoring:rules-part", "rules_draft head"),
    Page("business_admin", "scoring:rules-row", "rules_draft head"),
    Page("business_admin", "scoring:rules-check", "rules_draft head"),
    Page("business_admin", "scoring:rules-load"),
    Page("business_admin", "scoring:rules-load", "", "owner={branch}"),
    Page("business_admin", "scoring:rules-what-if", "rules"),
    Page("business_admin", "scoring:custom-item-list", "rules"),
    Page("business_admin", "scoring:custom-item-propose", "rules"),
    Page("business_admin", "scoring:custom-item-load", "rules"),
    Page("business_admin", "scoring:year-totals", "root"),
    # granted, brought along, expected, archived
    Page("secretary", "scoring:grant-list", "branch open_month"),
    Page("large_secretary", "scoring:grant-list", "large open_month"),
    Page("secretary", "scoring:share-preview", "branch open_month"),
    Page("business_admin", "scoring:openings", "root"),
    Page("business_admin", "scoring:openings", "root", "page=1000"),
    Page("business_admin", "scoring:openings-upload", "root"),
    Page("business_admin", "scoring:expected", "root"),
    Page("committee_member", "scoring:archive-list", "root"),
    Page("committee_member", "scoring:account-adjust", "account"),
    # units
    Page("member", "members:unit-tree"),
    Page("business_admin", "members:unit-tree", "", "q=第1"),
    Page("business_admin", "members:unit-tree", "", "without_secretary=1"),
    Page("member", "members:unit-detail", "branch"),
    Page("business_admin", "members:unit-detail", "root"),
    Page("business_admin", "members:unit-detail", "large"),
    Page("business_admin", "members:unit-children", "committee"),
    Page("system_admin", "members:unit-create-root"),
    Page("business_admin", "members:unit-create", "root"),
    Page("business_admin", "members:unit-edit", "branch"),
    Page("business_admin", "members:unit-close", "branch"),
    # members
    Page("secretary", "members:member-list"),
    Page("business_admin", "members:member-list"),
    Page("business_admin", "members:member-list", "", "page=1500"),
    Page("business_admin", "members:member-list", "", "q=王建国"),
    Page("business_admin", "members:member-list", "", "q=wangjianguo"),
    Page("business_admin", "members:member-list", "", "q=wjg"),
    Page("business_admin", "members:member-list", "", "q=1500"),
    Page("member", "members:member-detail", "member"),
    Page("secretary", "members:member-detail", "member"),
    Page("business_admin", "members:member-create"),
    Page("business_admin", "members:group-options", "", "branch={branch}"),
    Page("secretary", "members:member-edit", "member"),
    Page("business_admin", "members:member-transfer", "member"),
    Page("business_admin", "members:member-leave", "member"),
    Page("business_admin", "members:member-exclude", "member"),
    Page("business_admin", "members:exclusion-end", "exclusion"),
    Page("business_admin", "members:appointment-create", "member"),
    Page("business_admin", "members:appointment-list"),
    Page("business_admin", "members:appointment-list", "", "page=100"),
    Page("business_admin", "members:appointment-end", "post"),
    Page("business_admin", "members:appointment-import"),
    # the roster import; the upload has 10,000 rows
    Page("business_admin", "members:roster-import-list"),
    Page("business_admin", "members:roster-import-create"),
    Page("business_admin", "members:roster-import-detail", "upload"),
    Page("business_admin", "members:roster-import-units", "upload", "start=400"),
    Page("business_admin", "members:roster-import-progress", "upload"),
    # sign-ins and the log
    Page("nobody", "members:sign-in"),
    Page("member", "members:password-change"),
    Page("system_admin", "members:user-list"),
    Page("business_admin", "members:user-list", "", "q=王建国"),
    Page("system_admin", "members:user-create"),
    Page("secretary", "members:user-reset", "user"),
    Page("security_admin", "members:user-lock", "user"),
    Page("security_admin", "members:user-duty", "user"),
    Page("auditor", "members:audit-list"),
    Page("auditor", "members:audit-list", "", "before={audit_moment}-0"),
    Page("auditor", "members:audit-list", "", "q=没有这样的话"),
    Page("auditor", "members:audit-list", "", "q=没有这样的话&before={audit_moment}-0"),
    Page("auditor", "members:audit-list", "", "result=REFUSED"),
    Page("auditor", "members:audit-list", "", "result=FILE&unit={branch}"),
]
POSTED = """
    evaluations:campaign-check evaluations:campaign-drop evaluations:campaign-open evaluations:campaign-compute
    evaluations:committee-approve evaluations:band-return
    evaluations:campaign-conclude evaluations:self-review-save evaluations:self-review-hand-in
    evaluations:poll-prepare evaluations:polls-open evaluations:poll-open evaluations:poll-count evaluations:poll-void
    evaluations:poll-paper evaluations:poll-remind evaluations:codes-renew evaluations:vote-cast
    evaluations:veto-attach evaluations:veto-answer evaluations:veto-withdraw evaluations:veto-confirm
    evaluations:veto-reject evaluations:veto-appeal evaluations:veto-uphold evaluations:veto-lift
    scoring:month-cells scoring:evidence-add scoring:evidence-remove scoring:months-close scoring:month-submit
    scoring:month-recall scoring:month-check scoring:month-return scoring:month-close scoring:month-reopen
    scoring:claims-advance scoring:claim-submit scoring:claim-withdraw scoring:claim-advance scoring:claim-return
    scoring:claim-drop scoring:claim-answer scoring:claim-evidence-add scoring:claim-evidence-remove
    members:messages-read members:message-open members:mail-choose
    scoring:activity-cancel scoring:activity-undo
    scoring:run-start scoring:grant-event scoring:grant-share scoring:grant-undo scoring:archive-year
    scoring:run-cancel scoring:entry-reverse scoring:rules-publish scoring:rules-revise
    scoring:rules-move scoring:rules-remove scoring:rules-drop
    scoring:custom-item-check scoring:custom-item-approve scoring:custom-item-return scoring:custom-item-end
    members:sign-out members:roster-export
    members:user-open members:member-reveal members:appointment-import-confirm members:roster-import-columns
    members:roster-import-confirm members:roster-import-drop members:user-unlock
""".split()
FILES = """
    evaluations:veto-file evaluations:campaign-summary-pdf evaluations:campaign-outcome-xlsx
    evaluations:campaign-approval-pdf evaluations:candidate-approval-pdf
    scoring:evidence-file scoring:month-template scoring:month-sheet-xlsx scoring:ledger-xlsx scoring:ledger-pdf
    scoring:life-turnout-xlsx scoring:life-targets-xlsx scoring:life-lines-pdf scoring:life-lines-xlsx
    scoring:life-lines-of-pdf scoring:life-lines-of-xlsx
    scoring:analysis-xlsx scoring:rules-file scoring:rules-xlsx scoring:rules-what-if-xlsx
    members:appointment-export members:roster-template members:roster-import-problems members:audit-export
""".split()
# Sends the person on to a page that is measured; score-of-member to score-of, once there is an account.
REDIRECTS = ["score-of-member", "scoring:ranking", "scoring:analysis"]


def measure(setting: Setting) -> Iterator[Line]:
    _require_all()
    pages = [page for page in PAGES if setting.names(str(page))]
    if not pages:
        raise SystemExit(f"benchmarks/pages.py: no page is named like {' or '.join(setting.only)}")
    made = organisation.build(setting.size, max(setting.history, HISTORY))
    note("organisation made")
    scene = pages_scene.build(made)
    note("months, posts and sign-ins made")
    clients = {role: _signed_in(scene, role) for role in {page.role for page in pages}}
    asked = {page: _queries(clients[page.role], page, scene.things) for page in pages}
    times: dict[Page, list[tuple[float, float]]] = {page: [] for page in pages}
    # A web process has not made an organisation: what lies about from that is no garbage of the pages.
    gc.collect()
    gc.freeze()
    for number in range(setting.runs):
        for page in pages:
            address = page.address(scene.things)
            client = clients[page.role]
            taken = sorted(seconds(client.get, address) for _request in range(REQUESTS))
            times[page].append((taken[REQUESTS // 2], taken[int(REQUESTS * 0.95)]))
        note(f"round {number + 1}")
    for page, rounds in times.items():
        p50, p95 = (middle(values) for values in zip(*rounds, strict=True))
        is_met = p95 < P95 and asked[page] <= QUERIES
        target = f"p95 < {P95 * 1000:.0f} ms, ≤ {QUERIES} queries"
        remark = f"p95 {p95 * 1000:.0f} ms, {asked[page]} queries"
        yield Line(f"page {page}", f"{setting.size:,}", p50, None, target, is_met, remark=remark)


def _require_all() -> None:
    """Every route is named here, and every name here is a route."""
    named = {page.name for page in PAGES} | set(POSTED) | set(FILES) | set(REDIRECTS)
    routes = set(_routes())
    if named != routes:
        lacking, gone = sorted(routes - named), sorted(named - routes)
        raise SystemExit(f"benchmarks/pages.py: routes that stand nowhere {lacking}, names without a route {gone}")


def _routes() -> Iterator[str]:
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLPattern):
            yield str(entry.name)
        # The rescue tool is Django's own.
        elif entry.namespace != "admin":
            yield from (f"{entry.namespace}:{getattr(pattern, 'name', None)}" for pattern in entry.url_patterns)


def _signed_in(scene: pages_scene.Scene, role: str) -> Client:
    client = Client(SERVER_NAME="localhost")
    if role != "nobody":
        client.force_login(scene.users[role], backend="members.backends.SignInBackend")
    return client


def _queries(client: Client, page: Page, things: dict[str, int]) -> int:
    """Of a second request: the first one may write the session."""
    address = page.address(things)
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    if answer.status_code != 200:
        raise AssertionError(f"{page}: {address} answers {answer.status_code}")
    return len(captured)
