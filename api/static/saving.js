// A conversation as a file, with all citations: loaded when one is saved.

import { FORMATS, byline, escaped, permalink } from "./citing.js";
import { timesInWords } from "./times.js";

export function json(turns) {
  const said = turns.map(({ conversation, id, made, ...turn }) => turn);
  return JSON.stringify({ service: new URL(".", location.href).href, saved: new Date().toISOString(), turns: said }, null, 2);
}

export function markdown(turns) {
  return turns.map((turn) => {
    const { question, response, fault } = turn;
    const told = [`## ${question.replace(/\s+/g, " ")}`];
    if (!response) return [...told, `*${escaped(fault)}*`];
    told.push(`*${terms(turn).join(", ")}.*`);
    if (!response.answered) {
      const { documents, passages } = response.index;
      told.push(`**Not in these documents.** ${response.reason.message} (${passages} passages of ${documents} documents searched.)`);
      return [...told, ...(response.guesses ?? []).map((guess) => cited(guess.citation, `No sure answer. Perhaps (confidence ${guess.confidence.toFixed(2)}):`))];
    }
    const { citation, confidence, also_in = [] } = response.answer;
    told.push(cited(citation, `Answer: **${response.answer.text.replace(/\s+/g, " ")}** (confidence ${confidence.toFixed(2)})`));
    told.push(...also_in.map((other) => `Also in: ${[other.title, ...byline(other)].join(", ")}: <${permalink(other)}>`));
    told.push(...(response.conflicts ?? []).map((other) => cited(other.citation, `${other.newer ? "A newer" : "Another"} document says otherwise:`)));
    return told;
  }).map((told) => told.join("\n\n")).join("\n\n") + "\n";
}

function terms({ asked, chips = [], filters, ...turn }) {
  const carrying = chips.map((words) => escaped(`“${words.replace(/\s+/g, " ")}”`)).join(" ");
  return [`Asked ${asked}`, carrying && `following up ${carrying}`, filters && `searching only ${JSON.stringify(filters)}`,
    ...timesInWords(turn).map(escaped)].filter(Boolean);
}

function cited(citation, label) {
  const { document_id, document_sha256, start, end } = citation;
  return `${label}\n\n${FORMATS.markdown(citation)}\n\n\`${document_id}\` [${start}, ${end}), SHA-256 \`${document_sha256}\``;
}

export function save(name, kind, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
