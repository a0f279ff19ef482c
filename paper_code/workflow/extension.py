"""Sphinx extension: what the pages of the book have beyond what Jupyter Book provides.

- A notebook page offers its Markdown source for download beside the executed notebook, and loads nothing from other hosts.
- The foot of every page gives the version, the licences and how to cite the book. Nothing is typed twice: version, date, licence of the
  code and the paper to cite are read from CITATION.cff, the licence of the text from LICENSE. Both files are staged beside the pages and
  copied into the html, where the foot links to them.
- The search page shows the sentences that it found, even if the book is opened as local files. Sphinx's own script knows which page
  contains which word, and fetches the pages to show where; a browser refuses this to a page opened from disk. The texts of all pages,
  section by section, are therefore written into one script when the book is built.
- A page of the API describes each field of a dataclass by the comment beside it.
- No line breaks inside an interval, between a number and its unit, or between a formula and the characters that touch it.
"""

import dataclasses
import json
import re
from html import escape
from itertools import pairwise
from pathlib import Path

import yaml
from bs4 import BeautifulSoup
from docutils import nodes

from paper_code.core.text import comments
from paper_code.workflow.toc import read_text

REFERENCES = "book/references"
SCRIPT = "search_results.js"
UNREAD = ".headerlink, script, style, noscript, summary, mjx-container"
NUMBER = r"[−+±]?[\d.]*\d"
TOGETHER = re.compile(
    "|".join(
        (
            rf"\[{NUMBER}, {NUMBER}\](?: %)?",  # an interval
            rf"{NUMBER}(?: / {NUMBER})+(?: %| px)?",  # lowest / median / highest
            r"\[95 %\]",
            r"\d+(?: × \d+)+",
            rf"(?:[\d.]+-)?{NUMBER} (?:%|px\b|s\b)",
            r"(?:\bp )?[<=] \.\d+(?: H\b)?",  # a p
        )
    )
)
VERBATIM = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.comment)


def add_markdown_button(app, pagename, templatename, context, doctree):
    """Add a link to the staged ``.md`` to the theme's group of download buttons."""
    source = Path("_sources") / f"{pagename}.md"
    if not (Path(app.srcdir) / "extra" / source).is_file():
        return
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            button = {"type": "link", "url": context["pathto"](source.as_posix(), 1), "text": ".md", "icon": "fas fa-file"}
            button |= {"tooltip": "Download the text this notebook was made from", "label": "download-markdown-button"}
            group["buttons"].insert(1, button)


def drop_thebe(app, pagename, templatename, context, doctree):
    """Leave out the scripts of sphinx-thebe: the book does not use them, and they refer to another host."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in str(script) and "thebe" not in (getattr(script, "attributes", {}).get("body") or "").lower()
    ]


def foot(citation, licence, link, references=None):
    """The foot of a page as HTML, from the content of CITATION.cff and the text of LICENSE, which has the text's licence in brackets.

    ``link`` gives the address, from this page, of a file in the root of the html; ``references`` is that of the references page.
    """
    released, paper = citation["date-released"], citation["preferred-citation"]
    licences = f"code and weights {citation['license']}, text and figures {re.search(r'[(](CC BY[^)]*)[)]', licence)[1]}"
    names = [author["family-names"] for author in paper["authors"]]
    work = f"{', '.join(names[:-1])} and {names[-1]} ({paper['year']})"
    work = f'<a href="{escape(references)}">{escape(work)}</a>' if references else escape(work)
    return (
        f"<p>Version {escape(citation['version'])}, {released.day} {released:%B %Y}. "
        f'<a href="{escape(link("LICENSE"))}">Licences</a>: {escape(licences)}.<br>'
        f'Please cite {work}, <a href="https://doi.org/{escape(paper["doi"])}">doi:{escape(paper["doi"])}</a>, '
        f'and <a href="{escape(link("CITATION.cff"))}">this companion</a>.</p>'
    )


def add_foot(app, pagename, templatename, context, doctree):
    """Pass the foot of this page to the theme."""
    root, pathto = Path(app.srcdir), context["pathto"]
    references = pathto(REFERENCES) if REFERENCES in app.env.found_docs else None
    citation = yaml.safe_load(read_text(root / "CITATION.cff"))
    context["theme_extra_footer"] = foot(citation, read_text(root / "LICENSE"), lambda name: pathto(name, 1), references)


def sections(html):
    """The text of a page, as ``[anchor, title, text]`` for each section and each glossary term, in the order of the page."""
    page = BeautifulSoup(html, "html.parser").select_one("article.bd-article")
    if page is None:
        return []
    for element in page.select(UNREAD):
        element.decompose()
    found = []
    for part in reversed(page.select("section[id], dt[id]")):  # inner ones first: each is removed from the one around it
        if part.name == "dt":
            title, body = part, part.find_next_sibling("dd")
        else:
            title, body = part.find(re.compile("^h[1-6]$")), part
        heading = text_of(title.extract()) if title else ""
        code = [text_of(cell.extract()) for cell in body.select(".cell_input")] if body else []
        found.append([part["id"], heading, " ".join([text_of(body.extract()), *code]) if body else ""])
    return found[::-1]


def text_of(element):
    """The text of an element on one line, with formulas stripped of their delimiters."""
    return " ".join(re.sub(r"\\[()\[\]]", "", element.get_text()).split())


def add_script(app, pagename, templatename, context, doctree):
    """Load the script on the search page only; deferred, it runs after Sphinx's own and before the search begins."""
    if pagename == "search":
        app.add_js_file(SCRIPT, loading_method="defer")


