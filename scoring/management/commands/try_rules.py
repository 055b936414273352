from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from members.errors import Refused
from members.tabular import Sheet, read_table
from scoring.calculation.cells import tidy
from scoring.management.commands.score_month import month_argument
from scoring.rulebook.file import ParsedRules, parse
from scoring.rulebook.tryout import Record, failed_examples, try_records
from scoring.services.rules import preset_text, presets

_COLUMNS = {"条款号": "code", "内容": "text", "月份": "month", "姓名": "name"}


class Command(BaseCommand):
    help = "用一份规则文件给一份记录算分并逐步说明，不触及数据库：try_rules 规则文件 记录.csv"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rules", help="规则文件路径，或内置办法的代号")
        parser.add_argument("records", help="表格：条款号、内容，可有月份（2026-09）和姓名")
        parser.add_argument("--month", type=month_argument, help="计算哪个月；不写则为规则的生效月份")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rules = parse(self._content(options["rules"]))
            failed = failed_examples(rules)
            path = Path(options["records"])
            if not path.is_file():
                raise CommandError(f"没有文件“{path}”，请核对路径。")
            people = self._people(read_table(path.name, path.read_bytes())[0])
            for name, records in people.items():
                self._tell(name, rules, records, options["month"] or rules.fields["effective_from"])
        except (Refused, ArgumentTypeError) as refusal:
            raise CommandError(str(refusal)) from None
        if failed:
            raise CommandError("\n".join(failed))

    def _content(self, name: str) -> str:
        if name in presets():
            return preset_text(name)
        path = Path(name)
        if not path.is_file():
            raise CommandError(f"没有文件“{name}”，也没有这个代号的内置办法（{'、'.join(presets())}）。")
        return path.read_text(encoding="utf-8-sig")

    def _people(self, sheet: Sheet) -> dict[str, list[Record]]:
        """The records by name; without such a column they are one person's."""
        head = [tidy(str(cell)) for cell in sheet.rows[0]] if sheet.rows else []
        places = {_COLUMNS[name]: place for place, name in enumerate(head) if name in _COLUMNS}
        if not {"code", "text"} <= set(places):
            raise CommandError("记录表的第一行须有“条款号”和“内容”两列。")
        people: dict[str, list[Record]] = {}
        for row in sheet.rows[1:]:
            cells = {key: tidy(str(row[place])) if place < len(row) else "" for key, place in places.items()}
            if cells["code"]:
                month = month_argument(cells["month"]) if cells.get("month") else 0
                people.setdefault(cells.get("name", ""), []).append(Record(cells["code"], cells["text"], month))
        return people

    def _tell(self, name: str, rules: ParsedRules, records: list[Record], month: int) -> None:
        if name:
            self.stdout.write(f"—— {name} ——")
        for line in try_records(rules, records, month).lines():
            self.stdout.write(line)
