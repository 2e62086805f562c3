"""Which master secret a portal is sealed with: its fingerprint, kept beside the registry or remembered by the machine.

Another secret makes other codes for everybody, so every link that was handed out would stop working. That should not
happen by a slip in a secret store.
"""

from __future__ import annotations

import re

from portal import cachefile
from portal.config import Settings
from portal.errors import Location, PortalError

KEPT_FILE = "secret.fingerprint"
"""In the registry, committed: what the secret must be."""
_REMEMBERED_FILE = "secret.fingerprint"
"""In the cache: what it was at the last build on this machine."""
_FINGERPRINT = re.compile("[0-9a-f]{4}(-[0-9a-f]{4}){3}")


def keep(settings: Settings, fingerprint: str) -> str:
    """Write down that this is the secret from now on; the file, as people know it. Raises OSError."""
    file = settings.registry_dir / KEPT_FILE
    file.write_text(f"{fingerprint}\n", encoding="ascii")
    return settings.shown(file)


def verify(settings: Settings, fingerprint: str) -> str:
    """Make sure that this is the secret in use. A sentence where the machine remembers another; empty: nothing to say.

    Raises PortalError where another one is kept in the registry.
    """
    file = settings.registry_dir / KEPT_FILE
    if file.is_file():
        if file.read_text(encoding="utf-8", errors="replace").strip() != fingerprint:
            raise PortalError(
                "PORTAL_SECRET is another secret than the one that this fingerprint is of; nobody's link would work",
                "put the right one back; to change it on purpose: build.py keys fingerprint --keep",
                Location(settings.shown(file)),
            )
        return ""
    remembered = settings.cache_dir / _REMEMBERED_FILE
    said = remembered.read_text(encoding="utf-8", errors="replace").strip() if remembered.is_file() else ""
    if _FINGERPRINT.fullmatch(said) and said != fingerprint:
        return "PORTAL_SECRET is another secret than at the last build here: all links handed out before stop working"
    return ""


def remember(settings: Settings, fingerprint: str) -> None:
    """Note what a build was sealed with. Raises OSError."""
    cachefile.put(settings.cache_dir / _REMEMBERED_FILE, f"{fingerprint}\n".encode("ascii"))
