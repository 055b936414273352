"""A unit's own items as pages: the list with its buttons, the form with its check, the file."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from scoring.models import CustomItem, Item
from scoring.months import shift
from tests.scoring.test_custom_items import FILE, OWN, Place, open_month

pytestmark = pytest.mark.django_db
TYPED = {
    "code": "自-1", "name": "技能比武", "pricing": "按数量", "rate": "1", "unit_label": "次", "tally": "累加",
    "cap_month": "4", "evidence": "可附", "levels": "国家级 10",
}  # fmt: skip


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"scoring:custom-item-{name}", args=args)


def typed(place: Place, **changes: object) -> dict[str, object]:
    where = {"unit": place.cast.branch.pk, "section": place.section().pk, "from_month": open_month()}
    return {**where, **TYPED, **changes}


def test_form_makes_the_clause_of_what_belongs_to_the_pricing():
    place = Place()
    answer = client_of(place.cast.secretary).post(url("propose", place.rules.pk), typed(place))
    assert answer.url == url("list", place.rules.pk)
    # The levels typed for another pricing are left out.
    assert CustomItem.objects.get().content == OWN | {"汇总": "累加", "佐证": "可附"}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"pricing": "按级别", "tally": "取最高", "levels": "国家级  10\n市 级 4\n\n"},
         {"级别": [["国家级", "10"], ["市 级", "4"]]}),
        ({"pricing": "按分数段", "bands": "- 60 0\n60 - 1"}, {"分数段": [["", "60", "0"], ["60", "", "1"]]}),
        ({"pricing": "每次定分", "points": "1", "reason_required": "on"}, {"分值": "1", "须写理由": "是"}),
        ({"pricing": "打分", "least": "0", "most": "3", "tally": "按次数分档", "steps": "1 2\n2 3"},
         {"最低": "0", "最高": "3", "分档": [["1", "2"], ["2", "3"]]}),
    ],
)  # fmt: skip
def test_every_pricing_can_be_typed(changes, found):
    place = Place()
    client_of(place.cast.secretary).post(url("propose", place.rules.pk), typed(place, **changes))
    content = CustomItem.objects.get().content
    assert {word: content[word] for word in found} == found


def test_form_offers_the_units_of_the_own_posts():
    place = Place()
    found = {}
    for role in ("secretary", "business_admin"):
        form = client_of(getattr(place.cast, role)).get(url("propose", place.rules.pk)).context["form"]
        found[role] = {name for _pk, name in form.fields["unit"].queryset.values_list("pk", "name")}
    assert found == {"secretary": {"检修部党支部"}, "business_admin": {"机关党支部", "检修部党支部", "运行部党支部"}}


def test_refused_form_stays_with_its_sentences():
    place = Place()
    page = client_of(place.cast.secretary).post(url("propose", place.rules.pk), typed(place, cap_month="7"))
    assert "一期合计最多 6 分" in page.context["problems"][0]
    assert 'value="技能比武"' in page.content.decode()


def test_live_check_says_what_is_in_the_way_and_saves_nothing():
    place = Place()
    client = client_of(place.cast.secretary)
    good = client.post(url("check", place.rules.pk), typed(place)).content.decode()
    assert "符合限额，可以申请。" in good
    assert "“加分”已用 0 / 2 项，0 / 6 分" in good
    assert "没有限定" in client.post(url("check", place.rules.pk), typed(place, cap_month="")).content.decode()
    assert "条款号：" in client.post(url("check", place.rules.pk), typed(place, code="")).content.decode()
    assert client.get(url("check", place.rules.pk)).status_code == 405
    assert not CustomItem.objects.exists()


def test_list_shows_each_person_their_buttons():
    place = Place()
    place.propose()
    found = {}
    for role in ("secretary", "committee_member", "business_admin", "deputy"):
        line = client_of(getattr(place.cast, role)).get(url("list", place.rules.pk)).context["lines"][0]
        found[role] = (line.may_decide, line.may_end)
    decides, reads = (True, False), (False, False)
    assert found == {"secretary": reads, "deputy": reads, "committee_member": decides, "business_admin": decides}
    assert line.terms == "计价 按数量，单价 1，单位 次，每月上限 4"


def test_list_is_narrowed_by_unit_and_state():
    place = Place()
    place.propose()
    client = client_of(place.cast.business_admin)
    counts = [
        len(client.get(url("list", place.rules.pk), query).context["lines"])
        for query in ({}, {"state": "PROPOSED"}, {"state": "APPROVED"}, {"unit": place.cast.other_branch.pk})
    ]
    assert counts == [1, 1, 0, 0]


def test_decision_and_end_on_the_page():
    place = Place()
    first, second = place.propose(), place.propose(条款号="自-2", 每月上限="1")
    decides = client_of(place.cast.committee_member)
    decides.post(url("approve", first.pk))
    decides.post(url("return", second.pk), {"reason": "重复"})
    decides.post(url("return", second.pk), {"reason": ""})
    assert dict(CustomItem.objects.values_list("pk", "state")) == {first.pk: "APPROVED", second.pk: "RETURNED"}
    secretary = client_of(place.cast.secretary)
    assert secretary.get(url("list", place.rules.pk)).context["lines"][1].may_end
    secretary.post(url("end", first.pk), {"to_month": "x"})
    assert Item.objects.get(unit=place.cast.branch).to_month is None
    secretary.post(url("end", first.pk), {"to_month": shift(open_month(), 2)})
    assert Item.objects.get(unit=place.cast.branch).to_month == shift(open_month(), 2)


def test_file_is_taken_whole_or_not_at_all():
    place = Place()
    client = client_of(place.cast.secretary)
    where = {"unit": place.cast.branch.pk, "from_month": open_month(), "preset": ""}
    bad = client.post(url("load", place.rules.pk), where | {"file": SimpleUploadedFile("own.yaml", FILE.encode())})
    assert len(bad.context["problems"]) == 2
    odd = client.post(url("load", place.rules.pk), where | {"file": SimpleUploadedFile("own.yaml", b"\xff\xfe")})
    assert odd.context["problems"] == ["条款文件不是 UTF-8 文本，请另存为 UTF-8 后上传。"]
    good = FILE.split("  - 代号: 无")[0].replace("每月上限: 4", "每月上限: 3")
    client.post(url("load", place.rules.pk), where | {"file": SimpleUploadedFile("own.yaml", good.encode())})
    assert [str(custom) for custom in CustomItem.objects.order_by("pk")] == ["自-1 一", "自-2 二"]


def test_list_takes_a_bounded_number_of_queries(queries):
    place = Place()
    client = client_of(place.cast.business_admin)
    place.propose(每月上限="1")
    client.get(url("list", place.rules.pk))
    with queries() as one:
        client.get(url("list", place.rules.pk))
    place.propose(条款号="自-2", 每月上限="1")
    place.propose(条款号="自-3", 每月上限="1", at=place.cast.other_branch, by=place.cast.business_admin)
    with queries() as three:
        client.get(url("list", place.rules.pk))
    assert len(one) == len(three) <= 12
