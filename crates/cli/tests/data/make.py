#!/usr/bin/env python3
"""Makes the PDFs with passwords: `pip install reportlab==5.1.0 pikepdf==10.17.0`, then run it.

`locked.pdf` opens with the password `secret` only; `owner-locked.pdf` opens without one, and only asks readers not to
copy from it, which is no reason for a search not to find it.
"""

import io
from pathlib import Path

import pikepdf
from reportlab.pdfgen.canvas import Canvas

HERE = Path(__file__).parent


def page(text):
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1)
    canvas.drawString(72, 700, text)
    canvas.save()
    buffer.seek(0)
    return pikepdf.open(buffer)


page("The text behind the password.").save(
    HERE / "locked.pdf", encryption=pikepdf.Encryption(user="secret", owner="owner", R=6)
)
page("The platypus has a beak and fur.").save(
    HERE / "owner-locked.pdf",
    encryption=pikepdf.Encryption(user="", owner="owner", R=6, allow=pikepdf.Permissions(extract=False)),
)
