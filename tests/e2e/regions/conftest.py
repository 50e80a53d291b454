"""A local AWS of its own for the suites that need no common deployment: each deploys into a Region of its own.

So they run beside the other end-to-end tests, which wait for other things most of the time, as these do.
"""

from collections.abc import Iterator

import pytest

from request_lens_cli.local_aws.deployment import build
from request_lens_cli.local_aws.lifecycle import LocalAws, running_local_aws
from tests.support.deploying.own_paths import own_paths


@pytest.fixture(scope="session")
def built() -> Iterator[LocalAws]:
    """A running local AWS, and the stack built for it."""
    with running_local_aws(paths=own_paths("regions")) as local:
        build(local)
        yield local
