// "Right", "wrong", "should have been found": kept by the service as a question with its verdict, where it may write.

import { judge, permissions } from "./api.js";
import { button, element } from "./dom.js";

const LABELS = { right: "Right", wrong: "Wrong", missing: "Should have been found" };

export function verdicts({ question, response }) {
  const row = element("div", { class: "verdicts", role: "group", "aria-label": "Was this right?", hidden: true });
  const told = element("span", { role: "status", class: "hint" });
  const offered = response.answered ? ["right", "wrong", "missing"] : ["right", "missing"];
  const buttons = offered.map((verdict) => button(LABELS[verdict], () => give(verdict), { class: "quiet", "aria-pressed": "false" }));
  row.append(element("span", { class: "hint" }, "Was this right?"), ...buttons, told);
  permissions().then(({ writing }) => { row.hidden = !writing; });
  return row;

  async function give(verdict) {
    told.textContent = "";
    try {
      await judge({ question, verdict, citation: response.answer ? citation(response.answer.citation) : null });
      buttons.forEach((each, i) => each.setAttribute("aria-pressed", String(offered[i] === verdict)));
      told.textContent = "Thank you.";
    } catch (error) {
      told.textContent = error.message;
    }
  }
}

function citation({ document_id, document_sha256, start, end, quote }) {
  return { document_id, document_sha256, start, end, quote };
}
