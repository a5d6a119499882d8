"""The sections of drug labels: LOINC code -> openFDA field name (our slug) and title, in the order a label has them.

Source: openFDA's own conversion (github.com/FDA/openfda, ``openfda/spl/data/sections.csv`` and ``spl_to_json.js``),
checked against FDA's SPL section headings. openFDA cuts a heading at its first comma, hence ``cleaning`` and ``route``.
"""

from __future__ import annotations

from dataclasses import dataclass

UNCLASSIFIED = "spl_unclassified_section"
INDEXING = "spl_indexing_data_elements"


@dataclass(frozen=True, slots=True)
class LabelSection:
    """One kind of label section: its LOINC code, openFDA field name and heading."""

    code: str
    slug: str
    title: str


_TABLE = """
34066-1 boxed_warning Boxed Warning
43683-2 recent_major_changes Recent Major Changes
55106-9 active_ingredient Active Ingredient
55105-1 purpose Purpose
34067-9 indications_and_usage Indications and Usage
50745-9 veterinary_indications Veterinary Indications
34068-7 dosage_and_administration Dosage and Administration
60562-6 route Route, Method and Frequency of Administration
43678-2 dosage_forms_and_strengths Dosage Forms and Strengths
34070-3 contraindications Contraindications
43685-7 warnings_and_cautions Warnings and Precautions
34071-1 warnings Warnings
50570-1 do_not_use Do Not Use
50569-3 ask_doctor Ask a Doctor
50568-5 ask_doctor_or_pharmacist Ask a Doctor or Pharmacist
50567-7 when_using When Using
50566-9 stop_use Stop Use
53414-9 pregnancy_or_breast_feeding Pregnancy or Breast Feeding
50565-1 keep_out_of_reach_of_children Keep Out of Reach of Children
54433-8 user_safety_warnings User Safety Warnings
50741-8 safe_handling_warning Safe Handling Warning
50742-6 environmental_warning Environmental Warning
50743-4 food_safety_warning Food Safety Warning
53412-3 residue_warning Residue Warning
69759-9 risks Risks
60561-8 other_safety_information Other Safety Information
42232-9 precautions Precautions
34072-9 general_precautions General Precautions
34075-2 laboratory_tests Laboratory Tests
34084-4 adverse_reactions Adverse Reactions
34073-7 drug_interactions Drug Interactions
34074-5 drug_and_or_laboratory_test_interactions Drug and/or Laboratory Test Interactions
43684-0 use_in_specific_populations Use in Specific Populations
42228-7 pregnancy Pregnancy
34077-8 teratogenic_effects Teratogenic Effects
34078-6 nonteratogenic_effects Nonteratogenic Effects
34079-4 labor_and_delivery Labor and Delivery
34080-2 nursing_mothers Nursing Mothers
34081-0 pediatric_use Pediatric Use
34082-8 geriatric_use Geriatric Use
42227-9 drug_abuse_and_dependence Drug Abuse and Dependence
34085-1 controlled_substance Controlled Substance
34086-9 abuse Abuse
34087-7 dependence Dependence
34088-5 overdosage Overdosage
34089-3 description Description
51727-6 inactive_ingredient Inactive Ingredient
34090-1 clinical_pharmacology Clinical Pharmacology
43679-0 mechanism_of_action Mechanism of Action
43681-6 pharmacodynamics Pharmacodynamics
43682-4 pharmacokinetics Pharmacokinetics
49489-8 microbiology Microbiology
66106-6 pharmacogenomics Pharmacogenomics
43680-8 nonclinical_toxicology Nonclinical Toxicology
34083-6 carcinogenesis_and_mutagenesis_and_impairment_of_fertility Carcinogenesis, Mutagenesis, Impairment of Fertility
34091-9 animal_pharmacology_and_or_toxicology Animal Pharmacology and/or Toxicology
34092-7 clinical_studies Clinical Studies
60563-4 summary_of_safety_and_effectiveness Summary of Safety and Effectiveness
34093-5 references References
34069-5 how_supplied How Supplied
44425-7 storage_and_handling Storage and Handling
69763-1 disposal_and_waste_handling Disposal and Waste Handling
34076-0 information_for_patients Information for Patients
50744-2 information_for_owners_or_caregivers Information for Owners/Caregivers
59845-8 instructions_for_use Instructions for Use
68498-5 patient_medication_information Patient Medication Information
42231-1 spl_medguide Medication Guide
42230-3 spl_patient_package_insert Patient Package Insert
53413-1 questions Questions
71744-7 health_care_provider_letter Health Care Provider Letter
69718-5 statement_of_identity Statement of Identity
69719-3 health_claim Health Claim
50740-0 guaranteed_analysis_of_feed Guaranteed Analysis of Feed
60560-0 intended_use_of_the_device Intended Use of the Device
60559-2 components Components
60555-0 accessories Accessories
69760-7 compatible_accessories Compatible Accessories
69758-1 diagram_of_device Diagram of Device
60556-8 assembly_or_installation_instructions Assembly or Installation Instructions
60557-6 calibration_instructions Calibration Instructions
60558-4 cleaning Cleaning, Disinfecting, and Sterilization Instructions
69761-5 alarms Alarms
69762-3 troubleshooting Troubleshooting
60684-8 cellular_therapy Cellular Therapy
42229-5 spl_unclassified_section Unclassified Section
51945-4 package_label_principal_display_panel Package Label: Principal Display Panel
48780-1 spl_product_data_elements Product Data Elements
48779-3 spl_indexing_data_elements Indexing Data Elements
"""

SECTIONS: tuple[LabelSection, ...] = tuple(LabelSection(*line.split(" ", 2)) for line in _TABLE.strip().splitlines())
BY_CODE: dict[str, LabelSection] = {section.code: section for section in SECTIONS}
BY_SLUG: dict[str, LabelSection] = {section.slug: section for section in SECTIONS}
# "Lactation" took the place of "Nursing Mothers" in 2015 (21 CFR 201.57); openFDA has no field for it.
_SUCCESSORS = {"77290-5": "nursing_mothers"}
_RANK: dict[str, int] = {section.slug: rank for rank, section in enumerate(SECTIONS)}


def slug_of(code: str) -> str | None:
    """The openFDA field name for a LOINC section code or for the one it succeeds; None where openFDA has none."""
    section = BY_CODE.get(code)
    return section.slug if section else _SUCCESSORS.get(code)


def title_of(slug: str) -> str:
    """The heading of a section; an unknown field name in words."""
    section = BY_SLUG.get(slug)
    return section.title if section else slug.replace("_", " ").capitalize()


def rank_of(slug: str) -> int:
    """Where the section stands in a label; unknown ones after all known."""
    return _RANK.get(slug, len(SECTIONS))
