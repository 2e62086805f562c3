"""Mailboxes as they travel: a domain always in ASCII, and whether a server must know SMTPUTF8 to take one."""

from __future__ import annotations

from functools import lru_cache

import idna

from portal.errors import PortalError


@lru_cache(maxsize=4096)
def ascii_domain(domain: str) -> str:
    """A domain as A-labels (IDNA 2008, RFC 5891), after the mapping of UTS 46. Raises PortalError."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise PortalError(f"{domain} is not the name of a domain: {error}") from error


def travelling(address: str) -> str:
    """The address with its domain in ASCII, so that only a local part beyond ASCII needs SMTPUTF8 (RFC 6531)."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def domain_of(address: str) -> str:
    """The domain in ASCII and lower case, as one knows it again."""
    return ascii_domain(address.rpartition("@")[2]).lower()
