"""dlt, SQLite destination, merge on the key. Usage: dlt_merge.py CSV DATABASE."""

import csv
import os
import sys
from pathlib import Path

import dlt


def rows():
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        # a short line ends the whole load where a part of the key is missing
        yield from csv.DictReader(file, restval="")


os.environ["DLT_DATA_DIR"] = sys.argv[2] + ".dlt"
pipeline = dlt.pipeline(
    "sales",
    pipelines_dir=sys.argv[2] + ".pipelines",
    destination=dlt.destinations.sqlalchemy(f"sqlite:///{sys.argv[2]}"),
    dataset_name="main",
)
pipeline.run(
    dlt.resource(
        rows,
        name="sales",
        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
        primary_key=["Date", "ID Référence produit", "Quantité", "ID Magasin"],
    )
)
