"""How long `everyline check --plan` takes, on a plan of many resources.

    python benchmarks/provisioning.py [--resources 5000] [--rounds 5]

The plan is invented, in the shape of a large AWS one: a third costs AI money, half of those lack a
tag; every resource has twenty attributes, and the whole is printed on one line, as Terraform does.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

CONFIGURATION = """\
taxonomy:
  team: {required: true, tags: [team, owner], values: owners/teams.csv}
  use_case: {required: true, tags: [use_case], values: [search, copilot]}
owners:
  - {registry: owners/accounts.csv}
"""
TEAMS = 50
TYPES = ("aws_sagemaker_endpoint", "aws_iam_role", "aws_s3_bucket")


def change(number: int) -> dict[str, Any]:
    """One entry of `resource_changes`."""
    type_ = TYPES[number % len(TYPES)]
    tags = {"team": f"team-{number % TEAMS}", "Name": f"thing-{number}"}
    if number % 2:
        tags["use_case"] = "search"
    after = {f"attribute_{at}": f"value {number * at}" for at in range(20)}
    after |= {"name": f"thing-{number}", "region": "us-east-1"}
    return {
        "address": f'module.part["{number % 40}"].{type_}.this[{number}]',
        "module_address": f'module.part["{number % 40}"]',
        "mode": "managed",
        "type": type_,
        "name": "this",
        "index": number,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": ["create"],
            "before": None,
            "after": after | {"tags": tags, "tags_all": tags | {"managed_by": "terraform"}},
            "after_unknown": {"arn": True, "id": True, "tags": {}, "tags_all": {}},
            "before_sensitive": False,
            "after_sensitive": {"tags": {}, "tags_all": {}},
        },
    }


def write(folder: Path, resources: int) -> Path:
    """A project in `folder`, and a plan beside it; returns the plan."""
    (folder / "owners").mkdir()
    (folder / "everyline.yaml").write_text(CONFIGURATION)
    teams = "".join(f"team-{number}\n" for number in range(TEAMS))
    (folder / "owners" / "teams.csv").write_text("value\n" + teams)
    accounts = "ServiceProviderName,SubAccountId,team\nAmazon Web Services,111122223333,team-1\n"
    (folder / "owners" / "accounts.csv").write_text(accounts)
    changes = [change(number) for number in range(resources)]
    plan = {"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {}}
    path = folder / "plan.json"
    path.write_text(json.dumps(plan | {"resource_changes": changes}))
    return path


def main() -> None:
    """Prints the median of the wall seconds of some rounds, each a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--resources", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with TemporaryDirectory() as name:
        plan = write(Path(name), asked.resources)
        command = [sys.executable, "-m", "everyline", "check", "--project", name]
        command += ["--plan", str(plan), "--as", "sarif"]
        taken = []
        for _ in range(asked.rounds):
            start = time.perf_counter()
            done = subprocess.run(command, capture_output=True, check=False)
            taken.append(time.perf_counter() - start)
            assert done.returncode == 3, done.stderr.decode()
        size = plan.stat().st_size
    print(
        f"check --plan, {asked.resources:,} resources, {size / 1e6:.1f} MB:"
        f" {median(taken):.2f} s (of {min(taken):.2f} to {max(taken):.2f})"
    )


if __name__ == "__main__":
    main()
