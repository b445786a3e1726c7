"""What must hold between entries: names, months, shares, pools and what they pass on."""

from pathlib import Path

import pytest
from projects import problems

POOL = "pool: p, charges: {ServiceName: x}"
TRACE = "rule: p, charges: {x_Layer: model}, usage: {x_Source: g}, split: [{on: []}]"


def one_pool(split: str, more: str = "") -> str:
    """A configuration of one pool on one line, `split` its one way to split."""
    return f"pools:\n  - {{{POOL}{more}, split: [{{{split}}}]}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "bills: [{name: a, format: focus, path: x}]\n"
                "usage: [{name: a, format: opencost, path: x}]\n"
            ),
            "5 duplicate-name: a source is called `a` already, at everyline.yaml:4",
        ),
        (
            one_pool("by: cost") + one_pool("by: cost").removeprefix("pools:\n"),
            "6 duplicate-name: a trace or pool is called `p` already, at everyline.yaml:5",
        ),
        (
            f"trace:\n  - {{{TRACE}}}\n" + one_pool("by: cost"),
            "7 duplicate-name: a trace or pool is called `p` already, at everyline.yaml:5",
        ),
        (
            (
                "owners:\n  - {rule: r, when: {ServiceName: x}, set: {team: search}}\n"
                "  - {rule: r, when: {ServiceName: y}, set: {team: search}}\n"
            ),
            "6 duplicate-name: a rule is called `r` already, at everyline.yaml:5",
        ),
        (
            (
                "owners: [{rule: r, when: {ServiceName: x}, set: {team: search},"
                " valid_from: 2026-07-02, valid_to: 2026-07-01}]\n"
            ),
            "4:99 empty-validity: `valid_to` 2026-07-01 is not after `valid_from` 2026-07-02",
        ),
        (
            "pools:\n  - pool: p\n    split: [{by: cost}]\n",
            "5:5 missing-setting: the pool `p` takes nothing",
        ),
        (
            one_pool("by: cost", ", valid_from: 2026-07-02"),
            (
                "5:54 validity-not-on-first-of-month: `valid_from` is `2026-07-02`, and months are"
                " never divided here"
            ),
        ),
        (
            one_pool(
                "by: usage, usage: {x_Source: g}, weight: estimated_cost,\n"
                "    capacity: {x_Source: g}"
            ),
            (
                "6:15 setting-not-understood: `capacity` is a quantity, and can't stand beside"
                " `weight: estimated_cost`"
            ),
        ),
        (
            (
                "pools:\n  - pool: p\n    owner: {team: search}\n    split:\n"
                "      - {by: cost, within: [InvoiceId]}\n"
            ),
            (
                "8:28 setting-not-understood: a pool with `owner` is split as a whole, so it has no"
                " `within`"
            ),
        ),
        (
            "pools:\n  - pool: p\n    owner: {team: serach}\n    split: [{by: cost}]\n",
            "6:19 unknown-value: `team` has the value `serach`, which teams.csv does not declare",
        ),
        (
            one_pool("by: even, over: [team], among: [search, finance]"),
            "5:91 unknown-value: `team` has the value `finance`, which teams.csv does not declare",
        ),
        (
            one_pool("by: fixed, over: [team]"),
            "5:50 missing-setting: fixed shares stand either in `shares` or in a `file`",
        ),
        (
            one_pool("by: fixed, over: [team, product], shares: {search: 100}"),
            "5:93 setting-not-understood: `shares` are for one key, and `over` names several",
        ),
        (
            one_pool("by: cost, over: [team, team]"),
            "5:67 setting-not-understood: `over` names a key twice",
        ),
        (
            "chargeback: {journal: {accounts: teams.csv, clearing: a, format: netsuite}}\n",
            (
                "4:13 missing-setting: a journal bears the name of the organisation, and"
                " `organisation` is missing"
            ),
        ),
    ],
)
def test_a_contradiction_is_said_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert f"everyline.yaml:{expected}" in problems(tmp_path, text)


def shares(text: str) -> str:
    return one_pool(f"by: fixed, over: [team], {text}")


def test_fixed_shares_sum_to_exactly_100(tmp_path: Path) -> None:
    assert problems(tmp_path, shares("shares: {search: 33.3, support: 66.7}")) == []
    thirds = "shares: {search: 33.333333333333333333, support: 66.666666666666666666}"
    (found,) = problems(tmp_path, shares(thirds))
    assert found == (
        "everyline.yaml:5:84 pool-shares-not-100: the shares sum to `99.999999999999999999`, and"
        " must sum to exactly 100"
    )


def test_a_file_of_shares_sums_to_100_in_every_month_that_it_covers(tmp_path: Path) -> None:
    header = "team,share,valid_from,valid_to\n"
    good = header + "search,40,,2026-07-01\nsupport,60,,2026-07-01\nsearch,100,2026-10-01,\n"
    assert problems(tmp_path, shares("file: s.csv"), s_csv=good) == []
    bad = header + "search,40,,\nsupport,60,,2026-07-01\nsupport,61,2026-07-01,\n"
    assert problems(tmp_path, shares("file: s.csv"), s_csv=bad) == [
        (
            "everyline.yaml:5:82 pool-shares-not-100: the shares sum to `101` from 2026-07-01, and"
            " must sum to exactly 100"
        )
    ]
    assert problems(tmp_path, shares("file: s.csv"), s_csv="product,share\nshop,100\n") == [
        "everyline.yaml:5:82 setting-not-understood: s.csv has the keys `product`"
    ]


def pools(order: str, between: str) -> str:
    """A pool `gpu` whose rest goes to search, and search's own pool `own`, in the order given."""
    entry = {
        "gpu": "pool: gpu, charges: {ServiceName: x}, rest: {team: find}",
        "own": "pool: own, owner: {team: Search}",
    }
    lines = [f"  - {{{entry[name]}, split: [{{by: cost}}]}}" for name in order.split()]
    return f"between_pools: {between}\npools:\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("order", "between", "closed"),
    [
        ("gpu own", "step-down", False),  # passed on: own comes later
        ("own gpu", "step-down", True),  # own is closed when gpu is split
        ("gpu own", "direct", True),  # no pool receives from another
        ("own gpu", "reciprocal", False),  # only a pool itself is removed
    ],
)
def test_a_rest_may_not_go_to_a_pool_that_receives_no_more(
    tmp_path: Path, order: str, between: str, closed: bool
) -> None:
    found = problems(tmp_path, pools(order, between))
    assert [" rest-names-closed-pool: " in line for line in found] == [True] * closed


def test_a_rest_to_the_pool_itself_is_closed_also_if_implied(tmp_path: Path) -> None:
    text = """\
between_pools: reciprocal
pools:
  - {pool: p, owner: {product: web-shop}, split: [{by: cost}], rest: {team: search}}
"""
    assert problems(tmp_path, text) == []
    (found,) = problems(tmp_path, text, teams_csv="value,product\nsearch,shop\n")
    assert found == (
        "everyline.yaml:6:70 rest-names-closed-pool: the rest of `p` goes to the owner of the pool"
        " `p`"
    )
