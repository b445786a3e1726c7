"""What a label of Kubernetes can't say."""

from datetime import date
from pathlib import Path

from everyline import config
from everyline.problems import Problem
from everyline.provisioning import policies


def problems(folder: Path) -> list[Problem]:
    """Those of a policy for Kubernetes."""
    configuration = config.load(folder).configuration
    assert configuration is not None
    return list(policies.policy("kyverno", configuration.taxonomy, date(2026, 10, 15)).problems)
