"""Values of relations as text, in SQL: the one form in which they are written and compared."""

from everyline.engines.duckdb import quoted

# HUGEINT is left out: most readers of json hold no integer of that size.
_NATIVE_JSON = ("BOOLEAN", "INTEGER", "BIGINT")


def text(column: str, kind: str) -> str:
    """SQL of a column's value as text, the one form in which it is written and compared.

    Args:
        column: its name.
        kind: its DuckDB type.

    Returns:
        SQL: decimals without exponent and trailing zeros, timestamps like `2026-10-01T00:00:00Z`,
        booleans `true` and `false`.
    """
    name = quoted(column)
    if kind.startswith("DECIMAL") and not kind.endswith(",0)"):
        return f"rtrim(rtrim(CAST({name} AS VARCHAR), '0'), '.')"
    if kind.startswith("TIMESTAMP"):
        moment = f"strftime(CAST({name} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%f')"
        return f"rtrim(rtrim({moment}, '0'), '.') || 'Z'"
    if kind.startswith(("MAP", "STRUCT")) or kind.endswith("]"):
        return f"CAST(to_json({name}) AS VARCHAR)"
    return f"CAST({name} AS VARCHAR)"


def in_json(column: str, kind: str) -> str:
    """SQL of a column's value as json has it: native where that is exact, else text."""
    return quoted(column) if kind in _NATIVE_JSON else text(column, kind)
