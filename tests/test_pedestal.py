"""What a model adds to a pedestal on the network left out: planted kernels are found, and noise, pedestals and wrong phases are not."""

from dataclasses import replace
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest
from lateral_cells import noise

from paper_code.core.errors import PaperCodeError
from paper_code.core.statistics import over_networks
from paper_code.lateral import Cells, pair_frame, pedestal
from paper_code.lateral.harmonics import RINGS, TERMS
from paper_code.lateral.models import FAMILIES, Library, library, model
from paper_code.report.models import harmonics

COUNT, SIDE, STRIDE, NETWORKS = 14, 11, 2, 4
DP = {"length": 12.0, "diffusion": 0.3, "blur": 1.6}
KEPT = {
    "scale": {3.0, 6.0},
    "exponent": {2},
    "kappa": {0.0, 1.0},
    "elongation": {1.0, 2.0},
    "length": {6.0, 12.0},
    "diffusion": {0.3},
    "blur": {1.6},
}


@lru_cache(maxsize=1)
def few():
    """A part of the library that is quickly evaluated."""
    whole = library()
    kept = [
        element
        for element in range(len(whole))
        for family in [next(name for name in FAMILIES if element in whole.members[name])]
        if all(value in KEPT[name] for name, value in whole.parameters(family, element).items())
    ]
    members = {family: np.flatnonzero(np.isin(kept, elements)) for family, elements in whole.members.items()}
    return Library(tuple(whole.elements[one] for one in kept), members)


@lru_cache(maxsize=NETWORKS)
def network(seed):
    rng = np.random.default_rng([3, seed])
    x, y = rng.uniform(-1.5, 1.5, (2, COUNT))
    cells = Cells(x, y, rng.uniform(0, np.pi, COUNT), rng.uniform(0.1, 0.18, COUNT), rng.uniform(-np.pi, np.pi, COUNT))
    return cells, pair_frame(cells, SIDE, STRIDE)


def placed(frame, values):
    kernel = np.zeros((COUNT, COUNT, SIDE, SIDE))
    kernel[frame.target, frame.source] = values.reshape(-1, SIDE, SIDE)
    return kernel


def parallel(frame, wave=np.cos):
    """A kernel of the pedestal: constant in rings of 1 px, of both signs, and tuned to the turn."""
    step = np.floor(frame.distance)
    rho, tau = np.exp(-step / 3) - 0.1, 0.8 * np.exp(-step / 4)
    return placed(frame, (rho + tau * np.cos(2 * frame.turn)[:, None]) * wave(frame.phase))


def sums_of(make):
    """Sums of planted networks; ``make`` has (seed, cells, frame) and gives a kernel. RF is one more noise."""
    found = []
    for seed in range(NETWORKS):
        cells, frame = network(seed)
        regressors = {"RF": noise(COUNT, SIDE, [11, seed]), "CO": noise(COUNT, SIDE, [12, seed])}
        found.append(pedestal.model_sums(frame, make(seed, cells, frame), regressors, few()))
    return found


@lru_cache(maxsize=1)
def planted():
    """A direction process on a parallel core, in noise, and the g that it has in each network."""
    true = []

    def make(seed, cells, frame):
        own = 1.5 * model(frame, "DP", DP)
        kernel = parallel(frame) + own + 0.5 * noise(COUNT, SIDE, [4, seed])
        inside = (frame.distance >= 2) & (frame.distance < 14)
        spread = [part[frame.target, frame.source].reshape(inside.shape) for part in (own, kernel)]
        true.append(spread[0][inside].std() / spread[1].std())
        return kernel

    return sums_of(make), np.array(true)


@pytest.mark.parametrize("ring", pedestal.RINGS)
@pytest.mark.parametrize("name", pedestal.PEDESTALS)
def test_a_planted_direction_process_is_found_with_its_strength(ring, name):
    sums, true = planted()
    found = pedestal.left_out_gains(sums, few(), ring, name)
    assert over_networks(found.gain["DP"]).low > 0
    for other in ("ISO", "SEP", "COC"):
        assert over_networks(found.gain["DP"] - found.gain[other]).low > 0
    assert [few().parameters("DP", one) for one in found.chosen["DP"]] == [DP] * NETWORKS
    np.testing.assert_allclose(found.strength["DP"], true.mean(), rtol=0.15)


def test_the_opposite_kernel_gains_as_much_with_the_opposite_strength():
    sums, _ = planted()
    found = pedestal.left_out_gains(sums, few(), "2-14", "plain")
    turned = [replace(one, cross=-one.cross, total=-one.total, model_cross=-one.model_cross) for one in sums]
    other = pedestal.left_out_gains(turned, few(), "2-14", "plain")
    for family in FAMILIES:
        np.testing.assert_allclose(other.gain[family], found.gain[family])
        np.testing.assert_allclose(other.strength[family], -found.strength[family])


@pytest.mark.parametrize("name", pedestal.PEDESTALS)
def test_noise_gains_nothing(name):
    found = pedestal.left_out_gains(sums_of(lambda seed, cells, frame: noise(COUNT, SIDE, [5, seed])), few(), "2-14", name)
    for gain in found.gain.values():
        assert over_networks(gain).low <= 0 and np.mean(gain) < 0.1
    assert over_networks(found.base).low <= 0


