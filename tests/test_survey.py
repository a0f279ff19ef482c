"""Laws of the survey: it agrees with the chapters' own measures, finds planted structure, and says when it cannot measure."""

from dataclasses import replace

import numpy as np
import pytest
from lateral_cells import drawn, random_cells

from paper_code.errors import PaperCodeError
from paper_code.files import locked
from paper_code.filters import fit_gabor
from paper_code.filters.nulls import null_filters
from paper_code.lateral import bootstrap_weights, measure_kernel, pair_frame, permutations, slope, standardise, tuning_probe
from paper_code.lateral.frame import oriented_frame
from paper_code.survey import (
    FEWEST_CELLS,
    Labels,
    gabor_level,
    gabor_null,
    gabor_r2,
    radial_levels,
    record,
    survey,
    survey_filters,
    survey_kernel,
)
from paper_code.weights import EarlyLayers

COUNT, SIZE, STRIDE = 24, 7, 2
EFFORT = {"permuted": 99, "drawn": 60, "field_null_count": 30}


def layers(fields, kernel, l0=None):
    ones = np.ones(len(fields))
    return EarlyLayers(l0, fields, kernel, ones, 0 * ones)


def planted_cells():
    return replace(random_cells(COUNT, seed=3, spread=1.0), frequency=np.full(COUNT, 0.18))


@pytest.fixture(scope="module")
def planted():
    """Gabor cells joined by a co-circular kernel in a little noise."""
    cells = planted_cells()
    kernel = slope.planted(pair_frame(cells, SIZE, STRIDE), COUNT, 2.0)
    noise = np.random.default_rng(3).standard_normal(kernel.shape)
    return layers(drawn(cells, 13, sigma=2.2), kernel / kernel.std() + 0.2 * noise)


def test_the_coarser_fit_reaches_the_same_r2(planted):
    filters = np.concatenate([planted.l1[:6], null_filters(13, "smooth", 10, 0)])
    np.testing.assert_allclose(gabor_r2(filters), fit_gabor(filters).r2, atol=1e-3)


def test_levels_are_what_95_percent_of_the_null_stay_below():
    null = gabor_null(9, 60)
    assert (null < gabor_level(9, 60)).mean() == pytest.approx(0.95, abs=0.02)
    assert gabor_null(9, 60) is null  # kept
    assert all(0 < level < 1 for level in radial_levels(7, 60))


def test_a_planted_kernel_is_found_and_one_of_noise_is_not(planted):
    found = survey(planted, STRIDE, **EFFORT)
    assert found.oriented == COUNT and found.gabor_share == 1 and 0.8 < found.gabor_share_low < 1
    assert found.cocircularity_p == pytest.approx(1 / 51) and found.cocircularity_low > 0 and found.cocircularity > found.cocircularity_null
    noise = np.random.default_rng(5).standard_normal(planted.K.shape)
    parallel = slope.planted(pair_frame(planted_cells(), SIZE, STRIDE), COUNT, 0.0)
    tuned = survey(replace(planted, K=parallel / parallel.std() + 0.2 * noise), STRIDE, **EFFORT)
    assert tuned.tuning_p == 0.01 and tuned.tuning_low > 0 and tuned.tuning > tuned.tuning_null
    nothing = survey(replace(planted, K=noise), STRIDE, **EFFORT)
    assert min(nothing.tuning_p, nothing.rf_p) > 0.01 and nothing.cocircularity_p > 0.02
    assert nothing.tuning_low < 0.1 and abs(nothing.rf) < 0.03 and nothing.rf_low < nothing.rf < nothing.rf_high


def test_labels_decide_and_those_of_the_layers_themselves_are_the_default(planted):
    own, other = Labels.of(planted, 30), random_cells(COUNT, seed=9, spread=1.0)
    assert survey(planted, STRIDE, **EFFORT).as_dict() == survey(planted, STRIDE, **EFFORT, labels=own).as_dict()
    wrong = Labels.of(layers(drawn(replace(other, frequency=np.full(COUNT, 0.18)), 13, sigma=2.2), None), 30)
    assert survey(planted, STRIDE, **EFFORT, labels=wrong).cocircularity_p > 0.02
    with pytest.raises(PaperCodeError, match="labels of 5 cells"):
        survey(planted, STRIDE, **EFFORT, labels=Labels(own.fits[:5], own.level))


