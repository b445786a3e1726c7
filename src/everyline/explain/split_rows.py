"""Rows of `shares`: what is told of a split, and who receives of it.

Those of receivers that are asked for lie near, and are read at once; others one after the other.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from everyline.engines.duckdb import Engine, literal, quoted
from everyline.explain.pieces import Near
from everyline.explain.receivers import Receiver, Receivers
from everyline.runs import Run

_TOLD = ("x_Rule", "x_Level", "x_Kind", "x_Driver")
_AT_ONCE_MAX = 1_000

Told = tuple[str, int, str, str]
"""Rule, level, kind and driver of a split."""


class SplitRows:
    """The rows of one run."""

    def __init__(self, engine: Engine, run: Run) -> None:
        self._engine = engine
        self._run = run
        self._keys: list[str] = list(run.manifest["keys"])
        self._near: Near | None = None
        self._read: dict[str, tuple[Told, dict[str, Receiver]]] = {}
        self._is_read = False

    def ask(self, near: Near | None) -> None:
        """From here on the receivers of `near` are asked for."""
        self._near, self._read, self._is_read = near, {}, False
        if near is None:
            return
        rows = list(self._rows(near.relation, f"true LIMIT {_AT_ONCE_MAX + 1}"))
        self._is_read = len(rows) <= _AT_ONCE_MAX
        for share, told, receiver in rows if self._is_read else ():
            self._read.setdefault(share, (told, {}))[1][receiver.text] = receiver

    def told(self, share: str) -> Told | None:
        """What is told of a split; None where there is none."""
        if share in self._read:
            return self._read[share][0]
        rows = self._rows(self._run.relation("shares"), f"x_ShareId = {literal(share)} LIMIT 1")
        return next((told for _, told, _ in rows), None)

    def receivers(self, share: str) -> Receivers:
        """Who receives of it."""
        near = () if self._near is None else self._near.receivers
        return Receivers(partial(self._receivers, share), near)

    def _receivers(
        self, share: str, receiver: str | None, most: int | None
    ) -> Mapping[str, Receiver]:
        """One receiver, or so many of the first."""
        relation, which = self._run.relation("shares"), ""
        if receiver is not None:
            which = f" AND x_Receiver = {literal(receiver)}"
            if self._near is not None and receiver in self._near.receivers:
                if self._is_read:
                    return self._read[share][1] if share in self._read else {}
                relation = self._near.relation
        limit = "" if most is None else f" LIMIT {most}"
        test = f"x_ShareId = {literal(share)}{which} ORDER BY x_Receiver{limit}"
        return {one.text: one for _, _, one in self._rows(relation, test)}

    def _rows(self, relation: str, test: str) -> Iterator[tuple[str, Told, Receiver]]:
        names = ["x_ShareId", *_TOLD, "x_Receiver", "x_Weight", "x_WeightTotal"]
        names += [key + end for key in self._keys for end in ("", "_evidence")]
        row: tuple[Any, ...]
        for row in self._engine.rows(
            f"SELECT {', '.join(map(quoted, names))} FROM {relation} WHERE {test}"
        ):
            share, rule, level, kind, driver, receiver, weight, total, *cells = row
            pairs = zip(self._keys, cells[::2], strict=True)
            values = {key: value for key, value in pairs if value is not None}
            evidence = dict(zip(self._keys, cells[1::2], strict=True))
            one = Receiver(receiver, values, evidence, int(weight), int(total))
            yield share, (rule, level, kind, driver), one
