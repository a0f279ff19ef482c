"""Fixtures that several test files share. What they import, they import when used: the tests of the core run without it."""

import pytest


@pytest.fixture
def say(monkeypatch, capsys):
    """Run a command in this process: (exit status, standard output, standard error)."""
    from tiny import command

    return lambda *arguments: command(monkeypatch, capsys, *arguments)


@pytest.fixture
def refused(say):
    """The command says one line on standard error that holds the words, nothing on standard output, and exits with 1."""

    def check(words, *arguments):
        status, out, err = say(*arguments)
        assert (status, out) == (1, ""), (status, out, err)
        assert err.startswith("error: ") and err.count("\n") == 1 and err.endswith("\n") and words in err, err
        return err

    return check


@pytest.fixture
def tiny_imagenet(tmp_path):
    """Tiny ImageNet in small: four classes, three training and two validation images each."""
    from PIL import Image
    from tiny import WNIDS, picture

    top = tmp_path / "images" / "tiny-imagenet-200"
    annotations = []
    (top / "val" / "images").mkdir(parents=True)
    for label, name in enumerate(WNIDS):
        (top / "train" / name / "images").mkdir(parents=True)
        for n in range(3):
            Image.fromarray(picture([label, n])).save(top / "train" / name / "images" / f"{name}_{n}.JPEG")
        for n in range(2):
            file = f"val_{4 * n + label}.JPEG"
            Image.fromarray(picture([label, n, 9], channels=1)).save(top / "val" / "images" / file)
            annotations.append(f"{file}\t{name}\t0\t0\t63\t63\n")
    (top / "val" / "val_annotations.txt").write_text("".join(sorted(annotations)))  # in the official file too, by number
    (top / "wnids.txt").write_text("\n".join(WNIDS[::-1]) + "\n")
    return top
