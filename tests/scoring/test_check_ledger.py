"""The stand-alone checker, run as a stranger would: its own process, no application, no packages."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from tests.scoring.world import world

pytestmark = pytest.mark.django_db
CHECKER = Path(settings.BASE_DIR, "bin", "check_ledger.py")


def check(path: Path) -> tuple[int, list[str]]:
    # -I -S: neither this project nor anything installed can be imported.
    done = subprocess.run([sys.executable, "-I", "-S", str(CHECKER), str(path)], capture_output=True, text=True)
    return done.returncode, (done.stdout + done.stderr).splitlines()


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    world(closed=True)
    path = tmp_path / "ledger.jsonl"
    call_command("export_seals", str(path), verbosity=0)
    return path


def rewrite(path: Path, change) -> int:
    """Change the first entry's text; out: its number."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    place = next(i for i, row in enumerate(rows) if "entry" in row)
    number = int(rows[place]["entry"].split("\t")[0])
    change(rows, place)
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n")
    return number


def test_untouched_ledger_holds(exported):
    assert check(exported) == (0, ["1 个封签，0 处不符。"])


def test_changed_points_are_found_and_named(exported):
    def change(rows, place):
        fields = rows[place]["entry"].split("\t")
        fields[7] = str(int(fields[7]) + 100)
        rows[place]["entry"] = "\t".join(fields)

    number = rewrite(exported, change)
    code, said = check(exported)
    assert code == 1
    assert said[0] == f"检修部党支部 2026 年 9 月第 1 号封签：记录 #{number} 与封签时不同、缺失或是后来插入的。"


def test_removed_entry_is_found_and_named(exported):
    number = rewrite(exported, lambda rows, place: rows.pop(place))
    assert f"记录 #{number} " in check(exported)[1][0]


def test_removed_seal_is_found(exported):
    rows = [json.loads(line) for line in exported.read_text().splitlines()]
    for row in rows:
        if "seal" in row:
            row["seal"]["number"] = 2
    exported.write_text("\n".join(json.dumps(row) for row in rows))
    assert "前面缺少封签" in check(exported)[1][0]


def test_other_files_are_refused_with_a_sentence(tmp_path):
    path = tmp_path / "other.txt"
    path.write_text("hello\n")
    code, said = check(path)
    assert (code, said) == (1, ["第 1 行不是台账导出的内容，请用 manage.py export_seals 重新导出。"])
