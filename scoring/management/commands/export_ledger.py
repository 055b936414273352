from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import User
from scoring.management.arguments import acting_user, unit_named
from scoring.management.commands.score_month import month_argument
from scoring.services.sheets import write_ledger


class Command(BaseCommand):
    help = "导出党员积分台账：export_ledger 台账.xlsx --branch 检修部党支部 --month 2026-09"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="要写的 xlsx 文件")
        parser.add_argument("--branch", required=True, help="党支部的名称；写党委则包括其下所有支部")
        parser.add_argument("--month", required=True, type=month_argument, help="月份，如 2026-09")
        parser.add_argument("--period", choices=["month", "quarter"], default="month", help="quarter：该月所在季度")
        parser.add_argument("--by", help="导出人的登录名；不写则记为系统")

    def handle(self, *args: Any, **options: Any) -> None:
        unit = unit_named(options["branch"])
        by: User | None = acting_user(options["by"]) if options["by"] else None
        try:
            rows = write_ledger(options["file"], unit, options["month"], by=by, period=options["period"])
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        except OSError:
            raise CommandError(_("不能写入文件“%s”，请核对路径和权限。") % options["file"]) from None
        self.stdout.write(_("已导出 %(rows)d 行到 %(file)s。") % {"rows": rows, "file": options["file"]})
