"""Policies: the taxonomy written out for the tools that let things be made, or refuse them.

In: the taxonomy and a day. Out: files of one language, or the problems why it can't say what is
asked. Nothing is shortened so that it fits.

A policy asks for one spelling, the first of a key's `tags` and the values as declared. `check`
understands more: other tags, aliases, case, and what registries and rules know. So what passes a
policy passes `check`; what a policy refuses, `check` refuses, unless it understands the spelling.
Languages that can compute (Rego, Kyverno, LiteLLM's hook, OpenTelemetry) accept those spellings
as well.

A new form is one module here, which has `TITLE` and `written`, and its name in `FORMS`.
"""

from collections.abc import Sequence
from datetime import date
from importlib import import_module
from typing import Protocol, cast

from everyline.config.taxonomy import Key
from everyline.problems import Problem
from everyline.provisioning.policies.asked import Asked, asked_of
from everyline.provisioning.policies.written import Written

_MODULES = (
    "aws_tag_policy",
    "aws_scp",
    "azure_policy",
    "gcp_constraint",
    "kyverno",
    "rego",
    "terraform",
    "litellm",
    "otel",
)

FORMS = tuple(module.replace("_", "-") for module in _MODULES)
"""The names of the forms."""


class Form(Protocol):
    """A module that writes one form."""

    TITLE: str

    def written(self, asked: Sequence[Asked]) -> Written:
        """The policy that asks for `asked`, which is not empty."""


def policy(name: str, taxonomy: Sequence[Key], day: date) -> Written:
    """The form `name` of the taxonomy as of `day`; problems if it can't be said there."""
    asked = [ask for ask in asked_of(taxonomy, day) if ask.needed or ask.values is not None]
    if not asked:
        return Written({}, (_nothing(taxonomy),))
    empty = [ask for ask in asked if ask.values == ()]
    if empty:
        return Written({}, tuple(_no_value(ask, day) for ask in empty))
    return form(name).written(asked)


def form(name: str) -> Form:
    """The module that writes the form `name`."""
    module = f"{__name__}.{name.replace('-', '_')}"
    return cast(Form, import_module(module))


def _nothing(taxonomy: Sequence[Key]) -> Problem:
    return Problem(
        name="policy-asks-nothing",
        level="configuration",
        sentence="no key of `taxonomy` is read from tags, so that a policy has nothing to ask for",
        place=taxonomy[0].place,
        hint="name the tags of a key in `tags`",
    )


def _no_value(ask: Asked, day: date) -> Problem:
    return Problem(
        name="policy-asks-nothing",
        level="configuration",
        sentence=f"no value of `{ask.key}` is valid on {day}, so that a policy would refuse all",
        place=ask.place,
        subject=ask.key,
        hint="look at `valid_from` and `valid_to` of its list",
    )
