"""What the log calls each action. The code is the permission asked or the verb done.

Each app adds its own from its `apps.py`; a test finds codes that have no name.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, str | Promise] = {
    "members": _("打开后台维护"),
    "members.use_product": _("使用系统"),
    "members.read_messages": _("查看站内消息"),
    "members.choose_mail": _("设置邮件通知"),
    "members.send_digest": _("发送每日汇总邮件"),
    "members.view_digests": _("查看每日汇总邮件"),
    "members.sign_in": _("登录"),
    "members.change_password": _("修改密码"),
    "members.set_up": _("首次设置"),
    "members.begin": _("首次建立组织"),
    "members.view_tree": _("查看组织"),
    "members.view_unit": _("查看组织页"),
    "members.add_root_unit": _("新建顶层组织"),
    "members.add_unit": _("新建组织"),
    "members.change_unit": _("修改组织"),
    "members.close_unit": _("撤销组织"),
    "members.list_members": _("查看党员名单"),
    "members.view_member": _("查看党员"),
    "members.admit_members": _("新增党员"),
    "members.admit_member": _("新增党员"),
    "members.change_member": _("修改党员信息"),
    "members.reveal_member": _("查看身份证号和电话"),
    "members.transfer_member": _("转移组织关系"),
    "members.leave_member": _("办理离开"),
    "members.exclude_member": _("不列入积分"),
    "members.end_exclusion": _("恢复积分"),
    "members.list_appointments": _("查看任职"),
    "members.view_appointment": _("查看任职"),
    "members.appoint_member": _("任职"),
    "members.end_appointment": _("免职"),
    "members.import_appointments": _("导入任职"),
    "members.export_appointments": _("导出任职"),
    "members.export_roster": _("导出花名册"),
    "members.import_roster": _("导入花名册"),
    "members.view_import": _("查看名册导入"),
    "members.list_users": _("查看账号"),
    "members.open_users": _("开通账号"),
    "members.open_administrator": _("开通管理员账号"),
    "members.reset_password": _("重置密码"),
    "members.lock_user": _("停用账号"),
    "members.unlock_user": _("启用账号"),
    "members.assign_duty": _("指定管理职责"),
    "members.view_audit": _("查看操作日志"),
    "members.export_audit": _("导出操作日志"),
}


def add(labels: Mapping[str, str | Promise]) -> None:
    LABELS.update(labels)


def label_of(action: str) -> str:
    return str(LABELS.get(action, action))


def codes_named(name: str) -> list[str]:
    """Several codes may have one name: the permission asked for and the verb done."""
    return [code for code, label in LABELS.items() if str(label) == name]


def takes_out(action: str) -> bool:
    """Whether something leaves the house with it: an export or a download."""
    return action.partition(".")[2].startswith(("export_", "download_"))


def by_app() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every name once, under what its app is called: a choice field with groups."""
    names: dict[str, dict[str, str]] = {}
    for code, label in LABELS.items():
        names.setdefault(code.partition(".")[0], {})[str(label)] = code
    titles = {config.label: str(config.verbose_name) for config in apps.get_app_configs()}
    return [(titles.get(app, app), [(codes[name], name) for name in sorted(codes)]) for app, codes in names.items()]
