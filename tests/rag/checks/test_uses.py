"""Claims that allow or advise a use, beside sources that speak against it in other words than "not", or say nothing."""

from __future__ import annotations

import pytest

from rag.checks.claims import Source, flaws
from rag.drugs import Resolver

DRUGS = (
    *("codeine", "apixaban", "tramadol", "nitrofurantoin", "clozapine", "metformin", "dronedarone", "citalopram"),
    *("warfarin", "ibuprofen", "aspirin", "colchicine", "lisinopril", "verapamil", "digoxin", "quinidine"),
    *("amiodarone", "sulfasalazine", "simvastatin", "metronidazole", "sildenafil", "lithium", "lamotrigine"),
    *("valproate", "clopidogrel", "omeprazole", "dabigatran", "enalapril", "acetaminophen", "ceftriaxone"),
    *("nitroglycerin", "metoprolol", "linezolid", "ketorolac", "methotrexate"),
)
NAMES = Resolver.from_names((str(place), "generic", name) for place, name in enumerate(DRUGS))

CODEINE = "Codeine is contraindicated in children younger than 12 years."
TRAMADOL = "Do not prescribe tramadol to patients who are suicidal or prone to addiction."
ANURIA = "Anuria rules out nitrofurantoin."
CLOZAPINE = "Withhold clozapine when the neutrophil count is below 1000/uL."
METFORMIN = "Discontinue metformin if the eGFR falls below 30 mL/min."
LIVER = "Active liver disease precludes the use of simvastatin."
STOP = "Stop lisinopril as soon as pregnancy is detected."

