"""What a relative link in a notice means: an attachment, another notice, or a page of the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from portal.paper import stem_of
from portal.plan import Plan


class Links:
    """Resolves links to absolute site paths. Only what is public can be linked to: a sealed page has no address."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._settings = plan.settings

    def resolver(self, files: Mapping[str, str], language: str) -> Callable[[str], str | None]:
        """A function from a target to its address, None where nothing is there. `files`: attachment to address."""

        def resolve(target: str) -> str | None:
            path, mark, fragment = target.partition("#")
            if files.get(path):
                return files[path]
            if path.startswith("/"):
                return target
            found = self._page(stem_of(self._settings, path), language)
            return None if found is None else f"{self._settings.base}{found}{mark}{fragment}"

        return resolve

    def _page(self, stem: str, language: str) -> str | None:
        addresses = self._plan.addresses(language)
        if stem in self._plan.stems:
            return addresses.notice(self._plan.stems[stem])
        if stem and self._is_content(stem):
            return addresses.prefix if stem == "index" else f"{addresses.prefix}{quote(stem)}/"
        return None

    def _is_content(self, stem: str) -> bool:
        data = self._settings.document.data
        folder = self._settings.root / str(data.get("docs_dir", "docs"))
        suffixes = ("", *(f".{language}" for language in self._settings.languages))
        return any((folder / f"{stem}{suffix}.md").is_file() for suffix in suffixes)
