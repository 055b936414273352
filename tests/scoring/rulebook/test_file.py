"""Rule files: everything a file can say, and every mistake at once, with line and field."""

from decimal import Decimal

import pytest

from members.errors import Refused
from scoring.models import disciplines_and_law
from scoring.rulebook.file import parse
from tests.scoring.factories import ALL_KINDS

HEAD = """\
代号: r
名称: 办法
周期: 月
生效月份: 202601
"""
SECTION = """\
板块:
  - 代号: 基
    名称: 基础分
    类别: 基础
    条款:
"""


def one_item(text, kind="基础"):
    """A whole file around one clause, which stands on line 10."""
    return HEAD + SECTION.replace("类别: 基础", f"类别: {kind}") + f"      - {{条款号: 基-1, 名称: 甲, {text}}}\n"


def problems(content):
    with pytest.raises(Refused) as refusal:
        parse(content)
    return str(refusal.value).split("\n")


def item_of(text):
    return parse(one_item(text)).sections[0].items[0].fields


# --- what a file says -----------------------------------------------------------------------
def test_file_with_everything_is_read():
    rules = parse("""
代号: all-1
名称: 全部字段
依据: 某文〔2026〕1 号
说明: 试行
对象: 班组
周期: 季
生效月份: 202601
失效月份: 202612
总分下限: 0
总分上限: "100.50"
小数位数: 1
次序: 先扣分后封顶
否决方式: 支部党员大会表决
轻度否决: 积分封顶
轻度封顶分: 60
重度否决: 积分记零
否决事由: [违反廉洁纪律, 违法]
申报流程: [初核, 审定]
板块:
  - {代号: 基, 名称: 基础分, 类别: 基础, 满分: 60, 起始分: 10, 下限: 0, 上限: 60, 权重: 60}
  - 代号: 履
    名称: 履职分
    类别: 履职
    满分: 40
    权重: 40
    条款:
      - 条款号: 履-1
        名称: 志愿服务
        别名: [志愿, 义工]
        标准: 每小时 0.5 分
        计价: 按数量
        单价: "0.5"
        起算数量: 2
        计量步长: "0.5"
        不足一步: 进一
        起始分: 1
        下限: -5
        每月上限: 3
        每季上限: 8
        每年上限: 20
        不受板块上限限制: 是
        发生即清零: 是
        单位: 小时
        须写理由: 是
        可申报: 是
        佐证: 必附
        来源: 组织生活
        活动类型: [党课, 主题党日]
        计入情形: [到会]
        适用分类: [骨干类]
        应完成次数: 12
        衡量: 成效
""")
    assert rules.fields == {
        "code": "all-1",
        "name": "全部字段",
        "basis": "某文〔2026〕1 号",
        "note": "试行",
        "account_kind": "TEAM",
        "period": "QUARTER",
        "effective_from": 202601,
        "effective_to": 202612,
        "floor": Decimal(0),
        "ceiling": Decimal("100.5"),
        "decimals": 1,
        "cap_order": "DEDUCT_THEN_CAP",
        "veto_until": "LIFTED",
        "veto_form": "MEETING",
        "veto_light": "CAP",
        "veto_light_cap": Decimal(60),
        "veto_severe": "ZERO",
        "veto_severe_cap": None,
        "veto_grounds": ["违反廉洁纪律", "违法"],
        "claim_steps": ["CHECK", "APPROVE"],
        "newcomer": "NOTHING",
        "quarter_value": "SUM",
        "quarter_full": None,
        "year_value": "SUM",
        "year_of": "PERIODS",
        "year_full": None,
        "examples": [],
    }
    assert [section.fields for section in rules.sections] == [
        {
            "code": "基",
            "name": "基础分",
            "kind": "base",
            "position": 0,
            "full_marks": 60,
            "start": 10,
            "floor": 0,
            "cap": 60,
            "weight": 60,
            "carry_over": None,
            "custom_count": 0,
            "custom_cap": None,
        },
        {
            "code": "履",
            "name": "履职分",
            "kind": "duty",
            "position": 1,
            "full_marks": 40,
            "start": 0,
            "floor": None,
            "cap": None,
            "weight": 40,
            "carry_over": None,
            "custom_count": 0,
            "custom_cap": None,
        },
    ]
    assert [item.fields for section in rules.sections for item in section.items] == [
        {
            "code": "履-1",
            "name": "志愿服务",
            "aliases": ["志愿", "义工"],
            "standard": "每小时 0.5 分",
            "position": 0,
            "pricing": "per_unit",
            "pricing_table": {"rate": "0.50", "minimum": "2.00", "step": "0.50", "rounding": "up"},
            "tally": "sum",
            "tally_table": {},
            "start": 1,
            "floor": -5,
            "cap_month": 3,
            "cap_quarter": 8,
            "cap_year": 20,
            "outside_cap": True,
            "annual": False,
            "zeroes": True,
            "unit_label": "小时",
            "reason_required": True,
            "evidence": "required",
            "claimable": True,
            "fed_by": "activity",
            "activity_kinds": ["LECTURE", "THEME_DAY"],
            "activity_marks": ["PRESENT"],
            "classes": ["骨干类"],
            "posts": [],
            "expected_count": 12,
            "measures": "effect",
        }
    ]


