"""The board as its filters' script reads it."""

from __future__ import annotations

import json
from typing import Any

from portal import cards
from portal.board import Boards
from tests.conftest import PortalFolder


def read(folder: PortalFolder, now: str = "2026-12-07T09:30+08:00") -> dict[str, Any]:
    boards = Boards(folder.plan(now))
    pieces = (file for piece in cards.pieces(boards) for file in cards.files(boards, piece))
    return {path: json.loads(data) for path, data in (*cards.lists(boards), *pieces)}


def test_lists_are_steps_from_the_oldest(portal_folder: PortalFolder) -> None:
    """Each list by way and value, in positions from the oldest notice; what will turn by itself says when."""
    portal_folder.notice("a", "title: 甲\ndate: 2025-12-31\nkind: policy\nabout: {services: payroll}")
    portal_folder.notice("b", "title: 乙\ndate: 2026-02-01\nkind: incident\nexpires: 2026-03-01")
    portal_folder.notice("c", "title: 丙\ndate: 2026-03-01\nkind: policy\nabout: {regions: [suzhou, shanghai]}")
    portal_folder.notice(
        "d", "title: 丁\ndate: 2026-04-01\nkind: policy\neffective: {from: 2027-01-01, until: 2027-01-31}"
    )
    assert read(portal_folder)["board/lists.json"] == {
        "total": 4,
        "piece": 24,
        "lists": {
            "state": {"upcoming": [3], "in-force": [0, 2], "past": [1]},
            "kind": {"incident": [1], "policy": [0, 2, 1]},
            "service": {"payroll": [0]},
            "region": {"shanghai": [2], "suzhou": [2]},
            "year": {"2026": [1, 1, 1], "2025": [0]},
        },
        "turns": [[3, [["2027-01-01T00:00:00+08:00", "in-force"], ["2027-02-01T00:00:00+08:00", "past"]]]],
    }


def test_a_new_notice_changes_the_last_piece_alone(portal_folder: PortalFolder) -> None:
    """Items lie in pieces of a year, oldest first, in every language; those that are full stay for ever."""
    portal_folder.notice("early", "title: 去年\ndate: 2025-05-01")
    for day in range(1, 27):
        portal_folder.notice(f"n{day}", f"title: 第{day}号\ndate: 2026-10-{day:02}")
    before = read(portal_folder)
    portal_folder.notice("new", "title: 新的\ndate: 2026-12-01")
    after = read(portal_folder)
    assert {path: len(items) for path, items in before.items() if "cards" in path} == {
        "board/cards/zh/2026-0.json": 24,
        "board/cards/zh/2026-1.json": 2,
        "board/cards/zh/2025-0.json": 1,
        "board/cards/en/2026-0.json": 24,
        "board/cards/en/2026-1.json": 2,
        "board/cards/en/2025-0.json": 1,
    }
    assert "第1号" in before["board/cards/zh/2026-0.json"][0]
    changed = {path for path in after if before.get(path) != after[path]}
    assert changed == {"board/lists.json", "board/cards/zh/2026-1.json", "board/cards/en/2026-1.json"}


def test_nothing_private_is_listed(portal_folder: PortalFolder) -> None:
    """A private notice is in no list and in no piece, whatever it is about."""
    portal_folder.client("yunshan", "name: 云杉\ncontacts: [{id: lin, name: 林岚, email: lin@example.com}]")
    portal_folder.notice("a", "title: 甲\ndate: 2026-11-01")
    public = read(portal_folder)
    private = "audience: {clients: [yunshan]}\nabout: {regions: tokyo}"
    portal_folder.notice("d", f"title: 密谈\ndate: 2024-11-01\nkind: improvement\n{private}")
    assert read(portal_folder) == public
