"""The rules on change: what may become of a notice once it is published.

They compare the working tree with an earlier commit. What clients were told cannot be taken back unseen: a text that
changes gets a line in `revisions`, and one that no longer holds is withdrawn, under the id it always had. Earlier
versions show the attachments and the table of values that lie here now, so these are added to and never exchanged.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from portal.config import Settings
from portal.errors import Location, Problem
from portal.notice import Notice
from portal.paper import Paper, as_paper, notice_of
from portal.sources import Filed, Sources, inside, table_of_values
from portal.states import instant

_WITHOUT_A_VERSION = frozenset(
    "revisions withdrawn approvals reminders review_by evaluate_on redirects mail draft".split()
)
"""Keys that readers' text does not depend on, or that say of themselves what changed and when."""


class _Then(NamedTuple):
    """A notice as it was committed."""

    notice: Notice
    paper: Paper


def check(
    settings: Settings, sources: Sources, base: Mapping[Path, bytes], altered: frozenset[Path], now: dt.datetime
) -> list[Problem]:
    """What happened, between `base` (file to content) and now, to notices published by `now` (timezone-aware).

    `altered` are the files whose bytes are others since, or that are gone.
    """
    before = _notices(settings, sources, base)
    earlier = {identity: then for identity, then in before.items() if _out(settings, then.notice, now)}
    former = {identity for filed in sources.notices.values() for identity in filed.notice.redirects}
    found: list[Problem] = []
    for identity, then in earlier.items():
        filed = sources.notices.get(identity)
        if filed is None:
            if identity not in former:
                found += _gone(sources, earlier, then)
        elif not _out(settings, filed.notice, now):
            message = "this notice is published, and would be taken back"
            hint = "keep its date and add 'withdrawn: {on: …, reason: …}'"
            found.append(
                Problem(filed.paper.at("draft" if filed.notice.draft else "date"), "removed-notice", message, hint)
            )
        else:
            found += _exchanged(filed, then, base, altered)
            if settings.options.versions == "revisions":
                found += _revised(settings, filed, then)
    return found


def _notices(settings: Settings, sources: Sources, texts: Mapping[Path, bytes]) -> dict[str, _Then]:
    """The originals among some files, by id; what cannot be read was never published."""
    result: dict[str, _Then] = {}
    working = {filed.paper.file: filed for filed in sources.notices.values()}
    translations = {p.file: p.sha256 for filed in sources.notices.values() for p in filed.translations.values()}
    for file, data in sorted((file, data) for file, data in texts.items() if file.suffix == ".md"):
        now, digest = working.get(file), hashlib.sha256(data).hexdigest()
        if now is not None and now.paper.sha256 == digest:
            result[now.notice.id] = _Then(now.notice, now.paper)  # most files: nothing to read again
            continue
        if translations.get(file) == digest:
            continue
        paper, _ = as_paper(settings, file, data)
        if paper is None or "translates" in paper.data:
            continue
        notice, _ = notice_of(paper)
        if notice is not None and (notice.id not in result or paper.language == settings.default_language):
            result[notice.id] = _Then(notice, paper)
    return result


def _out(settings: Settings, notice: Notice, now: dt.datetime) -> bool:
    return not notice.draft and instant(notice.date, settings.zone) <= now


def _gone(sources: Sources, earlier: Mapping[str, _Then], then: _Then) -> Iterator[Problem]:
    """A published notice whose id nobody has any more."""
    identity = then.notice.id
    keep = f"write 'id: {identity}' in it; or, if it must be another, 'redirects: [{identity}]'"
    new = [filed for filed in sources.notices.values() if filed.notice.id not in earlier]
    same_file = next((filed for filed in new if filed.paper.file == then.paper.file), None)
    if same_file is not None:
        yield Problem(same_file.paper.at("id"), "changed-id", "the id of a published notice has changed", keep)
        return
    if then.paper.file.is_file():
        return  # it is there and cannot be read; whoever reads it says so
    renamed = next((filed for filed in new if _alike(filed, then)), None)
    if renamed is not None:
        message = "the file of a published notice was renamed, and its id went with the name"
        yield Problem(renamed.paper.at(), "lost-id", message, keep)
        return
    message = "a published notice was removed; its address is in people's mails"
    hint = "take the file back, and add 'withdrawn: {on: …, reason: …}'"
    yield Problem(Location(then.paper.shown), "removed-notice", message, hint)


