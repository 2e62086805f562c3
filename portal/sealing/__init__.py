"""Derives, seals and opens: the only user of cryptography. The format is docs/sealed-format.md, section by section."""

from portal.sealing.attachments import SealedFile, seal_file
from portal.sealing.codes import Code, Mistyped, code
from portal.sealing.envelope import Content, Unopenable, object_name
from portal.sealing.fingerprint import fingerprint
from portal.sealing.index import seal_index, unseal_index
from portal.sealing.memory import lock, name, unlock
from portal.sealing.objects import Sealed, seal, unseal

__all__ = [
    "Code",
    "Content",
    "Mistyped",
    "Sealed",
    "SealedFile",
    "Unopenable",
    "code",
    "fingerprint",
    "lock",
    "name",
    "object_name",
    "seal",
    "seal_file",
    "seal_index",
    "unlock",
    "unseal",
    "unseal_index",
]
