"""The chart of accounts, asked: where an owner's cost of a layer is booked (R10, R25)."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from everyline.config.configuration import Between, Configuration
from everyline.config.configuration import Journal as Settings
from everyline.config.finance import CostCentre
from everyline.config.reading import FILE
from everyline.config.taxonomy import Key


class Account(NamedTuple):
    """Where cost is booked, and the row of the chart that says so."""

    legal_entity: str
    cost_centre: str
    account: str
    place: str


class Missing(NamedTuple):
    """Why cost can't be booked; the parts of a problem that has no amount yet."""

    name: str
    sentence: str
    place: str
    subject: str
    hint: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The chart of accounts of a project.

    Attributes:
        lead: the lead key, whose values the rows name.
        cost: the cost that is charged back.
    """

    organisation: str
    lead: Key
    cost: Literal["EffectiveCost", "BilledCost"]
    settings: Settings
    _named: dict[date, dict[str, list[CostCentre]]] = field(default_factory=dict, compare=False)
    _found: dict[tuple[str, str, date], Account | Missing] = field(
        default_factory=dict, compare=False
    )

    @property
    def between(self) -> Between | None:
        """None where the invoices of each entity's cost lie on its own clearing account."""
        return self.settings.between

    @property
    def file(self) -> str:
        """The CSV of its rows; `everyline.yaml` where it has none."""
        return next((row.place.rpartition(":")[0] for row in self.settings.accounts), FILE)

    def account(self, owner: str, layer: str, period: str) -> Account | Missing:
        """Where cost is booked, by the chart of the first day of the month that it is about.

        Args:
            owner: the value of the lead key; empty where a line of other keys lacks it.
            layer: model, platform or data.
            period: the month whose cost it is: a correction goes where the first booking went.
        """
        day = date.fromisoformat(f"{period}-01")
        key = (owner, layer, day)
        if key not in self._found:
            self._found[key] = self._account(owner, layer, day)
        return self._found[key]

    def _account(self, owner: str, layer: str, day: date) -> Account | Missing:
        lead = self.lead.name
        if not owner:
            what = f"cost of {day:%Y-%m} was booked by another lead key than `{lead}`"
            hint = f"its owners have no `{lead}`: book it with the keys that it was closed with"
            return Missing("cost-centre-missing", what, self.file, lead, hint)
        rows = self._rows(owner, day)
        if not rows:
            what = f"no row says where `{owner}` is booked on {day}"
            hint = f"add a row with `{lead}` {owner}, its legal entity, cost centre and accounts"
            return Missing("cost-centre-missing", what, self.file, owner, hint)
        if len(rows) > 1:
            what = f"`{owner}` has two rows on {day}: the other is {rows[1].place}"
            hint = "a renamed value counts as its successor: keep one of the two"
            return Missing("cost-centre-twice", what, rows[0].place, owner, hint)
        row = rows[0]
        account = row.accounts.get(layer)
        if account is None:
            what = f"`{owner}` has cost of the layer `{layer}`, and no account for it"
            hint = f"fill the cell `account_{layer}`"
            return Missing("account-missing", what, row.place, f"{owner}, {layer}", hint)
        return Account(row.legal_entity, row.cost_centre, account, row.place)

    def _rows(self, owner: str, day: date) -> list[CostCentre]:
        """The rows that name `owner` on `day`; those of its own name before older names."""
        if day not in self._named:
            own, former = defaultdict[str, list[CostCentre]](list), defaultdict(list)
            values = self.lead.values
            for row in self.settings.accounts:
                if row.validity.holds(day):
                    name = (values.declared(row.owner, day) if values else None) or row.owner
                    own[name].append(row)
                    if values and (now := values.on(name, day)) not in (None, name):
                        former[now].append(row)
            self._named[day] = former | own
        return self._named[day].get(owner, [])


def chart(configuration: Configuration) -> Chart | None:
    """The chart of a project; None where it has none."""
    chargeback = configuration.chargeback
    if chargeback is None or chargeback.journal is None:
        return None
    organisation = configuration.organisation
    assert organisation is not None, "a configuration with a journal names its organisation"
    settings = chargeback.journal
    return Chart(organisation, configuration.lead, chargeback.cost, settings)
