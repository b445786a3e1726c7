"""What somebody may see: the first row of the roles that is about them."""

from collections.abc import Collection, Sequence

from everyline.config.serve import Role
from everyline.config.taxonomy import Key
from everyline.web.visible import Viewer


class Roles:
    """The roles of one project.

    Attributes:
        groups: those that any row asks for; of a person's groups no others matter.
    """

    def __init__(self, rows: Sequence[Role], lead: Key) -> None:
        self._rows = rows
        self._lead = lead
        self.groups = frozenset(row.group for row in rows if row.group is not None)

    def viewer(self, user: str, groups: Collection[str]) -> Viewer:
        """Who asks, with what they may see; who is not listed sees nothing.

        Names are compared as they are spelt: two that only look alike are two people.
        """
        for row in self._rows:
            if row.user in (None, user) and (row.group is None or row.group in groups):
                return Viewer(user, None if row.role == "all" else self._owners(row))
        return Viewer(user, frozenset())

    def _owners(self, row: Role) -> frozenset[str]:
        """The values as runs have them: an alias is what it stands for."""
        values = self._lead.values
        if values is None:
            return frozenset(row.owners)
        return frozenset(found for one in row.owners if (found := values.declared(one)) is not None)
