"""Partial sums: the lines of one file, summed by the columns that names, layer and group hang on.

This is the one pass over all lines. What it makes is kept, so that a re-run reads only new files.
"""

from collections.abc import Sequence

from everyline.bill_lines import BillLines
from everyline.charges import lines as line
from everyline.charges.lines import MEASURES
from everyline.engines.duckdb import literal, quoted

TAG = "Tags."


def partial(lines: BillLines, columns: Sequence[str]) -> str:
    """SELECT of the partial sums by `columns`, those the file lacks left out.

    Args:
        lines: the charges of one file.
        columns: FOCUS and `x_` columns as the file says them, and `Tags.<key>` as billed.

    Returns:
        SQL of month_, x_WindowStart, x_WindowEnd, the columns present, x_LineCount and MEASURES.
    """
    start, end = line.window(lines)
    texts = line.text_columns(lines)
    plain = [name for name in columns if name in texts]
    keys = [name[len(TAG) :] for name in columns if _has_tag(lines, name)]
    inner = {"month_": line.month(lines), "x_WindowStart": start, "x_WindowEnd": end}
    inner |= {name: texts[name] for name in plain}
    if keys:
        # One list of pointers is read in one pass over the JSON, and a list is one key to group by.
        inner["tags_"] = f"json_extract_string(Tags, [{', '.join(map(_pointer, keys))}])"
    sums, names = _sums(lines)
    body = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in (inner | sums).items())
    outer = [quoted(name) for name in inner if name != "tags_"]
    outer += [f"{present(f'tags_[{i}]')} AS {quoted(TAG + k)}" for i, k in enumerate(keys, 1)]
    outer += ["x_LineCount", "first_"]
    outer += [f"{names[measure]}::DECIMAL(38,18) AS {measure}" for measure in MEASURES]
    return (
        f"SELECT {', '.join(outer)} FROM (SELECT {body} FROM {lines.relation} GROUP BY ALL)"
    )


def present(tag: str) -> str:
    """SQL of a tag's value as billed; absent where nothing is left when trimmed (section 2)."""
    return f"CASE WHEN trim({tag}, e' \\t\\r\\n') <> '' THEN {tag} END"


def _has_tag(lines: BillLines, name: str) -> bool:
    return name.startswith(TAG) and name[len(TAG) :] in lines.tag_keys


def _pointer(key: str) -> str:
    return literal("/" + key.replace("~", "~0").replace("/", "~1"))


def _sums(lines: BillLines) -> tuple[dict[str, str], dict[str, str]]:
    """The sums to make, each distinct expression once, and which of them each measure is."""
    sums = {"x_LineCount": "count(*)", "first_": "min({'file': x_SourceFile, 'row': x_SourceRow})"}
    names = {}
    for measure, sql in line.measures(lines).items():
        same = next((name for name, made in sums.items() if made == f"sum({sql})"), None)
        names[measure] = same or f"sum_{measure}"
        sums[names[measure]] = f"sum({sql})"
    return sums, names
