"""A page: what it says, before it gets a form."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from everyline.web.asked import Ask
from everyline.web.grid import Grid


@dataclass(frozen=True, slots=True)
class Page:
    """What one address answers.

    Attributes:
        title: its heading.
        says: one sentence: what the figures are.
        template: the file in `templates/` that lays it out.
        tables: those that files can be had of, by name; the first is the page's own.
        content: whatever else its template shows.
        files: forms that it gives as they are, in place of those made of its own table.
        cost: the one cost that its figures are of, whichever is asked for; empty where it is that.
    """

    title: str
    says: str
    template: str
    tables: Sequence[Grid]
    content: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    cost: str = ""

    def table(self, name: str | None) -> Grid | None:
        """A table by name; the page's own for None."""
        if name is None:
            return self.tables[0] if self.tables else None
        return next((grid for grid in self.tables if grid.name == name), None)


@dataclass(frozen=True, slots=True)
class Route:
    """One page of the site.

    Attributes:
        path: its address; `{value}` is a value of a key, as the last part.
        name: as the navigation has it; empty where it is reached from another page.
        make: what makes the page.
        takes: names of the query besides the common ones.
        repeats: names of it that may be given more than once.
        takes_keys: whether each key of the taxonomy is a name of it too.
        for_all_only: whether only who sees all owners gets it: its figures are of all of them.
    """

    path: str
    name: str
    make: Callable[..., Page]
    takes: Sequence[str] = ()
    for_all_only: bool = False
    repeats: Sequence[str] = ()
    takes_keys: bool = False

    def page(self, ask: Ask, value: str | None) -> Page:
        """The page that is asked for."""
        return self.make(ask) if value is None else self.make(ask, value)
