"""What a person types into a file is refused in one line that names the file and the field."""

import copy

import pytest

from paper_code.core.errors import PaperCodeError
from paper_code.core.schema import Config, check, read

FILE = "paper_code/workflow/config.yaml"


@pytest.fixture
def config(request):
    return read(Config, request.config.rootpath / FILE).model_dump()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("profile",), "nonsense"),
        (("profil",), "quick"),
        (("build",), ""),
        (("build",), 3),
        (("data",), "data/*"),
        (("chapters", "intro", "need"), ["all"]),
        (("chapters", "intro", "needs"), "all"),
        (("chapters", "intro", "parameters"), [1]),
        (("train",), None),
        (("train", "seeds"), [0, -1]),
        (("train", "seeds"), ["0"]),
        (("train", "seeds"), [2**32]),
        (("train", "conditions"), ["../x"]),
        (("train", "threads"), 0),
        (("train", "minutes"), 1.5),
        (("train", "memory_mb"), True),
        (("train", "option"), "--epochs 3"),
    ],
)
def test_a_slip_in_the_settings_is_named(config, place, value):
    wrong = inner = copy.deepcopy(config)
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(PaperCodeError, match=rf"^{FILE}: {'.'.join(place)}.*; correct it$") as caught:
        check(Config, wrong, FILE, "correct it")
    assert "\n" not in str(caught.value)
    assert check(Config, config, FILE, "correct it").model_dump() == config


@pytest.mark.parametrize("content", [b"", b"a: [", b"- a\n- b\n", b"\xff\xfe", b"profile: full\n", b"a: !!python/object:os.system x"])
def test_a_file_that_is_no_settings_is_refused(tmp_path, content):
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(PaperCodeError, match="config.yaml") as caught:
        read(Config, path)
    assert "\n" not in str(caught.value)
    path.unlink()
    with pytest.raises(PaperCodeError, match="cannot read .*config.yaml"):
        read(Config, path)
