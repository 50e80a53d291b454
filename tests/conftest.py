"""No test sees the AWS settings of whoever runs it, such as those of `out/local-aws.env`, and none fails for its time.

Of several processes (`-n`) one runs all end-to-end tests, which share a deployment; a module's tests stay together.
"""

import os
from functools import cache

import pytest
from botocore import session
from hypothesis import settings
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]

# A law's example may take long on a busy machine: benchmarks show speed, tests do not.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# Each command makes a session of its own, and each of those would read every service's description anew.
session.create_loader = cache(session.create_loader)


class _ByModule(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Hands a process whole modules, and all end-to-end tests as if they were one."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/e2e" if nodeid.startswith("tests/e2e/") else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """What shares the tests among several processes."""
    return _ByModule(config, log)
