"""What a botocore does not know of `requestMetadata` is left out or goes another way; no call fails for it."""

from typing import Any

import pytest

from tests.tagging.conftest import StartCaller, outcome_of
from tests.tagging.model_endpoint import HEADER, Call, ModelEndpoint

pytestmark = pytest.mark.slow

INVOKE_UNKNOWN = "tagging-invoke-unknown"
CONVERSE_UNKNOWN = "tagging-converse-unknown"


@pytest.fixture(scope="module")
def outcomes(start_caller: StartCaller) -> dict[str, dict[str, Any]]:
    """What each environment's caller printed; it asks a model of the environment's name."""
    started = {
        environment: start_caller(environment, "botocore_alone.py", environment)
        for environment in (INVOKE_UNKNOWN, CONVERSE_UNKNOWN)
    }
    return {environment: outcome_of(process) for environment, process in started.items()}


def indices(calls: list[Call]) -> list[str | None]:
    return [None if call.metadata is None else call.metadata.get("call_index") for call in calls]


def test_invoke_model_bears_the_tag_in_a_signed_header_where_botocore_has_no_parameter_for_it(
    outcomes: dict[str, dict[str, Any]], endpoint: ModelEndpoint
) -> None:
    calls, outcome = endpoint.of(INVOKE_UNKNOWN), outcomes[INVOKE_UNKNOWN]

    assert outcome["botocore"] == "1.43.11"
    assert indices(calls) == ["1", "2", "3", "4", None, None, None, None, "7"]
    signed = [HEADER in call.signed for call in calls]
    assert signed == [False, False, True, True, False, False, False, False, True]
    assert outcome["failures"] == 0


def test_converse_goes_on_untagged_where_botocore_does_not_know_its_metadata_and_that_is_said_once(
    outcomes: dict[str, dict[str, Any]], endpoint: ModelEndpoint
) -> None:
    calls, outcome = endpoint.of(CONVERSE_UNKNOWN), outcomes[CONVERSE_UNKNOWN]

    assert outcome["botocore"] == "1.35.73"
    assert indices(calls) == [None, None, "3", "4", None, None, None, None, "7"]
    assert outcome["failures"] == 2
    assert outcome["stderr"].count("request_tag WARNING") == 2  # one of Converse, one of ConverseStream
    assert "does not know requestMetadata of Converse, as 1.35.74 does" in outcome["stderr"]


@pytest.mark.parametrize("environment", [INVOKE_UNKNOWN, CONVERSE_UNKNOWN])
@pytest.mark.usefixtures("outcomes")
def test_a_header_of_the_callers_own_is_kept_and_wins(environment: str, endpoint: ModelEndpoint) -> None:
    metadata = endpoint.of(environment)[-1].metadata or {}

    assert (metadata["team"], metadata["call_index"], metadata["api_request_id"]) == ("blue", "7", environment)
