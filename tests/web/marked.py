"""A project in which whatever is somebody's bears their mark: names, services, tags, and amounts.

`kiwi` is who looks. All else is of others, and no word or amount of theirs may ever reach them.
"""

from collections.abc import Sequence
from pathlib import Path

from everyline import pipeline
from everyline.problems import as_text

MINE = "kiwi"
OTHERS = ("rivalfox", 'rivalowl/"<b>')
MARKS = ("rival", "Rival", "nobodys", "CHF", "2026-08", "TWD")
"""What is in each name, month and currency that only others have, or nobody."""

_HEAD = (
    "InvoiceIssuerName,ServiceProviderName,ServiceName,ChargeCategory,SubAccountId,InvoiceId,"
    "ChargePeriodStart,ChargePeriodEnd,BillingCurrency,BilledCost,ChargeDescription,x_Model,x_Meter,"
    "ConsumedQuantity,ConsumedUnit,team,use_case,product"
)
_NEXT = {"2026-08": "2026-09", "2026-09": "2026-10", "2026-10": "2026-11"}

YAML = """\
organisation: Marked
taxonomy:
  team: {required: true, tags: [team], values: teams.csv}
  use_case: {tags: [use_case]}
  product: {tags: [product]}
bills:
  - {name: bill, format: table, path: "bills/*.csv"}
usage:
  - {name: gateway, format: table, path: "usage/gateway.csv"}
layers:
  - {when: {ServiceName: Model}, layer: model}
  - {when: {ServiceName: {glob: "*Store*"}}, layer: data}
  - {when: {BilledCost: {has: true}}, layer: platform}
trace:
  - rule: by-gateway
    charges: {ServiceName: Model}
    usage: {x_Source: gateway}
    split: [{on: [x_Model, x_Meter], weight: quantity}]
pools:
  - pool: commons
    charges: {ServiceName: Commons}
    split: [{by: fixed, over: [team], file: shares.csv}]
    rest: unallocated
"""


def _line(service: str, cost: str, owner: str = "", more: Sequence[str] = ()) -> str:
    """A bill line; `more` is the month, the currency, and a quantity of tokens."""
    month, currency, quantity = (*more, *("2026-10", "USD", "")[len(more) :])
    mark = owner.partition("/")[0] or ("" if service in ("Model", "Commons") else "nobodys")
    model = ("gpt-4o", "input_tokens", quantity, "tokens") if quantity else ("", "", "", "")
    tags = [owner, f"{mark}-case" if mark else "", f"{mark}-product" if mark else ""]
    cells = [
        *("Issuer", "Provider", service, "Usage", f"acct-{mark}", f"INV-{mark}"),
        *(f"{month}-01", f"{_NEXT[month]}-01", currency, cost, f"about {mark}"),
        *model,
        *tags,
    ]
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)


def _mine() -> list[str]:
    return [
        _line("KiwiService", "1003.07", MINE),
        _line("KiwiStore", "507.19", MINE),
        _line("KiwiService", "911.23", MINE, ("2026-09",)),
        _line("Commons", "900.00"),
        _line("Commons", "4321.09", MINE),
        _line("Model", "400.00", "", ("2026-10", "USD", "1000000")),
    ]


def _of_others(amounts: Sequence[str]) -> list[str]:
    fox, owl = OTHERS
    return [
        _line("RivalService", amounts[0], fox),
        _line("RivalStore", amounts[1], owl),
        _line("RivalService", amounts[2], fox, ("2026-09",)),
        _line("RivalService", amounts[3], owl, ("2026-08",)),
        _line("RivalService", amounts[4], fox, ("2026-10", "CHF")),
        _line("KiwiService", amounts[5], fox),
        _line("Commons", "777.77", fox),
        _line("nobodysService", amounts[6]),
        _line("nobodysStore", amounts[7], "", ("2026-09", "TWD")),
    ]


AMOUNTS = ("70177.31", "60133.77", "50111.93", "40099.71", "30071.57", "20047.83", "80207.41")
OTHER_AMOUNTS = ("71234.11", "61234.13", "51234.17", "41234.19", "31234.23", "21234.29", "81234.31")


def write(folder: Path, amounts: Sequence[str] = AMOUNTS) -> None:
    """The project, and a run of it; others' amounts are `amounts`, and all else stays."""
    for name in ("bills", "usage"):
        (folder / name).mkdir(parents=True)
    fox, owl = OTHERS
    quoted = '"' + owl.replace('"', '""') + '"'
    lines = [_HEAD, *_mine(), *_of_others([*amounts, "90209.77"])]
    (folder / "bills" / "all.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "everyline.yaml").write_text(YAML, "utf-8")
    (folder / "teams.csv").write_text(f"value\n{MINE}\n{fox}\n{quoted}\n", "utf-8")
    shares = f"team,share\n{MINE},30\n{fox},50\n{quoted},20\n"
    (folder / "shares.csv").write_text(shares, "utf-8")
    head = "hour,ServiceProviderName,x_Model,x_Meter,x_Unit,x_Quantity,team,x_CredentialId\n"
    used = ((MINE, 600001), (fox, 300007), (quoted, 90029))
    rows = "".join(
        f"2026-10-05T10:00:00Z,Provider,gpt-4o,input_tokens,tokens,{count},{owner},key-{owner[1:6]}\n"
        for owner, count in used
    )
    (folder / "usage" / "gateway.csv").write_text(head + rows, "utf-8")
    outcome = pipeline.run(folder)
    assert outcome.run, "\n".join(as_text(one) for one in outcome.problems)
