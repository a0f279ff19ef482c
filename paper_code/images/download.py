"""Fetch the archives of the data sets: hash verified, with a progress bar, and resumed where a broken download stopped."""

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests
import urllib3
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError
from paper_code.images.image_set import unknown_name


@dataclass(frozen=True)
class Archive:
    """Where a data set lies, its length in bytes and its MD5 (hexadecimal)."""

    url: str
    size: int
    md5: str


ARCHIVES = {
    "tiny-imagenet": Archive("http://cs231n.stanford.edu/tiny-imagenet-200.zip", 248_100_043, "90528d7ca1a48142e341f4ef8d21d0de"),
    "stl10": Archive("http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz", 2_640_397_119, "91f7769df0f17e558f3565bffb0c7dfb"),
}
WAITS = (1, 2, 4)  # seconds before each new try that follows a try without a single new byte
TIMEOUT = 30  # seconds without an answer
CHUNK = 1 << 16  # bytes


def download(name, directory, progress=True):
    """Fetch a data set's archive into a directory, unless it is there already and whole; returns its path.

    What has arrived is kept in ``<archive>.part`` beside the target until all of it is there; a later call goes on
    from there. Bytes with a wrong hash are thrown away.
    """
    if name not in ARCHIVES:
        raise PaperCodeError(unknown_name("data set to download", name, ARCHIVES))
    archive = ARCHIVES[name]
    target = Path(directory) / Path(urlsplit(archive.url).path).name
    downloader = Resume(archive, target, progress)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for path in (target, downloader.part):
            if path.exists() and not path.is_file():
                raise PaperCodeError(f"{path} is not a regular file; move it away or choose another place")
        pooch.retrieve(archive.url, f"md5:{archive.md5}", target.name, target.parent, downloader=downloader)
    except ValueError as error:
        raise PaperCodeError(f"{archive.url} came with the wrong MD5 and was thrown away; fetch it again, or from another place") from error
    except OSError as error:
        raise PaperCodeError(f"cannot write {target}: {error.strerror or error}; choose another place") from error
    return target


class Resume:
    """A downloader for pooch that goes on where the last one stopped, through HTTP range requests."""

    def __init__(self, archive, target, progress):
        self.archive = archive
        self.part = target.with_name(target.name + ".part")
        self.progress = progress

    def __call__(self, url, output_file, _pooch):
        """Fill the ``.part`` file, try by try, then move it to ``output_file``, whose hash pooch checks."""
        if self.have > self.archive.size:
            self.part.unlink()
        free = shutil.disk_usage(self.part.parent).free
        if free < self.archive.size - self.have:
            raise PaperCodeError(
                f"{self.part.parent} has {free:,} bytes free, too few for {self.archive.size:,}; free some space or choose another place"
            )
        waits = list(WAITS)
        with tqdm(desc=self.part.stem, total=self.archive.size, unit="B", unit_scale=True, disable=not self.progress, leave=False) as bar:
            while (before := self.have) < self.archive.size:
                reason = self._try(url, before, bar)
                if self.have > before:
                    waits = list(WAITS)
                elif not waits:
                    kept = f"{self.have:,} of {self.archive.size:,} bytes are kept in {self.part}: run the same command again to go on"
                    advice = kept if self.have else "try again later, or fetch it on another machine and pass it with --root"
                    raise PaperCodeError(f"cannot fetch {url}: {reason}; {advice}")
                else:
                    time.sleep(waits.pop(0))
        self.part.replace(output_file)

    @property
    def have(self):
        """Bytes that lie in the ``.part`` file."""
        return self.part.stat().st_size if self.part.exists() else 0

    def _try(self, url, have, bar):
        """Ask once for the bytes from ``have`` on and append what comes; the reason why it may not be all."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        try:
            with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
                if response.status_code == 416:
                    self.part.unlink(missing_ok=True)
                    return "the server refused to go on from the bytes kept, which were thrown away"
                response.raise_for_status()
                start = self._start(response)
                if start > have:
                    return "the server sent another part than the one asked for"
                bar.n = have
                with open(self.part, "ab") as stream:
                    for chunk in response.raw.stream(CHUNK, decode_content=False):  # some servers call a .gz an encoding
                        new = chunk[max(have - start, 0) :]  # a server that knows no ranges sends the kept bytes again
                        start += len(chunk)
                        stream.write(new)
                        bar.update(len(new))
                        if stream.tell() > self.archive.size:
                            break
            return "the connection broke"
        except requests.HTTPError as error:
            status = error.response.status_code
            if 400 <= status < 500 and status not in (408, 429):
                raise PaperCodeError(f"cannot fetch {url}: the server answers {status} {error.response.reason}") from error
            return f"the server answers {status} {error.response.reason}"
        except urllib3.exceptions.HTTPError:
            return "the connection broke"
        except requests.Timeout:
            return f"{urlsplit(url).hostname} does not answer"
        except requests.ConnectionError:
            return f"{urlsplit(url).hostname} cannot be reached (no network?)"
        except requests.RequestException as error:
            return str(error)

    def _start(self, response):
        """Offset of the answer's first byte; an answer that belongs to another file is refused before it is read."""
        ranged = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        total = ranged[2] if ranged else response.headers.get("Content-Length", "*")
        if total not in ("*", str(self.archive.size)) or response.headers.get("Content-Type", "").startswith("text/html"):
            raise PaperCodeError(
                f"{response.url} is not the archive of {self.archive.size:,} bytes that it was (a login page, or a new file); "
                "fetch the archive from another place and pass it with --root"
            )
        return int(ranged[1]) if ranged else 0
