"""Small projects for tests of the configuration."""

from pathlib import Path

from everyline import config
from everyline.problems import Problem

TAXONOMY = """\
taxonomy:
  team: {tags: [team], values: teams.csv}
  product: {tags: [product], values: [web-shop, help-centre], aliases: {shop: web-shop}}
"""
TEAMS = "value,aliases,successor,valid_from,valid_to\nsearch,find,,,\nsupport,,,,\n"


def load(folder: Path, text: str, **files: str) -> config.Loaded:
    """Load a project of `TAXONOMY` and `text`; in names of files `_csv` stands for `.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "everyline.yaml").write_text(TAXONOMY + text, encoding="utf-8")
    for name, content in {"teams_csv": TEAMS, **files}.items():
        (folder / name.replace("_csv", ".csv")).write_text(content, encoding="utf-8")
    return config.load(folder)


def problems(folder: Path, text: str, **files: str) -> list[str]:
    """What `load` says: name, place and subject left out of the sentence, one text each."""
    return [said(problem) for problem in load(folder, text, **files).problems]


def said(problem: Problem) -> str:
    """A problem in one line."""
    return f"{problem.place} {problem.name}: {problem.sentence}"
