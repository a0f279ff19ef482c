"""The built book in a browser, from a server that only this machine reaches: ``make serve``, or ``make serve PORT=8001``."""

import errno
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from paper_code.core.errors import PaperCodeError, short
from paper_code.workflow import refuse

HOST, PORT = "127.0.0.1", "8000"


class Handler(SimpleHTTPRequestHandler):
    """Files of the book, which a browser asks for again after every build; no line for each."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {"": "text/plain", ".cff": "text/plain", ".md": "text/plain"}

    def end_headers(self):
        """Have nothing kept."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *arguments):
        """Say nothing."""


def server(html, port):
    """A server of the folder ``html``, not yet running.

    Raises
    ------
    PaperCodeError
        If there is no book, or the port is no port or is taken.
    """
    if not (Path(html) / "index.html").is_file():
        raise PaperCodeError(f"there is no built book in {html}: run make book first")
    if not (port.isascii() and port.isdigit() and len(port) < 6 and 0 <= int(port) < 2**16):
        raise PaperCodeError(f"PORT is a whole number from 0 to 65535, not {short(port)}; 0 takes any that is free")
    try:
        return ThreadingHTTPServer((HOST, int(port)), partial(Handler, directory=str(html)))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise PaperCodeError(f"port {port} is taken or not allowed; choose another: make serve PORT={(int(port) + 1) % 2**16}") from error


def main(arguments=None):
    """Serve ``_build/html`` until Ctrl-C."""
    (port,) = (sys.argv[1:] if arguments is None else arguments) or [PORT]
    try:
        with server("_build/html", port) as running:
            print(f"the book is at http://{HOST}:{running.server_address[1]}/ until Ctrl-C", flush=True)
            running.serve_forever()
    except KeyboardInterrupt:
        print()
    except (PaperCodeError, OSError) as error:
        return refuse(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
