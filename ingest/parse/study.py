"""What a ClinicalTrials.gov study says, as sections: its protocol in words, lists and posted results as rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.parse import markdown
from ingest.parse.tables import Block, Grid, assemble
from ingest.parse.text import clean
from ingest.schema import Section

_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,}|NA")
_NUMBER_AFTER = re.compile(r"(?<=phase)\s?(?=\d)", re.IGNORECASE)
_DATES = (
    ("Start", "startDateStruct"),
    ("Primary completion", "primaryCompletionDateStruct"),
    ("Completion", "completionDateStruct"),
    ("First posted", "studyFirstPostDateStruct"),
    ("Results first posted", "resultsFirstPostDateStruct"),
    ("Last update posted", "lastUpdatePostDateStruct"),
)


@dataclass(frozen=True, slots=True)
class Fields:
    """A value of the study's JSON, read without surprises: what is absent or of another type is empty."""

    json: object

    def at(self, *names: str) -> Fields:
        """The object within."""
        found = self.json
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return Fields(found)

    def value(self, name: str) -> object:
        """The value as it is, None where there is none."""
        return self.json.get(name) if isinstance(self.json, dict) else None

    def all(self, name: str) -> list[Fields]:
        """The objects of a list."""
        found = self.value(name)
        return [Fields(entry) for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []

    def text(self, name: str) -> str:
        """A text or number on one line."""
        return _text(self.value(name))

    def texts(self, name: str) -> list[str]:
        """The texts of a list."""
        found = self.value(name)
        return [text for entry in found if (text := _text(entry))] if isinstance(found, list) else []

    def codes(self, name: str) -> list[str]:
        """The codes of a list in words."""
        return [words(code) for code in self.texts(name)]

    def lines(self, name: str) -> list[str]:
        """The lines of a text with markup (Markdown): paragraphs and list items."""
        found = self.value(name)
        if not isinstance(found, str):
            return []
        if not markdown.is_readable(found):
            return list(filter(None, map(clean, found.split("\n"))))
        parts = markdown.parts(found, html=False)
        lines: list[str] = []
        for part in parts:
            lines += filter(None, [part.title])
            for block in part.blocks:
                lines += [block] if isinstance(block, str) else block.lines()
        return lines


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(str(value)) if isinstance(value, str | int | float) else ""


def words(code: str) -> str:
    """A code in words: ``NOT_YET_RECRUITING`` is "Not yet recruiting"; anything else stays as it is."""
    if code == "NA":
        return "Not applicable"
    return _NUMBER_AFTER.sub(" ", code.replace("_", " ").capitalize()) if _CODE.fullmatch(code) else code


def sections(study: Fields) -> tuple[Section, ...]:
    """The sections of a study that have any text, in a fixed order."""
    made = []
    for slug, title, blocks in _sections(study.at("protocolSection"), study.at("resultsSection")):
        text, tables = assemble(blocks)
        if text:
            path = ("Results", title) if slug.startswith("results.") else (title,)
            made.append(Section(slug, title, path, text, tables))
    return tuple(made)


def _sections(protocol: Fields, results: Fields) -> Iterator[tuple[str, str, list[Block]]]:
    description = protocol.at("descriptionModule")
    arms = protocol.at("armsInterventionsModule")
    yield "brief_summary", "Brief summary", [*description.lines("briefSummary")]
    yield "detailed_description", "Detailed description", [*description.lines("detailedDescription")]
    yield "conditions", "Conditions", list(_conditions(protocol.at("conditionsModule")))
    yield "design", "Study design", list(_design(protocol.at("designModule")))
    yield "arms", "Arms", _rows(("Arm", "Type", "Description", "Interventions"), map(_arm, arms.all("armGroups")))
    columns = ("Intervention", "Type", "Description", "Other names", "Arms")
    yield "interventions", "Interventions", _rows(columns, map(_intervention, arms.all("interventions")))
    yield "eligibility", "Eligibility", list(_eligibility(protocol.at("eligibilityModule")))
    yield "outcomes", "Outcome measures", list(_outcomes(protocol.at("outcomesModule")))
    measures = results.at("outcomeMeasuresModule").all("outcomeMeasures")
    yield "results.outcomes", "Outcome results", [block for measure in measures for block in _measure(measure)]
    yield "results.adverse_events", "Adverse events", list(_adverse_events(results.at("adverseEventsModule")))
    baseline = results.at("baselineCharacteristicsModule")
    common = baseline.lines("populationDescription")
    rows = [block for measure in baseline.all("measures") for block in _measure(measure, baseline)]
    yield "results.baseline", "Baseline characteristics", [*common, *rows]
    limits = results.at("moreInfoModule", "limitationsAndCaveats").lines("description")
    yield "results.limitations", "Limitations and caveats", [*limits]
    yield "status", "Status", list(_status(protocol.at("statusModule")))
    yield "sponsor", "Sponsor", list(_sponsor(protocol.at("sponsorCollaboratorsModule")))


def _rows(
    header: tuple[str, ...], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]], caption: str = ""
) -> list[Block]:
    """The rows that say anything as a table; no table without rows."""
    kept = tuple(row for row in rows if any(row))
    return [Grid(caption, header, kept)] if kept else []


