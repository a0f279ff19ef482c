"""Folders of images as people have them: the split is recognised or refused, and what is not used is named once with its reason."""

import os
import subprocess
import sys
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from test_images import encode, noise, read_folder
from tiny import command, fails

from paper_code.figures.training import contact_sheet

TRAINING, HELD_OUT = ("train", "Train", "TRAINING"), ("test", "TEST", "testing", "val", "Valid", "VALIDATION")


def plant(top, **folders):
    """Images of levels that tell them apart, as many as asked for in each folder: ``plant(top, **{"train/a": 3})``."""
    for number, (folder, count) in enumerate(folders.items()):
        (top / folder).mkdir(parents=True, exist_ok=True)
        for n in range(count):
            (top / folder / f"{n}.png").write_bytes(encode(np.full((64, 64), 20 * number + n, np.uint8)))
    return top


def levels(images):
    return sorted(images[:, 0, 0].tolist())


def said(capfd, root, classes=None):
    capfd.readouterr()
    return read_folder(root, classes), capfd.readouterr().err.splitlines()


def once(lines, *words):
    assert sum(all(word in line for word in words) for line in lines) == 1, (words, lines)


# splits


@pytest.mark.parametrize("test", HELD_OUT)
@pytest.mark.parametrize("train", TRAINING)
def test_a_split_is_recognised_in_any_case(tmp_path, capfd, train, test):
    plant(tmp_path, **{f"{train}/a": 2, f"{train}/b": 2, f"{test}/a": 1, f"{test}/b": 1})
    read, lines = said(capfd, tmp_path)
    assert read.classes == ("a", "b")
    assert (levels(read.train_images), levels(read.test_images)) == ([0, 1, 20, 21], [40, 60])
    assert len(lines) == 1 and f"/{train}, test images from " in lines[0] and lines[0].endswith(f"/{test}")


@pytest.mark.parametrize(
    ("test", "validation", "used"),
    [
        ("test/a", "validation/a", "test"),
        ("Test/b", "val/a", "Test"),
        ("test", "valid/a", "valid"),
        ("test/images", "val/a", "val"),
        ("test/zebra", "val/b", "val"),
        ("test/a", "val", "test"),
        ("test", "val", None),
        ("test/images", "val/images", None),
    ],
)
def test_of_test_and_validation_the_used_one_is_said_and_the_other_named(tmp_path, capfd, test, validation, used):
    plant(tmp_path, **{"train/a": 3, "train/b": 3, test: 2, validation: 2})
    read, lines = said(capfd, tmp_path)
    assert levels(read.test_images) == ([40, 41] if used == test.split("/")[0] else [60, 61]) if used else len(read.test_images) == 2
    assert read.classes == ("a", "b") and (used is None or len(read.train_images) == 6)
    once(lines, "training images from", f"/{used}" if used else "held out")
    for place in {test.split("/")[0], validation.split("/")[0]} - {used}:
        once(lines, f"skipped {tmp_path}/{place}:")


@pytest.mark.parametrize("flat", ["test", "Val", "validation"])
def test_a_flat_test_folder_is_named_and_a_tenth_held_out(tmp_path, capfd, flat):
    plant(tmp_path, **{"train/a": 12, "train/b": 12, flat: 3})
    read, lines = said(capfd, tmp_path)
    assert read.classes == ("a", "b") and np.bincount(read.test_labels).tolist() == [1, 1]
    once(lines, f"skipped {tmp_path}/{flat}: neither")
    once(lines, "held out")


def test_of_a_training_part_alone_a_tenth_is_held_out(tmp_path, capfd):
    read, lines = said(capfd, plant(tmp_path, **{"train/a": 12, "train/b": 12}))
    assert np.bincount(read.train_labels).tolist() == [11, 11] and np.bincount(read.test_labels).tolist() == [1, 1]
    assert len(lines) == 1 and f"training images from {tmp_path}/train, test images held out" in lines[0]


