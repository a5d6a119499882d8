from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.vocabulary import ingredient_names
from corpora.vocabulary.people import is_name, personal_names, words_of
from rag.naming.abbreviations import written_out
from rag.neutral.people import kin, work
from rag.neutral.pronouns import without_sex
from rag.neutral.question import neutral

DRUGS = frozenset({"digoxin", "amiodarone", "metformin", "prolumex"})


@pytest.mark.parametrize(
    "variants",
    [
        ("Digoxin dose at CrCl 25?", "Digoxin dose at creatinine clearance 25?"),
        ("Digoxin in AF?", "Digoxin in atrial fibrillation?"),
        ("A 45-year-old man on digoxin is dizzy.", "A 52-year-old Greek woman on digoxin is dizzy."),
        ("Can Mrs. Silva take digoxin?", "Can Mr. Okafor take digoxin?", "Can Ms. Xyzzyq take digoxin?"),
        ("My husband takes digoxin; is he at risk?", "My wife takes digoxin; is she at risk?"),
        ("A homeless man asks about digoxin.", "A Muslim teacher asks about digoxin."),
        ("54M on digoxin, now amiodarone.", "47F on digoxin, now amiodarone."),
        ("F 47, digoxin day 3, nausea.", "M 52, digoxin day 3, nausea."),
        ("Pt (Maori, 44) on digoxin: level?", "Pt (Kurdish, 44) on digoxin: level?"),
        ("Our patient, Zambian, 31, takes digoxin.", "Our patient, Bhutanese, 31, takes digoxin."),
        ("My aunt, who runs a kiosk, takes digoxin.", "My aunt, who teaches chess, takes digoxin."),
        ("I'm Qwenda. Is digoxin taken with food?", "I'm Zyblorian. Is digoxin taken with food?"),
        ("Bed 9, Qwendara: digoxin level 3.", "Bed 9, Smith: digoxin level 3."),
        ("Since Qwendara began digoxin she sees halos.", "Since Jamal began digoxin he sees halos."),
        ("Is it ok for Qwendara to drink on digoxin?", "Is it ok for Anna to drink on digoxin?"),
        ("Religion: Hindu. Digoxin with food?", "Religion: Jain. Digoxin with food?"),
        ("A man in his late forties takes digoxin.", "A woman in her mid-fifties takes digoxin."),
        ("I turned 36. Is digoxin taken with food?", "I turned 41. Is digoxin taken with food?"),
        ("Digoxin level 3 - patient is male, 49. Stop?", "Digoxin level 3 - patient is nonbinary, 38. Stop?"),
        ("Patient of Turkish descent on digoxin.", "Patient of Nepali descent on digoxin."),
        ("Married, 46, on digoxin since May.", "Single, 46, on digoxin since May."),
        ("A divorced welder takes digoxin.", "A single poet takes digoxin."),
        ("A patient with Medicare takes digoxin.", "A patient with no insurance takes digoxin."),
        ("Insurance: Blue Cross. Digoxin with food?", "Insurance: none. Digoxin with food?"),
        ("A farmer from rural Kansas takes digoxin.", "A nun from Glasgow takes digoxin."),
        ("Born in Laos and raised in Leeds, my patient takes digoxin.", "Born in Chile, my patient takes digoxin."),
        ("Lives alone on the fourth floor. Takes digoxin.", "Lives with her partner in a caravan. Takes digoxin."),
        ("He worries about the price. Digoxin with food?", "She worries about her bills. Digoxin with food?"),
        ("An asylum seeker on digoxin is dizzy.", "A foreign exchange student on digoxin is dizzy."),
        ("Pt. J.K. on digoxin: level?", "Pt. A.M. on digoxin: level?"),
        ("Should Xyzzyq stop her digoxin?", "Should Jacob stop his digoxin?"),
        ("At the age of 42, is digoxin halved?", "At the age of 37, is digoxin halved?"),
        ("Veteran with asthma on digoxin: can he fly?", "Journalist with asthma on digoxin: can she fly?"),
        ("Construction worker, non-smoker, 44. Digoxin?", "Unemployed, non-smoker, 46. Digoxin?"),
        ("Is digoxin safe for someone with asthma?", "Is digoxin safe for a female with asthma?"),
        ("Uninsured patient on digoxin: level?", "Privately insured patient on digoxin: level?"),
        ("Mr. Roux of 12 Rose Street takes digoxin.", "Mr. Castillo of 30 Park Avenue takes digoxin."),
        ("Digoxin made her faint; she stopped it.", "Digoxin made him faint; he stopped it."),
        ("A lady in bed 3 speaks Danish; digoxin level?", "A lady in bed 3 speaks Tamil; digoxin level?"),
        ("Using a Zulu interpreter. Digoxin with food?", "Using no interpreter. Digoxin with food?"),
        ("A Danish-speaking grocer takes digoxin.", "An Anglo-Indian grocer takes digoxin."),
        ("A lawyer of Sámi origin asked about digoxin.", "A lawyer asked about digoxin."),
        ("Digoxin level 3? Croatian, Catholic, 37.", "Digoxin level 3? Cuban, Quaker, 39."),
        ("My tenant's sister forgot digoxin.", "My partner's nephew forgot digoxin.", "My aunt forgot digoxin."),
        ("A trucker's digoxin was left at work.", "An Omani nun's digoxin was left at work."),
        ("Imam Yusuf Karimi, 44, newly on digoxin.", "Rev. Ann Whitlock, 44, newly on digoxin."),
        ("A member of our chess club has been given digoxin.", "A Dane in town for a wedding has been given digoxin."),
        ("Language: Pashto. Digoxin with food?", "DOB 1978. Digoxin with food?"),
        ("44/M/Finnish/welder on digoxin.", "41/F/Kenyan/poet on digoxin.", "Adult on digoxin."),
        ("Widow of 57 on digoxin.", "Father of 52 on digoxin."),
        ("A bus driver (51) on digoxin.", "A nurse (47) on digoxin."),
        ("A lesbian on digoxin, level?", "A newlywed on digoxin, level?"),
        ("Proud yachtsman, avid reader, on digoxin: level?", "Proud novelist, keen voter, on digoxin: level?"),
        ("He doesn't speak Danish and takes digoxin.", "She speaks Danish and takes digoxin."),
    ],
)
def test_patients_who_differ_in_nothing_that_matters_ask_the_same(variants: tuple[str, ...]) -> None:
    read = {neutral(text, DRUGS) for text in variants}
    assert len(read) == 1, read
    assert "digoxin" in read.pop().casefold()