def _named(name: str, *values: str) -> Iterator[str]:
    """``Name: value, value``, or nothing."""
    if text := ", ".join(filter(None, values)).strip():
        yield f"{name}: {text}"


def _conditions(module: Fields) -> Iterator[Block]:
    yield from _named("Conditions", *module.texts("conditions"))
    yield from _named("Keywords", *module.texts("keywords"))


def _design(module: Fields) -> Iterator[Block]:
    info, enrolled = module.at("designInfo"), module.at("enrollmentInfo")
    masking = info.at("maskingInfo")
    yield from _named("Study type", words(module.text("studyType")))
    yield from _named("Phase", *module.codes("phases"))
    yield from _named("Allocation", words(info.text("allocation")))
    yield from _named("Intervention model", words(info.text("interventionModel")))
    yield from info.lines("interventionModelDescription")
    yield from _named("Observational model", words(info.text("observationalModel")))
    yield from _named("Time perspective", words(info.text("timePerspective")))
    yield from _named("Primary purpose", words(info.text("primaryPurpose")))
    who = f" ({', '.join(masking.codes('whoMasked'))})" if masking.texts("whoMasked") else ""
    yield from _named("Masking", words(masking.text("masking")) + who)
    yield from masking.lines("maskingDescription")
    kind = f" ({words(enrolled.text('type')).lower()})" if enrolled.text("type") else ""
    yield from _named("Enrollment", enrolled.text("count") + kind)


def _arm(arm: Fields) -> tuple[str, ...]:
    names = ", ".join(arm.texts("interventionNames"))
    return arm.text("label"), words(arm.text("type")), " ".join(arm.lines("description")), names


def _intervention(given: Fields) -> tuple[str, ...]:
    lists = (", ".join(given.texts(name)) for name in ("otherNames", "armGroupLabels"))
    return given.text("name"), words(given.text("type")), " ".join(given.lines("description")), *lists


def _eligibility(module: Fields) -> Iterator[Block]:
    yield from module.lines("eligibilityCriteria")
    yield from _named("Minimum age", module.text("minimumAge"))
    yield from _named("Maximum age", module.text("maximumAge"))
    yield from _named("Sex", words(module.text("sex")))
    yield from module.lines("genderDescription")
    yield from _named("Healthy volunteers", module.text("healthyVolunteers"))
    yield from module.lines("studyPopulation")


def _outcomes(module: Fields) -> Iterator[Block]:
    for name, listed in (
        ("Primary", "primaryOutcomes"),
        ("Secondary", "secondaryOutcomes"),
        ("Other", "otherOutcomes"),
    ):
        rows = [
            (entry.text("measure"), " ".join(entry.lines("description")), entry.text("timeFrame"))
            for entry in module.all(listed)
        ]
        yield from _rows((f"{name} outcome", "Description", "Time frame"), rows)


def _status(module: Fields) -> Iterator[Block]:
    yield from _named("Overall status", words(module.text("overallStatus")))
    yield from _named("Last known status", words(module.text("lastKnownStatus")))
    yield from _named("Why stopped", module.text("whyStopped"))
    yield from _named("Verified", module.text("statusVerifiedDate"))
    for name, key in _DATES:
        kind = words(module.at(key).text("type")).lower()
        yield from _named(name, module.at(key).text("date") + (f" ({kind})" if kind else ""))


def _sponsor(module: Fields) -> Iterator[Block]:
    yield from _named("Lead sponsor", module.at("leadSponsor").text("name"))
    yield from _named("Collaborators", *(entry.text("name") for entry in module.all("collaborators")))


def _measure(measure: Fields, shared: Fields | None = None) -> Iterator[Block]:
    """A measure as posted: what it is, a row for each class and category with a column for each group, its analyses.

    ``shared``: where the groups and their sizes stand once for all measures.
    """
    title, sort = measure.text("title"), words(measure.text("type"))
    caption = ": ".join(filter(None, (f"{sort} outcome" if sort else "", title)))
    groups = {group.text("id"): group.text("title") or group.text("id") for group in (shared or measure).all("groups")}
    sizes = _sizes(measure) or (_sizes(shared) if shared else {})
    unit = f" ({measure.text('unitOfMeasure')})" if measure.text("unitOfMeasure") else ""
    sized = (f"{name} (N = {sizes[key]})" if key in sizes else name for key, name in groups.items())
    header = ((title + unit).strip(), *sized)
    yield from _rows(header, list(_results(measure, groups)), caption) or filter(None, [caption])
    yield from _named("Time frame", measure.text("timeFrame"))
    yield from measure.lines("description")
    yield from _named("Population", " ".join(measure.lines("populationDescription")))
    for analysis in measure.all("analyses"):
        yield from _analysis(analysis, groups)


