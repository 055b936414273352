"""The verbs as commands: the same services, the same sentences, an exit code for scripts."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from scoring.models import RuleSet, Score, ScoreRun
from scoring.services import runs
from scoring.services.rules import presets
from scoring.services.seals import seal_month
from tests.factories import branch, committee
from tests.scoring.factories import ALL_KINDS
from tests.scoring.test_seals import sql, without_triggers
from tests.scoring.world import world

ROOT = Path(__file__).resolve().parents[2]


def said(capsys, *command):
    call_command(*command)
    return capsys.readouterr().out.splitlines()


# --- score_month ----------------------------------------------------------------------------
def test_score_month_computes_and_says_how_many(db, capsys):
    made = world()
    made.submit()
    Score.objects.all().delete()
    assert said(capsys, "score_month", "2026-09") == ["华东能源集团有限公司党委 2026 年 9 月：已完成，6 人，1/1 片"]
    assert Score.objects.count() == 6


def test_score_month_of_one_unit(db, capsys):
    made = world()
    made.submit()
    Score.objects.all().delete()
    assert said(capsys, "score_month", "2026-9", "--unit", "运行部党支部") == [
        "运行部党支部 2026 年 9 月：已完成，0 人，1/1 片"
    ]
    assert not Score.objects.exists()
    assert said(capsys, "score_month", "2026-9", "--unit", "检修部党支部") == [
        "检修部党支部 2026 年 9 月：已完成，6 人，1/1 片"
    ]
    assert set(Score.objects.values_list("unit", flat=True)) == {made.cast.branch.pk}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["202609"], "“202609”不是月份，请写成 2026-09 这样的形式。"),
        (["2026-13"], "“2026-13”不是月份，请写成 2026-09 这样的形式。"),
        (["九月"], "“九月”不是月份，请写成 2026-09 这样的形式。"),
        (["2999-01"], "2999 年 1 月还没有开始，不能计算。"),
        (["2026-09", "--unit", "没有"], "没有这个组织，请核对名称。"),
    ],
)
def test_score_month_refuses_with_a_sentence(db, arguments, sentence):
    committee()
    with pytest.raises(CommandError) as refusal:
        call_command("score_month", *arguments)
    assert str(refusal.value).removeprefix("Error: argument month: ") == sentence


def test_score_month_before_the_set_up_says_so(db):
    with pytest.raises(CommandError, match="还没有任何组织，请先完成首次设置。"):
        call_command("score_month", "2026-09")


def test_score_month_that_fails_ends_with_an_error(db, monkeypatch, settings):
    world()
    settings.JOB_LEASE_SECONDS = -1
    monkeypatch.setattr(runs, "MAX_ATTEMPTS", 0)
    with pytest.raises(
        CommandError, match="华东能源集团有限公司党委 2026 年 9 月：未完成，0 人，0/1 片。第 .* 片多次计算未成功"
    ):
        call_command("score_month", "2026-09")
    assert ScoreRun.objects.get().state == "FAILED"


def test_mistyped_month_is_a_sentence_on_the_command_line_too():
    """Not a traceback, though arguments are read before the command runs."""
    finished = subprocess.run(
        [sys.executable, "manage.py", "score_month", "September"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode != 0
    assert "“September”不是月份，请写成 2026-09 这样的形式。" in finished.stderr
    assert "Traceback" not in finished.stderr


# --- verify_ledger --------------------------------------------------------------------------
def test_verify_ledger_counts_what_holds(db, capsys):
    made = world(closed=True)
    seal_month(made.cast.branch, 202608)
    assert said(capsys, "verify_ledger") == ["2 个封签全部相符。"]


def test_verify_ledger_names_what_does_not_and_fails(real_db, capsys):
    world(closed=True)
    without_triggers()
    sql("UPDATE scoring_ledgerentry SET points = points + 1")
    with pytest.raises(CommandError, match="1 处不符。"):
        call_command("verify_ledger")
    assert capsys.readouterr().out.splitlines()[0].startswith("检修部党支部 2026 年 9 月 第 1 号封签：记录 #")


# --- load_rules -----------------------------------------------------------------------------
def test_load_rules_takes_a_preset_or_a_file(db, capsys, tmp_path):
    top = committee()
    home = branch(top, "检修部党支部")
    file = tmp_path / "rules.yaml"
    # Editors on Windows put a mark in front.
    file.write_text("\ufeff" + ALL_KINDS)
    assert said(capsys, "load_rules", "s3-short", "--publish") == ["党员积分登记表（简表） v1：已发布"]
    assert said(capsys, "load_rules", str(file), "--unit", "检修部党支部") == ["各种条款 v1：草稿"]
    assert sorted(RuleSet.objects.values_list("code", "owner", "state")) == [
        ("kinds", home.pk, "DRAFT"),
        ("s3-short", top.pk, "PUBLISHED"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing.yaml"], "没有文件“nothing.yaml”，也没有这个代号的内置办法（{presets}）。"),
        (["s3-short", "--unit", "没有"], "找不到制定单位，请核对名称；还没有组织时请先完成首次设置。"),
    ],
)
def test_load_rules_refuses_with_a_sentence(db, arguments, sentence):
    committee()
    with pytest.raises(CommandError) as refusal:
        call_command("load_rules", *arguments)
    assert str(refusal.value) == sentence.format(presets="、".join(presets()))


def test_load_rules_names_every_mistake_of_a_file(db, tmp_path):
    committee()
    file = tmp_path / "rules.yaml"
    file.write_text("代号: r\n周期: 周\n")
    with pytest.raises(CommandError) as refusal:
        call_command("load_rules", str(file))
    assert str(refusal.value).split("\n")[:2] == [
        "第 1 行附近“名称”：没有填写，请补上。", "第 1 行附近“周期”：“周”不是可用的值，可填：月、季、年。",
    ]  # fmt: skip
    file.write_bytes("代号: 办法".encode("gb18030"))
    with pytest.raises(CommandError, match="不是 UTF-8 文本，请另存为 UTF-8。"):
        call_command("load_rules", str(file))


def test_load_rules_that_cannot_be_published_leaves_no_draft(db):
    committee()
    call_command("load_rules", "s3-short", "--publish", verbosity=0)
    with pytest.raises(CommandError, match="已有从同一月份或更晚月份起生效的版本"):
        call_command("load_rules", "s3-short", "--publish")
    assert RuleSet.objects.count() == 1
