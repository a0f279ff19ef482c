"""What the pipeline promises: nothing half-written, nothing run twice, no trace of the machine, no dead link."""

import errno
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from small_book import BAD, FRONT, GOOD, pipeline, small_book

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import sha256, write_json
from paper_code.figures import interactive
from paper_code.workflow import html as rendering
from paper_code.workflow.chapters import check_parameters, clean, execute, read_chapter, reference
from paper_code.workflow.dependencies import content_hash, drop_damaged, measured_networks
from paper_code.workflow.html import RUN_TIME, stage
from paper_code.workflow.toc import notebook_chapters, pages

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small repository, and the working directory in it."""
    root = small_book(tmp_path)
    monkeypatch.chdir(root)
    return root


def test_the_book_is_built_once_and_again_only_if_content_changes(project, monkeypatch):
    first = pipeline("html")
    assert first.returncode == 0, first.stderr
    assert json.loads((project / "_build/times/one.json").read_text())["chapter"] == "one"
    assert (project / "_build/html/_sources/book/one.md").is_file() and (project / "_build/html/_sources/book/one.ipynb").is_file()
    assert "download-markdown-button" in (project / "_build/html/book/one.html").read_text()

    for path in [*project.glob("book/*.md"), *project.glob("paper_code/*.py"), project / "requirements.txt"]:
        path.touch()
    again = pipeline("html")
    assert "Nothing to be done" in again.stderr and "chapter" not in again.stdout
    assert "Nothing to be done" in pipeline("html", "--dry-run").stdout

    for module in ("paper_code/core/geometry.py", "paper_code/cli.py", "paper_code/workflow/html.py"):  # no chapter imports these
        (project / module).write_text((project / module).read_text() + "\n# an edit\n")
    assert "chapter" not in pipeline("chapters").stdout
    with open(project / "paper_code/core/errors.py", "a") as module:  # core.files imports it
        module.write("\n# an edit in an imported module\n")
    os.utime(project / "paper_code/core/errors.py", (0, 0))  # content counts, not the time
    edited = pipeline("chapters")
    assert "chapter one" in edited.stdout and "chapter scorecard" in edited.stdout, edited.stderr

    monkeypatch.setenv("PAPER_CODE_WEIGHTS", str(project.parent / "weights"))
    (project.parent / "weights").mkdir()
    assert "Nothing to be done" in pipeline("chapters", "--dry-run").stdout
    (project.parent / "weights" / "manifest.json").write_text("{}")
    assert "chapter one" in pipeline("chapters").stdout  # other weights are other content
    monkeypatch.delenv("PAPER_CODE_WEIGHTS")
    assert "chapter one" in pipeline("chapters").stdout

    with open(project / "book/plain.md", "a") as page:
        page.write("\nMore.\n")
    staged = pipeline("html")
    assert "chapter" not in staged.stdout.replace("the book", "") and "the book is in" in staged.stdout, staged.stderr

    book = {path: path.read_bytes() for path in (project / "_build/html").rglob("*.html")}
    with open(project / "book/plain.md", "a") as page:
        page.write("\n[x](nowhere.md)\n")
    failed = pipeline("html")
    assert failed.returncode == 1 and "nowhere.md" in failed.stderr and "_build/html is untouched" in failed.stderr
    assert book == {path: path.read_bytes() for path in (project / "_build/html").rglob("*.html")}

    (project / "book/one.md").write_text(FRONT + GOOD + BAD)
    failed = pipeline("html")
    assert failed.returncode == 1 and "IndexError" in failed.stderr and "_build/html is untouched" in failed.stderr
    assert (project / "_build/html/index.html").is_file()


def test_a_failing_cell_stops_the_build_with_one_line_and_leaves_no_notebook(project):
    (project / "book/one.md").write_text(FRONT + GOOD + BAD)
    done = pipeline("html")
    assert done.returncode != 0
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    where = "code cell 3 (starts 'numbers = [1, 2]', fails at 'numbers[7]')"
    assert errors == [f"error: chapter one, {where}: IndexError: list index out of range"]
    assert "Traceback" not in done.stderr
    assert not [path for path in (project / "_build").rglob("*") if path.is_file() and path.suffix in (".ipynb", ".json", ".tmp")]
    assert not (project / "_build/html").exists()


@pytest.mark.parametrize("fault", ["{ref}`nowhere`", "![](picture.svg)"], ids=["unresolved reference", "no alt text"])
def test_a_fault_in_a_page_stops_the_strict_build(project, fault):
    (project / "book/picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (project / "book/plain.md").write_text(f"# A page\n\n{fault}\n")
    done = pipeline("html")
    assert done.returncode != 0 and ("nowhere" in done.stderr or "picture without alt text" in done.stderr)
    assert not list((project / "_build").glob("html*"))


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (lambda root: (root / "book/one.md").write_bytes(FRONT.encode() + b"\xff"), "error: book/one.md is not UTF-8 text"),
        (lambda root: (root / "_toc.yml").write_bytes(b"# \xe9"), "error: _toc.yml is not UTF-8 text"),
        (lambda root: (root / "_build").touch(), "error: cannot use _build: File exists"),
        (lambda root: (root / ".snakemake").touch(), "error: cannot write .snakemake/paper_code.lock: File exists"),
        (lambda root: (root / ".snakemake/paper_code.lock").mkdir(parents=True), "error: .snakemake/paper_code.lock is a folder"),
        (lambda root: (root / "matplotlibrc").touch(), "error: a file matplotlibrc"),
    ],
)
def test_what_stops_the_pipeline_is_said_in_one_line(project, plant, said):
    plant(project)
    done = pipeline("html")
    assert done.returncode == 1 and done.stderr.startswith(said) and done.stderr.count("\n") == 1 and done.stdout == ""


@pytest.mark.parametrize("networks", [[], {"reference/seed-0": {}}, {"reference/seed-0": {"files": [1]}}, {"reference": {"files": {}}}])
def test_a_manifest_that_is_not_whole_is_one_line(tmp_path, monkeypatch, networks):
    monkeypatch.setenv("PAPER_CODE_WEIGHTS", str(tmp_path))
    write_json(tmp_path / "manifest.json", {"networks": networks})
    with pytest.raises(PaperCodeError, match="manifest.json is not whole: python -m paper_code weights list says where$"):
        measured_networks({"profile": "full", "chapters": {"one": {"measures": True}}})


def test_a_profile_that_does_not_exist_is_refused(project):
    done = pipeline("html", "--config", "profile=nonsense")
    assert done.returncode == 1 and done.stderr == "error: profile=nonsense: it is full or quick\n"


ODD_NAMES = ["book/sub/one", "book/a+b", "book/a|b", "book/{one}", "book/a b", "book/.one", "other/one", "one", "book/../book/one"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_chapters_have_plain_names_in_one_folder(project, name):
    target = project / f"{name}.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(FRONT + GOOD)
    listed = [{"file": "book/scorecard"}, {"file": name}]
    Path("_toc.yml").write_text(json.dumps({"format": "jb-book", "root": "book/plain", "chapters": listed}))
    with pytest.raises(PaperCodeError, match="holds code; call it book/<name>"):
        notebook_chapters()


def test_a_chapter_is_listed_once(project):
    Path("_toc.yml").write_text("format: jb-book\nroot: book/one\nchapters: [{file: book/plain}, {file: book/one}]")
    with pytest.raises(PaperCodeError, match="^_toc.yml: document file used multiple times: 'book/one'$"):
        notebook_chapters()


def test_a_chapter_that_writes_to_stderr_is_not_kept(project):
    (project / "book/one.md").write_text(FRONT + GOOD + GOOD.replace("print(profile)", "import warnings\nwarnings.warn('too few cells')\n"))
    done = pipeline("chapters")
    start = "error: chapter one, code cell 3 (starts 'from paper_code import __version__') writes to stderr: <cell>:"
    assert done.returncode == 1 and done.stderr.startswith(start) and "too few cells" in done.stderr and done.stderr.count("\n") == 1
    assert not list((project / "_build").rglob("*.ipynb")) + list((project / "_build").rglob("*.json"))


def test_a_text_that_arrives_in_parts_is_one_output(project):
    parts = "import time\nprint('first', flush=True)\ntime.sleep(0.5)\nprint('second')\n"
    (project / "book/one.md").write_text(FRONT + GOOD.replace("print(profile)\n", parts))
    assert pipeline("chapters").returncode == 0
    cells = nbformat.read(project / "_build/executed/one.ipynb", as_version=4).cells
    assert [output["text"] for output in cells[-1].outputs] == ["first\nsecond\n"]


@pytest.fixture
def outputs(tmp_path):
    """What a chapter leaves, made without a kernel."""
    places = {"executed": "one.ipynb", "times": "one.json"}
    files = {place: tmp_path / place / name for place, name in places.items()}
    files["executed"].parent.mkdir()
    files["executed"].write_text('{"a": 1}')
    write_json(files["times"], {"sha256": sha256(files["executed"])})
    return files


def test_whole_outputs_are_kept(outputs, tmp_path):
    drop_damaged(tmp_path)
    assert all(path.exists() for path in outputs.values())


@pytest.mark.parametrize("place", ["executed", "times"])
@pytest.mark.parametrize("damage", [lambda text: "", lambda text: text[:4], lambda text: "{}", lambda text: text + " ", None])
def test_a_chapter_runs_again_if_anything_of_it_is_damaged(outputs, tmp_path, place, damage):
    if damage is None:
        outputs[place].unlink()
    elif place == "times" and damage("1") == "1 ":
        outputs[place].write_text("[]")
    else:
        outputs[place].write_text(damage(outputs[place].read_text()))
    drop_damaged(tmp_path)
    assert not any(path.exists() for path in outputs.values())


def test_a_truncated_notebook_is_made_again(project):
    assert pipeline("chapters").returncode == 0
    path = project / "_build/executed/one.ipynb"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    done = pipeline("chapters")
    assert done.returncode == 0 and "chapter one" in done.stdout and path.read_bytes() == whole, done.stderr


class Book:
    """Stands for Jupyter Book: writes a page, and says or raises what it is told."""

    def __init__(self, said=(), raised=None):
        self.said, self.raised = list(said), raised

    def __call__(self, stage, work):
        (work / "_build" / "html").mkdir(parents=True)
        (work / "_build" / "html" / "index.html").write_text("new")
        if self.raised:
            raise self.raised
        return self.said


@pytest.mark.parametrize("failing", [Book(["plain.md:1: WARNING: x"]), Book(raised=OSError(errno.ENOSPC, "No space left on device", "x"))])
@pytest.mark.parametrize("before", ["whole", "killed while it was put in place", "none"])
def test_the_last_good_book_stays_until_the_next_is_whole(tmp_path, monkeypatch, capsys, failing, before):
    html = tmp_path / "html"
    html.mkdir()  # as Snakemake does
    place = {"whole": html, "killed while it was put in place": tmp_path / "html.old", "none": None}[before]
    if place:
        place.mkdir(exist_ok=True)
        (place / "index.html").write_text("old")
    monkeypatch.setattr(rendering, "faults_of", lambda folder: [])
    monkeypatch.setattr(rendering, "build", failing)
    assert rendering.main(["render", "stage", str(html)]) == 1
    assert "WARNING" in capsys.readouterr().err if failing.said else "No space left" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == (["html"] if place else [])
    assert not place or (html / "index.html").read_text() == "old"
    html.mkdir(exist_ok=True)
    monkeypatch.setattr(rendering, "build", Book())
    assert rendering.main(["render", "stage", str(html)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["html"] and (html / "index.html").read_text() == "new"
    assert (html / ".complete").exists()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (["reading", "\x1b[91mone.md:3: WARNING: x\x1b[0m", "Traceback", "RuntimeError: ", "build"], ["one.md:3: WARNING: x"]),
        (["Traceback", "    raise ValueError(x)", "ValueError: no such x", "RuntimeError: "], ["ValueError: no such x"]),
        (["", "Killed", ""], ["Killed"]),
        ([], ["Jupyter Book said nothing"]),
    ],
)
def test_of_what_jupyter_book_says_the_cause_is_passed_on(tmp_path, monkeypatch, said, kept):
    monkeypatch.setattr(rendering, "BUILD", f"print({chr(10).join(said)!r}); raise SystemExit(1)")
    assert rendering.build("stage", tmp_path) == kept


@pytest.mark.parametrize("said", ["WARNING: x: OSError(28, 'No space left on device')", "OSError: [Errno 28] No space left on device: 'x'"])
def test_a_full_disk_is_said_once(tmp_path, monkeypatch, said):
    monkeypatch.setattr(rendering, "BUILD", f"print({said!r}); print({said!r}); raise SystemExit(1)")
    with pytest.raises(OSError, match="No space left on device"):
        rendering.build("stage", tmp_path)


def test_two_runs_at_once_are_refused(project):
    import fcntl

    (project / ".snakemake").mkdir()
    with open(project / ".snakemake" / "paper_code.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        done = pipeline("html")
    assert done.returncode == 1 and "another run of the pipeline" in done.stderr


def test_nbval_session_fails_if_a_notebook_was_left_out(project):
    references = project / "tests" / "reference"
    references.mkdir(parents=True)
    shown = "os.path.isfile('_toc.yml'), os.environ['OMP_NUM_THREADS'], os.environ['PAPER_CODE_PERTURB']"
    cell = new_code_cell(f"import os\nprint({shown})", execution_count=1)
    cell.outputs = [new_output("stream", name="stdout", text="True 1 \n")]
    nbformat.write(new_notebook(cells=[cell]), references / "one.ipynb")
    options = ["-p", "paper_code.workflow.compare", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env", "-q"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", ".", "tests"]
    alone = subprocess.run(command, capture_output=True, text=True)
    assert alone.returncode == 0, alone.stdout  # the cell saw the root of the repository
    every = subprocess.run([*command, "--all-notebooks"], capture_output=True, text=True)
    assert every.returncode == 1 and "did not run: scorecard" in every.stdout, every.stdout
    crossed = subprocess.run([*command, "--threads", "2", "--noise", "7:1e-9"], capture_output=True, text=True)
    assert crossed.returncode == 1 and "stdout: 'True 2 7:1e-9', in the reference 'True 1 '" in crossed.stdout, crossed.stdout


def executed(*texts):
    """A notebook as papermill leaves it, with one output for each text."""
    cell = new_code_cell("x", execution_count=1)
    cell.outputs = [new_output("stream", name="stderr", text=text) for text in texts]
    cell.outputs.append(new_output("display_data", {"image/png": f"AAAA{tempfile.gettempdir()}/AAAA", "text/plain": str(ROOT)}))
    cell.metadata.update({"tags": ["keep-me"], "papermill": {"start_time": "now"}, "execution": {"iopub.status.busy": "now"}})
    notebook = new_notebook(cells=[cell])
    notebook.metadata["papermill"] = {"input_path": "/somewhere"}
    return notebook


def test_clean_strips_times_and_paths_and_nothing_else(monkeypatch):
    monkeypatch.chdir(ROOT)
    home, tmp = Path.home(), tempfile.gettempdir()
    texts = [
        f"{ROOT}/paper_code/network/model.py:3: UserWarning",
        f"{tmp}/ipykernel_12/345.py:1: UserWarning",
        f"in {home}/data and {tmp}/x",
        f"{sys.prefix}/lib/python3.11/site-packages/numpy/core.py",
        "a ratio of 1/2, see https://example.org/tmp/x and /tmpdir/y",
    ]
    notebook = clean(executed(*texts))
    cell = notebook.cells[0]
    assert [output.text for output in cell.outputs[:-1]] == [
        "paper_code/network/model.py:3: UserWarning",
        "<cell>:1: UserWarning",
        "in ~/data and <tmp>/x",
        "numpy/core.py",
        texts[-1],
    ]
    assert cell.outputs[-1].data["image/png"] == f"AAAA{tmp}/AAAA"
    assert cell.outputs[-1].data["text/plain"] == "."
    assert cell.metadata == {"tags": ["keep-me"]} and "papermill" not in notebook.metadata
    assert cell.id == "cell-000"


def test_reference_drops_pictures_and_metadata_and_keeps_counts():
    notebook = executed("text")
    notebook.cells[0].metadata["mystnb"] = {"image": {"alt": "x"}}
    made = reference(notebook)
    assert made.cells[0].metadata == {"tags": ["keep-me"]} and made.cells[0].execution_count == 1
    assert "image/png" not in made.cells[0].outputs[1].data
    assert "image/png" in notebook.cells[0].outputs[1].data  # the executed notebook is untouched


def test_a_chapter_has_one_parameters_cell_and_declares_what_it_gets(tmp_path):
    source = tmp_path / "one.md"
    source.write_text(FRONT + GOOD)
    notebook = read_chapter(source)
    with pytest.raises(PaperCodeError, match="does not assign build"):
        check_parameters(notebook, {"build": "_build", "profile": "quick"}, "one")
    source.write_text(FRONT.replace('profile = "full"', "profile = = 1") + GOOD)
    with pytest.raises(PaperCodeError, match="chapter one: its parameters are no JSON object"):
        execute(source, tmp_path / "one.ipynb", tmp_path / "one.json", "profile=quick")
    with pytest.raises(PaperCodeError, match="chapter one: its parameters cell is not Python: SyntaxError"):
        check_parameters(read_chapter(source), {}, "one")
    source.write_text(FRONT.replace("[parameters]", "[hide-input]") + GOOD)
    with pytest.raises(PaperCodeError, match="0 cells tagged"):
        read_chapter(source)


def test_the_pages_and_the_chapters_of_a_toc(project):
    assert pages() == ["book/plain", "book/one", "book/scorecard"]
    assert notebook_chapters() == ["one", "scorecard"]
    (project / "_toc.yml").write_text("format: [")
    with pytest.raises(PaperCodeError, match="not valid YAML"):
        pages()
    for strange in ("", "[]", "format: []\nroot: a", "root: a\ndefaults: 3", "format: jb-book\nroot: a\nfile: b", "root: 3"):
        (project / "_toc.yml").write_text(strange)
        with pytest.raises(PaperCodeError, match="^_toc.yml: .+$"):
            pages()
    with pytest.raises(PaperCodeError, match="run from the root"):
        pages("nowhere.yml")


def test_toc_of_this_book_names_files_that_exist(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert all(Path(f"{page}.md").is_file() for page in pages())


def test_digest_is_of_content_and_names(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("b")
    before = content_hash([one, two])
    one.touch()
    assert content_hash([two, one]) == before
    two.write_text("c")
    assert content_hash([one, two]) != before


def test_stage_puts_notebooks_in_place_of_their_sources(project):
    executed_folder = project / "_build" / "executed"
    executed_folder.mkdir(parents=True)
    for name in ("one", "scorecard"):
        (executed_folder / f"{name}.ipynb").write_text("{}")
    (project / "book" / "picture.svg").write_text("<svg/>")
    stage(executed_folder, "_build/stage")
    staged = {str(path.relative_to("_build/stage")) for path in Path("_build/stage").rglob("*") if path.is_file()}
    assert {"_toc.yml", "_config.yml", "book/plain.md", "book/one.ipynb", "book/picture.svg", "extra/_sources/book/one.md"} <= staged
    assert "book/one.md" not in staged
    (executed_folder / "one.ipynb").unlink()
    with pytest.raises(PaperCodeError, match="one.ipynb"):
        stage(executed_folder, "_build/stage")


def test_a_page_says_how_long_its_chapter_ran(project):
    for place in ("executed", "times"):
        (project / "_build" / place).mkdir(parents=True)
    for name in ("one", "scorecard"):
        (project / f"_build/executed/{name}.ipynb").write_text(f"Run it ({RUN_TIME}).")
    write_json(project / "_build/times/one.json", {"seconds": 7.9, "profile": "quick"})
    stage(project / "_build/executed", "_build/stage")
    assert Path("_build/stage/book/one.ipynb").read_text() == "Run it ([8 s in the quick profile of this build](reproducibility.ipynb))."
    assert RUN_TIME in Path("_build/stage/book/scorecard.ipynb").read_text()  # its time is not known


PAGE = """<html><head><link rel="stylesheet" href="style.css"><link rel="canonical" href="https://example.org/"></head>
<body id="top"><a href="other.html#there">a</a><a href="https://example.org">b</a><a href="#top">c</a>
<img src="picture.png" alt="a picture"><a href="sub%20page.html">d</a></body></html>"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "page.html").write_text(PAGE)
    (tmp_path / "other.html").write_text('<p id="there">x</p>')
    (tmp_path / "sub page.html").write_text("<p>x</p>")
    (tmp_path / "style.css").write_text('/* url(https://example.org/old.css) */ p { background: url("picture.png") }')
    (tmp_path / "picture.png").write_bytes(b"")
    return tmp_path


