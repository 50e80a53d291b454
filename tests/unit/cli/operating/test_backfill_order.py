"""The order in which a backfill sends: records before calls, and nothing lost, however its sources lie."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from request_lens.wire.subscription import decode
from request_lens_cli.operating.backfilling.backfill import MOST, Backfill
from request_lens_cli.operating.backfilling.past_event import PastEvent, Volume
from request_lens_cli.operating.invoked_processor import DeployedProcessor
from tests.support.facts import START

END, LEAD = START + timedelta(hours=3), timedelta(minutes=4)


@dataclass(frozen=True)
class Held:
    """A source in memory."""

    events: Sequence[PastEvent]
    name: str = "held"

    def volume(self) -> Volume:
        return Volume(events=len(self.events), size_bytes=None)

    def read(self, first: datetime, end: datetime) -> Iterator[PastEvent]:
        return (event for event in self.events if first <= event.at < end)


@dataclass
class Taken:
    """What the processor got, batch by batch."""

    batches: list[Sequence[str]] = field(default_factory=list)

    def send(self, event: Mapping[str, object]) -> None:
        self.batches.append([each.id for each in decode(event).events])


def event(name: str, at: datetime, group: str) -> PastEvent:
    text = '{"schemaType": "ModelInvocationLog"}' if name.startswith("call") else "{}"
    return PastEvent(log_group=group, log_stream="s", id=f"{name:0<56}", at=at, message=text)


def sent(*sources: Sequence[PastEvent]) -> list[str]:
    """The ids in the order in which they were sent, one batch after the other."""
    taken = Taken()
    held = [Held(sorted(events, key=lambda each: each.at)) for events in sources]
    processor = cast("DeployedProcessor", taken)
    *_, last = Backfill(sources=held, processor=processor, first=START, end=END, lead=LEAD).run()
    assert last.batches == len(taken.batches)
    return [each for batch in taken.batches for each in batch]


MINUTES = st.integers(min_value=0, max_value=179).map(lambda minute: START + timedelta(minutes=minute))


@given(st.lists(st.tuples(MINUTES, st.sampled_from(["call", "record"]), st.sampled_from("abc")), max_size=40))
def test_each_event_is_sent_once_and_no_call_before_a_record_within_the_lead(
    drawn: Sequence[tuple[datetime, str, str]],
) -> None:
    events = [event(f"{kind}-{number}-", at, group) for number, (at, kind, group) in enumerate(drawn)]
    sources = [[each for each in events if each.log_group == group] for group in "abc"]

    place = {event_id: number for number, event_id in enumerate(sent(*sources))}

    assert place.keys() == {each.id for each in events}
    calls, records = ([each for each in events if each.leads is leads] for leads in (False, True))
    assert [
        (call, record)
        for call in calls
        for record in records
        if record.at < call.at + LEAD and place[call.id] < place[record.id]
    ] == []


def test_a_burst_is_cut_into_slices_so_that_no_record_waits_long_for_its_calls() -> None:
    """Each second a record and a call: sent at once, the last call would come an hour's work after its record."""
    burst = [START + timedelta(seconds=0.4 * number) for number in range(2 * MOST)]
    calls = [event(f"call-{number}-", at, "calls") for number, at in enumerate(burst)]
    records = [event(f"record-{number}-", at, "records") for number, at in enumerate(burst)]

    place = {event_id: number for number, event_id in enumerate(sent(calls, records))}

    assert len(place) == 4 * MOST
    apart = [place[call.id] - place[record.id] for call, record in zip(calls, records, strict=True)]
    assert 0 < min(apart) <= max(apart) < MOST
