"""The book as one PDF: what is printed, and that a failure leaves the last one."""

import shutil
import sys

import pytest
from bs4 import BeautifulSoup

from paper_code.core.errors import PaperCodeError
from paper_code.workflow import pdf
from paper_code.workflow.pdf import UNSET, part_captions, quoted, whole_document

HEAD = (
    '<link rel="stylesheet" href="../_static/a.css"><link rel="search" href="../search.html"><script src="../_static/zoom.js"></script>'
    '<script>window.MathJax = {"options": {}}</script><script defer src="../_static/mathjax/tex.js?v=1"></script>'
)
ONE = """<article class="bd-article"><section id="one"><h1>One &amp; all<a class="headerlink" href="#one">#</a></h1>
<p id="book-pdf">a PDF</p><a href="two.html#there">there</a> <a href="two.html">two</a> <a href="#one">here</a>
<a href="../_sources/one.ipynb">a file</a> <a href="https://example.org/x.html">elsewhere</a> <img src="../_images/p.png" alt="p">
<div class="cell"><details class="hide above-input"><summary>Show</summary><pre>secret = 1</pre></details>
<details class="hide below-input"><summary>Show</summary><pre>a long output</pre></details></div>
<div class="cell_output"><div class="output text_html"><canvas></canvas><canvas></canvas><script>draw()</script></div></div>
</section></article><div class="extra_footer"><p>Version 1. <a href="../LICENSE">Licences</a></p></div>"""
TWO = '<article class="bd-article"><section id="there"><h1>Two</h1></section></article>'
PAGES = {
    "book/one": f"<html><head>{HEAD}</head><body><h1>Seen on paper</h1>{ONE}</body></html>",
    "book/two": f"<html><head></head><body>{TWO}</body></html>",
}


@pytest.fixture
def document():
    return BeautifulSoup(whole_document(PAGES, "../html", "A <b> title's", {"book/two": "A part"}, {"page-1": 7}), "html.parser")


def test_links_lead_within_the_document(document):
    assert [link["href"] for link in document.select("article a")] == [
        "#page-1-there",
        "#page-1",
        "#page-0-one",
        "https://example.org/x.html",
    ]
    anchors = [element["id"] for element in document.select("[id]")]
    assert len(set(anchors)) == len(anchors) and {"page-0", "page-1", "page-0-one", "page-1-there"} <= set(anchors)
    assert "a file" in document.article.get_text() and document.select_one("header a") is None


def test_pictures_styles_and_formulas_are_found_and_nothing_else_is_loaded(document):
    loaded = [element.get("src") or element["href"] for element in document.select("link, [src]")]
    assert loaded == ["../html/_static/a.css", "../html/_static/mathjax/tex.js?v=1", "../html/_images/p.png"]
    first, second = (script.string for script in document.select("script:not([src])"))
    assert "window.MathJax = {" in first and UNSET in second and "draw" not in first + second


def test_what_paper_cannot_show_is_left_out_or_told(document):
    text = document.main.get_text()
    assert "secret" not in text and "a long output" in text and "Show" not in text and "#" not in text and "a PDF" not in text
    assert text.count("a figure to explore here: book/one.html") == 1 and not document.select("canvas, details, main script")


def test_the_contents_list_every_page_with_its_number(document):
    lines = [line.get_text("|") for line in document.select("nav li")]
    assert lines == ["One & all", "A part", "Two|7"] and document.select_one("nav a")["href"] == "#page-0"
    assert document.h1.get_text() == "A <b> title's"


def test_a_title_cannot_leave_its_script():
    assert quoted('"</script>é') == r'"\"\u003c/script>\u00e9"'


def test_captions_open_the_parts(tmp_path):
    toc = tmp_path / "_toc.yml"
    toc.write_text("root: a\nparts: [{caption: P, chapters: [{file: b}, {file: c}]}, {chapters: [{file: d}]}]")
    assert part_captions(toc) == {"b": "P"}
    toc.write_text("root: a\nchapters: [{file: b}]")
    assert part_captions(toc) == {}


