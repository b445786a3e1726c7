"""What holds of any run and of its neighbours, on 200 drawn projects; each check sees them all."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import honest
import neighbours
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from shares import in_shares

import made
import oracle.relations
from differences import as_units, differences
from drawn import BillFile, Project, write
from everyline import money, runs
from everyline.relations import ABSENT, COSTS, MEASURES, PRESENT
from made import Row, units
from oracle.relations import json_object, json_value
from strategies import SMALL, Size, projects

Sums = Counter[tuple[str, str, str]]
STATED = {"BilledCost": "x_BilledAmount", "EffectiveCost": "x_EffectiveAmount"}


class Case(NamedTuple):
    """A drawn project and all that its run has made."""

    project: Project
    folder: Path
    run: runs.Run
    relations: Mapping[str, list[Row]]
    charges: list[Row]

    @property
    def keys(self) -> list[str]:
        return list(self.project.settings["taxonomy"])


# As many lines and columns as a bill may have, or few, so that lines are alike but for little.
SIZES = (Size(lines_min=2), SMALL._replace(lines_min=2, files_max=2))


@in_shares(200)
@given(st.data(), st.sampled_from(SIZES).flatmap(projects))
def test_of_any_run_all_that_must_hold_does(data: st.DataObject, project: Project) -> None:
    """Of a warm run after a detour; and of the same lines cut and in another order."""
    assume(neighbours.differ_in_rows(project))
    more = neighbours.with_one_more(project)
    shuffled = data.draw(neighbours.shuffled(project))
    cut = data.draw(neighbours.cut(shuffled))
    with TemporaryDirectory() as name:
        folder = Path(name, "project")
        detour = _what_fills_gaps_raises_no_tag_coverage(more, folder)
        (folder / more.files[-1].path).unlink()
        run = _run_in(folder, project)
        files = made.files(run)
        assert detour["grouped.parquet"] != files["grouped.parquet"]
        case = Case(project, folder, run, made.relations(run), made.charges(folder))
        for check in CHECKS:
            check(case)
        # Threads, order of rows, files and columns, and a file in two: no figure.
        with pytest.MonkeyPatch.context() as other:
            other.setenv("EVERYLINE_THREADS", "2")
            aside = _run_in(Path(name, "cut"), cut)
        assert not (told := neighbours.figures_apart(aside, run)), told
        turn = data.draw(st.sampled_from(range(10)))
        if turn < 3:  # Of three in ten: no byte, of problems and counts neither.
            again = _run_in(Path(name, "shuffled"), shuffled)
            assert neighbours.but_places(again) == neighbours.but_places(run)
        if turn == 9:  # Of one in ten: no place and no hash either.
            assert made.files(_run_in(Path(name, "cold"), project)) == files


def _run_in(folder: Path, project: Project) -> runs.Run:
    write(project, folder)
    return made.run(folder)


def _what_fills_gaps_raises_no_tag_coverage(project: Project, folder: Path) -> Mapping[str, bytes]:
    """A default, a rule that holds always, or both: tags are as the oracle has them without (R22).

    Gives the files of the run with every gap filled.
    """
    write(project, folder)
    without = honest.covered(oracle.relations.everything(folder)["coverage"])
    run = _run_in(folder, honest.filled(project))
    coverage = made.relations(run, ["coverage"])["coverage"]
    assert honest.covered(as_units(coverage)) == without
    return made.files(run)


def money_in_is_money_out(case: Case) -> None:
    """Per period, currency and cost, through every stage, re-summed from what was drawn (R26)."""
    billed = _as_drawn(case.project)
    out_of_scope = [row for row in case.relations["groups"] if row["x_Layer"] == "none"]
    allocated = _summed(case.relations["allocations"])
    assert _summed(case.charges) == billed
    assert _summed(case.relations["groups"]) == billed
    assert _together(allocated, _summed(out_of_scope)) == billed
    stated = _summed(case.relations["statements"], STATED)
    assert stated == Counter({k: v for k, v in allocated.items() if k[2] in STATED})
    control = [(c["period"], c["currency"], c["cost"]) for c in case.run.manifest["control"]]
    assert len(control) == len(set(control))
    told = [units(Decimal(c["charges"])) for c in case.run.manifest["control"]]
    assert Counter(dict(zip(control, told, strict=True))) == billed


def every_line_is_in_its_group(case: Case) -> None:
    """Charges summed by x_GroupId are the groups; ids are unique."""
    ids = [row["x_ChargeId"] for row in case.charges]
    assert len(set(ids)) == len(ids) == case.run.manifest["lines"]
    summed: dict[str, Row] = {}
    for line in case.charges:
        group = summed.setdefault(
            line["x_GroupId"], {"x_GroupId": line["x_GroupId"], "x_LineCount": 0}
        )
        group["x_LineCount"] += 1
        for measure in MEASURES:
            parts = [v for v in (group.get(measure), units(line[measure])) if v is not None]
            group[measure] = sum(parts) if parts else None
    shown = ("x_GroupId", "x_LineCount", *MEASURES)
    groups = [{c: row[c] for c in shown} for row in as_units(case.relations["groups"])]
    assert not (told := differences(groups, summed.values())), told


def an_owner_or_a_reason_is_on_every_row(case: Case) -> None:
    for row in (*case.relations["owned_groups"], *case.relations["allocations"]):
        for key in case.keys:
            assert row[f"{key}_evidence"] in (ABSENT if row[key] is None else PRESENT)
            assert row[f"{key}_tag"] in ("declared", "undeclared", "missing", "conflict")
            assert row[key] is None or row[key].strip()
    for row in case.relations["allocations"]:
        # Nothing traces or shares yet, so the lead key alone decides (R20).
        assert row["x_Method"] == ("unallocated" if row[case.keys[0]] is None else "direct")


def receivers_say_values_and_evidence_before_any_default(case: Case) -> None:
    owned = {row["x_GroupId"]: row for row in case.relations["owned_groups"]}
    assert sorted(owned) == sorted(row["x_LineId"] for row in case.relations["allocations"])
    for row in case.relations["allocations"]:
        before = owned[row["x_LineId"]]
        expected = [
            [before[key] for key in case.keys],
            [before[f"{key}_evidence"] for key in case.keys],
        ]
        assert json.loads(row["x_Receiver"]) == expected
        assert row["x_Receiver"] == json_value(expected)


def a_group_id_is_the_hash_of_its_key(case: Case) -> None:
    """SHA-256 of the canonical JSON of the key columns that are not null (R5)."""
    groups = case.relations["groups"]
    for row in groups:
        sums = ("x_GroupId", "x_LineCount", *MEASURES)
        key = {c: v for c, v in row.items() if c not in sums and v is not None}
        assert row["x_GroupId"] == hashlib.sha256(json_object(key).encode()).hexdigest()
    ids = [row["x_GroupId"] for row in groups]
    assert len(ids) == len(set(ids))


def statements_are_cascaded(case: Case) -> None:
    """Issuer, owner, line: each level by `money.cascade`, nested here by hand (R23)."""
    issuer = ("x_Period", "BillingCurrency", "x_Basis", "InvoiceIssuerName")
    lines: dict[tuple[object, ...], list[Row]] = {}
    for row in case.relations["statements"]:
        lines.setdefault(tuple(row[c] for c in issuer), []).append(row)
    for (_, currency, *_), rows in lines.items():
        for cost, amount in STATED.items():
            digits = money.minor_digits(str(currency))
            assert digits is not None
            expected = _cascaded(case, rows, cost, digits)
            step = 10 ** (18 - digits)
            assert [units(row[amount]) for row in rows] == [part * step for part in expected]


def _cascaded(case: Case, rows: list[Row], cost: str, digits: int) -> list[int]:
    exact = [units(row[cost]) or 0 for row in rows]
    by_owner: dict[str, list[tuple[str, int]]] = {}
    keys = [_line_key(case, row) for row in rows]
    for key, row, part in zip(keys, rows, exact, strict=True):
        by_owner.setdefault(json_value(row[case.keys[0]]), []).append((key, part))
    sums = [(owner, sum(part for _, part in parts)) for owner, parts in by_owner.items()]
    owners = money.cascade(money.floor_half_up(sum(exact), digits), sums, digits)
    found: dict[str, int] = {}
    for owner, parts in by_owner.items():
        found |= money.cascade(owners[owner], parts, digits)
    return [found[key] for key in keys]


def _line_key(case: Case, row: Row) -> str:
    key = ["x_Period", "x_CorrectsPeriod", "BillingCurrency", "x_Basis", *case.keys, "x_Method"]
    key += ["x_Pool", "x_Layer", "ServiceProviderName", "InvoiceIssuerName", "ServiceName"]
    return json_value([row[column] for column in key])


def the_oracle_makes_the_same_of_it(case: Case) -> None:
    """Every column of every relation, to the last unit."""
    for name, expected in oracle.relations.everything(case.folder).items():
        assert not (told := differences(as_units(case.relations[name]), expected)), (name, told)


CHECKS = (
    money_in_is_money_out,
    every_line_is_in_its_group,
    an_owner_or_a_reason_is_on_every_row,
    receivers_say_values_and_evidence_before_any_default,
    a_group_id_is_the_hash_of_its_key,
    statements_are_cascaded,
    the_oracle_makes_the_same_of_it,
)


# What was drawn, summed apart


def _as_drawn(project: Project) -> Sums:
    sums: Sums = Counter()
    counted = set()
    for file in project.files:
        source = file.path.rpartition("/")[0]
        if (source, file.data()) not in counted:
            counted.add((source, file.data()))
            for row in file.rows:
                _add_drawn(sums, file, dict(zip(file.header, row, strict=True)))
    return sums


def _add_drawn(sums: Sums, file: BillFile, row: Mapping[str, str | None]) -> None:
    billed = row.get("BilledCost", row.get("amount"))
    currency = "USD" if file.path.endswith(".table.csv") else row["BillingCurrency"]
    assert billed
    assert currency
    effective = row.get("EffectiveCost") or billed
    period = _month(row.get("ChargePeriodStart", row.get("from")), row.get("BillingPeriodStart"))
    costs = (
        billed,
        effective,
        row.get("ListCost") or effective,
        row.get("ContractedCost") or effective,
    )
    for name, text in zip(COSTS, costs, strict=True):
        sums[period, currency, name] += _units(text)


def _units(text: str) -> int:
    exact = Context(prec=120).create_decimal(text)
    if not exact:
        return 0
    rounded = exact.quantize(Decimal("1e-18"), ROUND_HALF_EVEN, Context(prec=120))
    return int(rounded.scaleb(18, Context(prec=120)))


def _month(start: str | None, billing: str | None) -> str:
    text = billing or start
    assert text
    if "/" in text:
        month, _, year = text.split("/")
        return f"20{year}-{int(month):02}"
    moment = datetime.fromisoformat(text)
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    return (moment + timedelta(days=15 if billing else 0)).strftime("%Y-%m")


def _summed(rows: Iterable[Row], costs: Iterable[str] = COSTS) -> Sums:
    sums: Sums = Counter()
    for row in rows:
        for cost in costs:
            sums[row["x_Period"], row["BillingCurrency"], cost] += units(row[cost]) or 0
    return sums


def _together(one: Sums, other: Sums) -> Sums:
    # The `+` of counters would drop what is not above zero.
    return Counter({key: one[key] + other[key] for key in one.keys() | other.keys()})
