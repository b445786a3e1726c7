"""Groups summed over their windows: the same money in fewer rows, and the same answers."""

from decimal import Decimal
from pathlib import Path

from marked import write as marked_project

from everyline import pipeline, runs
from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine
from everyline.explain import Asked, Explanation
from everyline.runs import Run
from everyline.web import derived
from everyline.web.gathered import gathered, in_memory
from everyline.web.prepared import hold, prepare
from everyline.web.shelf import Opened, Shelf
from everyline.worklist import worklist
from made import run

_HEAD = (
    "ServiceName,ChargePeriodStart,ChargePeriodEnd,BillingCurrency,BilledCost,ConsumedQuantity,"
    "ConsumedUnit,team\n"
)
_RELATIONS = ("groups", "owned_groups", "allocations")


def test_a_month_is_one_row_and_what_has_no_quantity_another(tmp_path: Path) -> None:
    lines = [(1, "0.25", "1"), (2, "0.5", "2"), (3, "4", "")]
    _project(tmp_path, [(f"2026-10-{day:02}", *rest) for day, *rest in lines])
    whole = _last(tmp_path)
    found = gathered(tmp_path, whole)
    engine = Engine()
    sql = (
        "SELECT BilledCost, ConsumedQuantity, x_LineCount, x_WindowEnd::VARCHAR"
        " FROM {} ORDER BY BilledCost"
    )
    assert len(engine.rows(sql.format(whole.relation("groups")))) == 3
    # 0.25 + 0.5 of 1 + 2 until the end of the second day; 4 of nobody knows how much.
    assert engine.rows(sql.format(found.relation("groups"))) == [
        (Decimal("0.75"), Decimal(3), 2, "2026-10-03 00:00:00"),
        (Decimal(4), None, 1, "2026-10-04 00:00:00"),
    ]


def test_no_money_is_made_or_lost_and_splits_stay_as_they_are(tmp_path: Path) -> None:
    marked_project(tmp_path)
    whole = _last(tmp_path)
    found = gathered(tmp_path, whole)
    engine = Engine()
    lead = whole.manifest["keys"][0]
    for name in _RELATIONS:
        owner = "NULL" if name == "groups" else f'"{lead}"'
        sums = (
            f"SELECT x_Period, x_Layer, {owner}, sum(EffectiveCost), sum(BilledCost),"
            f" sum(ListCost) FROM {{}} GROUP BY ALL ORDER BY ALL"
        )
        told, summed = (engine.rows(sums.format(one.relation(name))) for one in (whole, found))
        assert told == summed, name
        assert told, name
    members = f"SELECT count(*) FROM {found.relation('pool_members')} ANTI JOIN"
    assert engine.one(f"{members} {found.relation('groups')} USING (x_GroupId)") == (0,)


def test_explanations_and_worklists_are_those_of_the_run(tmp_path: Path) -> None:
    marked_project(tmp_path)
    whole = _last(tmp_path)
    found = gathered(tmp_path, whole)
    configuration = pipeline.configured(tmp_path, whole)
    assert isinstance(configuration, Configuration)
    engine = Engine()
    period = engine.one(f"SELECT max(x_Period) FROM {whole.relation('allocations')}")[0]
    asked = Asked(period, {}, None, 12, with_lines=False)
    told, same = (Explanation(engine, one, configuration).figures(asked) for one in (whole, found))
    assert [(one.label, one.cost, one.lines) for one in told[0].parts] == [
        (one.label, one.cost, one.lines) for one in same[0].parts
    ]
    assert worklist(engine, whole, configuration) == worklist(engine, found, configuration)


def test_what_was_kept_is_verified_and_goes_with_its_run(tmp_path: Path) -> None:
    _project(tmp_path, [("2026-10-01", "1", "1")])
    whole = _last(tmp_path)
    gathered(tmp_path, whole)
    kept = derived.folder_of(tmp_path, "gathered_groups", whole.id)
    derived.path_of(kept).write_bytes(b"damaged")
    old = kept.with_name("0" * 64)
    old.mkdir()
    derived.forget()
    groups = gathered(tmp_path, whole).relation("groups")
    assert Engine().one(f"SELECT sum(BilledCost) FROM {groups}") == (1,)
    assert not old.exists()


def test_changes_of_months_are_prepared_until_nobody_wants_them(tmp_path: Path) -> None:
    months = ("2026-08-01", "2026-09-01", "2026-10-01")
    _project(tmp_path, [(month, "1", "1") for month in months])
    whole = _last(tmp_path)
    prepare(tmp_path, whole.id, lambda: False)
    folder = derived.folder_of(tmp_path, "changes", "")
    assert not folder.exists()
    prepare(tmp_path, whole.id, lambda: True)
    short = whole.id[:12]
    assert {one.name for one in folder.iterdir()} == {
        f"{whole.id}-{short}-2026-08-2026-09",
        f"{whole.id}-{short}-2026-09-2026-10",
    }


def _last(project: Path) -> Run:
    found = runs.current(project)
    assert isinstance(found, Run)
    return found


def _project(folder: Path, lines: list[tuple[str, ...]]) -> None:
    (folder / "bills").mkdir()
    rows = "".join(
        f"Amazon Bedrock,{day},{day[:8]}{int(day[8:]) + 1:02},USD,{cost},{quantity},tokens,a\n"
        for day, cost, quantity in lines
    )
    (folder / "bills" / "bill.csv").write_text(_HEAD + rows)
    (folder / "everyline.yaml").write_text(
        "taxonomy: {team: {tags: [team]}}\n"
        'bills: [{name: bill, format: table, path: "bills/*.csv", layer: model}]\n'
        "owners: [{rule: now, when: {ServiceName: nothing}, set: {team: b}}]\n"
    )
    run(folder)


def test_what_all_months_tell_together_is_held_before_anybody_asks(tmp_path: Path) -> None:
    _project(tmp_path, [("2026-10-01", "1", "1")])
    opened = Shelf(tmp_path).last()
    assert isinstance(opened, Opened)
    hold(opened)
    _, parts = opened.held["worklist"]
    assert sum(part.cost for part in parts) == 0  # all of it has an owner
    _, kpis = opened.held["kpis"]
    assert {one.period for one in kpis} == {"2026-10"}


def test_rows_in_memory_are_those_of_the_files(tmp_path: Path) -> None:
    lines = [(1, "0.25", "1"), (2, "0.5", "2"), (3, "4", "")]
    _project(tmp_path, [(f"2026-10-{day:02}", *rest) for day, *rest in lines])
    filed = gathered(tmp_path, _last(tmp_path))
    engine = Engine(compressed=True)
    held = in_memory(engine, filed)
    engine.compress()
    beside = engine.beside()
    for name in _RELATIONS:
        assert "parquet" not in held.relation(name)
        rows = [
            beside.rows(f"SELECT * FROM {one.relation(name)} ORDER BY ALL") for one in (held, filed)
        ]
        assert rows[0] == rows[1] != []
