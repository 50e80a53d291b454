"""No test sees the AWS settings of whoever runs it, such as those of `out/local-aws.env`, and none fails for its time.

Of several processes (`-n`) one runs all end-to-end tests that share a deployment, one those that share a local AWS; a
module's tests stay together.
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


SUITES = ("tests/e2e/regions", "tests/e2e/drills", "tests/e2e")
"""Folders whose tests one process runs, for they share what takes long to make."""

BEGUN_FIRST = (
    *("tests/e2e", "tests/e2e/regions", "tests/e2e/drills"),
    *(f"tests/simulation/{name}.py" for name in ("deployed/test_deployed", "test_simulation", "test_traces")),
    *("tests/fuzz/test_fuzz.py", "tests/integration/local_aws/test_demo_agent.py"),
    *(f"tests/integration/{name}.py" for name in ("test_canary", "operating/test_backfill_equals_live")),
    *(f"tests/tagging/{name}.py" for name in ("test_frameworks", "test_oldest_python")),
    *("tests/contract/test_long_agent_run.py", "tests/template/test_checkov.py"),
)
"""What takes long: begun last, it would keep one process busy when the others have nothing left to do."""


class _ByModule(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Hands a process whole modules and suites: those that take longest first, then those with most tests."""

    def _split_scope(self, nodeid: str) -> str:
        suites = (suite for suite in SUITES if nodeid.startswith(f"{suite}/"))
        return next(suites, nodeid.partition("::")[0])

    def _assign_work_unit(self, node: object) -> None:
        if first := next((scope for scope in BEGUN_FIRST if scope in self.workqueue), None):
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """What shares the tests among several processes."""
    return _ByModule(config, log)