def test_classes_that_the_test_lacks_or_has_alone_are_named(tmp_path, capfd):
    plant(tmp_path, **{"train/a": 2, "train/b": 2, "train/c": 2, "test/a": 1, "test/b": 0, "test/d": 1})
    read, lines = said(capfd, tmp_path)
    assert read.classes == ("a", "b", "c") and read.test_labels.tolist() == [0]
    for name in "bc":
        once(lines, f"the class {name} has no test image")
    once(lines, "/d: no such class")
    fails("leaves no image for the test", read_folder, plant(tmp_path / "other", **{"train/a": 1, "train/b": 1, "test/a": 0}))
    fails(f"leaves no image for the test.*or fill {tmp_path}/single/test$", read_folder, plant(tmp_path / "single", a=1, b=1))


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        (("train", "test"), "no class folders of a training part"),
        (("Train", "valid", "cats", "dogs"), "no class folders of a training part"),
        (("train", "test/a", "test/b"), "no class folders of a training part"),
        (("test/a", "test/b", "val/a"), "no class folders of a training part"),
        (("cats", "dogs", "test"), "rename test if it is a class"),
        (("train/a", "train/b", "bus"), "may be the training part or a class"),
        (("train/a", "train/b", "unlabelled/x"), "may be the training part or a class"),
        (("data/train/a", "data/train/b", "data/test/a"), "holds 1 class folders.*or pass .*data if"),
        (("data/a", "data/b"), "holds 1 class folders.*or pass .*data if"),
        (("train/a", "test/a"), "holds 1 class folders"),
        ((), "holds 0 class folders"),
    ],
)
def test_what_looks_like_a_split_and_is_none_is_refused(tmp_path, capfd, folders, words):
    plant(tmp_path, **dict.fromkeys(folders, 3))
    fails(words, read_folder, tmp_path)


@pytest.mark.parametrize("name", ["steam_train", "train_station", "test_tube", "trained", "contest", "validity", "Trainer", "devil"])
def test_a_class_may_sound_like_a_part(tmp_path, capfd, name):
    read, lines = said(capfd, plant(tmp_path, **{name: 3, "bus": 3}))
    assert set(read.classes) == {name, "bus"} and lines == []


def test_a_vehicle_may_be_a_class(tmp_path, capfd):
    read, lines = said(capfd, plant(tmp_path, bus=3, train=3, tram=3))
    assert read.classes == ("bus", "train", "tram") and lines == []


def test_parts_that_only_their_folders_betray_are_said_to_be_taken_for_classes(tmp_path, capfd):
    plant(tmp_path, **{f"{part}/{name}": 2 for part in ("fold 0", "fold 1") for name in "ab"})
    read, lines = said(capfd, tmp_path)
    assert read.classes == ("fold 0", "fold 1")
    assert lines == ["fold 0, fold 1 all hold a, b: the former are taken for the classes, not for train and test"]


def test_other_folders_beside_a_split_are_named(tmp_path, capfd):
    plant(tmp_path, **{"train/a": 2, "train/b": 2, "val/a": 1, "unlabelled": 2, "docs/x": 1})
    (tmp_path / "README.md").write_text("of the set")
    (tmp_path / "train" / "labels.csv").write_text("0,a")
    read, lines = said(capfd, tmp_path)
    assert len(read.train_images) == 4
    for word in ("unlabelled", "docs"):
        once(lines, f"{word}: neither the training part nor a test part")
    for word in ("README.md", "labels.csv"):
        once(lines, f"{word}: it lies in no class folder")
    once(lines, "the class b has no test image")
    assert len(lines) == 6


# links, and what cannot be read


@pytest.fixture
def pair(tmp_path):
    return plant(tmp_path / "pair", **{"cats": 12, "cats/more": 3, "dogs": 12})


def test_linked_classes_and_files_are_read(pair, tmp_path, capfd):
    whole = read_folder(pair)
    outside = tmp_path / "outside"
    outside.mkdir()
    (pair / "dogs").rename(outside / "dogs")
    (pair / "dogs").symlink_to(outside / "dogs")
    (pair / "cats" / "3.png").rename(outside / "three.png")
    (pair / "cats" / "3.png").symlink_to(outside / "three.png")
    read, lines = said(capfd, pair)
    assert read.sha256 == whole.sha256 and lines == []
    (tmp_path / "link").symlink_to(pair)
    assert read_folder(tmp_path / "link").sha256 == whole.sha256


