from evaluations.models.campaigns import Band, Campaign, Condition, Grade, Stage
from evaluations.models.candidates import BandDecision, Candidate, SelfReview
from evaluations.models.polls import PaperCount, Poll, RollEntry, SealedBallot, Tally, WrongCode
from evaluations.models.vetoes import CaseFile, CaseVote, VetoCase, VetoMove
from evaluations.models.votes import MeetingVote, Voter

__all__ = [
    "Band",
    "BandDecision",
    "Campaign",
    "Candidate",
    "CaseFile",
    "CaseVote",
    "Condition",
    "Grade",
    "MeetingVote",
    "PaperCount",
    "Poll",
    "RollEntry",
    "SealedBallot",
    "SelfReview",
    "Stage",
    "Tally",
    "VetoCase",
    "VetoMove",
    "Voter",
    "WrongCode",
]
