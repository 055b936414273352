"""The monthly grid: the page, and what its script asks for."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from scoring import months
from scoring.services.grid import Change, Saved, build_grid, last_month_texts, save_cells
from scoring.services.months import month_of_unit
from scoring.services.sheet import points_text
from scoring.views.grid_page import page_of, place_of

MOST_CHANGES = 2000
MOST_LETTERS = 1000


@require_GET
@permitted("scoring.view_month", OrgUnit)
def month_grid(request: SignedIn, unit: OrgUnit, month: int) -> HttpResponse:
    """The grid of a branch's month: to fill in while it is open, to read afterwards."""
    if unit.kind != OrgUnit.Kind.BRANCH or not months.is_month(month):
        raise Http404
    try:
        grid = build_grid(month_of_unit(unit, month))
    except Refused as refusal:
        return render(request, "scoring/month_grid_none.html", {"refusal": str(refusal), **place_of(unit, month)})
    return render(request, "scoring/month_grid.html", page_of(grid, request.user))


@require_POST
@permitted("scoring.enter_month", OrgUnit)
def month_cells(request: SignedIn, unit: OrgUnit, month: int) -> JsonResponse:
    """Save a batch of cells; each one is answered for itself."""
    try:
        changes = [_change(given) for given in _changes(request)]
    except (ValueError, KeyError, TypeError):
        sentence = _("保存请求的格式不对，请刷新页面后重试。")
        return JsonResponse({"refusal": sentence}, status=400)
    try:
        saved, totals = save_cells(month_of_unit(unit, month), changes, by=request.user)
    except Refused as refusal:
        return JsonResponse({"refusal": str(refusal)}, status=409)
    return JsonResponse(
        {
            "cells": [_answer(one) for one in saved],
            "totals": {str(account): points_text(total) for account, total in totals.items()},
        }
    )


def _changes(request: SignedIn) -> list[Any]:
    changes: Any = json.loads(request.body)["changes"]
    if not isinstance(changes, list) or len(changes) > MOST_CHANGES:
        raise ValueError("changes")
    return changes


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError(value)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MOST_LETTERS or "\x00" in value:
        raise ValueError(value)
    return value


def _change(given: Any) -> Change:
    return Change(
        account=_whole(given["account"]),
        item=None if given["item"] is None else _whole(given["item"]),
        text=_text(given["text"]),
        version=_whole(given["version"]),
        remark=None if given.get("remark") is None else _text(given["remark"]),
    )


def _answer(one: Saved) -> dict[str, Any]:
    return {
        "account": one.account,
        "item": one.item,
        "version": one.version,
        "text": one.text,
        "points": points_text(one.points),
        "remark": one.remark,
        "refusal": one.refusal,
        "conflict": one.conflict,
    }


@require_GET
@permitted("scoring.view_month", OrgUnit)
def month_last(request: SignedIn, unit: OrgUnit, month: int) -> JsonResponse:
    """Last month's texts as [account, item, text], for "沿用上月"."""
    try:
        return JsonResponse(last_month_texts(month_of_unit(unit, month)), safe=False)
    except Refused as refusal:
        return JsonResponse({"refusal": str(refusal)}, status=409)