@pytest.mark.parametrize(
    ("target", "reason"),
    [(target, "a link to a folder") for target in ("nothing", "zlink", ".", "..", "/", "more", "../dogs", "/dev/zero")]
    + [("0.png", "the same file as")],
)
def test_a_link_that_adds_nothing_is_named_once(pair, capfd, target, reason):
    whole = read_folder(pair)
    (pair / "cats" / "zlink").symlink_to(target)
    read, lines = said(capfd, pair)
    assert read.sha256 == whole.sha256 and len(lines) == 1
    once(lines, f"skipped {pair}/cats/zlink: {reason}")


def test_an_image_linked_into_two_classes_serves_one(pair, capfd):
    (pair / "cats" / "0.png").unlink()
    (pair / "cats" / "0.png").symlink_to(pair / "dogs" / "1.png")
    read, lines = said(capfd, pair)
    assert len(read.train_images) + len(read.test_images) == 26
    once(lines, f"skipped {pair}/dogs/1.png: the same file as {pair}/cats/0.png")


def test_no_image_serves_for_training_and_test(tmp_path, capfd):
    plant(tmp_path, **{"train/a": 2, "train/b": 2, "test/b": 1})
    (tmp_path / "test" / "a").symlink_to("../train/a")
    read, lines = said(capfd, tmp_path)
    assert levels(read.test_images) == [40]
    for n in (0, 1):
        once(lines, f"test/a/{n}.png: the same file as")
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "train").symlink_to(tmp_path / "train")
    (tmp_path / "whole" / "test").symlink_to("train")
    fails("leaves no image for the test", read_folder, tmp_path / "whole")


def test_a_folder_that_cannot_be_listed_is_named_and_not_its_files(pair, capfd, monkeypatch):
    closed = {str(pair / "cats" / "more")}

    def refuse(call, place):
        if os.fspath(place) in closed:
            raise PermissionError(13, "Permission denied", os.fspath(place))
        return call(place)

    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, partial(refuse, getattr(os, name)))
    read, lines = said(capfd, pair)
    assert len(read.train_images) + len(read.test_images) == 24 and lines == [f"skipped {pair}/cats/more: Permission denied"]
    closed.add(str(pair))
    fails(f"cannot read {pair}: Permission denied", read_folder, pair)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_a_failure_to_read_is_not_called_damage(pair, capfd, monkeypatch, error, reason):
    opened = Image.open

    def fail(path):
        if str(path).endswith("dogs/1.png"):
            raise error
        return opened(path)

    monkeypatch.setattr(Image, "open", fail)
    read, lines = said(capfd, pair)
    assert len(read.train_images) + len(read.test_images) == 26 and len(lines) == 1
    once(lines, f"dogs/1.png: it cannot be read: {reason}")


def test_odd_files_are_named_and_hidden_ones_passed_over(pair, capfd):
    whole = read_folder(pair)
    os.mkfifo(pair / "cats" / "pipe.png")
    os.mkfifo(pair / "pipe")
    (pair / "cats" / "\x1b[31mred.png").write_text("no image")
    for name in (".DS_Store", "._0.png", "__MACOSX", ".thumbnails"):
        (pair / "cats" / name).mkdir()
        (pair / "cats" / name / "0.png").write_bytes(encode(noise(0)))
    read, lines = said(capfd, pair)
    assert read.sha256 == whole.sha256 and len(lines) == 3
    once(lines, "cats/pipe.png: a link to a folder or to nothing, or not a regular file")
    once(lines, f"{pair}/pipe: it lies in no class folder")
    once(lines, "red.png: not an image")
    assert "\x1b" not in "".join(lines)


# names


NAMES = ("a$_$", "$x^2$", "猫", "Füchse", "e\u0301", "back\\slash", "two  spaces", "%s {x}", "-rf", "tab\there", "😀", "a" * 200, "$")


