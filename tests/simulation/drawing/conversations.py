"""A schedule's conversations: what is drawn of them, each call with its tag or without."""

import random
from datetime import timedelta

from request_lens.domain.facts import Request
from tests.simulation.drawing.truth import MODELS, CallTruth, Style, tagged
from tests.support.conversations import MAX_MS, TOO_LONG_MS, End, Ids, Manner, Timing, converse
from tests.support.facts import START

_ENDS = {
    End.ANSWER: 30,
    End.STREAM: 8,
    End.BROWSER: 22,
    End.APPROVAL: 8,
    End.ERROR: 8,
    End.TIME_OUT: 10,
    End.HUNG: 4,
    End.LEFT: 7,
    End.ACCEPTED: 7,
}


def draw_conversations(chance: random.Random, style: Style) -> tuple[list[Request], list[CallTruth]]:
    """One to three conversations of one to three turns each."""
    manner = Manner(ids=chance.choice(list(Ids)), ends=_ENDS, timing=_timing, models=MODELS, endless=0.05)
    spread_ms = chance.choice((1_000, 10_000, 60_000))
    requests: list[Request] = []
    calls: list[CallTruth] = []
    pending: str | None = None
    answered = START
    for number in range(chance.randint(1, 3)):
        copied = pending if chance.random() < 0.2 else None
        began = START + timedelta(milliseconds=chance.randint(0, spread_ms))
        if copied is not None:  # nobody has the id before the session that leaves it open has answered
            began = max(began, answered)
        turns, pending = converse(chance, f"s{number}", began, manner, pending=copied)
        last = turns[-1].request
        answered = last.ended_at or last.started_at + timedelta(milliseconds=MAX_MS)
        for turn in turns:
            requests.append(turn.request)
            full = style is Style.PARTLY or chance.random() < 0.7
            for each in turn.calls:
                truth = CallTruth(
                    call=each.call,
                    request_id=turn.request.request_id,
                    began=each.began,
                    position=each.position,
                    ids_repeat=each.ids_repeat,
                )
                index = each.position + 1 if full else None
                calls.append(tagged(chance, truth, turn.request, style, index=index))
    return requests, calls


def _timing(chance: random.Random) -> Timing:
    """One to three calls, spread over the turn; some of unknown latency."""
    length_ms = TOO_LONG_MS if chance.random() < 0.02 else chance.randint(1_500, MAX_MS)
    how_many = chance.randint(1, 3)
    step_ms = length_ms // how_many
    calls = [
        (
            place * step_ms + chance.randint(0, step_ms // 4),
            chance.randint(0, step_ms // 2) if chance.random() < 0.95 else None,
        )
        for place in range(how_many)
    ]
    return Timing(length_ms=length_ms, calls=tuple(calls))
