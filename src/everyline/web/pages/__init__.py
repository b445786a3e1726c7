"""One module a page; each holds a `ROUTE`. `ROUTES` is the order of the navigation."""

from everyline.web.page import Route
from everyline.web.pages import (
    books,
    charge,
    charges,
    compare,
    coverage,
    explain,
    kpis,
    overview,
    owner,
    owners,
    problems,
    reconciliation,
    search,
    terms,
    use_case,
    use_cases,
    worklist,
)

ROUTES: tuple[Route, ...] = (
    overview.ROUTE,
    owners.ROUTE,
    owner.ROUTE,
    use_cases.ROUTE,
    use_case.ROUTE,
    coverage.ROUTE,
    explain.ROUTE,
    charge.ROUTE,
    charges.ROUTE,
    worklist.ROUTE,
    problems.ROUTE,
    problems.ONE,
    search.ROUTE,
    reconciliation.ROUTE,
    compare.ROUTE,
    books.ROUTE,
    kpis.ROUTE,
    terms.ROUTE,
)
