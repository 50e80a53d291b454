"""The three snippets of docs/tagging.md, run as they stand, tag their calls."""

from typing import Any

import pytest

from tests.tagging.conftest import CHECKOUT, StartCaller, outcome_of
from tests.tagging.model_endpoint import ModelEndpoint

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outcome(start_caller: StartCaller) -> dict[str, Any]:
    return outcome_of(start_caller("tagging", "documented.py", str(CHECKOUT / "docs" / "tagging.md")))


@pytest.mark.parametrize(
    ("model", "session"),
    [("documented-lambda", None), ("documented-agentcore", "session-1"), ("documented-anywhere", "session-2")],
)
def test_a_documented_snippet_tags_its_call(
    model: str, session: str | None, outcome: dict[str, Any], endpoint: ModelEndpoint
) -> None:
    (call,) = endpoint.of(model)
    metadata = call.metadata or {}

    assert outcome["failures"] == 0
    assert (metadata["api_request_id"], metadata["call_index"]) == (model, "1")
    assert metadata.get("session_id") == session
