"""Rego evaluated by an implementation that is not ours, in a process of its own.

Its C++ library and the engine's don't bear each other in one process.
"""

import json
import subprocess
import sys
from typing import Any

_EVALUATE = """
import json, sys, regopy
asked = json.load(sys.stdin)
interpreter = regopy.Interpreter()
interpreter.add_module("owners", asked["module"])
found = []
for given in asked["inputs"]:
    interpreter.set_input(given)
    found.append(list(interpreter.query(asked["query"]).results[0].expressions[0]))
json.dump(found, sys.stdout, default=str)
"""


def said(module: str, rule: str, inputs: list[Any]) -> list[list[str]]:
    """The messages of `deny` or `warn` of a module of the package `main`, of each input."""
    asked = {"module": module, "query": f"data.main.{rule}", "inputs": inputs}
    done = subprocess.run(
        [sys.executable, "-c", _EVALUATE],
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [list(map(str, messages)) for messages in json.loads(done.stdout)]
