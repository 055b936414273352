from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.beginning import begin
from members.errors import Refused


class Command(BaseCommand):
    help = "新装系统的第一步：建立党委、党务工作者账号和系统管理员账号，打印首次密码"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("unit", help="党委名称，例如“中共某某热电有限公司委员会”")
        parser.add_argument("--staff-number", required=True, help="党务工作者的工号，也是登录名")
        parser.add_argument("--name", required=True, help="党务工作者的姓名")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = begin(options["unit"], staff_number=options["staff_number"], name=options["name"])
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{made.unit} 已建立。首次登录后须改密码，下面的密码只显示这一次：")
        self.stdout.write(f"  党务工作者  登录名 {made.business_admin.username}  密码 {made.business_password}")
        self.stdout.write(f"  系统管理员  登录名 {made.system_admin.username}  密码 {made.system_password}")
        self.stdout.write("用党务工作者登录，按“首次设置”的步骤继续。")
