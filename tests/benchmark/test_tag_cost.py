"""What a tag costs: beside the work that botocore does for a call in any case, and beside importing botocore."""

import timeit

import pytest
from botocore import handlers

from request_tag import auto_instrument, request
from request_tag.instrumentation import tag_converse, tag_invoke
from tests.support.fresh_process import ROOT, median_cpu_seconds
from tests.support.tagging.kept_calls import MESSAGES, kept, new_session

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

CALLS, ROUNDS = 300, 7


def least_us(statement: object) -> float:
    """Microseconds of one call of the statement, in the round that was disturbed least."""
    assert callable(statement)
    return min(timeit.repeat(statement, number=CALLS, repeat=ROUNDS)) / CALLS * 1e6


def test_a_tag_is_a_small_part_of_what_botocore_does_for_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    bedrock = kept(new_session().client("bedrock-runtime"))
    model = bedrock.client.meta.service_model
    converse, invoke = model.operation_model("Converse"), model.operation_model("InvokeModel")
    own = {"team": "blue", "feature": "search"}
    with request("JKJaXmPLvHcESHA=", session_id="s" * 36, trace_id="0" * 32):
        found = {
            "a call by botocore, sent nowhere": least_us(
                lambda: bedrock.client.converse(modelId="model", messages=MESSAGES)
            ),
            "its tag": least_us(lambda: tag_converse(params={}, model=converse, context={})),
            "its tag beside metadata of its own": least_us(
                lambda: tag_converse(params={"requestMetadata": own}, model=converse, context={})
            ),
            "the tag of InvokeModel": least_us(lambda: tag_invoke(params={}, model=invoke, context={})),
        }
    found["outside a request"] = least_us(lambda: tag_converse(params={}, model=converse, context={}))
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", list(handlers.BUILTIN_HANDLERS))
    auto_instrument()
    tagged = kept(new_session().client("bedrock-runtime"))
    with request("JKJaXmPLvHcESHA="):
        found["a tagged call by botocore, sent nowhere"] = least_us(
            lambda: tagged.client.converse(modelId="model", messages=MESSAGES)
        )

    print()
    for name, microseconds in found.items():
        print(f"tag: {name:<40} {microseconds:7.1f} µs")
    call = found.pop("a call by botocore, sent nowhere")
    tagged_call = found.pop("a tagged call by botocore, sent nowhere")
    assert max(found.values()) < call / 5
    assert tagged_call < call * 1.5


def test_importing_the_tag_is_a_small_part_of_importing_botocore() -> None:
    path = {"PYTHONPATH": str(ROOT / "layers" / "request_tag"), "PYTHONDONTWRITEBYTECODE": "1"}
    found = median_cpu_seconds(
        {
            "an interpreter": ("pass", path),
            "request_tag": ("import request_tag", path),
            "botocore": ("import botocore.session", path),
            "both": ("import botocore.session, request_tag", path),
        }
    )

    print()
    bare = found.pop("an interpreter")
    for name, seconds in found.items():
        print(f"import: {name:<12} {(seconds - bare) * 1e3:6.1f} ms of CPU time")
    assert found["request_tag"] - bare < (found["botocore"] - bare) / 4
