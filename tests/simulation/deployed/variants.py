"""Deliberately broken adapters and rules, which the schedules of the deployed function must catch."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from request_lens.adapters.dynamodb.attributes import PlainMap, from_item, to_item
from request_lens.adapters.dynamodb.table import DynamoTable, outages
from request_lens.adapters.sqs_settle_timer import SqsSettleTimer
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.publishing.changes import Change, RevisionWritten
from request_lens.domain.publishing.publication import Publication
from request_lens.domain.publishing.request_metrics import publication_of
from request_lens.ports import Ports
from tests.simulation.broken_rules import APPLICATION, broken
from tests.simulation.judging.batch_reference import TOTALS
from tests.simulation.pipeline import Pipeline
from tests.simulation.small_aws.filter_pattern import stream_filters

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_TABLE = f"{DynamoTable.__module__}.{DynamoTable.__name__}"
_TIMER = f"{SqsSettleTimer.__module__}.{SqsSettleTimer.__name__}"


def _leave_orphans(invocations: Sequence[LinkedInvocation], ports: Ports) -> None:
    """Calls that were given up stay counted as unattributed when their record comes."""


def _publish_absolute(change: Change, *, tool_names: Collection[str] = ()) -> Publication | None:
    """A later revision brings its totals whole, not what they are more than before."""
    publication = publication_of(change, tool_names=tool_names)
    if publication is None or not isinstance(change, RevisionWritten) or change.previous is None:
        return publication
    whole = publication_of(replace(change, previous=None))
    totals = {metric: values for metric, values in whole.values.items() if metric in TOTALS.values()} if whole else {}
    return replace(publication, values={**publication.values, **totals})


def _load_behind(
    table: DynamoTable, pk: str, *, begins: str = "", limit: int | None = None, is_consistent: bool = True
) -> list[PlainMap]:
    """A request is read eventually consistent, whatever was asked for."""
    del is_consistent
    return table._query(pk, {}, begins=begins, limit=limit)


def _send_once[Entry](
    table: DynamoTable, send: Callable[[Sequence[Entry]], Sequence[Entry]], batch: Sequence[Entry]
) -> None:
    """What DynamoDB leaves of a batch is forgotten."""
    send(batch)


def _first_page(
    table: DynamoTable, pk: str, *, begins: str = "", limit: int | None = None, is_consistent: bool = True
) -> list[PlainMap]:
    """The first page is taken for all: its LastEvaluatedKey is not looked at."""
    if begins:
        return table._query(pk, {"ConsistentRead": is_consistent}, begins=begins, limit=limit)
    with outages():
        page = table._client.query(
            TableName=table._name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": pk}),
            ConsistentRead=is_consistent,
        )
    return [from_item(item) for item in page["Items"]]


def _ignore_refused(timer: SqsSettleTimer, entries: "Sequence[SendMessageBatchRequestEntryTypeDef]") -> None:
    """What SQS refuses of a batch is taken as sent."""
    timer._try_send(entries)


def _filters_without_runaways() -> Sequence[Mapping[str, object]]:
    """The mapping's filter takes for news what is no longer pending, and nothing else."""
    return stream_filters()[:1]


VARIANTS: dict[str, Pipeline] = {
    "orphans not taken back": Pipeline(breaking=broken(f"{APPLICATION}.settle_request._take_back", _leave_orphans)),
    "an absolute instead of a difference": Pipeline(
        breaking=broken(f"{APPLICATION}.publish.publication_of", _publish_absolute)
    ),
    "an eventually consistent load": Pipeline(breaking=broken(f"{_TABLE}.query_partition", _load_behind)),
    "unprocessed items forgotten": Pipeline(breaking=broken(f"{_TABLE}._send_until_processed", _send_once)),
    "a page's LastEvaluatedKey ignored": Pipeline(breaking=broken(f"{_TABLE}.query_partition", _first_page)),
    "a refused message taken as sent": Pipeline(breaking=broken(f"{_TIMER}._send_batch", _ignore_refused)),
    "a filter that keeps runaways back": Pipeline(
        breaking=broken(f"{stream_filters.__module__}.stream_filters", _filters_without_runaways)
    ),
}
"""Each breakage by its name."""
