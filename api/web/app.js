"use strict";
// Everything from the service is set as text, never as HTML.
const byId = (id) => document.getElementById(id);

function node(tag, text, properties = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  made.textContent = text;
  return made;
}

function fill(id, nodes) {
  byId(id).replaceChildren(...nodes);
  const part = byId(id + "-part");
  if (part) part.hidden = nodes.length === 0;
}

const link = (number) => node("a", `[${number}]`, { href: `#reference-${number}` });

function statement({ text, citations, support, under = [] }, references) {
  const drugs = references.find((source) => source.number === citations[0])?.drugs ?? [];
  const line = node("p", "");
  // The marks of notes, as rag/sentences/notes.py has them.
  const noted = ({ text }) => /^(?:\*{1,4}|[†‡§¶]{1,2}|#|[ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐ¹²³⁴⁵⁶⁷⁸⁹])/.test(text);
  const titles = under.filter((quote) => !noted(quote)).map((title) => title.text).join(". ");
  const notes = under.filter(noted).map((note) => `(${note.text}) `).join("");
  line.append(node("strong", drugs.length ? drugs.join(", ") + ": " : ""), node("em", titles && titles + " — "));
  line.append(text + " ", notes, ...citations.map(link));
  if (support === "unsupported") line.append(node("span", " not supported", { className: "mark" }));
  return line;
}

function reference(source) {
  const item = node("li", "", { id: `reference-${source.number}`, value: source.number });
  const safe = /^https?:\/\//.test(source.url);
  const marks = ["retracted", "expression_of_concern", "corrected", "superseded", "scanned", "editorial"]
    .filter((mark) => source[mark]).map((mark) => mark.replaceAll("_", " "));
  item.append(
    safe ? node("a", source.citation, { href: source.url, rel: "noopener noreferrer" }) : node("span", source.citation),
    node("span", ` ${source.section}`),
    node("span", marks.length ? ` (${marks.join(", ")})` : "", { className: "mark" }),
    ...source.quotes.map((quote) => node("blockquote", quote.text)),
  );
  return item;
}

function show(answer) {
  const { provenance, statements } = answer;
  byId("heading").textContent = { answered: "Answer", partial: "Partial answer", abstained: "No answer" }[answer.status];
  fill("notices", answer.notices.map((notice) => node("li", notice.message)));
  fill("answer", statements.length ? statements.map((item) => statement(item, answer.references)) : [node("p", answer.answer)]);
  fill("safety", answer.safety.map((item) => {
    const line = node("li", `${item.drug}: ${item.section.replaceAll("_", " ")} `);
    line.append(link(item.reference));
    return line;
  }));
  fill("references", answer.references.map(reference));
  byId("provenance").textContent =
    `Index ${provenance.index}, newest source ${provenance.newest_source ?? "undated"}, ${Math.round(answer.timings_ms.total)} ms.`;
  byId("demonstration").hidden = !provenance.demonstration;
  byId("result").hidden = false;
}

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("state").textContent = "Searching…";
  byId("result").hidden = true;
  try {
    const body = JSON.stringify({ question: byId("question").value });
    const response = await fetch("/ask", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const data = await response.json();
    if (!response.ok) throw new Error(data.detail);
    show(data);
    byId("state").textContent = "";
  } catch (error) {
    byId("state").textContent = `No answer: ${error.message}`;
  }
});

fetch("/readyz").then((response) => response.json()).then((ready) => {
  byId("demonstration").hidden = !ready.demonstration;
  if (ready.detail) byId("state").textContent = ready.detail;
});