@pytest.mark.parametrize(
    "text",
    [
        "Can a woman of childbearing potential take leflunomide?",
        "Is finasteride for men only?",
        "Starting dose of eltrombopag in a Chinese adult?",
        "Does a Black patient on lisinopril swell more often?",
        "Must an Asian patient be tested for HLA-B*1502 before carbamazepine?",
        "Is the starting dose of rosuvastatin lower in a Chinese patient?",
        "Apixaban in an 82-year-old weighing 58 kg",
        "Dose of amoxicillin for a 7-year-old",
        "Does a 20-year-old on duloxetine need watching?",
        "Levofloxacin in a 62-year-old, tendons?",
        "Metformin is started at eGFR 28",
        "Diabetic patient on furosemide: what about glucose?",
        "I'm 37 and smoke. Is the drospirenone pill off limits?",
        "Should a smoker with Crohn's on digoxin stop?",
        "German measles vaccine with digoxin?",
        "Low white count and black stools on digoxin, single dose missed.",
        "Does Parkinson's disease worsen with digoxin?",
        "Does St. John's wort lower digoxin?",
        "Should a soldier exposed to anthrax take ciprofloxacin?",
        "Is gelatin in the capsule a problem for a Muslim patient?",
        "Dose of Fanvexor with digoxin, and can Fanvexor be crushed?",
        "Since Prolumex began, digoxin is high.",
        "Is metformin used more in Hispanic or Chinese patients?",
        "Digoxin for Lambert-Eaton myasthenic syndrome?",
        "Is digoxin safe for Machado-Joseph disease?",
        "Is Laing distal myopathy worse on digoxin?",
        "Digoxin and His bundle tachycardia, what next?",
        "Does Rhamnose have any effect on digoxin?",
        "Is the pupil wide on digoxin?",
        "Who is the Minister of Health?",
        "What is the MAID regimen?",
        "dose M 25?",
        "Where is digoxin kept, fridge or cupboard?",
        "Does digoxin slow the pulse, or am I hooked?",
        "PLATO, patients on digoxin: what came out?",
        "Digoxin at night, which is the shift worker's day?",
        "Is digoxin for Bow Hunter's syndrome?",
        "Male patient on digoxin is trying for a baby, does sperm recover?",
        "Allopurinol in a Korean patient: is HLA-B*5801 tested?",
        "Is zolpidem halved in women?",
        "Is digoxin approved in the United States?",
        "Is 10 mg zolpidem too much for a 45-year-old woman?",
        "May a 35-year-old woman with epilepsy take valproate?",
        "Tacrolimus starting dose for a Black patient?",
        "Is a dose of 5 Drops Fennel taken with digoxin at Court level?",
        "Is a transfusion refused by a Jehovah's Witness?",
        "Enalapril or hydralazine for an African American with heart failure?",
        "Quetiapine 25 mg for delirium, taper?",
        "Lips puffy, blinking, on digoxin?",
        "The insurance company's digoxin leaflet",
        "My late period on digoxin, why?",
        "A swimmer's ear with digoxin?",
        "M/45/Diabetic on digoxin",
    ],
)
def test_what_matters_stays(text: str) -> None:
    assert neutral(text, DRUGS) == text


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    found = neutral(text)
    assert found == text or len(found) <= 3 * len(text) + 20


