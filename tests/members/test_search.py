import datetime

import pytest

from members.models import Member, Membership, User
from members.pinyin import spell
from members.querysets import MembershipQuerySet
from tests import factories

pytestmark = pytest.mark.django_db
ID_NUMBER = "11010519491231002X"


@pytest.fixture
def people():
    branch = factories.branch()
    for number, name in (
        ("10001", "王建国"),
        ("10002", "王海"),
        ("10103", "曾小红"),
        ("A2005", "鄂尔泰"),
        ("10004", "建国华"),
    ):
        factories.member(branch, name=name, staff_number=number)
    known = Member.objects.get(name="曾小红")
    known.id_number = ID_NUMBER
    known.save()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {"王建国", "王海", "曾小红", "鄂尔泰", "建国华"}),
        ("   ", {"王建国", "王海", "曾小红", "鄂尔泰", "建国华"}),
        ("建国", {"王建国", "建国华"}),
        ("王 建国", {"王建国"}),
        ("wang", {"王建国", "王海"}),
        ("wang jian", {"王建国"}),
        ("wangjian", {"王建国"}),
        ("WangJianGuo", {"王建国"}),
        ("wjg", {"王建国"}),
        ("zeng", {"曾小红"}),
        ("ceng", set()),
        ("zxh", {"曾小红"}),
        ("eertai", {"鄂尔泰"}),
        ("eet", {"鄂尔泰"}),
        ("10001", {"王建国"}),
        ("101", {"曾小红"}),
        ("A2", {"鄂尔泰"}),
        (ID_NUMBER, {"曾小红"}),
        (ID_NUMBER.lower(), {"曾小红"}),
        (ID_NUMBER[:17], set()),
        ("%", set()),
        ("_", set()),
        ("%建", set()),
    ],
)
def test_search_finds_by_name_pinyin_initials_number(people, text, found):
    assert {member.name for member in Member.objects.search(text)} == found


def test_search_for_accounts_finds_sign_in_names_and_members():
    account = factories.user(factories.member(factories.branch(), name="王建国", staff_number="10001"))
    bare = factories.user(username="audit")
    assert [set(User.objects.search(text)) for text in ("audit", "wjg", "10001", "")] == [
        {bare},
        {account},
        {account},
        {account, bare},
    ]


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("曾小红", "zeng xiao hong", "zxh"),
        ("单雄信", "shan xiong xin", "sxx"),
        ("仇英", "qiu ying", "qy"),
        ("查良镛", "zha liang yong", "zly"),
        ("令狐冲", "linghu chong", "lhc"),
        ("王 建国", "wang jian guo", "wjg"),
    ],
)
def test_spell_reads_surnames_as_people_do(name, pinyin, initials):
    assert spell(name) == (pinyin, initials)


def test_names_sort_by_syllable():
    branch = factories.branch()
    for name in ("西安", "先锋", "曾小红", "张三"):
        factories.member(branch, name=name)
    assert [member.name for member in Member.objects.all()] == ["西安", "先锋", "曾小红", "张三"]


def test_gone_lists_only_who_has_not_come_back():
    branch = factories.branch()
    day = datetime.date(2026, 1, 1)
    gone, back, stays = (factories.member(name=name) for name in ("甲", "乙", "丙"))
    for person in (gone, back):
        factories.membership(person, branch, ended_on=day, ending="LEFT")
    factories.membership(back, branch, started_on=day)
    factories.membership(stays, branch)
    assert [row.member for row in Membership.objects.gone()] == [gone]


@pytest.mark.parametrize("far", [0, 3, 2_000])
def test_every_stretch_of_names_is_the_one_of_the_whole_list(people, monkeypatch, far):
    monkeypatch.setattr(MembershipQuerySet, "_FAR", far)
    for number, name in enumerate(("Anna", "欧阳修", "阿依古丽", "1号", "王海", "·")):
        factories.member(factories.branch(), name=name, staff_number=f"S{number}")
    rows = Membership.objects.current()
    whole = list(rows.by_name().values_list("pk", flat=True))
    parts = [(start, stop) for start in range(len(whole) + 2) for stop in range(start, len(whole) + 2)]
    assert {part: rows.stretch_by_name(*part) for part in parts} == {(a, b): whole[a:b] for a, b in parts}
