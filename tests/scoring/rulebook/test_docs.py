"""docs/rules.md says every field and word of rule files, and shows real clauses only."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

from scoring.rulebook import file as rulefile
from scoring.rulebook import words as rulewords
from scoring.rulebook.file import parse, read_document, read_item
from scoring.rulebook.reader import mappings_placed, plain
from scoring.services.rules import PRESET_DIR

ROOT = Path(settings.BASE_DIR)
TEXT = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
CLAUSE = "    条款:\n      - {条款号: 例-1, 名称: 例, 计价: 每次定分, 分值: 1}\n"
SECTION = "板块:\n  - 代号: 例\n    名称: 例\n    类别: 基础\n" + CLAUSE


def source_of(block):
    """The file that a block says it is copied from; None for a head of its own."""
    found = re.match(r"# (\S+)\n", block)
    if found is None:
        return None
    path = ROOT / found[1]
    return path if path.is_file() else PRESET_DIR / found[1]


def values_of(block):
    """A block as plain values: a head's mapping, or a list of clauses, sections or examples."""
    text = block if not block.split("\n", 1)[1].startswith("- ") else "列表:\n" + block.split("\n", 1)[1]
    found = plain(read_document(text))
    return found.get("列表", found)


def rows_of(path, key):
    document = plain(read_document(path.read_text(encoding="utf-8")))
    if key == "示例":
        return document["示例"]
    sections = document["板块"]
    return [item for section in sections for item in section.get("条款", [])] if key == "条款" else sections


def kind_of(row):
    return "条款" if "条款号" in row else "板块" if "类别" in row else "示例"


LISTS = [block for block in BLOCKS if isinstance(values_of(block), list)]
HEADS = [block for block in BLOCKS if not isinstance(values_of(block), list)]


def test_there_is_something_to_check():
    kinds = [kind_of(values_of(block)[0]) for block in LISTS]
    assert (len(HEADS), {kind: kinds.count(kind) for kind in ("条款", "板块", "示例")}) == (
        3,
        {"条款": 17, "板块": 2, "示例": 2},
    )


@pytest.mark.parametrize("block", LISTS, ids=lambda block: block.split("\n", 1)[0])
def test_block_of_the_page_is_copied_from_the_file_it_names(block):
    for row in values_of(block):
        kind = kind_of(row)
        known = rows_of(source_of(block), kind)
        if kind == "板块":
            known = [{key: value for key, value in one.items() if key != "条款"} for one in known]
        assert row in known


@pytest.mark.parametrize(
    "block", [block for block in LISTS if kind_of(values_of(block)[0]) == "条款"], ids=lambda block: block[:20]
)
def test_clause_of_the_page_is_read_without_a_problem(block):
    rows = mappings_placed(values_of(block), "条款", "条款号")
    assert [read_item(row, "deduction" if row["条款号"].startswith("减") else "duty")[1] for row in rows] == [
        [] for _row in rows
    ]


@pytest.mark.parametrize("block", HEADS, ids=lambda block: block[:20])
def test_head_of_the_page_is_read_without_a_problem(block):
    rules = parse(block + SECTION)
    assert rules.fields["code"] in block
    if source_of(block) is not None:
        document = plain(read_document(source_of(block).read_text(encoding="utf-8")))
        assert values_of(block).items() <= document.items()


def fields_known():
    """Every field that the parser asks for: the first argument of each take and choice."""
    tree = ast.parse(Path(rulefile.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    asked = [call.args[0] for call in calls if call.func.attr in ("take", "choice") and call.args]
    return sorted({arg.value for arg in asked if isinstance(arg, ast.Constant)})


@pytest.mark.parametrize("field", fields_known())
def test_field_of_rule_files_is_on_the_page(field):
    assert f"`{field}`" in TEXT or f"`{field}:" in TEXT


def words_known():
    tables = [table for name, table in vars(rulewords).items() if name.isupper() and isinstance(table, dict)]
    return sorted({word for table in tables for word in table})


@pytest.mark.parametrize("word", words_known())
def test_word_of_rule_files_is_on_the_page(word):
    assert word in TEXT


@pytest.mark.parametrize("path", sorted(PRESET_DIR.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_file_is_named_on_the_page(path):
    assert f"`{path.name}`" in TEXT
