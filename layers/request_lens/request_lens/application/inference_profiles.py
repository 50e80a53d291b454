"""Application inference profiles: the model behind each, where it can be learnt."""

from collections.abc import Sequence
from dataclasses import replace

from request_lens.domain.facts import Fact, Invocation
from request_lens.ports import InferenceProfiles


def with_models(facts: Sequence[Fact], profiles: InferenceProfiles) -> Sequence[Fact]:
    """The facts, where an invocation of an application inference profile bears the model behind it.

    Only calls that succeeded are looked up: Bedrock knows their profile. What cannot be learnt stays as it is.
    """
    wanted = {name: None for fact in facts if (name := _profile(fact)) is not None}
    if not wanted:
        return facts
    models = profiles.models_behind(list(wanted))
    return [_with_model(fact, models.get(_profile(fact) or "")) for fact in facts]


def _profile(fact: Fact) -> str | None:
    return profile_of(fact.model_id) if isinstance(fact, Invocation) and fact.is_llm_call else None


def _with_model(fact: Fact, model_id: str | None) -> Fact:
    if model_id is None or not isinstance(fact, Invocation):
        return fact
    return replace(fact, model_id=model_id, inference_profile=profile_of(fact.model_id))


_KIND = "application-inference-profile/"


def profile_of(model_id: str) -> str | None:
    """The id of the application inference profile that a model id names, or None."""
    return model_id.removeprefix(_KIND) or None if model_id.startswith(_KIND) else None
