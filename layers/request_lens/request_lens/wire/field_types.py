"""The field types that foreign JSON is read with: bounded text, bounded numbers, and fields that may be unreadable."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    with_config,
)
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from request_lens.domain.times import EPOCH, as_utc

UNKNOWN = "unknown"
"""What stands for a word that cannot be read."""

_FOREIGN = ConfigDict(extra="ignore", hide_input_in_errors=True, alias_generator=to_camel, defer_build=True)


class ForeignModel(BaseModel):
    """A part of somebody else's JSON: names only what we read, and never shows a value in an error.

    Keys are camelCase unless a field says otherwise; errors name them as the JSON does. Models are built when they are
    first used: at import each would be built by itself, and once more in the one that holds it.
    """

    model_config = ConfigDict(frozen=True, **_FOREIGN)


foreign_part = with_config(_FOREIGN)
"""Decorator of a TypedDict that is read like a ForeignModel."""

body_part = with_config(ConfigDict(extra="ignore"))
"""Decorator of the TypedDicts that bodies are read with; without it they would take over the model's camelCase.

They are made of what is there in half the time of models with defaults: what cannot be read has no key (OnErrorOmit).
"""


def first_of(*places: str) -> FieldInfo:
    """A field that stands at the first of these places that a body has: `choices.0.message`, `messages.-1`."""
    field: FieldInfo = Field(validation_alias=AliasChoices(*map(_path, places)))
    return field


def _path(place: str) -> AliasPath:
    key, *steps = place.split(".")
    return AliasPath(key, *(int(step) if step.removeprefix("-").isdecimal() else step for step in steps))


class OrNone:
    """Annotation of a field that is None where it cannot be read, so that it never rejects its record.

    Costs nothing while the field is readable: the validation stays inside pydantic's core and the rest of a body is
    skipped, not built.
    """

    fallback: str | None = None

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The field's own schema, with the fallback in place of its errors."""
        return core_schema.with_default_schema(handler(source), default=self.fallback, on_error="default")


class OrEmpty(OrNone):
    """Annotation of a text that is empty where it cannot be read."""

    fallback = ""


class OrUnknown:
    """Annotation of a text that is UNKNOWN where it cannot be read; what is no text stays an error."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Any text, then the field's own schema, with UNKNOWN in place of its errors."""
        word = core_schema.with_default_schema(handler(source), default=UNKNOWN, on_error="default")
        return core_schema.chain_schema([core_schema.str_schema(strict=True), word])


class IsText:
    """Annotation of a flag that is True where a text stands; the text itself is not kept."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Any text, of which only its presence is left."""
        return core_schema.no_info_after_validator_function(lambda _: True, core_schema.str_schema(strict=True))


_PRINTABLE = r"^[^\p{C}\p{Zl}\p{Zp}\x{fffd}]+$"
"""No control, format or unassigned character, no line separator, nothing that an unreadable byte was replaced by."""

Identifier = Annotated[str, StringConstraints(strict=True, pattern=r"^[!-~]{1,256}$")]
"""An id that somebody else made: visible ASCII, so that no sentence is one."""

LogName = Annotated[str, StringConstraints(strict=True, pattern=r"^[!-~]{1,512}$")]
"""The name of a log group or a log stream."""

MAX_NAME = 2_048
"""Bedrock's own limit of a model id, in characters."""

Name = Annotated[str, StringConstraints(strict=True, max_length=MAX_NAME, pattern=_PRINTABLE)]
"""A model id, a route, an ARN: text of one line, which a closer look must pass before it is a name of ours."""

Word = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
"""A stop reason or a tool-use id (Bedrock's own pattern of those): too narrow for a prompt to slip through."""

Label = Annotated[Word, OrUnknown()]
"""A word that counts even if it is unreadable: an operation, an error code. One that is no word is UNKNOWN."""

API_REQUEST_ID_PATTERN = r"^[A-Za-z0-9=_+/:.-]{1,128}$"

ApiRequestId = Annotated[str, StringConstraints(strict=True, pattern=API_REQUEST_ID_PATTERN)]
"""An API request's id: base64-like where API Gateway made it, any UUID where a REST API's client did."""

MAX_TOKENS = 1_000_000_000
"""Tokens of one call: a thousand times the largest context window is absurd."""


class _WholeNumber:
    """Annotation of a whole number that may be written as a text of digits or with a fraction of 0, as exports do."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A whole number as Bedrock writes it, or else what stands for one; never a flag."""
        number = handler(source)
        digits = core_schema.str_schema(strict=True, pattern="^[0-9]{1,10}$")
        written = core_schema.union_schema([digits, core_schema.float_schema(strict=True)], mode="left_to_right")
        lax = core_schema.chain_schema([written, core_schema.int_schema(ge=0, le=MAX_TOKENS)])
        return core_schema.union_schema(
            [number, lax],
            mode="left_to_right",
            custom_error_type="token_count",
            custom_error_message="no count of tokens",
        )


TokenCount = Annotated[int, Field(strict=True, ge=0, le=MAX_TOKENS), _WholeNumber()]
"""Tokens of one call."""

MAX_DURATION_MS = 86_400_000
"""No call or request lasts longer than a day: a longer one is unknown."""

DurationMs = Annotated[float, Field(strict=True, ge=0, le=MAX_DURATION_MS, allow_inf_nan=False)]
"""Milliseconds as JSON numbers; fractions are tolerated."""

MAX_TIME = datetime(2100, 1, 1, tzinfo=UTC)
"""Times are from EPOCH to here, exclusive: arithmetic with waits and skews stays inside datetime's range."""

MAX_EPOCH_MS = 4_102_444_800_000
"""MAX_TIME in epoch milliseconds."""

Timestamp = Annotated[datetime, Field(strict=True, ge=EPOCH, lt=MAX_TIME)]
"""An ISO 8601 time: Bedrock writes UTC with a `Z`, which some exports drop. `as_utc` gives it its zone."""


def bounded_utc(moment: datetime) -> datetime:
    """The moment in UTC; without an offset it is UTC already. Raises: ValueError where it is out of range."""
    aware = moment.replace(tzinfo=moment.tzinfo or UTC)
    if not EPOCH <= aware < MAX_TIME:
        raise ValueError("timestamp out of range")
    return as_utc(aware)
