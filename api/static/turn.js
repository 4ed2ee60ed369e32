// One question and what came of it.

import { element, marked } from "./dom.js";
import { byline, show } from "./viewer.js";

export function working() {
  return element("p", { class: "working" }, "Searching the documents …");
}

export function problem(message, retry) {
  return element("div", { class: "problem" },
    element("p", { role: "alert" }, message),
    element("button", { type: "button", onclick: retry }, "Try again"));
}

export function reply(response) {
  return response.answered ? answer(response) : abstention(response);
}

export function summary(response) {
  if (!response.answered) return "Not in these documents.";
  const { text, citation } = response.answer;
  return `Answer: ${text} From: ${citation.title}`;
}

function answer({ answer: found, alternatives, conflicts, evidence }) {
  return element("div", { class: "answer" },
    quotation(found.citation),
    element("p", { class: "confidence" }, confidence(found.confidence)),
    disagreement(conflicts),
    folded(`Also in ${found.also_in.length} other ${found.also_in.length === 1 ? "place" : "places"}`,
      found.also_in.map(quotation)),
    folded("Other possible answers", alternatives.map((other) => quotation(other.citation))),
    folded(`Evidence: ${evidence.length} passages`, evidence.map(passage)));
}

// As in the terminal (api/show.py).
function confidence(value) {
  const words = value >= 0.9 ? "Very likely right" : value >= 0.7 ? "Likely right"
    : value >= 0.5 ? "Perhaps right" : "Uncertain";
  return `${words} (confidence ${Math.round(value * 100)} %)`;
}

function disagreement(conflicts) {
  if (!conflicts.length) return null;
  return element("section", { class: "conflicts" },
    element("h3", {}, "Other documents say otherwise"),
    ...conflicts.map((other) => quotation(other.citation)));
}

function abstention({ reason, evidence }) {
  return element("div", { class: "abstention" },
    element("p", { class: "verdict" }, "Not in these documents"),
    element("p", {}, reason.message),
    evidence.length ? element("h3", {}, "The nearest passages") : null,
    ...evidence.map(passage));
}

function quotation(citation) {
  const { sentence } = citation;
  const from = citation.start_utf16 - sentence.start_utf16;
  const to = citation.end_utf16 - sentence.start_utf16;
  return element("figure", {},
    element("blockquote", { dir: "auto" }, ...marked(sentence.text, from, to).parts),
    caption(citation));
}

function passage(found) {
  return element("figure", { class: "passage" },
    element("blockquote", { dir: "auto" }, found.text),
    caption(found));
}

function caption(place) {
  const more = byline(place);
  return element("figcaption", {},
    element("cite", { dir: "auto" }, place.title),
    more ? element("span", { dir: "auto" }, more) : null,
    element("button", { type: "button", onclick: () => show(place) }, "Show in document"));
}

function folded(label, children) {
  if (!children.length) return null;
  return element("details", {}, element("summary", {}, label), ...children);
}
