"""The daily mail as text."""

import datetime

import pytest

from members.mailing import masked, write_letter
from members.todo import Todo

TODAY = datetime.date(2026, 10, 8)


@pytest.mark.parametrize(
    ("address", "shown"),
    [("zhang@example.cn", "z***@example.cn"), ("z@example.cn", "z***@example.cn"), ("", ""), ("nothing", "")],
)
def test_masked_shows_the_first_letter_and_the_server(address, shown):
    assert masked(address) == shown


def test_letter_says_how_much_of_what_until_when(settings):
    settings.SITE_ADDRESS = "https://points.example.cn"
    day = datetime.date
    letter = write_letter(
        [
            Todo("补正被退回的申报“志愿服务”", "/claims/1/", 1, kind="补正被退回的申报"),
            Todo("补正被退回的申报“表彰”", "/claims/2/", 1, day(2026, 10, 12), kind="补正被退回的申报"),
            Todo("待办理的申报", "/claims/", 3, day(2026, 10, 5), kind="待办理的申报"),
            Todo("申辩一票否决：受到警告处分", "/vetoes/1/", 2),
        ],
        TODAY,
    )
    assert letter.subject == "党员积分管理：7 件事项等您办理"
    assert letter.text.splitlines() == [
        "您好：",
        "",
        "有以下事项等您办理：",
        "· 补正被退回的申报（2），10 月 12 日 前",
        "· 待办理的申报（3），10 月 5 日 已逾期",
        "· 其他待办事项（2）",
        "",
        "请登录查看：https://points.example.cn/",
        "",
        "不想再收到，可在“站内消息”页选“不发”。",
    ]


def test_letter_has_no_link_where_the_address_of_the_site_is_not_known(settings):
    settings.SITE_ADDRESS = ""
    letter = write_letter([Todo("未读消息", "/messages/", 1)], TODAY)
    assert "请登录党员积分管理系统查看。" in letter.text.splitlines()
    assert "http" not in letter.text
