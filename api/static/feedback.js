// "Right", "wrong", "should have been found": kept by the service as a question with its verdict, where it may write.

import { judge, permissions } from "./api.js";
import { button, element } from "./dom.js";

// Of an answer its words are judged; that nothing answers is confirmed by a place missing nowhere (api/feedback.py).
export function verdicts({ question, response }) {
  const place = response.answered ? cited(response.answer.citation) : null;
  const offered = [["Right", place ? "right" : "missing"], ["Wrong", "wrong"]];
  return row("Was this right?", offered.map(([label, verdict]) => [label, { question, verdict, citation: place }]));
}

// Of words that were not the answer and should have been.
export function missed(question, citation) {
  return row(null, [["Should have been found", { question, verdict: "missing", citation: cited(citation) }]]);
}

function row(asking, judgements) {
  const told = element("span", { role: "status", class: "hint" });
  const buttons = judgements.map(([label, judgement]) =>
    button(label, ({ currentTarget }) => give(judgement, currentTarget), { class: "quiet", "aria-pressed": "false" }));
  const made = element("div", { class: "verdicts", hidden: true, ...asking && { role: "group", "aria-label": asking } },
    asking && element("span", { class: "hint" }, asking), ...buttons, told);
  permissions().then(({ writing }) => { made.hidden = !writing; });
  return made;

  async function give(judgement, pressed) {
    told.textContent = "";
    try {
      await judge(judgement);
      for (const each of buttons) each.setAttribute("aria-pressed", String(each === pressed));
      told.textContent = "Thank you.";
    } catch (error) {
      told.textContent = error.message;
    }
  }
}

function cited({ document_id, document_sha256, start, end, quote }) {
  return { document_id, document_sha256, start, end, quote };
}
