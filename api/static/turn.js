// One question and what came of it.

import { byline, day, hash, original } from "./citing.js";
import { copyButton } from "./copying.js";
import { button, count, element, isolated, marked } from "./dom.js";
import { verdicts } from "./feedback.js";
import { inWords } from "./filters.js";

// turn: { question, filters, context, titles }; `body` is where the reply will stand.
export function entry({ question, filters, context, titles }, body) {
  const scope = inWords(filters, new Map(Object.entries(titles ?? {})));
  return element("li", { class: "turn" },
    element("h2", { dir: "auto" }, question),
    context ? element("p", { class: "scope" }, "Following up “", isolated(context), "”") : null,
    scope.length ? element("p", { class: "scope only" }, "Searching only ", ...listed(scope)) : null,
    body);
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

export function reply(turn, follow) {
  return turn.response.answered ? answer(turn, follow) : abstention(turn);
}

function answer(turn, follow) {
  const { answer: found, alternatives = [], conflicts = [], evidence = [] } = turn.response;
  const also = found.also_in ?? [];
  const further = button("Follow up", () => follow(turn.question), { class: "quiet" });
  return element("div", { class: "answer" },
    quotation(found.citation, { more: [further] }),
    confidence(found.confidence),
    conflicts.length ? disagreement(found.citation, conflicts) : null,
    folded(`Also in ${count(also.length, "other place")}`, also.map((citation) => quotation(citation))),
    folded(`Other possible answers: ${alternatives.length}`, alternatives.map(({ citation }) => quotation(citation))),
    folded(`Evidence: ${count(evidence.length, "passage")}`, evidence.map(passage)),
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
      ...conflicts.map(({ citation }) => side("Another document", citation))));
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
    ...evidence.map(passage),
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

function passage(found) {
  return element("figure", { class: "passage" },
    element("blockquote", { dir: "auto" }, found.text),
    caption(found),
    element("div", { class: "actions" }, opens(found)));
}

function opens(place) {
  return element("a", { href: hash(place), "aria-label": `Open in document: ${place.title}` }, "Open in document");
}

function caption(place) {
  const web = original(place.url);
  return element("figcaption", {},
    element("cite", { dir: "auto" }, place.title),
    element("span", { class: "byline" },
      ...byline(place).map((word) => element("bdi", {}, word)),
      web ? element("a", { href: web.href, target: "_blank", rel: "noopener noreferrer" }, "Original") : null));
}

function folded(label, children) {
  if (!children.length) return null;
  return element("details", {}, element("summary", {}, label), ...children);
}

const listed = (words) => words.flatMap((word, i) => i ? [", ", isolated(word)] : [isolated(word)]);
