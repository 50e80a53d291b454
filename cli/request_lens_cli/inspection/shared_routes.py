"""Routes of equal names that several stages of APIs log: they are one route, unless a format tells them apart."""

from collections import defaultdict
from collections.abc import Sequence

from request_lens.wire.names import OTHER_ROUTE
from request_lens_cli.inspection.inspection import Inspection

REMEDY = (
    'They are added up. To tell them apart add "requestLensApi":"NAME" to the access log\'s format of all but one of '
    "them, with a name of its own each."
)


class SharedRoutes:
    """Which stages log which route. Lines that name no stage are of one for each log group or file, if all are so."""

    def __init__(self) -> None:
        """No line was seen, so far."""
        self._stages: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def add(self, inspection: Inspection, *, source: str) -> None:
        """Note whose the route of a request's line is."""
        if inspection.kind == "request" and inspection.fields["route"] != OTHER_ROUTE:
            self._stages[str(inspection.fields["route"])][source].add(inspection.stage)

    def texts(self) -> Sequence[str]:
        """A sentence for each route of several stages, by name."""
        found = ((route, _named(by_source)) for route, by_source in sorted(self._stages.items()))
        return [
            f"{route} is one route, of {len(stages)} stages: {', '.join(stages)}."
            for route, stages in found
            if len(stages) > 1
        ]


def _named(by_source: dict[str, set[str]]) -> Sequence[str]:
    return sorted({stage for source, stages in by_source.items() for stage in (stages - {""} or {f"that of {source}"})})