SKIA = b"""%PDF-1.4
1 0 obj
<</Title (Two halves)
/Creator (x)>>
endobj
9 0 obj
<</page-0 [4 0 R /XYZ 0 0 0]
/page-1 [6 0 R /XYZ 0 0 0]
/page-1-there [6 0 R /XYZ 0 0 0]>>
endobj
7 0 obj
<</Type /Pages
/Count 2
/Kids [4 0 R 5 0 R]
/Parent 3 0 R>>
endobj
3 0 obj
<</Type /Pages
/Count 3
/Kids [7 0 R 6 0 R]>>
endobj
8 0 obj
<</Title (A headingA heading)
/Dest [4 0 R /XYZ 0 0 0]>>
endobj
2 0 obj
<</Type /Catalog
/Pages 3 0 R
/Dests 9 0 R>>
endobj
%%EOF
"""


def test_pages_are_counted_in_the_order_of_the_tree():
    assert pdf.first_pages(SKIA) == {"page-0": 1, "page-1": 3}
    assert pdf.first_pages(b"%PDF-2.0 of another kind") == {}


def test_bookmarks_say_a_heading_once_and_no_byte_moves():
    tidied = pdf.tidy_outline(SKIA)
    assert b"(A heading         )" in tidied and b"(Two halves)" in tidied and len(tidied) == len(SKIA)


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A built book in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/one\nchapters: [{file: book/two}]")
    (tmp_path / "_config.yml").write_text("title: A title")
    html = tmp_path / "_build" / "html"
    (html / "book").mkdir(parents=True)
    (html / ".complete").touch()
    for name, text in PAGES.items():
        (html / f"{name}.html").write_text(text.replace('<p id="book-pdf">a PDF</p>', ""))
    return html


def browser(folder, content, status=0):
    """A command that takes Chromium's options, and prints ``content``."""
    path = folder / "a browser"
    lines = [f"#!{sys.executable}", "import sys", "target = [word[15:] for word in sys.argv if word.startswith('--print-to-pdf=')][0]"]
    lines += [f"content = {content!r}", "content and open(target, 'wb').write(content)", f"sys.exit('no display' if {status} else 0)"]
    path.write_text("\n".join(lines))
    path.chmod(0o755)
    return str(path)


def test_make_pdf_writes_the_pdf_and_links_to_it_once(book, capsys):
    for _ in range(2):
        assert pdf.main([browser(book.parent, SKIA)]) == 0
    assert capsys.readouterr().out == "the book is in _build/book.pdf\n" * 2
    assert book.with_name("book.pdf").read_bytes() == (book / "book.pdf").read_bytes() == pdf.tidy_outline(SKIA)
    assert '#</a></h1>\n<p id="book-pdf">' in (book / "book/one.html").read_text()
    linked = {name: (book / f"{name}.html").read_text().count('<a href="../book.pdf">') for name in PAGES}
    assert linked == {"book/one": 1, "book/two": 0}
    assert sorted(path.name for path in book.parent.iterdir()) == ["a browser", "book.pdf", "html"]


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 1, "did not print the book (exit status 1): no display"),
        (SKIA[:-6], 0, "did not print the book (exit status 0): it said nothing"),
        (SKIA.replace(b"Two halves", UNSET.encode()), 0, "before its formulas were typeset"),
    ],
)
def test_a_failure_is_one_line_and_leaves_the_last_pdf(book, capsys, content, status, said):
    book.with_name("book.pdf").write_bytes(b"the last")
    assert pdf.main([browser(book.parent, content, status)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ") and said in told and told.count("\n") == 1
    assert book.with_name("book.pdf").read_bytes() == b"the last" and not (book / "book.pdf").exists()


def test_no_book_and_no_browser_are_told_apart(book, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(book))
    assert pdf.main([""]) == 1 and "neither Chromium nor Chrome" in capsys.readouterr().err
    assert pdf.main(["nowhere"]) == 1 and "there is no browser nowhere" in capsys.readouterr().err
    (book / ".complete").unlink()
    assert pdf.main([""]) == 1
    assert capsys.readouterr().err == "error: there is no built book in _build/html: run make book first\n"


def test_a_browser_prints_it(book):
    try:
        command = pdf.find_browser()
    except PaperCodeError:
        pytest.skip("no Chromium and no Chrome")
    (book / "_images").mkdir()
    shutil.copy(pdf.__file__, book / "_images" / "p.png")  # no picture, which is no reason to fail
    pages = {name: text.replace("<script", "<!--").replace("</script>", "-->") for name, text in PAGES.items()}
    for name, text in pages.items():
        (book / f"{name}.html").write_text(text)
    assert pdf.main([command]) == 0
    assert pdf.first_pages(book.with_name("book.pdf").read_bytes()) == {"page-0": 3, "page-1": 4}
