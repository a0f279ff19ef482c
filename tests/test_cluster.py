"""The same Snakefile trains conditions and seeds on a cluster: any submit command that takes a job script will do."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from small_book import pipeline, small_book

ROOT = Path(__file__).resolve().parent.parent
PROFILES = ROOT / "paper_code" / "workflow" / "profiles"

SUBMIT = """#!/bin/sh
# The smallest scheduler: note the job, run its script in the background, answer with a job number.
for script; do :; done
echo "$1" >> submitted.txt
sh "$script" > /dev/null 2>&1 &
echo $!
"""

TINY = "--data photographs --classes first-2 --epochs 1 --set cells=8 --set lateral_size=3 --set widths=8,8,8"


@pytest.mark.skipif(" " in sys.executable, reason="Snakemake's job scripts do not quote the path of the interpreter")
def test_conditions_and_seeds_run_through_a_submit_command(tmp_path):
    """Trains two conditions and two seeds for one epoch on the photographs, as four cluster jobs."""
    (tmp_path / "book").mkdir()
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/page\n")
    (tmp_path / "book" / "page.md").write_text("# A page\n")
    (tmp_path / "requirements.txt").write_text("")
    for name in ("_config.yml", "paper_code"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "submit").write_text(SUBMIT)
    train = {"conditions": ["photographs", "no-lateral"], "seeds": [0, 3], "options": TINY}
    (tmp_path / "few.yaml").write_text(yaml.safe_dump({"train": train}))

    cluster = ["--executor", "cluster-generic", "--cluster-generic-submit-cmd", "sh submit {wildcards.condition}/{wildcards.seed}"]
    command = [sys.executable, "-m", "snakemake", "--snakefile", "paper_code/workflow/Snakefile", "--configfile", "few.yaml"]
    cluster += ["--jobs", "4", "--seconds-between-status-checks", "1"]
    done = subprocess.run([*command, *cluster, "train"], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert sorted((tmp_path / "submitted.txt").read_text().split()) == ["no-lateral/0", "no-lateral/3", "photographs/0", "photographs/3"]
    for condition in train["conditions"]:
        for seed in train["seeds"]:
            run = tmp_path / "runs" / condition / f"seed-{seed}"
            assert (run / "finished").exists()
            assert json.loads((run / "result.json").read_text())
    again = subprocess.run([*command, "--cores", "1", "--dry-run", "train"], cwd=tmp_path, capture_output=True, text=True)
    assert "Nothing to be done" in again.stdout + again.stderr
    shutil.rmtree(tmp_path / "runs")


def test_the_slurm_profile_asks_for_what_a_job_needs():
    profile = yaml.safe_load((PROFILES / "slurm" / "config.yaml").read_text())
    assert profile["executor"] == "cluster-generic"
    submit = profile["cluster-generic-submit-cmd"]
    for item in ("sbatch --parsable", "{threads}", "{resources.mem_mb}", "{resources.runtime}", "{wildcards.seed}"):
        assert item in submit


def test_training_without_images_says_why_in_one_line(tmp_path, monkeypatch):
    root = small_book(tmp_path)
    monkeypatch.chdir(root)
    monkeypatch.delenv("PAPER_CODE_IMAGES", raising=False)
    done = pipeline("train")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("error: the data set tiny-imagenet needs a place") and "[runs/reference/seed-" in done.stderr
