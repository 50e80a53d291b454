"""Texts that all surfaces share: durations, moments, counts, and what is safe to show."""

import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo

UNKNOWN = "–"
"""What stands in a column where a value is unknown: never 0."""

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)

_TO_SECOND, _TO_MINUTE = "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"

_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOT_IN_XML = frozenset("\ufffe\uffff")


def cleaned(text: str) -> str:
    """The text without what XML forbids or what would reorder its neighbours; line breaks become spaces."""
    return "".join(_clean_character(character) for character in text)


def _clean_character(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) in ("Cc", "Cs") or character in _BIDI_CONTROLS | _NOT_IN_XML:
        return ""
    return character


_MS_BELOW, _SECONDS_BELOW, _SIXTY = 99.5, 99_950, 60
_HALF = 0.5
_HUNDREDTHS_FROM = 9.5
"""Milliseconds from which two decimals of a second say how long something took."""


def duration_text(duration_ms: float | None) -> str:
    """A duration in the unit that people would use: "3 ms", "0.4 s", "5 min 12 s"; a dash where unknown."""
    if duration_ms is None:
        return UNKNOWN
    if duration_ms < _MS_BELOW:
        return _whole_ms(duration_ms)
    if duration_ms < _SECONDS_BELOW:
        return f"{duration_ms / 1000:.1f} s"
    minutes, seconds = divmod(round(duration_ms / 1000), _SIXTY)
    if minutes < _SIXTY:
        return f"{minutes} min {seconds} s"
    return f"{minutes // _SIXTY:,} h {minutes % _SIXTY} min"


def _whole_ms(duration_ms: float) -> str:
    """Milliseconds without decimals; what is not 0 is never shown as 0."""
    return "< 1 ms" if 0 < duration_ms <= _HALF else f"{duration_ms:.0f} ms"


def in_words(figure: str) -> str:
    """A figure in a sentence, which has a word where a column has a dash: "unknown"."""
    return figure.replace(UNKNOWN, "unknown")


def other_words(other: str, tools: str) -> str:
    """A request's time without its LLM time, of which tools take a part: "other time 1.44 s (in tools: 0.80 s)"."""
    return f"other time {in_words(other)} (in tools: {in_words(tools)})"


def as_example(note: str) -> str:
    """A note on figures that stand at one of many rows: "For example 0 to 8 possible: at least 0 LLM calls ..."."""
    return f"For example {note}"


def pluralize(count: int, noun: str) -> str:
    """A count and its noun: "1 call", "2 calls"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def counts_text(*counts: int | None) -> str:
    """Counts side by side, such as "892 / 57"; a dash for what is unknown."""
    return " / ".join(UNKNOWN if count is None else f"{count:,}" for count in counts)


def moment_text(moment: datetime, zone: tzinfo | None = UTC) -> str:
    """A moment in UTC or another zone (None: this machine's), with milliseconds where it has some.

    Such as "2025-12-04 18:27:02 UTC".
    """
    moment = moment.astimezone(zone)
    fraction = f".{moment.microsecond // 1000:03}" if moment.microsecond else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {moment:%Z}"


def span_text(first: datetime, last: datetime, *, to: timedelta = SECOND, now: datetime | None = None) -> str:
    """From a moment to another in UTC, rounded outward to whole seconds or minutes: all that is in it lies between.

    Such as "2025-12-04 18:26 to 18:29 UTC", its day once where both have the same. An end that would lie after `now` is
    said to its second, and the other then, too: "18:26:03 to 18:28:03".
    """
    epoch = datetime.fromtimestamp(0, UTC)
    begins, ends = epoch + (first - epoch) // to * to, epoch - (epoch - last) // to * to
    form = _TO_MINUTE if to >= MINUTE else _TO_SECOND
    if now is not None and ends > now:
        begins, ends, form = first.astimezone(UTC), last.astimezone(UTC), _TO_SECOND
    begin, end = f"{begins:{form}}", f"{ends:{form}}"
    if begin == end:
        return f"{begin} UTC"
    return f"{begin} to {end.partition(' ')[2] if begins.date() == ends.date() else end} UTC"


def zone_name(zone: tzinfo | None) -> str:
    """The zone that times are shown in, for the header of their column."""
    return "UTC" if zone is UTC else "local"


def seconds(milliseconds: float | None) -> str:
    """Milliseconds as seconds with two decimals, such as "4.79 s", below 0.01 s as "3 ms"; a dash where unknown."""
    if milliseconds is None:
        return UNKNOWN
    return _whole_ms(milliseconds) if 0 < abs(milliseconds) < _HUNDREDTHS_FROM else f"{milliseconds / 1000:.2f} s"


def printed_ms(milliseconds: float) -> float:
    """The milliseconds that `seconds` shows of these: rounded as it rounds."""
    if 0 < abs(milliseconds) < _HUNDREDTHS_FROM:
        return float(f"{milliseconds:.0f}")
    return float(f"{milliseconds / 1000:.2f}") * 1000


def plain_seconds(milliseconds: float | None) -> str:
    """Milliseconds as seconds for a program, such as "4.790"; a dash where unknown."""
    return UNKNOWN if milliseconds is None else f"{milliseconds / 1000:.3f}"


def plain_number(value: int | None) -> str:
    """A number for a program, without separators, such as "1234"; a dash where unknown."""
    return UNKNOWN if value is None else str(value)


def iso_ms(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, such as 2025-12-04T18:27:02.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
