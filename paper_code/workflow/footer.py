"""Sphinx extension: the foot of every page says which version this is, under which licences, and how to cite it.

Nothing is typed twice: version, date, licence of the code and the paper to cite are read from CITATION.cff, the licence of the text from
LICENSE. Both files are staged beside the pages and copied into the html, where the foot links to them.
"""

import datetime
import re
from html import escape
from pathlib import Path

import yaml

from paper_code.workflow.toc import read_text

REFERENCES = "book/references"


def foot(citation, licence, link, references=None):
    """The foot of a page as HTML.

    Parameters
    ----------
    citation : dict
        What CITATION.cff holds.
    licence : str
        The text of LICENSE, which names the licence of the book's text in brackets.
    link : callable
        From a file in the root of the html to its address on this page.
    references : str, optional
        Address of the page of references.
    """
    released, paper = citation["date-released"], citation["preferred-citation"]
    released = released if isinstance(released, datetime.date) else datetime.date.fromisoformat(released)
    words = (found := re.search(r"\((CC BY[^)]*)\)", licence)) and found[1]
    licences = f"code and weights {citation['license']}" + (f", text and figures {words}" if words else "")
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
    """Give the theme the foot of this page."""
    root, pathto = Path(app.srcdir), context["pathto"]
    references = pathto(REFERENCES) if REFERENCES in app.env.found_docs else None
    citation = yaml.safe_load(read_text(root / "CITATION.cff"))
    context["theme_extra_footer"] = foot(citation, read_text(root / "LICENSE"), lambda name: pathto(name, 1), references)


def setup(app):
    """Register it after the theme, which works at priority 501."""
    app.connect("html-page-context", add_foot, priority=502)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
