"""What the package writes is what Request Lens reads: they share no code, and agree on ids, keys and numbers."""

import json
import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

import request_lens
import request_tag
from request_lens.domain.facts import Invocation, Tag, count_indexed
from request_lens.wire.field_types import API_REQUEST_ID_PATTERN
from request_lens.wire.invocation_log import read_invocation
from request_tag import carry, request
from request_tag.limits import is_request_id, is_value
from tests.support.tagging.kept_calls import Bedrock

BEDROCKS_PATTERN = r"[a-zA-Z0-9\s:_@$#=/+,-.]{0,256}"
NEAR_ASCII = st.text(st.characters(max_codepoint=0x100), max_size=300)


def read_back(metadata: dict[str, str] | None) -> Tag | None:
    """The tag of a log record that has this metadata."""
    return read_call(metadata).tag


def read_call(metadata: dict[str, str] | None) -> Invocation:
    """The call of such a record."""
    record = {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2026-06-01T09:00:00Z",
        "requestId": "invocation-1",
        "modelId": "model",
        "operation": "Converse",
        "requestMetadata": metadata,
    }
    invocation = read_invocation(json.dumps(record).encode())
    assert isinstance(invocation, Invocation)
    return invocation


def test_the_tag_of_a_call_is_read_from_its_log_record(tagged: Bedrock) -> None:
    with request("JKJaXmPLvHcESHA=", session_id="session-1", trace_id="0" * 32):
        metadata = tagged.converse(requestMetadata={"team": "blue"})

    tag = read_back(metadata)
    assert tag is not None
    assert metadata is not None
    assert (tag.request_id, tag.call_index) == ("JKJaXmPLvHcESHA=", 1)
    assert tag.call_started_ms == int(metadata["call_started_ms"])


RECEIVER = """
import json, sys, request_tag

@request_tag.agentcore_entrypoint
def agent(payload):
    return request_tag.call_arguments()["requestMetadata"]

print(json.dumps(agent(json.loads(sys.argv[1]))))
"""


def test_two_processes_that_got_one_payload_number_alike_and_prove_nothing_together() -> None:
    with request("JKJaXmPLvHcESHA="):
        payload = json.dumps(carry({"prompt": "hello"}))
    command = [sys.executable, "-c", RECEIVER, payload]
    sent = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(2)]

    one, other = map(read_call, sent)
    assert one.tag is not None
    assert other.tag is not None
    assert (one.tag.call_index, other.tag.call_index) == (1, 1)
    assert one.tag.call_started_ms != other.tag.call_started_ms
    assert (count_indexed([one]), count_indexed([other]), count_indexed([one, other])) == (1, 1, None)


@given(NEAR_ASCII | st.from_regex(API_REQUEST_ID_PATTERN, fullmatch=True))
def test_an_id_is_written_if_and_only_if_it_is_read(text: str) -> None:
    assert is_request_id(text) == (re.fullmatch(API_REQUEST_ID_PATTERN[1:-1], text) is not None)
    assert is_request_id(text) == (read_back({"api_request_id": text}) is not None)


@given(NEAR_ASCII | st.from_regex(BEDROCKS_PATTERN, fullmatch=True))
def test_a_value_is_written_only_if_bedrock_takes_it(text: str) -> None:
    assert not is_value(text) or re.fullmatch(BEDROCKS_PATTERN, text) is not None
    assert not is_request_id(text) or is_value(text)


def test_both_packages_have_one_version() -> None:
    assert request_tag.__version__ == request_lens.__version__
