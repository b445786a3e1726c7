"""What has to be mended before a planned thing costs money: problems of level `fail`.

A required key without a value from tags, registries, rules or implied values (R7 to R9) fails, and
so does any tag of the taxonomy whose value no list declares, or that has two values, whoever the
owner is in the end. A `default` is no value here, as it is no tag coverage (R22). What is known
only later, and what takes no tags, is told and does not fail.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from everyline.config.configuration import Configuration
from everyline.config.reading import FILE
from everyline.config.taxonomy import Key
from everyline.implied import Contradiction, implied
from everyline.owners.notices import Notice
from everyline.owners.tags import Tagged, columns_by_entry, speaks_for, tagged
from everyline.planned import Planned
from everyline.problems import Level, Problem, did_you_mean
from everyline.provisioning.resources import Owned, without_prefix

_LISTED_MAX = 6


class Verdict(NamedTuple):
    """What was found of one planned thing.

    Attributes:
        owned: the thing and its owner.
        unjudged: why it was not judged; empty if it was.
        problems: of it, in taxonomy order.
    """

    owned: Owned
    unjudged: str
    problems: tuple[Problem, ...]

    @property
    def fails(self) -> bool:
        """Whether it has to be mended first."""
        return any(problem.level == "fail" for problem in self.problems)

    def __str__(self) -> str:
        names = dict.fromkeys(problem.name for problem in self.problems)
        return self.unjudged or ", ".join(names) or "well"


class Judge:
    """Judges planned things by a project's taxonomy, as of one day."""

    def __init__(self, configuration: Configuration, day: date, *, all_types: bool = False) -> None:
        """`all_types` judges everything taggable, whether it is known to cost AI money or not."""
        self._taxonomy = configuration.taxonomy
        self._day = day
        self._all_types = all_types
        self._contradictions = cache(self._contradicting)

    def verdict(self, owned: Owned) -> Verdict:
        """What is to be said of one thing."""
        thing = owned.thing
        reason = thing.unjudged
        if not reason and thing.layer is None and not (self._all_types and thing.taggable):
            reason = "not known to cost AI money" if not self._all_types else "takes no tags"
        return Verdict(owned, reason, () if reason else tuple(self._problems(owned)))

    def _problems(self, owned: Owned) -> Iterator[Problem]:
        missing: list[Key] = []
        later: list[Key] = []
        for key, value, state in zip(self._taxonomy, owned.values, owned.states, strict=True):
            is_later = any(_speaks(tag, key) for tag in owned.thing.later)
            if state == "conflict" or (state == "undeclared" and not is_later):
                yield self._bad_tag(owned, key)
            elif key.required and value is None and not owned.thing.is_part:
                (later if is_later or owned.thing.is_open else missing).append(key)
        if missing:
            yield _missing(owned, missing, self._day)
        if later:
            yield _known_later(owned, later)
        for one in self._contradictions(owned.values):
            yield _contradiction(owned, one)

    def _bad_tag(self, owned: Owned, key: Key) -> Problem:
        """An undeclared value, one that is not valid that day, or two values (R7)."""
        entries = columns_by_entry(key, owned.tags)
        texts = {entry: [owned.tags[k] for k in keys] for entry, keys in entries.items()}
        found = tagged(key, texts, self._day)
        level: Level = "fail" if owned.thing.taggable else "warn"
        name, said, hint = _of_tag(key, found)
        sentence = f"`{key.name}` of `{owned.address}` has {said}"
        subject = f"{owned.address}, {key.name}: {found.text}"
        return _found(owned, name, level, (sentence, hint), subject)

    def _contradicting(self, values: tuple[str | None, ...]) -> tuple[Contradiction, ...]:
        return implied(self._taxonomy, values, self._day).contradictions


def of_registries(notices: Sequence[Notice]) -> list[Problem]:
    """What is odd of registries and rules that were asked: a value that is not valid that day."""
    return list(
        dict.fromkeys(
            Problem(
                name=notice.name,
                level="warn",
                sentence=notice.sentence.replace("of these charges", "of the check"),
                place=notice.place,
                subject=notice.subject,
                hint=notice.hint,
            )
            for notice in notices
            if notice.place and notice.name == "value-not-valid"
        )
    )


def repeated(verdicts: Sequence[Verdict]) -> Iterator[Problem]:
    """Things that a file has under one address more than once."""
    for verdict in verdicts:
        owned = verdict.owned
        if owned.address != owned.thing.address:
            sentence = f"`{owned.thing.address}` stands in the file more than once"
            hint = "keep one of them; until then each is judged"
            yield _found(owned, "repeated-address", "warn", (sentence, hint))


def _speaks(tag: str, key: Key) -> bool:
    """Whether a tag as it is planned is one of the key, with the prefix of bills or without."""
    bare = tag.strip().casefold()
    return any(
        speaks_for(tag, entry) or without_prefix(entry).strip().casefold() == bare
        for entry in key.tags
    )


