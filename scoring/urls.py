from django.urls import path

from scoring.views import evidence, grid, months, rules, runs, scores, sheets, year_totals

app_name = "scoring"
urlpatterns = [
    # The monthly grid: pk is the branch, month a number like 202609.
    path("branches/<int:pk>/months/<int:month>/", grid.month_grid, name="month-grid"),
    path("branches/<int:pk>/months/<int:month>/cells/", grid.month_cells, name="month-cells"),
    path("branches/<int:pk>/months/<int:month>/last-month/", grid.month_last, name="month-last"),
    path("branches/<int:pk>/months/<int:month>/evidence/", evidence.evidence_add, name="evidence-add"),
    path("branches/<int:pk>/months/<int:month>/evidence/files/", evidence.evidence_list, name="evidence-list"),
    path("evidence/<int:pk>/", evidence.evidence_file, name="evidence-file"),
    path("evidence/<int:pk>/remove/", evidence.evidence_remove, name="evidence-remove"),
    path("months/", months.month_list, name="month-list"),
    path("months/close/", months.months_close, name="months-close"),
    path("branches/<int:pk>/months/<int:month>/submit/", months.month_submit, name="month-submit"),
    path("branches/<int:pk>/months/<int:month>/recall/", months.month_recall, name="month-recall"),
    path("branches/<int:pk>/months/<int:month>/check/", months.month_check, name="month-check"),
    path("branches/<int:pk>/months/<int:month>/return/", months.month_return, name="month-return"),
    path("branches/<int:pk>/months/<int:month>/close/", months.month_close, name="month-close"),
    path("branches/<int:pk>/months/<int:month>/reopen/", months.month_reopen, name="month-reopen"),
    path("units/<int:pk>/month-policy/", months.policy_edit, name="policy-edit"),
    path("units/<int:pk>/runs/<int:month>/start/", runs.run_start, name="run-start"),
    path("runs/<int:pk>/", runs.run_progress, name="run-progress"),
    path("runs/<int:pk>/cancel/", runs.run_cancel, name="run-cancel"),
    path("ranking/", scores.ranking_home, name="ranking"),
    path("units/<int:pk>/ranking/", scores.ranking_of, name="ranking-of"),
    path("scores/<int:pk>/explanation/", scores.explanation, name="explanation"),
    path("accounts/<int:pk>/ledger/", scores.ledger_of, name="ledger"),
    path("entries/<int:pk>/", scores.entry_detail, name="entry"),
    path("entries/<int:pk>/reverse/", scores.entry_reverse, name="entry-reverse"),
    path("rule-sets/", rules.rules_list, name="rules-list"),
    path("rule-sets/load/", rules.rules_load, name="rules-load"),
    path("rule-sets/<int:pk>/", rules.rules_detail, name="rules-detail"),
    path("rule-sets/<int:pk>/publish/", rules.rules_publish, name="rules-publish"),
    path("units/<int:pk>/year-totals/", year_totals.year_totals, name="year-totals"),
    # Sheets: pk is a branch, or for the exports any unit above branches.
    path("branches/<int:pk>/months/<int:month>/template/", sheets.month_template, name="month-template"),
    path("branches/<int:pk>/months/<int:month>/import/", sheets.month_import, name="month-import"),
    path("branches/<int:pk>/months/<int:month>/sheet/", sheets.month_sheet, name="month-sheet"),
    path("branches/<int:pk>/months/<int:month>/sheet.xlsx", sheets.month_sheet_xlsx, name="month-sheet-xlsx"),
    path("branches/<int:pk>/months/<int:month>/ledger.xlsx", sheets.ledger_xlsx, name="ledger-xlsx"),
    path("branches/<int:pk>/months/<int:month>/ledger.pdf", sheets.ledger_pdf, name="ledger-pdf"),
]
