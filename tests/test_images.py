"""Laws of the sources of images, and what each says of bad input."""

import io
import os
import shutil
import socket
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image
from tiny import WNIDS, fails
from tiny import picture as noise

from paper_code import images
from paper_code.core.errors import PaperCodeError
from paper_code.images import drawn, folder, stl10
from paper_code.images.image_set import ImageSet, choose_classes, decode


def encode(pixels, form="PNG", **options):
    stream = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(stream, form, **options)
    return stream.getvalue()


def pack(top, archive):
    """Zip a directory, files in an order of no use to anybody, with the bytes of each as they are."""
    with zipfile.ZipFile(archive, "w") as out:
        for path in sorted((path for path in top.parent.rglob("*") if path.is_file()), key=lambda path: path.name[::-1]):
            out.write(path, path.relative_to(top.parent), compress_type=zipfile.ZIP_DEFLATED)
    return archive


def read_tiny(root, classes=None):
    return images.load("tiny-imagenet", root, classes, progress=False)


# the image set


def image_set(pixels, labels=(0, 1), classes=("a", "b")):
    labels = np.array(labels, np.int64)
    return ImageSet("planted", classes, pixels, labels, pixels, labels)


def test_the_hash_depends_on_each_pixel_each_label_and_each_name():
    def planted():
        return [np.zeros((2, 64, 64), np.uint8), np.array([0, 1]), np.zeros((2, 64, 64), np.uint8), np.array([0, 1])]

    hashes = [ImageSet("planted", ("a", "b"), *planted()).sha256, ImageSet("planted", ("a", "c"), *planted()).sha256]
    for changed in range(4):
        arrays = planted()
        arrays[changed][-1:] ^= 1
        hashes.append(ImageSet("planted", ("a", "b"), *arrays).sha256)
    one_pixel = planted()
    one_pixel[0][1, 63, 0] = 1
    hashes.append(ImageSet("planted", ("a", "b"), *one_pixel).sha256)
    assert len(set(hashes)) == 7
    assert ImageSet("planted", ("a", "b"), *planted()).sha256 == hashes[0]


def test_moments_are_those_of_the_training_pixels():
    pixels = np.zeros((2, 64, 64), np.uint8)
    pixels[0] = 200
    described = images.describe(image_set(pixels))
    assert (described["mean"], described["sd"], described["train"], described["test"]) == (100, 100, 2, 2)
    fails("same grey level", lambda: image_set(pixels[:1].repeat(2, 0)).sd)


def test_an_image_set_has_images():
    fails("no training image", image_set, np.zeros((0, 64, 64), np.uint8), ())


def test_rules_choose_from_the_sorted_names():
    names = list("hgfedcba")
    assert choose_classes(names, None) == choose_classes(names, "all") == list("abcdefgh")
    assert choose_classes(names, "every-3") == list("adg")
    assert choose_classes(names, "first-3") == list("abc")
    for rule in ("", "every-0", "first", "last-3", "every-3 ", "-1", "every--2", "every-" + 5000 * "9", "first-" + 5000 * "9", "first-٣"):
        fails("unknown rule", choose_classes, names, rule)
    fails("leaves 1 of 8 classes", choose_classes, names, "first-1")


def test_names_and_places_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.delenv("PAPER_CODE_IMAGES", raising=False)
    fails("did you mean 'tiny-imagenet'", images.load, "Tiny_ImageNet", tmp_path)
    fails("choose one of tiny-imagenet, stl10, folder, photographs, phase-scrambled, .*white-noise$", images.load, "zebra", tmp_path)
    fails("download stl10", images.load, "stl10")
    fails("needs a place: pass --root, or set PAPER_CODE_IMAGES", images.load, "folder")
    fails("no folder and no regular file at", images.load, "folder", tmp_path / "absent")
    monkeypatch.setenv("PAPER_CODE_IMAGES", "")
    for name in ("tiny-imagenet", "stl10", "folder", "phase-scrambled"):
        fails("needs a place: pass --root", images.load, name)


# decoding


def test_grey_is_the_luma_of_itu_r_601():
    for colour, luma in (((255, 0, 0), 76.2), ((0, 255, 0), 149.7), ((0, 0, 255), 29.1), ((255, 255, 255), 255)):
        grey = decode(encode(np.full((64, 64, 3), colour, np.uint8)))
        assert np.all(np.abs(grey - luma) <= 1)


