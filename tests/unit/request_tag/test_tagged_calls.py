"""What an instrumented client sends: the tag beside the caller's metadata, and nothing that Bedrock would refuse."""

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

import request_tag.call_metadata
from request_tag import auto_instrument, call_arguments, call_headers, failures, instrument, request
from request_tag.call_metadata import merged, merged_text, with_member
from request_tag.instrumentation import _handlers
from tests.support.tagging.kept_calls import HEADER, MESSAGES, Bedrock, body_of, kept, new_session


def test_a_call_in_a_request_bears_its_id_its_index_and_its_start(tagged: Bedrock) -> None:
    before = time.time_ns() // 10**6
    with request("JKJaXmPLvHcESHA="):
        first, second = tagged.converse(), tagged.converse()

    assert first is not None
    assert before <= int(first.pop("call_started_ms")) <= time.time_ns() // 10**6
    assert first == {"api_request_id": "JKJaXmPLvHcESHA=", "call_index": "1"}
    assert second is not None
    assert second["call_index"] == "2"


def test_a_call_outside_a_request_is_sent_as_it_is(tagged: Bedrock) -> None:
    assert tagged.converse() is None
    assert tagged.invoke() is None
    assert tagged.converse(requestMetadata={"team": "blue"}) == {"team": "blue"}
    assert call_arguments() == {}
    assert call_headers() == {}


def test_session_and_trace_are_written_down_where_they_are_known(tagged: Bedrock) -> None:
    with request("id", session_id="session-1", trace_id="0" * 32):
        metadata = tagged.converse() or {}

    assert (metadata["session_id"], metadata["trace_id"]) == ("session-1", "0" * 32)


def test_what_bedrock_would_refuse_is_left_out(tagged: Bedrock) -> None:
    with request("id", session_id="a;b", trace_id="x" * 257):
        metadata = tagged.converse() or {}

    assert set(metadata) == {"api_request_id", "call_index", "call_started_ms"}


@pytest.mark.parametrize("bad", ["", "with blank", "a;b", "ä", "x" * 129, 7, b"id", ["id"]])
def test_what_can_be_no_id_enters_no_request(bad: Any, tagged: Bedrock) -> None:
    with request(bad):
        assert tagged.converse() is None

    assert failures() == 1


def test_no_id_enters_no_request_and_is_no_failure(tagged: Bedrock) -> None:
    with request(None):
        assert tagged.converse() is None

    assert failures() == 0


def test_the_callers_own_metadata_is_kept_and_wins(tagged: Bedrock) -> None:
    own = {"team": "blue", "call_index": "7"}
    with request("id"):
        metadata = tagged.converse(requestMetadata=own) or {}

    assert (metadata["team"], metadata["call_index"], metadata["api_request_id"]) == ("blue", "7", "id")
    assert own == {"team": "blue", "call_index": "7"}


def test_a_call_that_its_caller_has_tagged_is_neither_changed_nor_counted(tagged: Bedrock) -> None:
    own = {"api_request_id": "another"}
    with request("id"):
        assert tagged.converse(requestMetadata=own) == own
        assert tagged.invoke(requestMetadata=json.dumps(own)) == own
        assert (tagged.converse() or {})["call_index"] == "1"


def test_the_most_needed_pairs_are_added_while_there_is_room(tagged: Bedrock) -> None:
    with request("id"):
        fifteen = tagged.converse(requestMetadata={f"key{number}": "" for number in range(15)}) or {}
        sixteen = tagged.converse(requestMetadata={f"key{number}": "" for number in range(16)}) or {}

    assert len(fifteen) == 16
    assert fifteen["api_request_id"] == "id"
    assert len(sixteen) == 16
    assert "api_request_id" not in sixteen


@given(
    own=st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=20),
    tag=st.dictionaries(st.sampled_from(["call_index", "session_id", "trace_id"]), st.text(max_size=9)),
)
def test_no_metadata_grows_beyond_16_pairs_or_loses_one(own: dict[str, str], tag: dict[str, str]) -> None:
    together = merged(own, {"api_request_id": "id", **tag})

    assert together is None or (own.items() <= together.items() and 0 < len(together) <= 16)


def test_invoke_model_bears_the_tag_in_its_signed_header(tagged: Bedrock) -> None:
    with request("id"):
        metadata = tagged.invoke(requestMetadata='{"team": "blue"}') or {}

    assert (metadata["team"], metadata["api_request_id"], metadata["call_index"]) == ("blue", "id", "1")
    authorization = tagged.sent[-1].headers["Authorization"]
    assert HEADER.lower() in str(authorization).partition("SignedHeaders=")[2].partition(",")[0].split(";")


