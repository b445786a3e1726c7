"""One small project, by whose taxonomy and owners planned things are judged."""

from datetime import date
from pathlib import Path

from everyline.problems import Problem
from everyline.provisioning.checking import Report, check
from everyline.provisioning.reading import Given, Option

DAY = date(2026, 10, 15)

_YAML = """\
taxonomy:
  team: {required: true, tags: [team, cost-team], values: owners/teams.csv}
  use_case: {required: true, tags: [use_case, "user:feature"], values: owners/use_cases.csv}
  environment: {tags: [environment, env], values: [production, staging],
    aliases: {prod: production}, default: production}
owners:
  - {registry: owners/accounts.csv}
  - {rule: search-index, when: {ServiceName: Pinecone, ResourceName: {glob: "search-*"}},
     set: {team: search, use_case: semantic-search}}
  - {rule: notebooks, when: {type: aws_sagemaker_notebook_instance}, set: {use_case: research}}
  - {registry: owners/people.csv, weak: true}
"""
_FILES = {
    "everyline.yaml": _YAML,
    "owners/teams.csv": "value,aliases,successor,valid_from,valid_to\n"
    "search,suche|search-eng,,,\nsupport,,,,\nai-platform,,,,\n"
    "growth,,marketing,,2026-07-01\nmarketing,,,2026-07-01,\nlegacy,,,,2026-01-01\n",
    "owners/use_cases.csv": "value,team\nsemantic-search,search\ncopilot,\nresearch,\n"
    "platform,ai-platform\n",
    "owners/accounts.csv": "ServiceProviderName,SubAccountId,team,use_case\n"
    "AWS,111122223333,support,copilot\nGoogle Cloud,acme-research,ai-platform,research\n"
    "OpenAI,,,platform\n",
    "owners/people.csv": "x_PrincipalId,team\nada@example.com,search\n",
}


def project(folder: Path) -> Path:
    """The project, written into `folder`."""
    for name, text in _FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def checked(folder: Path, *paths: Path, option: Option = "plan", all_types: bool = False) -> Report:
    """What `check` says of files by the project in `folder`."""
    return check(folder, [Given(option, path) for path in paths], DAY, all_types=all_types)


def told(report: Report) -> list[tuple[str, str, str]]:
    """Level, name and subject of every problem, in the order of the file."""
    return sorted(_short(problem) for problem in report.problems)


def _short(problem: Problem) -> tuple[str, str, str]:
    return problem.level, problem.name, problem.subject
