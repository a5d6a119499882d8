"""Kills ingest and index at random moments, reruns them plainly, and compares with a run that nothing interrupted."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.store import Store

QUESTIONS = (
    "What are the interactions between propafenone and colchicine?",
    "What is the boxed warning of amiodarone?",
    "Is warfarin safe in pregnancy?",
)
VOLATILE = ("answer_id", "timings_ms", "provenance")


@dataclass(frozen=True, slots=True)
class Outcome:
    """``killed`` runs did not live to their end; ``equal``: documents, passages, index and answers are the same."""

    moments: int
    killed: int
    equal: bool
    documents: int
    passages: int
    generation: str


def crash(paths: Sequence[str], moments: int, seed: int, on_step: Callable[[str], None]) -> Outcome:
    """Runs in temporary homes; takes ``moments`` times about the length of an uninterrupted ingest and index."""
    with tempfile.TemporaryDirectory(prefix="citerx-crash-") as folder:
        whole = Path(folder, "whole")
        lengths = {command: _run(command, whole, paths, None) for command in ("ingest", "index")}
        on_step(f"uninterrupted: {', '.join(f'{name} {seconds:.1f} s' for name, seconds in lengths.items())}")
        rng, killed = random.Random(seed), 0  # noqa: S311
        homes = [Path(folder, "broken-0")]
        for moment in range(moments):
            command = ("ingest", "index")[moment % 2]
            after = rng.uniform(0, lengths[command])
            died = _run(command, homes[-1], paths, after) < 0
            killed += died
            on_step(f"{moment + 1}/{moments}: {command} {'killed' if died else 'ended before'} {after:.1f} s")
            if command == "index" and not died:  # nothing is left to interrupt there
                homes.append(Path(folder, f"broken-{len(homes)}"))
        expected = _content(whole)
        equal = [_finished(home, paths) == expected for home in homes]
        return Outcome(moments, killed, all(equal), *_size(homes[-1]))


def _finished(home: Path, paths: Sequence[str]) -> dict[str, Any]:
    for command in ("ingest", "index"):
        _run(command, home, paths, None)
    return _content(home)


def _run(command: str, home: Path, paths: Sequence[str], kill_after: float | None) -> float:
    """Seconds the command took, or a negative number where it was killed; raises on any other failure."""
    words = [sys.executable, "-m", "api.cli", command, *(paths if command == "ingest" else ())]
    started = time.monotonic()
    with subprocess.Popen(
        words, env=_environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            _, errors = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return -1.0
    # An index of a store that was never filled is no failure here: the kill came before the first commit.
    if process.returncode and kill_after is None:
        raise RuntimeError(f"citerx {command} failed with {process.returncode}: {errors.strip()}")
    return time.monotonic() - started


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CITERX_STORE")}
    return {**kept, "CITERX_HOME": str(home)}


def _content(home: Path) -> dict[str, Any]:
    """Documents with all their text, passages, and answers without what differs from run to run."""
    store = Store.open(f"sqlite:///{home / 'citerx.db'}")
    passages = [row.passage for row in store.index_rows()]
    documents = [store.document(name) for name in sorted({passage.document_id for passage in passages})]
    store.close()
    return {"documents": documents, "passages": passages, "answers": [_answer(home, text) for text in QUESTIONS]}


def _answer(home: Path, question: str) -> dict[str, Any]:
    words = [sys.executable, "-m", "api.cli", "ask", "--json", question]
    done = subprocess.run(words, env=_environment(home), capture_output=True, text=True, check=True)
    answer = {name: value for name, value in json.loads(done.stdout).items() if name not in VOLATILE}
    answer["index"] = json.loads(done.stdout)["provenance"]["index"]
    return answer


def _size(home: Path) -> tuple[int, int, str]:
    from rag.indexes.generations import Manifest

    manifest = Manifest.current(home / "index")
    return manifest.documents, manifest.passages, manifest.generation
