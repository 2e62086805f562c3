"""What a relative link in a notice means: an attachment, another notice, or a page of the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from urllib.parse import quote

from portal.paper import name_parts
from portal.plan import Plan


class Links:
    """Resolves links to absolute site paths. Only what is public can be linked to: a sealed page has no address."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._settings = plan.settings

    @cached_property
    def _notices(self) -> dict[str, str]:
        """The stem of every public file, and every id, to the id of its notice; most texts link to none."""
        stems = {
            self._stem(text.path): e.id for e in self._plan.public for v in e.versions for text in v.texts.values()
        }
        return {**stems, **{entry.id: entry.id for entry in self._plan.public}}

    def resolver(self, files: Mapping[str, str], language: str) -> Callable[[str], str | None]:
        """A function from a target to its address, None where nothing is there. `files`: attachment to address."""

        def resolve(target: str) -> str | None:
            path, mark, fragment = target.partition("#")
            if files.get(path):
                return files[path]
            if path.startswith("/"):
                return target
            found = self._page(self._stem(path), language)
            return None if found is None else f"{self._settings.base}{found}{mark}{fragment}"

        return resolve

    def _page(self, stem: str, language: str) -> str | None:
        addresses = self._plan.addresses(language)
        if stem in self._notices:
            return addresses.notice(self._notices[stem])
        if stem and self._is_content(stem):
            return addresses.prefix if stem == "index" else f"{addresses.prefix}{quote(stem)}/"
        return None

    def _is_content(self, stem: str) -> bool:
        data = self._settings.document.data
        folder = self._settings.root / str(data.get("docs_dir", "docs"))
        suffixes = ("", *(f".{language}" for language in self._settings.languages))
        return any((folder / f"{stem}{suffix}.md").is_file() for suffix in suffixes)

    def _stem(self, path: str) -> str:
        return name_parts(self._settings, path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".md"))[0]
