"""Laws of the families of lateral kernels: group kernels are those of se2, all are reciprocal, and the families nest."""

import numpy as np
import pytest
from lateral_cells import random_cells

from paper_code import se2
from paper_code.errors import PaperCodeError
from paper_code.lateral import pair_frame, planted
from paper_code.lateral.models import FAMILIES, PARAMETERS, Group, Places, evaluate, library

GROUPS = [
    Group("DP", 7.0, 0.3, 0.8),
    Group("HR", 3.5, 0.3, 0.8),
    Group("DP", 4.0, 3.0, 2.4),
    Group("HR", 2.0, 1.0, 1.6),
    Group("DP", 0.5, 10.0, 0.8),
    Group("HR", 0.25, 0.1, 0.8),
]


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_the_tables_are_the_kernels_of_se2(group):
    rng = np.random.default_rng(0)
    r, psi = rng.uniform(1, 12, (40, 6)), rng.uniform(-np.pi, np.pi, (40, 6))
    places = Places(r * np.cos(psi), r * np.sin(psi), rng.uniform(-np.pi / 2, np.pi / 2, 40))
    exact = se2.sample_points(group.process, places.along, places.across, places.turn[:, None])
    exact /= se2.sample_points(group.process, 0.0, 0.0, 0.0)
    np.testing.assert_allclose(group.at(places), exact, atol=0.02)
    assert np.corrcoef(group.at(places).ravel(), exact.ravel())[0, 1] > 0.9995


@pytest.mark.parametrize("group", GROUPS[:2], ids=str)
def test_pairs_of_cells_get_what_the_lattice_kernel_gives(group):
    cells = random_cells(4, 0)
    frame = pair_frame(cells, 5, 2)
    found = group.at(Places(frame.along, frame.across, frame.turn)).reshape(-1, 5, 5)
    centres = np.stack([cells.x, cells.y], axis=1)
    exact = se2.lattice_kernel(
        group.process,
        radius=2,
        spacing=2.0,
        cell=0,
        frame_angles=cells.orientation,
        angles=cells.orientation,
        offsets=centres[None] - centres[:, None],
    )
    exact = exact[frame.target, frame.source] / se2.sample_points(group.process, 0.0, 0.0, 0.0)
    np.testing.assert_allclose(found, exact, atol=0.02)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("coherent", [True, False])
def test_every_family_is_reciprocal(family, coherent):
    frame = pair_frame(random_cells(8, 1), 7, 2)
    kernel = planted.model(frame, family, planted.EXAMPLES[family], coherent)
    np.testing.assert_allclose(kernel, kernel.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1], atol=0.02)
    assert kernel.max() > 0.3


@pytest.mark.parametrize("family", FAMILIES)
def test_reflection_and_half_turns_leave_a_model_as_it_is(family):
    rng = np.random.default_rng(2)
    along, across, turn = rng.uniform(-8, 8, (30, 5)), rng.uniform(-8, 8, (30, 5)), rng.uniform(-1.5, 1.5, 30)
    plain = evaluate(family, Places(along, across, turn), **planted.EXAMPLES[family])
    for other in (Places(along, -across, -turn), Places(-along, -across, turn)):
        np.testing.assert_allclose(evaluate(family, other, **planted.EXAMPLES[family]), plain, atol=1e-5)


def test_the_baselines_nest():
    rng = np.random.default_rng(3)
    places = Places(rng.uniform(-8, 8, (30, 5)), rng.uniform(-8, 8, (30, 5)), rng.uniform(-1.5, 1.5, 30))
    plain = {"scale": 3.0, "exponent": 1}
    iso = evaluate("ISO", places, **plain)
    np.testing.assert_allclose(iso, np.exp(-np.hypot(places.along, places.across) / 3))
    np.testing.assert_allclose(evaluate("COC", places, **plain, kappa=0.0), iso)
    np.testing.assert_allclose(evaluate("SEP", places, **plain, kappa=0.0), iso)
    sep = evaluate("SEP", places, **plain, kappa=2.0)
    np.testing.assert_allclose(sep, iso * np.exp(-4 * np.sin(places.turn[:, None]) ** 2))
    np.testing.assert_allclose(evaluate("ANI", places, **plain, kappa=2.0, elongation=1.0), sep)


