"""What the points of a unit say as a whole: counts and means, never a person (scoring/views/analysis.py).

figures.py    arithmetic: mean, median, spread, bands
finding.py    one answer: chart, table, sentences
sources.py    what several questions read first
totals.py     distribution, trend, inflation
sections.py   section mix, comparison of branches
items.py      items most and never used, record / done / effect
caps.py       where item caps take most
parts.py      which questions stand together on the page and in the workbook
"""
