"""Settings that can't be understood: one clear sentence each, with line and column."""

from pathlib import Path

import pytest
from projects import load, problems

from everyline import config

KEYS = "SubAccountId,team\nacc-1,search\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "organsation: Acme\n",
            "4:1 unknown-setting: `organsation` is no setting here",
        ),
        (
            "bills: [{name: a, format: focus}]\n",
            "4:9 missing-setting: `entry 1 of bills` lacks `path`",
        ),
        (
            "bills: [{name: a, format: focsu, path: x}]\n",
            (
                "4:27 setting-not-understood: `format` is `focsu`, and takes `focus`,"
                " `openai-costs`, `anthropic-cost-report` or `table`"
            ),
        ),
        (
            "bills: {name: a}\n",
            "4:8 setting-not-understood: `bills` is a map, and takes a list like `[a, b]`",
        ),
        (
            "bills: [x]\n",
            "4:9 setting-not-understood: `entry 1 of bills` is `x`, and takes a map like `{a: b}`",
        ),
        (
            "bills: [{name: a, format: focus, path: /etc/*.csv}]\n",
            (
                "4:40 setting-not-understood: `path` is `/etc/*.csv`, and takes a path below the"
                " folder of everyline.yaml"
            ),
        ),
        (
            "bills: [{name: a, format: focus, path: a/../b}]\n",
            (
                "4:40 setting-not-understood: `path` is `a/../b`, and takes a path below the folder"
                " of everyline.yaml"
            ),
        ),
        (
            'bills: [{name: a, format: focus, path: "a/{month}/b"}]\n',
            "4:40 setting-not-understood: `path` is `a/{month}/b`, which has `{month}`",
        ),
        (
            "bills: [{name: a, format: focus, path: b, set: {BilledCost: 1}}]\n",
            "4:48 setting-not-understood: `set` is for the format `table`, and this is `focus`",
        ),
        (
            "bills: [{name: a, format: table, path: b, columns: {BiledCost: c}}]\n",
            "4:53 unknown-column: `BiledCost` is no column that a table gives",
        ),
        (
            "bills: [{name: a, format: table, path: b, set: {x_Layer: c}}]\n",
            "4:49 unknown-column: `x_Layer` is worked out by a run",
        ),
        (
            "usage: [{name: a, format: table, path: b, set: {x_Custom: c}}]\n",
            "4:49 unknown-column: `x_Custom` is no column that a table gives",
        ),
        (
            "currency: usd\n",
            (
                "4:11 setting-not-understood: `currency` is `usd`, and takes a currency code like"
                " `USD`"
            ),
        ),
        (
            "targets: {unallocated: 5}\n",
            "4:24 setting-not-understood: `unallocated` is `5`, and takes a ratio from 0 to 1",
        ),
        (
            "targets: {tag_coverage: {tema: 0.9}}\n",
            "4:26 unknown-key: `tema` is no key of `taxonomy`",
        ),
        (
            "chargeback: {gate: {showback_periods: two}}\n",
            "4:39 setting-not-understood: `showback_periods` is `two`, and takes a whole number",
        ),
        (
            "invoices: bills.csv\n",
            "4:11 file-missing: `invoices` names the file `bills.csv`, which does not exist",
        ),
        (
            "invoices: [a]\n",
            "4:11 setting-not-understood: `invoices` is a list, and takes the name of a CSV file",
        ),
        (
            "owners: [{registy: keys.csv}]\n",
            "4:10 missing-setting: `entry 1 of owners` has neither `registry` nor `rule`",
        ),
        (
            "owners: [{rule: a, when: {ServiceName: b}, set: {}}]\n",
            (
                "4:49 setting-not-understood: `set` is a map, and takes values of keys like"
                " `{team: search}`"
            ),
        ),
        (
            "owners: [{rule: a, when: {ServiceName: b}, set: {tema: search}}]\n",
            "4:50 unknown-key: `tema` is no key of `taxonomy`",
        ),
        (
            "owners: [{rule: a, when: {}, set: {team: search}}]\n",
            "4:26 condition-not-understood: an empty condition would hold of every row",
        ),
        (
            "owners: [{rule: a, when: {ServiceNmae: b}, set: {team: search}}]\n",
            "4:27 unknown-column: no relation has the column `ServiceNmae`",
        ),
        (
            "owners: [{rule: a, when: {team: search}, set: {team: search}}]\n",
            (
                "4:27 unknown-column: `team` is a taxonomy key, and conditions here see columns and"
                " tags only"
            ),
        ),
        (
            "untaggable: [{BilledCost: {to: 0}}]\n",
            (
                "4:15 unknown-column: `BilledCost` is a sum of many lines, and a rule can't look at"
                " a sum"
            ),
        ),
        (
            "layers: [{when: {ServiceName: {regex: '['}}, layer: data}]\n",
            "4:39 condition-not-understood: `[` is no regex that RE2 knows: missing ]: [",
        ),
        (
            "trace: [{rule: a, charges: {team: x}, usage: {x_Source: y}, split: [{on: [team]}]}]\n",
            "4:75 unknown-column: `entry 1 of on` is `team`, and takes a column or `Tags.<key>`",
        ),
        (
            "trace: [{rule: a, charges: {x_Layer: x}, usage: {x_Source: y}, split: []}]\n",
            "4:71 setting-not-understood: `split` takes at least one entry",
        ),
        (
            (
                "trace: [{rule: a, charges: {x_Layer: x}, usage: {x_Source: y}, split: [{on: []}],"
                " rest: al}]\n"
            ),
            (
                "4:89 setting-not-understood: `rest` is `al`, and takes `unallocated`, `spread` or"
                " values of keys"
            ),
        ),
        (
            "pools: [{pool: a, charges: {x_Layer: b}, split: [{by: magic}]}]\n",
            "4:50 missing-setting: `entry 1 of split` does not say what it splits by",
        ),
        (
            (
                "pools: [{pool: a, charges: {x_Layer: b},"
                " split: [{by: even, over: [team, product]}]}]\n"
            ),
            "4:67 setting-not-understood: `over` takes exactly one entry",
        ),
        (
            "pools: [{pool: a, charges: {x_Layer: b}, split: [{by: cost, over: [tema]}]}]\n",
            "4:68 unknown-key: `entry 1 of over` is `tema`, which is no key of `taxonomy`",
        ),
        (
            "between_pools: stepdown\n",
            (
                "4:16 setting-not-understood: `between_pools` is `stepdown`, and takes `direct`,"
                " `step-down` or `reciprocal`"
            ),
        ),
        (
            (
                "trace: [{rule: a, charges: {x_Layer: x}, usage: {x_Source: y}, split: [{on: []}],"
                " valid_from: 2026-13-01}]\n"
            ),
            (
                "4:95 setting-not-understood: `valid_from` is `2026-13-01`, and takes a day like"
                " `2026-10-01`"
            ),
        ),
    ],
)
def test_a_mistake_is_one_sentence_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert problems(tmp_path, text) == [f"everyline.yaml:{expected}"]
    assert load(tmp_path, text).problems[0].level == "configuration"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("organsation: Acme\n", "did you mean `organisation`?"),
        ("bills: [{name: a, format: focsu, path: x}]\n", "did you mean `focus`?"),
        ("layers: [{when: {ServiceNmae: b}, layer: data}]\n", "did you mean `ServiceName`"),
        ("layers: [{when: {ServiceName: {golb: b}}, layer: data}]\n", "did you mean `glob`?"),
        ("owners: [{registry: tems.csv}]\n", "did you mean `teams.csv`?"),
        ("targets: {tag_coverage: {tema: 0.9}}\n", "did you mean `team`?"),
    ],
)
def test_a_slip_of_the_pen_gets_the_nearest_word(tmp_path: Path, text: str, hint: str) -> None:
    assert load(tmp_path, text).problems[0].hint.startswith(hint)


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    text = """\
currency: usd
organsation: Acme
layers:
  - {when: {ServiceName: a}, layer: modle}
owners:
  - {registry: keys.csv, waek: true}
  - {rule: r, when: {Servicename: a}, set: {team: serach}}
  - {rule: s, when: {ServiceName: a}, set: {team: serach}}
pools:
  - {pool: p, charges: {x_Layer: data}, split: [{by: fixed, over: [team], shares: {search: 99}}]}
  - {pool: p, split: [{by: cots}]}
"""
    found = problems(tmp_path, text, keys_csv="SubAccountId,team\nacc-1,suport\n")
    places = {(*line.split(":", 3)[:2], line.split(" ")[1]) for line in found}
    assert places == {
        ("everyline.yaml", "4", "setting-not-understood:"),
        ("everyline.yaml", "5", "unknown-setting:"),
        ("everyline.yaml", "7", "setting-not-understood:"),
        ("everyline.yaml", "9", "unknown-setting:"),
        ("everyline.yaml", "10", "unknown-column:"),
        ("everyline.yaml", "11", "unknown-value:"),
        ("everyline.yaml", "13", "pool-shares-not-100:"),
        ("everyline.yaml", "14", "missing-setting:"),
        ("keys.csv", "2 unknown-value", "unknown-value:"),
    }


