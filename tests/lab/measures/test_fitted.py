"""Models that have not fitted their labels are told from those that have."""

import pytest

from ladle.lab.measures.fitted import CONVERGED, FACT, run_fit


def fit(on_labels, on_test, reference_on_labels=0.99, reference_on_test=0.8, measure="accuracy"):
    return {
        FACT: {
            "measure": measure, "on_labels": on_labels, "on_test": on_test,
            "reference_on_labels": reference_on_labels, "reference_on_test": reference_on_test,
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    ("on_labels", "on_test", "fitted"),
    [
        (0.40, 0.30, False),
        (0.93, 0.76, False),
        (0.93, 0.78, True),  # regularised: behind on the labels alone
        (0.95, 0.60, True),  # fitted too well: behind on the test split alone
        (1.00, 0.90, True),
    ],
)
def test_a_model_has_not_fitted_where_it_is_clearly_behind_in_both(on_labels, on_test, fitted):
    told = run_fit([(150, fit(on_labels, on_test))])
    assert [each.fitted for each in told.points] == [fitted]
    assert bool(told.warnings()) is not fitted
    assert told.to_dict()["points"][0]["fitted"] is fitted


def test_the_mean_over_strategies_and_trials_counts_and_the_worst_is_named():
    told = run_fit(
        [
            *((labels, fit(0.5, test)) for labels, test in ((300, 0.5), (300, 0.7), (150, 0.3), (150, 0.5))),
            (600, {FACT: None}),
            (900, {}),
        ]
    )
    assert [(each.labels, each.models, each.on_test) for each in told.points] == [
        (150, 2, pytest.approx(0.4)),
        (300, 2, pytest.approx(0.6)),
    ]
    (warning,) = told.warnings()
    assert "with 150 labels its accuracy is 50.0% on these labels and 40.0% on the test split" in warning
    assert "has 99.0% and 80.0%" in warning


def test_fits_that_stopped_early_are_counted_among_those_that_can_tell():
    told = run_fit([(1, {CONVERGED: False}), (2, {CONVERGED: True}), (3, {CONVERGED: None}), (4, {})])
    assert (told.stopped, told.told) == (1, 2)
    assert told.warnings() == (
        "1 of 2 fits stopped before they had converged, at their limit of iterations or epochs.",
    )


def test_several_labels_are_measured_by_pooled_average_precision():
    (warning,) = run_fit([(9, fit(0.1, 0.1, measure="pooled_ap"))]).warnings()
    assert "its pooled average precision is 10.0%" in warning


def test_ledgers_from_before_warn_of_nothing():
    told = run_fit([(150, {"story": {}}), (300, {})])
    assert told.to_dict() == {"points": [], "stopped": 0, "told": 0, "warnings": []}
