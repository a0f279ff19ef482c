"""The foot of the pages, the texts that the search reads, and the server."""

import datetime
import socket
import threading
from urllib.request import urlopen

import pytest
import yaml
from docutils import nodes
from docutils.core import publish_doctree
from small_book import ROOT

import paper_code
from paper_code.core.errors import PaperCodeError
from paper_code.workflow import reader
from paper_code.workflow.extension import foot, hold_together, sections


def test_the_foot_says_what_citation_and_licence_say():
    citation, licence = yaml.safe_load((ROOT / "CITATION.cff").read_text()), (ROOT / "LICENSE").read_text()
    text = foot(citation, licence, lambda name: f"../{name}", "references.html")
    released = citation["date-released"]
    assert f"Version {paper_code.__version__}, {released.day} {released:%B} {released.year}." in text
    assert "code and weights MIT" in text and "text and figures CC BY 4.0" in text
    assert '<a href="../LICENSE">' in text and '<a href="../CITATION.cff">' in text
    assert '<a href="references.html">Bertoni, Montobbio, Sarti and Citti (2021)</a>' in text
    assert f'href="https://doi.org/{citation["preferred-citation"]["doi"]}"' in text
    other_text = foot({**citation, "version": "<9>", "date-released": datetime.date(2030, 1, 2)}, licence, str)
    assert "Version &lt;9&gt;, 2 January 2030." in other_text and "references" not in other_text


PAGE = r"""<nav>a menu</nav><article class="bd-article"><section id="top"><h1>A <em>page</em><a class="headerlink" href="#top">#</a></h1>
<p>First <b>w</b>ord, \(K_{ij}\).</p>
<div class="cell"><details><summary>Show</summary><div class="cell_input"><pre>code = 1</pre></div></details>
<div class="cell_output"><p>an output</p></div></div><script>no</script>
<section id="inner"><h2>Inner</h2><p>Last words.</p><dl>
<dt id="term-a">a term<a class="headerlink" href="#term-a">#</a></dt><dd><p>its meaning</p></dd>
<dt id="term-b">alone</dt></dl></section><p>And after.</p></section></article>"""


def test_every_word_of_a_page_is_in_one_section_prose_before_code():
    assert sections(PAGE) == [
        ["top", "A page", "First word, K_{ij}. an output And after. code = 1"],
        ["inner", "Inner", "Last words."],
        ["term-a", "a term", "its meaning"],
        ["term-b", "alone", ""],
    ]
    assert sections("<p>no article</p>") == []


@pytest.fixture
def html(tmp_path):
    (tmp_path / "index.html").write_text("<p>a book</p>")
    (tmp_path / "LICENSE").write_text("a licence")
    return tmp_path


def test_the_book_is_served_to_this_machine_alone(html):
    with reader.server(html, "0") as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        host, port = running.server_address
        with urlopen(f"http://{host}:{port}/") as page, urlopen(f"http://{host}:{port}/LICENSE") as licence:
            assert host == "127.0.0.1" and page.read() == b"<p>a book</p>" and licence.headers["Content-Type"] == "text/plain"
        running.shutdown()


@pytest.mark.parametrize("port", ["x", "-1", "65536", "1e3", "80 80", "²"])
def test_a_port_is_a_number(html, port):
    with pytest.raises(PaperCodeError, match="PORT is a whole number"):
        reader.server(html, port)


def test_a_taken_port_and_a_missing_book_are_one_line(html, capsys, monkeypatch):
    monkeypatch.chdir(html)
    assert reader.main(["serve", "0"]) == 1
    assert capsys.readouterr().err == "error: there is no built book in _build/html: run make book first\n"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PaperCodeError, match=rf"port {port} is taken or not allowed; choose another: make serve PORT={port + 1}"):
            reader.server(html, str(port))


def test_no_line_ends_where_the_eye_must_not_stop_and_no_word_changes():
    text = ":math:`K`, of 95 % [−0.1, +0.2], [:math:`x`] 1 / 2 / 3 px and 8 × 8 (p < .001); ``5 %`` stays. Not [1], but 6-10.5 px."
    doctree = publish_doctree(text)
    number = nodes.inline("", "7", classes=["pasted-text"])
    doctree.append(nodes.paragraph("", "", nodes.Text("Far: "), number, nodes.Text(" px.")))
    before = doctree.astext()
    hold_together(None, doctree, "")
    held = [node.astext() for node in doctree.findall(nodes.inline) if node["classes"] == ["together"]]
    assert held == ["K,", "95 %", "[−0.1, +0.2]", "[x]", "1 / 2 / 3 px", "8 × 8", "p < .001", "6-10.5 px", "7 px."]
    assert doctree.astext() == before
