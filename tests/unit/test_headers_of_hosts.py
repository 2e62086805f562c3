"""What hosts without a server of one's own are told: the rules of a _headers file add up, and do not contradict."""

from __future__ import annotations

import pytest

from portal.hosting import Host, configuration

PATHS = (
    "/",
    "/my/",
    "/my/s/0123456789abcdef0123456789abcdef",
    "/my/my.98412617cb.css",
    "/assets/javascripts/duenotice.548ba627.js",
    "/feeds/all.zh.atom",
    "/calendar/zh.ics",
    "/build.json",
)


def told(text: str, path: str) -> list[tuple[str, str]]:
    """The headers that a _headers file gives an address, from every rule that matches it."""
    found: list[tuple[str, str]] = []
    matches = False
    for line in text.splitlines():
        if line.startswith("/"):
            start, _, end = line.partition("*")
            matches = path.startswith(start) and path.endswith(end) if "*" in line else path == line
        elif matches and line.startswith("  "):
            name, _, value = line.strip().partition(": ")
            found.append((name, value))
    return found


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", [Host.CLOUDFLARE, Host.NETLIFY])
def test_no_header_comes_twice(host: Host, path: str) -> None:
    """Where several rules match, values of one header would be joined by a comma."""
    names = [name for name, _ in told(configuration(host, "/", https=True), path)]
    assert len(names) == len(set(names))
    assert {"X-Content-Type-Options", "Content-Security-Policy", "Strict-Transport-Security"} <= set(names)


def test_private_addresses_say_no_more_than_they_must() -> None:
    """No referrer and no robots for everything below /my/; a sealed file is bytes, and asked for again."""
    sealed = dict(told(configuration(Host.NETLIFY, "/", https=True), PATHS[2]))
    assert sealed["Referrer-Policy"] == "no-referrer"
    assert sealed["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    assert sealed["Content-Type"] == "application/octet-stream"
    assert sealed["Cache-Control"] == "no-cache"
    assert "Referrer-Policy" not in dict(told(configuration(Host.NETLIFY, "/", https=True), "/"))


@pytest.mark.parametrize("host", list(Host))
def test_a_site_below_a_path_and_without_https(host: Host) -> None:
    """Every address begins with the path; without https there is no promise to use it."""
    text = configuration(host, "/kunden/", https=False)
    assert "/kunden/my/s/" in text
    assert "/kunden/" in text
    assert "Strict-Transport-Security" not in text
    assert "Strict-Transport-Security" in configuration(host, "/", https=True)


def test_a_host_reads_a_hundred_rules_of_2000_characters() -> None:
    """The limits of Cloudflare Pages are far away."""
    lines = configuration(Host.CLOUDFLARE, "/", https=True).splitlines()
    assert sum(line.startswith("/") for line in lines) < 100
    assert max(map(len, lines)) < 2000
