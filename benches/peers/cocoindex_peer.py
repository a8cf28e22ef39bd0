"""CocoIndex: its local file source, one memoized component per file, and its SQLite target."""

from dataclasses import dataclass
from typing import Annotated

import cocoindex as coco
import numpy
from cocoindex.connectors import localfs, sqlite
from cocoindex.resources.schema import VectorSchema
from numpy.typing import NDArray

from shared import DIMENSIONS, Report, Vectors, arguments, split

DATABASE = coco.ContextKey[sqlite.ManagedConnection]("database")
TABLE_OF_VECTORS = coco.ContextKey[Vectors]("vectors")


@dataclass
class Row:
    file: str
    place: int
    text: str
    embedding: Annotated[NDArray, VectorSchema(dtype=numpy.dtype(numpy.float32), size=DIMENSIONS)]


@coco.fn(memo=True)
async def ingest_file(file, table):
    """Declares the rows of one file."""
    vectors = coco.use_context(TABLE_OF_VECTORS)
    name = str(file.file_path.path)
    for place, text in enumerate(split(await file.read_text())):
        table.declare_row(row=Row(name, place, text, vectors.array(text)))


@coco.fn
async def ingest(corpus):
    """Declares the table and one component per file."""
    schema = await sqlite.TableSchema.from_class(Row, primary_key=["file", "place"])
    table = await sqlite.mount_table_target(DATABASE, "chunks", schema)
    await coco.mount_each(ingest_file, localfs.walk_dir(corpus).items(), table)


def main():
    args = arguments(("sqlite",))
    database = args.out / "chunks.db"

    @coco.lifespan
    def lifespan(builder):
        builder.settings.db_path = args.out / "state"
        builder.provide(TABLE_OF_VECTORS, Vectors(args.vectors))
        builder.provide_with(DATABASE, sqlite.managed_connection(database, load_vec=True))
        yield

    report = Report()
    coco.App(coco.AppConfig(name="peers"), ingest, corpus=args.corpus).update_blocking()
    with sqlite.managed_connection(database) as connection, connection.readonly() as reader:
        report.done(reader.execute("SELECT count(*) FROM chunks").fetchone()[0])


if __name__ == "__main__":
    main()
