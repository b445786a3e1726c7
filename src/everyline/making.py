"""What a run makes: every stage in its order, from what was read to the files of the run."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from everyline import __version__, control, runs
from everyline.allocation import compact, parts, pool_parts, pools, trace
from everyline.allocation.part_sums import number_sums, part_sums
from everyline.allocation.receiver import receiver_sql
from everyline.answers import stack
from everyline.charges import make as charges
from everyline.comparing.configured import configured
from everyline.coverage import measure
from everyline.engines.duckdb import Engine, parquet, quoted
from everyline.owners import notices, weak
from everyline.owners.make import Own, Owners
from everyline.owners.view import ALL, DAY, of_groups, owned_groups
from everyline.problems import Problem, in_order
from everyline.reading import Reading
from everyline.reconciliation.invoices import invoices
from everyline.reconciliation.rows import reconciliation
from everyline.reconciliation.seen import seen
from everyline.relations import COSTS, KEYS, relation
from everyline.sources.bills import rounded_in
from everyline.statements import round as rounding
from everyline.usage.identities import TEXTS
from everyline.usage.view import usage

Progress = Callable[[str], None]

_SQL_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(38,18)",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
}

_OF_PROBLEM = attrgetter(
    *("name", "place", "subject", "level", "sentence", "period", "currency", "cost", "count"),
    "hint",
)


class Making:
    """The relations of one run, made one after another into one folder."""

    def __init__(self, engine: Engine, found: Reading, folder: Path, progress: Progress) -> None:
        self._engine = engine
        self._found = found
        self._configuration = found.configuration
        self._keys = [key.name for key in found.configuration.taxonomy]
        self._folder = folder
        self._progress = progress
        self._files: dict[str, Path] = {}
        self._views: dict[str, str] = {}
        self._groups = ""
        self._same: dict[str, compact.Same] = {}
        self._staying = self._shared = ""
        self._parts = 0
        self._costs_alike = False
        self._problems: list[Problem] = list(found.problems)

    def make(self) -> tuple[list[Problem], dict[str, Any]]:
        """Makes all relations; their problems, and the facts of the manifest.

        Raises:
            control.Unbalanced: a stage of ours lost or made money.
        """
        self._progress("grouping charges")
        charges.write_groups(
            self._engine,
            self._configuration,
            self._found.plan,
            self._found.summed,
            self._file("grouped"),
        )
        self._groups = charges.groups(
            self._configuration, self._found.plan, runs.file_in_view("grouped")
        )
        self._views["groups"] = f"SELECT * FROM {self._groups}"
        self._refuse_estimates_beside_bills()
        self._progress("finding owners")
        in_scope = of_groups(parquet(self._files["grouped"]))
        owners = Owners(self._engine, self._configuration, in_scope, self._own("group"))
        said = owners.write(self._file("owners"))
        if self._found.usage:
            self._own_usage()
        self._trace(owners)
        self._pool()
        self._view_allocations()
        touched = owners.touched(self._sql("owned_groups"))
        first_lines = self._found.first_lines(self._engine)
        self._problems += notices.problems(self._engine, touched, said, first_lines)
        for name in ("usage", "shares", "pool_members"):
            if name not in self._files:
                self._views.setdefault(name, self._empty(name))
        self._show()
        problems = in_order(self._problems)
        self._write_problems(problems)
        return problems, self._facts() | {"views": self._views}

    def _own(self, name: str) -> Own:
        return Own(self._folder.parent.parent, name)

    def _file(self, name: str) -> Path:
        self._files[name] = self._folder / f"{name}.parquet"
        return self._files[name]

    def _sql(self, name: str) -> str:
        """SQL of a relation or file that is made already."""
        if name in self._files:
            return parquet(self._files[name])
        return self._filled(self._views[name])

    def _filled(self, sql: str) -> str:
        """SQL of a view, with the files and views that it names."""
        for name, view in self._views.items():
            sql = sql.replace(runs.file_in_view(name), f"({view})")
        for file, path in self._files.items():
            sql = sql.replace(runs.file_in_view(file), parquet(path))
        return f"({sql})"

    def _refuse_estimates_beside_bills(self) -> None:
        """The same provider's usage as a bill and as an estimate is cost twice: `stop` (R3)."""
        if not any(source.charges for source in self._configuration.usage):
            return
        rows = self._engine.rows(
            "SELECT x_Period, ServiceProviderName, BillingCurrency,"
            " sum(EffectiveCost) FILTER (WHERE x_Basis = 'estimated')::DECIMAL(38,18),"
            " sum(x_LineCount) FILTER (WHERE x_Basis = 'estimated')::BIGINT,"
            " min(x_Source) FILTER (WHERE x_Basis = 'estimated')"
            " FROM (SELECT *, bool_or(x_Basis <> 'estimated') OVER"
            " (PARTITION BY x_Period, ServiceProviderName) AS is_billed_"
            f" FROM {self._sql('groups')})"
            " WHERE is_billed_ GROUP BY ALL"
            " HAVING count(*) FILTER (WHERE x_Basis = 'estimated') > 0 ORDER BY ALL"
        )
        places = {source.name: source.place for source in self._configuration.usage}
        self._problems += [
            Problem(
                name="estimated-beside-bill",
                level="stop",
                sentence=f"{provider} is billed in {period}, and estimated beside it",
                place=places[source],
                subject=f"{provider} {period}",
                period=period,
                currency=currency,
                cost=cost,
                count=count,
                hint="take the provider out of `charges` of this usage source; telemetry says whose"
                " a bill is, and adds no cost beside it",
            )
            for period, provider, currency, cost, count, source in rows
        ]

    def _own_usage(self) -> None:
        """`usage`: identities with their owners, and hours, as two files and a view."""
        assert self._found.usage
        owners = Owners(self._engine, self._configuration, "usage_identities", self._own("usage"))
        owned = owners.of_usage()
        kept = ["x_Source", *TEXTS, *self._found.usage.tags]
        found = [f"{key}{end}" for key in self._keys for end in ("", "_evidence")]
        on = " AND ".join(
            f"u.{quoted(c)} IS NOT DISTINCT FROM o.{quoted(c)}" for c in owners.columns
        )
        self._engine.write(
            f"SELECT u.id_, {', '.join(f'u.{quoted(c)}' for c in kept)},"
            f" {', '.join(f'o.{quoted(c)}' for c in found)} FROM usage_identities AS u"
            f" JOIN {owned} AS o ON {on or 'true'} ORDER BY id_",
            self._file("usage_identities"),
        )
        self._engine.write_quickly(self._found.usage.hours(), self._file("usage_hours"))
        self._found.usage.let_go()
        file = runs.file_in_view
        self._views["usage"] = usage(
            file("usage_identities"), file("usage_hours"), self._found.usage.tags, found
        )

    def _usage_tables(self) -> tuple[str, str]:
        """SQL of identities and hours; of empty ones where the project has no telemetry."""
        if self._found.usage:
            return self._sql("usage_identities"), self._sql("usage_hours")
        texts = ", ".join(f"NULL::VARCHAR AS {quoted(c)}" for c in ("x_Source", *TEXTS))
        keys = ", ".join(
            f"NULL::VARCHAR AS {quoted(k + e)}" for k in self._keys for e in ("", "_evidence")
        )
        hours = (
            "NULL::TIMESTAMP AS hour, NULL::DECIMAL(38,18) AS x_Quantity,"
            " NULL::DECIMAL(38,18) AS x_EstimatedCost, NULL::BIGINT AS x_RequestCount"
        )
        return (
            f"(SELECT 0::BIGINT AS id_, {texts}, {keys} WHERE false)",
            f"(SELECT 0::BIGINT AS id_, {hours} WHERE false)",
        )

    def _trace(self, owners: Owners) -> None:
        """`traced` and `untraced`: what traces made of groups; `owned_groups` follows from both."""
        file = runs.file_in_view
        joined = (self._groups, file("owners"), owners.columns, self._keys)
        if not self._configuration.trace:
            self._views["owned_groups"] = owned_groups(*joined)
            return
        self._progress("tracing usage")
        has_weak = any(entry.weak for entry in self._configuration.owners)
        self._views["strongly_owned"] = owned_groups(*joined, split=ALL if has_weak else "")
        made = trace.traced(
            self._engine,
            self._configuration,
            self._sql("strongly_owned"),
            *self._usage_tables(),
        )
        self._problems += made.problems
        del self._views["strongly_owned"]
        if has_weak:
            self._fill_weakly(owners)
        self._same["traced"] = made.same
        self._write_compact(compact.sorted_files(self._keys, made.same))
        self._engine.write("SELECT * FROM untraced ORDER BY x_GroupId", self._file("untraced"))
        numbers = compact.widened(file("traced"), made.same)
        self._views["traced_parts"] = compact.parts(
            numbers, file("traced_lines"), file("traced_named"), self._keys
        )
        split = f"(SELECT x_GroupId FROM {file('traced_lines')})" if has_weak else ""
        self._views["owned_groups"] = owned_groups(*joined, split=split)

    def _write_compact(self, files: Mapping[str, str]) -> None:
        for name, sql in files.items():
            write = self._engine.write_quickly if name in compact.NUMBERS else self._engine.write
            write(sql, self._file(name))

    def _fill_weakly(self, owners: Owners) -> None:
        answers = ", ".join(
            f"o.{quoted(f'weak_{key}{end}')}" for key in self._keys for end in ("", "_evidence")
        )
        on = " AND ".join(
            f"g.{quoted(c)} IS NOT DISTINCT FROM o.{quoted(c)}" for c in owners.columns
        )
        groups, found = of_groups(self._sql("groups")), self._sql("owners")
        said = (
            f"(SELECT g.x_GroupId, g.{DAY}, {answers} FROM {groups} AS g"
            f" JOIN {found} AS o ON {on or 'true'})"
        )
        weak.fill(
            self._engine,
            self._configuration,
            said,
            "traced_parts",
            receiver_sql(self._keys),
        )
        compact.number(self._engine, "weakly_owned", self._keys)

    def _pool(self) -> None:
        """`pool_lines`, `pool_members` and `pooled`: shared cost and what became of it."""
        file = runs.file_in_view
        traces = self._configuration.trace
        self._views["parts"] = parts.first_stage(
            f"({self._views['owned_groups']})",
            self._keys,
            traced=f"({self._views['traced_parts']})" if traces else "",
            split=file("traced_lines") if traces else "",
            untraced=file("untraced") if traces else "",
        )
        shares = self._trace_shares() if traces else []
        if self._configuration.pools:
            self._progress("sharing pools")
            made = pools.pooled(
                self._engine,
                self._configuration,
                self._sql("parts"),
                self._sql("owned_groups"),
                *self._usage_tables(),
            )
            self._problems += made.problems
            self._same["pooled"] = made.same
            named = (file("pool_splits"), file("pooled_named"))
            weights = file("pool_weights")
            self._views["pool_shares"] = pool_parts.shares(weights, *named, self._keys)
            shares.append(f"SELECT * FROM {file('pool_shares')}")
            self._write_compact(pool_parts.files(self._engine, made.same))
            pool_parts.let_go(self._engine)
        if shares:
            self._views["shares"] = " UNION ALL ".join(shares)

    def _trace_shares(self) -> list[str]:
        """The files of weights of traces, written; SELECT of what they are in `shares`."""
        files = compact.share_files(self._engine, self._keys)
        self._write_compact(files)
        weights, splits, receivers = map(runs.file_in_view, files)
        return [compact.shares(weights, splits, receivers, self._keys)]

    def _view_allocations(self) -> None:
        file, taxonomy = runs.file_in_view, self._configuration.taxonomy
        members = file("pool_members") if self._configuration.pools else ""
        self._staying = parts.staying(self._views.pop("parts"), taxonomy, members)
        if self._configuration.pools:
            numbers = compact.widened(file("pooled"), self._same["pooled"])
            names = (file("pooled_lines"), file("pooled_named"))
            pooled = pool_parts.parts(numbers, *names, self._keys)
            self._shared = parts.shared(f"({pooled})", taxonomy)
        self._views["allocations"] = parts.allocations(self._staying, self._shared)

    def _empty(self, name: str) -> str:
        """SELECT of no rows, for a relation that the project's configuration has no use for."""
        columns = []
        for column in relation(name).columns:
            names = [column.name]
            if column.name == KEYS:
                names = [f"{key}{end}" for key in self._keys for end in ("", "_evidence")]
            columns += [f"NULL::{_SQL_TYPES[column.kind]} AS {quoted(n)}" for n in names]
        return f"SELECT {', '.join(columns)} WHERE false"

    def _show(self) -> None:
        """`coverage` and `statements`."""
        self._progress("measuring coverage")
        self._sum_parts()
        self._engine.write(measure.coverage("part_sums", self._keys), self._file("coverage"))
        self._reconcile()
        self._progress("writing statements")
        exact = f"({rounding.exact('part_sums', self._keys)})"
        digits = self._found.minor_digits()
        stated = rounding.statements(exact, self._keys, digits, alike=self._costs_alike)
        self._engine.write(stated, self._file("statements"))
        ended = f"{stack.summed('part_sums', self._keys)} ORDER BY ALL"
        self._engine.write(ended, self._file("stack"))

    def _sum_parts(self) -> None:
        """The view `part_sums`: allocations, summed by all that any report looks at, once."""
        columns = dict.fromkeys((*measure.looked_at(self._keys), *rounding.looked_at(self._keys)))
        of_line = [c for c in columns if c in (*parts.CARRIED, *parts.tags(self._keys))]
        staying, shared = self._staying, self._shared
        if self._configuration.trace and not self._configuration.pools:
            # A pool may take one of two parts that reports can't tell apart.
            lines, groups = self._sql("traced_lines"), self._sql("owned_groups")
            lines += f" JOIN {groups} USING (x_GroupId)"
            staying = self._summed("traced", lines, of_line, staying)
        if shared:
            pooled = self._summed("pooled", self._sql("pooled_lines"), (*of_line, "x_Pool"), shared)
            shared = self._filled(pooled)
        found = part_sums(self._engine, list(columns), self._filled(staying), shared)
        self._parts += found.parts
        self._costs_alike = found.are_alike

    def _summed(self, file: str, lines: str, of_line: Sequence[str], view: str) -> str:
        """`view` over sums of a file of numbers, whose lines alike in `of_line` are one."""
        sums = compact.summed(self._sql(file), lines, of_line, self._same[file])
        self._parts += number_sums(self._engine, self._sql(file), sums, f"{file}_sums")
        return view.replace(runs.file_in_view(file), f"{file}_sums")

    def _reconcile(self) -> None:
        """`reconciliation`: what was billed beside invoices, and beside telemetry (R24)."""
        left_out = [one.name for one in self._configuration.usage if not one.reconcile]
        groups = self._sql("grouped")
        kinds = (
            invoices(self._engine, groups, self._configuration.invoices),
            seen(self._engine, groups, *self._usage_tables(), left_out),
        )
        self._engine.write(reconciliation(kinds), self._file("reconciliation"))

    def _write_problems(self, problems: list[Problem]) -> None:
        columns = {c.name: _SQL_TYPES[c.kind] for c in relation("problems").columns}
        rows = map(_OF_PROBLEM, problems)
        self._engine.table("problems_", columns, rows)
        self._engine.write("SELECT * FROM problems_ ORDER BY ALL", self._file("problems"))

    def _facts(self) -> dict[str, Any]:
        """Row counts and control totals; raises where money was lost or made (R26)."""
        groups, none, group_count = control.scoped_totals(self._engine, self._sql("grouped"))
        allocated, _ = control.totals(self._engine, "part_sums")
        balances = control.balanced(self._found.charged(), groups, none, allocated)
        stated, _ = control.totals(self._engine, self._sql("statements"), COSTS[:2])
        expected = {key: {c: sums[c] for c in COSTS[:2]} for key, sums in allocated.items()}
        control.refuse_unequal("statements", expected, stated)
        counts = {"groups": group_count, "allocations": self._parts}
        if not self._configuration.trace and not self._configuration.pools:
            # Nothing is split, so each group in scope is one part.
            counts["owned_groups"] = self._parts
        for name in (*self._files, *self._views):
            if name not in counts:
                counts[name] = self._engine.one(f"SELECT count(*) FROM {self._sql(name)}")[0]
        lines = self._found.bills.lines
        sources = dict.fromkeys(one.source for one in lines if one.rounded)
        rounded = {
            name: rounded_in(one.rounded for one in lines if one.source == name) for name in sources
        }
        return {
            "configured": configured(self._configuration),
            "control": [{k: str(v) for k, v in balance._asdict().items()} for balance in balances],
            "keys": self._keys,
            "lines": sum(one.count for summed in self._found.summed for one in summed.controls),
            "relations": counts,
            "rounded": rounded,
            "version": __version__,
        }
