"""The whole book as one PDF, printed from the built pages by the Chromium or Chrome of this machine: ``make pdf``.

    python -m paper_code.workflow.pdf [path of a browser]

The browser prints twice: the first PDF tells on which pages the chapters begin, which the list of contents of the second says. It is asked
for no host but this one. A failure leaves the last PDF as it was. What is printed is put together in ``print_page``.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import write_atomically
from paper_code.workflow import refuse
from paper_code.workflow.html import COMPLETE
from paper_code.workflow.print_page import UNSET, compose, parts
from paper_code.workflow.toc import pages, read_text

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = [
    "--headless",
    "--no-sandbox",  # which a container has not; all that is opened is our own page
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    "--virtual-time-budget=120000",  # ms that pass as fast as they can, for MathJax
]
SECONDS = 600
LINK = '<p id="book-pdf"><a href="../book.pdf">The whole book as one PDF</a></p>'


def find_browser(named=""):
    """The path of the browser that is named, or of the first known one on PATH; a PaperCodeError if there is none."""
    for name in [named] if named else BROWSERS:
        if found := shutil.which(name):
            return found
    said = f"there is no browser {named}" if named else "there is neither Chromium nor Chrome on PATH"
    raise PaperCodeError(f"{said}, which prints the book; install one, or name it: make pdf CHROME=/path/to/chrome")


def built_pages(html, names):
    """The html of the pages by name; a PaperCodeError if the book is not built whole."""
    if not (html / COMPLETE).exists() or not all((html / f"{name}.html").is_file() for name in names):
        raise PaperCodeError(f"there is no built book in {html}: run make book first")
    return {name: read_text(html / f"{name}.html") for name in names}


def print_document(browser, text, folder):
    """The PDF of an HTML document that is written into ``folder``, as bytes.

    Raises
    ------
    PaperCodeError
        If the browser fails, or stops before the formulas are typeset.
    """
    document, target = folder / "book.html", folder / "book.pdf"
    document.write_text(text, encoding="utf-8")
    target.unlink(missing_ok=True)
    command = [browser, *OPTIONS, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}", document.as_uri()]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise PaperCodeError(f"{browser} did not print the book within {SECONDS} s") from error
    content = target.read_bytes() if target.is_file() else b""
    if not content.startswith(b"%PDF") or b"%%EOF" not in content[-1024:]:
        said = ([line for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"])[-1]
        raise PaperCodeError(f"{browser} did not print the book (exit status {done.returncode}): {said}")
    if f"({UNSET})".encode() in content:
        raise PaperCodeError(f"{browser} printed the book before its formulas were typeset; run make pdf again")
    return content


def first_pages(content):
    """On which page of a PDF the pages of the book begin, by their anchors; empty if the browser writes PDFs in another way."""
    kids = {int(number): rows for number, rows in re.findall(rb"(\d+) 0 obj\s*<<\s*/Type /Pages\b[^>]*?/Kids \[([^\]]*)\]", content)}
    root = re.search(rb"/Type /Catalog\s*/Pages (\d+) 0 R", content)

    def leaves(node):
        if node not in kids:
            return [node]
        return [leaf for kid in re.findall(rb"(\d+) 0 R", kids[node]) for leaf in leaves(int(kid))]

    order = leaves(int(root[1])) if root else []
    places = re.findall(rb"/(page-\d+) \[(\d+) 0 R", content)
    return {name.decode(): order.index(int(leaf)) + 1 for name, leaf in places if int(leaf) in order}


def tidy_outline(content):
    """Bookmarks say their heading once: Chromium writes it twice where it moved the heading to the next page. The length stays."""

    def once(match):
        title = re.sub(rb"^(.{4,}?)\s*\1", rb"\1", match[1])
        return b"/Title (" + title.ljust(len(match[1])) + b")"

    return re.sub(rb"/Title \(((?:[^()\\]|\\.)*)\)(?=\s*/Dest)", once, content)


def link_from(page):
    """Put a link to the PDF below the title of the article of a built page, unless it is there."""
    text = read_text(page)
    before, found, article = text.partition("<article")  # the theme has a title before it that is seen on paper alone
    if found and 'id="book-pdf"' not in text:
        write_atomically(page, before + found + article.replace("</h1>", f"</h1>\n{LINK}", 1))


def make(html, target, browser, title):
    """Print the book in ``html`` to ``target``, put a copy beside the pages, and link to it from the first page."""
    names = pages()
    texts, captions = built_pages(html, names), parts()
    base = f"../{html.name}"
    html.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pdf.", dir=html.parent, ignore_cleanup_errors=True) as folder:
        content = print_document(browser, compose(texts, base, title, captions), Path(folder).resolve())
        if numbers := first_pages(content):
            content = print_document(browser, compose(texts, base, title, captions, numbers), Path(folder).resolve())
    content = tidy_outline(content)
    write_atomically(target, content)
    write_atomically(html / "book.pdf", content)
    link_from(html / f"{names[0]}.html")


def main(arguments=None):
    """Print ``_build/html`` to ``_build/book.pdf``."""
    (named,) = (sys.argv[1:] if arguments is None else arguments) or [""]
    html, target = Path("_build/html"), Path("_build/book.pdf")
    try:
        built_pages(html, pages())
        make(html, target, find_browser(named), yaml.safe_load(read_text("_config.yml"))["title"])
    except (PaperCodeError, OSError) as error:
        return refuse(error)
    print(f"the book is in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
