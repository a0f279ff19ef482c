"""A small repository with two chapters, to run the pipeline on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent

FRONT = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

```{code-cell} ipython3
:tags: [parameters]

profile = "full"
```

"""

GOOD = """```{code-cell} ipython3
from paper_code import __version__
from paper_code.core.files import write_json

print(profile)
```
"""

BAD = """```{code-cell} ipython3
numbers = [1, 2]
numbers[7]
```
"""


def small_book(folder):
    """Make it in ``folder``, under a name with a space: two chapters, one plain page, and a copy of the package; returns its root."""
    root = folder / "a book"
    (root / "book" / "_static").mkdir(parents=True)
    shutil.copytree(ROOT / "paper_code", root / "paper_code", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_config.yml", "CITATION.cff", "LICENSE"):
        shutil.copyfile(ROOT / name, root / name)
    shutil.copyfile(ROOT / "book" / "references.bib", root / "book" / "references.bib")
    for name in ("custom.css", "zoom.js"):
        (root / "book" / "_static" / name).write_text("")
    (root / "book" / "_static" / "mathjax").mkdir()
    (root / "book" / "_static" / "mathjax" / "tex-chtml.js").write_text("")
    (root / "requirements.txt").write_text("numpy\n")
    (root / "_toc.yml").write_text("format: jb-book\nroot: book/plain\nchapters:\n  - file: book/one\n  - file: book/scorecard\n")
    (root / "book" / "plain.md").write_text("# A page\n\nSee {ref}`here <there>`.\n\n(there)=\n## There\n")
    (root / "book" / "one.md").write_text(FRONT + GOOD)
    reads = FRONT.replace('"full"', '"full"\nbuild = "_build"')
    reads += '```{code-cell} ipython3\nimport json\nprint(json.load(open(f"{build}/times/one.json"))["chapter"])\n```\n'
    (root / "book" / "scorecard.md").write_text(reads)
    config = root / "paper_code" / "workflow" / "config.yaml"
    settings = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump({**settings, "chapters": {"scorecard": {"needs": True}}}))
    return root


def pipeline(*arguments, environment=None):
    """Run the pipeline in the working directory with the package that is there."""
    environment = {**(os.environ if environment is None else environment), "PYTHONPATH": ""}
    return subprocess.run([sys.executable, "-m", "paper_code.workflow", *arguments], capture_output=True, text=True, env=environment)
