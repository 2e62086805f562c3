"""A built site on real servers: the headers, types and redirects that docs/hosting.md promises."""

from __future__ import annotations

import gzip
import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal import sealing
from portal.config import Secret
from tests.commands import SECRET, build
from tests.conftest import MKDOCS, NOW, REPOSITORY, PortalFolder
from tests.hosts import Server, caddy, nginx, serving

CODE = str(sealing.code(Secret(bytes(range(40, 72))), "yunshan/lin", 1))
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; media-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Site:
    """A built site behind a server on loopback."""

    port: int
    folder: Path
    log: Path
    path: str
    """Where the site begins: / or /path/."""

    def get(self, path: str, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest("GET", self.path + path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)


@pytest.fixture(
    scope="module", params=[(nginx, ""), (nginx, "kunden/"), (caddy, "")], ids=["nginx", "nginx-path", "caddy"]
)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site of a small portal with a sealed page, served with what `headers` prints."""
    server: Server = request.param[0]
    path: str = request.param[1]
    folder = tmp_path_factory.mktemp(server.__name__)
    portal = PortalFolder(folder / "portal")
    config = MKDOCS.format(theme=REPOSITORY / "site_templates" / "theme")
    config += "    filing: {icp: 沪ICP备2026000000号-1, police: 沪公网安备31010000000000号}\n"
    portal.write("mkdocs.yml", config.replace("notices.example.com/", f"notices.example.com/{path}"))
    portal.write("content/index.zh.md", "---\ntitle: 公告\n---\n# 公告\n\n<!-- duenotice:board -->\n")
    portal.write("content/index.en.md", "---\ntitle: Notices\n---\n# Notices\n\n<!-- duenotice:board -->\n")
    portal.notice("a", "title: 公开\ndate: 2026-11-20", "正文。\n" * 400)
    portal.notice("b", "title: 不公开\ndate: 2026-11-20\naudience: {clients: [yunshan]}")
    portal.client("yunshan", "name: 云杉\ncontacts: [{id: lin, name: 林岚, email: lin@yunshan.example.com}]\n")
    root = folder / "www"
    out = root / path if path else root
    done = build(portal, "build", "--now", NOW, "--out", str(out))
    assert done.returncode == 0, done.stderr
    snippet = folder / "snippet"
    snippet.write_text(build(portal, "headers", server.__name__, secret=None).stdout, encoding="utf-8")
    with serving(server, folder, snippet, root) as port:
        yield Site(port, out, folder / "access.log", f"/{path}")


@pytest.mark.parametrize(
    ("path", "kind", "cache"),
    [
        ("", "text/html", "no-cache"),
        ("notices/a/", "text/html", "no-cache"),
        ("my/", "text/html", "no-cache"),
        ("notices.json", "application/json", "no-cache"),
        ("build.json", "application/json", "no-cache"),
        ("feeds/all.zh.atom", "application/atom+xml", "no-cache"),
        ("calendar/zh.ics", "text/calendar", "no-cache"),
        ("assets/duenotice-moved.js", "javascript", "no-cache"),
        ("SHARED", "css", "public, max-age=31536000, immutable"),
        ("HASHED", "javascript", "public, max-age=31536000, immutable"),
        ("SEALED", "application/octet-stream", "no-cache"),
    ],
)
def test_every_file_has_its_type_and_headers(site: Site, path: str, kind: str, cache: str) -> None:
    """Types that browsers and programs need; kept for ever is only what has its hash in the name; no framing."""
    if path == "HASHED":
        path = f"my/{next(site.folder.glob('my/my.*.js')).name}"
    if path == "SHARED":
        path = f"assets/stylesheets/{next(site.folder.glob('assets/stylesheets/duenotice-shell.*.css')).name}"
    if path == "SEALED":
        path = f"my/s/{next(site.folder.glob('my/s/*')).name}"
    answer = site.get(path)
    assert answer.status == 200
    assert kind in answer.headers["content-type"]
    assert answer.headers["cache-control"] == cache
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    private = path.startswith("my/")
    assert answer.headers.get("referrer-policy") == ("no-referrer" if private else None)
    assert answer.headers.get("x-robots-tag") == ("noindex, nofollow, noarchive" if private else None)


def test_pages_are_compressed_and_sealed_files_are_not(site: Site) -> None:
    """What is sealed looks random: compressing it is work for nothing."""
    page = site.get("notices/a/", Accept_Encoding="gzip")
    assert page.headers["content-encoding"] == "gzip"
    assert gzip.decompress(page.body) == (site.folder / "notices/a/index.html").read_bytes()
    for file in site.folder.glob("my/s/*"):
        sealed = site.get(f"my/s/{file.name}", Accept_Encoding="gzip")
        assert "content-encoding" not in sealed.headers
        assert sealed.body == file.read_bytes()


def test_part_of_a_file_can_be_asked_for(site: Site) -> None:
    """A large attachment goes on where the connection was lost."""
    file = next(site.folder.glob("my/s/*"))
    part = site.get(f"my/s/{file.name}", Range="bytes=100-199")
    assert part.status == 206
    assert part.headers["content-range"] == f"bytes 100-199/{file.stat().st_size}"
    assert part.body == file.read_bytes()[100:200]


def test_what_is_not_there_is_the_sites_own_page(site: Site) -> None:
    """404 as a status, our page as its body, framing forbidden, and nothing that keeps it for a year."""
    for path in ("nowhere/", "my/s/0123456789abcdef0123456789abcdef", "assets/gone.0123abcd.js"):
        answer = site.get(path)
        assert answer.status == 404
        assert answer.body == (site.folder / "404.html").read_bytes()
        assert "immutable" not in answer.headers.get("cache-control", "")
        assert answer.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize(
    "bent",
    [
        f"my/%23{CODE}",
        f"my%23{CODE}",
        f"my/index.html%23{CODE}",
        f"my/%2523{CODE}",
        f"my/%23{CODE}&appinstall=0",
        f"my/%23{CODE}%0d%0aSet-Cookie:%20a=b",
    ],
)
def test_a_bent_private_link_is_led_on_and_its_code_not_logged(site: Site, bent: str) -> None:
    """The # comes back, what hangs on behind does not; no line of the log has the code."""
    answer = site.get(bent)
    assert answer.status == 302
    assert answer.headers["location"] == f"{site.path}my/#{CODE}"
    assert "set-cookie" not in answer.headers
    assert site.get("notices.json").status == 200
    time.sleep(0.2)
    said = site.log.read_text(encoding="utf-8")
    assert "notices.json" in said
    assert CODE not in said
    assert SECRET not in said


def test_every_page_has_the_filing_numbers_at_its_foot(site: Site) -> None:
    """Board, notice, private pages and the page for what is not there: the number, and the official link."""
    for path in ("", "notices/a/", "en/", "my/", "nowhere/"):
        page = site.get(path).body.decode("utf-8")
        assert '<a href="https://beian.miit.gov.cn/" rel="noopener noreferrer">沪ICP备2026000000号-1</a>' in page
        assert 'href="https://beian.mps.gov.cn/#/query/webSearch?code=31010000000000"' in page
