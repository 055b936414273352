"""Rules as a workbook: what is written reads back as the same rules, and every mistake names sheet, row and column."""

import inspect
import re
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.errors import Refused
from members.tabular import read_table
from members.tabular.sheet import Sheet
from scoring.models import RuleSet
from scoring.rulebook import file as rulefile
from scoring.rulebook.fields import BANDS, EXAMPLE, HEAD, ITEM, LEVELS, LINES, RECORDS, SECTION, SEVERAL, STEPS, Field
from scoring.rulebook.file import ParsedRules, parse, parse_document
from scoring.rulebook.lines import from_lines, to_lines
from scoring.rulebook.reader import Wrong
from scoring.rulebook.sheet import read_sheets, write_rules
from scoring.rulebook.tryout import layout_of_rules
from scoring.rulebook.writer import document_of
from scoring.services.rules import PRESET_DIR
from tests.scoring.factories import ALL_KINDS

PRESETS = sorted(path.stem for path in PRESET_DIR.glob("*.yaml"))


def document(rules: ParsedRules):
    return document_of(RuleSet(**rules.fields), layout_of_rules(rules))


def written(content: str) -> BytesIO:
    file = BytesIO()
    write_rules(file, document(parse(content)), stamp="导出人：甲")
    return file


def sheets_of(content: str = ALL_KINDS):
    """The workbook as its rows, to be spoilt."""
    return read_table("细则.xlsx", written(content).getvalue())


def problems(sheets):
    with pytest.raises(Refused) as refusal:
        parse_document(read_sheets(sheets))
    return str(refusal.value).split("\n")


def column(sheet: Sheet, heading: str) -> int:
    return sheet.rows[0].index(heading)


# --- there and back -------------------------------------------------------------------------
@pytest.mark.parametrize("preset", PRESETS)
def test_workbook_of_a_preset_reads_back_as_the_same_rules(preset):
    content = (PRESET_DIR / f"{preset}.yaml").read_text(encoding="utf-8")
    read = parse_document(read_sheets(read_table("细则.xlsx", written(content).getvalue())))
    assert document(read) == document(parse(content))


def test_workbook_has_text_as_text_numbers_as_numbers_and_lists_to_choose_from():
    book = openpyxl.load_workbook(written(ALL_KINDS))
    assert book.sheetnames == ["办法", "板块", "条款", "示例"]
    sheet = book["条款"]
    headings = [cell.value for cell in sheet[1]]
    row = dict(zip(headings, sheet[3], strict=True))
    assert headings == ["板块代号", "板块名称", *(field.key for field in ITEM)]
    assert (row["级别"].value, row["条款号"].value, row["条款号"].data_type) == ("优秀 20\n合格 10", "基-2", "s")
    assert (sheet.cell(2, column_of(headings, "最高")).value, sheet.freeze_panes) == (60, "C2")
    offered = {one.formula1 for one in sheet.data_validations.dataValidation}
    assert '"每次定分,按数量,按级别,按等次,按分数段,打分"' in offered


def column_of(headings, key) -> int:
    return headings.index(key) + 1


def test_fields_are_exactly_those_that_rule_files_know():
    """A field the reader learns stands in forms and workbooks, too: an unknown one would be told here."""
    given_all = {
        "办法": {field.key for field in HEAD},
        "板块": {field.key for field in SECTION},
        "条款": {field.key for field in ITEM},
        "示例": {field.key for field in EXAMPLE},
    }
    assert asked_fields() == given_all


def asked_fields() -> dict[str, set[str]]:
    """Every key that the reader takes, found in its source."""

    def keys(*functions) -> set[str]:
        text = "".join(inspect.getsource(function) for function in functions)
        return set(re.findall(r'reader\.(?:take|choice)\(\s*"([^"]+)"', text))

    return {
        "办法": keys(rulefile._head, rulefile._veto),
        "板块": keys(rulefile._section) - {"条款"},
        "条款": keys(rulefile._item, rulefile._pricing_table, rulefile._tally_table),
        "示例": keys(rulefile._example),
    }


