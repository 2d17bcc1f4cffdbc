"""Import a shop's files without fetching or analysing. Usage: import_alone.py FOLDER DATABASE."""

import sys
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.database.migrations import upgrade
from app.database.schema import create_missing
from app.database.store import connect, transaction
from app.project import load_project
from app.rows.importing import import_delivery
from app.rows.ledger import Ledger, now

FILES = {"products": "produits.csv", "stores": "magasins.csv", "sales": "ventes.csv"}


def main(folder: Path, database: Path) -> None:
    """Bring the three tables of `database` to what the files in `folder` say."""
    project = load_project(Path(__file__).resolve().parent.parent, {})
    with closing(connect(database, write=True)) as connection:
        upgrade(connection)
        with transaction(connection):
            create_missing(connection, project.sources)
            for name, file in FILES.items():
                import_delivery(
                    connection,
                    project.sources[name],
                    folder / file,
                    run_id=1,
                    delivery_id=1,
                    limits=project.read_limits,
                    excuses={},
                )
            # no run is recorded, so its rejects have nothing to refer to
            connection.execute("delete from _rejects")
            Ledger(connection).close_run(
                1, verb="run", started_at=now(), status="published", exit_code=0
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
