"""`books/disputes.csv`: what is read of it, and which mistakes are named."""

from decimal import Decimal
from pathlib import Path

import pytest

from everyline import config
from everyline.books.disputes import Dispute, disputes
from everyline.problems import Problem

HEADER = "who,period,owner,charge,rule,BillingCurrency,amount,reason,state,settled_by"
GOOD = (
    "Bo,2026-10,search,0a1b2c3d,,USD,12.50,not ours,open,",
    'Cy,2026-10,support,,shop,USD,3,"half, at most",settled,owners/keys.csv:2',
    "Cy,2026-09,support,,owners/keys.csv:3,EUR,1,twice,withdrawn,",
)
_YAML = """\
taxonomy:
  team: {required: true, tags: [team], values: [search, support]}
bills:
  - {name: all, format: table, path: "bills/*.csv", layer: model}
owners:
  - {registry: owners/keys.csv}
  - {rule: shop, when: {ServiceName: Shop}, set: {team: search}}
"""


def _read(folder: Path, *rows: str, header: str = HEADER) -> tuple[list[Dispute], list[Problem]]:
    (folder / "everyline.yaml").write_text(_YAML, encoding="utf-8")
    (folder / "owners").mkdir(exist_ok=True)
    keys = "x_CredentialId,team\nkey_1,search\nkey_2,support\n"
    (folder / "owners/keys.csv").write_text(keys, encoding="utf-8")
    (folder / "books").mkdir(exist_ok=True)
    text = "\n".join((header, *rows, ""))
    (folder / "books/disputes.csv").write_text(text, encoding="utf-8")
    configuration = config.load(folder).configuration
    assert configuration
    return disputes(folder, configuration)


def test_disputes_are_read(tmp_path: Path) -> None:
    found, problems = _read(tmp_path, *GOOD)
    assert not problems
    assert [(one.who, one.state, one.settled_by) for one in found] == [
        ("Bo", "open", None),
        ("Cy", "settled", "owners/keys.csv:2"),
        ("Cy", "withdrawn", None),
    ]
    assert found[0] == Dispute(
        place="books/disputes.csv:2",
        who="Bo",
        period="2026-10",
        owner="search",
        charge="0a1b2c3d",
        rule=None,
        currency="USD",
        amount=Decimal("12.50"),
        reason="not ours",
        state="open",
        settled_by=None,
    )


def test_without_the_file_there_are_none(tmp_path: Path) -> None:
    _read(tmp_path)
    (tmp_path / "books/disputes.csv").unlink()
    configuration = config.load(tmp_path).configuration
    assert configuration
    assert disputes(tmp_path, configuration) == ([], [])


@pytest.mark.parametrize(
    ("row", "subject"),
    [
        (",2026-10,search,0a1b2c3d,,USD,1,x,open,", "who="),
        ("Bo,2026-13,search,0a1b2c3d,,USD,1,x,open,", "period=2026-13"),
        ("Bo,2026-10,serach,0a1b2c3d,,USD,1,x,open,", "owner=serach"),
        ("Bo,2026-10,search,,,USD,1,x,open,", "charge="),
        ("Bo,2026-10,search,0a1b2c3d,shop,USD,1,x,open,", "charge=0a1b2c3d"),
        ("Bo,2026-10,search,xyz,,USD,1,x,open,", "charge=xyz"),
        ("Bo,2026-10,search,,shopp,USD,1,x,open,", "rule=shopp"),
        ("Bo,2026-10,search,,owners/keys.csv:4,USD,1,x,open,", "rule=owners/keys.csv:4"),
        ("Bo,2026-10,search,,../owners/keys.csv:2,USD,1,x,open,", "rule=../owners/keys.csv:2"),
        ("Bo,2026-10,search,,/etc/passwd:1,USD,1,x,open,", "rule=/etc/passwd:1"),
        ("Bo,2026-10,search,0a1b2c3d,,usd,1,x,open,", "BillingCurrency=usd"),
        ("Bo,2026-10,search,0a1b2c3d,,USD,1.000,x,closed,", "state=closed"),
        ("Bo,2026-10,search,0a1b2c3d,,USD,0,x,open,", "amount=0"),
        ("Bo,2026-10,search,0a1b2c3d,,USD,NaN,x,open,", "amount=NaN"),
        ("Bo,2026-10,search,0a1b2c3d,,USD,1,x,settled,", "settled_by="),
        ("Bo,2026-10,search,0a1b2c3d,,USD,1,x,open,shop", "settled_by=shop"),
        ("Bo,2026-10,search,0a1b2c3d,,USD,1,x,settled,by word", "settled_by=by word"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, row: str, subject: str) -> None:
    _, problems = _read(tmp_path, GOOD[0], row)
    assert [(one.name, one.place, one.subject) for one in problems] == [
        ("cell-not-understood", "books/disputes.csv:3", subject)
    ]
    assert problems[0].level == "configuration"


def test_a_column_too_few_is_named(tmp_path: Path) -> None:
    _, problems = _read(tmp_path, header=HEADER.replace(",reason", ""))
    assert [one.name for one in problems] == ["missing-column"]
