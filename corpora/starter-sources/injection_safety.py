"""Writes ``injection-safety-outpatient.pdf`` of the starter corpus: the same bytes on every run.

``python injection_safety.py FILE`` with fpdf2 2.8 (PyPI: fpdf2), which nothing else here needs. The text is a summary
in our own words of the CDC's Guide to Infection Prevention for Outpatient Settings, version 2.3, September 2016.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import TableCellFillMode

TITLE = "Injection safety and reusable devices in outpatient care"
SOURCE = "http://www.cdc.gov/HAI/prevent/prevent_pubs.html"
WRITTEN = datetime(2026, 11, 21, tzinfo=UTC)
FONT = "Helvetica"

NOTE = f"""Editorial summary. Written by CiteRx in its own words; it is not the guideline and CDC has not reviewed it.
Source: Centers for Disease Control and Prevention, Guide to Infection Prevention for Outpatient Settings, version
2.3, September 2016, among the guidelines listed at {SOURCE}. Read the guide itself before acting."""

HARM = """Four unsafe habits are named as causes of harm to patients: one syringe for several patients, with or
without a change of needle; a used syringe that goes back into a vial or bag from which others are then served;
preparation of drugs close to contaminated supplies; and no facemask during epidural or subdural injection."""

RULES = (
    "Prepare injections aseptically, in a clean area away from blood, body fluids and used equipment.",
    "Disinfect the rubber septum of a vial with alcohol before it is pierced.",
    "Use a needle and a syringe for one patient only. Prefilled syringes and insulin pens are no exception.",
    "Enter a vial with a new needle and a new syringe each time, even for a second dose of the same patient.",
    "Use infusion tubing and connectors for one patient only.",
    "Drop used sharps at once into a container that closes, does not leak and resists puncture.",
    "Wear a facemask when placing a catheter or injecting into the epidural or subdural space.",
)

VIALS = (
    "A single-dose vial, ampoule, bag or bottle serves one patient.",
    "A multi-dose vial should serve one patient wherever possible. When several patients share it, the vial stays in a "
    "central medication area and never enters a treatment room.",
    "A multi-dose vial that did enter a treatment room belongs to that one patient and is discarded right after use.",
    "The day on which a multi-dose vial was first opened is written on it. The vial is discarded within 28 days, "
    "unless its manufacturer names a shorter or longer time. The expiration date on the label is something else.",
)

TESTING = """For each finger prick take a new lancing device that is used once and disables itself; holders for
lancets are not suitable for several patients. A blood glucose meter or INR monitor that several patients share is
cleaned and disinfected after every use, as its manufacturer instructs. Where the manufacturer gives no such
instructions, the meter is not used for more than one patient."""

CLASSES_TEXT = """The Spaulding classification sorts devices by the harm that a contaminated one could do. Cleaning
always comes before disinfection and sterilization, because residual debris makes both less effective. Critical items
must be sterile, and semi-critical items need at least high-level disinfection before they are reused. Depending on
how soiled they are, noncritical devices may need disinfection of an intermediate level, and surfaces disinfection of
a low level."""

CLASSES = (
    ("Class", "What it touches", "Example", "Least treatment"),
    ("Critical", "Sterile tissue, vessels", "Surgical instruments", "Sterilization"),
    ("Semi-critical", "Mucosa, broken skin", "Endoscopes", "High-level disinfection"),
    ("Noncritical", "Intact skin", "Blood pressure cuffs", "Low-level disinfection"),
    ("Surfaces", "Generally not the patient", "Floors, walls", "Cleaning"),
)

REPROCESSING = (
    "Reusable devices are cleaned, reprocessed and maintained as the manufacturer instructs. The instructions hang "
    "where the work is done.",
    "Single-use devices are thrown away after use; only a body that the FDA has cleared for it may reprocess them.",
    "Staff who reprocess devices show that they can do it after training: when hired, every year, and whenever a "
    "device or a policy is new.",
    "Each sterilizer is tested with a biological indicator at least weekly, and with every load that contains an "
    "implant. A chemical indicator goes into the packs of every load.",
)

CLEANING = """Surfaces near the patient and those that many hands touch, such as bedrails and doorknobs, come first.
Cleaning takes away visible soil; disinfection follows it and may leave bacterial spores alive. Where endoscopy,
spinal injection or another invasive procedure takes place, such surfaces are cleaned and then disinfected after each
procedure, with a product registered by the EPA. Dilution and contact time follow the manufacturer."""

LAPSE = """Some lapses have led to infection with bloodborne pathogens and must stop immediately: reuse of a syringe
for another patient or to enter a shared vial, and reuse of lancets. Such a lapse calls at once for the state or local
health department; affected patients are informed and tested as appropriate."""


class Page(FPDF):
    """A page with a running title above and its number below."""

    def header(self) -> None:
        """The running title."""
        self.set_y(12)
        self.set_font(FONT, size=8)
        self.cell(0, 5, "CiteRx editorial summary: injection safety", new_x="LMARGIN", new_y="NEXT")
        self.ln(8)

    def footer(self) -> None:
        """The page number."""
        self.set_y(-15)
        self.set_font(FONT, size=8)
        self.cell(0, 5, f"Page {self.page_no()}", align="C")

    def heading(self, text: str) -> None:
        """Begins a section, which the outline lists too."""
        if self.will_page_break(40):  # a heading stays with its text
            self.add_page()
        self.ln(4)
        self.start_section(text)
        self.set_font(FONT, "B", 14)
        self.multi_cell(0, 7, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(1)

    def prose(self, text: str) -> None:
        """A paragraph."""
        self.set_font(FONT, size=12)
        self.multi_cell(0, 6.5, " ".join(text.split()), align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(3)

    def items(self, texts: tuple[str, ...]) -> None:
        """A numbered list."""
        for number, text in enumerate(texts, 1):
            self.prose(f"{number}. {text}")

    def grid(self, rows: tuple[tuple[str, ...], ...]) -> None:
        """A table; the first row is its header."""
        self.set_font(FONT, size=10)
        fill = TableCellFillMode.NONE
        with self.table(rows, col_widths=(24, 52, 42, 52), line_height=7, text_align="LEFT", cell_fill_mode=fill):
            pass
        self.ln(2)


def build() -> bytes:
    """The PDF."""
    pdf = Page(format="A4")
    pdf.set_title(TITLE)
    pdf.set_author("CiteRx editorial summaries")
    pdf.set_keywords(f"citerx:editorial={SOURCE}")
    pdf.set_lang("en")
    pdf.set_producer("CiteRx")
    pdf.set_creation_date(WRITTEN)
    pdf.set_margins(20, 20)
    pdf.set_auto_page_break(True, margin=22)
    pdf.add_page()
    pdf.set_font(FONT, "B", 20)
    pdf.multi_cell(0, 10, TITLE, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(3)
    pdf.prose(NOTE)
    pdf.heading("How injections have harmed patients")
    pdf.prose(HARM)
    pdf.heading("Rules for every injection")
    pdf.items(RULES)
    pdf.heading("Single-dose and multi-dose vials")
    pdf.items(VIALS)
    pdf.heading("Testing blood at the point of care")
    pdf.prose(TESTING)
    pdf.heading("Which treatment a device needs")
    pdf.prose(CLASSES_TEXT)
    pdf.grid(CLASSES)
    pdf.heading("Reprocessing of reusable devices")
    pdf.items(REPROCESSING)
    pdf.heading("Cleaning of surfaces")
    pdf.prose(CLEANING)
    pdf.heading("When a lapse is found")
    pdf.prose(LAPSE)
    return bytes(pdf.output())


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(build())
