"""Tags of a table: a column of JSON and the columns that nothing else takes, none lost."""

from pathlib import Path

import made

YAML = """
taxonomy: {team: {required: true, tags: [team]}}
bills:
  - name: bill
    format: table
    path: "*.csv"
    columns: {ChargePeriodStart: day, BilledCost: amount, Tags: labels}
    set: {BillingCurrency: USD}
    layer: model
"""
BILL = """day,amount,labels,team,app
2026-10-01,1,"{""team"":""search"",""n"":1.10}",support,x
2026-10-01,2,{ },support,
2026-10-01,3,,,y
2026-10-01,4,oops,support,
"""


def test_columns_become_tags_beside_a_column_of_tags_which_stands_last(tmp_path: Path) -> None:
    (tmp_path / "everyline.yaml").write_text(YAML, "utf-8")
    (tmp_path / "bill.csv").write_text(BILL, "utf-8")
    tags = {int(row["BilledCost"]): row["Tags"] for row in made.charges(tmp_path)}
    assert tags == {
        1: '{"team": "search", "app": "x", "n": "1.10"}',
        2: '{"team": "support"}',
        3: '{"app": "y"}',
        4: None,
    }
