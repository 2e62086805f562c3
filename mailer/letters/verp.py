"""Addresses that know which message they belong to: where failures come back to, and where one click goes.

A failed message comes back to the envelope sender. Each message has one of its own (variable envelope return paths), so
that a bounce names its digest however badly it is written, and nobody can make one up: the digest's key, which its
reader can see, is signed. The key for that comes from PORTAL_SECRET, so whoever holds the secret can tell a true
address from another at any time, without the ledger; and the ledger keeps each address with its letter, for the day
on which the secret is another.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode
from typing import Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from mailer.letters.letter import Letter
from portal.config import MailOptions, Secret
from portal.errors import PortalError

Purpose = Literal["returns", "leave"]

_SIGNATURE = 16
"""Characters of base32, in small letters because some servers change capitals: 80 bits."""
_SIGNED = re.compile(rf"([0-9a-f]{{32}})\.([a-z2-7]{{{_SIGNATURE}}})")


def addressed(letter: Letter, options: MailOptions, secret: Secret | None) -> Letter:
    """The letter with its own return path and its own way out, as far as they are configured. Raises PortalError."""
    if not options.bounces and not options.unsubscribe_url:
        return letter
    if secret is None:
        raise PortalError("PORTAL_SECRET is not set", "it signs mail.bounces and mail.unsubscribe_url")
    returns = unsubscribe = ""
    if options.bounces:
        local, _, domain = options.bounces.rpartition("@")
        returns = f"{local}+{signed('returns', letter.key, secret)}@{domain}"
    if options.unsubscribe_url:
        mark = "&" if urlsplit(options.unsubscribe_url).query else "?"
        unsubscribe = f"{options.unsubscribe_url}{mark}{urlencode({'id': signed('leave', letter.key, secret)})}"
    return letter.model_copy(update={"returns": returns, "unsubscribe": unsubscribe})


def returned(address: str, secret: Secret) -> str | None:
    """The key of the digest whose failures come back to an address; None: no message was ever sent from it."""
    _, _, marked = address.rpartition("@")[0].rpartition("+")
    return _digest("returns", marked, secret)


def leaving(url: str, secret: Secret) -> str | None:
    """The key of the digest whose reader clicked, by the address that was posted to; None: nobody was given it."""
    return _digest("leave", parse_qs(urlsplit(url).query).get("id", [""])[-1], secret)


def signed(purpose: Purpose, digest: str, secret: Secret) -> str:
    """A digest's key and its signature, which holds for one purpose only."""
    key = hmac.digest(secret.value, b"duenotice mail 1", hashlib.sha256)
    signature = hmac.digest(key, f"{purpose}:{digest}".encode(), hashlib.sha256)
    return f"{digest}.{b32encode(signature).decode('ascii').lower()[:_SIGNATURE]}"


def _digest(purpose: Purpose, marked: str, secret: Secret) -> str | None:
    found = _SIGNED.fullmatch(marked.lower())
    if found and hmac.compare_digest(signed(purpose, found[1], secret), found[0]):
        return found[1]
    return None
