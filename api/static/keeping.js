// "Keep": a quote becomes a clipping, over all conversations.

import { button } from "./dom.js";
import * as store from "./store.js";
import { say } from "./toast.js";

// `question`: what it was an answer to; blank for words that were marked by hand.
export function keepButton(citation, question) {
  return button("Keep", () => keep(citation, question), { class: "quiet", "aria-label": "Keep the quote among the clippings" });
}

async function keep(citation, question) {
  const { document_id, document_sha256, start, end } = citation;
  const id = [document_id, document_sha256, start, end].join("\n"); // the same words are kept once
  try {
    const known = await store.get("clippings", id);
    if (!known) await store.put("clippings", { id, made: Date.now(), citation, question, note: "" });
    say(known ? "It is among the clippings already" : "Kept among the clippings");
  } catch {
    say("The browser has no room for it");
  }
}