def test_what_tells_the_families_apart():
    ahead, aside = Places(np.array([[5.0]]), np.array([[0.0]]), np.zeros(1)), Places(np.array([[0.0]]), np.array([[5.0]]), np.zeros(1))
    for family in ("ANI", "DP", "HR"):
        assert evaluate(family, ahead, **planted.EXAMPLES[family]) > 3 * evaluate(family, aside, **planted.EXAMPLES[family])
    place = np.array([[5.0]]), np.array([[2.0]])
    psi = np.arctan2(2.0, 5.0)
    for family in ("COC", "DP", "HR"):
        bent, unbent = (evaluate(family, Places(*place, np.array([turn])), **planted.EXAMPLES[family]) for turn in (2 * psi, -2 * psi))
        assert bent > 1.5 * unbent


@pytest.mark.parametrize("fine", [True, False])
def test_the_library_holds_what_it_says(fine):
    shapes, rng = library(fine), np.random.default_rng(4)
    places = Places(rng.uniform(-8, 8, (20, 3)), rng.uniform(-8, 8, (20, 3)), rng.uniform(-1.5, 1.5, 20))
    for family, members in shapes.members.items():
        some = rng.choice(members, 3)
        for element, values in zip(some, shapes.values(places, some), strict=True):
            parameters = shapes.parameters(family, element)
            assert tuple(parameters) == PARAMETERS[family]
            np.testing.assert_allclose(evaluate(family, places, **parameters), values, atol=1e-6)
    for inner, outer in (("ISO", "SEP"), ("SEP", "ANI"), ("ISO", "COC")):
        assert set(shapes.members[inner]) < set(shapes.members[outer])


def test_the_coarse_library_is_a_part_of_the_fine_one():
    def elements(shapes):
        return {(shapes.shapes[one], kappa) for one, kappa in zip(shapes.shape, shapes.kappa, strict=True)}

    every, few = elements(library(True)), elements(library(False))
    assert few < every and len(every) == len(library(True))
    assert len(library(True).members["ISO"]) == len(library(False).members["ISO"])


@pytest.mark.parametrize("family", ["DP", "HR"])
def test_the_lengths_of_the_library_can_be_told_apart(family):
    rng = np.random.default_rng(6)
    r, psi = 8 * np.sqrt(rng.uniform(0, 1, (300, 6))), rng.uniform(-np.pi, np.pi, (300, 6))
    places = Places(r * np.cos(psi), r * np.sin(psi), rng.uniform(-np.pi / 2, np.pi / 2, 300))
    shapes = library()
    lengths = sorted({shapes.parameters(family, element)["length"] for element in shapes.members[family]})
    assert shapes.ends(family, "length") == (lengths[0], lengths[-1])
    values = [Group(family, length, 0.3, 1.2).at(places).ravel() for length in [lengths[0] / 2, *lengths[:3]]]
    gaps = [1 - np.corrcoef(one, other)[0, 1] for one, other in zip(values[:-1], values[1:], strict=True)]
    assert gaps[0] < gaps[1] < gaps[2] and gaps[0] < 0.0015 and gaps[1] > 0.001
    # What is left at no length knows distance and turn, but no direction.
    both = Places(np.array([[3.0], [0.0]]), np.array([[0.0], [3.0]]), np.zeros(2))
    ahead, aside = Group(family, lengths[0] / 8, 0.3, 1.2).at(both)[:, 0]
    assert ahead == pytest.approx(aside, rel=0.03)


def test_unknown_families_and_parameters_are_refused():
    places = Places(np.ones((1, 1)), np.ones((1, 1)), np.zeros(1))
    with pytest.raises(PaperCodeError, match="choose one of ISO"):
        evaluate("GABOR", places)
    with pytest.raises(PaperCodeError, match="length, diffusion, blur"):
        evaluate("DP", places, D=0.1)
