"""What stands above a picture of a report's requests."""

from request_lens.presentation.formatting import MINUTE, span_text
from request_lens_cli.report.period import period_of_starts
from request_lens_cli.report.report import Report, earlier_note, headline


def picture_subtitle(report: Report, *names: str) -> str:
    """Whose requests they are, by names such as the stack's and its Region; when they began; how many they are."""
    earlier = [earlier_note(report)] if report.earlier else []
    return " · ".join([*names, *_when(report), headline(report), *earlier])


def _when(report: Report) -> list[str]:
    """From the first start to the last, in minutes."""
    period = period_of_starts(report.requests)
    return [span_text(period.first, period.last, to=MINUTE)] if period else []
