"""A complete invented company, made on the spot: bills and telemetry in the vendors' shapes.

In: nothing. Out: a project folder with `everyline.yaml`, two months of bills (2026-09 and 2026-10,
about 200,000 lines), telemetry that is worked out from the same quantities, owners, prices, rates
and invoices. The same bytes each time: no clock, no chance
but fixed arithmetic. Parquet files are DuckDB's: between its versions their bytes may differ,
their rows do not.
"""

from importlib.resources import files
from pathlib import Path

from everyline.demo.anthropic import write_anthropic
from everyline.demo.aws import write_aws
from everyline.demo.cluster import write_cluster
from everyline.demo.gateway import write_gateway
from everyline.demo.invoices import write_invoices
from everyline.demo.openai import write_openai
from everyline.demo.people import write_people
from everyline.demo.pinecone import write_pinecone
from everyline.demo.vectors import write_vectors
from everyline.demo.writing import copy_tree


def make(folder: Path) -> None:
    """Write Halcyon Parcel's project into `folder`, which is made if need be and must be empty."""
    copy_tree(files(__package__) / "project", folder)
    write_openai(folder / "bills/openai")
    write_anthropic(folder / "bills/anthropic")
    pinecone = write_pinecone(folder / "bills/pinecone")
    aws = write_aws(folder / "bills/aws")
    write_invoices(folder, aws=aws.invoices, pinecone=pinecone)
    write_gateway(folder / "usage/litellm", aws.tokens)
    write_cluster(folder / "usage/opencost")
    write_vectors(folder / "usage/vectors")
    write_people(folder)
