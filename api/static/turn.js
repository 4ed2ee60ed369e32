// One question and what came of it.

import { byline, dateline, hash, original } from "./citing.js";
import { citations } from "./conversation.js";
import { copyButton } from "./copying.js";
import { button, count, element, isolated, isolating, marked } from "./dom.js";
import { excerpt } from "./excerpt.js";
import { missed, verdicts } from "./feedback.js";
import { inWords } from "./filters.js";
import { following } from "./following.js";
import { keepButton } from "./keeping.js";
import { times } from "./times.js";

const SHORT = 48; // UTF-16 units of an answer in a line

// The elements of a turn (see conversation.js), the last of which, `body`, holds the reply. What is taken away or
// switched goes to `change`, as the fields that become different.
export function entry(turn, body, change) {
  const scope = inWords(turn.filters, new Map(Object.entries(turn.titles ?? {})));
  return [
    element("h2", { dir: "auto" }, turn.question),
    following(turn, change),
    scope.length ? element("p", { class: "scope only" }, "Searching only ", ...listed(scope)) : null,
    times(turn, change),
    body,
  ].filter(Boolean);
}

export function working() {
  return element("p", { class: "working" }, "Searching the documents …");
}

// While the passages that were found are read: room for the answer, and below it the passages.
export function reading(turn, found) {
  const several = count(found.length, "passage");
  return [
    element("div", { class: "room" }, element("p", { class: "working" }, `Reading ${several} …`)),
    evidence(turn, found, { open: true }),
  ];
}

export function problem(message, retry) {
  return element("div", { class: "problem" },
    element("p", { role: "alert" }, message),
    button("Try again", retry));
}

export function summary(response) {
  if (!response.answered) return "Not in these documents.";
  const { text, citation } = response.answer;
  return `Answer: ${text} From: ${citation.title}`;
}

// `found`: the passages that are on the page already, whose order is kept.
export function reply(turn, found = null) {
  return turn.response.answered ? answer(turn, found) : abstention(turn, found);
}

function answer(turn, found) {
  const { answer: given, alternatives = [], conflicts = [] } = turn.response;
  const also = given.also_in ?? [];
  return element("div", { class: "answer" },
    quotation(given.citation, turn),
    confidence(given.confidence),
    others(alternatives, turn),
    conflicts.length ? disagreement(conflicts, turn) : null,
    folded(`Also in ${count(also.length, "other place")}`, also.map((citation) => quotation(citation, turn))),
    verdicts(turn),
    evidence(turn, found ?? turn.response.evidence, { open: Boolean(found) }));
}

// In words, as in the terminal (api/wording.py); the number for those who want it.
function confidence(value) {
  const words = value >= 0.9 ? "Very likely right" : value >= 0.7 ? "Likely right"
    : value >= 0.5 ? "Perhaps right" : "Uncertain";
  return element("details", { class: "confidence" },
    element("summary", {}, words),
    element("p", {}, `Confidence ${value.toFixed(2)}: the probability that this is right, fitted on questions whose answers are known.`));
}

// The other answers' words in a line; unfolded, each in its sentence.
function others(alternatives, turn) {
  if (!alternatives.length) return null;
  const words = alternatives.flatMap(({ text }, i) => [i ? " · " : "", element("bdi", { class: "other" }, short(text))]);
  return element("details", { class: "others" },
    element("summary", {}, "Other possible answers: ", ...words),
    ...alternatives.map(({ citation }) => quotation(citation, turn, { more: [missed(turn, citation)] })));
}

const short = (text) => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > SHORT ? `${line.slice(0, SHORT).replace(/\s?\S*$/, "")} …` : line;
};

// What the other documents say; the answer's own side stands above.
function disagreement(conflicts, turn) {
  const side = ({ citation, newer }) => element("div", { class: "side" },
    element("h4", {}, dateline(citation) || "Undated"),
    element("p", { class: "hint" }, newer ? "A newer document" : "Another document"),
    quotation(citation, turn, { dated: false }));
  return element("section", { class: "conflicts" },
    element("h3", {}, "The documents disagree"),
    element("div", { class: "sides" }, ...conflicts.map(side)));
}