def write_script(app, error):
    """Write the texts of all pages and the script that shows them, once the pages are built."""
    if error or app.builder.format != "html":
        return
    texts = {name: sections(Path(app.builder.get_outfilename(name)).read_text(encoding="utf-8")) for name in sorted(app.env.found_docs)}
    script = Path(__file__).with_name("search.js").read_text(encoding="utf-8")
    target = Path(app.outdir) / "_static" / SCRIPT
    target.write_text(f'"use strict";\nconst BOOK = {json.dumps(texts, ensure_ascii=False)};\n{script}', encoding="utf-8")


def add_fields(app, what, name, thing, options, lines):
    """Add the fields of a dataclass to its docstring, before the examples."""
    if what != "class" or not dataclasses.is_dataclass(thing):
        return
    if said := comments(thing):
        escaped = {field: re.sub(r"([*|\\])", r"\\\1", comment) for field, comment in said.items()}
        place = lines.index("Examples") if "Examples" in lines else len(lines)
        lines[place:place] = ["", "Fields", "------", *(line for pair in escaped.items() for line in (pair[0], f"    {pair[1]}")), ""]


def leave_out(app, what, name, thing, options, signature, returned):
    """Omit the signature of results, which users do not construct; dataclasses that they do construct take fields by keyword only."""
    if what == "class" and dataclasses.is_dataclass(thing) and not all(field.kw_only for field in dataclasses.fields(thing)):
        return "", returned


def hold_together(app, doctree, docname):
    """Give the class ``together`` to text in which no line may break; the style does the rest, so that no character is changed."""
    for node in list(doctree.findall(lambda one: isinstance(one, nodes.math) or is_number(one))):
        parent, place = node.parent, node.parent.index(node)
        before = parent[place - 1] if place and isinstance(parent[place - 1], nodes.Text) else ""
        after = parent[place + 1] if place + 1 < len(parent) and isinstance(parent[place + 1], nodes.Text) else ""
        start, end = re.search(r"\S*$", before)[0], re.match(r"(?: (?=%|px\b))?\S*", after)[0]
        if start or end:
            rest = nodes.Text(before[: len(before) - len(start)]), nodes.Text(after[len(end) :])
            parent[place - bool(before) : place + 1 + bool(after)] = [rest[0], held(start, node, end), rest[1]]
    for text in list(doctree.findall(nodes.Text)):
        if not isinstance(text.parent, VERBATIM) and text.parent.get("classes") != ["together"]:
            ends = [0, *(end for found in TOGETHER.finditer(text) for end in found.span()), len(text)]
            parts = [text[start:end] for start, end in pairwise(ends)]  # every second part is held together
            text.parent.replace(text, [held(part) if number % 2 else nodes.Text(part) for number, part in enumerate(parts)])


def is_number(node):
    """Whether a node is a short text that a chapter glued into a sentence."""
    return isinstance(node, nodes.inline) and "pasted-text" in node["classes"] and len(node.astext()) < 24


def held(*parts):
    """Texts and nodes that stay on one line."""
    return nodes.inline("", "", *(nodes.Text(part) if isinstance(part, str) else part for part in parts if part), classes=["together"])


def setup(app):
    """Register all of this.

    Docstrings are changed before napoleon reads them (priority 500), and pages after the theme has finished (501). The search script is
    added before those of thebe are dropped.
    """
    app.connect("autodoc-process-docstring", add_fields, priority=400)
    app.connect("autodoc-process-signature", leave_out)
    app.connect("doctree-resolved", hold_together)
    for work in (add_script, drop_thebe, add_markdown_button, add_foot):
        app.connect("html-page-context", work, priority=502)
    app.connect("build-finished", write_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
