"""The fuzzer in CI, with a new seed each time; a failure names the input."""

import os
import time

import pytest

from tests.fuzz.fuzzing import LawBrokenError, fuzz
from tests.fuzz.inputs import fuzzed_event
from tests.fuzz.run import told

SECONDS = float(os.environ.get("FUZZ_SECONDS", "5"))


@pytest.mark.timeout(60 + 2 * SECONDS)
def test_every_log_event_comes_out_as_exactly_one_of_fact_ignored_rejected() -> None:
    run = fuzz(seed=int(time.time()), seconds=SECONDS)

    assert run.inputs > 0
    assert {"invocation", "request", "ignored", "rejected: not_json", "envelope error"} <= set(run.kinds), told(run)


def test_an_input_is_a_function_of_its_seed_and_number() -> None:
    assert fuzzed_event(7, 42) == fuzzed_event(7, 42)
    assert fuzzed_event(7, 42) != fuzzed_event(7, 43)


def test_a_broken_law_names_the_input_that_broke_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.law.MAX_KEPT_CHARACTERS", 10)

    with pytest.raises(LawBrokenError, match=r"--seed 1 --number \d+: AssertionError"):
        fuzz(seed=1, inputs=50)
