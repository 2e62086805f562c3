"""`lint`: what mail programs and servers would stumble over, before anything leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from mailer.cli.drafting import Draft, Drafter, decided
from mailer.cli.office import FINE, PROBLEMS, Office, common_options, read_office, say
from mailer.letters import linting
from mailer.letters.linting import Answers
from mailer.runs import answers
from portal.errors import Format, PortalError, Problem, counted, errors_in, listing


@click.command()
@common_options
@click.option("--begin", metavar="DATE", help="As if a ledger began then; none is needed, and none is read.")
@click.option("--site", type=click.Path(path_type=Path, file_okay=False), help="The built site that messages link to.")
@click.argument("contacts", nargs=-1, metavar="[CLIENT/CONTACT]...")
def lint(
    contacts: tuple[str, ...], root: Path, now: str | None, form: str, begin: str | None, site: Path | None
) -> int:
    """Check the messages that are due, or else come next: headers, text, links, and what mail programs show."""
    office = read_office(root, now, show_private=True)
    keys = [_key(office, contact) for contact in contacts]
    drafts = asyncio.run(_drafts(office, keys, begin))
    different = {draft.skeleton.key: draft for draft in drafts}
    url = office.settings.site_url
    ask: Answers = answers.Folder(site, url) if site else _published(url)
    problems = [problem for draft in different.values() for problem in _lint(office, draft, ask)]
    if form == "json":
        say(listing(problems, Format.JSON))
    else:
        if problems:
            say(listing(problems, Format.TEXT))
        found = f"{counted(len(errors_in(problems)), 'error')}, {counted(_warnings(problems), 'warning')}"
        say(f"{counted(len(drafts), 'message')}, {len(different)} different: {found}")
    return PROBLEMS if errors_in(problems) else FINE


def _published(url: str) -> answers.Published:
    """The site itself. Raises PortalError where nothing answers, rather than for every link."""
    site = answers.Published(url)
    site.reach()
    return site


def _key(office: Office, contact: str) -> str:
    recipient = office.plan.registry.find(contact)
    if recipient is None:
        raise PortalError(f"nobody is addressed as {contact}", "write client/contact, as in clients/")
    return recipient.contact.email.casefold()


async def _drafts(office: Office, keys: list[str], begin: str | None) -> list[Draft]:
    drafter = Drafter(office, with_codes=False)
    return [draft async for decision in decided(office, keys, begin) for draft in drafter.of(decision)]


def _lint(office: Office, draft: Draft, ask: Answers) -> list[Problem]:
    dkim = office.settings.options.mail.dkim
    return linting.lint(draft.data, draft.who.strip("/"), ask, dkim.domain if dkim else None)


def _warnings(problems: list[Problem]) -> int:
    return len(problems) - len(errors_in(problems))
