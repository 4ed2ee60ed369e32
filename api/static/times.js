// Times in a question: what the service understood, what each did, and switching them off and on again.

import { day } from "./citing.js";
import { button, chip, element, isolated } from "./dom.js";

const UNUSED = "Times in the question are not used";

// The day it is where the browser is, which "last week" counts from, as YYYY-MM-DD.
export function today() {
  const now = new Date();
  const two = (number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

export function times(turn, change) {
  const { understood, applied } = dates(turn);
  if (!understood.length) return null;
  const group = (...children) => element("div", { class: "terms", role: "group", "aria-label": "Times in the question" }, ...children);
  if (applied) {
    const off = () => change({ use_dates: false });
    return group(...understood.map((timing) =>
      chip(["“", isolated(timing.text), `”: ${deed(timing)}`], inWord(timing), off)));
  }
  if (turn.use_dates ?? true) return group(element("span", {}, `${UNUSED}, since the filters name days`));
  return group(element("span", {}, UNUSED), button("Use them", () => change({ use_dates: true }), { class: "quiet" }));
}

// The same in words, a list.
export function timesInWords(turn) {
  const { understood, applied } = dates(turn);
  if (applied) return understood.map(inWord);
  return understood.length ? [UNUSED.toLowerCase()] : [];
}

function dates({ response }) {
  const { understood = [], applied = false } = response?.dates ?? {};
  return { understood, applied };
}

const inWord = (timing) => `“${timing.text}”: ${deed(timing)}`;

function deed({ use, date_from, date_to }) {
  if (use === "newest") return "prefers the newest";
  return `${use === "filter" ? "searches only" : "prefers"} ${period(date_from, date_to)}`;
}

function period(first, last) {
  if (!last) return `${brief(first)} and later`;
  if (!first) return `${brief(last)} and earlier`;
  return first === last ? brief(first) : `${brief(first)} to ${brief(last)}`;
}

const brief = (date) => day(date).replace(/[a-z]+/i, (month) => month.slice(0, 3));
