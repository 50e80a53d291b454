"""Starts Lambda's own runtime interface client for the handler that `_HANDLER` names, as the managed runtime does."""

import os
import sys

from awslambdaric.__main__ import main

# The function's folder comes first, then the layers'.
sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], os.environ["LAYER_ROOT"] + "/python"]
main([sys.argv[0], os.environ["_HANDLER"]])
