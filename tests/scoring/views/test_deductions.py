"""扣分提议: by whom, about whom, the member's answer, and the decision that answers it."""

import datetime
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members.models import Message, User
from scoring.models import Claim, Evidence, LedgerEntry
from scoring.services.months import set_policy
from scoring.todo import waiting_for
from tests.scoring.claiming import DAY, claiming
from tests.scoring.test_evidence import PDF

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


@pytest.fixture
def made():
    found = claiming()
    set_policy(found.cast.committee, by=found.cast.business_admin, answer_days=3)
    return found


def propose(made, by=None, **given):
    fields = {
        "member": made.account(made.cast.member).pk, "text": "1", "happened_on": f"{DAY}", "month": "",
        "reason": "九月主题党日无故缺席", "key": str(uuid.uuid4()),
    } | given  # fmt: skip
    url = reverse("scoring:deduction-create", args=[made.cast.branch.pk])
    return client_of(by or made.cast.commissioner).post(f"{url}?item=减-1", fields, follow=True)


def verb(claim, name, by, **given):
    return client_of(by).post(reverse(f"scoring:claim-{name}", args=[claim.pk]), given, follow=True)


def steps(page) -> list[tuple[str, str]]:
    return [(one["label"], one["state"]) for one in page.context["steps"]]


def test_page_offers_deductions_and_everybody_on_the_list(made):
    client = client_of(made.cast.commissioner)
    url = reverse("scoring:deduction-create", args=[made.cast.branch.pk])
    sections = client.get(url).context["sections"]
    assert [(section.name, [one.item.code for one in rows]) for section, rows in sections] == [("减分", ["减-1"])]
    form = client.get(f"{url}?item=减-1").context["form"]
    names = [name for _key, name in form.fields["member"].choices]
    assert names == ["请选择", "陈志远", "李静怡", "王建国", "吴海涛", "郑雪", "周敏"]


def test_only_branches_have_deductions(made):
    url = reverse("scoring:deduction-create", args=[made.cast.committee.pk])
    assert client_of(made.cast.committee_member).get(url).status_code == 404


def test_proposal_tells_the_member_who_answers_and_is_answered(made):
    until = timezone.localdate() + datetime.timedelta(days=3)
    page = propose(made, files=[SimpleUploadedFile("签到表.pdf", PDF)])
    claim = Claim.objects.get()
    assert said(page) == [f"已提议，王建国可在 {until} 前说明。"]
    assert (claim.state, claim.points, claim.answer_until, Evidence.objects.get().claim) == (
        "CLAIMED", -2, until, claim,
    )  # fmt: skip
    assert steps(page) == [("支委会提议", "done"), ("本人说明", "now"), ("决定", "todo")]
    assert Message.objects.get().user == made.cast.member

    member = User.objects.get(pk=made.cast.member.pk)
    assert [(todo.title, todo.due) for todo in waiting_for(member)] == [("可以说明的扣分提议“无故缺席”", until)]
    assert said(verb(claim, "advance", made.cast.secretary, opinion="按规定"))[0].startswith("本人可在")
    assert said(verb(claim, "answer", made.cast.member, answer=" "))[0].startswith("请写明说明的内容")
    assert said(verb(claim, "answer", made.cast.member, answer="当天抢修，已请假。")) == ["已提交说明，决定时会答复。"]
    assert waiting_for(User.objects.get(pk=made.cast.member.pk)) == []

    assert said(verb(claim, "advance", made.cast.secretary)) == ["请写明处理意见。"]
    assert said(verb(claim, "advance", made.cast.secretary, opinion="未见请假记录。")) == ["王建国“无故缺席”已入账。"]
    page = client_of(made.cast.member).get(reverse("scoring:claim-detail", args=[claim.pk]))
    assert steps(page) == [("支委会提议", "done"), ("本人说明", "done"), ("决定扣分", "done")]
    text = page.content.decode()
    assert ("当天抢修，已请假。" in text, "未见请假记录。" in text) == (True, True)


def test_proposal_is_dropped_with_a_sentence(made):
    propose(made)
    claim = Claim.objects.get()
    assert said(verb(claim, "drop", made.cast.secretary)) == ["请写明处理意见。"]
    assert said(verb(claim, "drop", made.cast.secretary, opinion="请假属实。")) == ["已决定不予扣分，本人会收到消息。"]
    assert not LedgerEntry.objects.exists()


def test_proposer_may_take_it_back_but_not_decide(made):
    propose(made, by=made.cast.secretary)
    claim = Claim.objects.get()
    url = reverse("scoring:claim-detail", args=[claim.pk])
    context = client_of(made.cast.secretary).get(url).context
    assert (context["may_decide"], context["may_withdraw"], context["may_edit"]) == (False, True, False)
    assert client_of(made.cast.deputy).get(url).context["may_decide"] is True
    page = verb(claim, "withdraw", made.cast.secretary)
    assert steps(page) == [("支委会提议", "done"), ("撤回", "back")]


def test_deduction_is_not_among_those_decided_together(made):
    propose(made)
    claim = Claim.objects.get()
    Claim.objects.update(answer_until=timezone.localdate() - datetime.timedelta(days=1))
    page = client_of(made.cast.secretary).post(reverse("scoring:claims-advance"), {"claim": [claim.pk]}, follow=True)
    assert (said(page), Claim.objects.get().state) == (["没有勾选申报。"], "CLAIMED")


def test_refused_proposal_stays_as_it_was_typed(made):
    page = propose(made, by=made.cast.secretary, member=made.account(made.cast.secretary).pk)
    assert page.context["form"].non_field_errors() == ["不能提议扣自己的分，请由支委会其他成员办理。"]
    assert page.context["form"]["reason"].value() == "九月主题党日无故缺席"


def test_second_tap_makes_no_second_proposal(made):
    key = str(uuid.uuid4())
    for _time in range(2):
        propose(made, key=key, files=[SimpleUploadedFile("签到表.pdf", PDF)])
    assert (Claim.objects.count(), Evidence.objects.count(), Message.objects.count()) == (1, 1, 1)


def test_member_who_answered_finds_no_new_files(made):
    propose(made)
    claim = Claim.objects.get()
    verb(claim, "answer", made.cast.member, answer="属实。")
    page = verb(claim, "evidence-add", made.cast.commissioner, files=[SimpleUploadedFile("补充.pdf", PDF)])
    assert "不能再附材料" in said(page)[0]
