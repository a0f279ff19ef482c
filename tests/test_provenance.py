"""The tables of the reproducibility chapter say what the manifest says."""

from paper_code import weights
from paper_code.report import provenance


def test_every_network_and_every_set_of_images_is_listed():
    networks = weights.manifest()["networks"]
    rows = provenance.network_rows()
    assert [row[0] for row in rows] == [f"`{key}`" for key in sorted(networks)]
    for row, key in zip(rows, sorted(networks), strict=True):
        assert row[-1].strip("`…") == networks[key]["files"]["early"]["sha256"][:12]
    assert sum(row[-1] for row in provenance.image_sets()) == len(networks)


def test_environment_names_the_installed_torch():
    import torch

    assert dict(map(tuple, provenance.environment()))["torch"] == torch.__version__


def test_times_are_those_on_disk(tmp_path):
    (tmp_path / "times").mkdir()
    (tmp_path / "times" / "04_lgn.json").write_text('{"chapter": "04_lgn", "profile": "full", "seconds": 12.5}')
    assert provenance.chapter_times(tmp_path) == [["04_lgn", 12.5]]
    assert provenance.chapter_times(tmp_path / "elsewhere") == []
