"""From the messy file to the written roster, in a browser."""

from typing import Any

import pytest
from django.urls import reverse

from members.models import Member, RosterImport
from members.services import roster
from tests import factories
from tests.members import roster_files as files


def messy_file() -> dict[str, Any]:
    return {"name": files.MESSY, "mimeType": "application/octet-stream", "buffer": files.sample(files.MESSY)}


@pytest.mark.parametrize("phone", [False, True])
def test_messy_roster_becomes_members(page_for: Any, phone: bool) -> None:
    cast = factories.cast()
    page = page_for(cast.business_admin, phone=phone)
    page.goto(reverse("members:roster-import-list"))
    page.get_by_role("link", name="上传花名册").first.click()
    page.locator("input[type=file]").set_input_files(messy_file())
    page.get_by_text(files.MESSY).wait_for()
    page.get_by_role("button", name="上传并校验").click()
    page.get_by_role("heading", name="校验通过，可以写入").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.get_by_role("button", name="确认写入").click()
    page.get_by_role("heading", name="等待后台写入").wait_for()
    roster.run_import(RosterImport.objects.get().pk)
    page.get_by_text("上传的文件已清除").wait_for()
    assert Member.objects.filter(staff_number__startswith="10").count() == 360


def test_choice_that_was_not_checked_cannot_be_confirmed(page_for: Any) -> None:
    cast = factories.cast()
    content = files.xlsx(files.HEADING, files.row(branch="燃料党支部", group=""))
    row = roster.check_upload(cast.committee, "花名册.xlsx", content, by=cast.business_admin)
    page = page_for(cast.business_admin)
    page.goto(reverse("members:roster-import-detail", args=[row.pk]))
    page.get_by_label("“燃料党支部”怎样处理").select_option("skip")
    page.get_by_text("下面的选择有改动").wait_for()
    assert page.get_by_role("button", name="确认写入").is_disabled()
    page.get_by_role("button", name="重新校验").click()
    page.get_by_text("“燃料党支部”选择了不新建").wait_for()
    assert page.get_by_role("button", name="确认写入").count() == 0


def test_further_units_are_added_to_the_form_on_request(page_for: Any) -> None:
    cast = factories.cast()
    rows = [files.row(number=str(n), id="", branch=f"第{n}热控党支部", group="") for n in range(60)]
    content = files.xlsx(files.HEADING, *rows)
    row = roster.check_upload(cast.committee, "花名册.xlsx", content, by=cast.business_admin)
    page = page_for(cast.business_admin, phone=True)
    page.goto(reverse("members:roster-import-detail", args=[row.pk]))
    page.get_by_text("文件里有 60 个名册中还没有的组织").click()
    page.get_by_role("button", name="显示更多（还有 10 个）").click()
    choice = page.get_by_label("“第59热控党支部”怎样处理")
    choice.select_option("skip")
    page.get_by_text("下面的选择有改动").wait_for()
    cell = choice.locator("xpath=ancestor::td")
    assert (page.get_by_text("显示更多").count(), cell.get_attribute("data-label")) == (0, "处理")
    page.get_by_role("button", name="重新校验").click()
    page.get_by_text("“第59热控党支部”选择了不新建").first.wait_for()
