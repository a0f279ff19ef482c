"""Sphinx extension: the page of the search shows the sentences it found, also where the book is opened as files.

Sphinx's own script knows which page holds which word, and fetches the pages to show where; a browser refuses that to a page that it opened
from the disk. So the texts of all pages, section by section, are written into one script when the book is built.
"""

import json
import re
from pathlib import Path

from bs4 import BeautifulSoup

SCRIPT = "search_results.js"
UNREAD = ".headerlink, script, style, noscript, summary, mjx-container"


def sections(html):
    """The text of a page, as ``[anchor, title, text]`` of each section and each term of a glossary, in the order of the page."""
    page = BeautifulSoup(html, "html.parser").select_one("article.bd-article")
    if page is None:
        return []
    for element in page.select(UNREAD):
        element.decompose()
    found = []
    for part in reversed(page.select("section[id], dt[id]")):  # the inner ones first: each is taken out of the one around it
        if part.name == "dt":
            title, body = part, part.find_next_sibling("dd")
        else:
            title, body = part.find(re.compile("^h[1-6]$")), part
        heading = plain(title.extract()) if title else ""
        code = [plain(cell.extract()) for cell in body.select(".cell_input")] if body else []
        found.append([part["id"], heading, " ".join([plain(body.extract()), *code]) if body else ""])
    return found[::-1]


def plain(element):
    """Its text on one line, formulas without their brackets."""
    return " ".join(re.sub(r"\\[()\[\]]", "", element.get_text()).split())


def add_script(app, pagename, templatename, context, doctree):
    """Load the script on the page of the search alone; deferred, it runs after Sphinx's and before the search begins."""
    if pagename == "search":
        app.add_js_file(SCRIPT, loading_method="defer")


def write_script(app, error):
    """Write the texts of all pages and the script that shows them, once the pages are there."""
    if error or app.builder.format != "html":
        return
    texts = {name: sections(Path(app.builder.get_outfilename(name)).read_text(encoding="utf-8")) for name in sorted(app.env.found_docs)}
    script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    target = Path(app.outdir) / "_static" / SCRIPT
    target.write_text(f'"use strict";\nconst BOOK = {json.dumps(texts, ensure_ascii=False)};\n{script}', encoding="utf-8")


def setup(app):
    """Register both."""
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
