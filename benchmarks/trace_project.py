"""A gateway's log and the bill of the same month: a project whose cost is traced.

    python benchmarks/trace_project.py FOLDER [--rows 1000000] [--lines 20000]

Nothing real is in it. 200 projects buy from one provider, each eight of 60 models, most often the
first. A project is called with ten keys, the first ones far more; a key belongs to one team and one
environment and serves two use cases. The log names them; the bill names a day, a project, a model
and a meter, and no owner. Of the bill 5 % is of models that the log has never seen there, and 1 %
are credits.

As in `charges.py`, a row's values are mixed from its number alone, in integers, so that a short log
is the beginning of a long one, byte for byte the same on every machine.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from charges import ENVIRONMENTS, mixed

if TYPE_CHECKING:
    import duckdb

PROJECTS, MODELS, KEYS, TEAMS, USE_CASES, DAYS = 200, 60, 10, 50, 40, 30
"""Keys are those of one project."""

METERS = ("input_tokens", "cached_input_tokens", "output_tokens", "requests")

KEY_COLUMNS = ("team", "use_case", "environment")

# Chances of ten thousand, the first of a project's models and keys far ahead of the last.
_MODEL_CHANCES = (4000, 2400, 1440, 864, 518, 311, 187, 280)
_KEY_CHANCES = (3500, 2275, 1479, 961, 625, 406, 264, 172, 112, 206)

_LOG_DRAWS = (
    "project_",
    "model_",
    "key_",
    "use_case_",
    "second_",
    "input_",
    "input_doublings_",
    "output_",
    "output_doublings_",
)
_BILL_DRAWS = ("chances_", "digits_", "magnitude_")

_BILL_START = 100_000_000
"""Lines are mixed from here on, so that they draw other chances than the log."""


class Project(NamedTuple):
    """The files of a generated project."""

    folder: Path
    log: Path
    bill: Path


def files(folder: Path) -> Project:
    """Where `write` puts what."""
    return Project(folder, folder / "usage" / "log.parquet", folder / "bills" / "lines.parquet")


def write(folder: Path, rows: int, lines: int) -> Project:
    """Makes the project in `folder`."""
    import duckdb  # here, so that who only wants to know where the files lie stays small

    made = files(folder)
    for path in (made.log, made.bill):
        path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as engine:
        copy(engine, _bill(lines), made.bill)
        copy(engine, _log(rows), made.log)
    (folder / "everyline.yaml").write_text(CONFIGURATION, encoding="utf-8")
    return made


def copy(engine: "duckdb.DuckDBPyConnection", sql: str, target: Path) -> None:
    """Writes the rows of a SELECT, in its order, as Parquet or CSV."""
    kind = "FORMAT csv, HEADER" if target.suffix == ".csv" else "FORMAT parquet, COMPRESSION zstd"
    engine.execute(f"COPY ({sql}) TO '{target}' ({kind})")


def _log(rows: int) -> str:
    """SELECT of the log: one row a call."""
    drawn = f"({mixed('row', _LOG_DRAWS, f'(SELECT range AS row FROM range({rows}))')})"
    # A square makes the first projects the busiest.
    square = f"(project_ >> 8) * (project_ >> 8) >> 24) * {PROJECTS} >> 24"
    where = f"(SELECT *, (({square}) AS project FROM {drawn})"
    facts = {
        "model": f"(project * 7 + {_ranked('model_', _MODEL_CHANCES)}) % {MODELS}",
        "key": f"project * {KEYS} + {_ranked('key_', _KEY_CHANCES)}",
        # Twelve throws of a coin around 1,500 tokens; eight around 270.
        "tokens_in": "((1000 + input_ % 1000) << bit_count(input_doublings_ & 4095)::BIGINT) >> 6",
        "tokens_out": "((180 + output_ % 180) << bit_count(output_doublings_ & 255)::BIGINT) >> 4",
    }
    use_case = f"(key * 2 + CASE WHEN use_case_ % 10 < 3 THEN 1 ELSE 0 END) % {USE_CASES}"
    columns = {
        "request_id": "'req-' || row",
        "startTime": "TIMESTAMP '2026-10-01' + to_seconds(second_ % (86400 * 30))",
        "project": name("proj", "project", 3),
        "model": name("model", "model", 2),
        "api_key": name("sk-hash", "key", 8),
        "team": name("team", f"key * 13 % {TEAMS}", 3),
        "use_case": name("usecase", use_case, 2),
        "environment": one_of("key % 4", tuple(ENVIRONMENTS)),
        "prompt_tokens": "tokens_in",
        "completion_tokens": "tokens_out",
        "spend": billionths("(model % 7 + 1) * (tokens_in * 250 + tokens_out * 1000)"),
    }
    return f"SELECT {listed(columns)} FROM (SELECT *, {listed(facts)} FROM {where})"


def _bill(lines: int) -> str:
    """SELECT of the bill: what a project owes for a meter of a model on a day."""
    ranks, meters = len(_MODEL_CHANCES), len(METERS)
    each = DAYS * PROJECTS * ranks * meters
    numbers = f"(SELECT range AS line, range + {_BILL_START} AS number FROM range({lines}))"
    # A step that shares no divisor with how many there are meets each once before any twice.
    mix = mixed("number", _BILL_DRAWS, numbers)
    drawn = f"(SELECT *, line * 100003 % {each} AS place FROM ({mix}))"
    facts = {
        "project": f"place // {meters * ranks} % {PROJECTS}",
        "rank": f"place // {meters} % {ranks}",
        "unseen": "CASE WHEN chances_ % 100 < 5 THEN 20 ELSE 0 END",
        "sign": "CASE WHEN chances_ // 100 % 100 = 0 THEN -1 ELSE 1 END",
        # Twenty-one throws of a coin around 0.9 USD.
        "units": "(400000 + digits_ % 400000) << bit_count(magnitude_ & 2097151)::BIGINT",
    }
    day = f"DATE '2026-10-01' + (place // {meters * ranks * PROJECTS})::INTEGER"
    columns = {
        "line": "line",
        "day": day,
        "day_end": f"{day} + 1",
        "project": name("proj", "project", 3),
        "model": name("model", f"(project * 7 + rank + unseen) % {MODELS}", 2),
        "meter": one_of(f"place % {meters}", METERS),
        "BilledCost": billionths("sign * units"),
    }
    return f"SELECT {listed(columns)} FROM (SELECT *, {listed(facts)} FROM {drawn})"


CONFIGURATION = """\
taxonomy:
  team: {required: true, tags: [team]}
  use_case: {tags: [use_case]}
  environment: {tags: [environment]}
