"""A local AWS and a deployment of their own for what kills, hinders and changes them.

So the drills run beside the other end-to-end tests, and need not wait for the work that those have left to be done.
"""

from collections.abc import Iterator

import pytest

from request_lens_cli.demo.stack import DemoStack
from tests.e2e.conftest import deployed
from tests.support.deploying.local_processor import LocalProcessor, recorded
from tests.support.deploying.own_paths import own_paths


@pytest.fixture(scope="session")
def deployment() -> Iterator[DemoStack]:
    with deployed(own_paths("drills")) as stack:
        yield stack


@pytest.fixture(scope="session")
def processor(deployment: DemoStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalProcessor]:
    """The processor; what it prints from now on is recorded."""
    with recorded(deployment, tmp_path_factory.mktemp("prints")) as processor:
        yield processor
