"""LangChain: DirectoryLoader, a text splitter and a durable vector store, in large batches."""

from langchain_community.document_loaders import DirectoryLoader, TextLoader
from langchain_core.embeddings import Embeddings
from langchain_text_splitters import TextSplitter

from shared import Report, Vectors, arguments, split

# Chroma takes at most 5461 rows at once.
BATCH = 5000


class Sections(TextSplitter):
    """Cuts documents at the boundaries that all contestants share."""

    def split_text(self, text):
        return split(text)


class TableEmbeddings(Embeddings):
    """Looks vectors up."""

    def __init__(self, vectors):
        self.vectors = vectors

    def embed_documents(self, texts):
        return [self.vectors.list(text) for text in texts]

    def embed_query(self, text):
        # SQLiteVec asks for the vector of a dummy text to learn the dimension.
        return self.vectors.rows[0].tolist()


def chroma(folder, embeddings):
    """A Chroma store, and how to count what it holds."""
    import chromadb
    from langchain_chroma import Chroma

    settings = chromadb.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(folder), settings)
    store = Chroma("chunks", embeddings, client=client)
    return store, client.get_collection("chunks").count


def sqlitevec(folder, embeddings):
    """A SQLite file with the extension sqlite-vec, and how to count what it holds."""
    from langchain_community.vectorstores import SQLiteVec

    connection = SQLiteVec.create_connection(str(folder / "vec.db"))
    store = SQLiteVec("chunks", connection, embeddings)
    return store, lambda: connection.execute("SELECT count(*) FROM chunks_vec").fetchone()[0]


def main():
    args = arguments(("chroma", "sqlitevec"))
    embeddings = TableEmbeddings(Vectors(args.vectors))
    store, count = {"chroma": chroma, "sqlitevec": sqlitevec}[args.store](args.out, embeddings)
    report = Report()
    loader = DirectoryLoader(
        str(args.corpus), glob="*.md", loader_cls=TextLoader, loader_kwargs={"encoding": "utf-8"}
    )
    chunks = Sections().split_documents(loader.load())
    for start in range(0, len(chunks), BATCH):
        store.add_documents(chunks[start : start + BATCH])
    report.done(count())


if __name__ == "__main__":
    main()
