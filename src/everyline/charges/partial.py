"""Partial sums: the lines of one file, summed by the columns that names, layer and group hang on.

This is the one pass over all lines. What it makes is kept, so that a re-run reads only new files.
"""

from collections.abc import Sequence

from everyline.bill_lines import BillLines
from everyline.charges import lines as line
from everyline.charges.lines import MEASURES
from everyline.engines.duckdb import literal, quoted
from everyline.tag_columns import BLANK, is_tag, key_of, pointer, present


def partial(lines: BillLines, columns: Sequence[str]) -> str:
    """SELECT of the partial sums by `columns`, those the file lacks left out.

    Args:
        lines: the charges of one file.
        columns: FOCUS and `x_` columns as the file says them, and `Tags.<key>` as billed.

    Returns:
        SQL of month_, x_WindowStart, x_WindowEnd, the columns present, `told_` for the tags,
        x_LineCount, first_ (file and row of the first line) and MEASURES.
    """
    start, end = line.window(lines)
    texts = dict(line.text_columns(lines)) | dict(line.of_one_line(lines))
    plain = [name for name in columns if name in texts]
    keys = told(lines, columns)
    inner = {"month_": line.month(lines), "x_WindowStart": start, "x_WindowEnd": end}
    inner |= {name: texts[name] for name in plain}
    # What is the same on every line, or follows from the window, is no work for the grouping.
    after = {name: sql for name, sql in inner.items() if _is_constant(sql)}
    if "BillingPeriodStart" not in lines.columns and "ChargePeriodStart" in lines.columns:
        after["month_"] = "date_trunc('month', x_WindowStart)::TIMESTAMP"
    inner = {name: sql for name, sql in inner.items() if name not in after}
    source = lines.relation
    if keys:
        # One list of pointers is read in one pass over the JSON, and one text is one key to group
        # by, twice as fast as a list or a column for each tag.
        pointers = ", ".join(map(pointer, keys))
        source = f"(SELECT *, json_extract_string(Tags, [{pointers}]) AS tags_ FROM {source})"
        inner["told_"] = (
            f"concat({f', {_BETWEEN}, '.join(f'tags_[{i}]' for i in range(1, len(keys) + 1))})"
        )
    sums, names = _sums(lines)
    body = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in (inner | sums).items())
    summed = f"SELECT {body} FROM {source} GROUP BY ALL"
    outer = [quoted(name) for name in inner]
    outer += [f"{sql} AS {quoted(name)}" for name, sql in after.items()]
    outer += ["x_LineCount", f"{_first(lines)} AS first_"]
    outer += [f"{names[measure]}::DECIMAL(38,18) AS {measure}" for measure in MEASURES]
    return f"SELECT {', '.join(outer)} FROM ({summed})"


def told(lines: BillLines, columns: Sequence[str]) -> tuple[str, ...]:
    """The tags whose values are told one after another in the column `told_`."""
    return tuple(name for name in columns if is_tag(name) and key_of(name) in lines.tag_keys)


def told_apart(table: str, keys: Sequence[str]) -> str:
    """SQL of partial sums with each tag in its own column again."""
    if not keys:
        return table
    split = f"string_split(told_, {_BETWEEN})"
    tags = ", ".join(f"{present(f'split_[{i}]')} AS {quoted(k)}" for i, k in enumerate(keys, 1))
    return (
        f"(SELECT * EXCLUDE (told_, split_), {tags}"
        f" FROM (SELECT *, {split} AS split_ FROM {table}))"
    )


def surplus(keys: Sequence[str]) -> str:
    """SQL: whether more tag values come out of `told_` than went in."""
    return f"len(string_split(told_, {_BETWEEN})) <> {len(keys)}" if keys else "false"


# Between two tag values that are grouped as one text. Where a value holds it itself, more values
# come out than went in (`surplus`), and such a bill is refused.
_BETWEEN = "chr(31)"


def _is_constant(sql: str) -> bool:
    return sql.startswith(("'", "NULL"))


def blank(keys: Sequence[str]) -> str:
    """SQL: whether a value in `told_` is nothing but blanks, which `told_apart` makes absent."""
    return f"regexp_matches(told_, '(^|\\x1f){BLANK}+(\\x1f|$)')" if keys else "false"


def _first(lines: BillLines) -> str:
    """SQL of file and row of the first line summed, over the inner sums."""
    return f"{{'file': {literal(lines.file)}, 'row': first_}}" if lines.file else "first_"


def _sums(lines: BillLines) -> tuple[dict[str, str], dict[str, str]]:
    """The sums to make, each distinct expression once, and SQL of each measure over them."""
    row = "x_SourceRow" if lines.file else "{'file': x_SourceFile, 'row': x_SourceRow}"
    sums = {"x_LineCount": "count(*)", "first_": f"min({row})"}
    names = {}
    for measure, sql in line.measures(lines).items():
        if _is_constant(sql):
            names[measure] = sql
            continue
        same = next((name for name, made in sums.items() if made == f"sum({sql})"), None)
        names[measure] = same or f"sum_{measure}"
        sums[names[measure]] = f"sum({sql})"
    return sums, names
