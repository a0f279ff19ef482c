"""Downloads against a small server on this machine: whole, broken, stubborn, wrong and absent."""

import hashlib
import http.server
import re
import socket
import threading

import numpy as np
import pytest
from tiny import disk_full_beyond

from paper_code.core.errors import PaperCodeError
from paper_code.images import download

CONTENT = np.random.default_rng(0).bytes(1_000_003)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves ``server.content``; the switches of :func:`serve` say how badly."""

    def do_GET(self):
        server = self.server
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        server.asked.append(start)
        status = server.statuses.pop(0) if server.statuses else None
        if status:
            self.send_error(status)
            return
        if not server.ranges:
            start = 0
        body = server.content[start:]
        self.send_response(206 if asked and server.ranges else 200)
        self.send_header("Content-Type", server.type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Encoding", "x-gzip")  # as some servers label a .gz; the bytes are to be kept as they are
        if asked and server.ranges:
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        self.end_headers()
        limit = server.limits.pop(0) if server.limits else len(body)
        self.wfile.write(body[:limit])  # and then the connection closes, early or not

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):  # a client that hangs up is part of the test
        pass


@pytest.fixture
def serve(monkeypatch):
    """Start a server and register its archive as ``planted``; returns the server, whose ``asked`` lists the offsets requested."""
    running = []

    def start(content=CONTENT, ranges=True, limits=(), statuses=(), kind="application/zip"):
        server = Server(("127.0.0.1", 0), Handler)
        server.content, server.ranges, server.type = content, ranges, kind
        server.limits, server.statuses = list(limits), list(statuses)
        server.asked = []
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        running.append(server)
        register(monkeypatch, server.server_port)
        return server

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def register(monkeypatch, port):
    archive = download.Archive(f"http://127.0.0.1:{port}/planted.zip", len(CONTENT), hashlib.md5(CONTENT).hexdigest())
    monkeypatch.setitem(download.ARCHIVES, "planted", archive)
    monkeypatch.setattr(download, "WAITS", (0.01, 0.01))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def fetch(place):
    return download.download("planted", place, progress=False)


def fails(match, place):
    with pytest.raises(PaperCodeError, match=match) as caught:
        fetch(place)
    assert "\n" not in str(caught.value)
    assert not (place / "planted.zip").exists()


def names(place):
    return sorted(path.name for path in place.iterdir())


def test_a_download_arrives_whole_and_only_once(serve, tmp_path):
    server = serve()
    place = tmp_path / "made" / "on the way"
    target = fetch(place)
    assert target == place / "planted.zip" and target.read_bytes() == CONTENT
    assert fetch(place) == target and server.asked == [0]
    assert names(place) == ["planted.zip"]


def test_an_archive_that_is_there_but_damaged_is_fetched_again(serve, tmp_path):
    serve()
    (tmp_path / "planted.zip").write_bytes(CONTENT[:-1])
    assert fetch(tmp_path).read_bytes() == CONTENT


def test_a_broken_connection_is_taken_up_where_it_broke(serve, tmp_path):
    server = serve(limits=[400_000, 100_000, 0, 300_000])
    assert fetch(tmp_path).read_bytes() == CONTENT
    assert server.asked == [0, 400_000, 500_000, 500_000, 800_000]


def test_what_has_arrived_is_kept_for_the_next_call(serve, tmp_path):
    server = serve(limits=[400_000, 0, 0, 0])
    fails("400,000 of 1,000,003 bytes are kept in .*planted.zip.part", tmp_path)
    assert names(tmp_path) == ["planted.zip.part"] and (tmp_path / "planted.zip.part").read_bytes() == CONTENT[:400_000]
    server.asked.clear()
    assert fetch(tmp_path).read_bytes() == CONTENT
    assert server.asked == [400_000] and names(tmp_path) == ["planted.zip"]


def test_a_server_without_ranges_does_not_double_the_bytes(serve, tmp_path):
    server = serve(ranges=False, limits=[400_000, 200_000])
    assert fetch(tmp_path).read_bytes() == CONTENT
    assert server.asked == [0, 400_000, 400_000]


@pytest.mark.parametrize("kept", [0, 1000])
def test_corrupt_bytes_are_thrown_away(serve, tmp_path, kept):
    (tmp_path / "planted.zip.part").write_bytes(bytes(kept))
    serve(content=b"\0" + CONTENT[1:])
    fails("wrong MD5 and was thrown away", tmp_path)
    assert names(tmp_path) == []


def test_another_file_in_its_place_is_not_read(serve, tmp_path):
    (tmp_path / "planted.zip.part").write_bytes(CONTENT[:1000])
    serve(content=CONTENT + b"more")
    fails("not the archive of 1,000,003 bytes", tmp_path)
    serve(kind="text/html; charset=utf-8")
    fails("a login page", tmp_path)
    assert (tmp_path / "planted.zip.part").read_bytes() == CONTENT[:1000]


def test_a_busy_server_is_asked_again_and_its_answer_told(serve, tmp_path):
    server = serve(statuses=[503, 429])
    assert fetch(tmp_path).read_bytes() == CONTENT and server.asked == [0, 0, 0]
    (tmp_path / "planted.zip").unlink()
    serve(statuses=[404] * 3)
    fails("404 Not Found; try again later", tmp_path)
    serve(statuses=[500] * 3)
    fails("500 Internal Server Error; try again later", tmp_path)


def test_offline_is_one_line_and_keeps_what_is_there(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    register(monkeypatch, port)
    fails("127.0.0.1 does not answer or cannot be reached .no network", tmp_path)
    assert names(tmp_path) == []
    (tmp_path / "planted.zip.part").write_bytes(CONTENT[:1000])
    fails("1,000 of 1,000,003 bytes are kept", tmp_path)
    assert names(tmp_path) == ["planted.zip.part"]


def test_a_silent_server_is_one_line(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        register(monkeypatch, silent.getsockname()[1])
        monkeypatch.setattr(download, "TIMEOUT", 0.1)
        fails("does not answer", tmp_path)


def test_a_disk_that_fills_on_the_way_keeps_what_was_written(serve, tmp_path):
    server = serve()
    with disk_full_beyond(300_000):
        fails("File too large", tmp_path)
    assert names(tmp_path) == ["planted.zip.part"] and (tmp_path / "planted.zip.part").read_bytes() == CONTENT[:300_000]
    assert fetch(tmp_path).read_bytes() == CONTENT and server.asked == [0, 300_000]


def test_places_and_names_that_will_not_do(serve, tmp_path):
    serve()
    (tmp_path / "file").write_text("in the way")
    fails("cannot write", tmp_path / "file" / "below")
    with pytest.raises(PaperCodeError, match="choose one of tiny-imagenet, stl10.*did you mean 'stl10'"):
        download.download("stl-10", tmp_path)
