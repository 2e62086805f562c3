"""Where everything lives on the site: the addresses that never break, as paths without the site's base."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

MY = "my/"
SEALED = "my/s/"
BUILD = "build.json"
QR = "qr.svg"
"""The code of a version's permanent address, in the folder of its page."""
SEARCH = "search/"
"""The folder of the index, the same for every language."""
REGISTER = "notices.json"
REGISTER_SCHEMA = "schemas/notices.schema.json"
LISTS = "board/lists.json"
"""Which notice is on which list of the board, for its filters."""
CARDS = "board/cards/{language}/"
"""The items of the lists in pieces, for the same."""


@dataclass(frozen=True)
class Addresses:
    """Paths of one language's pages: relative to the site's root, ending with a slash."""

    language: str
    default_language: str

    @cached_property
    def prefix(self) -> str:
        return "" if self.language == self.default_language else f"{self.language}/"

    @property
    def home(self) -> str:
        return self.prefix

    def notice(self, identity: str) -> str:
        return f"{self.prefix}notices/{identity}/"

    def version(self, identity: str, number: int) -> str:
        return f"{self.prefix}notices/{identity}/v{number}/"

    def dates(self, identity: str) -> str:
        """The calendar of one notice; it is there while a date of it is still to come."""
        return f"{self.notice(identity)}dates.ics"

    def changes(self, identity: str) -> str:
        return f"{self.prefix}notices/{identity}/changes/"

    @property
    def editions(self) -> str:
        return f"{self.prefix}editions/"

    def edition(self, month: str) -> str:
        """The board as it stood at the end of a month, written 2026-11."""
        return f"{self.prefix}editions/{month}/"

    def attachment(self, identity: str, name: str) -> str:
        """The same file for every language, so without the language."""
        return f"notices/{identity}/files/{name}"

    def listing(self, key: str, page: int = 1) -> str:
        """A page of a list; the key is a kind, a state, a year, `service/` or `region/` with its name, or empty.

        That is the whole board, whose first page is home.
        """
        stem = f"{self.prefix}board/{key}/" if key else f"{self.prefix}board/"
        if page > 1:
            return f"{stem}page/{page}/"
        return stem if key else self.home

    def feed(self, key: str, ending: str) -> str:
        """The feed of a kind, or of the whole board (key ''); the ending is `atom` or `json`."""
        return f"feeds/{key or 'all'}.{self.language}.{ending}"

    def calendar(self, key: str) -> str:
        """The calendar of a kind, or of the whole board (key '')."""
        return f"calendar/{key}.{self.language}.ics" if key else f"calendar/{self.language}.ics"

    @property
    def subscribe(self) -> str:
        return f"{self.prefix}subscribe/"

    @property
    def lookup(self) -> str:
        return f"{self.prefix}lookup/"

    @property
    def search(self) -> str:
        return f"{self.prefix}{SEARCH}"


@lru_cache(maxsize=64)
def of(language: str, default_language: str) -> Addresses:
    """The paths of a language's pages, for all who ask: every notice does so a dozen times."""
    return Addresses(language, default_language)
