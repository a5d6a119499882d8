"""A BERT of chance over the words of the starter corpus, the corpus indexed with it, and a little literature."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizer

from ingest.pipeline import ingest
from ingest.store import Store
from rag.dense import MiniLM
from rag.indexes.build import build
from rag.settings import Settings

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WIDTH, DEPTH = 32, 4

QUESTIONS = """
[set]
name = "mine"
kind = "label"
description = "A few."
"""
QUESTION = """
[[question]]
id = "{id}"
text = "{text}"
drugs = {drugs}
sections = {sections}
slice = "any"
style = "generic"
"""
PHRASINGS = """
[topics.dosage]
phrasings = ["How much {drug} is given?", "{drug} dose"]
[topics.none]
phrasings = ["Who makes {drug}?"]
"""


DRUGS = (
    *("amiodarone", "amoxicillin", "clarithromycin", "colchicine", "digoxin", "levothyroxine", "lisinopril"),
    "metformin",
    *("metoprolol", "naproxen", "propafenone", "rivaroxaban", "sertraline", "simvastatin", "warfarin"),
)


def starter(home: Path) -> tuple[Settings, MiniLM]:
    """The settings of a home with a part of the starter corpus and its index, and the embedder that made it."""
    settings = Settings(home=home, device="cpu", threads=1)
    store = Store.open(settings.database_url)
    with as_file(files("corpora") / "starter") as folder:  # a part of it, so that tuning takes seconds
        ingest(store, [*(str(folder / "labels" / f"{drug}.xml") for drug in DRUGS), str(folder / "literature.xml")])
    words = sorted({word for row in store.index_rows() for word in re.findall(r"\w+", row.passage.text.lower())})
    model(home / "tiny", words)
    embedder = MiniLM(home / "tiny", device="cpu", threads=1, arithmetic="float32")
    build(store, embedder, settings.index_dir)
    store.close()
    return settings, embedder


def model(folder: Path, words: list[str]) -> None:
    """Writes a sentence-transformers model of four layers that knows these words."""
    torch.manual_seed(0)
    vocabulary = {word: number for number, word in enumerate((*SPECIAL, *words, *"?.,:;()-"))}
    tokenizer = BertTokenizer(vocab=vocabulary)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        num_hidden_layers=DEPTH,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
    )
    plain = folder.with_name(f"{folder.name}-plain")
    BertModel(config).save_pretrained(plain)
    tokenizer.save_pretrained(plain)
    transformer = Transformer(str(plain))
    transformer.max_seq_length = 256
    SentenceTransformer(modules=[transformer, Pooling(WIDTH)], device="cpu").save(str(folder))


def questions(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """A folder of one question set and a few phrasings."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [QUESTION.format(**{name: json.dumps(value).strip('"') for name, value in row.items()}) for row in rows]
    (folder / "mine.toml").write_text(QUESTIONS + "".join(texts))
    (folder / "phrasings.toml").write_text(PHRASINGS)
    return folder


def literature(folder: Path) -> Path:
    """Shared material of a few rows in the form of each set; of them 10b must not be learnt from."""
    train = folder / "train"
    train.mkdir(parents=True)
    snippets = {
        "9B1": ("What does colchicine treat?", "Colchicine treats gout flares."),
        "8B1": ("Is digoxin a glycoside?", "Digoxin is a cardiac glycoside."),
        "10B1": ("What is warfarin?", "Warfarin is an anticoagulant of the tenth batch."),
    }
    bioasq = [
        {
            "id": batch,
            "batch": batch,
            "type": "yesno",
            "exact_answer": "yes",
            "ideal_answer": [text],
            "question": question,
            "snippets": [{"text": text}],
        }
        for batch, (question, text) in snippets.items()
    ]
    medquad = [
        {"question": f"What is {name}?", "answer": f"A disease of the {part}.", "focus": name, "type": "x"}
        for name, part in (("Gout", "joints"), ("Asthma", "lungs"), ("Nephritis", "kidneys"), ("Hepatitis", "liver"))
    ]
    pubmedqa = [{"question": "Does statin therapy help?", "contexts": ["Statins were given.", "They helped."]}]
    pubmedqa = [{**row, "long_answer": "Statins help.", "final_decision": "yes"} for row in pubmedqa]
    evidence = [{"intervention": "aspirin", "comparator": "placebo", "outcome": "pain", "evidence": "Pain was less."}]
    evidence = [{**row, "pmcid": "1", "label": "significantly decreased"} for row in evidence]
    squad = {"data": [{"paragraphs": [{"context": "The virus spreads by droplets.", "qas": [ASKED]}]}]}
    for name, rows in (
        ("bioasq_7b_10b", bioasq),
        ("medquad", medquad),
        ("pubmedqa_train500", pubmedqa),
        ("evidence_inference_train", evidence),
    ):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (train / f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "literature").mkdir()
    with zipfile.ZipFile(folder / "literature" / "pmc-jats.zip", "w") as archive:
        archive.writestr("PMC1.nxml", f"<article><body><p>Introduction.</p><p>{PARAGRAPH}</p></body></article>")
    for name in ("covidqa", "xquad_en"):
        (train / f"{name}.json.gz").write_bytes(gzip.compress(json.dumps(squad).encode()))
    return folder


PARAGRAPH = "Colchicine lowered the rate of <i>gout</i> flares."
ASKED = {"question": "How does it spread?", "answers": [{"answer_start": 22, "text": "droplets"}]}