def test_check_html_passes_a_sound_site(site):
    assert rendering.faults_of(site) == []


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ('<a href="nowhere.html">x</a>', "page.html:4: broken link: nowhere.html"),
        ('<a href="other.html#nowhere">x</a>', "page.html:4: no such fragment: other.html#nowhere"),
        ('<a href="#nowhere">x</a>', "page.html:4: no such fragment: #nowhere"),
        ('<a href="../outside.html">x</a>', "page.html:4: broken link: ../outside.html"),
        ('<script src="https://cdn.example.org/x.js"></script>', "page.html:4: loaded from another host: https://cdn.example.org/x.js"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "page.html:4: loaded from another host: //example.org/x.css"),
        ("<style>@import 'https://example.org/x.css';</style>", "page.html:4: loaded from another host: https://example.org/x.css"),
        ('<link rel="icon" href="data:,"><svg onload="x()"></svg>', "page.html:4: unknown script: onload=x()"),
        ('<img src="picture.png" alt="x" onerror=x()>', "page.html:4: unknown script: onerror=x()"),
        ("<script>x()</script>", "page.html:4: unknown script: x()"),
        ("<ScRiPt type=module>x()</sCrIpT>", "page.html:4: unknown script: x()"),
        ("<script>kernelName = 'python3'; x()</script>", "page.html:4: unknown script: kernelName = 'python3'; x()"),
        ('<a href="java&#10;Script:x()">x</a>', "page.html:4: unknown script: href=java\nScript:x()"),
        ('<iframe srcdoc="x"></iframe>', "page.html:4: unknown script: srcdoc=x"),
        ('<p style="background: url(gone.png)">x</p>', "page.html:4: missing file: gone.png"),
        ('<img src="picture.png">', "page.html:4: picture without alt text: picture.png"),
        ('<img src="picture.png" alt=" ">', "page.html:4: picture without alt text: picture.png"),
        ('<img src="gone.png" alt="x">', "page.html:4: missing file: gone.png"),
    ],
)
def test_check_html_finds_a_planted_fault(site, planted, fault):
    (site / "page.html").write_text(PAGE + "\n" + planted)
    assert rendering.faults_of(site) == [fault]


def test_check_html_knows_the_scripts_of_the_book_and_what_data_brought_in(site):
    for name in ("explorer", "growth", "kernel"):
        for word in ("a cell", "</script><script>x()</script>"):  # raster escapes it
            (site / "page.html").write_text(f"<body>{interactive.figure_html(name, {'name': word})}</body>")
            assert rendering.faults_of(site) == []
            (site / "page.html").write_text(f"<body>{interactive.figure_html(name, {'name': 'a cell'}).replace('a cell', word)}</body>")
            faults = [fault.partition(": ")[2] for fault in rendering.faults_of(site)]
            assert set(faults) == ({"unknown script: x()"} if "<" in word else set())
    (site / "page.html").write_text("<body><script>x()")
    assert ["unknown script" in fault for fault in rendering.faults_of(site)] == [True]


def test_check_html_reads_style_sheets_and_empty_folders(site, tmp_path):
    (site / "style.css").write_text("@font-face { src: url(https://fonts.example.org/a.woff2) }")
    assert rendering.faults_of(site) == ["style.css:1: loaded from another host: https://fonts.example.org/a.woff2"]
    assert rendering.faults_of(tmp_path / "nothing") == [f"{tmp_path / 'nothing'}: no html pages"]