@pytest.mark.parametrize("ring", pedestal.RINGS)
def test_the_pedestal_alone_explains_any_round_and_tuned_kernel(ring):
    sums = sums_of(lambda seed, cells, frame: parallel(frame))
    found = pedestal.left_out_gains(sums, few(), ring, "plain")
    # Each network has its own sd, and so its own rho and tau.
    assert np.all(found.base > 98)
    for gain in found.gain.values():
        assert np.all(np.abs(gain) < 0.2)
    frame = network(0)[1]
    left = pedestal.beyond_pedestal(frame, {"K": parallel(frame)})["K"]
    assert np.abs(left).max() < 1e-9


def test_a_kernel_of_the_wrong_phase_gains_nothing():
    def make(seed, cells, frame):
        wrong = pair_frame(replace(cells, phase=np.random.default_rng([6, seed]).uniform(-np.pi, np.pi, COUNT)), SIDE, STRIDE)
        return parallel(wrong) + 1.5 * model(wrong, "DP", DP) + 0.5 * noise(COUNT, SIDE, [7, seed])

    found = pedestal.left_out_gains(sums_of(make), few(), "2-14", "plain")
    for gain in found.gain.values():
        assert over_networks(gain).low <= 0 and np.mean(gain) < 0.1


@pytest.mark.parametrize("ring, edges", {"2-14": (2, 14), "6-14": (6, 14)}.items())
def test_gains_are_those_of_least_squares_on_the_values(ring, edges):
    """The fit on the others and the judgement of the one left out, from the definition."""
    rows = []
    for seed in range(NETWORKS):
        _, frame = network(seed)
        kernel = noise(COUNT, SIDE, [8, seed]) + parallel(frame)
        distance, wave = frame.distance, np.cos(frame.phase)
        inside = (distance >= edges[0]) & (distance < edges[1])
        like = np.cos(2 * frame.turn)[:, None] * np.ones_like(distance)
        steps = [(distance >= low) & (distance < low + 1) for low in range(*edges)]
        shape = model(frame, "DP", DP)[frame.target, frame.source].reshape(inside.shape)
        columns = [np.ones_like(wave), *(one * wave for one in steps), *(one * wave * like for one in steps), shape]
        matrix = np.stack([one[inside] for one in columns], axis=1)
        matrix[:, -1] /= shape[(distance >= 2) & (distance < 14)].std()
        values = kernel[frame.target, frame.source].reshape(inside.shape)
        rows.append((matrix, values[inside] / values.std()))
    one = few().members["DP"][[few().parameters("DP", element) == DP for element in few().members["DP"]]]
    sums = sums_of(lambda seed, cells, frame: noise(COUNT, SIDE, [8, seed]) + parallel(frame))
    found = pedestal.left_out_gains(sums, replace(few(), members={"DP": one}), ring, "plain")
    for left, (matrix, values) in enumerate(rows):
        others = [np.concatenate([row[part] for number, row in enumerate(rows) if number != left]) for part in (0, 1)]
        explained = []
        for columns in (slice(None, -1), slice(None)):
            coefficients = np.linalg.lstsq(others[0][:, columns], others[1], rcond=None)[0]
            explained.append(100 * (1 - ((values - matrix[:, columns] @ coefficients) ** 2).sum() / ((values - values.mean()) ** 2).sum()))
        assert found.base[left] == pytest.approx(explained[0], abs=1e-3)
        assert found.gain["DP"][left] == pytest.approx(explained[1] - explained[0], abs=1e-3)
        assert found.strength["DP"][left] == pytest.approx(coefficients[-1], abs=1e-4)


def test_what_a_pedestal_leaves_is_at_right_angles_to_it():
    frame = network(1)[1]
    left = pedestal.beyond_pedestal(frame, {"K": noise(COUNT, SIDE, 9), "DP": model(frame, "DP", DP)})
    assert abs((left["K"] * parallel(frame)).sum()) < 1e-6 and left["DP"].std() > 0
    again = pedestal.beyond_pedestal(frame, left)
    for name, one in left.items():
        spread = one[frame.target, frame.source].std()
        np.testing.assert_allclose(again[name], one / spread, atol=1e-9)


def test_undirected_group_kernels_have_equal_axes_of_source_and_target():
    members = [SimpleNamespace(bank=SimpleNamespace(frame=network(seed)[1], cells=network(seed)[0])) for seed in range(2)]
    found = harmonics(members, {"DP": [DP] * 2, "HR": [{"length": 6.0, "diffusion": 0.3, "blur": 1.6}] * 2})
    assert set(found) == {(f"{family}.{term}", ring) for family in ("DP", "HR") for term in TERMS for ring in RINGS}
    for family in ("DP", "HR"):
        for ring in RINGS:
            np.testing.assert_allclose(found[f"{family}.source", ring], found[f"{family}.target", ring], atol=0.01)
    assert min(found["DP.cocircular", "6-10.5"]) > 0.05


def test_two_networks_are_too_few():
    with pytest.raises(PaperCodeError, match="at least 3"):
        pedestal.left_out_gains(planted()[0][:2], few(), "2-14", "plain")
