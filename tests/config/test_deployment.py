"""The deployment files agree with the program."""

import re
from pathlib import Path

import pytest
import yaml
from django.db import ProgrammingError, connection, transaction

from members.append_only import append_only_tables
from members.models import AuditEvent, OrgUnit

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def names_read_by_the_program() -> set[str]:
    source = (ROOT / "config/settings.py").read_text()
    return set(re.findall(r'(?:required|env\.\w+)\("([A-Z_]+)"', source))


def test_env_example_names_every_variable():
    example = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / ".env.example").read_text(), re.MULTILINE))
    only_for_compose = {"POSTGRES_PASSWORD", "OWNER_PASSWORD", "APP_PASSWORD"}
    assert example == names_read_by_the_program() | only_for_compose


def test_deployment_guide_names_every_variable():
    guide = (ROOT / "docs/deployment.md").read_text()
    assert [name for name in sorted(names_read_by_the_program()) if f"`{name}`" not in guide] == []


def test_compose_runs_web_worker_and_beat_after_the_migrations():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert sorted(services) == ["beat", "postgres", "redis", "setup", "web", "worker"]
    waiting = [name for name, service in services.items() if "setup" in service.get("depends_on", {})]
    assert waiting == ["web", "worker", "beat"]
    assert [services[name]["image"] for name in ("postgres", "redis")] == ["postgres:15", "redis:7"]


def test_files_named_in_deployment_files_exist():
    named = set()
    for file in [ROOT / "compose.yaml", *DEPLOY.rglob("*"), ROOT / "docs/deployment.md"]:
        if file.is_file():
            named |= set(re.findall(r"deploy/[\w./-]*\w", file.read_text()))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.fixture
def roles(real_db):
    """The two roles of the guide, on the cloned database."""
    if connection.vendor != "postgresql":
        pytest.skip("about PostgreSQL's roles")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(20261)")
        cursor.execute("CREATE ROLE points_app")
        cursor.execute((DEPLOY / "postgresql/grants.sql").read_text())
        yield
        cursor.execute("RESET ROLE; DROP OWNED BY points_app; DROP ROLE points_app")
        cursor.execute("SELECT pg_advisory_unlock(20261)")


CHANGES = ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]


def test_program_role_writes_but_never_changes_append_only_tables(roles):
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE points_app")
        AuditEvent.objects.create(actor="甲", action="test")
        OrgUnit.objects.create(kind="BRANCH", name="支部", path="1.")
        OrgUnit.objects.update(name="新名")
        cursor.execute("DELETE FROM members_orgunit")
        for table in [*append_only_tables(), "django_migrations"]:
            for change in CHANGES:
                with pytest.raises(ProgrammingError, match=f"permission denied for .*{table}"), transaction.atomic():
                    cursor.execute(change.format(table))
        assert AuditEvent.objects.count() == 1
