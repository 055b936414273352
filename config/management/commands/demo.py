from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from config import demo
from members.models import OrgUnit


class Command(BaseCommand):
    help = "载入演示单位（仅当数据库为空），并打印各角色的登录名"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--address", default="", help="网址，打印在登录名上方")

    def handle(self, *args: Any, **options: Any) -> None:
        root = OrgUnit.objects.filter(parent=None).first()
        if root is None:
            # All or nothing: an interrupted first start begins anew.
            with transaction.atomic():
                for step in demo.load():
                    self.stdout.write(f"{step} …")
                    self.stdout.flush()
        elif root.name != demo.UNIT:
            raise CommandError(f"数据库里已有单位“{root}”，演示数据只装入空数据库。")
        if options["address"]:
            self.stdout.write(f"\n网址：{options['address']}")
        self.stdout.write(f"各角色的密码都是：{demo.password()}\n")
        for person in demo.sign_ins():
            self.stdout.write(f"  {person.role}\t登录名 {person.username}\t{person.name}（{person.place}）")
