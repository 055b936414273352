"""A backup is worth what a restore of it proves. On both engines."""

import contextlib
import datetime
import json
import stat
import threading
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

from config import backup
from config.backup import facts, postgresql
from members import append_only
from members.errors import Refused
from members.models import Member
from scoring.models import Account, LedgerEntry, RuleSet, Seal
from scoring.services import seals
from tests import factories
from tests.harness.clones import cloned_database
from tests.harness.threads import wait_until


@pytest.fixture
def var(settings, tmp_path, real_db):
    """An installation's folder, with one uploaded file."""
    settings.VAR_DIR = tmp_path / "var"
    upload = settings.VAR_DIR / "files" / "evidence" / "ab" / "cd.png"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"a picture")
    return settings.VAR_DIR


@contextlib.contextmanager
def empty_installation(settings, tmp_path):
    """A second installation: migrated, without a row that counts."""
    settings.VAR_DIR = tmp_path / "other"
    settings.VAR_DIR.mkdir()
    used = connections.settings["default"]["NAME"]
    connections.close_all()
    connections.settings["default"]["NAME"] = pristine(used)
    try:
        with cloned_database():
            yield settings.VAR_DIR
    finally:
        connections.close_all()
        connections.settings["default"]["NAME"] = used


def pristine(clone: str) -> str:
    return clone.rpartition(".clone" if connection.vendor == "sqlite" else "_clone")[0]


def sealed_month() -> factories.Cast:
    """A branch with two entries, sealed."""
    people = factories.cast()
    rules = RuleSet.objects.create(owner=people.committee, code="r", name="办法", effective_from=202601)
    account, _ = Account.objects.get_or_create(kind="MEMBER", member=people.member.member)
    for points in (300, -200):
        enter(people, account, rules, points)
    seals.seal_month(people.branch, 202607)
    return people


def enter(people, account, rules, points) -> LedgerEntry:
    return LedgerEntry.objects.create(
        account=account,
        unit=people.branch,
        rule_set=rules,
        happened_on=datetime.date(2026, 7, 3),
        month=202607,
        points=points,
        source=LedgerEntry.Source.ADJUSTMENT,
        filed_by=people.secretary,
        filed_at=timezone.now(),
    )


def rewrite(source: Path, target: Path, **changed: bytes) -> Path:
    """Copy an archive with some parts replaced (`manifest` and `database` by name)."""
    names = {"manifest": "manifest.json", "database": "database"}
    parts = {names[name]: content for name, content in changed.items()}
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name, old.read(name)))
    return target


def manifest_of(path: Path) -> dict:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("manifest.json"))


