"""No test sees the AWS settings of whoever runs it, such as those of `out/local-aws.env`."""

import os

for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]
