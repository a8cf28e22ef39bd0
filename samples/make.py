#!/usr/bin/env python3
"""Makes the binary files of samples/library out of samples/originals.

    python3 -m venv /tmp/samples && /tmp/samples/bin/pip install -r samples/requirements.txt
    /tmp/samples/bin/python samples/make.py

Texts of binary formats are kept as a little Markdown: `#` and `##` headings, paragraphs, `-` and `1.` lists, `|` tables,
and `>` for a speaker's notes. The same originals give the same text, though not always the same bytes.
"""

import datetime
import io
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
from ebooklib import epub
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate, Frame, FrameBreak, ListFlowable, NextPageTemplate, PageTemplate, Paragraph, Spacer, Table, TableStyle,
)

HERE = Path(__file__).parent
ORIGINALS = HERE / "originals"
LIBRARY = HERE / "library"
# Fixed, so that a second run changes as little as possible.
MADE_AT = datetime.datetime(2026, 1, 1)


def read(name):
    """Blocks of an original: (kind, text or lines)."""
    blocks = []
    for part in (ORIGINALS / name).read_text(encoding="utf-8").split("\n\n"):
        lines = part.strip("\n").split("\n")
        first = lines[0]
        if first.startswith("# "):
            blocks.append(("title", first[2:]))
        elif first.startswith("## "):
            blocks.append(("heading", first[3:]))
        elif first.startswith("- "):
            blocks.append(("bullets", [line[2:] for line in lines]))
        elif first.startswith("1. "):
            blocks.append(("numbers", [line.split(". ", 1)[1] for line in lines]))
        elif first.startswith("| "):
            blocks.append(("table", [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines]))
        elif first.startswith("> "):
            blocks.append(("notes", first[2:]))
        elif part.strip():
            blocks.append(("text", " ".join(lines)))
    return blocks


def target(path):
    path = LIBRARY / path
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def make_docx(name, path):
    document = docx.Document()
    document.core_properties.created = document.core_properties.modified = MADE_AT
    for kind, content in read(name):
        if kind == "title":
            document.core_properties.title = content
            document.add_heading(content, level=0)
        elif kind == "heading":
            document.add_heading(content, level=1)
        elif kind == "text":
            document.add_paragraph(content)
        elif kind == "table":
            table = document.add_table(rows=0, cols=len(content[0]), style="Table Grid")
            for row in content:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
        else:
            style = "List Bullet" if kind == "bullets" else "List Number"
            for line in content:
                document.add_paragraph(line, style=style)
    if isinstance(path, Path):
        document.save(target(path))
        return None
    document.save(path)
    return path


def make_pptx(name, path):
    deck = pptx.Presentation()
    deck.core_properties.created = deck.core_properties.modified = MADE_AT
    slide = None
    for kind, content in read(name):
        if kind == "title":
            deck.core_properties.title = content
            slide = deck.slides.add_slide(deck.slide_layouts[0])
            slide.shapes.title.text = content
            slide.placeholders[1].text = "A lecture for the first year"
        elif kind == "heading":
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            slide.shapes.title.text = content
        elif kind == "bullets":
            slide.placeholders[1].text = "\n".join(content)
        elif kind == "notes":
            slide.notes_slide.notes_text_frame.text = content
    deck.save(target(path))


def make_epub(name, path):
    book = epub.EpubBook()
    book.set_identifier("gristmill-sample-tides")
    book.set_language("en")
    book.add_author("gristmill samples")
    chapters = []
    for kind, content in read(name):
        if kind == "title":
            book.set_title(content)
        elif kind == "heading":
            chapter = epub.EpubHtml(title=content, file_name=f"chapter{len(chapters) + 1}.xhtml", lang="en")
            chapter.content = f"<h1>{content}</h1>"
            chapters.append(chapter)
        else:
            chapters[-1].content += f"<p>{content}</p>"
    for chapter in chapters:
        book.add_item(chapter)
    book.toc = chapters
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    book.spine = ["nav", *chapters]
    epub.write_epub(target(path), book, {"mtime": MADE_AT})


STYLES = getSampleStyleSheet()
BODY = ParagraphStyle("body", parent=STYLES["BodyText"], fontName="Times-Roman", fontSize=12.5, leading=17, alignment=4,
                      firstLineIndent=10, spaceAfter=4)
PLAIN = ParagraphStyle("plain", parent=BODY, firstLineIndent=0)
HEADING = ParagraphStyle("heading", parent=STYLES["Heading2"], fontName="Helvetica-Bold", fontSize=14, spaceBefore=10,
                         spaceAfter=6, keepWithNext=True)
TITLE = ParagraphStyle("title", parent=STYLES["Title"], fontName="Helvetica-Bold", fontSize=22, leading=26, alignment=0)


class Outlined(BaseDocTemplate):
    """Puts every heading into the outline of the PDF."""

    def afterFlowable(self, flowable):
        if isinstance(flowable, Paragraph) and flowable.style.name == "heading":
            key = f"section-{self.seq.nextf('section')}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level=0)


def page_furniture(title):
    def draw(canvas, document):
        canvas.setFont("Helvetica", 8)
        canvas.drawString(20 * mm, A4[1] - 12 * mm, title)
        canvas.drawRightString(A4[0] - 20 * mm, 10 * mm, f"Page {document.page}")
    return draw


