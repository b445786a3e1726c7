"""One request of the API, understood, and what answers it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from everyline.engines.duckdb import Engine
from everyline.web.asked import Refused, named
from everyline.web.shelf import Opened
from everyline.web.visible import SeenRun, Viewer

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        path: the address without the query.
        opened: the run that it is about, as the viewer sees it.
        engine: a connection of this thread's own.
        value: the last part of the path, where the service has a value there.
        said: values of the query by name.
        repeated: values of names that may be given more than once.
    """

    path: str
    opened: Opened
    viewer: Viewer
    engine: Engine
    value: str
    said: Mapping[str, str]
    repeated: Mapping[str, tuple[str, ...]]

    @property
    def run(self) -> SeenRun:
        """All that may be read."""
        return self.opened.seen_by(self.viewer)

    def here(self, **more: str) -> str:
        """This address in the same run, with other values of its query."""
        given = {"run": self.opened.run.id, **self.said, **self.repeated, **more}
        return f"{self.path}?{urlencode(given, doseq=True)}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name of a query, as the description has it."""

    name: str
    does: str
    repeats: bool = False
    schema: Mapping[str, object] | None = None


RUN = Parameter("run", "A run by its id, or by how that begins; without it the current one.")
PERIOD = Parameter(
    "period", "A month.", schema={"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"}
)


@dataclass(frozen=True, slots=True)
class Service:
    """One address of the API.

    Attributes:
        path: `{value}` is its last part.
        does: what it answers, in one sentence.
        make: the answer: json as bytes, or what json is made of.
        takes: names of its query.
    """

    path: str
    does: str
    make: Callable[[Call], object]
    takes: Sequence[Parameter] = (RUN,)

    def call(self, where: tuple[str, Opened, Viewer, Engine], value: str, query: Query) -> Call:
        """The request that a query means.

        Raises:
            Refused: a name that is not taken, or given twice.
        """
        takes = [one.name for one in self.takes if not one.repeats]
        repeats = [one.name for one in self.takes if one.repeats]
        path, opened, viewer, engine = where
        return Call(path, opened, viewer, engine, value, *named(query, takes, repeats))


def number(call: Call, name: str, default: int, most: int) -> int:
    """A count of the query, from 1 to `most`.

    Raises:
        Refused: it is none.
    """
    text = call.said.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= most):
        raise Refused(400, f"`{name}` can't be `{text}`", f"from 1 to {most}")
    return int(text)
