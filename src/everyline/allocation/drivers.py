"""Who used it: hours of usage rolled up to the windows of a trace's groups (R14).

Windows overlap: a day lies in its month. So hours are summed once to *segments*, the time between
two bounds of any window, and each window is some of those.
"""

from everyline.allocation.taking import Tracing
from everyline.conditions import columns
from everyline.config.rules import Trace

_HOUR = "hour"


def roll_up(tracing: Tracing, at: int) -> None:
    """Makes `trace_windows`, `trace_usage`, `trace_classes` and `trace_values` for one trace.

    `trace_windows`: x_WindowStart, x_WindowEnd and one of its segments. `trace_usage`: by segment
    and class, the sums of the usage rows that meet `usage`, and how many of them have no cost. A
    class is what has equal `on` columns, key values, unit and currency; `trace_classes` spells it
    out, with the number `value_` of its key values, which `trace_values` spells out, and the
    classes that stand for its unit and its currency. Multiples are in the quantity already (R11).
    """
    engine, trace = tracing.engine, tracing.configuration.trace[at]
    _segments(tracing, at)
    _classes(tracing, trace)
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_usage AS"
        f" SELECT class_, segment_, {_sums(trace)} FROM {tracing.hours} AS h"
        " JOIN (SELECT id_, class_ FROM trace_ids) USING (id_)"
        " JOIN trace_hours AS s ON h.hour = s.hour"
        f"{_by_hour(tracing, trace)} GROUP BY class_, segment_"
    )
    for table in ("hours", "ids"):
        engine.run(f"DROP TABLE trace_{table}")


def _segments(tracing: Tracing, at: int) -> None:
    """`trace_windows`, and `trace_hours`: the segment of each hour that any window has."""
    engine = tracing.engine
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_windows AS"
        " WITH windows AS (SELECT DISTINCT x_WindowStart, x_WindowEnd FROM trace_groups"
        f" WHERE trace_ = {at}),"
        " bounds AS (SELECT x_WindowStart AS start_ FROM windows UNION"
        " SELECT x_WindowEnd FROM windows),"
        " segments AS (SELECT start_, lead(start_) OVER (ORDER BY start_) AS end_,"
        " row_number() OVER (ORDER BY start_) AS segment_ FROM bounds)"
        " SELECT x_WindowStart, x_WindowEnd, start_, end_, segment_::INTEGER AS segment_"
        " FROM windows JOIN segments ON start_ >= x_WindowStart AND end_ <= x_WindowEnd"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_hours AS SELECT hour, segment_"
        f" FROM (SELECT DISTINCT hour FROM {tracing.hours})"
        " JOIN (SELECT DISTINCT start_, end_, segment_ FROM trace_windows)"
        " ON hour >= start_ AND hour < end_"
    )


def _classes(tracing: Tracing, trace: Trace) -> None:
    """`trace_ids`: the class of each identity that meets `usage`; and what classes are."""
    engine = tracing.engine
    names = dict.fromkeys(name for level in trace.split for name in level.on)
    on = tracing.on_columns(names)
    picked = [
        f"{tracing.of_usage.text(name)} AS {column}"
        for name, column in zip((*names, *tracing.keys), (*on, *tracing.values), strict=True)
    ]
    # A test that looks at the hour is left to the hours.
    met = "true" if _HOUR in columns(trace.usage) else tracing.of_usage.test(trace.usage)
    values = ", ".join(tracing.values)
    alike = ", ".join([*on, *tracing.values, "x_Unit", "x_EstimatedCurrency"])
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_ids AS"
        f" SELECT *, min(id_) OVER (PARTITION BY {alike}) AS class_,"
        f" min(id_) OVER (PARTITION BY {values}) AS value_"
        f" FROM (SELECT id_, {', '.join(picked)}, x_Unit, x_EstimatedCurrency"
        f" FROM {tracing.descriptions} WHERE {met})"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_values AS"
        f" SELECT value_, {values} FROM trace_ids WHERE id_ = value_"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_classes AS"
        f" SELECT {', '.join(['class_', 'value_', *on])},"
        " coalesce(unit_, '') AS unit_, shown_,"
        " min(class_) OVER (PARTITION BY coalesce(unit_, '')) AS of_unit_,"
        " coalesce(x_EstimatedCurrency, '') AS currency_,"
        " min(class_) OVER (PARTITION BY coalesce(x_EstimatedCurrency, '')) AS of_currency_"
        " FROM trace_ids LEFT JOIN trace_units ON x_Unit = written WHERE id_ = class_"
    )


def _by_hour(tracing: Tracing, trace: Trace) -> str:
    """The rest of a FROM clause where `usage` looks at the hour, which identities lack."""
    if _HOUR not in columns(trace.usage):
        return ""
    test = tracing.of_usage.test(trace.usage, {_HOUR: "h.hour"})
    return f" JOIN {tracing.descriptions} AS d USING (id_) WHERE {test}"


def _sums(trace: Trace) -> str:
    """The sums that any level of the trace weighs by; a null cost counts 0 and is counted."""
    weights = {level.weight for level in trace.split}
    nothing = "0::DECIMAL(38,18)"
    quantity, cost, unknown = nothing, nothing, "0::BIGINT"
    if "quantity" in weights:
        quantity = "coalesce(sum(x_Quantity), 0)::DECIMAL(38,18)"
    if "estimated_cost" in weights:
        cost = "sum(x_EstimatedCost)::DECIMAL(38,18)"
        unknown = "count(*) FILTER (x_EstimatedCost IS NULL AND x_Quantity <> 0)::BIGINT"
    return f"{quantity} AS x_Quantity, {cost} AS x_EstimatedCost, {unknown} AS unknown_"
