"""The template as CloudFormation gets it: expanded by SAM's own translator."""

import json
import os
import subprocess

import pytest

from tests.support.template_document import ROOT, TEMPLATE, Node

EXPAND = """
import json, sys
from samtranslator.translator.transform import transform

class NoManagedPolicies:
    def load(self):
        return {}

print(json.dumps(transform(json.load(sys.stdin), {}, NoManagedPolicies())))
"""
"""For the SAM CLI's own environment, whose botocore is not ours; no role of the template has a managed policy."""


@pytest.fixture(scope="session")
def expanded() -> Node:
    template = json.loads(json.dumps(TEMPLATE))
    for resource in template["Resources"].values():
        for code in ("CodeUri", "ContentUri"):
            if code in resource["Properties"]:
                resource["Properties"][code] = "s3://bucket/key"
        if "TemplateURL" in resource["Properties"]:
            resource["Properties"]["TemplateURL"] = "https://s3.amazonaws.com/bucket/dashboard.yaml"
    run = subprocess.run(
        [str(ROOT / ".tools" / "sam" / "bin" / "python"), "-c", EXPAND],
        input=json.dumps(template),
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-west-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    result: Node = json.loads(run.stdout)
    return result
