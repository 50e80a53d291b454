"""A schedule's requests that run on, some proven by their tags, with untagged chains whose calls lie far apart."""

import random

from request_lens.domain.facts import Request
from tests.simulation.drawing.truth import CallTruth
from tests.support.drawn.running_on import draw_turns


def draw_running_on(chance: random.Random) -> tuple[list[Request], list[CallTruth]]:
    """The requests of `tests.support.drawn.running_on`, and whose the calls truly were."""
    turns = draw_turns(chance)
    calls = [
        CallTruth(
            call=each.call,
            request_id=turn.request.request_id,
            began=each.began,
            position=each.position,
            ids_repeat=each.ids_repeat,
        )
        for turn in turns
        for each in turn.calls
    ]
    return [turn.request for turn in turns], calls