PARTS = [
    "A 45-year-old",
    "Greek",
    "woman",
    "my brother,",
    "who runs a bakery,",
    "Fatima",
    "Mr. Smith",
    "takes",
    "digoxin",
    "and",
    "amiodarone",
    "2.5 mg",
    "with asthma",
    "not",
    "he",
    "her",
    "(Sikh, 34)",
    "on Medicaid",
    "- patient is male, 49.",
    "Is it safe?",
    "Married, 46,",
    "54F",
    "eGFR 28",
]


@given(st.lists(st.sampled_from(PARTS), max_size=10))
def test_read_twice_is_read_once_and_nothing_medical_goes(parts: list[str]) -> None:
    text = " ".join(parts)
    once = neutral(text, DRUGS)
    assert neutral(once, DRUGS) == once
    for word in (r"\bdigoxin\b", r"\bamiodarone\b", r"\b2\.5 mg\b", r"\basthma\b", r"\bnot\b", r"\beGFR 28\b"):
        assert len(re.findall(word, once, re.IGNORECASE)) == len(re.findall(word, text))


@settings(deadline=None)
@given(st.sampled_from(sorted(name for name in ingredient_names() if name.isalpha())), st.booleans())
def test_no_drug_is_a_person(name: str, beside: bool) -> None:
    text = f"Since {name.capitalize()} was started the pulse is slow. Can {name.capitalize()} be stopped?"
    assert neutral(text, DRUGS if beside else frozenset()) == text


@given(
    st.lists(
        st.sampled_from(["digoxin", "2.5", "mg", "daily", "with", "food", "and", "CrCl", "25", "not"]), max_size=12
    )
)
def test_a_question_without_a_person_is_unchanged(words: list[str]) -> None:
    text = " ".join(words)
    assert neutral(text, DRUGS) == written_out(text)


