"""Mutated bills: whatever bytes a file has, `check` says so, in time, and never raises.

Small well-formed files of every kind are flipped, cut, doubled and mixed up, by seed: a failure
names its format and number, and comes back every time.
"""

import gzip
import io
import random
import time
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from everyline import pipeline
from everyline.problems import EXIT_CONFIGURATION, EXIT_STOP, EXIT_WELL, exit_code

MUTATIONS_EACH = 38  # of eight kinds of file, 304 in all
SECONDS_MAX = 5

_CSV = (
    b"BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,"
    b"ConsumedUnit,ServiceName,Tags\n"
    b"12.50,12.25,USD,2026-10-01T00:00:00Z,2026-10-02T00:00:00Z,1000,tokens,OpenAI API,"
    b'"{""team"": ""search"", ""n"": 7}"\n'
    b"-3.00,-3.00,USD,2026-10-02T00:00:00Z,2026-10-03T00:00:00Z,,,Refund,{}\n"
    b"1E-7,1E-7,EUR,10/1/26,10/2/26,0.5,Hours,GPU,\n"
)
_JSON_LINES = (
    b'{"BilledCost": 12.50, "BillingCurrency": "USD", "ChargePeriodStart": "2026-10-01T00:00:00Z",'
    b' "Tags": {"team": "search"}}\n'
    b'{"BilledCost": 3e-1, "BillingCurrency": "USD", "ChargePeriodStart": "2026-10-02T00:00:00Z"}\n'
)
_OPENAI = (
    b'{"object": "page", "data": [{"start_time": 1790812800, "end_time": 1790899200, "results": [\n'
    b'{"object": "organization.costs.result", "amount": {"value": 0.06, "currency": "usd"},'
    b' "line_item": "gpt-5, input", "project_id": "proj_1", "quantity": 12}]}],'
    b' "has_more": false, "next_page": null}\n'
)
_ANTHROPIC = (
    b'{"data": [{"starting_at": "2026-10-01T00:00:00Z", "ending_at": "2026-10-02T00:00:00Z",'
    b' "results": [\n{"currency": "USD", "amount": "123.78912", "workspace_id": "wrk_1",'
    b' "description": "Claude Sonnet 4 Usage - Input Tokens", "model": "claude-sonnet-4"}]}],'
    b' "has_more": false, "next_page": null}\n'
)


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in (1, 2):
            archive.writestr(zipfile.ZipInfo(f"part-{number}-of-2.csv"), _CSV)
    return stream.getvalue()


def _parquet() -> bytes:
    with TemporaryDirectory() as folder:
        target = Path(folder) / "bill.parquet"
        rows = (
            "SELECT (i + 0.25)::DECIMAL(18,6) AS BilledCost, 'USD' AS BillingCurrency,"
            " TIMESTAMP '2026-10-01' + i * INTERVAL 1 DAY AS ChargePeriodStart,"
            " MAP {'team': 'search'} AS Tags, i::DOUBLE AS ListCost FROM range(5) AS t(i)"
        )
        duckdb.connect().execute(f"COPY ({rows}) TO '{target}'")
        return target.read_bytes()


def _xlsx() -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Seats")
        sheet.write_row(0, 0, ["day", "amount", "team"])
        sheet.write_row(1, 0, ["2026-10-01", 12.5, "search"])
    return stream.getvalue()


_FOCUS = "format: focus"
_TABLE = (
    "format: table, columns: {BilledCost: amount, ChargePeriodStart: day},"
    " set: {BillingCurrency: USD}"
)
# Name of the file, to its format in everyline.yaml and its well-formed bytes.
KINDS: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "bill.csv": (_FOCUS, lambda: _CSV),
    "bill.csv.gz": (_FOCUS, lambda: gzip.compress(_CSV, mtime=0)),
    "bill.jsonl": (_FOCUS, lambda: _JSON_LINES),
    "bill.zip": (_FOCUS, _zip),
    "bill.parquet": (_FOCUS, _parquet),
    "openai.json": ("format: openai-costs", lambda: _OPENAI),
    "anthropic.json": ("format: anthropic-cost-report", lambda: _ANTHROPIC),
    "bill.xlsx": (_TABLE, _xlsx),
}


def _flipped(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 4)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def _shortened(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.randint(1, 40)]


def _inserted(data: bytearray, chance: random.Random) -> None:
    hostile = (
        *(b",", b";", b'"', b"\n", b"\0", b"\t", b"\\", b"{", b"}", b"[", b"]", b":", b"'"),
        *(b"NaN", b"1e999", b"-", b"9" * 50, b"\xff\xfe", b"\xc3", b"\r", b"\x1f", b"null"),
        *(b"0001-01-01", b"9999-12-31T23:59:59-14:00", b"\\ud800", b"[" * 3000, b'"' * 7),
    )
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        data[at:at] = chance.choice(hostile)


def _swapped(data: bytearray, chance: random.Random) -> None:
    """Two cells, or what stands between any two equal signs, change places."""
    sign = chance.choice((b",", b'"', b"\n", b":", b"\0"))
    cells = bytes(data).split(sign)
    for _ in range(2):
        one, other = chance.randrange(len(cells)), chance.randrange(len(cells))
        cells[one], cells[other] = cells[other], cells[one]
    data[:] = sign.join(cells)


def _doubled(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randint(1, 200)]
    data[start:start] = piece * chance.randint(1, 3)


_CHANGES = (_flipped, _cut, _shortened, _inserted, _swapped, _doubled)


@cache
def _well_formed(name: str) -> bytes:
    return KINDS[name][1]()


def mutated(name: str, number: int) -> bytes:
    """The bytes of a file of `name`'s kind, changed in one to three ways; always the same ones."""
    chance = random.Random(f"{name} {number}")
    data = bytearray(_well_formed(name))
    for change in chance.choices(_CHANGES, k=chance.randint(1, 3)):
        if data:
            change(data, chance)
    return bytes(data)


def project(folder: Path, name: str, data: bytes) -> Path:
    """A project whose only bill has these bytes."""
    folder.mkdir()
    (folder / name).write_bytes(data)
    bill = f'{{name: bill, path: "{name}", {KINDS[name][0]}}}'
    text = f"taxonomy:\n  team: {{tags: [team]}}\nbills:\n  - {bill}\n"
    (folder / "everyline.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_not_mutated_is_well(name: str, tmp_path: Path) -> None:
    outcome = pipeline.check(project(tmp_path / "project", name, _well_formed(name)))
    assert exit_code(outcome.problems) == EXIT_WELL


@pytest.mark.parametrize("name", KINDS)
def test_a_mutated_file_never_raises_and_takes_no_time(name: str, tmp_path: Path) -> None:
    for number in range(MUTATIONS_EACH):
        folder = project(tmp_path / str(number), name, mutated(name, number))
        begun = time.process_time()
        outcome = pipeline.check(folder)
        seconds = time.process_time() - begun
        assert seconds < SECONDS_MAX, f"mutation {number} took {seconds:.1f} CPU seconds"
        assert exit_code(outcome.problems) in (EXIT_WELL, EXIT_STOP, EXIT_CONFIGURATION)
