"""LlamaIndex: SimpleDirectoryReader and IngestionPipeline into a durable vector store."""

from llama_index.core import SimpleDirectoryReader
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import NodeParser
from llama_index.core.node_parser.node_utils import build_nodes_from_splits

from shared import Report, Vectors, arguments, split

# Files at a time: Chroma takes at most 5461 rows at once, and its adapter passes on what it gets.
BATCH = 400


class Sections(NodeParser):
    """Cuts documents at the boundaries that all contestants share."""

    def _parse_nodes(self, nodes, show_progress=False, **_):
        parts = []
        for node in nodes:
            node.excluded_embed_metadata_keys = list(node.metadata)
            parts.extend(build_nodes_from_splits(split(node.text), node, id_func=self.id_func))
        return parts


class TableEmbedding(BaseEmbedding):
    """Looks vectors up. 2048 is the largest batch that LlamaIndex allows."""

    embed_batch_size: int = 2048
    _vectors: Vectors

    def __init__(self, vectors: Vectors):
        super().__init__()
        self._vectors = vectors

    def _get_text_embedding(self, text):
        return self._vectors.list(text)

    def _get_query_embedding(self, query):
        return self._vectors.list(query)

    async def _aget_query_embedding(self, query):
        return self._vectors.list(query)


def chroma(folder):
    """A Chroma store, and how to count what it holds."""
    import chromadb
    from llama_index.vector_stores.chroma import ChromaVectorStore

    settings = chromadb.Settings(anonymized_telemetry=False)
    collection = chromadb.PersistentClient(str(folder), settings).create_collection("chunks")
    return ChromaVectorStore(chroma_collection=collection), collection.count


def lancedb(folder):
    """A LanceDB store, and how to count what it holds."""
    from llama_index.vector_stores.lancedb import LanceDBVectorStore

    store = LanceDBVectorStore(uri=str(folder), table_name="chunks", mode="create")
    return store, lambda: store.table.count_rows()


def main():
    args = arguments(("chroma", "lancedb"))
    store, count = {"chroma": chroma, "lancedb": lancedb}[args.store](args.out)
    report = Report()
    documents = SimpleDirectoryReader(str(args.corpus)).load_data()
    pipeline = IngestionPipeline(
        transformations=[Sections(), TableEmbedding(Vectors(args.vectors))],
        vector_store=store,
        disable_cache=True,
    )
    for start in range(0, len(documents), BATCH):
        pipeline.run(documents=documents[start : start + BATCH])
    report.done(count())


if __name__ == "__main__":
    main()