@pytest.mark.parametrize("people", ["Uruguayan", "Malaysian", "Igbo", "Sri Lankan", "Welsh"])
@pytest.mark.parametrize(
    "form", ["A {} man takes digoxin.", "My patient, {}, takes digoxin.", "I'm {}. I take digoxin."]
)
def test_peoples_are_told_by_their_place(people: str, form: str) -> None:
    assert people not in neutral(form.format(people), DRUGS)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Is digoxin safe for a 45-year-old diabetic?", "diabetic"),
        ("45-year-old allergic to penicillin, cefazolin?", "allergic to penicillin"),
        ("a 50-year-old epileptic man on tramadol", "epileptic"),
        ("a 40 year old hepatic patient", "hepatic"),
        (
            "A 45-year-old Greek woman with renal impairment, is colchicine ok?",
            "with renal impairment, is colchicine ok?",
        ),
        ("My 45-year-old husband takes it", "takes it"),
        ("My aunt, who works nights and has asthma, takes digoxin.", "asthma"),
        ("A backpacker - Finnish, once treated for depression - wants mefloquine.", "once treated for depression"),
        ("Sister had medullary thyroid cancer. Is liraglutide allowed?", "had medullary thyroid cancer"),
        ("HIV-positive Turkish man on efavirenz", "HIV-positive"),
        ("My son, who is 7, takes digoxin. Dose?", "7"),
        ("A teacher, who has moyamoya, takes digoxin.", "who has moyamoya"),
        ("He lives with Wolff-Parkinson-White syndrome. Digoxin?", "Wolff-Parkinson-White syndrome"),
        ("My aunt, who works with pesticides, takes digoxin.", "pesticides"),
        ("She forgot two this morning. Digoxin again?", "She forgot two this morning".replace("She", "They")),
        ("He runs a bakery and takes warfarin.", "warfarin"),
        ("A woman, 30 weeks along and pregnant, takes digoxin.", "A woman, 30 weeks along and pregnant"),
        ("She is breastfeeding. Digoxin?", "She is breastfeeding"),
        ("He is 82 and lives alone. Digoxin dose?", "82"),
        ("Her daughter, 6, takes digoxin.", "6"),
        ("He uses a sauna. Fentanyl patch?", "sauna"),
        ("He is on Metfromin. Digoxin?", "Metfromin"),
        ("He drives a bus. Does digoxin make one drowsy?", "a bus"),
        ("A Swedish visitor with gout takes digoxin.", "with gout"),
        ("One patient who developed a rash takes digoxin.", "who developed a rash"),
        ("My insurer won't cover the brand of digoxin.", "won't cover"),
        ("Start allopurinol in a Korean on digoxin?", "Korean"),
        ("Religion: Jain. Does the digoxin capsule hold gelatin?", "Jain"),
        ("Must a Thai cook have HLA-B*5801 tested?", "Thai"),
        ("Rosuvastatin starting dose for a Japanese clerk", "Japanese"),
        ("Name: Prolumex. Digoxin too?", "Prolumex"),
        ("A tailor who doesn't take digoxin is dizzy.", "who doesn't take digoxin"),
        ("My aunt from Oslo no longer takes digoxin.", "no longer takes digoxin"),
        ("Patient not on amiodarone, on digoxin, level?", "not on amiodarone"),
        ("A Greek poet never took digoxin.", "never took digoxin"),
        ("Where do I keep digoxin tablets, fridge or cupboard", "fridge or cupboard"),
        ("DOB 2021. Digoxin dose?", "2021"),
        ("He speaks slowly since digoxin, normal?", "speak slowly"),
        ("A traveller back from Ghana has malaria, digoxin?", "Ghana"),
        ("Our lodger, a former drinker, takes digoxin.", "former drinker"),
    ],
)
def test_an_illness_beside_a_detail_stays(text: str, kept: str) -> None:
    assert kept in neutral(text, DRUGS)


@given(
    st.sampled_from(
        ["asthma", "moyamoya", "warfarin", "eGFR 28", "dialysis", "HIV", "an allergy", "a sauna", "rat poison"]
    ),
    st.sampled_from(
        [
            "He has {}.",
            "A baker, who has {}, takes it.",
            "She lives with {} in Leeds.",
            "A nun from Leeds with {} takes it.",
        ]
    ),
)
def test_what_is_not_idle_stays_in_every_clause(what: str, form: str) -> None:
    assert what in neutral(f"{form.format(what)} Digoxin dose?", DRUGS)


@settings(deadline=None)
@given(
    st.sampled_from([word for word in words_of("people") if word.isalpha()]),
    st.sampled_from(["She speaks {} and takes it. ", "Speaks only {}. ", "A {}-speaking aunt takes it. "]),
)
def test_no_tongue_is_read(tongue: str, form: str) -> None:
    read = neutral(form.format(tongue.capitalize()) + "Digoxin level 3, CrCl 25?", DRUGS)
    assert tongue not in read.casefold()
    assert "Digoxin level 3, creatinine clearance 25?" in read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Does she take her tablets?", "Do they take their tablets?"),
        ("Give her codeine?", "Give them codeine?"),
        ("He carries it himself.", "They carry it themselves."),
        ("HER2 or HER-2?", "HER2 or HER-2?"),
        ("He's gained weight, is he ill?", "They have gained weight, are they ill?"),
    ],
)
def test_pronouns_agree(text: str, read: str) -> None:
    assert without_sex(text) == read


def test_the_lists_hold_what_they_say() -> None:
    assert is_name("Nguyễn")
    assert is_name("Mei-Ling's")
    assert not is_name("Crohn")
    assert not personal_names() & ingredient_names()
    assert {"sri lankan", "finnish"} <= set(words_of("people"))
    assert re.fullmatch(work(), "truck driver")
    assert kin()["fiancée"] == "partner"