def test_every_mode_of_pillow_gives_the_same_picture():
    colour = noise(1)
    picture = Image.fromarray(colour)
    grey = decode(encode(colour)).astype(int)
    levels = np.asarray(picture.convert("L"))
    variants = {
        "CMYK": encode(picture.convert("CMYK"), "JPEG", quality=100),
        "YCbCr": encode(picture.convert("YCbCr"), "JPEG", quality=100),
        "palette": encode(Image.fromarray(levels).convert("P")),
        "opaque": encode(picture.convert("RGBA")),
        "grey and alpha": encode(Image.fromarray(levels).convert("LA")),
        "WebP": encode(picture, "WEBP", lossless=True),
    }
    for name, content in variants.items():
        assert np.abs(decode(content) - grey).mean() < 3, name


def test_what_is_transparent_is_white():
    see_through = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    see_through.paste((0, 0, 0, 255), (0, 0, 32, 64))
    for content in (encode(see_through), encode(see_through.quantize(2)), encode(see_through.convert("LA"))):
        assert decode(content)[:, :32].max() == 0 and decode(content)[:, 32:].min() == 255


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_the_exif_tag_turns_the_image_upright(form):
    upright = np.zeros((300, 300), np.uint8)
    upright[:150, :100] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # stored a quarter turn counter-clockwise of upright
    turned = decode(encode(np.ascontiguousarray(np.rot90(upright)), form, exif=exif), resize=True)
    plain = decode(encode(upright, form), resize=True)
    assert np.abs(turned.astype(int) - plain).max() < 20
    assert plain[5, 5] > 250 and plain[5, 50] < 5 and plain[50, 5] < 5


def test_a_larger_image_is_cropped_to_its_centre_and_averaged():
    wide = np.zeros((128, 256), np.uint8)
    wide[::2, 64:192:2] = wide[1::2, 65:192:2] = 255  # a checkerboard of single pixels averages to grey
    small = decode(encode(wide), resize=True)
    assert np.all(np.abs(small[4:-4, 4:-4].astype(int) - 127.5) < 3)
    with pytest.raises(ValueError, match="256 x 128 pixels, not 64 x 64"):
        decode(encode(wide))


def test_a_large_jpeg_is_reduced_as_the_same_png_is():
    large = noise(3, 2048, 1)
    jpeg, png = (decode(encode(large, form), resize=True).astype(int) for form in ("JPEG", "PNG"))
    assert np.abs(jpeg - png).max() <= 4


def test_a_smaller_image_is_enlarged():
    assert decode(encode(np.full((1, 3), 90, np.uint8)), resize=True).tolist() == [[90] * 64] * 64


