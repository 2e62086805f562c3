"""DKIM signatures (RFC 6376): RSA, which everybody verifies, and beside it Ed25519 (RFC 8463).

Signed by hand, because a message is signed while its server waits: the keys are read once, what both signatures have
in common is hashed once, and nothing is parsed that this program wrote itself. No `t=`: the same message has the same
signature, so what was frozen stays rebuildable. No `l=`: whoever forwards could add to the text.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from mailer.letters.mailbox import ascii_domain, domain_of
from portal.errors import Location, PortalError

SHORTEST = 2048
"""Bits of an RSA key (RFC 8301, section 3.2)."""

SIGNED = """From To Reply-To Subject Date Message-ID In-Reply-To References MIME-Version Content-Type Content-Language
    List-Id List-Unsubscribe List-Unsubscribe-Post Auto-Submitted Feedback-ID""".split()
"""RFC 6376, section 5.4.1; both unsubscribing fields, as RFC 8058, section 4, asks for."""

_AGAIN = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Content-Type")
"""Signed once more than they occur, so that nobody can add a second one (RFC 6376, section 8.15)."""

_PEM = re.compile(r"-----BEGIN [^-]+-----.*?-----END [^-]+-----", re.DOTALL)
_LINE = 72
"""Characters, where a field can be broken."""
_STRING = 255
"""Octets of one string in a TXT record (RFC 1035, section 3.3)."""

PrivateKey = RSAPrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class _Key:
    """A private key, and the selector below which its public half is published."""

    selector: str
    private: PrivateKey

    @property
    def kind(self) -> str:
        return "rsa" if isinstance(self.private, RSAPrivateKey) else "ed25519"

    def signature(self, data: bytes) -> bytes:
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(data, PKCS1v15(), SHA256())
        return self.private.sign(hashlib.sha256(data).digest())  # RFC 8463, section 3

    @property
    def public(self) -> bytes:
        """As it stands in the DNS: a SubjectPublicKeyInfo for RSA, the bare 32 octets for Ed25519."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


class Signer:
    """Signs for one domain, with one key or two."""

    def __init__(self, domain: str, keys: Sequence[_Key]) -> None:
        self._domain = ascii_domain(domain)
        self._keys = keys

    def sign(self, message: bytes) -> bytes:
        """The message with a signature of each key in front; the same message gives the same."""
        head, _, body = message.partition(b"\r\n\r\n")
        fields = {}
        for line in head.replace(b"\r\n ", b" ").split(b"\r\n"):
            name, _, value = line.partition(b":")
            fields[name.decode("ascii").lower()] = b" ".join(value.split())
        names = [name for name in SIGNED if name.lower() in fields]
        data = b"".join(b"%s:%s\r\n" % (name.lower().encode(), fields[name.lower()]) for name in names)
        body_hash = b64encode(hashlib.sha256(_relaxed(body)).digest()).decode("ascii")
        rest = f" h={_listed([*names, *_AGAIN])};\r\n bh={body_hash};\r\n b="
        return b"".join([*(self._field(key, data, rest) for key in self._keys), message])

    def _field(self, key: _Key, data: bytes, rest: str) -> bytes:
        tags = f"v=1; a={key.kind}-sha256; c=relaxed/relaxed;\r\n d={self._domain}; s={key.selector};\r\n"
        field = tags + rest
        relaxed = field.replace("\r\n ", " ")
        signature = b64encode(key.signature(data + f"dkim-signature:{relaxed}".encode("ascii"))).decode("ascii")
        lines = [signature[start : start + _LINE] for start in range(0, len(signature), _LINE)]
        return ("DKIM-Signature: " + field + "\r\n ".join(lines) + "\r\n").encode("ascii")

    def records(self) -> list[tuple[str, str]]:
        """What belongs into the DNS: names, and their TXT records as zone files write them."""
        found = []
        for key in self._keys:
            text = f"v=DKIM1; k={key.kind}; p={b64encode(key.public).decode('ascii')}"
            strings = [text[start : start + _STRING] for start in range(0, len(text), _STRING)]
            found.append((f"{key.selector}._domainkey.{self._domain}", " ".join(f'"{part}"' for part in strings)))
        return found


