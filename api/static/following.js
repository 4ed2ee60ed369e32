// Follow-up questions: the words of the turn before that complete a question. Each can be taken away.

import { complete } from "./api.js";
import { chip, element, isolated } from "./dom.js";

const MOST = 2000; // code points of a context that the service takes

// What a question takes over from the turn before it; nothing if it is complete, or the service cannot say.
export async function carried(question, previous, signal) {
  if (!previous?.response?.answered) return [];
  try {
    const { text: answer, citation: { title } } = previous.response.answer;
    const { chips } = await complete({ question, previous: { question: previous.question, answer, title } }, signal);
    return chips ?? [];
  } catch (error) {
    if (signal.aborted || error.status === 401) throw error;
    return [];
  }
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
