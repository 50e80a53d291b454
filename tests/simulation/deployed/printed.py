"""What the function printed, read as CloudWatch reads it: metrics by dimensions, and the publications they make up."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from request_lens.domain.publishing.changes import Change
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import ModelValues, Publication
from request_lens.domain.publishing.request_metrics import publication_of
from request_lens_cli.local_aws.emf.extraction import ExtractedMetric, extract
from request_lens_cli.local_aws.emf.schema import EmfSchemaError
from tests.simulation.judging.verdict import Verdict, expect

MAX_AGE, MAX_AHEAD = timedelta(days=14), timedelta(hours=2)
"""Times that CloudWatch takes: what is older, or later, is not printed but said to be kept in the table only."""

_OF_THE_PIPELINE = ("pipeline:", "batch:")
"""How the ids of lines begin that the pipeline prints about itself."""

type Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One line about a publication: `metrics` by dimensions, none where it tells that they are too old to print."""

    publication_id: str
    at: datetime
    raw: Mapping[str, Any]
    metrics: Sequence[ExtractedMetric]

    @property
    def about(self) -> tuple[str, frozenset[Dimensions]]:
        """What the line is of: no other line of its publication has these dimensions."""
        return self.publication_id, frozenset(_dimensions(each) for each in self.metrics)


class Log:
    """The function's log: the lines of every invocation, in the order in which the invocations ended."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.runaways: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._printings: list[Sequence[Printed]] = []
        self._pipeline: list[tuple[str, Mapping[str, Sequence[float]]]] = []

    def add(self, lines: Sequence[str], at: datetime) -> None:
        """Note what an invocation printed; of a line that says that something is wrong, keep it as an error."""
        about = [found for line in lines if (found := self._read(line, at)) is not None]
        by_id: defaultdict[str, list[Printed]] = defaultdict(list)
        for each in about:
            by_id[each.publication_id].append(each)
        self._printings += by_id.values()

    def _read(self, line: str, at: datetime) -> Printed | None:
        raw = json.loads(line)
        if raw.get("level") == "ERROR":
            self.errors.append(f"logged: {line}")
        try:
            metrics = extract(line)
        except EmfSchemaError as error:
            self.errors.append(f"no EMF: {error}: {line}")
            return None
        if Metric.RUNAWAY_REQUESTS.value in raw:
            self.runaways[raw["publication_id"]].append(raw)
            return None
        if "publication_id" not in raw:
            return None
        if raw["publication_id"].startswith(_OF_THE_PIPELINE):
            self._pipeline.append((raw["publication_id"], {each.name: each.values for each in metrics}))
            return None
        return Printed(publication_id=raw["publication_id"], at=at, raw=raw, metrics=metrics)

    def publications(self, changes: Sequence[Change]) -> list[Publication]:
        """Each printing of a publication, in order, as all lines of it together have it."""
        whole = self._whole(changes)
        return [whole[printing[0].publication_id] for printing in self._printings]

    def _whole(self, changes: Sequence[Change]) -> Mapping[str, Publication]:
        made = {found.publication_id: found for each in changes if (found := publication_of(each)) is not None}
        lines: defaultdict[str, dict[object, Printed]] = defaultdict(dict)
        for each in self._all():
            lines[each.publication_id].setdefault(each.about, each)
        return {
            key: _publication(key, list(of_one.values()), withheld=replace(made[key], properties={}, details={}))
            for key, of_one in lines.items()
        }

    def verdict(self) -> Verdict:
        """Each line is a metric's own, in time, the same at each repeat, and says the same of service and route."""
        first: dict[object, Printed] = {}
        for each in self._all():
            if each.metrics:
                yield expect(f"a repeat of {each.publication_id}", each.raw, first.setdefault(each.about, each).raw)
            for metric in each.metrics:
                in_time = -MAX_AHEAD <= each.at - metric.at <= MAX_AGE
                yield None if in_time else f"{each.publication_id} is out of CloudWatch's time: {metric.at}"
                yield from _service_and_route(each)
        counted: dict[str, object] = {}
        for publication_id, values in self._pipeline:
            if publication_id.startswith("pipeline:"):  # a batch that comes again tells of other delays
                yield expect(f"a repeat of {publication_id}", values, counted.setdefault(publication_id, values))
        yield from self.errors

    @property
    def pipeline(self) -> Mapping[str, Mapping[str, Sequence[float]]]:
        """The values of the lines that the pipeline prints about itself, by their publication_id."""
        return dict(self._pipeline)

    def _all(self) -> Iterator[Printed]:
        for printing in self._printings:
            yield from printing


def _service_and_route(line: Printed) -> Verdict:
    by_keys: defaultdict[tuple[str, ...], dict[str, tuple[float, ...]]] = defaultdict(dict)
    for metric in line.metrics:
        by_keys[tuple(metric.dimensions)][metric.name] = metric.values
    if ("Service",) in by_keys or ("Service", "Route") in by_keys:
        what = f"[Service] of {line.publication_id}"
        yield expect(what, by_keys[("Service",)], by_keys[("Service", "Route")])


def _publication(key: str, lines: Sequence[Printed], *, withheld: Publication) -> Publication:
    """The publication that lines make up; where none is printed for its age, the one that would have been."""
    metrics = [metric for line in lines for metric in line.metrics]
    if not metrics:
        return withheld
    by_model: defaultdict[str, dict[Metric, tuple[float, ...]]] = defaultdict(dict)
    for metric in metrics:
        if "ModelId" in metric.dimensions:
            by_model[metric.dimensions["ModelId"]][Metric(metric.name)] = metric.values
    return Publication(
        publication_id=key,
        at=metrics[0].at,
        route=next(line.raw.get("Route") or line.raw["route"] for line in lines if line.metrics),
        values={Metric(each.name): each.values for each in metrics if tuple(each.dimensions) == ("Service",)},
        by_model=tuple(ModelValues(model_id=model, values=values) for model, values in by_model.items()),
    )


def _dimensions(metric: ExtractedMetric) -> Dimensions:
    return tuple(metric.dimensions.items())
