"""One reader for each format of the sources: bytes to a `Document`."""

from .cnxml import read_cnxml
from .document import Document
from .markdown import read_markdown
from .restructuredtext import read_restructuredtext
from .xhtml import read_xhtml

READERS = {
    "cnxml": read_cnxml,
    "markdown": read_markdown,
    "restructuredtext": read_restructuredtext,
    "xhtml": read_xhtml,
}

__all__ = ["READERS", "Document"]
