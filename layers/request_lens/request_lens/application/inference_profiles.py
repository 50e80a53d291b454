"""Application inference profiles: the model behind each, where it can be learnt, and how it counts its input."""

from collections.abc import Sequence
from dataclasses import replace

from request_lens.domain.cached_input import CONVERSE_STREAM, is_of_openai, without_cached
from request_lens.domain.facts import Invocation
from request_lens.domain.log_record import LogRecord
from request_lens.ports import InferenceProfiles

_KIND = "application-inference-profile/"


def with_models(records: Sequence[LogRecord], profiles: InferenceProfiles) -> Sequence[LogRecord]:
    """The records, where an invocation of an application inference profile bears the model behind it.

    Only calls that succeeded are looked up: Bedrock knows their profile. What cannot be learnt stays as it is.
    """
    wanted = {profile: None for record in records if (profile := _profile(record)) is not None}
    if not wanted:
        return records
    models = profiles.models_behind(list(wanted))
    return [_with_model(record, models.get(_profile(record) or "")) for record in records]


def profile_of(model_id: str) -> str | None:
    """The id of the application inference profile that a model id names, or None."""
    return model_id.removeprefix(_KIND) or None if model_id.startswith(_KIND) else None


def _profile(record: LogRecord) -> str | None:
    return profile_of(record.model_id) if isinstance(record, Invocation) and record.is_llm_call else None


def _with_model(record: LogRecord, model_id: str | None) -> LogRecord:
    if model_id is None or not isinstance(record, Invocation):
        return record
    tokens = record.tokens
    if record.operation == CONVERSE_STREAM and is_of_openai(model_id):
        tokens = without_cached(tokens)
    return replace(record, model_id=model_id, inference_profile=profile_of(record.model_id), tokens=tokens)
