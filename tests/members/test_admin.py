"""The rescue tool: the system administrator's alone, without points or personal files."""

import pytest
from django.contrib import admin
from django.urls import reverse

from members.models import Member, OrgUnit
from tests import factories

pytestmark = pytest.mark.django_db
INDEX = reverse("admin:index")


def test_only_the_system_administrator_enters(client):
    cast = factories.cast()
    entered = set()
    for role, person in cast.by_role().items():
        client.force_login(person)
        if client.get(INDEX).status_code == 200:
            entered.add(role)
    assert entered == {"system_admin"}


def test_every_page_of_every_registered_model_opens_or_refuses_but_never_fails(client):
    cast = factories.cast()
    client.force_login(cast.system_admin)
    codes = {
        model._meta.label: client.get(
            reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        ).status_code
        for model in admin.site._registry
    }
    assert {label: code for label, code in codes.items() if label.startswith("members.")} == {
        "members.User": 200,
        "members.OrgUnit": 200,
        "members.RosterImport": 200,
    }
    assert set(codes.values()) <= {200, 403}


def test_personal_files_and_the_log_are_not_in_it():
    registered = {model._meta.label for model in admin.site._registry}
    assert not registered & {"members.Member", "members.Membership", "members.AuditEvent", "auth.Group"}
    assert Member not in admin.site._registry


def test_only_the_order_of_a_unit_can_be_changed(client):
    cast = factories.cast()
    client.force_login(cast.system_admin)
    address = reverse("admin:members_orgunit_change", args=[cast.branch.pk])
    assert client.get(address).status_code == 200
    client.post(address, {"position": "7", "name": "别的", "path": "9."})
    unit = OrgUnit.objects.get(pk=cast.branch.pk)
    assert (unit.position, unit.name, unit.path) == (7, cast.branch.name, cast.branch.path)


def test_accounts_can_be_looked_at_and_not_changed_or_deleted(client):
    cast = factories.cast()
    client.force_login(cast.system_admin)
    args = [cast.member.pk]
    assert client.get(reverse("admin:members_user_change", args=args)).status_code == 200
    assert client.post(reverse("admin:members_user_change", args=args), {"duty": "ALL"}).status_code == 403
    assert client.post(reverse("admin:members_user_delete", args=args), {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:members_user_add")).status_code == 403
