"""Names of branches and groups: one unit under two spellings, or two units."""

import pytest

from members.roster.units import Known, Question, ask, bare_branch, bare_group, in_order, is_similar


@pytest.mark.parametrize(
    ("left", "right", "are_one"),
    [
        ("检修部党支部", "检修支部", True),
        ("检修部党支部", "中共检修部支部委员会", True),
        ("热控党支部", "热控部 党支部", True),
        ("机关第1党支部", "机关第一党支部", True),
        ("机关第一党支部", "机关第二党支部", False),
        ("检修部党支部", "运行部党支部", False),
        ("党支部", "党支部", True),
    ],
)
def test_bare_branch(left: str, right: str, are_one: bool) -> None:
    assert (bare_branch(left) == bare_branch(right)) is are_one


@pytest.mark.parametrize(
    ("left", "right", "are_one"),
    [
        ("第一党小组", "1组", True),
        ("第一党小组", "第1小组", True),
        ("第一党小组", "第二党小组", False),
        ("党小组", "组", False),
    ],
)
def test_bare_group(left: str, right: str, are_one: bool) -> None:
    assert (bare_group(left) == bare_group(right)) is are_one


def test_names_that_differ_in_a_figure_are_not_similar() -> None:
    assert [is_similar("运行一值", "运行二值"), is_similar("燃料", "燃料运输"), is_similar("安监", "财务")] == [
        False,
        True,
        False,
    ]


def test_groups_are_counted_in_order() -> None:
    names = ["第十一党小组", "第2党小组", "第一党小组", "第三党小组"]
    assert sorted(names, key=in_order) == ["第一党小组", "第2党小组", "第三党小组", "第十一党小组"]


def asked(*names: str, known: tuple[str, ...] = (), decisions: dict[str, str] | None = None) -> dict[str, object]:
    """Name -> what becomes of it, most used first."""
    questions = [Question(name, "BRANCH", name, 10 - i, i + 2) for i, name in enumerate(names)]
    ask(questions, [Known(i, name) for i, name in enumerate(known, 1)], decisions or {}, is_branch=True)
    return {question.name: question.target for question in questions}


def test_unknown_name_is_created() -> None:
    assert asked("检修部党支部") == {"检修部党支部": "检修部党支部"}


def test_other_spelling_of_an_existing_name_is_mapped() -> None:
    assert asked("检修支部", known=("运行部党支部", "检修部党支部")) == {"检修支部": 2}


def test_two_spellings_in_the_file_become_one() -> None:
    assert asked("热控党支部", "热控支部") == {"热控党支部": "热控党支部", "热控支部": "热控党支部"}


def test_similar_name_is_created_but_told() -> None:
    question = Question("燃料运输党支部", "BRANCH", "燃料运输党支部", 3, 2)
    ask([question], [Known(1, "燃料党支部")], {}, is_branch=True)
    assert (question.decision, question.hint) == ("new", "与现有的“燃料党支部”相近，请确认不是同一个")


def test_two_equally_bare_existing_names_are_not_chosen_between() -> None:
    assert asked("检修支部", known=("检修部党支部", "检修党支部")) == {"检修支部": "检修支部"}


@pytest.mark.parametrize(
    ("decision", "target"), [("new", "检修支部"), ("to:1", 1), ("skip", None), ("to:99", 1), ("rm -rf", 1)]
)
def test_decision_counts_only_when_it_was_offered(decision: str, target: object) -> None:
    assert asked("检修支部", known=("检修部党支部",), decisions={"检修支部": decision}) == {"检修支部": target}


@pytest.mark.parametrize(("decision", "target"), [("to:1", 1), ("skip", None)])
def test_spelling_follows_its_twin(decision: str, target: object) -> None:
    names = asked("燃料运输党支部", "燃料运输支部", known=("燃料党支部",), decisions={"燃料运输党支部": decision})
    assert names == {"燃料运输党支部": target, "燃料运输支部": target}
