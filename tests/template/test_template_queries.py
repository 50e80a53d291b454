"""The log widgets and the saved queries read fields that the lines have."""

import json
import re

import pytest
from aws_lambda_powertools import Logger

from request_lens.adapters.emf_metric_sink import EmfMetricSink
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.folding.fold import fold
from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.publishing.changes import InvocationDecided, RevisionWritten
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.request_metrics import publication_of
from tests.support.facts import call, linked, request
from tests.support.telemetry.traced_states import MISSING
from tests.template.dashboard_body import QUERIES, widgets

COMMANDS = (
    r"SOURCE '[^']*'|#.*|'[^']*'"
    r"|\b(fields|filter|display|sort|stats|limit|by|as|and|or|desc|ispresent|coalesce|sum|avg|max|count|latest)\b"
)


@pytest.fixture
def log_fields(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The fields of the lines that a request and an unattributed call make, as Logs Insights names them."""
    ours = [linked(call("i1", 0)), linked(call("i2", 2, error_code="ThrottlingException"))]
    record, unattributed = request(), Unattributed(reason=Reason.AMBIGUOUS, candidates=2)
    summary = fold(record, ours, Policy(), NO_PRICES, possible_calls=3, traced=MISSING)
    revision = RevisionWritten(request=record, stored_at=record.started_at, revision=1, summary=summary)
    lost = InvocationDecided(invocation=call("i3"), stored_at=record.started_at, decision=unattributed)
    sink = EmfMetricSink(service_name="lens", clock=MemoryClock(moment=record.started_at), logger=Logger())
    for each in (publication_of(revision), publication_of(lost)):
        assert each is not None
        sink.publish(each)
    fields = {"@timestamp"}
    for line in capsys.readouterr().out.splitlines():
        for name, value in json.loads(line).items():
            inner = {f"{name}.{key}" for key in value} if isinstance(value, dict) else set()
            fields |= inner or {f"{name}.0" if isinstance(value, list) else name}
    # Which metrics a line has depends on its request; each is a list.
    return fields | {f"{metric}.0" for metric in Metric}


def fields_of(query: str) -> set[str]:
    """The fields that a query reads: its words without commands, functions, texts, comments, and names of its own."""
    own = set(re.findall(r"\bas (\w+)", query))
    words = re.sub(COMMANDS, " ", query)
    return set(re.findall(r"@?[A-Za-z_][\w.]*", words)) - own


def test_every_log_field_of_a_widget_is_in_the_lines(log_fields: set[str]) -> None:
    for each in widgets("log"):
        assert fields_of(each["properties"]["query"].replace("|", " ")) <= log_fields


@pytest.mark.parametrize("name", QUERIES)
def test_every_log_field_of_a_saved_query_is_in_the_lines(name: str, log_fields: set[str]) -> None:
    assert fields_of(QUERIES[name]) <= log_fields


def test_there_is_a_saved_query_for_each_question() -> None:
    assert len(QUERIES) == 10
