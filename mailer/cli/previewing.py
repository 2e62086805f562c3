"""`preview`: what one contact would be sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from mailer import compose, message
from mailer.bulletin import bulletin
from mailer.cli.office import FINE, Office, common_options, open_ledger, read_office, say, say_json, show_private_option
from mailer.deciding import decide
from mailer.digest import Decision, Digest
from mailer.person import people
from portal.errors import PortalError


@click.command()
@common_options
@show_private_option
@click.argument("contact", metavar="CLIENT/CONTACT")
def preview(contact: str, root: Path, now: str | None, form: str, show_private: bool) -> int:
    """Print the text that one contact would be sent: now, or else with the next slot."""
    office = read_office(root, now, show_private)
    recipient = office.plan.registry.find(contact)
    if recipient is None:
        raise PortalError(f"nobody is addressed as {contact}", "write client/contact, as in clients/")
    found = asyncio.run(_decided(office, recipient.contact.email.casefold()))
    later = [Digest(waiting.person, "next", waiting.due, waiting.items) for waiting in found.waiting]
    composer = compose.Composer(office.plan, hide_private=not office.private)
    shown = []
    for digest in found.digests or later:
        letter, skeleton = composer.letter(digest), composer.skeleton(digest)
        if office.private:
            codes = office.codes(letter)
        else:
            clients = tuple(key.partition("/")[0] for key, _ in letter.readers)
            letter = letter.model_copy(update={"name": contact, "clients": clients})
            codes = ["…"] * len(letter.readers)
        text = message.text_part(letter, skeleton, codes)
        due = digest.due.astimezone(digest.person.zone).isoformat()
        shown.append({"due": due, "subject": skeleton.subject, "text": text})
    if form == "json":
        say_json(shown)
    elif not shown:
        say(f"nothing is new for {contact}")
    else:
        say("\n\n".join(f"Due: {one['due']}\nSubject: {one['subject']}\n\n{one['text']}" for one in shown))
    return FINE


async def _decided(office: Office, key: str) -> Decision:
    person = next(person for person in people(office.plan) if person.key == key)
    async with open_ledger(office) as ledger:
        begin = (await ledger.opening()).begin
        pasts = await ledger.past([person])
    return decide(bulletin(office.plan, begin), person, pasts[key])
