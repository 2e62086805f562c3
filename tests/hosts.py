"""Real servers on loopback, set up with what `build.py headers` prints."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import need

Server = Callable[[Path, int, Path, Path], list[str]]
"""From a folder of its own, a port, the printed configuration and the site's root to the command that serves it."""


def nginx(folder: Path, port: int, snippet: Path, root: Path) -> list[str]:
    program = need("nginx", "nginx-light")
    temporary = "".join(
        f"{kind}_temp_path {folder}/t;" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{ }}\n"
        f"http {{ include /etc/nginx/mime.types; access_log {folder}/access.log; {temporary}\n"
        f"server {{ listen 127.0.0.1:{port}; server_name localhost; root {root};\n include {snippet};\n}} }}\n"
    )
    return [program, "-c", str(config), "-p", str(folder), "-e", f"{folder}/error.log"]


def caddy(folder: Path, port: int, snippet: Path, root: Path) -> list[str]:
    program = need("caddy", "caddy")
    config = folder / "Caddyfile"
    config.write_text(
        "{\n\tadmin off\n\tauto_https off\n}\n"
        f"http://127.0.0.1:{port} {{\n\troot * {root}\n\tlog {{\n\t\toutput file {folder}/access.log\n\t}}\n"
        f"\timport {snippet}\n}}\n"
    )
    return [program, "run", "--config", str(config), "--adapter", "caddyfile"]


@contextmanager
def serving(server: Server, folder: Path, snippet: Path, root: Path) -> Iterator[int]:
    """The port of a server that runs as long as this lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    program = subprocess.Popen(
        server(folder, port, snippet, root), stdout=subprocess.DEVNULL, stderr=(folder / "said").open("wb")
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert program.poll() is None, (folder / "said").read_text()
            time.sleep(0.1)
        yield port
    finally:
        program.terminate()
        program.wait(timeout=20)
