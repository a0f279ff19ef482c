"""The tidy table comes back as it was written, answers one question with one number, and refuses what is no table."""

import math

import numpy as np
import pytest

from paper_code.core.errors import PaperCodeError
from paper_code.core.plan import plan, plan_sha256, reported
from paper_code.core.table import COLUMNS, END, Row, Table, read_table, write_table
from paper_code.report.verdict import verdict

ROWS = [
    Row("reference", "10", "end", "K.like", "raw", "2-14", 0.1234567891, null=-1e-9),
    Row("reference", "2", "end", "K.like", "raw", "2-14", 0.25),
    Row("reference", "all", "end", "K.like", "raw", "2-14", 0.2, 0.1, 0.3, 0.01, 0.0),
    Row("reference", "10", "155", "l0.log_r2", value=0.5),
    Row('with, "quotes"', "0", "0", "a", value=1e-300),
]


def test_a_table_comes_back_to_five_digits_whatever_the_order(tmp_path):
    write_table(tmp_path / "one.csv", ROWS)
    write_table(tmp_path / "two.csv", ROWS[::-1])
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    found = read_table(tmp_path / "one.csv")
    assert found.one(seed=10, measure="K.like").value == pytest.approx(0.12346, abs=1e-12)
    assert math.isnan(found.one(seed=2, measure="K.like").p) and found.one(condition='with, "quotes"').value == 1e-300


def test_networks_come_in_the_order_of_their_seeds_without_the_estimate():
    values, seeds = Table(ROWS).networks(measure="K.like")
    assert seeds == [2, 10] and list(values) == [0.25, 0.1234567891]
    for wanted in (10, "10", np.array(10), [10], (10,), {10}, range(10, 11), np.array([10]), {10: 1}.keys(), np.array(["10"])):
        assert Table(ROWS).networks(measure="K.like", seed=wanted)[1] == [10]


def test_one_number_is_one_number():
    for wanted, says in (({"measure": "K.like"}, "3 rows"), ({"measure": "none"}, "0 rows")):
        with pytest.raises(PaperCodeError, match=says) as caught:
            Table(ROWS).one(**wanted)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n", b"\xff\xfe", ",".join(COLUMNS).encode() + b"\n1,2\n", ",".join(COLUMNS).encode() + b"\na,b,c,d,e,f,x,,,,\n"],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(PaperCodeError, match="table.csv") as caught:
        read_table(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(PaperCodeError, match="there is no file .*none.csv"):
        read_table(tmp_path / "none.csv")


@pytest.mark.parametrize(
    "low, value, high, p, options, wanted",
    [
        (0.05, 0.1, 0.15, 0.001, {}, "holds"),
        (0.05, 0.1, 0.15, 0.06, {}, "not settled"),  # after Holm
        (-0.01, 0.1, 0.2, 0.04, {}, "not settled"),
        (-0.01, 0.0, 0.01, 0.9, {}, "does not hold"),
        (-0.2, -0.1, -0.05, 0.001, {}, "not settled"),  # the other way round is not nothing
        (0.96, 0.97, 0.98, 0.001, {"threshold": 0.95}, "holds"),
        (0.94, 0.96, 0.98, 0.001, {"threshold": 0.95}, "not settled"),
        (0.90, 0.92, 0.94, 0.001, {"threshold": 0.95}, "does not hold"),
    ],
)
def test_a_verdict_follows_the_plan(low, value, high, p, options, wanted):
    assert verdict(Row("c", "all", "end", "m", value=value, low=low, high=high, p=p, null=0.0), p, **options) == wanted


def test_the_plan_names_what_the_code_measures():
    from paper_code.lateral import harmonics, invariance, models, pedestal

    settings = plan()
    assert {name: tuple(pair) for name, pair in settings["harmonics"]["terms"].items()} == harmonics.TERMS
    assert {name: tuple(names) for name, names in settings["harmonics"]["versions"].items()} == harmonics.VERSIONS
    for ring, (low, high) in settings["harmonics"]["rings"].items():
        edges = [harmonics.EDGES[part : part + 2] for part in harmonics.RINGS[ring]]
        assert (edges[0][0], edges[-1][1]) == (low, high)
    assert tuple(settings["invariance"]["k"]) == invariance.MODULATIONS
    assert set(settings["models"]["families"]) == set(models.FAMILIES) and set(settings["models"]["rings"]) == set(pedestal.RINGS)
    assert {name: tuple(names) for name, names in settings["models"]["pedestals"].items()} == pedestal.PEDESTALS
    assert len(settings["primary"]) == 5 and {one["claim"] for one in settings["primary"]} == {3, 4}


def test_the_plan_is_frozen():
    """Its hash is in the identity of every reported run: to change it would make another plan of it."""
    assert plan_sha256() == "9b6c42b5e01806cea6eb15a884a41ee288f257e7da31f5d407f310b1eae9ba1e"


def test_reported_networks_are_those_of_the_plan_once_all_are_there():
    assert reported("reference", [0, 1, *range(10, 20)]) == list(range(10, 20))
    assert reported("reference", [0, 1, 10, 12]) == [0, 1]  # not yet: none is looked at before the last is trained
    assert reported("reference", [0, 1]) == [0, 1] and reported("control", [0, 1]) == [0, 1]
    assert reported("turned", [10, 11]) == [] and reported("turned", range(10, 15)) == [10, 11, 12, 13, 14]


@pytest.mark.parametrize(
    ("there", "taken"), [((0, 10, 19, 11), (10, 11, 19)), ((1, 0), (0, 1)), ((), ())], ids=["reported", "exploratory alone", "none"]
)
def test_files_of_an_earlier_build_are_passed_over(tmp_path, there, taken):
    pytest.importorskip("torch")
    from paper_code.report.networks import files_of

    for seed in there:
        path = tmp_path / "networks" / "reference" / f"seed-{seed}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [path.stem for path in files_of(tmp_path, "reference")] == [f"seed-{seed}" for seed in taken]


def test_rows_come_in_the_order_in_which_they_are_asked_for():
    names = [f"K.{letter}" for letter in "qwertyuiop"]
    table = Table([Row("reference", "0", END, name, value=1.0) for name in sorted(names)])
    assert [row.measure for row in table.where(measure=names).rows] == names
