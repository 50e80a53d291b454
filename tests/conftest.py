"""No test sees the AWS settings of whoever runs it, such as those of `out/local-aws.env`, and none fails for its time.

Of several processes (`-n`) one runs all end-to-end tests, which share a deployment; a module's tests stay together.
"""

import os

import pytest
from hypothesis import settings

for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]

# A law's example may take long on a busy machine: benchmarks show speed, tests do not.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests for pytest-xdist."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group("e2e" if folder == "e2e" else str(item.path)))
