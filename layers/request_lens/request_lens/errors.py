"""The errors that Request Lens raises, and who acts on each.

    RequestLensError
    ├── ConfigError        an environment variable is missing or wrong: the deployment must change
    ├── EnvelopeError      a log batch that is not what CloudWatch Logs sends: goes to the failure bucket
    ├── StoreUnavailable   DynamoDB did not answer or refused: Lambda retries
    ├── TimerUnavailable   SQS did not answer or refused: Lambda retries
    ├── OutOfTime          a settle that was not begun, as those before it took too long: SQS delivers it again
    └── UnreadableItem     an item that this version cannot read: it is left out, its neighbours are not

A log event that cannot be understood raises nothing: it is a value, `Rejected`.
"""


class RequestLensError(Exception):
    """Any error that Request Lens raises itself."""


class ConfigError(RequestLensError):
    """An environment variable is missing or wrong; the message names it."""


class EnvelopeError(RequestLensError):
    """A payload that is no CloudWatch Logs batch, or inflates beyond its bound."""


class StoreUnavailable(RequestLensError):
    """The fact store did not answer, or refused; nothing is known of what it holds."""


class TimerUnavailable(RequestLensError):
    """The settle queue did not take a message."""


class OutOfTime(RequestLensError):
    """A settle message was not begun in time."""


class UnreadableItem(RequestLensError, ValueError):
    """An item of the table that this version cannot read, as a later one wrote it; the message names its key."""