REFUSED = [
    (CODEINE, "Children under 12 years may take codeine."),
    (CODEINE, "Children under 12 years should receive codeine."),
    (
        "Apixaban is contraindicated in patients with active pathological bleeding.",
        "Patients with active pathological bleeding should receive apixaban.",
    ),
    (TRAMADOL, "Suicidal patients may take tramadol."),
    (TRAMADOL, "Tramadol is suitable for suicidal patients."),
    (ANURIA, "Patients with anuria may receive nitrofurantoin."),
    (CLOZAPINE, "Patients with a neutrophil count below 1000/uL may receive clozapine."),
    (METFORMIN, "Patients whose eGFR falls below 30 mL/min may receive metformin."),
    (LIVER, "Patients with active liver disease may receive simvastatin."),
    (
        "Dronedarone is withheld from patients in permanent atrial fibrillation.",
        "Patients in permanent atrial fibrillation may receive dronedarone.",
    ),
    (
        "In patients older than 60 years the maximum dose of citalopram is 20 mg a day.",
        "Patients older than 60 years may take the usual dose of citalopram.",
    ),
    (
        "Watch closely for bleeding when warfarin is combined with ibuprofen.",
        "Patients on warfarin should take ibuprofen.",
    ),
    (
        "Fatal bleeding has been reported when warfarin was taken with aspirin.",
        "Patients on warfarin should take aspirin.",
    ),
    (
        "On dialysis, treat a flare with a single 0.6 mg dose of colchicine and do not repeat it within two weeks.",
        "Patients on dialysis may receive the usual colchicine dose.",
    ),
    (STOP, "Pregnant women can continue lisinopril."),
    (
        "Verapamil is prohibited in severe left ventricular dysfunction.",
        "Verapamil is an appropriate choice in severe left ventricular dysfunction.",
    ),
    (
        "Digoxin is unsafe beside quinidine unless its dose is halved.",
        "Digoxin can be taken beside quinidine at the full dose.",
    ),
    (
        "Halve the dose of digoxin when amiodarone is started.",
        "Patients who start amiodarone can keep their usual digoxin dose.",
    ),
    (
        "Hypersensitivity to sulfonamides forbids sulfasalazine.",
        "Patients with hypersensitivity to sulfonamides may be given sulfasalazine.",
    ),
    ("Refrain from alcohol while taking metronidazole.", "Alcohol is allowed while taking metronidazole."),
    ("Hold metformin at the time of iodinated contrast.", "Metformin may be given at the time of iodinated contrast."),
    ("Sildenafil is inadvisable with nitrates.", "Sildenafil may be used with nitrates."),
    ("Women treated with lithium should refrain from breastfeeding.", "Lithium is compatible with breastfeeding."),
    (
        "Deaths have occurred in children given codeine after tonsillectomy.",
        "Codeine is an option in children after tonsillectomy.",
    ),
    (
        "Serious rashes have been reported with lamotrigine and valproate together.",
        "Lamotrigine is well tolerated together with valproate.",
    ),
    (
        "Avoid omeprazole in patients who take clopidogrel.",
        "Patients who take clopidogrel are advised to take omeprazole.",
    ),
    (
        "Dabigatran has not been studied in patients with mechanical heart valves.",
        "Patients with mechanical heart valves can take dabigatran.",
    ),
    ("Ketorolac is excluded in advanced renal impairment.", "Ketorolac is fine in advanced renal impairment."),
    ("Linezolid is unsuitable for patients on metoprolol.", "Linezolid is a good choice for patients on metoprolol."),
    ("Pregnancy must be ruled out before methotrexate is started.", "Pregnant women can start methotrexate."),
    (
        "Metformin is contraindicated in severe renal impairment. No dose adjustment is needed in mild impairment.",
        "The usual dose of metformin can be given in severe renal impairment.",
    ),
    (
        "Do not give metformin in severe renal impairment. No dose adjustment is needed in mild impairment.",
        "The usual dose of metformin can be given in severe renal impairment.",
    ),
    (
        "Deaths occurred in children given codeine after tonsillectomy, at usual doses.",
        "Children can be given codeine at usual doses after tonsillectomy.",
    ),
    (
        "Toxicity occurred in patients with renal failure with no reduction of the digoxin dose.",
        "Digoxin may be given to patients with renal failure with no reduction of the dose.",
    ),
    (
        "Levels fell with 20 mg of simvastatin; death was reported in patients with liver disease.",
        "Patients with liver disease can take simvastatin.",
    ),
    ("Discontinuation of metformin is recommended in renal failure.", "Metformin is recommended in renal failure."),
    ("The combination of linezolid and sertraline may be fatal.", "Linezolid may be taken in combination."),
]
NOT_FORBIDDEN = [
    ("Warfarin was stopped before surgery in elderly patients.", "Elderly patients should not take warfarin."),
    ("Interrupt clopidogrel before surgery in patients with stents.",
     "Patients with stents should not take clopidogrel."),
    ("Dabigatran was discontinued by 5% of patients with dyspepsia.",
     "Dabigatran should not be taken by patients with dyspepsia."),
    ("Neonates exposed to tramadol during pregnancy may develop withdrawal syndrome.",
     "Tramadol should not be taken during pregnancy."),
    ("Patients with renal failure were excluded from the study of metformin.",
     "Metformin is contraindicated in renal failure."),
    ("Rule out pregnancy before starting methotrexate.", "Methotrexate is contraindicated in pregnancy."),
    ("It is not contraindicated to give digoxin with verapamil.", "Digoxin is contraindicated with verapamil."),
]  # fmt: skip
PASSED = [
    (CODEINE, "Children under 12 years must not take codeine."),
    (CODEINE, "Codeine should not be given to children under 12 years."),
    (ANURIA, "Nitrofurantoin should not be given to patients with anuria."),
    (ANURIA, "Anuria is a contraindication to nitrofurantoin."),
    (CLOZAPINE, "Clozapine should be withheld when the neutrophil count is below 1000/uL."),
    (METFORMIN, "Metformin should be stopped if the eGFR falls below 30 mL/min."),
    (LIVER, "Patients with active liver disease should not receive simvastatin."),
    (STOP, "Lisinopril should be stopped when pregnancy is detected."),
    ("Apixaban may be crushed and taken in apple sauce.", "Patients may take apixaban crushed in apple sauce."),
    ("The recommended dose is 5 mg twice daily.", "Patients should take 5 mg twice daily."),
    ("Take one tablet of lisinopril with food.", "Patients should take one tablet of lisinopril with food."),
    ("No dose adjustment is needed in mild renal impairment.",
     "Patients with mild renal impairment may receive the usual dose."),
    ("Enalapril is indicated for hypertension.", "Patients with hypertension may receive enalapril."),
    ("Metformin can be used during breastfeeding.", "Breastfeeding women may take metformin."),
    ("Adults with normal renal function: 500 mg every 6 hours.",
     "Adults with normal renal function should receive 500 mg every 6 hours."),
    ("Acetaminophen is preferred to ibuprofen in patients on warfarin.",
     "Patients on warfarin should take acetaminophen rather than ibuprofen."),
    ("Use with caution in patients with epilepsy.", "It may be used with caution in patients with epilepsy."),
    ("Treatment may continue if the rash is mild.", "Patients may continue treatment if the rash is mild."),
    ("Dabigatran may be restarted when bleeding is controlled.",
     "Dabigatran may be restarted when bleeding is controlled."),
    ("Ceftriaxone is an option in penicillin allergy without anaphylaxis.",
     "Patients with penicillin allergy without anaphylaxis can receive ceftriaxone."),
    ("Nitroglycerin was used safely with metoprolol.", "Metoprolol can be taken with nitroglycerin."),
    ("Stop apixaban 48 hours before surgery; it can be resumed afterwards.", "Apixaban can be resumed afterwards."),
    ("Dizziness occurred in patients taking lisinopril.", "Patients taking lisinopril may have dizziness."),
    ("Reduce the dose of colchicine when clarithromycin is given.",
     "The dose of colchicine should be reduced when clarithromycin is given."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "claim"), REFUSED)
def test_what_a_source_does_not_allow_is_not_allowed(text: str, claim: str) -> None:
    assert flaws(claim, [Source(text)], NAMES)


@pytest.mark.parametrize(("text", "claim"), NOT_FORBIDDEN)
def test_what_a_source_only_stopped_or_left_out_is_not_forbidden(text: str, claim: str) -> None:
    assert flaws(claim, [Source(text)], NAMES)


@pytest.mark.parametrize(("text", "claim"), PASSED)
def test_what_a_source_allows_or_forbids_may_be_said(text: str, claim: str) -> None:
    assert flaws(claim, [Source(text)], NAMES) == ()
