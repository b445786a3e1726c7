"""Reads of the shared address indexes by who reads, a table that Halcyon Parcel counts itself.

Counted since October; a day's reads of an index sum to the read units that Pinecone bills.
"""

from pathlib import Path

from everyline.demo.company import PINECONE, days
from everyline.demo.pinecone import reads_of
from everyline.demo.writing import as_csv, write_text

PERIOD = "2026-10"
SHARED = ("address-book-v3", "address-aliases")
READERS = (  # team, use case, thousandths of an index's reads
    ("search", "address-match", 480),
    ("search", "semantic-search", 260),
    ("web-shop", "product-questions", 140),
    ("customs", "document-reading", 80),
    ("", "", 40),  # a reader that gives no name
)


def write_vectors(folder: Path) -> None:
    """Write `folder`/{period}.csv."""
    rows: list[tuple[object, ...]] = []
    for day in days(PERIOD):
        for index in PINECONE:
            if index.name in SHARED:
                upto, reads = 0, reads_of(index, day)
                for team, use_case, share in READERS:
                    part = reads * (upto + share) // 1000 - reads * upto // 1000
                    rows.append((f"{day:%Y-%m-%d}", index.name, team, use_case, part))
                    upto += share
    header = ("day", "index", "team", "feature", "reads")
    write_text(folder / f"{PERIOD}.csv", as_csv(header, rows))
