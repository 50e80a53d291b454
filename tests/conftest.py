"""No test sees the AWS settings of whoever runs it, such as those of `out/local-aws.env`; none fails for its time."""

import os

from hypothesis import settings

for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]

# A law's example may take long on a busy machine: benchmarks show speed, tests do not.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