# --- there and back -------------------------------------------------------------------------
def test_restore_gives_the_same_installation(var, settings, tmp_path, capsys):
    people = sealed_month()
    people.member.member.phone = "13800001111"
    people.member.member.save()
    before = facts.read_facts("default")
    file = tmp_path / "backup.zip"
    call_command("backup", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.zip", "var"]

    with empty_installation(settings, tmp_path) as other:
        call_command("restore", str(file))
        assert facts.read_facts("default") == before
        assert seals.verify_ledger() == []
        assert append_only.missing(connection) == []
        assert Member.objects.get(pk=people.member.member.pk).phone == "13800001111"
        assert (other / "files/evidence/ab/cd.png").read_bytes() == b"a picture"
        assert [path.name for path in other.iterdir()] == ["files"]
        assert Member.objects.create(staff_number="new", name="新").pk > people.member.member.pk
    said = capsys.readouterr().out
    assert f"已备份到 {file}，并已在临时库中恢复核对" in said
    assert f"已从 {file} 恢复并核对" in said
    assert "1 个文件、1 个支部的封签" in said


def test_backup_names_what_it_holds_and_no_secret(var, settings, tmp_path):
    people = sealed_month()
    file = tmp_path / "backup.zip"
    summary = backup.back_up(file)
    manifest = manifest_of(file)
    seal = Seal.objects.get()
    assert manifest["engine"] == connection.vendor
    assert manifest["facts"]["seals"] == [[people.branch.pk, 1, seal.digest]]
    assert manifest["facts"]["rows"]["scoring_ledgerentry"] == 2
    assert "members.0001_people" in manifest["facts"]["migrations"]
    assert sorted(manifest["parts"]) == ["database", "files/evidence/ab/cd.png"]
    assert summary == backup.Summary(
        tables=len(manifest["facts"]["rows"]), rows=sum(manifest["facts"]["rows"].values()), files=1, seals=1
    )
    for secret in (settings.FIELD_KEY, settings.SECRET_KEY):
        assert secret.encode() not in file.read_bytes()
        assert secret not in json.dumps(manifest)


def test_backup_is_consistent_while_others_write(var, settings, tmp_path):
    """Every account of the writer has exactly one entry: a torn copy would have one without."""
    people = sealed_month()
    rules = RuleSet.objects.get()
    stop = threading.Event()
    written: list[int] = []
    failures: list[Exception] = []

    def write():
        try:
            while not stop.is_set():
                person = factories.member(people.branch)
                account, _ = Account.objects.get_or_create(kind="MEMBER", member=person)
                written.append(enter(people, account, rules, 100).pk)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until(lambda: len(written) > 5)
        file = tmp_path / "backup.zip"
        backup.back_up(file)
        during = len(written)
        wait_until(lambda: len(written) > during)
    finally:
        stop.set()
        writer.join()
    assert failures == []
    copied = manifest_of(file)["facts"]["rows"]["scoring_ledgerentry"]
    assert 7 < copied < LedgerEntry.objects.count()
    with empty_installation(settings, tmp_path):
        backup.restore(file)
        assert LedgerEntry.objects.count() == copied


# --- refusals of backup ---------------------------------------------------------------------
def test_backup_refuses_an_existing_file_and_leaves_it(var, tmp_path):
    file = tmp_path / "backup.zip"
    file.write_text("the older backup")
    with pytest.raises(CommandError, match="已存在，请换一个文件名"):
        call_command("backup", str(file))
    assert file.read_text() == "the older backup"


def test_backup_refuses_a_missing_folder(var, tmp_path):
    with pytest.raises(Refused, match="不存在，请先建立"):
        backup.back_up(tmp_path / "nowhere" / "backup.zip")


def test_backup_refuses_a_ledger_that_does_not_match_its_seals(var, tmp_path):
    people = sealed_month()
    with connection.cursor() as cursor:
        disarm(cursor)
        cursor.execute("UPDATE scoring_ledgerentry SET reason = 'changed' WHERE points > 0")
    append_only.install()
    with pytest.raises(Refused, match=f"{people.branch} .*封签：记录 #.* 与封签时不同"):
        backup.back_up(tmp_path / "backup.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["var"]


def test_backup_refuses_a_database_without_its_triggers(var, tmp_path):
    sealed_month()
    with connection.cursor() as cursor:
        disarm(cursor)
    with pytest.raises(Refused, match="数据表 scoring_ledgerentry 缺少只增不改的触发器"):
        backup.back_up(tmp_path / "backup.zip")


def disarm(cursor) -> None:
    """What a person with the owner's rights could do."""
    if connection.vendor == "sqlite":
        cursor.execute("DROP TRIGGER scoring_ledgerentry_keep_update")
    else:
        cursor.execute("DROP TRIGGER scoring_ledgerentry_keep_rows ON scoring_ledgerentry")


# --- refusals of restore --------------------------------------------------------------------
@pytest.fixture
def backup_file(var, tmp_path):
    sealed_month()
    file = tmp_path / "backup.zip"
    backup.back_up(file)
    return file


def test_restore_refuses_a_database_in_use(backup_file):
    before = facts.read_facts("default")
    with pytest.raises(CommandError, match="目标库不是空的：党员中已有记录"):
        call_command("restore", str(backup_file))
    assert facts.read_facts("default") == before


def test_restore_refuses_a_folder_in_use(backup_file, settings, tmp_path):
    with empty_installation(settings, tmp_path) as other:
        (other / "files").mkdir()
        (other / "files" / "left over").write_text("x")
        with pytest.raises(Refused, match="不是空的。请先把它移走"):
            backup.restore(backup_file)


def test_restore_refuses_another_key(backup_file, settings, tmp_path):
    with empty_installation(settings, tmp_path):
        settings.FIELD_KEY = "00" * 32
        with pytest.raises(Refused, match=r"FIELD_KEY 不是备份时所用的密钥.*请先恢复原来的密钥"):
            backup.restore(backup_file)
        assert not Member.objects.exists()


BAD_MANIFESTS = {
    "another engine": ({"engine": "oracle"}, "备份来自 oracle，当前数据库是"),
    "a newer file format": ({"format": 2}, "由更新的版本生成，请先升级程序"),
    "a part too many": ({"parts": {"database": "00", "files/x": "00"}}, "的内容与其清单不符"),
    "a wrong checksum": ({"parts": {"database": "00", "files/evidence/ab/cd.png": "00"}}, "“database”已损坏"),
    "no parts": ({"parts": None}, "不是完整的备份文件"),
}


@pytest.mark.parametrize("case", BAD_MANIFESTS)
def test_restore_refuses_a_manifest_with(case, backup_file, settings, tmp_path):
    changes, sentence = BAD_MANIFESTS[case]
    manifest = json.dumps(manifest_of(backup_file) | changes).encode()
    bad = rewrite(backup_file, tmp_path / "bad.zip", manifest=manifest)
    with empty_installation(settings, tmp_path) as other:
        with pytest.raises(Refused, match=sentence):
            backup.restore(bad)
        assert not Member.objects.exists()
        assert list(other.iterdir()) == []


BAD_FACTS = {
    "fewer rows than it holds": ("rows", lambda rows: rows | {"members_member": 1}, "数据表 members_member 应有 1 行"),
    "other seals": ("seals", lambda seals: [[*seals[0][:2], "00"]], "各支部最新的封签不一致"),
    "a newer program": ("migrations", lambda names: [*names, "scoring.9999_later"], "多出迁移 scoring.9999_later"),
}


@pytest.mark.parametrize("case", BAD_FACTS)
def test_restore_refuses_facts_of(case, backup_file, settings, tmp_path):
    name, change, sentence = BAD_FACTS[case]
    manifest = manifest_of(backup_file)
    manifest["facts"][name] = change(manifest["facts"][name])
    bad = rewrite(backup_file, tmp_path / "bad.zip", manifest=json.dumps(manifest).encode())
    with empty_installation(settings, tmp_path) as other:
        with pytest.raises(Refused, match=sentence):
            backup.restore(bad)
        assert not Member.objects.exists()
        assert list(other.iterdir()) == []


def test_restore_refuses_a_changed_database(backup_file, settings, tmp_path):
    with zipfile.ZipFile(backup_file) as archive:
        content = archive.read("database")
    bad = rewrite(backup_file, tmp_path / "bad.zip", database=content[:-1] + b"?")
    with empty_installation(settings, tmp_path), pytest.raises(Refused, match="“database”已损坏（校验值不符）"):
        backup.restore(bad)


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "absent"])
def test_restore_refuses_a_damaged_file(damage, backup_file, settings, tmp_path):
    content = backup_file.read_bytes()
    middle = len(content) // 2
    bad = tmp_path / "bad.zip"
    if damage != "absent":
        bad.write_bytes(
            {
                "cut": content[:middle],
                "flipped": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
                "text": b"not a backup",
            }[damage]
        )
    with empty_installation(settings, tmp_path), pytest.raises(Refused, match=r"完整的备份文件|已损坏|找不到备份文件"):
        backup.restore(bad)


