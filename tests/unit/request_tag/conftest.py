"""Clients that are instrumented and that are not, and none of what another test left behind."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from botocore import handlers

from request_tag import call_count, instrument
from request_tag.only_event import OnlyEvent
from tests.support.tagging.kept_calls import Bedrock, kept, new_session


@pytest.fixture
def bedrock() -> Bedrock:
    """A client that is not instrumented."""
    return kept(new_session().client("bedrock-runtime"))


@pytest.fixture(scope="session")
def instrumented_client() -> Any:
    """Made once: to make a client takes longer than most tests."""
    client = new_session().client("bedrock-runtime")
    assert instrument(client) is client
    return client


@pytest.fixture
def tagged(instrumented_client: Any) -> Iterator[Bedrock]:
    """An instrumented client."""
    bedrock = kept(instrumented_client)
    yield bedrock
    instrumented_client.meta.events.unregister("before-send.bedrock-runtime", bedrock.answer)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No failure, no request and no instrumentation of another test."""
    monkeypatch.setattr(import_module("request_tag.failures"), "_counts", {})
    monkeypatch.setattr(
        import_module("request_tag.current_request"), "_only_event", OnlyEvent(frozenset(threading.enumerate()))
    )
    monkeypatch.setattr(call_count, "_counts", OrderedDict())
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", list(handlers.BUILTIN_HANDLERS))