@pytest.mark.parametrize("name", [*map(os.fsencode, NAMES), b"\xff\xfe", b"caf\xe9"])
def test_a_class_may_have_any_name(tmp_path, name, capfd, monkeypatch):
    top = tmp_path / "top"
    plant(top, plain=3)
    os.rename(plant(tmp_path, other=3) / "other", os.path.join(os.fsencode(top), name))
    read, lines = said(capfd, top)
    assert lines == [] and sorted(os.fsencode(one) for one in read.classes) == sorted([name, b"plain"])
    figure = contact_sheet(read)
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[read.classes.index("plain")] == "plain" and all(label.isprintable() and len(label) <= 32 for label in labels)
    assert not any(label.get_parse_math() for label in figure.axes[0].get_yticklabels())
    plt.close(figure)
    picture = tmp_path / "sheet.png"
    status, out, err = command(monkeypatch, capfd, "data", "describe", "folder", "--root", top, "--picture", picture)
    assert status == 0 and "Traceback" not in err and "Warning" not in err and Image.open(picture).width > 300


def test_the_hash_and_the_split_are_the_same_in_every_locale(tmp_path):
    names = (b"caf\xc3\xa9", "猫".encode(), b"\xff", b"plain", "ï".encode())
    for number, name in enumerate(names):
        folder = os.path.join(os.fsencode(tmp_path), b"top", name)
        os.makedirs(folder)
        for n in range(12):
            path = os.path.join(folder, (b"\xe9%d" if n % 2 else "é%d".encode()) % n + b".png")
            with open(path, "wb") as stream:
                stream.write(encode(np.full((8, 8), 20 * number + n, np.uint8)))
    code = "import sys; from paper_code import images; print(images.load('folder', sys.argv[1], progress=False).sha256)"
    found = set()
    for utf8 in "01":
        environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": utf8, "PYTHONCOERCECLOCALE": "0"}
        line = [sys.executable, "-c", code, str(tmp_path / "top")]
        found.add(subprocess.run(line, env=environment, capture_output=True, check=True, text=True).stdout)
    assert found == {read_folder(tmp_path / "top").sha256 + "\n"}


@pytest.mark.parametrize("locale", [{"PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "gbk"}])
def test_names_are_shown_in_every_locale(tmp_path, locale):
    plant(tmp_path, **{"猫": 3, "Füchse": 3})
    line = [sys.executable, "-m", "paper_code", "data", "describe", "folder", "--root", str(tmp_path)]
    environment = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", **locale}
    shown = subprocess.run(line, env=environment, capture_output=True)
    assert shown.returncode == 0 and b"chse" in shown.stdout and b"Traceback" not in shown.stderr


# images of more than 8 bits


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_an_image_of_more_than_8_bits_is_named_and_not_guessed(pair, capfd, kind):
    whole = read_folder(pair)
    Image.fromarray((np.arange(4096).reshape(64, 64)).astype(kind)).save(pair / "cats" / "deep.tif")
    read, lines = said(capfd, pair)
    assert read.sha256 == whole.sha256 and len(lines) == 1
    once(lines, f"skipped {pair}/cats/deep.tif: the image has more than 8 bits a colour", "save it with 8")


def test_colour_of_16_bits_is_named_too(pair, capfd):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(pair / "cats" / "deep.tif", np.full((64, 64, 3), 4095, np.uint16), photometric="rgb")
    once(said(capfd, pair)[1], "deep.tif: the image has more than 8 bits a colour")


# the command line


@pytest.mark.parametrize(
    "words",
    [
        ["data", "describe", "folder", "--root"],
        ["data", "describe", "tiny-imagenet", "--root"],
        ["train", "--data", "folder", "--quiet", "--root"],
        ["analyse"],
        ["measure"],
        ["weights", "collect"],
        ["robustness", "--root"],
    ],
)
def test_a_path_below_a_closed_folder_is_one_line(tmp_path, monkeypatch, capsys, words):
    from test_images import deny

    monkeypatch.chdir(tmp_path)
    deny(monkeypatch, tmp_path / "closed")
    status, out, err = command(monkeypatch, capsys, *words, tmp_path / "closed" / "x.npy")
    assert status == 1 and out == "" and err.startswith("error: ") and err.count("\n") == 1 and "Permission denied" in err, err
