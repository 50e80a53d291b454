"""The figures by model: what the linked calls of each add up to, and of which models requests may have made more."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from request_lens.domain.folding.summary import OTHER_MODEL, Bar, Summary, Totals, model_dimension, totals_of
from request_lens.domain.linking.link import Link, Unattributed, UnlinkedInvocation
from request_lens.presentation.certainty import Certainty, links_of_bars
from request_lens.presentation.failed_attempts import certainty_of_failed
from request_lens_cli.report.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFigures:
    """What the linked calls of a model add up to, and how sure it is that they are those of the requests.

    They are the least where a request may have more of this model: of one that a call without a request is of, or of
    any, see `of_any_model`.
    """

    totals: Totals
    certainty: Certainty
    certainty_of_failed: Certainty

    @property
    def counts_all_calls(self) -> bool:
        """Whether the totals are all that the settled requests made of this model."""
        return self.certainty is not Certainty.AT_LEAST


def figures_by_model(report: Report) -> Mapping[str, ModelFigures]:
    """The figures of each model in order of their names, failed calls of unknown models as "other"."""
    summaries = report.summaries
    certainty = _known(summary.counts_all_calls for summary in summaries)
    of_failed = _known(certainty_of_failed(summary) is not Certainty.AT_LEAST for summary in summaries)
    left, failed_left = _models_left(report), _models_left(report, failed=True)
    figures: dict[str, ModelFigures] = {}
    for summary in summaries:
        for model, totals in summary.by_model:
            sure, sure_of_failed = _of_model(model, certainty, left), _of_model(model, of_failed, failed_left)
            no_calls = ModelFigures(totals=Totals(), certainty=sure, certainty_of_failed=sure_of_failed)
            before = figures.get(model, no_calls)
            bars = _bars_under(model, summary)
            figures[model] = ModelFigures(
                totals=before.totals + totals,
                certainty=max(before.certainty, links_of_bars(bars)),
                certainty_of_failed=max(before.certainty_of_failed, links_of_bars(bars, failed=True)),
            )
    return dict(sorted(figures.items()))


def unattributed_by_model(report: Report) -> Mapping[str, ModelFigures]:
    """The same of the calls that belong to no request, as they are: none of them waits for a link."""
    totals: dict[str, Totals] = {}
    for call in report.unlinked:
        if isinstance(call.decision, Unattributed):
            model, quote = model_dimension(call.invocation, call.decision.quote), call.decision.quote
            totals[model] = totals.get(model, Totals()) + totals_of(call.invocation, quote)
    return {
        model: ModelFigures(totals=totals[model], certainty=Certainty.EXACT, certainty_of_failed=Certainty.EXACT)
        for model in sorted(totals)
    }


def of_any_model(report: Report, *, failed: bool = False) -> Sequence[str]:
    """The LLM calls, or `failed` ones, whose model nobody knows, and that may be the requests': which these are.

    Where there are none, requests can have made only those without a request that the report has.
    """
    unsure = [each for each in report.summaries if not (each.counts_all_failed if failed else each.counts_all_calls)]
    counts = [each.possible_calls for each in unsure]
    counts += [each.possible_failed_calls for each in unsure] if failed else []
    reasons = (
        (report.lacking and unsure, "calls that are not in these files"),
        (any(each.traced and each.traced.lacks_calls for each in unsure), "missing calls"),
        (None in counts, "calls of requests of which nobody knows how many are possible"),
        (any(counts) and not report.holds_all, "calls that were not read"),
    )
    return [which for holds, which in reasons if holds]


def _models_left(report: Report, *, failed: bool = False) -> Set[str] | None:
    """The models of LLM calls, or of `failed` ones, that are nobody's; None where others may be of any."""
    if of_any_model(report, failed=failed):
        return None
    kind = (call for call in report.unlinked if call.invocation.is_llm_call is not failed)
    return {model for call in kind for model in _models_of(call)}


def _models_of(call: UnlinkedInvocation) -> Set[str]:
    """Under which models it would count; none where it is linked. A failed pending one has no price, which tells it."""
    match call.decision:
        case Link():
            return set()
        case Unattributed(quote=quote):
            return {model_dimension(call.invocation, quote)}
        case None:
            return {call.invocation.model_id} | (set() if call.invocation.is_llm_call else {OTHER_MODEL})


def _of_model(model: str, over_requests: Certainty, left: Set[str] | None) -> Certainty:
    """How sure a model's sums are at best: as those over the requests, but where no call of it is left to them."""
    return over_requests if left is None or model in left else Certainty.EXACT


def _bars_under(model: str, summary: Summary) -> Sequence[Bar]:
    """The calls that count under the model; under "other" any failed one may, as no bar says whether it has a price."""
    may_be_other = model == OTHER_MODEL
    return [bar for bar in summary.bars if bar.model_id == model or (may_be_other and bar.error_code is not None)]


def _known(are_all: Iterable[bool]) -> Certainty:
    """How sure sums over requests are at best that each know all of theirs, or not."""
    return Certainty.EXACT if all(are_all) else Certainty.AT_LEAST
