"""The control table, measured a second time: code that shares nothing with the package but numpy, scipy and the weights must agree."""

import independent
import numpy as np
import pytest

from paper_code import weights
from paper_code.survey import survey

NULL_FIELDS = 100
NETWORKS = ("control", "control-no-silencing")


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    """Survey of a shipped network, and its tensors, stride, receptive fields and own Gabor fits of these."""
    tensors, stride = independent.load(f"{request.param}/seed-0")
    found = survey(weights.load_early(request.param, 0), stride, permuted=1, drawn=1, field_null_count=NULL_FIELDS)
    fields = independent.receptive_fields(tensors["l1"], tensors["l0"])
    return found, tensors, stride, fields, independent.fit_gabor(fields)


def test_first_filter(network):
    found, tensors = network[:2]
    l0 = tensors["l0"]
    (x0, y0, sigma, *_), r2 = independent.laplacian_of_gaussian(l0)
    own = [r2, sigma, max(abs(x0), abs(y0)) / len(l0), independent.radial_index(l0, x0, y0)]
    # Both fits converge to 1e-6 or better.
    np.testing.assert_allclose(own, [found.log_r2, found.sigma, found.off_centre, found.i_rad], atol=1e-5)


def test_gabors_of_the_bank():
    """The median of one bank, whose share above chance must fit a level that smooth random filters give."""
    tensors, stride = independent.load("control/seed-0")
    found = survey(weights.load_early("control", 0), stride, permuted=1, drawn=1, field_null_count=1)
    r2 = independent.fit_gabor(tensors["l1"], tries=3)[1]
    assert np.median(r2) == pytest.approx(found.gabor_r2, abs=1e-3)  # the tolerance of the survey's own coarser fit
    null = independent.fit_gabor(independent.smooth_noise(9, 50, seed=8), tries=3)[1]
    draws = np.random.default_rng(0).choice(null, (500, len(null)))
    low, high = np.quantile(np.quantile(draws, 0.95, axis=1), [0.005, 0.995])  # what so few random filters can tell of the level
    assert np.mean(r2 > high) <= found.gabor_share <= np.mean(r2 > low)


def test_oriented_cells(network):
    found, tensors, _, _, (_, r2, at_bound) = network
    random = independent.smooth_noise(tensors["l1"].shape[-1], NULL_FIELDS, seed=0)  # another seed moves the level by some .02
    level = np.quantile(independent.fit_gabor(independent.receptive_fields(random, tensors["l0"]), tries=3)[1], 0.95)
    # A fit or two may end in another minimum than the package's, and cross the level.
    assert np.sum((r2 > level) & ~at_bound) == pytest.approx(found.oriented, abs=2)


def test_lateral_kernel(network):
    """Between as many best-fitted cells as the survey took, so that one fit at the level does not blur the comparison of all else."""
    found, tensors, stride, fields, (parameters, r2, at_bound) = network
    best = np.sort(np.argsort(np.where(at_bound, -1, r2))[-int(found.oriented) :])
    own = independent.of_kernel(tensors["K"], fields, {"parameters": parameters, "kept": best}, stride)
    exact = own.pop("cocircularity_exact")
    for name, value in own.items():  # fits agree to some 1e-5, and an offset on the border of a sector or square may count in one alone
        assert value == pytest.approx(getattr(found, name), abs=3e-4), name
    assert exact == pytest.approx(found.cocircularity, abs=0.03)  # the package's squares of 1 px, against none


def test_the_comparison_can_fail(network):
    """Sign of the offset, polarity, stride, target and source: a slip in any moves the tuning by far more than the tolerance."""
    found, tensors, stride, _, (parameters, r2, at_bound) = network
    best = np.sort(np.argsort(np.where(at_bound, -1, r2))[-int(found.oriented) :])
    mirrored = parameters * np.array([1, 1, 1, 1, 1, 1, 1, -1])
    kernel = tensors["K"]
    slips = [(kernel[:, :, ::-1, ::-1], parameters, stride), (kernel, mirrored, stride), (kernel, parameters, 1)]
    for turned, cells, step in [*slips, (kernel.swapaxes(0, 1), parameters, stride)]:
        deviations = independent.in_deviations(turned[np.ix_(best, best)])
        like, orthogonal = independent.tuning(deviations, independent.pairs_of(cells[best], turned.shape[-1], step))
        assert abs(like - orthogonal - found.tuning) > 0.02
