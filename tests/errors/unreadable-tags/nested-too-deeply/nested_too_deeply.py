"""Tags that are nothing but brackets."""

from pathlib import Path


def write(folder: Path) -> None:
    tags = '{""team"": ' + "[" * 20_000 + "]" * 20_000 + "}"
    head = "BilledCost,BillingCurrency,ChargePeriodStart,Tags\n"
    text = head + f'12.50,USD,2026-10-01,"{tags}"\n'
    (folder / "bills" / "october.csv").write_text(text)
