"""The page on this computer: three files and a state, read only, with a token in the address."""

from __future__ import annotations

import hmac
import json
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from mbtexp.errors import DeviceError
from mbtexp.watch.view import View

LOOPBACK = "127.0.0.1"

TOKEN_BYTES = 24

PATIENCE_S = 5.0
"""How long a connection may take to say what it wants."""

FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}
"""What can be asked for beside the state: names in the address, and the file each stands for."""

STATE = "state.json"

HEADERS = {
    "Cache-Control": "no-store",
    # Nothing from outside, nothing inline, nothing to send anywhere, in nobody's frame.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Page:
    """The page's address, and what it shows now.

    Parameters
    ----------
    address
        Where it can be read, with the token.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._state = b"{}"

    @property
    def state(self) -> bytes:
        """The newest state as JSON."""
        return self._state

    def show(self, view: View) -> None:
        """Show this from now on; the page asks for it by itself."""
        self._state = json.dumps(asdict(view), ensure_ascii=False, allow_nan=False).encode()


@contextmanager
def serving(port: int = 0) -> Iterator[Page]:
    """A page on this computer alone, until the block is left.

    Parameters
    ----------
    port
        Number of the port; 0: any that is free.

    Raises
    ------
    DeviceError
        The port is taken.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    page = Page("")
    files = {name: (_file(file), kind) for name, (file, kind) in FILES.items()}

    def answer(name: str) -> tuple[bytes, str] | None:
        if name == STATE:
            return page.state, "application/json; charset=utf-8"
        return files.get(name)

    try:
        server = _Server((LOOPBACK, port), _handler(token, answer))
    except OSError as error:
        raise DeviceError(
            f"--port {port}: the page cannot be shown there ({error.strerror}); take another "
            "port, or leave it out."
        ) from None
    page.address = f"http://{LOOPBACK}:{server.server_port}/{token}/"
    thread = threading.Thread(target=server.serve_forever, name="watch-page", daemon=True)
    thread.start()
    try:
        yield page
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    """One thread a connection; none of them keeps the program from ending."""

    daemon_threads = True
    # On Windows that word would let another program take over a port that is in use.
    allow_reuse_address = sys.platform != "win32"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away in the middle is nobody's business."""


def _file(name: str) -> bytes:
    return (Path(__file__).parent / name).read_bytes()


def _handler(
    token: str, answer: Callable[[str], tuple[bytes, str] | None]
) -> type[BaseHTTPRequestHandler]:
    """What answers one request: refusals first, then one of the few things there are."""

    class Handler(BaseHTTPRequestHandler):
        server_version = "mbtexp"
        sys_version = ""
        timeout = PATIENCE_S

        def parse_request(self) -> bool:
            """Refuse whatever does not only read, and whoever was not given the address."""
            if not super().parse_request():
                return False
            refusal = self._refusal()
            if refusal is not None:
                self._say(refusal, refusal.phrase.encode(), "text/plain; charset=utf-8")
            return refusal is None

        def do_GET(self) -> None:
            """Give what is asked for, if there is such a thing; no name is ever a path."""
            found = answer(self.path.partition("?")[0].removeprefix(f"/{token}/"))
            if found is None:
                self._say(HTTPStatus.NOT_FOUND, b"Not Found", "text/plain; charset=utf-8")
                return
            self._say(HTTPStatus.OK, *found)

        def _refusal(self) -> HTTPStatus | None:
            if self.command != "GET":
                return HTTPStatus.METHOD_NOT_ALLOWED
            # A page from elsewhere whose name was made to point here carries that name.
            if self.headers.get("Host", "") not in self._own_names():
                return HTTPStatus.FORBIDDEN
            begin = f"/{token}/"
            given = self.path[: len(begin)].encode("utf-8", "replace")
            same = hmac.compare_digest(given, begin.encode())
            return None if same else HTTPStatus.FORBIDDEN

        def _own_names(self) -> tuple[str, str]:
            port = self.connection.getsockname()[1]
            return f"{LOOPBACK}:{port}", f"localhost:{port}"

        def _say(self, status: HTTPStatus, body: bytes, kind: str) -> None:
            self.send_response(status)
            for name, value in HEADERS.items():
                self.send_header(name, value)
            if status is HTTPStatus.METHOD_NOT_ALLOWED:
                self.send_header("Allow", "GET")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is written about who reads: the terminal belongs to the session."""

    return Handler
