import pytest
from django.urls import reverse
from members.services import roster
from tests import factories
from tests.members import roster_files as files
OUT="/tmp/rx/shots"
import os; os.makedirs(OUT,exist_ok=True)
def test_shots(page_for):
    cast=factories.cast()
    factories.member(cast.other_branch,name="苏坤",staff_number="10001",job="班长")
    bad=roster.check_upload(cast.committee,"有问题的名册.xlsx",files.xlsx(files.HEADING,files.row(gender="x",phone="123",joined="2008.6"),files.row(number="2",name="何宇",id=232303198206123580,branch="检修支部"),*[files.row(number=str(50+n),id="",phone="1") for n in range(30)]),by=cast.business_admin)
    blk=roster.check_upload(cast.committee,"两列备注.xlsx",files.xlsx(["工号","姓名","支部","备注","备注"],["1","苏堃","检修部党支部","甲","乙"]),by=cast.business_admin)
    good=roster.check_upload(cast.committee,files.MESSY,files.sample(files.MESSY),by=cast.business_admin)
    run=roster.check_upload(cast.committee,"写入中.xlsx",files.xlsx(files.HEADING,files.row(number="777",id="")),by=cast.business_admin)
    roster.confirm_import(run,run.plan_digest,by=cast.business_admin)
    for phone,dark in ((False,False),(True,False),(False,True),(True,True)):
        page=page_for(cast.business_admin,phone=phone,dark=dark)
        tag=("phone" if phone else "desk")+("-dark" if dark else "")
        def shot(name,url):
            page.goto(url); page.wait_for_timeout(300)
            for d in page.query_selector_all("details"): d.evaluate("e=>e.open=true")
            page.screenshot(path=f"{OUT}/{name}-{tag}.png",full_page=True)
            w=page.evaluate("document.documentElement.scrollWidth-innerWidth"); print(name,tag,w)
        shot("list",reverse("members:roster-import-list"))
        shot("new",reverse("members:roster-import-create"))
        for n,r in (("bad",bad),("blk",blk),("good",good),("run",run)):
            shot(n,reverse("members:roster-import-detail",args=[r.pk]))
    roster.confirm_import(good,good.plan_digest,by=cast.business_admin); roster.run_import(good.pk)
    page=page_for(cast.business_admin)
    page.goto(reverse("members:roster-import-detail",args=[good.pk])); page.screenshot(path=f"{OUT}/done-desk.png")
