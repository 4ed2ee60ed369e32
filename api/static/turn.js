// One question and what came of it.

import { byline, day, hash, original } from "./citing.js";
import { citations } from "./conversation.js";
import { copyButton } from "./copying.js";
import { button, count, element, isolated, marked } from "./dom.js";
import { missed, verdicts } from "./feedback.js";
import { inWords } from "./filters.js";
import { following } from "./following.js";
import { times } from "./times.js";

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

export function reply(turn) {
  return turn.response.answered ? answer(turn) : abstention(turn);
}

function answer(turn) {
  const { answer: found, alternatives = [], conflicts = [], evidence = [] } = turn.response;
  const also = found.also_in ?? [];
  return element("div", { class: "answer" },
    quotation(found.citation),
    confidence(found.confidence),
    conflicts.length ? disagreement(found.citation, conflicts) : null,
    folded(`Also in ${count(also.length, "other place")}`, also.map((citation) => quotation(citation))),
    folded(`Other possible answers: ${alternatives.length}`, alternatives.map(({ citation }) => quotation(citation, { more: [missed(turn.question, citation)] }))),
    folded(`Evidence: ${count(evidence.length, "passage")}`, passages(turn)),
    verdicts(turn));
}

// In words, as in the terminal (api/show.py); the number for those who want it.
function confidence(value) {
  const words = value >= 0.9 ? "Very likely right" : value >= 0.7 ? "Likely right"
    : value >= 0.5 ? "Perhaps right" : "Uncertain";
  return element("details", { class: "confidence" },
    element("summary", {}, words),
    element("p", {}, `Confidence ${value.toFixed(2)}: the probability that this is right, fitted on questions whose answers are known.`));
}

function disagreement(given, conflicts) {
  const side = (label, citation) => element("div", { class: "side" },
    element("h4", {}, citation.date ? day(citation.date) : "Undated"),
    element("p", { class: "hint" }, label),
    quotation(citation, { dated: false }));
  return element("section", { class: "conflicts" },
    element("h3", {}, "The documents disagree"),
    element("div", { class: "sides" },
      side("The answer above", given),
      ...conflicts.map(({ citation, newer }) => side(newer ? "A newer document" : "Another document", citation))));
}

function abstention(turn) {
  const { reason, evidence = [], index } = turn.response;
  const searched = `${count(index.passages, "passage")} of ${count(index.documents, "document")}`;
  const scope = inWords(turn.filters, new Map(Object.entries(turn.titles ?? {})));
  return element("div", { class: "abstention" },
    element("p", { class: "verdict" }, "Not in these documents"),
    element("p", { dir: "auto" }, reason.message),
    element("p", { class: "searched" },
      ...scope.length ? [`Searched, of ${searched}, only `, ...listed(scope), "."] : [`Searched: ${searched}.`]),
    Number.isFinite(reason.confidence) ? element("details", { class: "confidence" },
      element("summary", {}, "How close it was"),
      element("p", {}, `The best candidate had a confidence of ${reason.confidence.toFixed(2)}; an answer needs ${reason.threshold.toFixed(2)}.`)) : null,
    evidence.length ? element("h3", {}, "The nearest passages") : null,
    ...passages(turn),
    verdicts(turn));
}

function quotation(citation, { more = [], dated = true } = {}) {
  const { sentence } = citation;
  const from = citation.start_utf16 - sentence.start_utf16;
  const to = citation.end_utf16 - sentence.start_utf16;
  return element("figure", {},
    element("blockquote", { dir: "auto" }, ...marked(sentence.text, from, to)),
    caption(dated ? citation : { ...citation, date: null }),
    element("div", { class: "actions" }, opens(citation), copyButton(citation), ...more));
}

// A passage stands for its copies in other documents; their titles are known where the response has them elsewhere.
function passages(turn) {
  const { evidence = [] } = turn.response;
  const titles = new Map([...citations(turn), ...evidence].map(({ document_id, title }) => [document_id, title]));
  return evidence.map((found) => passage(found, titles));
}

function passage(found, titles) {
  return element("figure", { class: "passage" },
    element("blockquote", { dir: "auto" }, found.text),
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
  const web = original(place.url);
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
