"""People are hashed as they land, and a registry that spells their names still knows them."""

from pathlib import Path

import made

YAML = """
taxonomy: {team: {required: true}}
bills:
  - {name: seats, format: table, path: bill.csv, layer: data}
usage:
  - {name: hashed, format: table, path: usage.csv}
  - {name: kept, format: table, path: usage.csv, people: keep}
owners: [{registry: people.csv}]
"""
BILL = """BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,x_PrincipalId
3,USD,2026-10-01,2026-11-01,ada@example.com
4,USD,2026-10-01,2026-11-01,bob@example.com
"""
USAGE = """hour,x_Meter,x_Quantity,x_PrincipalId
2026-10-01T00:00:00Z,requests,1,ada@example.com
2026-10-01T00:00:00Z,requests,2,cyd@example.com
"""
PEOPLE = """x_PrincipalId,team
ada@example.com,search
bob@example.com,support
"""


def test_a_registry_of_names_answers_for_people_who_are_hashed(tmp_path: Path) -> None:
    for name, text in {
        "everyline.yaml": YAML,
        "bill.csv": BILL,
        "usage.csv": USAGE,
        "people.csv": PEOPLE,
    }.items():
        (tmp_path / name).write_text(text, "utf-8")
    found = made.relations(made.run(tmp_path), ["owned_groups", "usage"])
    assert {int(row["BilledCost"]): row["team"] for row in found["owned_groups"]} == {
        3: "search",
        4: "support",
    }
    used = {(row["x_Source"], int(row["x_Quantity"])): row for row in found["usage"]}
    assert {key: row["team"] for key, row in used.items()} == {
        ("hashed", 1): "search",
        ("hashed", 2): None,
        ("kept", 1): "search",
        ("kept", 2): None,
    }
    assert used["kept", 1]["x_PrincipalId"] == "ada@example.com"
    assert "ada" not in used["hashed", 1]["x_PrincipalId"]
    everything = b"".join(
        path.read_bytes() for path in (tmp_path / ".everyline").rglob("*.parquet")
    )
    assert b"bob@example.com" not in everything
