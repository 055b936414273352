from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from members.errors import Refused
from members.models import OrgUnit
from scoring import months
from scoring.services.runs import finish_run, progress, start_run


def month_argument(text: str) -> int:
    """ "2026-09" -> 202609."""
    try:
        year, number = text.split("-")
        month = int(year) * 100 + int(number)
    except ValueError:
        month = 0
    if not months.is_month(month):
        raise ArgumentTypeError(f"“{text}”不是月份，请写成 2026-09 这样的形式。")
    return month


class Command(BaseCommand):
    help = "计算一个月的积分：score_month 2026-09"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", type=month_argument)
        parser.add_argument("--unit", help="只计算这个组织（党委）以下；不写则全部")

    def handle(self, *args: Any, **options: Any) -> None:
        roots = OrgUnit.objects.filter(parent__isnull=True)
        if options["unit"]:
            roots = OrgUnit.objects.filter(name=options["unit"])
        if not roots:
            raise CommandError(
                "没有这个组织，请核对名称。" if options["unit"] else "还没有任何组织，请先完成首次设置。"
            )
        for root in roots:
            try:
                run = finish_run(start_run(root, options["month"], by=None))
            except Refused as refusal:
                raise CommandError(str(refusal)) from None
            done, total, accounts = progress(run)
            line = f"{root} {months.label(run.month)}：{run.get_state_display()}，{accounts} 人，{done}/{total} 片"
            if run.state == run.State.FAILED:
                raise CommandError(f"{line}。{run.failure}")
            self.stdout.write(line)