def test_short_file_has_its_defaults():
    rules = parse(one_item("计价: 每次定分, 分值: 2"))
    assert rules.fields == {
        "code": "r",
        "name": "办法",
        "basis": "",
        "note": "",
        "account_kind": "MEMBER",
        "period": "MONTH",
        "effective_from": 202601,
        "effective_to": None,
        "floor": None,
        "ceiling": None,
        "decimals": 2,
        "cap_order": "CAP_THEN_DEDUCT",
        "veto_until": "LIFTED",
        "veto_form": "COMMITTEE",
        "veto_light": "",
        "veto_light_cap": None,
        "veto_severe": "DISQUALIFY",
        "veto_severe_cap": None,
        "veto_grounds": disciplines_and_law(),
        "claim_steps": ["CHECK", "REVIEW", "APPROVE"],
        "newcomer": "NOTHING",
        "quarter_value": "SUM",
        "quarter_full": None,
        "year_value": "SUM",
        "year_of": "PERIODS",
        "year_full": None,
        "examples": [],
    }
    fields = rules.sections[0].items[0].fields
    assert (fields["tally"], fields["evidence"], fields["fed_by"], fields["measures"]) == (
        "sum",
        "optional",
        "grid",
        "done",
    )


@pytest.mark.parametrize(
    ("text", "pricing", "table"),
    [
        ("计价: 每次定分, 分值: 2", "fixed", {"points": "2.00"}),
        ("计价: 按数量, 单价: 1", "per_unit", {"rate": "1.00", "minimum": "0", "step": "0", "rounding": "down"}),
        (
            "计价: 按级别, 级别: [[国家级, 10], [省级, 8]]",
            "level",
            {"levels": [["国家级", "10.00"], ["省级", "8.00"]]},
        ),
        ("计价: 按等次, 级别: [[A, 20]]", "grade", {"levels": [["A", "20.00"]]}),
        ("计价: 打分, 最低: -5, 最高: 0", "range", {"min": "-5.00", "max": "0.00"}),
        (
            '计价: 按分数段, 分数段: [["", 60, 0], [60, 80, 0.5], [80, "", 1]]',
            "bands",
            {"bands": [[None, "60.00", "0.00"], ["60.00", "80.00", "0.50"], ["80.00", None, "1.00"]]},
        ),
    ],
)
def test_every_pricing_is_read(text, pricing, table):
    fields = item_of(text)
    assert (fields["pricing"], fields["pricing_table"]) == (pricing, table)


@pytest.mark.parametrize(
    ("text", "tally", "table"),
    [
        ("汇总: 取最高", "highest", {}),
        ("汇总: 取最新", "latest", {}),
        ("汇总: 月平均", "mean_of_months", {}),
        ("汇总: 按次数分档, 分档: [[1, -3], [2, -5]]", "steps", {"steps": [["1.00", "-3.00"], ["2.00", "-5.00"]]}),
        ("汇总: 按比例, 比例满分: 12", "ratio", {"full": "12.00"}),
    ],
)
def test_every_tally_is_read(text, tally, table):
    fields = item_of(f"计价: 每次定分, 分值: 0, {text}")
    assert (fields["tally"], fields["tally_table"]) == (tally, table)


