"""Changes of traces and pools, worked out by hand."""

from dataclasses import replace
from pathlib import Path

from two_sides import (
    COST_POOL,
    OCTOBER,
    POOL,
    TEAMS,
    TRACE,
    USAGE,
    YAML,
    between,
    line,
    months,
    ran,
    told,
)

import made
from everyline.comparing import Side


def test_a_renamed_team_keeps_its_part_of_traces_and_pools(tmp_path: Path) -> None:
    """`support` is `help` from October on, by its successor; the pool is by cost.

    Own cost: search 30, support 10 of the trace and 20 by its tag; so 60 of the pool in halves.
    October: the same, and nothing but the name is another.
    """
    teams = "value,successor,valid_from,valid_to\nsearch,,,\nsupport,help,,2026-10-01\n"
    teams += "help,,2026-10-01,\n"
    usage = [USAGE]
    bill = []
    for month in ("2026-09", "2026-10"):
        usage += [f"{month}-01,gpt,input_tokens,tokens,75,search"]
        usage += [f"{month}-01,gpt,input_tokens,tokens,25,support"]
        bill += [
            line("Model", "40", quantity="100", month=month),
            line("Seats", "20", "support", month=month),
            line("Shared", "60", month=month),
        ]
    found = months(
        tmp_path,
        bill,
        yaml=YAML + TRACE + COST_POOL,
        usage="\n".join(usage) + "\n",
        teams=teams,
    )
    assert found == {"support": {"evidence": "-60"}, "help": {"evidence": "60"}}


def test_weights_changed(tmp_path: Path) -> None:
    """100 split 60 to 40, then 150 split 90 to 60 would be; 30 to 120 it is. The rule is one."""
    usage = [
        USAGE,
        "2026-09-01,gpt,input_tokens,tokens,60,search",
        "2026-09-01,gpt,input_tokens,tokens,40,support",
        "2026-10-01,gpt,input_tokens,tokens,20,search",
        "2026-10-01,gpt,input_tokens,tokens,80,support",
    ]
    bill = [
        line("Model", "100", quantity="100"),
        line("Model", "150", quantity="100", **OCTOBER),
    ]
    found = months(tmp_path, bill, yaml=YAML + TRACE, usage="\n".join(usage) + "\n")
    assert found == {
        "search": {"price": "30", "weights": "-60"},
        "support": {"price": "20", "weights": "60"},
    }


def test_usage_that_no_longer_covers_the_bill_is_weights(tmp_path: Path) -> None:
    """All was seen in September, in October half: the other half finds no owner."""
    usage = [
        USAGE,
        "2026-09-01,gpt,input_tokens,tokens,100,search",
        "2026-10-01,gpt,input_tokens,tokens,50,search",
    ]
    bill = [line("Model", "80", quantity="100"), line("Model", "80", quantity="100", **OCTOBER)]
    found = months(tmp_path, bill, yaml=YAML + TRACE, usage="\n".join(usage) + "\n")
    assert found == {"search": {"weights": "-40"}, None: {"weights": "40"}}


def test_other_owners_of_the_same_usage_are_evidence(tmp_path: Path) -> None:
    """The same calls, of which a tag in the telemetry now says another team."""
    usage = f"{USAGE}\n2026-09-01,gpt,input_tokens,tokens,100,search\n"
    usage += "2026-09-01,gpt,input_tokens,tokens,300,support\n"
    bill = [line("Model", "80", quantity="400")]
    asked = {"yaml": YAML + TRACE}
    after = asked | {"teams": TEAMS.replace("search,,,\n", "search,ads,,2026-09-01\n")}
    found = between(tmp_path, (bill, asked | {"usage": usage}), (bill, after | {"usage": usage}))
    assert found == {"search": {"evidence": "-20"}, "ads": {"evidence": "20"}}


def test_a_trace_added(tmp_path: Path) -> None:
    usage = f"{USAGE}\n2026-09-01,gpt,input_tokens,tokens,100,search\n"
    bill = [line("Model", "80", quantity="100")]
    before, after = {"usage": usage}, {"usage": usage, "yaml": YAML + TRACE}
    found = between(tmp_path, (bill, before), (bill, after))
    assert found == {None: {"rules": "-80"}, "search": {"rules": "80"}}


def test_a_pool_added_takes_what_a_team_had(tmp_path: Path) -> None:
    """100 of ads goes to a pool: 40 to search and 60 to support, from October on."""
    bill = [line("Shared", "100", "ads"), line("Shared", "100", "ads", **OCTOBER)]
    yaml = YAML + POOL + "    valid_from: 2026-10-01\n"
    assert months(tmp_path, bill, yaml=yaml) == {
        "ads": {"rules": "-100"},
        "search": {"rules": "40"},
        "support": {"rules": "60"},
    }


def test_the_split_of_a_pool_changed(tmp_path: Path) -> None:
    """Also 200 instead of 100 in the bill: at the old shares 40 and 60 more; then 200 x 10 %."""
    other = YAML + POOL.replace("search: 40, support: 60", "search: 50, support: 50")
    found = between(
        tmp_path,
        ([line("Shared", "100")], {"yaml": YAML + POOL}),
        ([line("Shared", "200")], {"yaml": other}),
    )
    assert found == {
        "search": {"price": "40", "rules": "20"},
        "support": {"price": "60", "rules": "-20"},
    }


def test_a_pool_by_cost_follows_what_it_is_split_by(tmp_path: Path) -> None:
    """search 30 and support 10 share 40 as 30 and 10; then support has 30 too: 20 and 20."""
    bill = [
        line("Seats", "30", "search"),
        line("Seats", "10", "support"),
        line("Shared", "40"),
        line("Seats", "30", "search", **OCTOBER),
        line("Seats", "30", "support", **OCTOBER),
        line("Shared", "40", **OCTOBER),
    ]
    assert months(tmp_path, bill, yaml=YAML + COST_POOL) == {
        "search": {"weights": "-10"},
        "support": {"price": "20", "weights": "10"},
    }


def test_a_new_pool_with_a_new_service(tmp_path: Path) -> None:
    bill = [line("Seats", "1", "search"), line("Seats", "1", "search", **OCTOBER)]
    bill.append(line("Shared", "10", **OCTOBER))
    assert months(tmp_path, bill, yaml=YAML + POOL) == {
        "search": {"new": "4"},
        "support": {"new": "6"},
    }


def test_runs_that_kept_no_rules_are_compared_by_what_rules_are_called(tmp_path: Path) -> None:
    """Runs of before `configured`: a change of fractions is then weights, not rules."""
    other = YAML + POOL.replace("search: 40, support: 60", "search: 50, support: 50")
    sides = []
    for name, yaml in {"a": YAML + POOL, "b": other}.items():
        run = ran(tmp_path / name, [line("Shared", "100")], yaml)
        manifest = {key: value for key, value in run.manifest.items() if key != "configured"}
        sides.append(Side(name, replace(run, manifest=manifest)))
    assert told(*sides) == {"search": {"weights": "10"}, "support": {"weights": "-10"}}


def test_moving_rules_about_in_the_file_changes_nothing(tmp_path: Path) -> None:
    bill = [line("Shared", "100"), line("Model", "5", "search")]
    moved = "# one\n# two\n" + YAML + POOL
    found = between(tmp_path, (bill, {"yaml": YAML + POOL}), (bill, {"yaml": moved}))
    assert found == {}
    rules = [made.run(tmp_path / name).manifest["configured"] for name in ("a", "b")]
    assert rules[0] == rules[1]
