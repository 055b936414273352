from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from members.models import OrgUnit
from members.services.export import write_roster


class Command(BaseCommand):
    help = "Write the 花名册 to an xlsx file, of the whole installation or of one unit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the xlsx file to write")
        parser.add_argument("--unit", help="name or id of the unit; without it: everybody")
        parser.add_argument("--full", action="store_true", help="write ID numbers and telephones in full")

    def handle(self, *args: Any, **options: Any) -> None:
        unit = find_unit(options["unit"]) if options["unit"] else None
        count = write_roster(options["file"], unit=unit, in_full=options["full"], by=None)
        self.stdout.write(f"已导出 {count} 名党员：{options['file']}")


def find_unit(text: str) -> OrgUnit:
    """The unit by id or by name; a name must be the only one of its kind."""
    found = list(OrgUnit.objects.filter(pk=int(text)) if text.isdigit() else OrgUnit.objects.filter(name=text))
    if len(found) != 1:
        raise CommandError(
            f"没有名为“{text}”的组织，请核对名称。"
            if not found
            else f"有 {len(found)} 个组织叫“{text}”，请改用编号：" + "、".join(str(unit.pk) for unit in found)
        )
    return found[0]
