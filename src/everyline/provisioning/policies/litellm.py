"""LiteLLM proxy: which tags a key must be made with, and which it gets otherwise.

`required_params` knows only that `tags` is there, and lets the proxy's administrators do without;
so a function of its own, `custom_key_generate`, looks at the tags themselves, for everybody. It
is not asked when keys are changed, and it does not know the tags of a team: a key of a team passes
where `litellm_team` is among the tags of a key, and `check --keys` judges it with the list of
teams. `default_key_generate_params` gives tags only to a request without any metadata. Requests
with tags of their own are let through as they are: `enforced_params` is for licence holders.
"""

from collections.abc import Sequence
from importlib.resources import files
from pprint import pformat
from typing import Any

import yaml

from everyline.provisioning.policies.asked import Asked
from everyline.provisioning.policies.written import Speech, Written

TITLE = "LiteLLM proxy settings and key check"

_KEY, _VALUE = r"[^:,]+", r"[^,]+"
_BEGIN, _END = "# --- what is asked ---\n", "# --- end of what is asked ---\n"


def written(asked: Sequence[Asked]) -> Written:
    """A fragment of config.yaml, and the Python file that it names."""
    speech = Speech("LiteLLM", _KEY, _VALUE)
    for ask in asked:
        speech.tag(ask)
        speech.values(ask)
    defaults = [f"{ask.tag}:{ask.default}" for ask in asked if ask.default is not None]
    litellm: dict[str, Any] = {
        "key_generation_settings": {
            "team_key_generation": {
                "allowed_team_member_roles": ["admin", "user"],
                "required_params": ["tags"],
            },
            "personal_key_generation": {
                "allowed_user_roles": ["proxy_admin"],
                "required_params": ["tags"],
            },
        }
    }
    if defaults:
        litellm["default_key_generate_params"] = {"metadata": {"tags": defaults}}
    settings = {
        "litellm_settings": litellm,
        "general_settings": {"custom_key_generate": "everyline_keys.check_key"},
    }
    config = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    made = {"litellm_config.yaml": config, "everyline_keys.py": _hook(asked)}
    return Written(made, tuple(speech.problems))


def _hook(asked: Sequence[Asked]) -> str:
    """The text of `litellm_hook.py` with what is asked put in."""
    text = files(__package__).joinpath("litellm_hook.py").read_text("utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    content = pformat([_ask(ask) for ask in asked], width=98, sort_dicts=False)
    return f"{before}{_BEGIN}ASKED: list[dict[str, Any]] = {content}\n{_END}{after}"


def _ask(ask: Asked) -> dict[str, Any]:
    values = f" with one of {', '.join(ask.values)}" if ask.values else ""
    return {
        "key": ask.key,
        "tag": ask.tag,
        "tags": [tag.strip().casefold() for tag in ask.tags],
        "needed": ask.needed,
        "listed": ask.values is not None,
        "values": values,
        "texts": dict(ask.texts),
        "implies": {value: list(keys) for value, keys in ask.implies.items()},
    }