# --- what is refused ------------------------------------------------------------------------
def test_all_mistakes_come_at_once_with_line_and_field():
    assert problems("""\
代号: 三 季
周期: 周
生效月份: 2026-01
小数位数: 3
颜色: 红
板块:
  - 代号: 基
    名称: 基础分
    类别: 基础
    权重: 60
    条款:
      - {条款号: 基-1, 名称: 甲, 计价: 打分, 最低: 十, 最高: 60}
      - {条款号: 基-1, 名称: 乙, 计价: 随便, 分值: 1}
  - {代号: 基, 名称: 再来, 类别: 奖励, 满分: 1e2, 权重: 30}
""") == [
        "第 1 行附近“代号”：“三 季”不能作代号：只用英文字母、数字、连字符和下划线，最多 40 个。",
        "第 1 行附近“名称”：没有填写，请补上。",
        "第 1 行附近“周期”：“周”不是可用的值，可填：月、季、年。",
        "第 1 行附近“生效月份”：“2026-01”不是月份，请写成 202601 这样的形式。",
        "第 1 行附近“小数位数”：“3”不可用，请填 0 到 2 的整数。",
        "第 1 行附近“颜色”：不认识这个字段，请检查拼写。",
        "第 7 行附近“权重”：权重和该板块的满分都须大于 0。",
        "第 12 行附近“最低”：“十”不是分值，请填数字，最多两位小数，例如 3 或 2.5。",
        "第 13 行附近“计价”：“随便”不是可用的值，可填：每次定分、按数量、按级别、按等次、按分数段、打分。",
        "第 14 行附近“类别”：“奖励”不是可用的值，可填：基础、履职、加分、扣分、一票否决。",
        "第 14 行附近“满分”：“1e2”不是分值，请填数字，最多两位小数，例如 3 或 2.5。",
        "第 14 行附近“权重”：权重和该板块的满分都须大于 0。",
        "板块代号“基”出现了不止一次，请改成不同的代号。",
        "条款号“基-1”出现了不止一次，请改成不同的条款号。",
        "各板块权重之和是 90，应为 100。",
    ]


AMOUNT = "不是分值，请填数字，最多两位小数，例如 3 或 2.5。"
FAULTS = [
    ("计价: 每次定分", "分值", "没有填写，请补上。"),
    ("计价: 每次定分, 分值: 1_000", "分值", f"“1_000”{AMOUNT}"),
    ("计价: 每次定分, 分值: 1e2", "分值", f"“1e2”{AMOUNT}"),
    ("计价: 每次定分, 分值: ٣", "分值", f"“٣”{AMOUNT}"),
    ("计价: 每次定分, 分值: 2.505", "分值", f"“2.505”{AMOUNT}"),
    ("计价: 每次定分, 分值: 99999999", "分值", f"“99999999”{AMOUNT}"),
    ("计价: 每次定分, 分值: [1]", "分值", f"“['1']”{AMOUNT}"),
    ("计价: 每次定分, 分值: 1, 分值: 2", "分值", "写了不止一次，请只保留一个。"),
    ("计价: 每次定分, 分值: 1, 单价: 2", "单价", "不认识这个字段，请检查拼写。"),
    ("计价: 打分, 最低: 5, 最高: 1", "最低", "比“最高”还大，请对调。"),
    ("计价: 按级别, 级别: 国家级", "级别", "请写成列表，例如 [[优秀, 20], [合格, 10]]。"),
    ("计价: 按级别, 级别: [国家级, 10]", "级别", "请写成列表，例如 [[优秀, 20], [合格, 10]]。"),
    ("计价: 按级别, 级别: [[A, 1], [Ａ, 2]]", "级别", "级别“A”写了不止一次。"),
    ("计价: 按级别, 级别: [[无, 1]]", "级别", "“无”“—”等表示没有，不能作级别名称。"),
    (f"计价: 按级别, 级别: [[{'长' * 41}, 1]]", "级别", "最多 40 个字，现在 41 个，请缩短。"),
    (
        '计价: 按分数段, 分数段: [[60, 80, 1], [85, "", 2]]',
        "分数段",
        "80.00 到 85.00 之间没有分数段，各段须首尾相接。",
    ),
    (
        '计价: 按分数段, 分数段: [[80, "", 2], ["", 85, 1]]',
        "分数段",
        "分数段在 80.00 到 85.00 之间重叠，各段须首尾相接。",
    ),
    ("计价: 按分数段, 分数段: [[80, 60, 1]]", "分数段", "每一段的起点须小于终点。"),
    ("计价: 按分数段, 分数段: [[80, 1]]", "分数段", '请写成列表，例如 [["", 60, 0], [60, 80, 0.5], [80, "", 1]]。'),
    (
        "计价: 每次定分, 分值: 1, 汇总: 按次数分档, 分档: [[1, -3], [1, -5]]",
        "分档",
        "次数须大于 0，且每个次数只写一档。",
    ),
    ("计价: 每次定分, 分值: 1, 汇总: 按次数分档, 分档: [[0, -3]]", "分档", "次数须大于 0，且每个次数只写一档。"),
    ("计价: 每次定分, 分值: 1, 汇总: 按比例", "比例满分", "没有填写，请补上。"),
    ("计价: 每次定分, 分值: 1, 适用分类: 骨干类", "适用分类", "请写成列表，例如 [甲, 乙]。"),
    ("计价: 每次定分, 分值: 1, 别名: 立功", "别名", "请写成列表，例如 [甲, 乙]。"),
    ("计价: 每次定分, 分值: 1, 应完成次数: -1", "应完成次数", "“-1”不可用，请填 0 到 9999 的整数。"),
    ("计价: 每次定分, 分值: 1, 单位: 一二三四五六七八九十一", "单位", "最多 10 个字，现在 11 个，请缩短。"),
    ("计价: 每次定分, 分值: 1, 标准: [甲]", "标准", "应是一段文字，不是列表或字段。"),
    ("计价: 每次定分, 分值: 1, 须写理由: yes", "须写理由", "“yes”不是可用的值，可填：是、否。"),
]


