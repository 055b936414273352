from scoring.models.activities import Activity, Attendance
from scoring.models.claims import Claim, ClaimMove
from scoring.models.draft import DraftCell, DraftRemark, Evidence
from scoring.models.ledger import Account, ExpectedCount, Grant, LedgerEntry, Opening, Veto
from scoring.models.month import ArchivedYear, Month, MonthMove, MonthPolicy, Seal
from scoring.models.rules import CustomItem, Item, RuleSet, Section, VetoEffect, disciplines_and_law
from scoring.models.score import Result, Score, ScoreChunk, ScoreRun, Span, StaleScore, Standing, YearTotal

__all__ = [
    "Account",
    "Activity",
    "ArchivedYear",
    "Attendance",
    "Claim",
    "ClaimMove",
    "CustomItem",
    "DraftCell",
    "DraftRemark",
    "Evidence",
    "ExpectedCount",
    "Grant",
    "Item",
    "LedgerEntry",
    "Month",
    "MonthMove",
    "MonthPolicy",
    "Opening",
    "Result",
    "RuleSet",
    "Score",
    "ScoreChunk",
    "ScoreRun",
    "Seal",
    "Section",
    "Span",
    "StaleScore",
    "Standing",
    "Veto",
    "VetoEffect",
    "YearTotal",
    "disciplines_and_law",
]
