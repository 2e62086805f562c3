"""`preview`: what one person would be sent, as text, as a file, in a browser."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from mailer.cli.drafting import DUE, Draft, Drafter, decided, unsent
from mailer.cli.office import FINE, Office, common_options, read_office, say, say_json, show_private_option
from portal.errors import PortalError

_STANDARD_OUTPUT = "-"


@click.command()
@common_options
@show_private_option
@click.option("--begin", metavar="DATE", help="As if a ledger began then; none is needed, and none is read.")
@click.option("--eml", metavar="FILE", help="Write the message itself, as it would leave; - for standard output.")
@click.option(
    "--html", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write HTML, text and .eml here."
)
@click.option("--open", "in_browser", is_flag=True, help="Show the HTML in a browser.")
@click.argument("whom", metavar="CLIENT/CONTACT")
def preview(
    whom: str,
    root: Path,
    now: str | None,
    form: str,
    show_private: bool,
    begin: str | None,
    eml: str | None,
    folder: Path | None,
    in_browser: bool,
) -> int:
    """Show what one contact, or the address of a subscriber, would be sent: now, or else with the next slot."""
    office = read_office(root, now, show_private)
    key = _key(office, whom)
    drafts = asyncio.run(_drafts(office, key, whom, begin))
    if eml is not None:
        _write_message(drafts, eml, whom)
    elif folder is not None or in_browser:
        _show_files(drafts, folder or Path(tempfile.mkdtemp(prefix="duenotice-preview-")), in_browser)
    if form == "json":
        say_json([_as_json(draft) for draft in drafts])
    elif not drafts:
        say(f"nothing is new for {whom}")
    elif eml is None and folder is None and not in_browser:
        say("\n\n".join(map(_as_text, drafts)))
    return FINE


def _as_json(draft: Draft) -> dict[str, str]:
    due = draft.due.isoformat()
    return {"due": due, "state": draft.state, "subject": draft.skeleton.subject, "text": draft.text}


def _as_text(draft: Draft) -> str:
    return f"Due: {draft.due.isoformat()} ({draft.state})\nSubject: {draft.skeleton.subject}\n\n{draft.text}"


def _key(office: Office, whom: str) -> str:
    """The case-folded address of a contact, or of a subscriber who was named by it. Raises PortalError."""
    if "@" in whom and "/" not in whom:
        return whom.casefold()
    recipient = office.plan.registry.find(whom)
    if recipient is None:
        raise PortalError(f"nobody is addressed as {whom}", "write client/contact, as in clients/, or an address")
    return recipient.contact.email.casefold()


async def _drafts(office: Office, key: str, whom: str, begin: str | None) -> list[Draft]:
    drafter = Drafter(office, with_codes=True)
    found = [decision async for decision in decided(office, [key], begin)]
    if not found:
        raise PortalError("nobody has this address", "write client/contact, as in clients/, or a subscriber's address")
    drafts = [draft for decision in found for draft in drafter.of(decision)]
    if begin is not None:
        return drafts
    frozen = drafter.frozen(whom, await unsent(office, key))
    return frozen + [draft for draft in drafts if draft.state == DUE or not frozen]


def _write_message(drafts: Sequence[Draft], eml: str, whom: str) -> None:
    if not drafts:
        return
    if len(drafts) > 1:
        raise PortalError(f"{len(drafts)} messages are for {whom}", "write them all into a folder with --html DIR")
    if eml == _STANDARD_OUTPUT:
        click.echo(drafts[0].data, nl=False)
    else:
        Path(eml).write_bytes(drafts[0].data)
        say(f"wrote {eml}")


def _show_files(drafts: Sequence[Draft], folder: Path, in_browser: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, draft in enumerate(drafts, 1):
        stem = f"{draft.who.strip('/').replace('/', '-')}-{number}"
        page = folder / f"{stem}.html"
        page.write_text(draft.html, encoding="utf-8")
        (folder / f"{stem}.txt").write_text(draft.text, encoding="utf-8")
        (folder / f"{stem}.eml").write_bytes(draft.data)
        say(f"wrote {page}, {stem}.txt and {stem}.eml")
        if in_browser and click.launch(page.resolve().as_uri()):
            say("there is no browser here; open the file with one")
