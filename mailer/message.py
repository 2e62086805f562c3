"""Letter and skeleton to the bytes of a message: the same arguments always give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any
from urllib.parse import quote, urlsplit

from markupsafe import escape

from mailer.letter import UNWANTED, Letter, Skeleton, clean, fill
from portal.errors import PortalError

_WHOLE = frozenset({"Message-ID", "List-Id", "List-Unsubscribe"})
"""Header fields that hold an address between < and >, of one piece."""


class _Policy(EmailPolicy):
    """Never makes encoded words of a long address: RFC 2047, section 5, forbids them there, and nobody reads them."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name in _WHOLE:
            return f"{name}: {value}{self.linesep}".encode("utf-8" if self.utf8 else "ascii")
        return super().fold_binary(name, value)


def build(letter: Letter, skeleton: Skeleton, codes: Sequence[str]) -> bytes:
    """The message as it goes over the wire, with CRLF; the same arguments always give the same bytes.

    `codes` are those of `letter.readers`, in order.
    """
    slots = {"name": [letter.name], "client": letter.clients, "code": codes}
    utf8 = not (
        letter.address + letter.sender + letter.reply_to
    ).isascii()  # such an address needs SMTPUTF8 (RFC 6531) and headers in UTF-8
    mail = EmailMessage(policy=_Policy(linesep="\r\n", cte_type="7bit", utf8=utf8))
    mail["Date"] = letter.date
    mail["From"] = _mailbox(letter.sender_name, letter.sender)
    mail["To"] = _mailbox(letter.name, letter.address)
    if letter.reply_to != letter.sender:
        mail["Reply-To"] = _mailbox("", letter.reply_to)
    mail["Subject"] = _header(skeleton.subject)
    mail["Message-ID"] = letter.message_id
    mail["List-Id"] = f"<{urlsplit(letter.site_url).hostname}>"
    mail["List-Unsubscribe"] = f"<mailto:{letter.reply_to}?subject={quote('unsubscribe ' + letter.key)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(fill(skeleton.text, slots, str))
    mail.add_alternative(fill(skeleton.html, slots, lambda value: str(escape(value))), subtype="html")
    mail.set_boundary(f"=_{letter.key}")
    mail["Content-Language"] = letter.language  # last, or making it multipart would move this to the first part
    for name, value in mail.items():
        if UNWANTED.search(str(value).replace(" ", "")):
            raise PortalError(f"the header {name} of a message would break into two")
    return mail.as_bytes()


def text_part(letter: Letter, skeleton: Skeleton, codes: Sequence[str]) -> str:
    """The plain text that the message carries."""
    return fill(skeleton.text, {"name": [letter.name], "client": letter.clients, "code": codes}, str)


def _header(text: str) -> str:
    """Text for a header field. '=?' would be read as an encoded word (RFC 2047), and may decode to a line break."""
    return clean(text).replace("=?", "= ?")


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(_header(name), local, domain)