def test_restore_refuses_a_name_outside_its_folder(backup_file, settings, tmp_path):
    manifest = manifest_of(backup_file)
    manifest["parts"]["files/../../escaped"] = "00"
    bad = rewrite(backup_file, tmp_path / "bad.zip", manifest=json.dumps(manifest).encode())
    with zipfile.ZipFile(bad, "a") as archive:
        archive.writestr("files/../../escaped", "x")
    with empty_installation(settings, tmp_path), pytest.raises(Refused, match="不合规"):
        backup.restore(bad)
    assert not list(tmp_path.rglob("escaped"))


# --- only PostgreSQL ------------------------------------------------------------------------
@pytest.fixture
def on_postgresql(real_db):
    if connection.vendor != "postgresql":
        pytest.skip("about PostgreSQL's client programs and roles")


@pytest.mark.usefixtures("on_postgresql")
def test_backup_without_client_programs_names_the_package(var, tmp_path, monkeypatch):
    monkeypatch.setattr(postgresql, "_programs", lambda name: [])
    with pytest.raises(Refused, match="没有找到程序 pg_dump。请安装软件包 postgresql-client 后重试"):
        backup.back_up(tmp_path / "backup.zip")


@pytest.mark.usefixtures("on_postgresql")
def test_backup_by_a_role_that_may_not_create_databases_says_so(var, tmp_path):
    default = connections.settings["default"]
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE points_modest LOGIN IN ROLE pg_read_all_data")
    try:
        connections.close_all()
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(default, "USER", "points_modest")
            with pytest.raises(Refused, match="数据库角色 points_modest 不能建立核对用的临时库"):
                backup.back_up(tmp_path / "backup.zip")
            connections.close_all()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP ROLE points_modest")


@pytest.mark.usefixtures("on_postgresql")
def test_restore_refuses_a_target_with_other_tables(backup_file, settings, tmp_path):
    with empty_installation(settings, tmp_path):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE later (id int)")
        with pytest.raises(Refused, match="目标库有备份中没有的数据表 later"):
            backup.restore(backup_file)
