"""Files that prove a claim, or that a proposed deduction rests on. What is taken and how it is kept: evidence.py."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import AuditEvent, User
from members.services.audit import record
from scoring.models import Claim, Evidence, Item
from scoring.services.evidence import Upload, destroy, read_upload, require_new, store

FILES_PER_CLAIM = 5


def takes_files(claim: Claim) -> bool:
    """A claim until it is handed in, and again when it came back; a deduction until the member has answered it."""
    if claim.kind == Claim.Kind.DEDUCTION:
        return claim.state == Claim.State.CLAIMED and claim.answered_at is None
    return claim.is_editable


def add_claim_file(claim: Claim, upload: File[bytes], *, by: User) -> Evidence:
    """Attach a file. It is read before the database is asked for a lock: a big picture takes a second."""
    return _attach(claim, read_upload(upload), by)


@transaction.atomic
def _attach(claim: Claim, upload: Upload, by: User) -> Evidence:
    claim = _locked(claim)
    if claim.filed_by_id != by.pk:
        raise Refused(_("只能由申报人附材料。"))
    if not takes_files(claim):
        raise Refused(_("这件申报已在办理中，不能再附材料；需要补充请办理人退回，或撤回后重新申报。"))
    if claim.item.evidence == Item.EvidenceRule.NONE:
        raise Refused(_("%s不需要佐证材料。") % claim.item)
    standing = Evidence.objects.standing().filter(claim=claim)
    require_new(upload, standing, FILES_PER_CLAIM, _("每件申报最多附 %d 个文件，请先移除不需要的。"))
    return store(Evidence(claim=claim), upload, by=by, detail=_detail(claim))


@transaction.atomic
def remove_claim_file(evidence: Evidence, *, by: User) -> None:
    """Take a file off a claim that is not handed in. What a deduction rests on stays: the member has seen it."""
    if evidence.claim is None or evidence.claim.filed_by_id != by.pk:
        raise Refused(_("只能由申报人移除自己附的材料。"))
    claim = _locked(evidence.claim)
    if not claim.is_editable:
        raise Refused(_("这件申报已提交，材料不能移除；需要更换请办理人退回，或撤回后重新申报。"))
    evidence = Evidence.objects.get(pk=evidence.pk)
    if evidence.removed_at is None:
        destroy(evidence, by=by, detail=_detail(claim))


def add_claim_files(claim: Claim, uploads: Sequence[File[bytes]], *, by: User) -> list[str]:
    """Attach several files, each for itself. Out: a sentence for each that was refused."""
    refusals = []
    for upload in uploads:
        try:
            add_claim_file(claim, upload, by=by)
        except Refused as refusal:
            refusals.append(f"{upload.name}：{refusal}")
            record(by, "scoring.add_evidence", claim, detail=refusals[-1], result=AuditEvent.Result.REFUSED)
    return refusals


def _locked(claim: Claim) -> Claim:
    rows = Claim.objects.select_for_update(of=("self",)).select_related("item", "account__member")
    return rows.get(pk=claim.pk)


def _detail(claim: Claim) -> str:
    return f"{claim.account}，{claim.item}"
