"""Which label sections a question asks for: cue words and the openFDA section slugs that answer them."""

from __future__ import annotations

import re
from typing import NamedTuple


class Topic(NamedTuple):
    """What may be asked. ``slugs``: where labels answer it, the most likely first; ``cues`` match lower-case text."""

    name: str
    slugs: tuple[str, ...]
    cues: re.Pattern[str]


def _topic(name: str, slugs: str, cues: str) -> Topic:
    return Topic(name, tuple(slugs.split()), re.compile(rf"\b(?:{cues})\b", re.VERBOSE))


TOPICS: tuple[Topic, ...] = (
    _topic(
        "boxed_warning",
        "boxed_warning warnings_and_cautions warnings",
        r"black[\s-]?box\w*|boxed\swarnings?",
    ),
    _topic(
        "overdose",
        "overdosage",
        r"over-?dos\w+|too\s(?:much|many)\s|poison\w*|antidotes?",
    ),
    _topic(
        "lactation",
        "lactation nursing_mothers use_in_specific_populations",
        r"breast[\s-]?(?:feed\w*|fed|milk)|lactati\w+|nursing(?:\smothers?)?|human\smilk",
    ),
    _topic(
        "pregnancy",
        "pregnancy use_in_specific_populations teratogenic_effects warnings_and_cautions warnings precautions",
        r"pregnan\w+|f[o]?etus|f[o]?etal|teratogen\w*|trimesters?|birth\sdefects?"
        r"|(?:expect|try|plan|hop)ing\s(?:for\s|to\shave\s)?a\sbaby",
    ),
    _topic(
        "pediatric",
        "pediatric_use use_in_specific_populations dosage_and_administration",
        r"child(?:ren)?(?:['’]s)?|p[a]?ediatrics?|infants?|neonat\w+|newborns?|adolescents?|toddlers?|teenagers?"
        r"|(?<!expecting\sa\s)(?<!expecting\s)(?<!for\sa\s)(?<!to\shave\sa\s)(?<!planning\sa\s)bab(?:y|ies)",
    ),
    _topic(
        "geriatric",
        "geriatric_use use_in_specific_populations dosage_and_administration",
        r"geriatrics?|elderly|older\s(?:adults?|patients?|people)|seniors?|aged\s\d+\sand\solder",
    ),
    _topic(
        "contraindications",
        "contraindications boxed_warning warnings_and_cautions warnings",
        r"contra-?indicat\w+|(?:(?:should|must|can)(?:\s?no|n['’])t|(?:should|must|can)\s(?:\w+\s)?never)\s(?:be\s)?(?:take|taken|use|used|receive)|who\sshould\s(?:not|avoid)",
    ),
    _topic(
        "interactions",
        "drug_interactions drug_and_or_laboratory_test_interactions contraindications warnings_and_cautions"
        " clinical_pharmacology warnings precautions",
        r"interact\w*|together|co-?administ\w+|concomitant\w*|concurrent\w*|combin(?:e[sd]?|ing|ation)|at\sthe\ssame\stime"
        r"|mix(?:ed|ing)?|avoid(?:ed)?\swith|(?:tak(?:e|en|ing)|used?|given|safe|combined)\s(?:[\w-]+\s)?with",
    ),
    _topic(
        "storage",
        "storage_and_handling how_supplied",
        r"stor(?:e[sd]?|age|ing)|refrigerat\w*|shelf[\s-]life|room\stemperature|keep\sit|expir\w+",
    ),
    _topic(
        "supply",
        "how_supplied dosage_forms_and_strengths package_label_principal_display_panel",
        r"how\s(?:is|are)\s.*supplied|suppl(?:y|ied)|packag\w+|ndc",
    ),
    _topic(
        "forms",
        "dosage_forms_and_strengths how_supplied description",
        r"strengths?|dosage\sforms?|formulations?|available\sas|come\sin|tablet\ssizes?",
    ),
    _topic(
        "pharmacokinetics",
        "pharmacokinetics clinical_pharmacology",
        r"pharmacokinetic\w*|half[\s-]?li(?:fe|ves)|absor(?:b|ption|bed)\w*|bioavailab\w+|metaboli[sz]\w*|eliminat\w+|excret\w+"
        r"|(?<!creatinine\s)clearance|cmax|auc|protein[\s-]bound|protein\sbinding|volume\sof\sdistribution|peak\s(?:plasma|concentration)\w*",
    ),
    _topic(
        "mechanism",
        "mechanism_of_action clinical_pharmacology pharmacodynamics",
        r"mechanism\w*|how\s(?:does|do)\s.*\swork|mode\sof\saction|how\s\S+\sworks|(?:inhibits?|binds?)\swhich",
    ),
    _topic(
        "carcinogenesis",
        "carcinogenesis_and_mutagenesis_and_impairment_of_fertility nonclinical_toxicology",
        r"carcinogen\w*|mutagen\w*|fertility|cause\scancer|genotoxic\w*",
    ),
    _topic(
        "studies",
        "clinical_studies",
        r"clinical\s(?:trials?|stud(?:y|ies))|efficacy|trial\sresults?",
    ),
    _topic(
        "abuse",
        "drug_abuse_and_dependence abuse dependence controlled_substance boxed_warning",
        r"abuse\w*|addict\w*|dependen(?:ce|cy|t)|withdrawal|controlled\ssubstance|schedule\s(?:ii|iii|iv|v)|habit[\s-]forming",
    ),
    _topic(
        "ingredients",
        "description spl_product_data_elements inactive_ingredient",
        r"(?:in)?active\singredients?|excipients?|chemical\s(?:structure|name|formula)|molecular\s(?:weight|formula)|contains?",
    ),
    _topic(
        "dosage",
        "dosage_and_administration dosage_forms_and_strengths",
        r"dos(?:e|es|age|ages|ing|ed)|how\s(?:much|often|many)|posology|titrat\w+|administ(?:er|ered|ration|ering)|mg(?:/\w+)?"
        r"|missed?\sa?\s?dose|how\s(?:should|do)\s.*\s(?:take|taken|given|use|used)",
    ),
    _topic(
        "renal",
        "use_in_specific_populations dosage_and_administration pharmacokinetics clinical_pharmacology"
        " warnings_and_cautions",
        r"renal\w*|kidneys?(?!\sstones?)|dialysis|h[a]?emodialysis|creatinine\sclearance|e?gfr|crcl|ckd",
    ),
    _topic(
        "hepatic",
        "use_in_specific_populations dosage_and_administration pharmacokinetics clinical_pharmacology"
        " warnings_and_cautions",
        r"hepatic\w*|livers?|cirrho\w+|child[\s-]pugh",
    ),
    _topic(
        "adverse_reactions",
        "adverse_reactions warnings_and_cautions warnings boxed_warning",
        r"side[\s-]effects?|adverse\s\w+|undesirable\seffects?|reactions?|tolerab\w+|tolerated|causes?",
    ),
    _topic(
        "monitoring",
        "warnings_and_cautions dosage_and_administration boxed_warning warnings precautions laboratory_tests",
        r"monitor(?:ed|ing)?|(?:blood|lab|laboratory|baseline|screening)\s(?:tests?|work)|(?:which|what)\s(?:\w+\s)?tests?",
    ),
    _topic(
        "warnings",
        "warnings_and_cautions warnings boxed_warning precautions general_precautions contraindications",
        r"warnings?|precautions?|cautions?|risks?|dangers?|dangerous|safety|hazards?",
    ),
    _topic(
        "indications",
        "indications_and_usage",
        r"indicat(?:ed|ions?)|used\s(?:for|to\streat)|treats?|uses?\sof|approved\s(?:for|to)|what\s(?:is|are)\s\S+\sfor"
        r"|prescribed\sfor|licen[sc]ed\sfor|what\sconditions?",
    ),
    _topic(
        "patient",
        "information_for_patients spl_medguide spl_patient_package_insert patient_medication_information",
        r"counsel\w*|tell\s(?:my\s|the\s)?patients?|patient\sinformation|advise[sd]?|medication\sguide",
    ),
)
"""The most specific first: where a question has several cues, the earlier topic is the surer one."""


def asked(question: str) -> tuple[Topic, ...]:
    """The topics whose cues stand in ``question``, the surest first."""
    text = " ".join(question.casefold().split())
    return tuple(topic for topic in TOPICS if topic.cues.search(text))


def slugs_of(topics: tuple[Topic, ...]) -> tuple[str, ...]:
    """The slugs of ``topics`` in order of confidence: every topic's first, then every topic's second, ..."""
    depth = max((len(topic.slugs) for topic in topics), default=0)
    rounds = (topic.slugs[rank] for rank in range(depth) for topic in topics if rank < len(topic.slugs))
    return tuple(dict.fromkeys(rounds))


def base(slug: str) -> str:
    """The slug without its repetition number: ``spl_unclassified_section.2`` is a ``spl_unclassified_section``."""
    stem, _, number = slug.rpartition(".")
    return stem if number.isdigit() else slug
