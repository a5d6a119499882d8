"""Which words make a clause of their own: a finite verb, an order; and which only look like one."""

from __future__ import annotations

import re

_VERB = (
    r"(?:is|are|was|were|has|have|had|may|might|must|can|could|should|will|would|do|does|did|cannot|need|needs|inhibits"
    r"|induces|occurs|occurred|requires|contains|reduces|raises|lowers|remains|appears|includes|depends|increases"
    r"|decreases|causes|caused|(?:results|resulted) in|(?:leads|led) to|(?:increased|decreased|reduced) (?:the|by)"
    r"|received|improved|potentiated|showed|demonstrated|experienced)\b"
)
FINITE = re.compile(rf"\b{_VERB}", re.IGNORECASE)
# "Patients who are pregnant" is no sentence.
_RELATIVE = re.compile(
    rf"\b(?:(?:who|which|that)\s+(?:\w+ly\s+|also\s+|already\s+)?"
    rf"|(?:(?:for|in|of|by|with) which|whom|whose|where|when|if|unless|while|because)\b[^,;.]{{0,60}}?\b){_VERB}"
    rf"(?:\s+(?:not\s+)?(?:have|be|been)\b)?",
    re.IGNORECASE,
)
FORBIDDING = re.compile(r"(?:do not|don't|avoid|never)\s", re.IGNORECASE)
IMPERATIVE = re.compile(
    r"(?:(?:Adjust|Administer|Advise|Allow|Apply|Ask|Assess|Begin|Call|Check|Confirm|Consider|Continue|Correct|Counsel"
    r"|Decrease|Dilute|Discard|Discontinue|Educate|Ensure|Evaluate|Exclude|Give|Hold|Increase|Individualize|Inform"
    r"|Infuse|Initiate|Inject|Instruct|Interrupt|Keep|Limit|Maintain|Measure|Minimize|Modify|Monitor|Observe|Obtain"
    r"|Perform|Permanently|Prescribe|Provide|Reassess|Reduce|Refer|Repeat|Restart|Resume|Rule out|Screen|Separate|Start"
    r"|Stop|Store|Swallow|Switch|Take|Talk|Taper|Tell|Test|Titrate|Treat|Verify|Wait|Warn|Withhold)\b"
    r"|(?:Carefully|Closely|Gradually|Immediately|Periodically|Promptly|Regularly|Slowly)"
    r" (?!(?:after|and|at|before|by|following|in|on|or|prior|to|upon|with)\b)[a-z]"
    r"|Use (?:with (?:\w+ )?caution\b"
    r"|(?!(?i:after|alone|among|and|as|at|before|beyond|by|concomitantly|during|for|from|if|immediately|in|of|on|or|outside"
    r"|prior|to|together|under|when|while|with|within|without)\b)[\w“\"]))"
)
# Fragments that read as advice: "Use with strong inhibitors."
FRAGMENT = re.compile(
    r"(?:Use|Concomitant|Concurrent|Simultaneous|Co-?administ\w+|Administration|Combin\w+|Recommended|Known|History"
    r"|Hypersensitivity|Adjunct\w*|(?:[A-Z][a-z]+ )?(?:[Tt]reatment|[Pp]revention|[Mm]anagement|[Pp]rophylaxis) of"
    r"|(?:In )?(?:Patients|Persons|Women|Children|Infants|Pregnan\w+))\b[^:]*$",
    re.DOTALL,
)


SHOUTED = 8
"""Words in capitals from which those with a verb are a sentence and no heading."""
_HANGS = re.compile(
    r"\W*(?:THESE|SUCH|HOWEVER|ACCORDINGLY|THEREFORE|THIS(?! (?:PRODUCT|DRUG|MEDICINE)\b)|THAT|THEY|IT|ITS|OF THE|AN?"
    r"|ALSO|BUT|AND|OR|FOR EXAMPLE|WHO|WHICH)\b|\("
)
"""What a sentence in capitals begins with that needs the one before it, or was torn off."""


def shouted(piece: str) -> bool:
    """Whether words in capitals are a sentence that stands by itself: old labels write what is gravest so."""
    return len(piece.split()) >= SHOUTED and not _HANGS.match(piece) and FINITE.search(piece.lower()) is not None


def full(piece: str) -> bool:
    """Whether the piece is a clause of its own: an order that forbids, or words with a finite verb."""
    return FORBIDDING.match(piece) is not None or FINITE.search(_RELATIVE.sub("", piece)) is not None
