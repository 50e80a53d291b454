"""A caller's own metadata of InvokeModel: whatever way it is added by, it is sent, signed, beside the tag."""

from typing import Any

import pytest

from tests.tagging.conftest import StartCaller, outcome_of
from tests.tagging.model_endpoint import HEADER, ModelEndpoint

pytestmark = pytest.mark.slow

ENVIRONMENTS = ("tagging", "tagging-invoke-unknown", "tagging-converse-unknown", "tagging-python-310")
KNOW_THE_PARAMETER = ("tagging", "tagging-python-310")
WAYS = 7


@pytest.fixture(scope="module")
def outcomes(start_caller: StartCaller) -> dict[str, dict[str, Any]]:
    """What each environment's caller printed; it asks models whose names begin with the environment's."""
    started = {each: start_caller(each, "own_metadata.py", each) for each in ENVIRONMENTS}
    return {environment: outcome_of(process) for environment, process in started.items()}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_call_with_metadata_of_its_callers_own_is_refused_and_each_attempt_bears_both(
    environment: str, outcomes: dict[str, dict[str, Any]], endpoint: ModelEndpoint
) -> None:
    outcome = outcomes[environment]
    assert {model: error for model, error in outcome["ended"].items() if error is not None} == {}
    assert outcome["failures"] == 0
    models = set(outcome["ended"]) - {f"{environment}-without"}
    assert len(models) == 2 * WAYS + (environment in KNOW_THE_PARAMETER)
    for model in models:
        calls = endpoint.of(model)
        assert [call.is_refused for call in calls] == [False] * (2 if model.startswith("throttled-") else 1)
        assert all(HEADER in call.signed for call in calls)
        for call in calls:
            metadata = call.metadata or {}
            assert set(metadata) == {"team", "call_index", "api_request_id", "call_started_ms"}
            assert (metadata["team"], metadata["call_index"], metadata["api_request_id"]) == ("blue", "7", model)


def test_a_call_that_is_sent_again_bears_the_same_tag(endpoint: ModelEndpoint, outcomes: object) -> None:
    assert outcomes
    first, second = endpoint.of("throttled-tagging-before-sign")
    assert first.metadata == second.metadata
