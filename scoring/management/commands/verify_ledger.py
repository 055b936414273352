from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scoring.models import Seal
from scoring.services.seals import verify_ledger


class Command(BaseCommand):
    help = "重新计算全部封签；有不符时指出第一条不同的记录，并以 1 退出"

    def handle(self, *args: Any, **options: Any) -> None:
        findings = verify_ledger()
        for finding in findings:
            self.stdout.write(finding)
        if findings:
            raise CommandError(f"{len(findings)} 处不符。")
        self.stdout.write(f"{Seal.objects.count()} 个封签全部相符。")
