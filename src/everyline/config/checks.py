"""What must hold between the parts of a configuration; nothing here looks at bills."""

from collections.abc import Iterable, Mapping

from everyline.config.configuration import Configuration
from everyline.config.document import WrittenMap
from everyline.config.notes import Notes, Path
from everyline.config.pool_checks import check_pools
from everyline.config.reading import Reading
from everyline.config.rules import OwnerRule, Registry
from everyline.config.serve import lacking
from everyline.config.sources import Bill, UsageSource
from everyline.config.value_checks import Declared, check_lists
from everyline.problems import did_you_mean


def check(configuration: Configuration, document: WrittenMap, reading: Reading) -> None:
    """Note all that is wrong between entries that are each well formed.

    Args:
        configuration: what was understood.
        document: what it was read from, for places.
        reading: where problems are noted.
    """
    notes = Notes(document, reading)
    declared = Declared(configuration.taxonomy, reading)
    check_lists(configuration.taxonomy, declared, notes)
    _check_names(configuration, notes)
    for n, bill in enumerate(configuration.bills):
        _check_source(bill, ("bills", n), notes)
    for n, source in enumerate(configuration.usage):
        _check_source(source, ("usage", n), notes)
    _check_owners(configuration, declared, notes)
    for n, trace in enumerate(configuration.trace):
        notes.validity(("trace", n), (trace.valid_from, trace.valid_to), monthly=True)
        if isinstance(trace.rest, Mapping):
            declared.check_map(trace.rest, ("trace", n, "rest"), notes)
    check_pools(configuration, declared, notes)
    _check_finance(configuration, declared, notes)
    _check_serve(configuration, declared, notes)


def _check_names(configuration: Configuration, notes: Notes) -> None:
    rules = [e for e in configuration.owners if isinstance(e, OwnerRule)]
    sources: list[Bill | UsageSource] = [*configuration.bills, *configuration.usage]
    splits = [(trace.rule, trace.place) for trace in configuration.trace]
    splits += [(pool.pool, pool.place) for pool in configuration.pools]
    _check_unique([(source.name, source.place) for source in sources], "source", notes)
    _check_unique([(rule.rule, rule.place) for rule in rules], "rule", notes)
    _check_unique(splits, "trace or pool", notes)


def _check_unique(named: Iterable[tuple[str, str]], what: str, notes: Notes) -> None:
    first: dict[str, str] = {}
    for name, place in named:
        if name in first:
            notes.reading.report(
                "duplicate-name",
                f"a {what} is called `{name}` already, at {first[name]}",
                place,
                about=name,
                hint="give each its own name",
            )
        first.setdefault(name, place)


def _check_source(source: Bill | UsageSource, path: Path, notes: Notes) -> None:
    if source.format == "table":
        return
    for name, given in (("columns", source.columns), ("set", source.set)):
        if given:
            what = f"`{name}` is for the format `table`, and this is `{source.format}`"
            hint = "take it out; files of this format say themselves what their columns are"
            notes.note("setting-not-understood", what, (*path, name), hint)


def _check_owners(configuration: Configuration, declared: Declared, notes: Notes) -> None:
    for n, entry in enumerate(configuration.owners):
        if isinstance(entry, Registry):
            table = entry.registry
            for at, key in enumerate(table.keys):
                cells = ((row.owners[at], f"{table.file}:{row.line}") for row in table.rows)
                declared.check_cells(key, cells)
        else:
            declared.check_map(entry.set, ("owners", n, "set"), notes)
            notes.validity(("owners", n), (entry.valid_from, entry.valid_to), monthly=False)


def _check_finance(configuration: Configuration, declared: Declared, notes: Notes) -> None:
    if configuration.rates and configuration.currency is None:
        what = "`rates` lead to a reporting currency, and `currency` does not say which"
        notes.note("missing-setting", what, ("rates",), "add `currency: USD` or the like")
    keys = [key.name for key in configuration.taxonomy]
    for name in configuration.targets.tag_coverage:
        if name not in keys:
            path = ("targets", "tag_coverage", name)
            notes.reading.report(
                "unknown-key",
                f"`{name}` is no key of `taxonomy`",
                notes.at(path, at_key=True),
                about=name,
                hint=did_you_mean(name, keys),
            )
    chargeback = configuration.chargeback
    if chargeback is None or chargeback.journal is None:
        return
    if configuration.organisation is None:
        what = "a journal bears the name of the organisation, and `organisation` is missing"
        notes.note("missing-setting", what, ("chargeback",), "add `organisation: ...` at the top")
    rows = chargeback.journal.accounts
    declared.check_cells(keys[0], ((row.owner, row.place) for row in rows))


def _check_serve(configuration: Configuration, declared: Declared, notes: Notes) -> None:
    serve = configuration.serve
    if serve is None:
        return
    for setting, what, hint in lacking(serve):
        notes.note("missing-setting", what, ("serve", setting), hint)
    cells = ((owner, row.place) for row in serve.roles or () for owner in row.owners)
    declared.check_cells(configuration.lead.name, cells)
