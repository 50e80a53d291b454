"""Calls linked by spans: how many are exact as requests overlap, and whether each loss of the log is named."""

import random

import pytest

from tests.support.telemetry.traced_traffic import disturbed, traffic
from tests.support.telemetry.traced_verdict import verdict_on

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

LOSSES, A_RUN = 10_000, 1_000


@pytest.mark.parametrize("at_once", [1, 5, 50])
@pytest.mark.parametrize("is_http", [True, False], ids=["http", "rest"])
def test_the_share_of_exact_links(at_once: int, is_http: bool) -> None:
    dice = random.Random(f"{at_once}/{is_http}")
    requests = traffic(dice, requests=600, at_once=at_once, is_http=is_http, has_own_group=False)
    lines = [line for request in requests for line in request.lines]

    found = verdict_on(requests, disturbed(lines, dice, share=0.1, latest_ms=50_000))

    api = "HTTP" if is_http else "REST"
    print(f"\n{api} API, about {at_once} at once: {found.seen} calls with a span, {found.share:.2%} exact, ", end="")
    print(f"{len(found.wrong)} wrong, {len(found.incomplete)} false alarms")
    assert found.share >= 0.99
    assert (found.wrong, found.incomplete) == ([], {})


def test_each_of_ten_thousand_losses_is_named_and_nothing_else() -> None:
    named = 0
    for seed in range(LOSSES // A_RUN):
        dice = random.Random(seed)
        requests = traffic(dice, requests=A_RUN, at_once=5, is_http=bool(seed % 2), has_own_group=False)
        lost = {request.request_id: dice.choice(request.call_ids) for request in requests}
        lossy = [request.without_record_of(lost[request.request_id]) for request in requests]
        found = verdict_on(requests, [line for request in lossy for line in request.lines])
        named += sum(found.incomplete.get(name) == (call_id,) for name, call_id in lost.items())
        assert found.incomplete.keys() <= lost.keys()

    print(f"\n{named} of {LOSSES} requests whose log lost a call are incomplete, and name it")
    assert named == LOSSES
