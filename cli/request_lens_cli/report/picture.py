"""What stands above a picture of a report's requests."""

from request_lens.presentation.formatting import moment_text
from request_lens_cli.report.report import Report, earlier_note, headline


def picture_subtitle(report: Report, *names: str) -> str:
    """Whose requests they are, by names such as the stack's and its Region; when they began; how many they are."""
    earlier = [earlier_note(report)] if report.earlier else []
    return " · ".join([*names, *_when(report), headline(report), *earlier])


def _when(report: Report) -> list[str]:
    """From the first start to the last, with its day once where it is the same."""
    starts = [state.request.started_at for state in report.requests]
    if not starts:
        return []
    first, last = (moment_text(moment)[:16] for moment in (min(starts), max(starts)))
    if first == last:
        return [f"{first} UTC"]
    return [f"{first} to {last[11:] if first[:10] == last[:10] else last} UTC"]