def test_measures_are_those_of_the_chapters(planted):
    labels = Labels.of(planted, 30)
    found = survey_kernel(planted, STRIDE, labels, 99, 60)
    long = measure_kernel(planted.K, planted.K, planted.l1, labels.level, STRIDE, permuted=99, shuffled=1, drawn=60)
    assert found["tuning"] == pytest.approx(long.tuning.difference.value) and found["tuning_p"] == long.tuning.difference.test.p
    assert found["elongation_low"] == pytest.approx(long.tuning.elongation.low)
    assert found["rf"] == pytest.approx(long.rf_correlation.value) and found["rf_high"] == pytest.approx(long.rf_correlation.high)
    oriented, cells, frame = oriented_frame(labels.fits, labels.level, SIZE, STRIDE)
    orders, draws = permutations(COUNT, 99, 0)[:50], bootstrap_weights(COUNT, 60, 0)[:31]
    field = slope.measure_slope(standardise(planted.K), frame, orders, draws)
    assert oriented.all() and found["cocircularity"] == pytest.approx(field.field.fit.cocircularity, abs=1e-9)
    assert found["cocircularity_p"] == field.cocircularity.p
    assert (found["cocircularity_low"], found["cocircularity_high"]) == pytest.approx(field.interval)


def test_the_level_of_relabelled_cells_is_where_its_name_says(planted):
    noise = replace(planted, K=np.random.default_rng(5).standard_normal(planted.K.shape))
    found = survey_kernel(noise, STRIDE, Labels.of(planted, 30), 999, 10)
    frame = pair_frame(planted_cells(), SIZE, STRIDE)
    null = tuning_probe(frame, COUNT).null(standardise(noise.K), permutations(COUNT, 999, 1))
    assert found["tuning_null"] == pytest.approx(np.quantile(null[:, 0] - null[:, -1], 0.95), rel=0.15)


def test_what_cannot_be_measured_is_left_out(planted):
    bare = survey(replace(planted, K=None), STRIDE, **EFFORT)
    assert np.isnan([bare.log_r2, bare.rf, bare.tuning, bare.oriented]).all() and bare.as_dict()["rf"] is None
    noise = np.random.default_rng(0).standard_normal(planted.l1.shape)
    without = survey(layers(noise, planted.K), STRIDE, **EFFORT)
    assert without.oriented < FEWEST_CELLS and np.isnan([without.tuning, without.elongation, without.cocircularity]).all()
    assert np.isfinite([without.rf, without.rf_p]).all()


def test_cardinal_cells_are_counted(planted):
    for angle, share in ((0.0, 1.0), (np.pi / 4, 0.0), (np.pi / 8 - 0.1, 1.0), (np.pi / 8 + 0.1, 0.0)):
        cells = replace(planted_cells(), carrier=np.full(COUNT, angle))
        assert survey(layers(drawn(cells, 13, sigma=2.2), planted.K), STRIDE, **EFFORT).cardinal == pytest.approx(share, abs=0.1)


def test_an_empty_bin_of_orientations_is_not_measured(planted, recwarn):
    alike = replace(planted_cells(), carrier=np.linspace(0, 0.3, COUNT))
    found = survey(layers(drawn(alike, 13, sigma=2.2), planted.K), STRIDE, **EFFORT)
    assert found.oriented == COUNT and np.isnan(found.tuning) and not recwarn.list


def test_a_share_has_an_interval_that_holds_it():
    mixed = np.concatenate([drawn(random_cells(12, seed=1, spread=0.5), 9, sigma=1.8), null_filters(9, "smooth", 12, 4)])
    found = survey_filters(layers(mixed, None))
    assert found["gabor_share_low"] < found["gabor_share"] < found["gabor_share_high"]
    share = found["gabor_share"]
    assert found["gabor_share_high"] - found["gabor_share_low"] == pytest.approx(2 * 1.96 * np.sqrt(share * (1 - share) / 24), rel=0.25)


def test_counts_below_one_are_refused(planted):
    for name in EFFORT:
        with pytest.raises(PaperCodeError, match="at least 1"):
            survey(planted, STRIDE, **(EFFORT | {name: 0}))


def test_two_surveys_into_one_file_lose_no_row(tmp_path):
    path = tmp_path / "rows.json"
    with locked(tmp_path / ".rows.json.lock"), pytest.raises(PaperCodeError, match="another process"):
        record([tmp_path / "run"], path, progress=False)
    with pytest.raises(PaperCodeError, match="no finished run"):
        record([tmp_path / "run"], path, progress=False)
    for content in ("[]", '{"runs": {}}', '{"runs": [{}]}'):
        path.write_text(content)
        with pytest.raises(PaperCodeError, match="rows.json"):
            record([tmp_path / "run"], path, progress=False)
        assert path.read_text() == content
