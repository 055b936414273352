import pytest
from django.urls import reverse

from members.models import AuditEvent, User
from tests import factories
from tests.factories import Duty, Post
from tests.members.views.counting import queries_of

pytestmark = pytest.mark.django_db
LIST = reverse("members:user-list")


def page(name: str, account: User) -> str:
    return reverse(f"members:{name}", args=[account.pk])


def listed(client, query: str = "") -> list[str]:
    return [str(account) for account in client.get(LIST + query).context["page"]]


def test_list_shows_the_accounts_one_looks_after(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    assert set(listed(client)) == {"王建国", "李静怡", "周敏", "陈志远", "吴海涛", "郑雪"}
    client.force_login(cast.security_admin)
    assert len(listed(client)) == 12


def test_list_narrows_down_by_state_unit_and_name(client):
    cast = factories.cast()
    User.objects.filter(pk=cast.member.pk).update(is_active=False)
    User.objects.filter(pk=cast.colleague.pk).update(must_change_password=True, last_login="2026-09-01T00:00Z")
    client.force_login(cast.security_admin)
    assert listed(client, "?state=locked") == ["王建国"]
    assert listed(client, "?state=first") == ["李静怡"]
    assert set(listed(client, "?state=duty")) == {"system", "security", "audit"}
    assert "李静怡" not in listed(client, "?state=never")
    assert listed(client, "?q=sunlixin") == ["孙立新"]
    assert listed(client, f"?unit={cast.other_branch.pk}") == ["孙立新"]


def test_list_asks_the_same_number_of_queries_for_one_and_for_three_rows(client, queries):
    cast = factories.cast()
    client.force_login(cast.business_admin)
    address = f"{LIST}?unit={cast.other_branch.pk}"
    one = queries_of(client, queries, address)
    for _ in range(2):
        factories.user(factories.member(cast.other_branch))
    three = queries_of(client, queries, address)
    assert (one == three, three <= 12) == (True, True)


def test_list_says_how_many_have_no_account(client):
    cast = factories.cast()
    factories.member(cast.branch)
    client.force_login(cast.secretary)
    context = client.get(LIST).context
    assert (context["unit"], context["without_user"]) == (cast.branch, 1)


def test_list_offers_a_reset_only_where_it_is_allowed(client):
    cast = factories.cast()
    client.force_login(cast.system_admin)
    offered = client.get(LIST).context["resettable"]
    assert offered == {
        account.pk
        for account in User.objects.all()
        if User.objects.get(pk=cast.system_admin.pk).has_perm("members.reset_password", account)
    }
    assert (cast.member.pk in offered, cast.auditor.pk in offered) == (False, True)


# --- open ------------------------------------------------------------------------------------
def test_open_prints_slips_once_and_keeps_them_out_of_every_cache(client):
    cast = factories.cast()
    factories.member(cast.branch, name="曾小红", staff_number="90001")
    client.force_login(cast.secretary)
    address = page("user-open", cast.branch)
    answer = client.post(address)
    (slip,) = answer.context["slips"]
    shown = answer.content.decode()
    assert (slip.name, slip.username, slip.password in shown, "http://testserver/" in shown) == (
        "曾小红",
        "90001",
        True,
        True,
    )
    assert "no-store" in answer["Cache-Control"]
    assert client.post(address)["Location"] == LIST


def test_open_refuses_get_and_other_branches(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    assert client.get(page("user-open", cast.branch)).status_code == 405
    assert client.post(page("user-open", cast.other_branch)).status_code == 403


def test_password_stands_neither_in_the_log_nor_in_the_database(client):
    cast = factories.cast()
    factories.member(cast.branch, staff_number="90001")
    client.force_login(cast.secretary)
    (slip,) = client.post(page("user-open", cast.branch)).context["slips"]
    said = "".join(AuditEvent.objects.values_list("detail", flat=True))
    assert slip.password not in said + User.objects.get(username="90001").password


# --- reset -----------------------------------------------------------------------------------
def test_reset_asks_first_and_then_shows_one_slip(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    address = page("user-reset", cast.member)
    assert client.get(address).context["account"] == cast.member
    assert User.objects.get(pk=cast.member.pk).must_change_password is False
    answer = client.post(address)
    assert [slip.name for slip in answer.context["slips"]] == ["王建国"]
    assert "no-store" in answer["Cache-Control"]
    assert User.objects.get(pk=cast.member.pk).must_change_password is True


def test_reset_is_refused_for_who_stands_above_the_branch(client):
    cast = factories.cast()
    worker = factories.official(cast.committee, Post.PARTY_WORKER, cast.branch)
    client.force_login(cast.secretary)
    assert client.post(page("user-reset", worker)).status_code == 403
    assert client.post(page("user-reset", cast.stranger)).status_code == 404


# --- lock and duty ---------------------------------------------------------------------------
def test_lock_needs_a_reason_and_unlock_takes_it_back(client):
    cast = factories.cast()
    client.force_login(cast.security_admin)
    lock, unlock = page("user-lock", cast.member), page("user-unlock", cast.member)
    assert client.post(lock, {"reason": ""}).status_code == 200
    assert client.post(lock, {"reason": "离岗"}).status_code == 302
    assert User.objects.get(pk=cast.member.pk).is_active is False
    assert client.get(unlock).status_code == 405
    assert client.post(unlock).status_code == 302
    assert User.objects.get(pk=cast.member.pk).is_active is True


def test_duty_is_given_by_the_security_administrator(client, settings):
    settings.SEPARATE_ADMINISTRATORS = True
    cast = factories.cast()
    client.force_login(cast.security_admin)
    address = page("user-duty", cast.member)
    offered = [duty for duty, _label in client.get(address).context["form"].fields["duty"].choices]
    assert offered == ["", Duty.SYSTEM, Duty.SECURITY, Duty.AUDIT]
    assert client.post(address, {"duty": Duty.AUDIT}).status_code == 302
    assert User.objects.get(pk=cast.member.pk).duty == Duty.AUDIT
    refused = client.post(page("user-duty", cast.secretary), {"duty": Duty.AUDIT})
    assert refused.context["form"].non_field_errors() == [
        "陈志远任检修部党支部 支部书记，三员不能兼业务职务，请先免职或另选人员。"
    ]


def test_system_administrator_opens_an_account_without_a_member(client):
    cast = factories.cast()
    client.force_login(cast.system_admin)
    (slip,) = client.post(reverse("members:user-create"), {"username": "audit2"}).context["slips"]
    account = User.objects.get(username="audit2")
    assert (account.member, account.duty, account.check_password(slip.password)) == (None, "", True)
