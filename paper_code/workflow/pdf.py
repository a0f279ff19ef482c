"""Print the whole book as one PDF, from the built pages, with the Chromium or Chrome of this machine: ``make pdf``.

    python -m paper_code.workflow.pdf [path of a browser]

All pages become one document: a title, a list of contents, the articles, and links between them. Folded code is left out, folded
output is shown, and an interactive figure is replaced by a note that says where to find it. The browser prints twice: the first PDF
shows on which pages the chapters begin, and the second gives these numbers in its list of contents. The browser contacts no host but
this one. A failure leaves the last PDF unchanged.
"""

import json
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import write_atomically
from paper_code.workflow import refuse
from paper_code.workflow.html import COMPLETE
from paper_code.workflow.toc import pages, read_text

UNSET = "formulas are not set"
"""Title of the document until its formulas are typeset."""

STYLE = Path(__file__).with_name("pdf.css").read_text(encoding="utf-8")

READY = """document.title = UNSET;
window.MathJax.startup = { pageReady: () => MathJax.startup.defaultPageReady().then(() => { document.title = TITLE; }) };"""


def part_captions(toc="_toc.yml"):
    """Captions of the parts of the book, keyed by the page that opens each."""
    return {part["chapters"][0]["file"]: part["caption"] for part in yaml.safe_load(read_text(toc)).get("parts", []) if "caption" in part}


def whole_document(pages, base, title, captions=None, numbers=None):
    """The document as HTML, from the html of the pages, keyed by name (such as ``book/intro``) and in reading order.

    ``base`` is the folder of the pages relative to that of the document, such as ``../html``; ``captions`` are as :func:`part_captions`
    returns; ``numbers`` gives the page of the document on which each page of the book begins, by anchor.
    """
    names, soups = list(pages), {name: BeautifulSoup(text, "html.parser") for name, text in pages.items()}
    for name, soup in soups.items():
        for_paper(soup, name)
        relocate(soup, name, names, base)
    lines = []
    for name, soup in soups.items():
        if name in (captions or {}):
            lines.append(f'<li class="part">{escape(captions[name])}</li>')
        number = (numbers or {}).get(anchor(name, names), "")
        lines.append(f'<li><a href="#{anchor(name, names)}">{soup.article.h1.decode_contents()}</a><span>{number}</span></li>')
    texts = [f'<section class="page" id="{anchor(name, names)}">{soup.article}</section>' for name, soup in soups.items()]
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"{head(list(soups.values()), title)}<style>{STYLE}</style></head>"
        f'<body><main class="bd-main"><div class="bd-content"><div class="bd-article-container"><div class="bd-article">'
        f'<header class="cover"><h1>{escape(title)}</h1>{soups[names[0]].select_one(".extra_footer p") or ""}</header>'
        f'<nav class="book-contents"><h1>Contents</h1><ol>{"".join(lines)}</ol></nav>{"".join(texts)}'
        "</div></div></div></main></body></html>"
    )


def head(soups, title):
    """Style sheets of the first page, and MathJax with its settings from the first page that has formulas."""
    found = [str(link) for link in soups[0].select("head link[rel=stylesheet]")]
    scripts = next((some for soup in soups if (some := [one for one in soup.select("head script") if "mathjax" in str(one).lower()])), [])
    found += [str(script) for script in scripts]
    if scripts:  # the script that loads MathJax is deferred, and runs after this one
        found.append(f"<script>{READY.replace('UNSET', quoted(UNSET)).replace('TITLE', quoted(title))}</script>")
    return "".join(found)


def quoted(text):
    """A JavaScript string literal that is safe inside HTML."""
    return json.dumps(text).replace("<", r"\u003c")


def for_paper(soup, name):
    """Keep only those parts of an article that can be read on paper."""
    article = soup.article
    for element in article.select(".headerlink, #book-pdf, details.above-input, .toctree-wrapper"):
        element.decompose()
    for folded in article.select("details"):
        folded.name, folded["class"] = "div", []
        for summary in folded.select("summary"):
            summary.decompose()
    while canvas := article.select_one(".output canvas"):
        note = soup.new_tag("p")
        note.string = f"The pages of the book have a figure to explore here: {name}.html."
        canvas.find_parent(class_="output").replace_with(note)
    for script in article.select("script"):
        script.decompose()


def anchor(name, names, fragment=""):
    """The anchor, in the document, of a page of the book or of an anchor on that page."""
    return f"page-{names.index(name)}" + (f"-{fragment}" if fragment else "")


