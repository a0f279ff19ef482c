"""The package reads in the order of the book, one name has one home, its core is light, and it has one version."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

import paper_code

ROOT = Path(__file__).resolve().parent.parent
LIGHT = ("se2", "filters", "filters.gabor", "filters.radial", "filters.nulls", "lateral", "lateral.bank", "lateral.harmonics")
LIGHT += (
    "lateral.models",
    "lateral.pedestal",
    "lateral.views",
    "lateral.nulls",
    "lateral.invariance",
    "core.statistics",
    "core.table",
    "analyse",
    "analyse.inputs",
)
HEAVY = ("torch", "PIL", "skimage", "pydantic", "safetensors", "typer", "pooch", "requests", "tqdm", "matplotlib", "pandas")


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)


def test_imports_run_down_the_list(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_no_public_name_is_in_two_modules():
    """A figure may have the name of what it draws; commands have the names that people type."""
    places = {}
    for path in sorted((ROOT / "paper_code").rglob("*.py")):
        kind = "figures" if "figures" in path.parts else "other"
        if path.name not in ("cli.py", "__main__.py"):
            defined = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
            for name in defined:
                if name != "main" and not name.startswith("_"):
                    places.setdefault((kind, name), []).append(str(path.relative_to(ROOT)))
    assert len(places) > 500
    assert {name: some for (_, name), some in places.items() if len(some) > 1} == {}


def test_the_core_needs_numpy_and_scipy_alone():
    lines = [f"import paper_code.{name}" for name in LIGHT] + ["import sys", f"print([one for one in {HEAVY} if one in sys.modules])"]
    done = run("\n".join(lines))
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_weights_are_read_with_neither_pytorch_nor_pillow():
    missing = "import sys; sys.modules.update(dict.fromkeys(('torch', 'PIL', 'tqdm', 'skimage', 'pooch')))"
    places = "weights.load_early('reference', 10).K.shape, weights.configuration('reference', 10).stride"
    done = run(f"{missing}\nfrom paper_code import weights\nprint({places})")
    assert done.stdout == "(64, 64, 11, 11) 2\n", done.stderr


def test_the_tests_of_the_core_are_found_without_what_it_does_not_need():
    names = re.search(r"^CORE := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    words = ["--collect-only", "-q", "-p", "no:cacheprovider", *(f"tests/test_{name}.py" for name in names)]
    code = f"""
import sys, pytest
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {set(HEAVY) - {"matplotlib", "PIL"}}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Missing())
sys.exit(pytest.main({words}))
"""
    done = run(code)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_what_the_core_needs_is_what_it_is_installed_with():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert sorted(project["dependencies"]) == ["matplotlib", "numpy", "scipy"]
    locked = {re.split("[=<>]", line)[0].lower() for line in (ROOT / "requirements.in").read_text().split()}
    named = {re.split("[=<>]", one)[0].lower() for extra in project["optional-dependencies"].values() for one in extra}
    assert locked >= (named | {"numpy", "scipy", "matplotlib"}) - {"paper_code[train]", "paper_code[book]"}


def test_a_missing_package_is_one_line():
    code = "import sys; sys.modules['typer'] = None; sys.argv = ['paper-code', '--help']; from paper_code.__main__ import main; main()"
    done = run(code)
    assert (
        done.returncode == 1
        and done.stderr == "error: this needs the package typer: python -m pip install '.[cli]' in the repository of paper_code\n"
    )


def test_there_is_one_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == paper_code.__version__
    latest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    assert latest == paper_code.__version__
    assert (ROOT / "paper_code" / "py.typed").is_file()
