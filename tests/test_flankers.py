"""Laws of the flankers: where the elements stand, and which kernels hear the contour that they make."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lateral_cells import drawn
from scipy.ndimage import gaussian_filter

from paper_code.core.statistics import permutations
from paper_code.core.table import ALL, END, Row, Table
from paper_code.filters.gabor import fit_gabor
from paper_code.function import flankers
from paper_code.function.stimuli import coordinates
from paper_code.lateral.bank import Bank
from paper_code.lateral.frame import Cells, pair_frame
from paper_code.lateral.harmonics import PairSums
from paper_code.network.config import NetworkConfig
from paper_code.network.model import Network
from paper_code.report import book
from paper_code.report.pool import flankers as adjusted

SIDE, STRIDE, SPACING = 11, 2, 7.0
TURNS = [np.deg2rad(step) for step in flankers.STEPS]


# the elements


@pytest.mark.parametrize("spacing", flankers.SPACINGS)
@pytest.mark.parametrize("turn", TURNS)
def test_elements_lie_on_a_circle_at_the_spacing_and_turn_by_the_step(spacing, turn):
    orientation = np.linspace(0, np.pi, 7)
    x, y = flankers.circle(orientation, turn, spacing)
    steps = flankers.AWAY
    order = np.argsort([*steps, 0])
    along = np.column_stack([x, np.zeros(7)])[:, order] + 1j * np.column_stack([y, np.zeros(7)])[:, order]
    np.testing.assert_allclose(np.abs(np.diff(along)), spacing)
    # The circle touches the bar at the centre, on the side to which the elements turn.
    radius = spacing / (2 * np.sin(turn / 2))
    middle = radius * 1j * np.exp(1j * orientation)
    np.testing.assert_allclose(np.abs(along - middle[:, None]), radius)
    tangent = orientation[:, None] + turn * np.sort([*steps, 0])
    np.testing.assert_allclose(np.cos(tangent - np.angle(along - middle[:, None])), 0, atol=1e-12)


@pytest.mark.parametrize("spacing", flankers.SPACINGS)
def test_without_a_turn_they_lie_on_the_line_of_the_bar(spacing):
    x, y = flankers.circle(np.array([0.0, np.pi / 6]), 0.0, spacing)
    np.testing.assert_allclose(x + 1j * y, spacing * flankers.AWAY * np.exp(1j * np.array([[0], [np.pi / 6]])), atol=1e-12)


def test_an_element_has_its_bars_along_its_orientation_and_its_place_to_the_right_and_up():
    right, up = coordinates()
    picture = flankers.elements(np.array([[10.0]]), np.array([[5.0]]), np.array([[np.pi / 4]]), np.zeros((1, 1)))[0]
    row, column = np.unravel_index(picture.argmax(), picture.shape)
    assert (right[row, column], up[row, column]) == (10, 5) and picture.max() == pytest.approx(flankers.CONTRAST)
    along, across = (picture[row - 2 * side, column + 2] for side in (1, -1))
    assert along > 0.5 > 0 > across


@pytest.mark.parametrize("step", flankers.STEPS)
def test_arc_and_zigzag_have_the_same_places_and_other_bars(step):
    shown = flankers.stimuli(9.0)  # farther apart, they do not overlap
    shape = (flankers.ORIENTATIONS, flankers.PHASES, 64, 64)
    added = {name: (shown[f"{name} {step}"] - shown["alone"]).reshape(shape) for name in ("arc", "zigzag")}
    # Over the four phases the square of an element is that of its envelope, whatever its orientation.
    arc, zigzag = (gaussian_filter((one**2).mean(axis=1), (0, 1, 1)) for one in added.values())
    assert np.abs(arc - zigzag).max() < 0.05 * arc.max()
    assert np.corrcoef(added["arc"].ravel(), added["zigzag"].ravel())[0, 1] < 0.9
    x, y = flankers.circle(np.zeros(1), np.deg2rad(step), 9.0)
    centre, flanks = (np.zeros((1, 1)),) * 4, (x, y, flankers.AWAY[None] * np.deg2rad(step), np.zeros((1, 4)))
    np.testing.assert_allclose(shown[f"arc {step}"][0], flankers.elements(*centre)[0] + flankers.elements(*flanks)[0], atol=1e-12)


def test_only_the_random_arrangement_depends_on_the_seed():
    one, same, other = (flankers.stimuli(SPACING, seed) for seed in (1, 1, 2))
    assert all((one[name] == same[name]).all() for name in one)
    assert [name for name in one if (one[name] != other[name]).any()] == ["random"]


def test_the_opposite_line_has_the_other_sign_and_the_centre_stays():
    shown = flankers.stimuli(SPACING)
    np.testing.assert_allclose(shown["line"] - shown["alone"], shown["alone"] - shown["opposite"], atol=1e-12)


# what a cell hears


@pytest.fixture(scope="module")
def tiny():
    """A network of round Gabors, 12 orientations and 4 phases, and the frame of their pairs."""
    carrier, phase = (axis.ravel() for axis in np.meshgrid(np.arange(12) * np.pi / 12, np.arange(4) * np.pi / 2, indexing="ij"))
    cells = Cells(np.zeros(48), np.zeros(48), carrier, np.full(48, flankers.FREQUENCY), phase)
    config = NetworkConfig(blur=0, noise=0, l0="none", cells=48, l1_size=15, lateral_size=SIDE, steps=2)
    network = Network(config, seed=0).eval()
    network.l1.weight.data = torch.as_tensor(drawn(cells, 15, sigma=2.0), dtype=torch.float32)[:, None]
    target, source = (axis.ravel() for axis in np.indices((48, 48)))
    return network, pair_frame(cells, SIDE, STRIDE, target, source)


def planted(frame, m, n, phased=True):
    """cos Phi cos(2 m psi + 2 n theta) beyond 4 px, a cell and itself too."""
    values = np.cos(2 * m * np.arctan2(frame.across, frame.along) + 2 * n * frame.turn[:, None]) * (frame.distance > 4)
    kernel = np.zeros((48, 48, SIDE, SIDE))
    kernel[frame.target, frame.source] = 1e-3 * (values * np.cos(frame.phase) if phased else values).reshape(-1, SIDE, SIDE)
    return kernel


def field(frame):
    """Sources on circles with the target, in front of it and behind, near the co-circular turn 2 psi; times cos Phi."""
    psi = np.arctan(frame.across / np.where(frame.along == 0, np.inf, frame.along))
    off = np.angle(np.exp(2j * (frame.turn[:, None] - 2 * psi))) / 2
    values = np.exp(-0.5 * (off / 0.3) ** 2 - 0.5 * (psi / 0.5) ** 2) * (frame.distance > 4) * np.cos(frame.phase)
    kernel = np.zeros((48, 48, SIDE, SIDE))
    kernel[frame.target, frame.source] = 1e-3 * values.reshape(-1, SIDE, SIDE)
    return kernel


@pytest.fixture(scope="module")
def effects(tiny):
    network, frame = tiny
    own = field(frame)
    kernels = {"field": own, "mirrored": planted(frame, 2, 1), "fan": planted(frame, 2, -1), "round": planted(frame, 0, 0), "none": 0 * own}
    kernels |= {order: own[np.ix_(one, one)] for order, one in enumerate(permutations(48, 9, 0))}
    return {spacing: flankers.flanker_effects(network, kernels, spacing) for spacing in (SPACING, 9.0)}


@pytest.mark.parametrize("spacing", (SPACING, 9.0))
def test_an_association_field_hears_the_arc(effects, spacing):
    own = flankers.compared(effects[spacing]["field"])
    assert all(value > 0.002 for value in own.values()), own


def test_the_co_circular_term_hears_the_arc_and_its_mirror_image_the_zigzag(effects):
    fan, mirrored = (flankers.compared(effects[9.0][name]) for name in ("fan", "mirrored"))
    heard = [fan[f"arc less zigzag, {step}"] for step in flankers.STEPS]
    assert 0 < heard[0] < heard[1] < heard[2]
    assert mirrored["arc less zigzag, 30"] < 0 and mirrored["arc less zigzag, 45"] < 0


def test_elements_one_cycle_apart_are_heard_by_phase_alone(effects):
    one, more = (flankers.compared(effects[spacing]["round"])["arc less zigzag, 30"] for spacing in (SPACING, 9.0))
    assert SPACING * flankers.FREQUENCY == pytest.approx(1, abs=0.05) and one > 0.02 and more < 0


def test_relabelled_cells_do_not_hear_it(effects):
    own, *moved = (flankers.compared(effects[9.0][name])["arc less zigzag, 30"] for name in ("field", *range(9)))
    assert np.abs(moved).max() < 0.2 * own


def test_a_kernel_of_zeros_hears_nothing(tiny, effects):
    assert set(effects[SPACING]["none"].values()) == {0.0}
    assert set(flankers.summed_effects(tiny[0], np.zeros((48, 48, SIDE, SIDE)), SPACING).values()) == {0.0}


@pytest.mark.parametrize("kernel", ["fan", "round"])
def test_the_other_polarity_turns_the_sign_of_what_goes_with_the_phase(effects, kernel):
    # Cells come with their opposites, so that through cos Phi the rectified pair is linear.
    line, opposite = (effects[SPACING][kernel][name] for name in ("line", "opposite"))
    assert abs(line) > 0.001 and opposite == pytest.approx(-line, rel=1e-3)


def test_without_phase_polarity_does_not_matter(tiny):
    found = flankers.flanker_effects(tiny[0], {"blind": planted(tiny[1], 0, 0, phased=False)}, SPACING)["blind"]
    assert found["line"] > 0 and found["opposite"] > 0


@pytest.mark.parametrize("right, up", [(2, 0), (0, -2)])
def test_the_cell_is_found_where_it_is(tiny, effects, right, up):
    # Fields moved by one place of the lattice: the same cells, one place further back.
    fields = tiny[0].l1.weight.detach().numpy()[:, 0]
    network = Network(replace(tiny[0].config, l1_size=19), seed=0).eval()
    network.l1.weight.data = torch.as_tensor(np.pad(fields, ((0, 0), (2 - up, 2 + up), (2 + right, 2 - right))))[:, None]
    found = flankers.flanker_effects(network, {"fan": planted(tiny[1], 2, -1)}, SPACING)["fan"]
    assert {name: pytest.approx(value, rel=1e-3, abs=1e-6) for name, value in effects[SPACING]["fan"].items()} == found


def test_an_effect_is_linear_in_the_kernel(tiny, effects):
    found = flankers.flanker_effects(tiny[0], {"twice": 2 * planted(tiny[1], 2, -1)}, SPACING)["twice"]
    assert {name: pytest.approx(2 * value, rel=1e-4, abs=1e-6) for name, value in effects[SPACING]["fan"].items()} == found


def test_summed_over_all_cells_a_phase_cancels_and_a_uniform_kernel_does_not(tiny):
    network, frame = tiny
    kernels = planted(frame, 2, -1), np.full((48, 48, SIDE, SIDE), 1e-4)
    fan, uniform = (flankers.summed_effects(network, kernel, SPACING) for kernel in kernels)
    assert np.abs(list(fan.values())).max() < 1e-5 and min(uniform.values()) > 1e-3


# the parts of K


@pytest.fixture(scope="module")
def bank(tiny):
    l1 = tiny[0].l1.weight.detach().numpy()[:, 0].astype(float)
    return Bank(None, l1, np.zeros((48, 48, SIDE, SIDE)), STRIDE, fit_gabor(l1), 0.5)


def measured_parts(bank, kernel):
    sums = PairSums.of(bank.frame, bank.cells.orientation, {"K": bank.among(kernel)})
    return flankers.parts(replace(bank, K=kernel), sums)


def test_the_five_terms_of_a_kernel_that_is_made_of_them_are_all_of_it(bank):
    frame, kernel, fan = bank.frame, np.zeros_like(bank.K), np.zeros_like(bank.K)
    assert len(bank.oriented) == 48
    psi, theta = np.arctan2(frame.across, frame.along), frame.turn[:, None]
    # Other coefficients in each ring.
    ring = np.digitize(frame.distance, [2, 6, 10.5, 18])
    scale = np.array([0, 1.0, -0.5, 0.3, 0])[ring] * np.cos(frame.phase)
    kernel[frame.target, frame.source] = (scale * (0.4 + np.cos(4 * psi - 2 * theta))).reshape(-1, SIDE, SIDE)
    fan[frame.target, frame.source] = (scale * np.cos(4 * psi - 2 * theta)).reshape(-1, SIDE, SIDE)
    found = measured_parts(bank, kernel)
    np.testing.assert_allclose(found["the five terms of K"], kernel, atol=1e-8)
    np.testing.assert_allclose(found["the co-circular term alone"], fan, atol=1e-8)
    np.testing.assert_allclose(found["K less its five terms"], 0, atol=1e-8)


def test_nothing_of_the_overlap_is_left_when_k_is_the_overlap(bank):
    found = measured_parts(bank, 3 * bank.rf)
    np.testing.assert_allclose(found["K less its part in RF"], 0, atol=1e-9)
    np.testing.assert_allclose(found["RF, with the gain of K"], 3 * bank.rf, rtol=1e-6, atol=1e-9)


# the judged differences


def differences(p):
    """Rows of the six differences over networks, at two spacings, with their p at the first."""
    place = {"condition": "reference", "seed": ALL, "step": END, "value": 0.2, "low": 0.1, "high": 0.3, "null": 0.0}
    rows = [Row(measure=f"flankers.{name}", ring="7 px", p=one, **place) for name, one in zip(flankers.COMPARISONS, p, strict=True)]
    return rows + [replace(row, ring="8 px", p=1e-9) for row in rows]


def test_p_is_adjusted_over_the_six_at_the_judged_spacing_and_chance_is_heeded():
    rows = differences([0.001, 0.02, 0.03, 0.04, 0.5, 0.9])
    found = adjusted(rows)
    assert {row.ring for row in found} == {"7 px"} and len(found) == 6
    row, p, word = book.flanker_difference(Table(rows + found), "arc less zigzag, 15")
    assert p == pytest.approx(0.006) and word == "holds" and row.value == 0.2
    assert book.flanker_difference(Table(rows + found), "arc less zigzag, 30")[2] == "not settled"
    above = [replace(row, null=0.15) for row in rows]
    assert book.flanker_difference(Table(above + adjusted(above)), "arc less zigzag, 15")[2] == "not settled"