@pytest.mark.parametrize(("text", "key", "sentence"), FAULTS)
def test_fault_of_a_clause_is_named_with_its_cure(text, key, sentence):
    assert problems(one_item(text)) == [f"第 10 行附近“{key}”：{sentence}"]


@pytest.mark.parametrize(
    "text",
    [
        "计价: 每次定分, 分值: 2",
        "计价: 按数量, 单价: 1",
        "计价: 打分, 最低: -5, 最高: 1",
        "计价: 按等次, 级别: [[迟到, -1], [表扬, 1]]",
    ],
)
def test_deduction_must_deduct(text):
    assert problems(one_item(text, kind="扣分")) == ["第 10 行附近“计价”：扣分板块里的分值须是 0 或负数，请加上负号。"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "这不是规则文件：第一层须是“名称、代号、周期、板块”等字段。"),
        ("- 1\n- 2\n", "这不是规则文件：第一层须是“名称、代号、周期、板块”等字段。"),
        ("就是一段话", "这不是规则文件：第一层须是“名称、代号、周期、板块”等字段。"),
        ("代号: [1", "规则文件第 1 行的格式不对：请检查缩进、冒号后的空格和引号是否成对。"),
        ("代号: r\n名称: {{单位}}", "规则文件第 2 行的格式不对：请检查缩进、冒号后的空格和引号是否成对。"),
        ("代号: r\n? [a]\n: b", "规则文件第 1 行的格式不对：请检查缩进、冒号后的空格和引号是否成对。"),
        ("代号: \x00", "规则文件第 ? 行的格式不对：请检查缩进、冒号后的空格和引号是否成对。"),
        ("&a {板块: [*a]}", "规则文件第 1 行的格式不对：请检查缩进、冒号后的空格和引号是否成对。"),
    ],
)
def test_what_is_no_rule_file_is_refused_with_a_sentence(content, sentence):
    assert problems(content) == [sentence]


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ("板块: 基础\n", "第 1 行附近“板块”：请写成列表，每一项以“- 字段: 值”开头。"),
        ("板块: [基础]\n", "第 1 行附近“板块”：请写成列表，每一项以“- 字段: 值”开头。"),
        ("板块: &a [*a]\n", "规则文件第 5 行的格式不对：请检查缩进、冒号后的空格和引号是否成对。"),
        ("", "第 1 行附近“板块”：没有填写，请补上。"),
        ("板块: [{代号: 基, 名称: 基础分, 类别: 基础}]\n", "没有任何条款，请至少写一个板块和一个条款。"),
        (SECTION + "      - 打扫卫生\n", "第 6 行附近“条款”：请写成列表，每一项以“- 字段: 值”开头。"),
    ],
)
def test_sections_and_clauses_are_lists_of_fields(sections, sentence):
    assert sentence in problems(HEAD + sections)


def test_months_of_force_stand_in_order():
    assert problems(one_item("计价: 每次定分, 分值: 1").replace("202601", "202609\n失效月份: 202608"))[0] == (
        "第 1 行附近“失效月份”：早于生效月份，请核对。"
    )


def test_weights_add_up_to_100():
    one = one_item("计价: 每次定分, 分值: 1").replace("类别: 基础", "类别: 基础\n    满分: 100\n    权重: 33.33")
    other = one[one.index("  - 代号") :].replace("基", "履").replace("履础", "基础").replace("33.33", "66.66")
    weighted = one + other
    assert problems(weighted) == ["各板块权重之和是 99.99，应为 100。"]
    assert [section.fields["weight"] for section in parse(weighted.replace("66.66", "66.67")).sections] == [
        Decimal("33.33"), Decimal("66.67"),
    ]  # fmt: skip


def test_file_used_by_other_tests_is_one():
    assert [section.fields["code"] for section in parse(ALL_KINDS).sections] == ["基", "加", "减"]
