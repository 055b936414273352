from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from config.backup import back_up
from members.errors import Refused


class Command(BaseCommand):
    help = "Write the whole installation to one file and prove that it can be restored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            summary = back_up(file)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            _(
                "已备份到 %(file)s，并已在临时库中恢复核对："
                "%(tables)s 张表、%(rows)s 行、%(files)s 个文件、%(seals)s 个支部的封签。"
            )
            % {"file": file, **vars(summary)}
        )
