// "Right", "wrong", "should have been found": kept by the service as a question with its verdict, where it may write.

import { judge, mayWrite, permissions } from "./api.js";
import { judged } from "./conversation.js";
import { button, element } from "./dom.js";

// Of an answer its words are judged; that nothing answers is confirmed by a place missing nowhere (api/feedback.py).
export function verdicts(turn) {
  const { question, response } = turn;
  const place = response.answered ? cited(response.answer.citation) : null;
  const offered = [["Right", place ? "right" : "missing"], ["Wrong", "wrong"]];
  return row("Was this right?", turn, offered.map(([label, verdict]) => [label, { question, verdict, citation: place }]));
}

// Of words that were not the answer and should have been.
export function missed(turn, citation) {
  return row(null, turn, [["Should have been found", { question: turn.question, verdict: "missing", citation: cited(citation) }]]);
}

function row(asking, turn, judgements) {
  const told = element("span", { role: "status", class: "hint" });
  const given = (judgement) => turn.judged?.[named(judgement)] === judgement.verdict;
  const buttons = judgements.map(([label, judgement]) =>
    button(label, ({ currentTarget }) => give(judgement, currentTarget), { class: "quiet", "aria-pressed": String(given(judgement)) }));
  const allowed = mayWrite();
  const made = element("div", { class: "verdicts", hidden: allowed === false, ...asking && { role: "group", "aria-label": asking } },
    asking && element("span", { class: "hint" }, asking), ...buttons, told);
  const kept = (wanted) => { made.style.visibility = wanted ? "" : "hidden"; }; // with its room: nothing moves
  kept(allowed);
  permissions().then(({ writing }) => { kept(writing); made.hidden &&= !writing; });
  return made;

  async function give(judgement, pressed) {
    told.textContent = "";
    try {
      await judge(judgement);
      for (const each of buttons) each.setAttribute("aria-pressed", String(each === pressed));
      told.textContent = "Thank you.";
      judged(turn, named(judgement), judgement.verdict);
    } catch (error) {
      told.textContent = error.message;
    }
  }
}

// What a verdict is about: a place of a document, or that there is no answer.
const named = ({ citation }) => citation ? `${citation.document_id}:${citation.start}-${citation.end}` : "nothing";

function cited({ document_id, document_sha256, start, end, quote }) {
  return { document_id, document_sha256, start, end, quote };
}
