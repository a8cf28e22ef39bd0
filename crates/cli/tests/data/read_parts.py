"""What pikepdf and pypdfium2 see in PDFs: `read.py SOURCE PART:FIRST...`, one JSON object on standard output.

FIRST is the number of the part's first page in the source, counted from 1.
"""

import json
import sys

import pikepdf
import pypdfium2


def ink(page):
    """Dark pixels, annotations and form fields drawn."""
    image = page.render(scale=0.25, grayscale=True, may_draw_forms=True)
    return sum(value < 128 for value in bytes(image.buffer))


def pages(path):
    document = pypdfium2.PdfDocument(path)
    document.init_forms()
    return [{"text": page.get_textpage().get_text_range(), "ink": ink(page)} for page in document]


def part(path, source, first):
    with pikepdf.open(path) as document:
        problems = document.check_pdf_syntax()
        fields = {}
        if "/AcroForm" in document.Root:
            for field in document.Root.AcroForm.Fields:
                fields[str(field.T)] = str(field.V)
        texts = [any(str(op) == "Tj" for _, op in pikepdf.parse_content_stream(page)) for page in document.pages]
        seen = pages(path)
        return {
            "pages": len(document.pages),
            "encrypted": document.is_encrypted,
            "warnings": [str(one) for one in problems] + [str(one) for one in document.get_warnings()],
            "shows_text": texts,
            "fields": fields,
            "same": seen == source[first - 1 : first - 1 + len(seen)],
            "ink": [page["ink"] for page in seen],
        }


def main():
    source = pages(sys.argv[1])
    parts = [argument.rsplit(":", 1) for argument in sys.argv[2:]]
    print(json.dumps([part(path, source, int(first)) for path, first in parts]))


main()
