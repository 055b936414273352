"""The one door for foreign tables."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from members.errors import Refused
from members.tabular.kinds import kind_of
from members.tabular.sheet import Sheet
from members.tabular.text import read_text
from members.tabular.workbook import read_workbook


def read_table(file_name: str, content: bytes) -> list[Sheet]:
    """The visible sheets of a workbook, or the one table of a text file.

    In: the name (only to call a text file's table by) and the bytes.
    Raise Refused, with a sentence for the person who uploaded, when the file is too big, not a table,
    locked, damaged, carries macros or was made to harm. The content is looked at before it is parsed.
    """
    if len(content) > settings.ROSTER_FILE_LIMIT:
        raise Refused(
            _("文件有 %(size)d MB，超过 %(limit)d MB。请删除图片和无关的工作表后重新上传。")
            % {"size": len(content) >> 20, "limit": settings.ROSTER_FILE_LIMIT >> 20}
        )
    sheets = read_text(file_name, content) if kind_of(content) == "text" else read_workbook(content)
    filled = [sheet for sheet in sheets if sheet.rows]
    if not filled:
        raise Refused(_("文件里没有内容，请检查是否选错了文件。"))
    return filled