bills:
  - name: bill
    format: table
    path: "bills/*.parquet"
    columns: {ChargePeriodStart: day, ChargePeriodEnd: day_end, SubAccountId: project,
      x_Model: model, x_Meter: meter}
    set: {BillingCurrency: USD, ChargeCategory: Usage, ServiceProviderName: OpenAI,
      InvoiceIssuerName: OpenAI, ServiceName: OpenAI API}
    layer: model
usage:
  - name: gateway
    format: table
    path: "usage/*.parquet"
    columns: {hour: startTime, SubAccountId: project, x_Model: model, x_CredentialId: api_key,
      x_Quantity: prompt_tokens, x_EstimatedCost: spend}
    set: {x_Meter: input_tokens, x_Unit: tokens, ServiceProviderName: OpenAI,
      x_EstimatedCurrency: USD}
    estimated_cost: native
trace:
  - rule: gateway
    charges: {ServiceProviderName: OpenAI}
    usage: {x_Source: gateway}
    split: [{on: [SubAccountId, x_Model], weight: estimated_cost}]
    rest: spread
"""
"""The bill knows no usage of its own, so all of it goes to who was seen: `rest: spread`."""


def listed(columns: Mapping[str, str]) -> str:
    """SQL of columns by their names."""
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items())


def name(prefix: str, number: str, width: int) -> str:
    """SQL of `prefix-007`."""
    return f"'{prefix}-' || substr(({10**width} + {number})::VARCHAR, 2)"


def one_of(number: str, texts: Iterable[str]) -> str:
    """SQL of the text at `number`, counted from 0."""
    whens = " ".join(f"WHEN {at} THEN '{text}'" for at, text in enumerate(texts))
    return f"CASE {number} {whens} END"


def billionths(units: str) -> str:
    """SQL of an amount of so many billionths, exactly."""
    return f"(({units}) * 0.000000001::DECIMAL(10,9))::DECIMAL(18,9)"


def _ranked(draw: str, chances: Sequence[int]) -> str:
    """SQL of a place, from 0, each with its chance of ten thousand."""
    ends = [sum(chances[: at + 1]) for at in range(len(chances))]
    whens = " ".join(f"WHEN {draw} % 10000 < {end} THEN {at}" for at, end in enumerate(ends))
    return f"CASE {whens} END"


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes a project of one seeded log and bill.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=20_000)
    asked = parser.parse_args()
    made = write(asked.folder, asked.rows, asked.lines)
    for path, count in ((made.log, asked.rows), (made.bill, asked.lines)):
        print(f"{path}: {count:,} rows, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
