// Follow-up questions: the words of the turn before that complete a question. Each can be taken away.

import { chip, element, isolated } from "./dom.js";

const MOST = 2000; // code points of a context that the service takes

// The turn before as the service wants it, which takes from it what a question leaves unsaid; nothing without an answer.
export function before(previous) {
  if (!previous?.response?.answered) return null;
  const { text: answer, citation: { title } } = previous.response.answer;
  return { previous: { question: previous.question, answer, title } };
}

// What is sent with the question; null where nothing is carried over.
export const context = (chips) => [...chips.join(" ")].slice(0, MOST).join("") || null;

export function following({ chips = [] }, change) {
  if (!chips.length) return null;
  const made = chips.map((words, i) =>
    chip([isolated(words)], `Following up: ${words}`, () => change({ chips: chips.filter((_, other) => other !== i) })));
  return element("div", { class: "terms", role: "group", "aria-label": "Following up" },
    element("span", {}, "Following up:"), ...made);
}
