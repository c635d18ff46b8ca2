"""Errors: one message with everything that is wrong, one outcome for shells and web clients."""

import copy

import pytest

from smartsynth import errors


@pytest.mark.parametrize(
    ("error", "code", "status", "kind"),
    [
        (errors.DataError("empty"), 3, 422, "unusable-data"),
        (errors.ModelFormatError("damaged"), 3, 422, "unusable-model"),
        (errors.ConfigError("rows=0"), 4, 422, "bad-config"),
        (errors.UnknownGeneratorError("x", ["forest"]), 4, 422, "bad-config"),
        (errors.MissingExtraError("CTGAN", "sdv"), 5, 501, "not-installed"),
        (errors.PrivacyError("too many"), 6, 422, "privacy"),
        (errors.NotFittedError(), 1, 409, "not-fitted"),
        (errors.Cancelled("stopped"), 130, 409, "cancelled"),
        (KeyboardInterrupt(), 130, 409, "cancelled"),
        (ZeroDivisionError(), 1, 500, "internal"),
    ],
)
def test_every_error_has_one_outcome(error, code, status, kind):
    """An error means the same exit code, HTTP status and problem type everywhere."""
    assert errors.outcome(error) == errors.Outcome(code, status, kind)


def test_every_error_of_ours_is_in_the_map_of_the_module():
    """The tree in the module's docstring names every class."""
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.SmartSynthError)]
    assert [c.__name__ for c in classes if c.__name__ not in (errors.__doc__ or "")] == []


def test_a_data_error_lists_every_problem_with_its_place_and_its_cure():
    """All problems of an input are told at once."""
    error = errors.DataError(
        [
            errors.Problem("is not a number.", row=7, column="age", fix="Correct it."),
            errors.Problem("The last line is cut off."),
        ]
    )
    assert str(error) == "row 7, column 'age': is not a number. Correct it.\nThe last line is cut off."
    assert len(error.problems) == 2


def test_errors_are_also_the_builtin_ones_that_people_expect():
    """Code that catches ValueError or ImportError goes on working."""
    assert issubclass(errors.DataError, ValueError)
    assert issubclass(errors.ConfigError, ValueError)
    assert issubclass(errors.MissingExtraError, ImportError)


def test_a_missing_extra_says_how_to_install_it():
    """The message is the cure."""
    assert "pip install 'smartsynth[sdv]'" in str(errors.MissingExtraError("CTGAN", "sdv"))


@pytest.mark.parametrize(
    "error", [errors.DataError("empty"), errors.UnknownGeneratorError("x", ["a"]), errors.MissingExtraError("A", "b")]
)
def test_errors_travel_between_processes(error):
    """An error that a worker raised says the same here."""
    received = copy.copy(error)
    assert (type(received), str(received), vars(received)) == (type(error), str(error), vars(error))