def relocate(soup, page, names, base):
    """Make anchors unique in the document, point links into it, and give paths of pictures and styles relative to its folder."""
    folder = posixpath.dirname(page)
    for element in soup.article.select("[id]"):
        element["id"] = anchor(page, names, element["id"])
    for link in soup.select("article a[href], .extra_footer a[href]"):
        parts = urlsplit(link["href"])
        if parts.scheme or parts.netloc:
            continue
        target = posixpath.normpath(posixpath.join(folder, unquote(parts.path))) if parts.path else f"{page}.html"
        if target.endswith(".html") and (name := target.removesuffix(".html")) in names:
            link["href"] = "#" + anchor(name, names, parts.fragment)
        else:  # a file beside the pages
            link.unwrap()
    for element in soup.select("head link[rel=stylesheet], head script[src], article img[src]"):
        key = "href" if element.name == "link" else "src"
        if not urlsplit(element[key]).scheme:
            element[key] = posixpath.normpath(posixpath.join(base, folder, element[key]))


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = [
    "--headless",
    "--no-sandbox",  # a container has none; all that is opened is our own page
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    "--virtual-time-budget=120000",  # ms of virtual time, which pass as fast as they can, for MathJax
]
SECONDS = 600
LINK = '<p id="book-pdf"><a href="../book.pdf">The whole book as one PDF</a></p>'


def find_browser(named=""):
    """The path of the named browser, or of the first known one on PATH; raises PaperCodeError if there is none."""
    for name in [named] if named else BROWSERS:
        if found := shutil.which(name):
            return found
    said = f"there is no browser {named}" if named else "there is neither Chromium nor Chrome on PATH"
    raise PaperCodeError(f"{said}, which prints the book; install one, or name it: make pdf CHROME=/path/to/chrome")


def built_pages(html, names):
    """The html of the pages by name; raises PaperCodeError if the book is not completely built."""
    if not (html / COMPLETE).exists() or not all((html / f"{name}.html").is_file() for name in names):
        raise PaperCodeError(f"there is no built book in {html}: run make book first")
    return {name: read_text(html / f"{name}.html") for name in names}


def print_document(browser, text, folder):
    """The PDF, as bytes, of an HTML document written into ``folder``; raises PaperCodeError if it fails or formulas are not typeset."""
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
    """The page of a PDF on which each page of the book begins, by anchor; empty if the browser writes PDFs in another way."""
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
    """Give each bookmark its heading once: Chromium writes it twice if it moved the heading to the next page. Keeps the length."""

    def once(match):
        title = re.sub(rb"^(.{4,}?)\s*\1", rb"\1", match[1])
        return b"/Title (" + title.ljust(len(match[1])) + b")"

    return re.sub(rb"/Title \(((?:[^()\\]|\\.)*)\)(?=\s*/Dest)", once, content)


def link_from(page):
    """Put a link to the PDF below the title of the article on a built page, unless there is one."""
    text = read_text(page)
    before, found, article = text.partition("<article")  # before it, the theme has a title that shows only in print
    if found and 'id="book-pdf"' not in text:
        write_atomically(page, before + found + article.replace("</h1>", f"</h1>\n{LINK}", 1))


def make(html, target, named):
    """Print the book in ``html`` to ``target``, copy it beside the pages, and link to the copy from the first page."""
    names = pages()
    texts, browser = built_pages(html, names), find_browser(named)
    book = texts, f"../{html.name}", yaml.safe_load(read_text("_config.yml"))["title"], part_captions()
    with tempfile.TemporaryDirectory(prefix="pdf.", dir=html.parent, ignore_cleanup_errors=True) as folder:
        content = print_document(browser, whole_document(*book), Path(folder).resolve())
        if numbers := first_pages(content):
            content = print_document(browser, whole_document(*book, numbers), Path(folder).resolve())
    content = tidy_outline(content)
    write_atomically(target, content)
    write_atomically(html / "book.pdf", content)
    link_from(html / f"{names[0]}.html")


def main(arguments=None):
    """Print ``_build/html`` to ``_build/book.pdf``."""
    (named,) = (sys.argv[1:] if arguments is None else arguments) or [""]
    target = Path("_build/book.pdf")
    try:
        make(Path("_build/html"), target, named)
    except (PaperCodeError, OSError) as error:
        return refuse(error)
    print(f"the book is in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