function abstention(turn, found) {
  const { reason, guesses = [], evidence: nearest = [], index } = turn.response;
  const searched = `${count(index.passages, "passage")} of ${count(index.documents, "document")}`;
  const scope = inWords(turn.filters, new Map(Object.entries(turn.titles ?? {})));
  return element("div", { class: "abstention" },
    element("p", { class: "verdict" }, "Not in these documents"),
    element("p", {}, ...isolating(reason.message)),
    element("p", { class: "searched" },
      ...scope.length ? [`Searched, of ${searched}, only `, ...listed(scope), "."] : [`Searched: ${searched}.`]),
    Number.isFinite(reason.confidence) ? element("details", { class: "confidence" },
      element("summary", {}, "How close it was"),
      element("p", {}, `The best candidate had a confidence of ${reason.confidence.toFixed(2)}; an answer needs ${reason.threshold.toFixed(2)}.`)) : null,
    guesses.length ? element("section", { class: "guesses" },
      element("h3", {}, "No sure answer. Perhaps:"),
      ...guesses.map((guess) => guessed(guess, turn))) : null,
    verdicts(turn),
    nearest.length ? element("section", { class: "evidence" },
      element("h3", {}, "The nearest passages"),
      ...passages(turn, found ?? nearest)) : null);
}

// Underlined in its sentence, where an answer is marked.
function guessed({ confidence: value, citation }, turn) {
  return quotation(citation, turn, { more: [
    element("span", { class: "hint" }, `Confidence ${value.toFixed(2)}`),
    missed(turn, citation)] });
}

function quotation(citation, turn, { more = [], dated = true } = {}) {
  const { sentence } = citation;
  const from = citation.start_utf16 - sentence.start_utf16;
  const to = citation.end_utf16 - sentence.start_utf16;
  return element("figure", {},
    element("blockquote", { dir: "auto" }, ...marked(sentence.text, from, to)),
    caption(dated ? citation : { ...citation, date: null }),
    element("div", { class: "actions" }, opens(citation), copyButton(citation), keepButton(citation, turn.question), ...more));
}

function evidence(turn, found = [], { open }) {
  if (!found.length) return null;
  return element("details", { class: "evidence", open },
    element("summary", {}, `Evidence: ${count(found.length, "passage")}`), ...passages(turn, found));
}

// A passage stands for its copies in other documents; their titles are known where the response has them elsewhere.
export function passages(turn, found) {
  const titles = new Map([...citations(turn), ...found].map(({ document_id, title }) => [document_id, title]));
  const guesses = (turn.response?.guesses ?? []).map(({ citation }) => citation);
  const candidates = [...citations(turn), ...guesses];
  const asked = [turn.question, ...turn.chips ?? []].join(" ");
  return found.map((each) => passage(each, candidates.find((candidate) => inside(candidate, each)), asked, titles));
}

const inside = (citation, { document_id, start, end }) =>
  citation.document_id === document_id && start <= citation.start && citation.end <= end;

function passage(found, candidate, asked, titles) {
  const mark = candidate && { start: candidate.start_utf16 - found.start_utf16, end: candidate.end_utf16 - found.start_utf16 };
  const [before, words, after] = excerpt(found.text, mark ?? null, asked);
  return element("figure", { class: "passage" },
    element("blockquote", { dir: "auto" }, before, words ? element("mark", {}, words) : null, after),
    caption(found, copies(found.also_in ?? [], titles)),
    element("div", { class: "actions" }, opens(found)));
}

function opens(place) {
  return element("a", { href: hash(place), "aria-label": `Open in document: ${place.title}` }, "Open in document");
}

function copies(ids, titles) {
  if (!ids.length) return null;
  const link = (id) => element("li", {}, element("a", { href: hash({ document_id: id }), dir: "auto" }, titles.get(id) ?? id));
  return element("details", {},
    element("summary", {}, `Also in ${count(ids.length, "other document")}`),
    element("ul", {}, ...ids.map(link)));
}

function caption(place, more = null) {
  const web = original(place.url, place);
  return element("figcaption", {},
    element("cite", { dir: "auto" }, place.title),
    element("span", { class: "byline" },
      ...byline(place).map((word) => element("bdi", {}, word)),
      web ? element("a", { href: web.href, target: "_blank", rel: "noopener noreferrer" }, "Original") : null),
    more);
}

function folded(label, children) {
  if (!children.length) return null;
  return element("details", {}, element("summary", {}, label), ...children);
}

const listed = (words) => words.flatMap((word, i) => i ? [", ", isolated(word)] : [isolated(word)]);
