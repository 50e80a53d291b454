"""Names as Request Lens writes them: of models, callers' roles and routes. Each is of a bounded alphabet and length."""

import re
from functools import lru_cache

from request_lens.domain.folding.summary import OTHER_MODEL

OTHER_ROUTE = "other"
"""The route of a request whose log line names none that an API could have."""

_ARN_PARTS = 6

_ROUTERS = ("default-prompt-router/", "prompt-router/")
"""Resources that choose a model for each call."""

_PLAIN_KINDS = ("inference-profile", "foundation-model")
"""Resources that a metric names by their id alone: price tables know it."""

_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}")
"""Bedrock's alphabet of ids and resource names; no text has these alone."""

_ACCOUNT_NUMBER = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")

_ROLE = re.compile(
    r"arn:[a-z-]+:(?:sts::[^:/]*:assumed-role/(?P<assumed>[\w+=,.@-]{1,64})(?:/.*)?"
    r"|iam::[^:/]*:role/(?:[^:]*/)?(?P<named>[\w+=,.@-]{1,64}))",
    re.ASCII,
)
"""IAM's own alphabet and length of role names; an assumed role's ARN has no path, a role's own may have one."""

_ROUTE = re.compile(
    r"\$default|(?:ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) /[A-Za-z0-9._~%!$&'()*+,;=:@{}/-]{0,511}"
)
"""A method of API Gateway and a path in the characters of RFC 3986, with the braces of its variables."""

_MESSAGE_ROUTE = re.compile(r"\$default|[A-Za-z][A-Za-z0-9_.:-]{0,63}")
"""A WebSocket API's route key, as far as it is one word: AgentRoutes separates routes by commas."""

_TAKEN = frozenset({OTHER_ROUTE, "unattributed"})
"""Values of the metrics' Route that are no route's name."""


@lru_cache(maxsize=256)  # an account calls few models, each of them often
def model_name(model_id: str) -> str:
    """The model id that metrics may bear: an ARN gives its resource, and no account number is ever left.

    Foundation models and inference profiles give their id; the other kinds (`provisioned-model`,
    `application-inference-profile` …) keep their kind before it. The id may hold colons: `…-v1:0`. What cannot be a
    model's name is `other`: a failed call's record holds whatever the caller asked for.
    """
    parts = model_id.split(":", maxsplit=_ARN_PARTS - 1)
    is_arn = len(parts) == _ARN_PARTS and parts[0].lower() == "arn"
    name = (_resource_name(parts[-1]) if is_arn else model_id) or "unknown"
    return _ACCOUNT_NUMBER.sub("account", name) if _MODEL_NAME.fullmatch(name) else OTHER_MODEL


def _resource_name(resource: str) -> str:
    kind, _, name = resource.partition("/")
    return name if kind in _PLAIN_KINDS else resource


def routed_model(model: str, invoked_model_id: str) -> str:
    """The model that a prompt router chose, as the trace names it; the model itself where it is no router."""
    if not model.startswith(_ROUTERS):
        return model
    invoked = model_name(invoked_model_id)
    return model if invoked == OTHER_MODEL else invoked


@lru_cache(maxsize=256)  # a few roles make all the calls
def role_name(arn: str | None) -> str | None:
    """The name of the role that the ARN stands for; None for users, roots, federated users and what is no ARN."""
    match = _ROLE.fullmatch(arn or "")
    return (match["assumed"] or match["named"]) if match else None


def route_name(route: str) -> str:
    """The route as the API names it, or OTHER_ROUTE: an access log that others write cannot make a series each."""
    return route if _ROUTE.fullmatch(route) else OTHER_ROUTE


def message_route(key: str) -> str:
    """The route of a WebSocket API's messages as the API names it, or OTHER_ROUTE."""
    return key if _MESSAGE_ROUTE.fullmatch(key) and key not in _TAKEN else OTHER_ROUTE


def named_route(route: str, api: str | None) -> str:
    """The route with its API's name before it, where that has one; OTHER_ROUTE is everybody's."""
    return route if api is None or route == OTHER_ROUTE else f"{api} {route}"