@pytest.mark.parametrize("own", ["no JSON", "[1]", "7"])
def test_metadata_that_is_no_json_object_is_sent_as_it_is(own: str, tagged: Bedrock) -> None:
    with request("id"):
        tagged.client.invoke_model(modelId="model", body=b"{}", requestMetadata=own)

    assert tagged.sent[-1].headers[HEADER] in (own, own.encode())


def test_a_header_never_becomes_longer_than_bedrock_takes() -> None:
    own = {"a" * 256 + str(number): "b" * 256 for number in range(15)}

    assert merged_text(own, {"api_request_id": "id" * 60}) is not None
    assert merged_text({**own, "c": "d" * 700}, {"api_request_id": "id" * 60}) is None


def test_a_parameter_of_a_wrong_type_fails_as_it_does_without_the_tag(tagged: Bedrock) -> None:
    with request("id"), pytest.raises(ParamValidationError):
        tagged.converse(requestMetadata="text")


def test_other_operations_are_left_alone(tagged: Bedrock) -> None:
    with request("id"):
        tagged.client.apply_guardrail(
            guardrailIdentifier="id", guardrailVersion="1", source="INPUT", content=[{"text": {"text": "hello"}}]
        )
        assert (tagged.converse() or {})["call_index"] == "1"

    assert "requestMetadata" not in body_of(tagged.sent[0])


@pytest.mark.parametrize("kind", ["boto3 session", "botocore session", "default session of boto3"])
def test_a_session_tags_the_calls_of_the_clients_it_makes_afterwards(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = new_session()
    if kind == "botocore session":
        instrument(session._session)
    elif kind == "boto3 session":
        instrument(session)
    else:
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
        auto_instrument()
    bedrock = kept(session.client("bedrock-runtime"))

    with request("id"):
        assert (bedrock.converse() or {})["api_request_id"] == "id"


def test_every_session_made_after_auto_instrument_tags_its_calls() -> None:
    auto_instrument()
    auto_instrument()
    bare = botocore.session.get_session().create_client(
        "bedrock-runtime", region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    for bedrock in (kept(new_session().client("bedrock-runtime")), kept(bare)):
        with request("id"):
            bedrock.converse()
            bedrock.invoke()

    assert [metadata["call_index"] for metadata in bedrock.metadata() if metadata is not None] == ["3"]


def test_a_client_that_two_instrumentations_reach_counts_each_call_once() -> None:
    auto_instrument()
    session = instrument(new_session())
    bedrock = kept(instrument(instrument(session.client("bedrock-runtime"))))

    full = {f"key{number}": "" for number in range(16)}
    with request("id"):
        calls = [bedrock.converse(), bedrock.invoke(), bedrock.converse(requestMetadata=full), bedrock.converse()]

    assert [(metadata or {}).get("call_index") for metadata in calls] == ["1", "2", None, "4"]


@pytest.mark.parametrize("register", ["register", "register_last"])
@pytest.mark.parametrize("event", ["before-parameter-build.bedrock-runtime.Converse", "before-parameter-build.*"])
def test_metadata_that_a_handler_of_the_callers_own_adds_is_kept(register: str, event: str, bedrock: Bedrock) -> None:
    """However special its event is, and though it is registered later and, too, as the last."""

    def add_team(params: dict[str, Any], **_: object) -> None:
        params.setdefault("requestMetadata", {"team": "blue"})

    events = instrument(bedrock.client).meta.events
    getattr(events, register)(event, add_team)
    with request("id"):
        metadata = bedrock.converse() or {}

    assert (metadata["team"], metadata["api_request_id"]) == ("blue", "id")


def test_pairs_that_a_handler_adds_between_two_instrumentations_are_kept(bedrock: Bedrock) -> None:
    def add_team(params: dict[str, Any], **_: object) -> None:
        params.setdefault("requestMetadata", {})["team"] = "blue"

    events = instrument(bedrock.client).meta.events
    events.register_last("before-parameter-build", add_team)
    for event, handler in _handlers():
        events.register_last(event, handler)
    with request("id"):
        metadata = bedrock.converse() or {}

    assert (metadata["team"], metadata["api_request_id"], metadata["call_index"]) == ("blue", "id", "1")


def test_parameters_that_are_used_again_hold_nothing_of_an_earlier_call(tagged: Bedrock) -> None:
    parameters = {"modelId": "model", "messages": MESSAGES, "requestMetadata": {"team": "blue"}}
    before = json.dumps(parameters)
    for request_id in ("one", "two", None):
        with request(request_id):
            tagged.client._make_api_call("Converse", parameters)

    assert json.dumps(parameters) == before
    assert [(metadata or {}).get("api_request_id") for metadata in tagged.metadata()] == ["one", "two", None]


def test_parameters_of_a_call_that_could_not_be_serialised_are_used_again_as_they_were(tagged: Bedrock) -> None:
    parameters = {"modelId": 1, "messages": MESSAGES, "requestMetadata": {"team": "blue"}}
    with request("one"), pytest.raises(ParamValidationError):
        tagged.client._make_api_call("Converse", parameters)
    parameters["modelId"] = "model"
    for request_id in ("two", None):
        with request(request_id):
            tagged.client._make_api_call("Converse", parameters)

    assert [(metadata or {}).get("api_request_id") for metadata in tagged.metadata()] == ["two", None]
    assert parameters["requestMetadata"] == {"team": "blue"}


def test_a_call_that_is_not_sent_is_not_counted_and_leaves_nothing_in_its_parameters(bedrock: Bedrock) -> None:
    """As one that is refused before it is serialised, or one that a cache of the caller's own answers."""
    events = instrument(bedrock.client).meta.events
    parameters = {"modelId": "model", "messages": MESSAGES, "requestMetadata": {"team": "blue"}}
    with request("id"):
        with pytest.raises(ParamValidationError):
            bedrock.converse(requestMetadata="text")
        events.register("before-call.bedrock-runtime.Converse", answered)
        assert bedrock.client._make_api_call("Converse", parameters) == {"cached": True}
        events.unregister("before-call.bedrock-runtime.Converse", answered)
        metadata = bedrock.converse() or {}

    assert parameters["requestMetadata"] == {"team": "blue"}
    assert metadata["call_index"] == "1"


def answered(**_: object) -> tuple[SimpleNamespace, dict[str, bool]]:
    return SimpleNamespace(status_code=200), {"cached": True}


def test_parameters_that_two_threads_send_at_once_are_tagged_with_the_request_of_each(bedrock: Bedrock) -> None:
    """A handler may provide the same dictionary for every call."""
    provided = {"modelId": "model", "messages": MESSAGES, "requestMetadata": {"team": "blue"}}
    meeting = threading.Barrier(2)
    events = instrument(bedrock.client).meta.events
    events.register("provide-client-params", lambda **_: provided)
    events.register_last("before-parameter-build", lambda **_: meeting.wait(10) and None)

    def ask(name: str) -> None:
        with request(name):
            bedrock.client.converse(modelId="model", messages=MESSAGES)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ask, ["one", "other"]))

    assert sorted((each or {})["api_request_id"] for each in bedrock.metadata()) == ["one", "other"]
    assert provided["requestMetadata"] == {"team": "blue"}


