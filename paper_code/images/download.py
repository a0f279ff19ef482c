"""Download the archives of the data sets, with a hash check and a progress bar, resuming where an interrupted download stopped."""

import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests
import urllib3
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError, named
from paper_code.core.files import unwritable


@dataclass(frozen=True)
class Archive:
    """URL of a data set, its size in bytes and its MD5 (hexadecimal)."""

    url: str
    size: int
    md5: str


ARCHIVES = {
    "tiny-imagenet": Archive("http://cs231n.stanford.edu/tiny-imagenet-200.zip", 248_100_043, "90528d7ca1a48142e341f4ef8d21d0de"),
    "stl10": Archive("http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz", 2_640_397_119, "91f7769df0f17e558f3565bffb0c7dfb"),
}
WAITS = (1, 2, 4)  # seconds to wait before each retry that follows an attempt without a single new byte
TIMEOUT = 30  # seconds without a response
CHUNK = 1 << 16  # bytes


def download(name, directory, progress=True):
    """Download a data set's archive into a directory, unless it is already there and complete; returns its path.

    A partial download is kept in ``<archive>.part`` beside the target until it is complete; a later call resumes
    from there. Data with a wrong hash are discarded.
    """
    archive = named("data set to download", name, ARCHIVES)
    target = Path(directory) / Path(urlsplit(archive.url).path).name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        pooch.retrieve(archive.url, f"md5:{archive.md5}", target.name, target.parent, downloader=Resume(archive, target, progress))
    except ValueError as error:
        raise PaperCodeError(f"{archive.url} came with the wrong MD5 and was thrown away; fetch it again, or from another place") from error
    except OSError as error:
        raise unwritable(target, error) from error
    return target


class Resume:
    """A downloader for pooch that resumes where the last one stopped, using HTTP range requests."""

    def __init__(self, archive, target, progress):
        self.archive = archive
        self.part = target.with_name(target.name + ".part")
        self.progress = progress

    def __call__(self, url, output_file, _pooch):
        """Fill the ``.part`` file, in several attempts if needed, then move it to ``output_file``, whose hash pooch checks."""
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
        """Number of bytes in the ``.part`` file."""
        return self.part.stat().st_size if self.part.exists() else 0

    def _try(self, url, have, bar):
        """Request the bytes from ``have`` onwards once and append what arrives; returns the reason why it may be incomplete."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        try:
            with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
                response.raise_for_status()
                start = have if response.status_code == 206 else 0  # a server without range requests resends the kept bytes
                length = str(self.archive.size - start)
                if response.headers.get("Content-Length", length) != length or "html" in response.headers.get("Content-Type", ""):
                    raise PaperCodeError(
                        f"{response.url} is not the archive of {self.archive.size:,} bytes that it was (a login page, or a new file); "
                        "fetch the archive from another place and pass it with --root"
                    )
                bar.n = have
                with open(self.part, "ab") as stream:
                    for chunk in response.raw.stream(CHUNK, decode_content=False):  # some servers call .gz an encoding
                        new = chunk[max(have - start, 0) :]
                        start += len(chunk)
                        stream.write(new)
                        bar.update(len(new))
            return "the connection broke"
        except requests.HTTPError as error:
            return f"the server answers {error.response.status_code} {error.response.reason}"
        except requests.RequestException:
            return f"{urlsplit(url).hostname} does not answer or cannot be reached (no network?)"
        except urllib3.exceptions.HTTPError:
            return "the connection broke"