# --- mistakes -------------------------------------------------------------------------------
def spoil(sheet_name: str, row: int, heading: str, value):
    def change(sheets):
        sheet = next(sheet for sheet in sheets if sheet.name == sheet_name)
        cells = sheet.rows[row - 1]
        place = column(sheet, heading)
        cells.extend([""] * (place + 1 - len(cells)))
        cells[place] = value

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            spoil("条款", 3, "级别", "优秀 很多"),
            ["工作表“条款”第 3 行 L 列“级别”：“优秀 很多”读不懂，请一行写一条，例如：国家级 10。"],
        ),
        (
            spoil("条款", 2, "最高", "六十"),
            ["工作表“条款”第 2 行 O 列“最高”：“六十”不是分值，请填数字，最多两位小数，例如 3 或 2.5。"],
        ),
        (
            spoil("条款", 2, "计价", "随便"),
            [
                "工作表“条款”第 2 行 F 列“计价”：“随便”不是可用的值，可填："
                "每次定分、按数量、按级别、按等次、按分数段、打分。"
            ],
        ),
        (
            spoil("条款", 2, "板块代号", "丙"),
            ["工作表“条款”第 2 行 A 列“板块代号”：没有代号为“丙”的板块，请改成“板块”表里的代号。"],
        ),
        (
            spoil("条款", 2, "板块代号", ""),
            ["工作表“条款”第 2 行 A 列“板块代号”：没有填写，请写“板块”表里的代号。"],
        ),
        (
            spoil("条款", 1, "衡量", "衡量什么"),
            ["工作表“条款”第 1 行 AI 列“衡量什么”：不认识这个表头，请检查拼写，或删去这一列。"],
        ),
        (
            spoil("板块", 2, "满分", 60.125),
            ["工作表“板块”第 2 行 D 列“满分”：“60.125”不是分值，请填数字，最多两位小数，例如 3 或 2.5。"],
        ),
        (spoil("办法", 2, "内容", ""), ["工作表“办法”第 2 行“代号”：没有填写，请补上。"]),
        (
            spoil("办法", 7, "内容", "周"),
            ["工作表“办法”第 7 行“周期”：“周”不是可用的值，可填：月、季、年。"],
        ),
        (spoil("办法", 7, "字段", "周其"), ["工作表“办法”第 7 行“周其”：不认识这个字段，请检查拼写。"]),
    ],
)
def test_mistake_names_sheet_row_column_and_cure(change, expected):
    sheets = sheets_of()
    change(sheets)
    told = problems(sheets)
    assert [one for one in told if one in expected] == expected
    assert all(one.startswith("工作表“") for one in told)


def test_all_mistakes_come_at_once():
    sheets = sheets_of()
    for change in (
        spoil("条款", 2, "最高", "六十"), spoil("条款", 3, "级别", "优秀"), spoil("板块", 3, "类别", "奖"),
    ):  # fmt: skip
        change(sheets)
    assert [one.split("：")[0] for one in problems(sheets)] == [
        "工作表“条款”第 3 行 L 列“级别”",
        "工作表“条款”第 2 行 O 列“最高”",
        "工作表“板块”第 3 行 C 列“类别”",
    ]


def test_other_workbook_is_refused_with_what_to_begin_from():
    assert problems([Sheet("Sheet1", [["甲"]])]) == [
        "缺少工作表“办法”“板块”“条款”。请从一份办法的“下载 Excel 细则”改起，工作表名称不要改。"
    ]


# --- lines ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (LEVELS, "国家级 10；省部级 8", [["国家级", "10"], ["省部级", "8"]]),
        (LEVELS, "国家级\t10\r\n省部级：8分\n\n", [["国家级", "10"], ["省部级", "8"]]),
        (LEVELS, "前 10 名 −5", [["前 10 名", "-5"]]),
        (BANDS, "～60 0\n60～80 0.5\n80～ 1", [["", "60", "0"], ["60", "80", "0.5"], ["80", "", "1"]]),
        (BANDS, "60-80 0.5；80-90 1", [["60", "80", "0.5"], ["80", "90", "1"]]),
        (BANDS, "\t60\t0\n60\t80\t0.5\n80\t\t1", [["", "60", "0"], ["60", "80", "0.5"], ["80", "", "1"]]),
        (BANDS, "-5-0 1", [["-5", "0", "1"]]),
        (STEPS, "1次 -3\n2次 -5", [["1", "-3"], ["2", "-5"]]),
        (RECORDS, "加-1 | 5次\n减-1 | -1 | 202602", [["加-1", "5次"], ["减-1", "-1", "202602"]]),
        (RECORDS, "加-1 5次", [["加-1", "5次"]]),
        (RECORDS, "加-1\t国家级\t\t技术比武", [["加-1", "国家级", "", "技术比武"]]),
        (LINES, "志愿\n义工", ["志愿", "义工"]),
        (SEVERAL, "党支部书记、党小组组长", ["党支部书记", "党小组组长"]),
    ],
)
def test_lines_are_read(kind, text, value):
    assert from_lines(Field("甲", kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"), [(LEVELS, "国家级"), (BANDS, "60 0.5"), (STEPS, "一次 3"), (RECORDS, "加-1")]
)
def test_line_that_cannot_be_read_is_told(kind, text):
    with pytest.raises(Wrong, match=f"“{text}”读不懂"):
        from_lines(Field("甲", kind), text)


_NAMES = st.text("国省甲乙10 ；级", min_size=1, max_size=8).map(str.strip).filter(bool)
_POINTS = st.decimals(-999, 999, places=2).map(lambda one: format(one, "f"))
_TABLES = st.one_of(
    st.tuples(st.just(LEVELS), st.lists(st.tuples(_NAMES, _POINTS).map(list), min_size=1, max_size=4)),
    st.tuples(st.just(STEPS), st.lists(st.tuples(_POINTS, _POINTS).map(list), min_size=1, max_size=4)),
    st.tuples(
        st.just(BANDS),
        st.lists(st.tuples(_POINTS | st.just(""), _POINTS | st.just(""), _POINTS).map(list), min_size=1, max_size=4),
    ),
    st.tuples(st.just(LINES), st.lists(_NAMES, min_size=1, max_size=4)),
)


@given(_TABLES)
def test_lines_read_back_as_they_were_written(table):
    kind, value = table
    field = Field("甲", kind)
    assert from_lines(field, to_lines(field, value)) == value