@pytest.mark.parametrize("own", [None, {}, {"team": "blue"}], ids=str)
@pytest.mark.parametrize("said", [None, {}, {"team": "blue"}, "text"], ids=str)
def test_what_a_tool_was_given_stays_though_it_looks_like_metadata(said: Any, own: Any, tagged: Bedrock) -> None:
    used = {"toolUse": {"toolUseId": "id", "name": "tag", "input": {"requestMetadata": said}}}
    messages = [*MESSAGES, {"role": "assistant", "content": [used, {"text": json.dumps({"requestMetadata": own})}]}]
    given = {"messages": messages} if own is None else {"messages": messages, "requestMetadata": own}
    with request("id"):
        tagged.client.converse(modelId="model", **given)

    body = body_of(tagged.sent[-1])
    assert body.pop("requestMetadata").items() >= {**(own or {}), "api_request_id": "id"}.items()
    assert body == {"messages": messages}


@given(
    own=st.none() | st.dictionaries(st.text(max_size=5), st.text(max_size=5)),
    rest=st.dictionaries(st.text(max_size=5), st.recursive(st.text(max_size=5), st.lists)),
    separators=st.sampled_from([(", ", ": "), (",", ":")]),
)
def test_a_body_has_the_pairs_in_place_of_its_own_however_it_is_written(
    own: dict[str, str] | None, rest: dict[str, Any], separators: tuple[str, str]
) -> None:
    member = {} if own is None else {"requestMetadata": own}
    body = json.dumps({**rest, **member}, separators=separators).encode()
    told = with_member(body, own, {**(own or {}), "api_request_id": "id"})

    pairs = json.loads(told, object_pairs_hook=list)
    assert len({name for name, _ in pairs}) == len(pairs)
    assert json.loads(told) == {**rest, "requestMetadata": {**(own or {}), "api_request_id": "id"}}


