"""What is shown does not depend on the last bits: neither on a tie, nor where a statistic meets its null; and nothing is written raw."""

import re
from pathlib import Path

import numpy as np
import pytest

from paper_code import se2, weights
from paper_code.core import text
from paper_code.core.text import glue, spread
from paper_code.network.layers import VARIABLE, perturbed

ROOT = Path(__file__).resolve().parent.parent
NOISE = np.concatenate([[0], np.random.default_rng(0).normal(0, 1e-12, 200)])


@pytest.mark.parametrize("digits", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_value_on_a_tie_is_shown_alike_whatever_its_noise(digits, sign):
    for whole in (0, 1, 8, 42, 83.0):
        tie = sign * (whole + 0.5) / 10**digits
        texts = {text.fixed(tie + noise, digits) for noise in NOISE}
        assert len(texts) == 1
        assert abs(float(texts.pop()) - tie) <= 0.5001 / 10**digits


def test_the_median_of_shares_on_a_tie_is_shown_alike():
    assert len({spread(np.array([0.845, 0.845, 0.845]) + noise) for noise in NOISE}) == 1


@pytest.mark.parametrize(("value", "digits", "sign", "said"), [
    (-0.004, 2, "-", "0.00"), (-0.006, 2, "-", "-0.01"), (0.126, 2, "+", "+0.13"), (-1e-15, 1, "+", "+0.0"), (2.0, 0, "-", "2"),
])  # fmt: skip
def test_fixed_has_so_many_digits_and_no_minus_before_zero(value, digits, sign, said):
    assert text.fixed(value, digits, sign) == said


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_null_value_equal_to_the_statistic_counts_whatever_its_noise(scale):
    value = 0.7 * scale
    null = np.array([value, 2 * value, value / 2, -value, np.nan])
    for noise in 100 * NOISE:
        assert text.as_large(null, value * (1 + noise)).tolist() == [True, True, False, False, True]
    assert text.as_large(null, value * (1 + 1e-6)).tolist() == [False, True, False, False, True]
    assert text.as_large(np.array([1.0, 0.0]), 1e-15).tolist() == [True, True]  # zero beside values of size 1


def test_of_equal_directions_the_first_is_preferred_whatever_the_noise():
    values = np.array([0.1, 0.5, 0.1, 0.0, 0.1, 0.5, 0.1, 0.0])[:, None, None] * np.ones((1, 1, len(NOISE)))
    noisy = values * (1 + np.random.default_rng(0).normal(0, 1e-13, values.shape))
    theta, weight = se2.mode_field(noisy, np.pi)
    assert theta == pytest.approx(np.pi / 8, abs=1e-9) and weight == pytest.approx(0.5)


def test_significant_rounds_every_float_and_nothing_else():
    said = "2/3 = 0.66666666"
    numbers = {"a": np.array([1 / 3, 2e-9 / 3]), "b": [0.3 + 1e-9, (1, True, None, said)], "c": np.float64(12345.678), "d": np.int64(10**7)}
    assert text.significant(numbers) == {"a": [0.33333, 6.6667e-10], "b": [0.3, [1, True, None, said]], "c": 12346.0, "d": 10**7}


def test_glued_values_are_rounded(monkeypatch):
    kept = []
    monkeypatch.setattr("myst_nb.glue", lambda *arguments, display: kept.append((*arguments, display)))
    glue("a", np.float64(1 / 3))
    glue("b", "0.70")
    assert kept == [("a", 0.33333, False), ("b", "0.70", False)]


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.md")), ids=lambda path: path.stem)
def test_no_chapter_writes_or_glues_a_raw_number(path):
    assert not re.search(r"write_json|json\.dump|from myst_nb import|import myst_nb", path.read_text())


def test_noise_is_of_its_size_seeded_and_only_where_it_is_asked_for(monkeypatch):
    tensors = {"one": np.linspace(1, 2, 50), "two": np.linspace(1, 2, 50), "single": np.ones(50, np.float32), "count": np.arange(3)}
    assert perturbed(tensors) is tensors
    monkeypatch.setenv(VARIABLE, "")
    assert perturbed(tensors) is tensors
    monkeypatch.setenv(VARIABLE, "1")
    first, again = perturbed(tensors), perturbed(tensors)
    assert all((first[name] == again[name]).all() and first[name].dtype == tensors[name].dtype for name in tensors)
    relative = {name: first[name] / tensors[name] - 1 for name in ("one", "two", "single")}
    assert 5e-13 < relative["one"].std() < 2e-12 and (relative["one"] != relative["two"]).mean() > 0.9
    assert 0 < np.abs(relative["single"]).max() < 5e-7
    assert (first["count"] == tensors["count"]).all()
    monkeypatch.setenv(VARIABLE, "2:1e-9")
    other = perturbed(tensors)["one"] / tensors["one"] - 1
    assert 5e-10 < other.std() < 2e-9


def test_everything_that_is_loaded_from_the_weights_has_the_noise(monkeypatch):
    def loaded():
        early, start = weights.load_early("reference", 10), weights.load_snapshots("reference", 10)[0]
        network = weights.load_network("reference", 10).state_dict().values()
        arrays = [early.l0, early.l1, early.K, early.l1_gain, early.l1_offset, start.l0, start.l1]
        return arrays + [tensor.numpy() for tensor in network if tensor.dtype.is_floating_point and tensor.numel() > 4]

    plain = loaded()
    monkeypatch.setenv(VARIABLE, "1")
    for one, noisy in zip(plain, loaded(), strict=True):
        assert not np.array_equal(one, noisy) and np.allclose(one, noisy, rtol=2e-6, atol=0)
