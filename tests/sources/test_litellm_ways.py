"""Lines of spend logs are read in a quick way, or by their text: both agree, to the last digit."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spend_log_rows import SAMPLES, many, query, rows, selected

from everyline.config.sources import UsageSource
from everyline.engines.duckdb import Engine, Refused
from everyline.sources.litellm_spend_logs import TELEMETRY
from everyline.sources.parts import part

_CALL = {"request_id": "r", "startTime": "2026-10-01T07:30:00Z", "metadata": {"status": "success"}}
_LONG = "0.1234567890123456789012"


def is_quick(path: Path, folder: Path) -> bool:
    native = query(path, folder)
    try:
        selected(native.sql, native.header)
    except Refused:
        return False
    return True


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (json.dumps(_CALL | {"spend": 0.1 + 0.2}), True),
        (json.dumps(_CALL | {"spend": 1e-7 / 3}), True),
        (json.dumps(_CALL | {"messages": '"spend": 0.1234567890123456789012'}), True),
        (json.dumps(_CALL | {"request_tags": '["team:search"]', "cost": [0.1]}), True),
        (f'{{"spend": {_LONG}}}', False),
        (f'{{"spend": 0.5, "response": {{"spend":{_LONG}}}}}', False),
        ('{"spend": 1.2345678e-320}', False),
        ('{"spend": 100000000000000001}', False),
        (json.dumps(_CALL | {"metadata": "{}"}), False),
        ('{"messages": "\\ud83d"}', False),
        ('{"request_id": "r"', False),
        ("[1]", False),
    ],
)  # fmt: skip
def test_which_lines_are_read_quickly(line: str, expected: bool, tmp_path: Path) -> None:
    usual = json.dumps(_CALL | {"spend": 0.25})
    path = tmp_path / "logs.jsonl"
    path.write_text("\n".join([usual, line, usual]) + "\n")
    assert is_quick(path, tmp_path) == expected


def test_lines_of_a_gateway_are_read_quickly_and_those_of_a_callback_are_not(
    tmp_path: Path,
) -> None:
    texts = SAMPLES.joinpath("spend_logs.jsonl").read_text().splitlines(keepends=True)
    objects = [text for text in texts if not isinstance(json.loads(text)["metadata"], str)]
    assert len(objects) > 100
    path = tmp_path / "logs.jsonl"
    path.write_text("".join(objects))
    assert is_quick(path, tmp_path)
    assert not is_quick(SAMPLES / "spend_logs_pubsub.jsonl", tmp_path)


@pytest.mark.parametrize(
    "sizes", [[7_000_000] * 5, [9_000_000] * 5, [0] * 2000 + [7_000_000, 9_000_000] + [0] * 2000]
)
def test_no_long_line_is_lost(sizes: Sequence[int], tmp_path: Path) -> None:
    assert len(many(tmp_path, *({"messages": "x" * size} for size in sizes))) == len(sizes)


_DIGITS = st.text("0123456789", min_size=1, max_size=24)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A number as JSON may spell it."""
    if draw(st.booleans()):
        return repr(draw(st.floats(allow_nan=False, allow_infinity=False)))
    whole = draw(_DIGITS).lstrip("0") or "0"
    fraction = draw(st.one_of(st.just(""), _DIGITS.map(lambda text: "." + text)))
    sign, power = draw(st.sampled_from(["", "-"])), draw(st.integers(-40, 20))
    e = draw(st.sampled_from(["", f"e{power}", f"E{power:+03}"]))
    return f"{sign}{whole}{fraction}{e}"


@given(st.lists(numbers(), min_size=1, max_size=6), st.sampled_from([": ", ":", " :\t"]))
def test_each_digit_of_each_number_is_kept(texts: Sequence[str], sign: str) -> None:
    start = json.dumps(_CALL)[:-1]
    with TemporaryDirectory() as folder:
        path = Path(folder, "logs.jsonl")
        path.write_text("".join(f'{start}, "spend"{sign}{text}}}\n' for text in texts))
        found = rows(path, Path(folder))
        native = query(path, Path(folder))
        try:
            found += selected(native.sql, native.header)
            texts = [*texts, *texts]
        except Refused:
            # What DOUBLE surely holds is no reason to read by the text.
            assert any(len(text.lstrip("-0.").replace(".", "")) > 15 for text in texts)
    assert [Decimal(row["x_EstimatedCost"] or "NaN") for row in found] == list(map(Decimal, texts))


def test_a_file_that_the_quick_way_refuses_is_read_all_the_same(tmp_path: Path) -> None:
    many(tmp_path, {"spend": 0.5, "metadata": "{}"}, {"spend": 0.25})
    source = UsageSource(
        name="gateway", format="litellm-spend-logs", path="*", estimated_cost="native"
    )
    native = query(tmp_path / "logs.jsonl", tmp_path)
    engine = Engine()
    one = part(engine, native, source, TELEMETRY, tmp_path)
    found = engine.rows(f'SELECT "x_EstimatedCost" FROM {one.relation}')
    engine.close()
    assert [cost for (cost,) in found] == ["0.5", "0.25"]
