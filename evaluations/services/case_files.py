"""Files that a veto case rests on. What is taken and how it is kept: scoring/services/evidence.py."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from evaluations.models import CaseFile, VetoCase
from members.errors import Refused
from members.models import User
from scoring.models import Evidence
from scoring.services.evidence import Upload, read_upload, require_new, store

FILES_PER_CASE = 10


def add_case_files(case: VetoCase, uploads: Sequence[File[bytes]], *, by: User) -> list[str]:
    """Attach several files, each for itself. Out: a sentence for each that was refused."""
    refusals = []
    for upload in uploads:
        try:
            _attach(case, read_upload(upload), by)
        except Refused as refusal:
            refusals.append(f"{upload.name}：{refusal}")
    return refusals


@transaction.atomic
def _attach(case: VetoCase, upload: Upload, by: User) -> None:
    case = VetoCase.objects.select_for_update(of=("self",)).select_related("account__member").get(pk=case.pk)
    if not takes_files(case, by):
        raise Refused(_("只能由提出人或本人在决定之前附材料。"))
    standing = Evidence.objects.filter(pk__in=CaseFile.objects.filter(case=case).values("evidence"))
    require_new(upload, standing, FILES_PER_CASE, _("每件一票否决最多附 %d 个文件。"))
    CaseFile.objects.create(case=case, evidence=store(Evidence(is_held=True), upload, by=by, detail=str(case)))


def takes_files(case: VetoCase, by: User) -> bool:
    """The one who proposed it, and the one it is about, until it is decided."""
    is_own = case.account.member_id == by.member_id and by.member_id is not None
    return case.is_open and (case.proposed_by_id == by.pk or is_own)
