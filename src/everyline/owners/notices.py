"""Notices: what the owners stage has to say, first by combination, then with the cost touched."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from everyline.config.taxonomy import Key
from everyline.engines.duckdb import Engine, Rows, quoted, same
from everyline.implied import Contradiction
from everyline.owners.entries import Answer
from everyline.owners.tags import Tagged
from everyline.problems import Problem, did_you_mean
from everyline.tag_columns import is_tag


class Notice(NamedTuple):
    """Something to be said of every group whose columns have these values.

    Attributes:
        name, sentence, subject, hint: of the problem.
        place: where to mend it; empty where that is the bill's line.
        columns, values: what the groups touched have in common.
    """

    name: str
    sentence: str
    subject: str
    hint: str
    place: str
    columns: tuple[str, ...]
    values: tuple[Any, ...]


def of_tag(key: Key, found: Tagged, columns: Sequence[str], values: Sequence[Any]) -> Notice | None:
    """An undeclared value, or two values that contradict each other (R7)."""
    if found.state == "undeclared" and key.values and key.values.declared(found.text or ""):
        return Notice(
            "value-not-valid",
            f"`{key.name}` has the value `{found.text}`, which {key.values.file} declares,"
            " but not for the day of these charges",
            f"{key.name}: {found.text}",
            "widen valid_from and valid_to, or name a successor",
            "",
            tuple(columns),
            tuple(values),
        )
    if found.state == "undeclared":
        known = key.values.values if key.values else ()
        listed = key.values.file if key.values else "its list"
        near = did_you_mean(found.text or "", known)
        near = f"{near} To" if "did you mean" in near else "to"
        return Notice(
            "undeclared-value",
            f"`{key.name}` has the value `{found.text}`, which {listed} does not declare",
            f"{key.name}: {found.text}",
            f"{near} accept it, declare it or add it as an alias in {listed}",
            "",
            tuple(columns),
            tuple(values),
        )
    if found.state == "conflict":
        return Notice(
            "conflicting-tags",
            f"`{key.name}` has two values on one line: {_ticked(found.text)}",
            f"{key.name}: {found.text}",
            "keep one of the tags; until then registries and rules decide",
            "",
            tuple(columns),
            tuple(values),
        )
    return None


def of_stale(answer: Answer, columns: Sequence[str], values: Sequence[Any]) -> Iterator[Notice]:
    """A value of a registry or rule that is not valid that day and has no successor (R8)."""
    for key, text in answer.stale.items():
        yield Notice(
            "value-not-valid",
            f"`{text}` is no valid value of `{key}` on the day of these charges",
            f"{key}: {text}",
            "give it a successor in its list, or date the entry with valid_from and valid_to",
            answer.place,
            tuple(columns),
            tuple(values),
        )


def of_contradiction(found: Contradiction, columns: Sequence[str], values: Sequence[Any]) -> Notice:
    """An owner whose values contradict each other (R9)."""
    return Notice(
        "contradicting-owner",
        f"`{found.key}` `{found.value}` implies `{found.other}` `{found.implied}`,"
        f" but `{found.other}` is `{found.present}`, which stays",
        f"{found.key}: {found.value}, {found.other}: {found.present}",
        "correct the tag or the value list",
        found.place,
        tuple(columns),
        tuple(values),
    )


def _ticked(texts: str | None) -> str:
    return " and ".join(f"`{text}`" for text in (texts or "").split(" and "))


def problems(
    engine: Engine,
    owned: str,
    notices: Sequence[Notice],
    first_lines: Callable[[Sequence[Mapping[str, Any]]], list[str]],
) -> list[Problem]:
    """The notices as problems, one for each period and currency, with the cost touched.

    Args:
        engine: where `owned` can be read.
        owned: SQL of owned_groups, with the days and tests that notices name.
        notices: of the owners stage.
        first_lines: places of the first lines whose tags have these values.
    """
    alike = list(_alike(notices).values())
    if not alike:
        return []
    of_bills = [_tags(first) if not first.place else {} for first, *_ in alike]
    places = first_lines(of_bills)
    found = []
    for (first, *_), bill, rows in zip(alike, places, _costs(engine, owned, alike), strict=True):
        place = first.place or bill
        found += [
            Problem(
                name=first.name,
                level="warn",
                sentence=first.sentence,
                place=place,
                subject=first.subject,
                period=period,
                currency=currency,
                cost=cost,
                count=count,
                hint=first.hint,
            )
            for period, currency, cost, count in rows
        ]
    return found


def _tags(notice: Notice) -> dict[str, Any]:
    pairs = zip(notice.columns, notice.values, strict=True)
    return {name: value for name, value in pairs if is_tag(name) and value is not None}


def _costs(engine: Engine, owned: str, alike: Sequence[Sequence[Notice]]) -> list[Rows]:
    """Of each kind of notice: period, currency, EffectiveCost and lines of all groups touched.

    The groups are summed once by all columns that any notice names; the few sums are then asked.
    """
    names = sorted({name for notices in alike for name in notices[0].columns})
    listed = ", ".join(map(quoted, (*names, "x_Period", "BillingCurrency")))
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE touched AS SELECT {listed},"
        " sum(EffectiveCost)::DECIMAL(38,18) AS cost_, sum(x_LineCount)::BIGINT AS lines_"
        f" FROM {owned} GROUP BY ALL"
    )
    costs: list[Rows] = [[] for _ in alike]
    for columns in dict.fromkeys(notices[0].columns for notices in alike):
        of_columns = [(at, them) for at, them in enumerate(alike) if them[0].columns == columns]
        # No group is touched twice by notices of one kind, since their values differ.
        values = {(at, *notice.values): None for at, them in of_columns for notice in them}
        kinds = {name: _SQL_TYPES.get(name.partition("_")[0], "VARCHAR") for name in columns}
        engine.table("noticed", {"kind_": "BIGINT", **kinds}, values)
        for at, *row in engine.rows(
            "SELECT kind_, t.x_Period, t.BillingCurrency, sum(cost_)::DECIMAL(38,18),"
            f" sum(lines_)::BIGINT FROM touched AS t JOIN noticed AS n"
            f" ON {same('t', 'n', columns) or 'true'} GROUP BY ALL ORDER BY ALL"
        ):
            costs[at].append(tuple(row))
    return costs


_SQL_TYPES = {"day": "DATE", "test": "BOOLEAN"}
"""Of the columns `day_` and `test_<n>`; all others are text."""


def _alike(notices: Iterable[Notice]) -> dict[tuple[Any, ...], list[Notice]]:
    grouped: dict[tuple[Any, ...], list[Notice]] = {}
    for notice in notices:
        key = (notice.name, notice.subject, notice.sentence, notice.columns)
        grouped.setdefault(key, []).append(notice)
    return grouped
