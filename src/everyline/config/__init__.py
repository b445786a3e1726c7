"""Configuration: everyline.yaml and its CSVs.

In: the files of a project. Out: one `Configuration`, and every mistake with its place.
Grain: one entry of the file, one row of a CSV. Conserves: what is written; nothing is guessed.
"""

from everyline.config.load import Loaded, load
from everyline.config.schema import json_schema

__all__ = ["Loaded", "json_schema", "load"]
