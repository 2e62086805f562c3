"""What a host should be told about the site: headers, types, compression, and codes kept out of its log. Pure.

Nothing in it depends on what is published, so a server is set up once. A page's policy stands in its document too; a
header adds what a document cannot say of itself: who may frame it (CSP Level 3, section 6.4.2).
"""

from __future__ import annotations

import re
from enum import StrEnum

from portal.addresses import MY, SEALED

DOCUMENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; media-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'self'; form-action 'self'"
)
"""What every public page says of itself, so that it holds on hosts that send no headers (CSP Level 3).

Nothing from elsewhere, and no inline script. `style` attributes are let through: Markdown aligns columns with them.
"""
_POLICY = f"{DOCUMENT_POLICY}; frame-ancestors 'none'"
"""The same as a header, for every page, and who may frame it."""
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}
"""A year, for this host name alone (RFC 6797): subdomains may be somebody else's."""
_PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive"}
_FOR_EVER = "public, max-age=31536000, immutable"
"""For files that have a hash of their content in the name (RFC 8246)."""
_ASK = "no-cache"
"""For all others: kept, but asked for again, or an old index would open after access has ended (RFC 9111, 5.2.2.4)."""
_HASHED = r"\.[0-9a-f]{8,10}\.(?:min\.)?(?:css|js)$"


class Host(StrEnum):
    """Servers and services that this program knows how to set up."""

    NGINX = "nginx"
    CADDY = "caddy"
    CLOUDFLARE = "cloudflare"
    NETLIFY = "netlify"


def configuration(host: Host, base: str, *, https: bool) -> str:
    """The text for a host's own file; `base` is the site's path there, / or /path/."""
    always = _ALWAYS | (_TRANSPORT if https else {})
    match host:
        case Host.NGINX:
            return _nginx(base, always)
        case Host.CADDY:
            return _caddy(base, always)
        case Host.CLOUDFLARE | Host.NETLIFY:
            return _listed(base, always)


def _nginx(base: str, always: dict[str, str]) -> str:
    """No location has add_header, or those of the server would not hold in it (ngx_http_headers_module)."""
    at, my, sealed = re.escape(base), base + MY, base + SEALED
    headers = "\n".join(f'add_header {name} "{value}" always;' for name, value in always.items())
    return f"""\
# Duenotice: include this in the server block of the site, below its root, server_name and certificate.
index index.html;
charset utf-8;
charset_types text/html text/css text/plain application/javascript application/json application/xml;
absolute_redirect off;
error_page 404 {base}404.html;

gzip on;
gzip_vary on;
gzip_types text/css application/javascript application/json application/xml application/atom+xml image/svg+xml
  text/calendar;

set $duenotice_cache "{_ASK}";
set $duenotice_referrer "";
set $duenotice_robots "";
if ($uri ~ "{_HASHED}") {{ set $duenotice_cache "{_FOR_EVER}"; }}
if ($uri ~ "^{re.escape(my)}") {{
  set $duenotice_referrer "{_PRIVATE["Referrer-Policy"]}";
  set $duenotice_robots "{_PRIVATE["X-Robots-Tag"]}";
}}
{headers}
add_header Cache-Control $duenotice_cache;
add_header Referrer-Policy $duenotice_referrer;
add_header X-Robots-Tag $duenotice_robots;

location ~ "\\.atom$" {{ default_type application/atom+xml; types {{ }} }}
location ~ "\\.ics$" {{ default_type text/calendar; types {{ }} }}
location ^~ {sealed} {{ default_type application/octet-stream; types {{ }} gzip off; }}

# A mail program that turned the # of a private link into %23 sends the code here: lead on, and keep it out of the log.
location ~ "^{at}my(?:/|/index\\.html)?(?:#|%23)([0-9A-Za-z-]{{28,40}})" {{
  access_log off;
  return 302 {my}#$1;
}}
"""


def _caddy(base: str, always: dict[str, str]) -> str:
    at, my, sealed = re.escape(base), base + MY, base + SEALED
    headers = "\n".join(f'\t{name} "{value}"' for name, value in always.items())
    again = headers.replace("\n", "\n\t").replace("\t", "\t\t", 1)
    private = "\n".join(f'\theader @duenotice_my {name} "{value}"' for name, value in _PRIVATE.items())
    return f"""\
# Duenotice: import this in the site's block, below its root.
header {{
{headers}
	-Server
}}
@duenotice_hashed path_regexp {_HASHED}
@duenotice_others not path_regexp {_HASHED}
header @duenotice_hashed Cache-Control "{_FOR_EVER}"
header @duenotice_others Cache-Control "{_ASK}"
@duenotice_my path {my}*
{private.lstrip()}
@duenotice_sealed path {sealed}*
header @duenotice_sealed Content-Type application/octet-stream
@duenotice_atom path *.atom
header @duenotice_atom Content-Type application/atom+xml
@duenotice_ics path *.ics
header @duenotice_ics Content-Type "text/calendar; charset=utf-8"
@duenotice_text not path {sealed}*
encode @duenotice_text gzip

# A mail program that turned the # of a private link into %23 sends the code here: lead on.
@duenotice_code path_regexp code ^{at}my(?:/|/index\\.html)?(?:#|%23)([0-9A-Za-z-]{{28,40}})
redir @duenotice_code {my}#{{re.code.1}} 302
skip_log @duenotice_code

file_server
handle_errors {{
	rewrite * {base}404.html
	header -Cache-Control
	header {{
{again}
	}}
	file_server
}}
"""


def _listed(base: str, always: dict[str, str]) -> str:
    """A _headers file. Rules that match the same address add up, so no header stands in two of them."""
    blocks = {
        f"{base}*": always,
        f"{base}{MY}*": _PRIVATE,
        f"{base}assets/javascripts/*": {"Cache-Control": _FOR_EVER},
        f"{base}assets/stylesheets/*": {"Cache-Control": _FOR_EVER},
        f"{base}{SEALED}*": {"Cache-Control": _ASK, "Content-Type": "application/octet-stream"},
        f"{base}feeds/*.atom": {"Content-Type": "application/atom+xml"},
        f"{base}calendar/*.ics": {"Content-Type": "text/calendar; charset=utf-8"},
        f"{base}*/dates.ics": {"Content-Type": "text/calendar; charset=utf-8"},
        f"{base}build.json": {"Cache-Control": _ASK},
    }
    lines = ["# Duenotice: put this file into the root of the site after each build."]
    for pattern, headers in blocks.items():
        lines += [pattern, *(f"  {name}: {value}" for name, value in headers.items())]
    return "\n".join(lines) + "\n"
