"""Laws of the geometry and phase of cell pairs: every sign against receptive fields that are drawn and shifted, reciprocity, rotation."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lateral_cells import FREQUENCY, SIGMA, drawn, random_cells
from torch.nn import functional

from paper_code.core.errors import PaperCodeError
from paper_code.filters import fit_gabor
from paper_code.lateral import Cells, association_field, co_activation, ordered_pairs, pair_frame, standardise
from paper_code.lateral.activity import activity_of
from paper_code.lateral.association_field import coherent_maps
from paper_code.lateral.frame import relative_pose
from paper_code.lateral.kernels import rf_kernel
from paper_code.lateral.views import in_line
from paper_code.network.config import NetworkConfig
from paper_code.network.model import Network


def half_turn(cells, which):
    """The same cells, some described by t + pi and -phase."""
    return replace(cells, carrier=cells.carrier + np.pi * which, phase=np.where(which, -cells.phase, cells.phase))


@pytest.fixture(scope="module")
def scene():
    """64 cells, the correlation kernel of their drawn fields, and their frame."""
    cells = random_cells(64, seed=0)
    frame = pair_frame(cells, 11, 2)
    kernel = rf_kernel(drawn(cells, 25), 11, 2)
    return cells, frame, kernel[frame.target, frame.source].reshape(len(frame.target), -1)


@pytest.mark.parametrize(("low", "expected"), [(0, 0.999), (15, 0.997), (30, 0.989), (45, 0.970)])
def test_every_sign_at_once(scene, low, expected):
    _, frame, kernel = scene
    pairs = (np.degrees(frame.difference) >= low) & (np.degrees(frame.difference) < low + 15)
    envelope = np.exp(-(frame.distance[pairs] ** 2) / (4 * SIGMA**2))
    own = frame.phase[pairs]
    mirrored = 2 * at_zero_displacement(scene)[pairs, None] - own

    def correlation(wave):
        return np.corrcoef((envelope * wave).ravel(), kernel[pairs].ravel())[0, 1]

    assert correlation(np.cos(own)) == pytest.approx(expected, abs=0.004)
    assert correlation(np.cos(mirrored)) <= 0.2  # the sign of D.n flipped
    assert abs(correlation(1.0)) <= 0.1  # blind to phase


def test_flipped_and_blind_waves_explain_next_to_nothing(scene):
    _, frame, kernel = scene
    envelope = np.exp(-(frame.distance**2) / (4 * SIGMA**2))
    mirrored = 2 * at_zero_displacement(scene)[:, None] - frame.phase
    assert np.corrcoef((envelope * np.cos(mirrored)).ravel(), kernel.ravel())[0, 1] <= 0.12
    assert abs(np.corrcoef(envelope.ravel(), kernel.ravel())[0, 1]) <= 0.04


def at_zero_displacement(scene):
    """Phi less its part in D, phi_j - phi_i of the folded source."""
    cells, frame, _ = scene
    return relative_pose(cells, frame.target, frame.source)[2]


def test_the_half_turn_goes_towards_the_target_from_either_side():
    # Carriers at 10 and 170 degrees are 20 degrees apart, and so are 170 and 10; the mean lies at 0 or 180, never opposite the target.
    cells = Cells(*(np.array(v, float) for v in ([0, 0], [0, 0], np.deg2rad([10, 170]), [0.1, 0.1], [0.3, 0.7])))
    turn, middle, phase = relative_pose(cells, np.array([0, 1]), np.array([1, 0]))
    np.testing.assert_allclose(np.degrees(turn), [-20, 20], atol=1e-9)
    np.testing.assert_allclose(np.degrees(middle), [0, 180], atol=1e-9)
    np.testing.assert_allclose(phase, [-1.0, -1.0])


def test_the_phase_is_zero_where_the_source_continues_the_wave():
    # The source is the target's own wave, seen at another place.
    target = random_cells(1, seed=3)
    n = np.array([np.cos(target.carrier[0]), np.sin(target.carrier[0])])
    shift = np.array([1.3, -0.4])
    moved = replace(target, x=target.x + shift[0], y=target.y + shift[1], phase=target.phase + 2 * np.pi * FREQUENCY * (shift @ n))
    pair = Cells(*(np.concatenate([getattr(target, name), getattr(moved, name)]) for name in ("x", "y", "carrier", "frequency", "phase")))
    frame = pair_frame(pair, 1, 2)
    np.testing.assert_allclose(np.cos(frame.phase), 1, atol=1e-12)
    along = shift @ [-n[1], n[0]]
    np.testing.assert_allclose(np.abs(frame.along[0, 0]), abs(along), atol=1e-12)


def test_offsets_of_K_point_to_the_source():
    # Two cells with horizontal bars, the source one place to the right of the target and one row up.
    cells = Cells(*(np.array(v, float) for v in ([0, 0.5], [0, 0.25], [np.pi / 2] * 2, [0.1] * 2, [0, 0])))
    frame = pair_frame(cells, 3, 2)
    along, across = frame.along[0].reshape(3, 3), frame.across[0].reshape(3, 3)
    # The bars point to theta = t + 90 = 180 degrees: along is -x, across -y.
    assert (along[0, 2], across[0, 2]) == pytest.approx((-2.5, -2.25))
    assert (along[1, 1], across[1, 1]) == pytest.approx((-0.5, -0.25))
    assert frame.phase[0].reshape(3, 3)[0, 2] == pytest.approx(-2 * np.pi * 0.1 * 2.25)


def test_the_description_of_a_cell_does_not_matter():
    cells = random_cells(12, seed=1)
    frame = pair_frame(cells, 5, 2)
    other = pair_frame(half_turn(cells, np.arange(12) % 3 == 0), 5, 2)
    np.testing.assert_allclose(np.cos(other.phase), np.cos(frame.phase), atol=1e-9)
    np.testing.assert_allclose(other.turn, frame.turn, atol=1e-9)
    np.testing.assert_allclose(np.abs(other.along), np.abs(frame.along), atol=1e-9)


def test_reciprocity_of_frame_and_rf_kernel(scene):
    cells, frame, _ = scene
    kernel = rf_kernel(drawn(cells, 25), 11, 2)
    np.testing.assert_allclose(kernel, kernel.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1], atol=1e-12)
    np.testing.assert_allclose(kernel[np.arange(64), np.arange(64), 5, 5], 1)
    back = pair_frame(cells, 11, 2, frame.source, frame.target)
    np.testing.assert_allclose(np.cos(back.phase[:, ::-1]), np.cos(frame.phase), atol=1e-9)
    np.testing.assert_allclose(back.distance[:, ::-1], frame.distance, atol=1e-9)
    np.testing.assert_allclose(back.turn, -frame.turn, atol=1e-12)


def test_rf_kernel_is_the_correlation_of_responses_to_white_noise():
    cells = random_cells(5, seed=4)
    fields = drawn(cells, 9, sigma=1.5)
    fields /= np.linalg.norm(fields, axis=(1, 2), keepdims=True)
    noise = np.random.default_rng(0).standard_normal((24, 1, 160, 160))
    responses = functional.conv2d(torch.from_numpy(noise), torch.from_numpy(fields)[:, None], stride=2).numpy()
    measured, expected = co_activation(responses, 5), rf_kernel(fields, 5, 2)
    # 24 * 76^2 places, which see overlapping noise: an error of about .01.
    assert np.abs(measured - expected).max() < 0.03
    assert np.corrcoef(measured.ravel(), expected.ravel())[0, 1] > 0.995


def test_co_activation_counts_by_hand():
    activity = np.random.default_rng(5).random((3, 2, 6, 7))
    scaled = (activity - activity.mean(axis=(0, 2, 3), keepdims=True)) / activity.std(axis=(0, 2, 3), keepdims=True)
    kernel = co_activation(activity, 5)
    # Offset one row down, two columns left: array index [3, 0].
    expected = (scaled[:, 0, :-1, 2:] * scaled[:, 1, 1:, :-2]).mean()
    assert kernel[0, 1, 3, 0] == pytest.approx(expected)


def test_co_activation_from_a_network():
    network = Network(NetworkConfig(cells=4), seed=0).eval()
    images = np.random.default_rng(6).standard_normal((3, 64, 64))
    activity = activity_of(network, images, batch=2)
    assert activity.shape == (3, 4, 32, 32) and activity.min() >= 0
    np.testing.assert_array_equal(activity, activity_of(network, images, batch=2))
    kernel = co_activation(activity, 5)
    np.testing.assert_allclose(kernel, kernel.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1], atol=1e-6)


def test_rotating_cells_and_offsets_leaves_the_frame():
    cells = random_cells(10, seed=7)
    turned = replace(cells, x=-cells.y, y=cells.x, carrier=cells.carrier + np.pi / 2)
    frame, other = pair_frame(cells, 7, 2), pair_frame(turned, 7, 2)

    def rotated(values):
        return np.rot90(values.reshape(-1, 7, 7), axes=(1, 2)).reshape(len(values), -1)

    for name in ("along", "across"):
        np.testing.assert_allclose(getattr(other, name), rotated(getattr(frame, name)), atol=1e-9)
    np.testing.assert_allclose(np.cos(other.phase), np.cos(rotated(frame.phase)), atol=1e-9)


def test_fits_of_drawn_fields_give_the_same_frame():
    cells = replace(random_cells(8, seed=8, spread=1.0), frequency=np.full(8, 0.18))
    fitted = Cells.from_gabors(fit_gabor(drawn(cells, 15, sigma=2.2)))
    np.testing.assert_allclose(np.cos(pair_frame(fitted, 5, 2).phase), np.cos(pair_frame(cells, 5, 2).phase), atol=1e-3)


def test_map_returns_a_planted_association_field():
    rng = np.random.default_rng(9)
    cells = random_cells(40, seed=9)
    frame = pair_frame(cells, 11, 2)
    # Excitation in a streak along the target's bars for like orientations, tilted by the turn, under the wave; noise besides.
    tilt = np.sin(frame.turn)[:, None]
    streak = np.exp(-(frame.along**2) / 50 - (frame.across - tilt * frame.along) ** 2 / 4) * (frame.difference[:, None] < 0.8)
    kernel = 0.1 * rng.standard_normal((40, 40, 11, 11))
    kernel[frame.target, frame.source] += (streak * np.cos(frame.phase)).reshape(-1, 11, 11)
    field = association_field(kernel, frame, turns=np.deg2rad([0, 30, 90]), extent=8, step=0.5, blur=0.8)
    middle = len(field.ticks) // 2
    place = {tick: index for index, tick in enumerate(field.ticks)}
    assert field.ticks[middle] == 0
    assert field.coherent[0, middle, place[5.0]] > 3 * abs(field.coherent[0, middle - 10, middle])
    # Turned counter-clockwise, the streak runs up on the right: rows count from the top.
    up, down = field.coherent[1, middle - 5, place[5.0]], field.coherent[1, middle + 5, place[5.0]]
    assert up > 0.4 > 0.1 > down
    assert np.nanmax(np.abs(field.coherent[2])) < 0.15
    assert np.nanmean(np.abs(field.blind[0])) < 0.1
    np.testing.assert_allclose(field.coherent[0], field.coherent[0, ::-1, ::-1], atol=1e-9)


def test_map_from_the_source_keeps_what_lies_along_its_bars_and_is_in_sd_of_the_kernel():
    cells = random_cells(40, seed=10)
    frame = pair_frame(cells, 11, 2)
    beside = frame.across * np.cos(frame.turn)[:, None] - frame.along * np.sin(frame.turn)[:, None]  # distance from the source's axis
    kernel = frame.as_kernel(np.exp(-(beside**2) / 4) * np.cos(frame.phase))
    turns = np.deg2rad([-50, 0, 50])
    from_source, from_target = (coherent_maps(frame, kernel, turns, extent=8, from_source=one) for one in (True, False))
    assert (from_source[:, 8, 2] > 3 * from_source[:, 2, 8]).all()  # at 6 px ahead, and beside
    assert from_target[0, 8, 2] < 0.5 * from_target[1, 8, 2]  # from the target the axis is turned
    np.testing.assert_allclose(coherent_maps(frame, 7 * kernel, turns, extent=8), from_target)


def test_bad_input_is_refused():
    cells = random_cells(3, seed=0)
    for call in (
        lambda: pair_frame(cells, 4, 2),
        lambda: pair_frame(cells[:1], 5, 2),
        lambda: pair_frame(cells, 5, 2, target=np.array([0])),
        lambda: pair_frame(cells, 5, 2, source=np.array([0])),
        lambda: rf_kernel(drawn(cells, 9), 4, 2),
        lambda: co_activation(np.zeros((2, 3, 8, 8)), 3),
        lambda: co_activation(np.ones((2, 3, 2, 2)), 5),
        lambda: association_field(np.zeros((3, 3, 5, 5)), pair_frame(cells, 5, 2), [0.0], step=0),
        lambda: standardise(np.ones((3, 3, 5, 5))),
    ):
        with pytest.raises(PaperCodeError):
            call()


def test_pairs_are_all_ordered_pairs_of_different_cells():
    target, source = ordered_pairs(4)
    assert set(zip(target, source, strict=True)) == {(i, j) for i in range(4) for j in range(4) if i != j}


def test_cells_in_line_are_told_from_others_and_oblique_ones_from_cardinal():
    cells = random_cells(40, seed=3)
    frame = pair_frame(cells, 11, 2)
    direction = np.arctan2(frame.across, frame.along)
    straight = (np.abs(np.sin(direction)) < np.sin(np.deg2rad(15))) & (np.abs(frame.turn) < np.deg2rad(15))[:, None]
    oblique = np.cos(4 * cells.orientation[frame.target])[:, None] < 0
    wave = np.cos(frame.phase) * straight * np.where(oblique, 2.0, 1.0)
    kernel = np.zeros((40, 40, 11, 11))
    kernel[frame.target, frame.source] = wave.reshape(-1, 11, 11)
    everyone, cardinal, other = in_line(frame, cells.orientation, kernel, 6, 10.5)
    assert other == pytest.approx(2 * cardinal) and cardinal < everyone < other
    assert cardinal == pytest.approx(1 / kernel[frame.target, frame.source].std(), rel=0.05)
