"""Reading foreign tables: xlsx, xls and csv become plain rows of cells, or a sentence says why not."""

from members.tabular.read import read_table
from members.tabular.sheet import Cell, Sheet, column_letter

__all__ = ["Cell", "Sheet", "column_letter", "read_table"]
