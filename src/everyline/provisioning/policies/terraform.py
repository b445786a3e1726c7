"""Terraform and OpenTofu: one variable for each key, checked, and the tags of providers.

`validation` refuses a value before anything is planned. The variables do nothing until their
tags reach resources: `default_tags` of aws and `default_labels` of google do that for all
resources of the provider; azurerm has no such setting, so `local.everyline_tags` must be named
in each of its resources. Nothing is known about resources that other modules make with a
provider of their own: `rego` looks at the plan.
"""

import json
from collections.abc import Sequence

from everyline.provisioning.policies.asked import Asked
from everyline.provisioning.policies.written import Speech, Written

TITLE = "Terraform variables and default tags"

_KEY = r"[A-Za-z0-9 _.:/=+@\-]{1,128}"
_VALUE = r"[A-Za-z0-9 _.:/=+@\-]{1,256}"

_PROVIDERS = """\
# Set these in the provider blocks that you have.

provider "aws" {
  default_tags {
    tags = local.everyline_tags
  }
}

provider "google" {
  default_labels = {
    for tag, value in local.everyline_tags :
    lower(tag) => lower(replace(value, " ", "-"))
  }
}

# azurerm has no default tags: write `tags = local.everyline_tags` in each resource.
"""


def written(asked: Sequence[Asked]) -> Written:
    """Variables in one file, and examples of providers in another."""
    speech = Speech("Terraform", _KEY, _VALUE)
    variables = "\n".join(_variable(ask, speech) for ask in asked)
    said = {_quoted(speech.tag(ask)): _name(ask) for ask in asked}
    wide = max(map(len, said))
    tags = "\n".join(f"      {tag.ljust(wide)} = var.{name}" for tag, name in said.items())
    local = (
        "locals {\n  everyline_tags = {\n    for tag, value in {\n"
        f"{tags}\n    }} : tag => value if value != null\n  }}\n}}\n"
    )
    made = {
        "everyline_variables.tf": f"{variables}\n{local}",
        "everyline_providers.tf": _PROVIDERS,
    }
    return Written(made, tuple(speech.problems))


def _variable(ask: Asked, speech: Speech) -> str:
    name, values = f"var.{_name(ask)}", speech.values(ask)
    listed = json.dumps(values, ensure_ascii=False)
    test = f"contains({listed}, {name})" if values else f'trimspace({name}) != ""'
    said = f"one of {', '.join(values)}" if values else "a text that is not empty"
    optional = [] if ask.needed else ["  default     = null", "  nullable    = true"]
    if ask.default is not None:
        optional = [f"  default     = {_quoted(speech.value(ask.default, ask))}"]
    if not ask.needed:
        test = f"{name} == null ? true : {test}"
    lines = [
        f'variable "{_name(ask)}" {{',
        f"  description = {_quoted(f'Whose cost it is: {ask.key}, {said}')}",
        "  type        = string",
        *(["  nullable    = false"] if ask.needed else []),
        *optional,
        "",
        "  validation {",
        f"    condition     = {test}",
        f"    error_message = {_quoted(f'{ask.key} is {said}.')}",
        "  }",
        "}",
        "",
    ]
    return "\n".join(lines)


def _name(ask: Asked) -> str:
    """The name of the variable: names that Terraform keeps for itself are not among ours."""
    return f"everyline_{ask.key}"


def _quoted(text: str) -> str:
    """A text of HCL, in which `${` and `%{` begin templates."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
