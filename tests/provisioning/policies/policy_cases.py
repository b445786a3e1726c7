"""Sets of tags, right and mistaken, for the company of `acme/`, and what must be said of each.

`acme/` asks for a team and a use case; each use case gives the product. An environment may be
left out, but not misspelt.
"""

from dataclasses import dataclass, field
from pathlib import Path

ACME = Path(__file__).parent / "acme"


@dataclass(frozen=True)
class Case:
    """One set of tags.

    Attributes:
        name: what it is about.
        tags: as they are planned.
        wrong: the taxonomy keys that `check` has to refuse; empty where the tags are right.
        misspelt: right, but not as declared: a form that asks for one spelling refuses it.
        doubled: refused for tags that differ in case only, which most forms can't see.
    """

    name: str
    tags: dict[str, str]
    wrong: frozenset[str] = field(default_factory=frozenset)
    misspelt: bool = False
    doubled: bool = False


def _right(name: str, **tags: str) -> Case:
    return Case(name, tags)


def _misspelt(name: str, tags: dict[str, str]) -> Case:
    return Case(name, tags, misspelt=True)


def _wrong(keys: str, tags: dict[str, str]) -> Case:
    shown = ", ".join(f"{tag}={value}" for tag, value in tags.items())
    return Case(f"{keys or 'nothing'} is wrong in {shown}", tags, frozenset(keys.split()))


RIGHT = (
    _right("what is required", team="search", use_case="chat"),
    _right("all of it", team="search", use_case="chat", product="shop", env="production"),
    _right("another team", team="ai-platform", use_case="answers"),
    _right("a successor by its own name", team="hubs", use_case="answers", env="staging"),
    _right("a key without a list", team="search", use_case="chat", purpose="Anything.at.all"),
    _right("tags that nobody reads", team="search", use_case="chat", Name="x", team_id="y"),
    _right("a product of its own", team="search", use_case="answers", product="docs"),
)

MISSPELT = (
    _misspelt("case of a value", {"team": "Search", "use_case": "chat"}),
    _misspelt("case of a tag key", {"Team": "search", "use_case": "chat"}),
    _misspelt("an alias", {"team": "find", "use_case": "chat"}),
    _misspelt("an alias of a use case", {"team": "search", "use_case": "assistant"}),
    _misspelt("an alias of an optional key", {"team": "hubs", "use_case": "chat", "env": "prod"}),
    _misspelt("_ for -", {"team": "ai_platform", "use_case": "chat"}),
    _misspelt("_ and case", {"team": "ML_Platform", "use_case": "chat"}),
    _misspelt("another tag of the key", {"cost-team": "search", "use_case": "chat"}),
    _misspelt("another tag of both", {"cost-team": "hubs", "feature": "answers"}),
    _misspelt("a predecessor", {"team": "depots", "use_case": "chat"}),
    _misspelt(
        "a later tag is declared",
        {"team": "nonsense", "cost-team": "search", "use_case": "chat"},
    ),
)

WRONG = (
    _wrong("team use_case product", {}),
    _wrong("team use_case product", {"Name": "vllm"}),
    _wrong("use_case product", {"team": "search"}),
    _wrong("team", {"use_case": "chat"}),
    _wrong("team", {"use_case": "answers", "product": "docs", "env": "staging"}),
    _wrong("team", {"team": "serach", "use_case": "chat"}),
    _wrong("team", {"team": "gone", "use_case": "chat"}),
    _wrong("team", {"team": "later", "use_case": "chat"}),
    _wrong("team", {"team": "search-2", "use_case": "chat"}),
    _wrong("team", {"team": "sear", "use_case": "chat"}),
    _wrong("team", {"team": "x", "cost-team": "y", "use_case": "chat"}),
    _wrong("team", {"team_id": "search", "use_case": "chat"}),
    _wrong("team", {"tea": "search", "use_case": "chat"}),
    _wrong("use_case product", {"team": "search", "use_case": "chatt"}),
    _wrong("use_case product", {"team": "search", "feature": "nope"}),
    _wrong("use_case product", {"team": "search", "usecase": "chat"}),
    _wrong("use_case", {"team": "search", "use_case": "copilot", "product": "shop"}),
    _wrong("environment", {"team": "search", "use_case": "chat", "env": "prodution"}),
    _wrong("environment", {"team": "search", "use_case": "chat", "env": "dev"}),
    _wrong("product", {"team": "search", "use_case": "chat", "product": "store"}),
    _wrong("team environment", {"team": "finder", "use_case": "chat", "env": "qa"}),
    Case(
        "two tags contradict each other",
        {"team": "search", "TEAM": "hubs", "use_case": "chat"},
        frozenset({"team"}),
        doubled=True,
    ),
)

CASES = (*RIGHT, *MISSPELT, *WRONG)