def test_nothing_is_configured_without_a_taxonomy(tmp_path: Path) -> None:
    (tmp_path / "everyline.yaml").write_text("currency: USD\n", encoding="utf-8")
    loaded = config.load(tmp_path)
    assert loaded.configuration is None
    assert [problem.name for problem in loaded.problems] == ["missing-setting"]
    assert loaded.problems[0].sentence == "`everyline.yaml` lacks `taxonomy`"


@pytest.mark.parametrize(
    "name", ["ServiceName", "servicename", "x_team", "value", "any", "cost centre", "team_tag"]
)
def test_a_key_can_not_have_the_name_of_a_column(tmp_path: Path, name: str) -> None:
    text = f"  {name}: {{tags: [a]}}\n"
    found = problems(tmp_path, text)
    assert [line.split(":")[2] for line in found] == ["3 key-name-taken"]


def test_custom_columns_and_tags_may_be_named(tmp_path: Path) -> None:
    text = """\
layers: [{when: {x_Whatever: a, Tags.any thing: b, BilledCost: {from: 0}}, layer: data}]
pools: [{pool: p, charges: {team: search, x_Eligible: true}, split: [{by: cost, within: [Tags.a]}]}]
"""
    assert problems(tmp_path, text) == []


def test_a_registry_may_name_any_identity(tmp_path: Path) -> None:
    keys = "Tags.cluster,x_Custom,hour,type,team\na,b,2026-10-01,aws_instance,search\n"
    assert problems(tmp_path, "owners: [{registry: keys.csv}]\n", keys_csv=keys) == []
