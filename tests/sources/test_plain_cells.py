"""Cells that the engine reads itself: what it makes of a text is what the rules say of it (R2)."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from everyline.engines.duckdb import Engine
from everyline.sources import cells

_BLANKS = " \t\r\n"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


def texts(engine: Engine, kind: str, written: Sequence[str]) -> list[tuple[str, object]]:
    """Each text as it is trimmed, and the value the engine takes; None where it takes none."""
    engine.table("written", {"number": "INTEGER", "t": "VARCHAR"}, list(enumerate(written)))
    cell = cells.text_cell("x", kind, "t", ())
    plain = cell.plain("trimmed") if cell.is_read else "NULL"
    rows = f"SELECT number, {cell.text} AS trimmed FROM written"
    sql = f"SELECT trimmed, {plain} FROM ({rows}) ORDER BY number"
    return [(text, value) for text, value in engine.rows(sql)]


@st.composite
def instants(draw: st.DrawFn) -> str:
    """An instant in one of the many ways in which files have it, or nearly one."""
    day = draw(st.datetimes())
    sign = draw(st.sampled_from("T t/"))
    fraction = draw(st.sampled_from(["", ".%f", ".5", ".123", ".1234567", ".", ",5"]))
    zone = draw(st.sampled_from(["", "Z", "z", "+00:00", "+02:00", "-0530", " UTC", "+01"]))
    form = draw(st.sampled_from([f"%Y-%m-%d{sign}%H:%M:%S{fraction}{zone}", "%Y-%m-%d", "%Y%m%d"]))
    text = day.strftime(form.replace("%Y", f"{day.year:04}"))
    at = draw(st.integers(0, len(text)))
    odd = draw(st.sampled_from(["", "", "", "0", "9", " ", "-", "24:00:00", "60"]))
    return text[:at] + odd + text[at + len(odd) :]


@given(st.lists(instants(), min_size=1, max_size=20))
@example(["2026-10-01T24:00:00", "2026-10-01 23:59:60Z", "2026-02-30", "2026-10-01 00:00:00Z"])
@example(["0000-01-01", "2026-10-01T00:00:00+02:00", "2026-10-01 7:00:00", "infinity", "epoch"])
def test_an_instant_the_engine_reads_is_that_of_the_rules(
    engine: Engine, written: Sequence[str]
) -> None:
    for text, value in texts(engine, "timestamp", written):
        meaning, _ = cells.read_odd("timestamp", text)
        assert value is None or meaning == str(value), text


@pytest.mark.parametrize(
    "text",
    ["2026-10-01T07:30:00Z", "2026-10-01 07:30:00", "2026-10-01T07:30:00.25Z", "2026-10-01",
     "2026-10-01T07:30:00", "2026-10-01 07:30:00.123456"],
)  # fmt: skip
def test_usual_instants_need_no_rules(engine: Engine, text: str) -> None:
    ((_, value),) = texts(engine, "timestamp", [text])
    assert value == datetime.fromisoformat(text).replace(tzinfo=None)


_SIGNS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
_AROUND = st.text(_BLANKS + "\u00a0\v\u200b\u0600!", max_size=3)


@given(st.lists(st.tuples(_AROUND, _SIGNS, _AROUND).map("".join), min_size=1, max_size=20))
def test_texts_lose_the_blanks_around_them_and_nothing_else(
    engine: Engine, written: Sequence[str]
) -> None:
    found = texts(engine, "text", written)
    assert [text for text, _ in found] == [text.strip(_BLANKS) for text in written]
