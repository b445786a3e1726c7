"""What service control policies don't hold."""

from datetime import date
from pathlib import Path

from everyline import config
from everyline.problems import Problem
from everyline.provisioning import policies


def problems(folder: Path) -> list[Problem]:
    """Those of a policy for AWS organisations."""
    configuration = config.load(folder).configuration
    assert configuration is not None
    return list(policies.policy("aws-scp", configuration.taxonomy, date(2026, 10, 15)).problems)
