"""The log as a file. What was filtered goes out whole or not at all, and the export is a line of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from members.audit_labels import label_of
from members.errors import Refused
from members.models import AuditEvent, User
from members.querysets import AuditEventQuerySet
from members.services.audit import record
from members.spreadsheet import Column, stamp, write_table

CHUNK = 5_000
# More is no table that anybody reads, and a spreadsheet ends at a million rows.
MOST = 100_000


def write_audit(target: str | IO[bytes], *, events: AuditEventQuerySet, by: User, said: str = "") -> int:
    """Write lines of the log, newest first. In: what they were narrowed down by, in words. Out: how many.

    Raise Refused when there are more than MOST: a part would look like the whole.
    """
    count = events.order_by()[: MOST + 1].count()
    if count > MOST:
        raise Refused(_("符合条件的记录超过 %d 条，请缩小时间范围或增加条件，分几次下载。") % MOST)
    write_table(
        target,
        sheet=_("操作日志"),
        title=_("操作日志（%s）") % said if said else _("操作日志"),
        columns=[
            Column(_("编号"), 10),
            Column(_("时间"), 20),
            Column(_("人员"), 14),
            Column(_("来源地址"), 16, is_code=True),
            Column(_("动作"), 18),
            Column(_("对象"), 32),
            Column(_("结果"), 8),
            Column(_("说明"), 48),
        ],
        # No more than was counted, should lines be added meanwhile.
        rows=_rows(events.newest_first()[:count]),
        footer=stamp(by, timezone.localtime()),
    )
    words = {"count": count, "said": said or _("没有筛选")}
    record(by, "members.export_audit", detail=_("%(count)d 条，%(said)s") % words)
    return count


def _rows(events: AuditEventQuerySet) -> Iterator[tuple[Any, ...]]:
    results = {result.value: str(result.label) for result in AuditEvent.Result}
    fields = ("pk", "at", "actor", "address", "action", "target", "result", "detail")
    for pk, at, actor, address, action, target, result, detail in events.values_list(*fields).iterator(CHUNK):
        when = f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"
        yield pk, when, actor, address, label_of(action), target, results[result], detail