def _of_tag(key: Key, found: Tagged) -> tuple[str, str, str]:
    """Name, end of the sentence and hint of a tag that gives no value."""
    if found.state == "conflict":
        both = " and ".join(f"`{text}`" for text in (found.text or "").split(" and "))
        return "conflicting-tags", f"two values: {both}", "keep one of the tags"
    text, listed = found.text or "", key.values
    file = listed.file if listed else "its list"
    if listed and listed.declared(text):
        said = f"the value `{text}`, which {file} declares, but not for the day of the check"
        hint = "take a value that is valid, or widen valid_from and valid_to"
        return "value-not-valid", said, hint
    near = did_you_mean(text, listed.values if listed else ())
    near = f"{near} To" if "did you mean" in near else "to"
    hint = f"{near} accept it, declare it or add it as an alias in {file}"
    return "undeclared-value", f"the value `{text}`, which {file} does not declare", hint


def _missing(owned: Owned, keys: Sequence[Key], day: date) -> Problem:
    thing = owned.thing
    named = " and no ".join(f"`{key.name}`" for key in keys)
    if not thing.taggable:
        asked = _identities(thing.columns)
        hint = f"name it in a registry or rule of `owners`{asked}"
        if thing.tags_at:
            hint = f"add {_listed(keys, day)} to `{thing.tags_at}`, which its cost bears, or {hint}"
        sentence = f"`{owned.address}` takes no tags and has no {named}"
        return _found(owned, "untaggable-type", "warn", (sentence, hint))
    moved = {key.name: path for key in keys if (path := _misplaced(key, thing))}
    hints = []
    for path in dict.fromkeys(moved.values()):
        names = " and ".join(f"`{key.name}`" for key in keys if moved.get(key.name) == path)
        hints.append(f"move {names} from `{path}` to `{thing.tags_at}`")
    if rest := [key for key in keys if key.name not in moved]:
        hints.append(f"add {_listed(rest, day)} to `{thing.tags_at}`")
    sentence = f"`{owned.address}` has no {named}"
    return _found(owned, "missing-tag", "fail", (sentence, "; ".join(hints)))


def _known_later(owned: Owned, keys: Sequence[Key]) -> Problem:
    named = " and ".join(f"`{key.name}`" for key in keys)
    verb = "is" if len(keys) == 1 else "are"
    sentence = f"{named} of `{owned.address}` {verb} known only once it is made"
    hint = "write the value as a constant, and it can be checked here"
    return _found(owned, "known-later", "warn", (sentence, hint))


def _contradiction(owned: Owned, found: Contradiction) -> Problem:
    sentence = (
        f"`{found.key}` `{found.value}` of `{owned.address}` implies `{found.other}`"
        f" `{found.implied}`, but `{found.other}` is `{found.present}`, which stays"
    )
    hint = f"correct the tag, or the value list at {found.place}"
    subject = f"{owned.address}, {found.key}: {found.value}, {found.other}: {found.present}"
    return _found(owned, "contradicting-owner", "warn", (sentence, hint), subject)


def _misplaced(key: Key, thing: Planned) -> str:
    """Where a tag of the key stands that neither bill nor telemetry sees; empty if nowhere."""
    return next((path for tag, path in thing.misplaced.items() if _speaks(tag, key)), "")


def _listed(keys: Sequence[Key], day: date) -> str:
    """The tags to add, each with the values that it may have."""
    return " and ".join(_tag(key, day) for key in keys)


def _tag(key: Key, day: date) -> str:
    name = f"`{without_prefix(key.tags[0]) if key.tags else key.name}`"
    if key.values is None:
        return name
    if key.values.file != FILE:
        return f"{name} (a value of {key.values.file})"
    valid = key.values.valid_on(day)
    more = ", ..." if len(valid) > _LISTED_MAX else ""
    return f"{name} (one of {', '.join(valid[:_LISTED_MAX])}{more})"


def _identities(columns: Mapping[str, str]) -> str:
    """What a registry or rule could know it by."""
    asked = ("ServiceProviderName", "SubAccountId", "ServiceName", "ResourceName", "x_CredentialId")
    known = [f"{name} `{columns[name]}`" for name in asked if columns.get(name)]
    return f": {', '.join(known)}" if known else ""


def _found(
    owned: Owned, name: str, level: Level, said: tuple[str, str], subject: str = ""
) -> Problem:
    """A problem of one thing; `said` is its sentence and its hint."""
    return Problem(
        name=name,
        level=level,
        sentence=said[0],
        place=owned.thing.place,
        subject=subject or owned.address,
        hint=f"{said[1]}; {owned.thing.note}" if owned.thing.note else said[1],
    )
