"""The API's side: is an access log written, can it be read, are its routes observed, and is it in the table?"""

from collections.abc import Iterator, Mapping, Sequence

from request_lens.domain.policy import Policy
from request_lens_cli.attaching.sample_lines import all_of, most_telling
from request_lens_cli.diagnosis.examined import Examined
from request_lens_cli.diagnosis.finding import Finding, fault, fine, note, warning
from request_lens_cli.inspection.inspection import Inspection
from request_lens_cli.inspection.shared_routes import REMEDY, SharedRoutes

ACCESS_LOG, ROUTES, TABLE = "access log", "routes", "table"

_ALL_ROUTES = "AgentRoutes is empty, so every route is observed"

NOTHING_CAME = "The table has no request of the last day, as none was logged."


def check_access_log(examined: Examined) -> Iterator[Finding]:
    """An API writes its access log, and the newest line can be read; where no model was called none need have."""
    written = {name: lines for name, lines in examined.access_lines.items() if lines}
    if not written:
        text = f"No API wrote an access log into {', '.join(examined.access_lines)} in the last day"
        remedy = (
            "Run `request-lens attach-api API_ID`, where the API's address begins with that id; then send it a request."
        )
        if examined.group_with_calls is None:
            yield note(ACCESS_LOG, f"{text}.", remedy)
        else:
            yield fault(ACCESS_LOG, f"{text}, though models were called.", remedy)
    for name, lines in written.items():
        yield _reading(name, most_telling(lines))


def check_routes(examined: Examined) -> Iterator[Finding]:
    """AgentRoutes, if it names any, names the routes that are called; what it leaves out is said."""
    policy, day = examined.stack.policy, all_of(examined.access_day.values())
    routes = sorted({str(line.fields["route"]) for line in day.samples if line.kind == "request"})
    observed = [route for route in routes if policy.observes(route)]
    others = [route for route in routes if route not in observed]
    if routes and not observed:
        yield _none_observed(routes, examined)
    elif others:
        text = f"Observed: {', '.join(observed)}. Called, but not in AgentRoutes: {', '.join(others)}.{day.only_seen}"
        yield note(ROUTES, text, "Add those that agents serve: AgentRoutes is to name all of them.")
    else:
        names = ", ".join(observed or sorted(policy.agent_routes))
        which = "AgentRoutes is taken to name every route that agents serve" if policy.agent_routes else _ALL_ROUTES
        yield fine(ROUTES, f"{f'Observed: {names}.{day.only_seen} ' if names else ''}{which}.")
    yield from _shared({name: of_group.samples for name, of_group in examined.access_day.items()}, policy)


def _none_observed(routes: Sequence[str], examined: Examined) -> Finding:
    """A fault, but where requests of a busy day came in all the same: its lines were not all read."""
    day = all_of(examined.access_day.values())
    named = ", ".join(sorted(examined.stack.policy.agent_routes))
    text = f"AgentRoutes names {named}; called were {', '.join(routes)}.{day.only_seen}"
    remedy = "Deploy with AgentRoutes as the API names its routes, or empty."
    if not day.is_whole and examined.report.requests:
        return note(ROUTES, text, remedy)
    return fault(ROUTES, text, remedy)


def _shared(by_source: Mapping[str, Sequence[Inspection]], policy: Policy) -> Iterator[Finding]:
    """A note where several stages log one observed route."""
    shared = SharedRoutes()
    for name, samples in by_source.items():
        for sample in samples:
            if policy.observes(str(sample.fields.get("route"))):
                shared.add(sample, source=name)
    if texts := shared.texts():
        yield note(ROUTES, " ".join(texts), REMEDY)


def check_table(examined: Examined) -> Iterator[Finding]:
    """The table has a request of the last day, if one was logged."""
    if examined.report.requests:
        yield fine(TABLE, "The table has requests of the last day.")
    elif not any(examined.access_lines.values()):
        yield note(TABLE, NOTHING_CAME)
    else:
        remedy = "Run `request-lens doctor --send-test-event`; see `request-lens rejected`, too."
        yield fault(TABLE, "Lines come in, but the table has no request of the last day.", remedy)


def _reading(name: str, line: Inspection) -> Finding:
    if line.kind == "rejected":
        remedy = "Change the format in the API's stage. `request-lens inspect` reads a line for you."
        return fault(ACCESS_LOG, f"The newest line of {name} cannot be read: {line.brief}.", remedy)
    if line.kind != "request":
        remedy = f"See what they are: `aws logs tail {name} --since 1h | request-lens inspect -`."
        return warning(ACCESS_LOG, f"The newest lines of {name} are no requests: {line.brief}.", remedy)
    if "duration_ms" in line.unknown:
        remedy = "Add responseLatency to the format (docs/log-shapes.md)."
        return warning(ACCESS_LOG, f"{name}: {line.unknown['duration_ms']}.", remedy)
    return fine(ACCESS_LOG, f"The newest line of {name} can be read: {line.brief}.")