def signer(setting: str, domain: str, selectors: dict[str, str], sender: str) -> Signer:
    """Read MAILER_DKIM_KEY: paths of PEM files with colons between, or the PEM text itself.

    `selectors` says by kind of key, rsa and ed25519, where its public half is published. Raises PortalError, which
    repeats nothing of a key.
    """
    signing, writing = ascii_domain(domain).lower(), domain_of(sender)
    if writing != signing and not writing.endswith(f".{signing}"):
        raise PortalError(
            f"mail from {writing} cannot be signed for {signing}: receivers would not count it (DMARC, RFC 7489)",
            "write the domain of mail.from into mail.dkim, or one above it",
            Location("mkdocs.yml"),
        )
    keys: dict[str, _Key] = {}
    for name, pem in _texts(setting):
        private = _private(name, pem)
        kind = "rsa" if isinstance(private, RSAPrivateKey) else "ed25519"
        if kind in keys:
            raise _wrong(f"{name} is a second {kind} key", "one of each kind is used")
        if not selectors.get(kind):
            raise _wrong(f"{name} is an {kind} key, and has no selector", f"write mail.dkim.{kind} in mkdocs.yml")
        keys[kind] = _Key(selectors[kind], private)
    missing = [kind for kind, selector in selectors.items() if selector and kind not in keys]
    if missing:
        raise _wrong(
            f"there is no {missing[0]} key", f"name its file, or remove mail.dkim.{missing[0]} from mkdocs.yml"
        )
    return Signer(signing, [keys[kind] for kind in ("rsa", "ed25519") if kind in keys])


def _texts(setting: str) -> list[tuple[str, bytes]]:
    """Each key, with a name that may be shown."""
    if "-----BEGIN" in setting:
        return [(f"key {number}", found.encode()) for number, found in enumerate(_PEM.findall(setting), start=1)]
    found = []
    for path in filter(None, setting.strip().split(":")):
        try:
            found.append((path, Path(path).read_bytes()))
        except OSError as error:
            raise _wrong(f"{path} cannot be read: {error.strerror}", "name files, or give the PEM text") from error
    return found


def _private(name: str, pem: bytes) -> PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise _wrong(f"{name} is encrypted", "keep it without a passphrase, readable for this program only") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _wrong(f"{name} is no private key in PEM", "make one with `openssl genrsa 2048`") from None
    if isinstance(key, RSAPrivateKey):
        if key.key_size < SHORTEST:
            raise _wrong(f"{name} has {key.key_size} bits", f"{SHORTEST} are needed: `openssl genrsa {SHORTEST}`")
        return key
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise _wrong(f"{name} is neither an RSA nor an Ed25519 key", "DKIM knows no other (RFC 8301, RFC 8463)")


def _wrong(message: str, hint: str) -> PortalError:
    return PortalError(message, hint, Location("MAILER_DKIM_KEY"))


def _relaxed(body: bytes) -> bytes:
    """A body as RFC 6376, section 3.4.4, has it: blanks as one space, none at the end of a line, no empty last line."""
    if b"\t" in body or b"  " in body:  # rarely, and looking for them is quicker than replacing them
        body = re.sub(rb"[ \t]+", b" ", body)
    body = body.replace(b" \r\n", b"\r\n")
    stripped = body.rstrip(b"\r\n")
    return stripped + b"\r\n" if stripped else b""


def _listed(names: Sequence[str]) -> str:
    """Names of fields for h=, on lines that stay short."""
    lines = [names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) < _LINE:
            lines[-1] += f":{name}"
        else:
            lines[-1] += ":"
            lines.append(name)
    return "\r\n ".join(lines)
