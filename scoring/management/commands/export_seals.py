from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from scoring.services.seals import export_seals


class Command(BaseCommand):
    help = "导出已封签的台账，供 bin/check_ledger.py 在没有本系统的机器上核对"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        path.touch(mode=0o600)
        count = 0
        with path.open("w", encoding="utf-8") as file:
            for line in export_seals():
                file.write(line + "\n")
                count += 1
        self.stdout.write(f"{path}：{count} 行")
