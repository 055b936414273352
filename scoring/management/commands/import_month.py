from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from members.errors import Refused
from scoring import months
from scoring.management.arguments import acting_user, content_of, unit_named
from scoring.management.commands.score_month import month_argument
from scoring.services.month_sheet import read_month_sheet, write_changes
from scoring.sheets.plan import SheetPlan


class Command(BaseCommand):
    help = "导入一个支部的月度积分表：import_month 积分表.xlsx --branch 检修部党支部 --month 2026-09"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="xlsx、xls 或 csv 文件")
        parser.add_argument("--branch", required=True, help="党支部的名称")
        parser.add_argument("--month", required=True, type=month_argument, help="月份，如 2026-09")
        parser.add_argument("--by", help="经办人的登录名；不写则记在系统管理员名下")

    def handle(self, *args: Any, **options: Any) -> None:
        unit, month = unit_named(options["branch"]), options["month"]
        by, path = acting_user(options["by"]), options["file"]
        try:
            plan = read_month_sheet(unit, month, path.name, content_of(path))
            self._print_notes(plan)
            if plan.problems:
                lines = [_("有 %d 处需要修改，没有写入任何内容：") % len(plan.problems), *map(str, plan.problems)]
                raise CommandError("\n".join(lines))
            if not plan.changes:
                self.stdout.write(_("没有需要变更的内容。"))
                return
            write_changes(unit, month, plan.confirmed(), by=by)
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{unit} {months.label(month)}：{plan.summary()}")

    def _print_notes(self, plan: SheetPlan) -> None:
        for column, reason in plan.left_aside:
            note = _("不导入 %(letter)s 列“%(heading)s”：%(reason)s")
            self.stdout.write(note % {"letter": column.letter, "heading": column.heading, "reason": reason})
        if plan.untouched:
            self.stdout.write(_("表中没有的条款（保持不变）：%s") % "、".join(plan.untouched))
        if plan.absent:
            self.stdout.write(_("表中没有的党员（保持不变）：%s") % "、".join(plan.absent))