def _alike(filed: Filed, then: _Then) -> bool:
    """Whether a new file is a removed one under another name."""
    now, before = filed.notice, then.notice
    if now.number is not None and now.number == before.number:
        return True
    return now.date == before.date and (now.title == before.title or _body(filed.paper) == _body(then.paper))


def _revised(settings: Settings, filed: Filed, then: _Then) -> Iterator[Problem]:
    before = [instant(line.on, settings.zone) for line in then.notice.revisions]
    after = [instant(line.on, settings.zone) for line in filed.notice.revisions]
    if after[: len(before)] != before:
        message = "lines of 'revisions' are gone or have another date, so versions lose their numbers"
        hint = "keep the old lines as they were, and add the new one below them"
        yield Problem(filed.paper.at("revisions"), "revisions-rewritten", message, hint)
    elif len(after) == len(before) and _said(filed.paper, then.paper) != _said(then.paper, then.paper):
        message = "a published text has changed without a line in 'revisions'"
        hint = "add a line with 'on' and 'note'; for a typing mistake also 'minor: true', and nobody is mailed"
        yield Problem(filed.paper.at("revisions"), "changed-without-revision", message, hint)


def _exchanged(filed: Filed, then: _Then, base: Mapping[Path, bytes], altered: frozenset[Path]) -> Iterator[Problem]:
    """What lies beside a published notice, and is not what its readers have seen."""
    folder = then.paper.file.parent
    moved = filed.paper.file.parent != folder  # then its files have gone along, or are missed there
    if not moved and any(inside(folder, name) in altered for name in then.notice.attachments):
        message = "an attachment of a published notice is another file now, in its earlier versions too"
        hint = "keep the old file, and give the new one another name"
        yield Problem(filed.paper.at("attachments"), "changed-attachment", message, hint)
    table = inside(folder, then.notice.values or "")
    before = base.get(table) if table else None
    if before is None:
        return
    rows = table_of_values("", before.decode("utf-8-sig", "replace"), [])
    if any(now.get(name) != value for now, row in _both(filed, rows) for name, value in row.items()):
        message = "a value of a published notice is another one now, in its earlier versions too"
        hint = "keep the old column; add one with the new values, name it in the text, and add a line to 'revisions'"
        yield Problem(filed.paper.at("values"), "changed-value", message, hint)


def _both(filed: Filed, rows: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[Mapping[str, str], Mapping[str, str]]]:
    """The row now and the row before of each client that has both."""
    return ((filed.values[client], row) for client, row in rows.items() if client in filed.values)


def _said(paper: Paper, before: Paper) -> tuple[dict[str, Any], list[str]]:
    """What a version says. Updates that follow those from before, and the next one promised, date themselves."""
    data = {key: value for key, value in paper.data.items() if key not in _WITHOUT_A_VERSION and value is not None}
    updates, known = data.get("updates") or [], before.data.get("updates") or []
    if isinstance(updates, list) and isinstance(known, list) and updates[: len(known)] == known:
        data["updates"] = known
    details = data.get("details")
    if isinstance(details, dict):
        data["details"] = {key: value for key, value in details.items() if key != "next_update"}
    data.setdefault("updates", known)
    return data, _body(paper)


def _body(paper: Paper) -> list[str]:
    """A body's lines, without the blank space that nobody sees."""
    return [line.rstrip() for line in paper.body.strip().splitlines()]
