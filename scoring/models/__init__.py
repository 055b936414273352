from scoring.models.draft import DraftCell, DraftRemark, Evidence
from scoring.models.ledger import Account, LedgerEntry, Veto
from scoring.models.month import Month, MonthMove, MonthPolicy, Seal
from scoring.models.rules import Item, RuleSet, Section
from scoring.models.score import Score, ScoreChunk, ScoreRun, Standing, YearTotal

__all__ = [
    "Account",
    "DraftCell",
    "DraftRemark",
    "Evidence",
    "Item",
    "LedgerEntry",
    "Month",
    "MonthMove",
    "MonthPolicy",
    "RuleSet",
    "Score",
    "ScoreChunk",
    "ScoreRun",
    "Seal",
    "Section",
    "Standing",
    "Veto",
    "YearTotal",
]