def make_pdf(name, path, columns):
    blocks = read(name)
    title = blocks[0][1]
    margin, gap, top, bottom = 20 * mm, 8 * mm, 18 * mm, 16 * mm
    width, height = A4[0] - 2 * margin, A4[1] - top - bottom
    title_height = 22 * mm
    one = (width - gap * (columns - 1)) / columns

    def frames(available):
        return [Frame(margin + n * (one + gap), bottom, one, available, 0, 0, 0, 0) for n in range(columns)]

    first = [Frame(margin, bottom + height - title_height, width, title_height, 0, 0, 0, 0), *frames(height - title_height)]
    draw = page_furniture(title)
    document = Outlined(str(target(path)), pagesize=A4, title=title, author="gristmill samples", invariant=1)
    document.addPageTemplates([PageTemplate("first", first, onPage=draw), PageTemplate("next", frames(height), onPage=draw)])
    story = [NextPageTemplate("next"), Paragraph(title, TITLE), FrameBreak()]
    for kind, content in blocks[1:]:
        if kind == "heading":
            story.append(Paragraph(content, HEADING))
        elif kind == "text":
            story.append(Paragraph(content, BODY))
        elif kind == "bullets":
            story.append(ListFlowable([Paragraph(line, PLAIN) for line in content], bulletType="bullet"))
        elif kind == "table":
            rows = [[Paragraph(cell, PLAIN) for cell in row] for row in content]
            table = Table(rows, colWidths=[one / len(rows[0])] * len(rows[0]))
            table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
            story += [Spacer(1, 4), table, Spacer(1, 4)]
    document.build(story)


def make_xlsx(path):
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = MADE_AT
    book.properties.title = "Household budget"
    plan = book.active
    plan.title = "Plan"
    rows = [
        ("Item", "Kind", "Per month", "Note"),
        ("Rent", "fixed", 980, "Includes heating and cold water"),
        ("Electricity", "fixed", 74, "Annual bill in March; two thirds is the heat pump dryer"),
        ("Groceries", "variable", 520, "Market on Saturdays, no more than two deliveries a month"),
        ("Public transport", "fixed", 49, "Season ticket, cancelled until the tenth of each month"),
        ("Insurance", "fixed", 61, "Liability, household contents, legal protection"),
        ("Emergency fund", "saving", 300, "Until three months of expenses are put aside, then into the index fund"),
        ("Repairs", "variable", 80, "Bicycle, washing machine, shoes"),
        ("Holidays", "saving", 150, "Two weeks by the sea in September"),
    ]
    for row in rows:
        plan.append(row)
    # The number, not a formula: a formula has no value until a spreadsheet program has opened the file.
    plan.append(("Total", "", sum(row[2] for row in rows[1:]), "Must stay below the income of both"))
    fund = book.create_sheet("Rules")
    for row in [
        ("Rule", "Reason"),
        ("Pay yourself first", "What is left at the end of the month is never left"),
        ("Debt above six per cent goes before any saving", "No safe investment earns more than the loan costs"),
        ("Fixed costs stay below half of the income", "So that one lost salary does not cost the flat"),
        ("Wait thirty days before buying anything above 200", "Two wishes out of three are gone by then"),
    ]:
        fund.append(row)
    dates = book.create_sheet("Payments")
    dates.append(("Due", "Payee", "Amount"))
    for due, payee, amount in [
        (datetime.date(2026, 3, 15), "Municipal utilities, annual electricity bill", 112.40),
        (datetime.date(2026, 4, 1), "Household insurance, yearly premium", 96.00),
        (datetime.date(2026, 9, 5), "Holiday flat on the Baltic, second half", 640.00),
    ]:
        dates.append((due, payee, amount))
    book.save(target(path))


def make_zip(folder, path):
    with zipfile.ZipFile(target(path), "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((ORIGINALS / folder).iterdir()):
            info = zipfile.ZipInfo(f"{folder}/{file.name}", MADE_AT.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, file.read_bytes())


def make_latin1(name, path):
    text = (ORIGINALS / name).read_text(encoding="utf-8")
    target(path).write_bytes(text.encode("latin-1"))


def make_truncated_docx(name, path):
    """Cut before the directory at the end of the zip: no program can read the rest."""
    whole = make_docx(name, io.BytesIO()).getvalue()
    target(path).write_bytes(whole[: len(whole) // 3])


def main():
    make_docx("incident-response.md", Path("technology/rules/incident-response.docx"))
    make_pptx("vaccines.md", "medicine/lectures/how-vaccines-work.pptx")
    make_xlsx("finance/household/budget.xlsx")
    make_pdf("honeybee-swarms.md", "nature/animals/honeybee-swarms.pdf", columns=2)
    make_pdf("heat-pump.md", "technology/manuals/heat-pump.pdf", columns=1)
    make_epub("tides.md", "nature/oceans/tides.epub")
    make_zip("instruments", "history/instruments/instruments.zip")
    make_latin1("souffle.txt", "cooking/classics/souffle.txt")
    make_truncated_docx("broken-report.md", "inbox/broken-report.docx")


if __name__ == "__main__":
    main()
