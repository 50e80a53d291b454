"""The doctor's own requests: they go the way of all others, and count for nobody.

`request-lens doctor --send-test-event` writes one into the log groups. It is stored and settled as any request is, but
no list has it, so that no call is linked to it by time, and it is published for a service of its own.
"""

from request_lens.domain.facts import RequestId

DOCTOR_SERVICE = "doctor"
"""The Service of the metrics of such requests."""

DOCTOR_PREFIX = "request-lens-doctor-"
"""How their ids begin. No client can choose such an id: API Gateway takes a UUID alone for a request's id."""


def is_doctors(request_id: RequestId) -> bool:
    """Whether a request is the doctor's."""
    return request_id.startswith(DOCTOR_PREFIX)
