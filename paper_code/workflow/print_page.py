"""All pages of the built book as one page to print: a title, a list of contents, the articles, and links between them.

Code that is folded away is left out, output that is folded away is shown, and a figure that needs a hand is a note that says where it is.
"""

import posixpath
from html import escape
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup

from paper_code.workflow.toc import read_text

UNSET = "formulas are not set"
"""Title of the document until its formulas are typeset."""

STYLE = """
@page { size: A4; margin: 20mm 18mm 22mm; @bottom-center { content: counter(page); font: 9pt sans-serif; } }
@page cover { @bottom-center { content: none; } }
html { font-size: 10.5pt; }
body, .bd-main, .bd-content, .bd-article-container, .bd-article {
  display: block !important; margin: 0 !important; padding: 0 !important; min-width: 0 !important; max-width: none !important;
}
body { background: #fff; }
header.cover { page: cover; padding-top: 60mm; text-align: center; }
header.cover h1 { font-size: 2rem; margin-bottom: 3rem; }
header.cover p { text-wrap: balance; }
nav.book-contents, section.page { break-before: page; }
nav.book-contents ol { list-style: none; padding: 0; }
nav.book-contents li { display: flex; justify-content: space-between; gap: 1em; padding: 0.15rem 0; }
nav.book-contents li.part { font-weight: bold; margin-top: 0.8rem; }
h1 { display: block !important; }
h1, h2, h3, h4 { break-after: avoid; white-space: pre-wrap; }
figure, tr, pre { break-inside: avoid; }
img { max-width: 100% !important; max-height: 210mm; }
table { width: 100%; font-size: 0.8rem !important; break-inside: auto !important; }
th, td { padding: 0.15rem 0.3rem !important; }
pre { white-space: pre-wrap !important; overflow-wrap: anywhere; }
.pst-scrollable-table-container, pre, div.math, div.math mjx-container { overflow: visible !important; }
"""

READY = """document.title = UNSET;
window.MathJax.startup = { pageReady: () => MathJax.startup.defaultPageReady().then(() => { document.title = TITLE; }) };"""


def parts(toc="_toc.yml"):
    """Captions of the parts of the book, by the page that opens each."""
    return {part["chapters"][0]["file"]: part["caption"] for part in yaml.safe_load(read_text(toc)).get("parts", []) if "caption" in part}


def compose(pages, base, title, captions=None, numbers=None):
    """The document as HTML.

    Parameters
    ----------
    pages : dict of str to str
        The html of each page by its name, such as ``book/intro``, in reading order.
    base : str
        The folder of the pages, as an address seen from where the document will lie, such as ``../html``.
    title : str
    captions : dict, optional
        As ``parts`` returns them.
    numbers : dict, optional
        On which page of the document each page of the book begins, by its anchor.
    """
    names, soups = list(pages), {name: BeautifulSoup(text, "html.parser") for name, text in pages.items()}
    for name, soup in soups.items():
        clean(soup, name)
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
    """Style sheets of the first page, and MathJax with its settings from the first that has formulas."""
    found = [str(link) for link in soups[0].select("head link[rel=stylesheet]")]
    scripts = next((some for soup in soups if (some := [one for one in soup.select("head script") if "mathjax" in str(one).lower()])), [])
    found += [str(script) for script in scripts]
    if scripts:  # the one that loads MathJax is deferred, and runs after this
        found.append(f"<script>{READY.replace('UNSET', quoted(UNSET)).replace('TITLE', quoted(title))}</script>")
    return "".join(found)


def quoted(text):
    """A string of JavaScript that can stand in HTML."""
    return "'" + "".join(c if c.isascii() and (c.isalnum() or c in " .,:") else f"\\u{{{ord(c):x}}}" for c in text) + "'"


def clean(soup, name):
    """Leave of an article what can be read on paper."""
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
    """The anchor in the document of a page of the book, or of an anchor on it."""
    return f"page-{names.index(name)}" + (f"-{fragment}" if fragment else "")


def relocate(soup, page, names, base):
    """Make anchors unique in the document, lead links within it, and have pictures and styles found from where it lies."""
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