@pytest.mark.parametrize("is_after", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("register", ["register", "register_first", "register_last"])
@pytest.mark.parametrize("event", ["provide-client-params", "provide-client-params.bedrock-runtime.Converse"])
def test_parameters_that_a_handler_of_the_callers_own_provides_are_sent_and_tagged(
    event: str, register: str, is_after: bool, bedrock: Bedrock
) -> None:
    """Wherever it stands, and though it provides the same dictionary each time; whatever the tag does, it stays so."""
    provided = {"modelId": "theirs", "messages": MESSAGES, "requestMetadata": {"team": "blue"}}
    before = json.dumps(provided)
    events = bedrock.client.meta.events
    if is_after:
        instrument(bedrock.client)
    getattr(events, register)(event, lambda **_: provided)
    instrument(bedrock.client)

    for request_id in ("one", "two", None):
        with request(request_id):
            bedrock.converse()

    assert [sent.url.split("/")[-2] for sent in bedrock.sent] == ["theirs"] * 3
    assert [(each or {}).get("api_request_id") for each in bedrock.metadata()] == ["one", "two", None]
    assert [(each or {}).get("team") for each in bedrock.metadata()] == ["blue"] * 3
    assert json.dumps(provided) == before


@pytest.mark.parametrize("operation", ["invoke_model", "converse"])
def test_an_address_that_somebody_else_will_use_is_neither_tagged_nor_counted(operation: str, tagged: Bedrock) -> None:
    """Who uses a presigned address would have to send each header that was signed."""
    of_each: dict[str, dict[str, Any]] = {"invoke_model": {"body": b"{}"}, "converse": {"messages": MESSAGES}}
    with request("id"):
        url = tagged.client.generate_presigned_url(operation, {"modelId": "model", **of_each[operation]})
        metadata = tagged.converse() or {}

    assert "request-metadata" not in url.lower()
    assert "requestMetadata" not in url
    assert metadata["call_index"] == "1"


def test_a_resource_is_known_by_its_client(bedrock: Bedrock) -> None:
    class Resource:
        class meta:  # noqa: N801
            client = bedrock.client

    instrument(Resource())

    with request("id"):
        assert (bedrock.converse() or {})["api_request_id"] == "id"


def test_what_is_neither_client_nor_session_comes_back_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    thing = object()

    assert instrument(thing) is thing
    assert failures() == 1
    assert "neither a client nor a session" in caplog.text


def test_an_exception_inside_is_counted_and_logged_once_and_the_call_goes_on(
    tagged: Bedrock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> int:
        raise OverflowError

    monkeypatch.setattr(request_tag.call_metadata, "time", SimpleNamespace(time_ns=broken))
    with request("id"):
        answers = [tagged.converse(), tagged.converse(), tagged.invoke()]

    assert answers == [None, None, None]
    assert failures() == 3
    records = [record for record in caplog.records if record.name == "request_tag"]
    assert [record.levelno for record in records] == [logging.WARNING] * 2  # one of Converse, one of InvokeModel
    assert all(record.exc_info for record in records)


def test_a_failure_that_cannot_be_logged_is_counted_and_the_call_goes_on(
    tagged: Bedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise OverflowError

    monkeypatch.setattr(logging.getLogger("request_tag"), "filters", [Broken()])
    with request("no id"):
        assert tagged.converse() is None

    assert failures() == 1


def test_keywords_and_headers_for_other_libraries_count_calls_too() -> None:
    with request("id"):
        arguments, headers = call_arguments(), call_headers()

    assert arguments["requestMetadata"]["call_index"] == "1"
    assert json.loads(headers[HEADER])["call_index"] == "2"


@pytest.mark.parametrize("own", [{"team": "blue"}, {"api_request_id": "another"}, {str(n): "" for n in range(16)}])
def test_the_keyword_for_other_libraries_holds_the_callers_own_pairs_as_a_call_of_botocore_does(
    own: dict[str, str], tagged: Bedrock
) -> None:
    before = dict(own)
    assert call_arguments(own) == {"requestMetadata": own}
    with request("id"):
        arguments, metadata = call_arguments(own)["requestMetadata"], tagged.converse(requestMetadata=own)

    assert own == before
    volatile = {"call_index", "call_started_ms"}
    assert set(arguments) == set(metadata or {})
    assert {key: arguments[key] for key in set(arguments) - volatile}.items() <= (metadata or {}).items()
