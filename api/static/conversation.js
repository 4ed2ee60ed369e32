// What was asked and answered, kept in this browser only, and saved as a file.

import { FORMATS, byline, escaped, permalink } from "./citing.js";
import { timesInWords } from "./times.js";

const NAME = "citeqa.conversation";
const MOST = 60; // turns
const ROOM = 2_000_000; // UTF-16 units; browsers give about five million to all pages of an address

// A turn: { question, filters, titles (of the documents that they name), chips (what it carries over), use_dates,
// asked (ISO time), response }.
let turns = read();

export const all = () => turns;

// `earlier`: the same turn as it was kept before, which it replaces.
export function keep(turn, earlier = null) {
  const known = turns.includes(earlier);
  turns = known ? turns.map((each) => each === earlier ? turn : each) : [...turns, turn].slice(-MOST);
  write();
}

export function clear() {
  turns = [];
  write();
}

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME) ?? "[]");
    return kept.filter((turn) => turn.question && turn.response?.index).slice(-MOST);
  } catch {
    return []; // not ours, damaged, or storage is switched off
  }
}

// The oldest turns go first where there is no room; without any storage the page forgets, and works.
function write() {
  for (let kept = turns; ; kept = kept.slice(1)) {
    const text = JSON.stringify(kept);
    if (text.length > ROOM && kept.length) continue;
    try {
      localStorage.setItem(NAME, text);
      return;
    } catch {
      if (!kept.length) return;
    }
  }
}

export function citations({ response: { answer, conflicts, alternatives } }) {
  const others = [...conflicts ?? [], ...alternatives ?? []].map((other) => other.citation);
  return answer ? [answer.citation, ...answer.also_in ?? [], ...others] : others;
}

// All that can be opened: citations, and the passages of the evidence.
export const places = () => turns.flatMap((turn) => [...citations(turn), ...turn.response.evidence ?? []]);

// Every citation of the conversation in one text, each place once, in the order of the text.
export function citedIn(document_id, sha256) {
  const found = new Map();
  for (const citation of turns.flatMap(citations)) {
    if (citation.document_id !== document_id || citation.document_sha256 !== sha256) continue;
    found.set(`${citation.start}-${citation.end}`, citation);
  }
  return [...found.values()].sort((a, b) => a.start - b.start || a.end - b.end);
}

export function json() {
  return JSON.stringify({ service: new URL(".", location.href).href, saved: new Date().toISOString(), turns }, null, 2);
}

export function markdown() {
  return turns.map((turn) => {
    const { question, response } = turn;
    const told = [`## ${question.replace(/\s+/g, " ")}`, `*${terms(turn).join(", ")}.*`];
    if (!response.answered) {
      const { documents, passages } = response.index;
      return [...told, `**Not in these documents.** ${response.reason.message} (${passages} passages of ${documents} documents searched.)`];
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