def _sizes(measured: Fields) -> dict[str, str]:
    """How many were analysed in each group: the count of participants, else the first there is."""
    denominators = measured.all("denoms")
    chosen = next((entry for entry in denominators if entry.text("units").lower() == "participants"), None)
    counts = (chosen or denominators[0]).all("counts") if denominators else []
    return {count.text("groupId"): count.text("value") for count in counts}


def _results(measure: Fields, groups: dict[str, str]) -> Iterator[tuple[str, ...]]:
    kind = words(measure.text("paramType"))
    for part in measure.all("classes"):
        sizes = _sizes(part)
        for category in part.all("categories"):
            name = ", ".join(filter(None, (part.text("title"), category.text("title"), kind)))
            cells = {found.text("groupId"): found for found in category.all("measurements")}
            row = [_cell(cells[key], measure, sizes.get(key, "")) if key in cells else "" for key in groups]
            if any(row):
                yield name, *row


def _cell(found: Fields, measure: Fields, size: str) -> str:
    """``5.2 (standard deviation 1.1)``, ``0.8 (95% confidence interval 0.7 to 0.9)``, and its own N."""
    spread, low, high = found.text("spread"), found.text("lowerLimit"), found.text("upperLimit")
    around = f"{low or 'not given'} to {high or 'not given'}" if low or high else spread
    name = measure.text("dispersionType").replace("_", " ").lower()
    notes = [f"{name} {around}".strip() if around else "", f"N = {size}" if size else "", found.text("comment")]
    rest = "; ".join(filter(None, notes))
    return f"{found.text('value')} ({rest})".strip() if rest else found.text("value")


def _analysis(analysis: Fields, groups: dict[str, str]) -> Iterator[Block]:
    """One line: the groups compared, the estimate with its interval, the p value, the method."""
    between = " versus ".join(groups.get(key, key) for key in analysis.texts("groupIds"))
    low, high = analysis.text("ciLowerLimit"), analysis.text("ciUpperLimit")
    percent = f"{analysis.text('ciPctValue')}% " if analysis.text("ciPctValue") else ""
    interval = f"({percent}confidence interval {low or 'not given'} to {high or 'not given'})" if low or high else ""
    value = analysis.text("paramValue")
    estimate = (words(analysis.text("paramType")), value, interval)
    p = analysis.text("pValue")
    parts = (
        " ".join(filter(None, estimate)) if value or interval else "",
        f"p {p}" if p[:1] in "<>=" and p else f"p = {p}" if p else "",
        analysis.text("statisticalMethod"),
        words(analysis.text("nonInferiorityType")),
    )
    if text := "; ".join(filter(None, parts)):
        yield f"Analysis, {between}: {text}" if between else f"Analysis: {text}"
    yield from analysis.lines("groupDescription")
    yield from analysis.lines("estimateComment")


def _adverse_events(module: Fields) -> Iterator[Block]:
    yield from _named("Time frame", module.text("timeFrame"))
    yield from module.lines("description")
    yield from _named("Threshold for other events (percent)", module.text("frequencyThreshold"))
    groups = module.all("eventGroups")
    header = tuple(group.text("title") for group in groups)
    totals = [
        (name, *(_share(group, f"{kind}NumAffected", f"{kind}NumAtRisk") for group in groups))
        for name, kind in (
            ("All-cause deaths", "deaths"),
            ("Any serious event", "serious"),
            ("Any other event", "other"),
        )
    ]
    yield from _rows(("Adverse events", *header), [row for row in totals if any(row[1:])])
    ids = [group.text("id") for group in groups]
    for name, listed in (("Serious adverse event", "seriousEvents"), ("Other adverse event", "otherEvents")):
        yield from _rows((name, *header), [_event(event, ids) for event in module.all(listed)])


def _event(event: Fields, ids: Sequence[str]) -> tuple[str, ...]:
    stats = {entry.text("groupId"): entry for entry in event.all("stats")}
    system = f" ({event.text('organSystem')})" if event.text("organSystem") else ""
    cells = (_share(stats[key], "numAffected", "numAtRisk") if key in stats else "" for key in ids)
    return (event.text("term") + system).strip(), *cells


def _share(counts: Fields, affected: str, at_risk: str) -> str:
    """``40 of 200 participants``; empty where nothing was counted."""
    some, whole = counts.text(affected), counts.text(at_risk)
    return f"{some} of {whole} participants" if some and whole else some
