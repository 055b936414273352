from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from members.errors import Refused
from members.models import OrgUnit
from scoring.services.rules import load_rule_set, preset_text, presets, publish_rule_set


class Command(BaseCommand):
    help = "载入积分办法：规则文件，或内置办法的代号（如 s3-short）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="规则文件路径，或内置办法的代号")
        parser.add_argument("--unit", help="制定单位的名称；不写则为最上级党委")
        parser.add_argument("--publish", action="store_true", help="载入后立即发布")

    def handle(self, *args: Any, **options: Any) -> None:
        owners = (
            OrgUnit.objects.filter(name=options["unit"]) if options["unit"] else OrgUnit.objects.filter(parent=None)
        )
        owner = owners.first()
        if owner is None:
            raise CommandError("找不到制定单位，请核对名称；还没有组织时请先完成首次设置。")
        try:
            with transaction.atomic():
                rule_set = load_rule_set(self._content(options["file"]), owner=owner, by=None)
                if options["publish"]:
                    publish_rule_set(rule_set, by=None)
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{rule_set}：{rule_set.get_state_display()}")

    def _content(self, name: str) -> str:
        if name in presets():
            return preset_text(name)
        path = Path(name)
        if not path.is_file():
            raise CommandError(f"没有文件“{name}”，也没有这个代号的内置办法（{'、'.join(presets())}）。")
        try:
            return path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise CommandError(f"“{name}”不是 UTF-8 文本，请另存为 UTF-8。") from None