def test_damage_is_a_value_error_wherever_it_is():
    content = encode(noise(4, 64), "PNG")
    random = np.random.default_rng(0)
    for form in ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"):
        content = encode(noise(4, 64), form)
        for cut in range(0, len(content), max(1, len(content) // 25)):
            spoilt = bytearray(content[:cut] if cut % 2 else content)
            for place in random.integers(0, max(1, len(spoilt)), 3):
                spoilt[place : place + 1] = b"\xff"
            try:
                assert decode(bytes(spoilt), resize=True).shape == (64, 64)
            except ValueError as error:
                assert str(error)


# Tiny ImageNet


def test_archive_parent_and_directory_are_the_same_set(tiny_imagenet, tmp_path):
    (tiny_imagenet / "train" / WNIDS[0] / "images" / ".DS_Store").write_bytes(b"junk")
    sets = [read_tiny(root) for root in (tiny_imagenet, tiny_imagenet.parent, pack(tiny_imagenet, tmp_path / "tiny.zip"))]
    assert len({each.sha256 for each in sets}) == 1
    assert sets[0].classes == tuple(WNIDS)
    assert sets[0].train_labels.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    for label in range(4):
        for n in range(3):
            np.testing.assert_array_equal(sets[2].train_images[3 * label + n], decode(encode(noise([label, n]), "JPEG")))
        for n in range(2):
            planted = decode(encode(noise([label, n, 9], channels=1), "JPEG"))
            np.testing.assert_array_equal(sets[2].test_images[sets[2].test_labels == label][n], planted)


def test_a_rule_reads_the_same_images_from_a_subset_archive(tiny_imagenet, tmp_path):
    whole = read_tiny(tiny_imagenet, "every-2")
    assert whole.classes == (WNIDS[0], WNIDS[2]) and set(whole.train_labels) == set(whole.test_labels) == {0, 1}
    for name in (WNIDS[1], WNIDS[3]):
        shutil.rmtree(tiny_imagenet / "train" / name)
    subset = pack(tiny_imagenet, tmp_path / "subset.zip")
    assert read_tiny(subset, "every-2").sha256 == whole.sha256
    fails(f"no training images of class {WNIDS[1]}", read_tiny, subset)


def test_a_truncated_archive_is_one_line(tiny_imagenet, tmp_path):
    archive = pack(tiny_imagenet, tmp_path / "tiny.zip")
    content = archive.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 1):
        archive.write_bytes(content[:length])
        fails("truncated", read_tiny, archive)


def test_a_flipped_byte_in_the_archive_is_one_line(tiny_imagenet, tmp_path):
    archive = pack(tiny_imagenet, tmp_path / "tiny.zip")
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as whole:
        entry = whole.getinfo(f"tiny-imagenet-200/train/{WNIDS[2]}/images/{WNIDS[2]}_1.JPEG")
    for offset in (5, 60, 200):  # in the local header or in the deflated bytes
        spoilt = bytearray(content)
        spoilt[entry.header_offset + len(entry.filename) + 30 + offset] ^= 0x55
        archive.write_bytes(spoilt)
        fails(f"{WNIDS[2]}_1.JPEG cannot be read", read_tiny, archive)


def test_images_that_do_not_belong_are_named(tiny_imagenet):
    file = tiny_imagenet / "train" / WNIDS[1] / "images" / f"{WNIDS[1]}_2.JPEG"
    whole = file.read_bytes()
    for content, match in (
        (encode(noise(0, 96), "JPEG"), "96 x 96 pixels, not 64 x 64"),
        (whole[: len(whole) // 2], "truncated"),
        (b"not an image", "not an image"),
    ):
        file.write_bytes(content)
        fails(f"{file.name} cannot be read .*{match}", read_tiny, tiny_imagenet)


def test_files_of_the_layout_that_are_missing_are_named(tiny_imagenet, tmp_path):
    (tiny_imagenet / "val" / "images" / "val_3.JPEG").unlink()
    fails("val_3.JPEG", read_tiny, tiny_imagenet)
    fails("val_3.JPEG", read_tiny, pack(tiny_imagenet, tmp_path / "tiny.zip"))
    (tiny_imagenet / "val" / "val_annotations.txt").unlink()
    fails("cannot read .*val_annotations.txt", read_tiny, tiny_imagenet)
    (tiny_imagenet / "wnids.txt").unlink()
    fails("holds no tiny-imagenet-200/wnids.txt", read_tiny, tiny_imagenet)


@pytest.mark.parametrize("value", [0x01, 0x40, 0xFF])
def test_any_byte_of_the_directory_of_an_archive_may_be_wrong(tiny_imagenet, tmp_path, value):
    """Each is one line, or an archive that reads as before: whatever byte 6 of an entry asks for, or a name that is not UTF-8."""
    for path in (tiny_imagenet / "train").glob("*/images/*_[12].JPEG"):
        path.unlink()
    archive = pack(tiny_imagenet, tmp_path / "tiny.zip")
    content = archive.read_bytes()
    start = content.index(b"PK\x01\x02")
    for place in (*range(start, start + 60), *range(len(content) - 22, len(content))):
        archive.write_bytes(content[:place] + bytes([content[place] ^ value]) + content[place + 1 :])
        try:
            read_tiny(archive)
        except PaperCodeError as error:
            assert "\n" not in str(error)


def test_an_image_of_more_than_8_bits_is_no_image_of_tiny_imagenet(tiny_imagenet):
    file = tiny_imagenet / "train" / WNIDS[1] / "images" / f"{WNIDS[1]}_2.JPEG"
    file.write_bytes(encode(np.full((64, 64), 4000, np.uint16)))
    fails("more than 8 bits", read_tiny, tiny_imagenet)


@pytest.mark.parametrize("name", ["tiny-imagenet", "stl10", "folder", "phase-scrambled"])
@pytest.mark.parametrize("kind", ["fifo", "device", "closed", "long", "loop"])
def test_a_place_that_is_no_place_is_refused_at_once(tmp_path, monkeypatch, name, kind):
    place = tmp_path / "place"
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "device":
        place = "/dev/zero"
    elif kind == "closed":
        deny(monkeypatch, tmp_path)
    elif kind == "long":
        place = tmp_path / ("x" * 5000)
    else:
        place.symlink_to(place)
    words = {"fifo": "no folder and no regular file", "closed": "Permission denied", "long": "too long"}
    fails(words.get(kind, words["fifo"]), images.load, name, place)
    monkeypatch.setenv("PAPER_CODE_IMAGES", str(place))
    fails(words.get(kind, words["fifo"]), images.load, name)


def deny(monkeypatch, place):
    """Nothing below a folder can be opened, asked after or listed, whoever runs the tests."""

    def guarded(call):
        def refuse(path, *arguments, **keywords):
            if not isinstance(path, int) and os.fsdecode(path).startswith(f"{place}/"):
                raise PermissionError(13, "Permission denied", os.fsdecode(path))
            return call(path, *arguments, **keywords)

        return refuse

    for name in ("stat", "lstat", "listdir"):
        monkeypatch.setattr(os, name, guarded(getattr(os, name)))


@pytest.mark.parametrize("name", images.WITHOUT_ROOT)
def test_a_source_without_a_place_refuses_one(name, tmp_path):
    for root in ("/none", tmp_path):
        fails("needs no --root", images.load, name, root)


# STL-10


def flag():
    """An asymmetric colour picture, uint8 (96 rows, 96 columns, 3): a red bar along the top, a green block on the lower left."""
    picture = np.zeros((96, 96, 3), np.uint8)
    picture[:12, :, 0] = 255
    picture[72:, :36, 1] = 255
    return picture


@pytest.fixture
def stl(tmp_path):
    """STL-10 in small, twenty training and ten test images, written as its authors' Matlab did: columns first."""
    top = tmp_path / "data" / "stl10_binary"
    top.mkdir(parents=True)
    for split, count in (("train", 20), ("test", 10)):
        pictures = np.stack([noise([count, n], 96) for n in range(count)])
        pictures[7] = flag()
        (top / f"{split}_X.bin").write_bytes(b"".join(picture[..., channel].tobytes("F") for picture in pictures for channel in range(3)))
        (top / f"{split}_y.bin").write_bytes(bytes(n % 10 + 1 for n in range(count)))
    (top / "class_names.txt").write_text("\n".join(stl10.CLASSES) + "\n")
    return top


def pack_stl(top, archive):
    with tarfile.open(archive, "w:gz") as out:
        for name in ("test_X.bin", "test_y.bin", "train_X.bin", "train_y.bin", "class_names.txt"):
            out.add(top / name, f"stl10_binary/{name}")
    return archive


def read_stl(root, classes=None):
    return images.load("stl10", root, classes, progress=False)


def test_stl10_is_column_major_and_its_labels_start_at_one(stl):
    read = read_stl(stl)
    for picture in (read.train_images[7], read.test_images[7]):
        assert np.all(np.abs(picture[1:7, 1:-1].astype(int) - 76) < 8)  # red bar along the top
        assert np.all(np.abs(picture[50:-1, 1:22].astype(int) - 150) < 12)  # green block on the lower left
        assert picture[11:45].max() < 12 and picture[50:, 27:].max() < 12
    assert read.train_labels.tolist() == 2 * list(range(10)) and read.test_labels.tolist() == list(range(10))
    assert read.classes[0] == "airplane" and read.classes[9] == "truck"


def test_stl10_is_reduced_without_aliases(stl):
    stripes = np.zeros((96, 96, 3), np.uint8)
    stripes[:, ::2] = 255  # half a cycle a pixel, beyond what 64 pixels can carry
    content = bytearray((stl / "train_X.bin").read_bytes())
    content[: stl10.IMAGE_BYTES] = b"".join(stripes[..., channel].tobytes("F") for channel in range(3))
    (stl / "train_X.bin").write_bytes(content)
    assert read_stl(stl).train_images[0, 8:-8, 8:-8].std() < 8


def test_stl10_archive_parent_and_directory_are_the_same_set(stl, tmp_path):
    archive = pack_stl(stl, tmp_path / "stl10_binary.tar.gz")
    assert len({read_stl(root).sha256 for root in (stl, stl.parent, archive)}) == 1


def test_stl10_classes_follow_the_rule(stl):
    read, whole = read_stl(stl, "every-4"), read_stl(stl)
    assert read.classes == ("airplane", "deer", "ship")
    assert read.train_labels.tolist() == [0, 1, 2, 0, 1, 2]
    np.testing.assert_array_equal(read.train_images, whole.train_images[[0, 4, 8, 10, 14, 18]])


def test_stl10_files_of_the_wrong_size_are_one_line(stl, tmp_path):
    whole = (stl / "train_X.bin").read_bytes()
    for content, match in (
        (whole[:-1], "train_X.bin has 552,959 bytes, not a multiple of 27,648"),
        (b"", "has 0 bytes"),
        (whole[: -stl10.IMAGE_BYTES], "a label, 1 to 10, for each of 19 images"),
    ):
        (stl / "train_X.bin").write_bytes(content)
        fails(match, read_stl, stl)
        fails(match, read_stl, pack_stl(stl, tmp_path / "stl10_binary.tar.gz"))
    (stl / "train_X.bin").write_bytes(whole)
    (stl / "train_y.bin").write_bytes(bytes(20))
    fails("a label, 1 to 10, for each of 20 images", read_stl, stl)
    (stl / "train_y.bin").unlink()
    fails("holds no train_y.bin", read_stl, stl)


def test_a_truncated_stl10_archive_is_one_line(stl, tmp_path):
    archive = pack_stl(stl, tmp_path / "stl10_binary.tar.gz")
    content = archive.read_bytes()
    for length in (0, 5, 1000, len(content) // 2, len(content) * 9 // 10):
        archive.write_bytes(content[:length])
        fails("truncated", read_stl, archive)


def test_a_flipped_byte_in_the_stl10_archive_is_one_line(stl, tmp_path):
    archive = pack_stl(stl, tmp_path / "stl10_binary.tar.gz")
    content = archive.read_bytes()
    for place in np.linspace(30, len(content) - 5, 12).astype(int):
        archive.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        fails("fetch (it|the archive) again", read_stl, archive)


# a folder of one's own


@pytest.fixture
def mixed(tmp_path):
    """Two classes of twelve images of mixed kinds and sizes, with what people leave in folders."""
    top = tmp_path / "mine"
    for label, name in enumerate(("cats", "dogs")):
        (top / name / "more").mkdir(parents=True)
        for n in range(12):
            picture = noise([label, n], 40 + 30 * n, 1 if n % 3 == 0 else 3)
            place = top / name / "more" if n == 11 else top / name
            (place / f"picture {n}.{'png' if n % 4 == 0 else 'JPG'}").write_bytes(encode(picture, "PNG" if n % 4 == 0 else "JPEG"))
    whole = encode(noise(5, 200), "JPEG")
    (top / "cats" / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (top / "cats" / "notes.txt").write_text("not an image")
    (top / "dogs" / "empty.png").write_bytes(b"")
    (top / "dogs" / "broken\nname.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (top / "dogs" / ".DS_Store").write_bytes(b"junk")
    (top / ".git").mkdir()
    (top / "README").write_text("beside the classes")
    return top


def read_folder(root, classes=None):
    return images.load("folder", root, classes, progress=False)


def test_bad_files_are_named_in_one_line_each_and_the_rest_is_read(mixed, capfd):
    read = read_folder(mixed)
    assert read.classes == ("cats", "dogs")
    assert np.bincount(read.train_labels).tolist() == [11, 11] and np.bincount(read.test_labels).tolist() == [1, 1]
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 5
    for line, (file, reason) in zip(
        lines,
        (
            ("README", "in no class folder"), ("notes.txt", "not an image"),
            ("truncated.jpg", "truncated"), ("broken name.png", ""), ("empty.png", "not an image"),
        ),
        strict=True,
    ):  # fmt: skip
        assert line.startswith("skipped") and file in line and reason in line


def test_the_split_of_a_folder_ignores_the_order_of_its_files(mixed, monkeypatch):
    first = read_folder(mixed)
    listdir = os.listdir
    monkeypatch.setattr(folder.os, "listdir", lambda place: listdir(place)[::-1])
    assert read_folder(mixed).sha256 == first.sha256


def test_a_tenth_is_held_out_and_serves_once(tmp_path):
    for label, (name, count) in enumerate((("a", 30), ("b", 2), ("c", 1))):
        (tmp_path / name).mkdir()
        for n in range(count):
            (tmp_path / name / f"{n}.png").write_bytes(encode(np.full((64, 64), 100 * label + n, np.uint8)))
    read = read_folder(tmp_path)
    assert np.bincount(read.test_labels, minlength=3).tolist() == [3, 1, 0]
    levels = [*read.train_images[:, 0, 0], *read.test_images[:, 0, 0]]
    assert sorted(levels) == [*range(30), 100, 101, 200]
    (tmp_path / "a" / "30.png").write_bytes(encode(np.full((64, 64), 30, np.uint8)))
    held_out = set(read.test_images[:, 0, 0])
    assert len(held_out & set(read_folder(tmp_path).test_images[:, 0, 0])) >= 3  # one more file moves at most one


def test_a_class_without_a_readable_image_is_left_out(mixed, capfd):
    (mixed / "birds").mkdir()
    (mixed / "birds" / "song.mp3").write_bytes(b"chirp")
    (mixed / "ants").mkdir()
    read = read_folder(mixed)
    assert read.classes == ("cats", "dogs") and set(read.train_labels) == {0, 1}
    lines = capfd.readouterr().err
    assert "skipped the class ants" in lines and "skipped the class birds" in lines


def test_a_folder_of_no_use_is_one_line(mixed):
    fails("leaves 1 of 2 classes", read_folder, mixed, "first-1")
    fails("is not a folder", read_folder, mixed / "README")
    for path in (mixed / "dogs").rglob("picture*"):
        path.write_bytes(b"spoilt")
    fails("readable images of 1 classes", read_folder, mixed)


# photographs


def test_photographs_need_no_network_and_are_the_same_each_time(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    first, second = (images.load("photographs", progress=False) for _ in range(2))
    assert first.sha256 == second.sha256
    assert np.bincount(first.train_labels).tolist() == [240] * 11 and np.bincount(first.test_labels).tolist() == [60] * 11
    fewer = images.load("photographs", classes="every-5", progress=False)
    assert fewer.classes == ("astronaut", "coins", "rocket")
    np.testing.assert_array_equal(fewer.train_images[fewer.train_labels == 1], first.train_images[first.train_labels == 5])


def test_no_pixel_of_a_photograph_serves_for_training_and_test():
    for name in drawn.PHOTOGRAPHS:
        picture = drawn.photograph(name)
        train, test = drawn.regions(picture)
        assert not np.shares_memory(train, test) and train.size + test.size == picture.size
        assert min(*train.shape, *test.shape) >= 64 * max(drawn.SCALES)


def test_patches_keep_to_their_side_and_average_without_a_shift(monkeypatch):
    shapes = {name: drawn.photograph(name).shape for name in drawn.PHOTOGRAPHS}

    def ramp(name):
        rows, columns = shapes[name]
        along = np.arange(max(rows, columns)) * 255 // max(rows, columns)
        return np.broadcast_to(along[:, None] if rows > columns else along, (rows, columns)).astype(np.uint8)

    monkeypatch.setattr(drawn, "photograph", ramp)
    read = drawn.photographs(progress=False)
    for label in range(len(shapes)):
        assert read.train_images[read.train_labels == label].max() <= read.test_images[read.test_labels == label].min()

    region = np.arange(200 * 300, dtype=float).reshape(200, 300) % 251
    for scale in (1, 2, 3):
        row, column = (np.random.default_rng(8).integers(0, [n - 64 * scale + 1 for n in region.shape])).tolist()
        patch = drawn.cut(region, scale, np.random.default_rng(8))
        window = region[row : row + 64 * scale, column : column + 64 * scale]
        assert patch[3, 5] == np.rint(window[3 * scale : 4 * scale, 5 * scale : 6 * scale].mean())


# the real archive, where there is one


@pytest.mark.skipif(not os.environ.get("PAPER_CODE_IMAGES"), reason="PAPER_CODE_IMAGES does not point at Tiny ImageNet")
def test_the_real_archive():
    read = images.load("tiny-imagenet", classes="every-10", progress=False)
    assert len(read.classes) == 20 and len(read.train_images) == 10_000 and len(read.test_images) == 1_000
    assert np.all(np.bincount(read.train_labels) == 500) and np.all(np.bincount(read.test_labels) == 50)
    assert 100 < read.mean < 130 and 55 < read.sd < 75
