"""What the macros of `templates/charts.html` need of Jinja2, which the extra `web` brings.

Use: `install` on the environment of pages, then `{% from "charts.html" import sankey %}`.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from everyline.drawing.lengths import px
from everyline.drawing.paint import Mode, attributes
from everyline.drawing.palette import custom_properties
from everyline.drawing.words import capital


def install(environment: Environment) -> Environment:
    """The environment, with the filters and functions that the macros use."""
    environment.filters["px"] = px
    environment.filters["capital"] = capital
    environment.globals["paint"] = attributes
    return environment


def loader() -> PackageLoader:
    """Where the macros are."""
    return PackageLoader("everyline.drawing", "templates")


def drawn(macro: str, chart: object, id_: str, title: str, mode: Mode = "page") -> str:
    """One chart as HTML, for documents that have no template of their own.

    Args:
        macro: `sankey`, `treemap`, `line` or `bars`, as the chart is.
        id_: unique on its page.
    """
    called: Any = getattr(_template().module, macro)
    return str(called(chart, mode, id=id_, title=title))


def stylesheet() -> str:
    """The style sheet of charts and the colours that it needs, for documents in one file."""
    written = (files("everyline.drawing") / "static" / "charts.css").read_text("utf-8")
    return f"{custom_properties()}\n{written}"


@cache
def _template() -> Template:
    environment = Environment(
        loader=loader(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return install(environment).get_template("charts.html")
