// Clippings: quotes that were kept, with notes, over all conversations; saved with citations, and verified again.

import { verify } from "./api.js";
import { FORMATS, byline, hash } from "./citing.js";
import { at, button, count, element, isolatedText, marked } from "./dom.js";
import { save } from "./saving.js";
import * as store from "./store.js";
import { say } from "./toast.js";

const WORDS = { valid: "Still stands", moved: "Has moved", changed: "Has changed", gone: "Its document is gone" };
const SEVERAL = { valid: "still stand", moved: "have moved", changed: "have changed", gone: "have no document any more" };
const ONE = { valid: "still stands", moved: "has moved", changed: "has changed", gone: "has no document any more" };
const AT_ONCE = 4; // citations that are verified at a time
const list = at("clippings-list");
let shown = []; // newest first
let states = new Map(); // by id: what verifying said

export async function show() {
  at("clippings-title").focus();
  await load();
}

async function load() {
  shown = (await store.all("clippings")).sort((a, b) => b.made - a.made);
  const none = element("li", { class: "hint" }, "Nothing is kept yet. “Keep” beside an answer, or under words marked in a document, puts it here.");
  list.replaceChildren(...shown.length ? shown.map(row) : [none]);
  at("clippings-count").textContent = shown.length ? count(shown.length, "clipping") : "";
  for (const tool of document.querySelectorAll("#clippings .tools button")) tool.disabled = !shown.length;
}

function row(clipping) {
  const { id, citation, question, note } = clipping;
  const { sentence } = citation;
  const from = citation.start_utf16 - sentence.start_utf16;
  const written = element("textarea", { class: "note", rows: 1, maxlength: "5000", dir: "auto", "aria-label": "Note", placeholder: "A note",
    onchange: () => store.change("clippings", id, (each) => ({ ...each, note: written.value })) });
  written.value = note;
  const state = states.get(id);
  return element("li", {},
    element("blockquote", { dir: "auto" }, ...marked(sentence.text, from, from + citation.end_utf16 - citation.start_utf16)),
    element("figcaption", {},
      element("cite", { dir: "auto" }, citation.title),
      element("span", { class: "byline" }, ...byline(citation).map((word) => element("bdi", {}, word))),
      question ? element("span", { class: "hint", dir: "auto" }, question) : null),
    state ? element("p", { class: `state ${state.status}` }, WORDS[state.status]) : null,
    written,
    element("div", { class: "actions" },
      element("a", { href: hash(state?.citation ?? citation), "aria-label": `Open in document: ${citation.title}` }, "Open in document"),
      state?.status === "moved" ? button("Take over the new place", () => moved(clipping, state.citation), { class: "quiet" }) : null,
      button("Remove", () => remove(clipping), { class: "quiet", "aria-label": `Remove “${isolatedText(citation.quote.slice(0, 60))}”` })));
}

async function moved(clipping, citation) {
  await store.change("clippings", clipping.id, (each) => ({ ...each, citation }));
  states.set(clipping.id, { status: "valid", citation });
  await load();
}

async function remove(clipping) {
  await store.remove("clippings", [clipping.id]);
  await load();
  if (!await say("Removed", { undoable: true, seconds: 8 })) return;
  await store.put("clippings", clipping);
  await load();
}

// Each as POST /api/verify says of it; those of one text fail alone.
async function verifyAll() {
  const waiting = [...shown];
  const told = at("verified");
  states = new Map();
  told.textContent = "Verifying …";
  const work = async () => {
    for (let next; (next = waiting.shift());) {
      const { document_id, document_sha256, start, end, quote, sentence } = next.citation;
      states.set(next.id, await verify({ document_id, document_sha256, start, end, quote, sentence: { text: sentence.text, start: sentence.start } }));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const said = Object.keys(WORDS).map((status) => [status, [...states.values()].filter((state) => state.status === status).length]);
    told.textContent = said.filter(([, number]) => number).map(([status, number]) => `${number} ${(number === 1 ? ONE : SEVERAL)[status]}`).join(", ");
  } catch (error) {
    told.textContent = error.message;
  }
  await load();
}

function exported(format) {
  const text = ({ citation, note }) => [FORMATS[format](citation), note].filter(Boolean).join("\n\n");
  return `${shown.map(text).join("\n\n")}\n`;
}

// Every entry has a key of its own, and its note.
function bibtex() {
  const seen = new Map();
  return `${shown.map(({ citation, note }) => FORMATS.bibtex(note ? { ...citation, annotation: note } : citation).replace(/^@misc\{([^,]*)/, (_, key) => {
    const number = (seen.get(key) ?? 0) + 1;
    seen.set(key, number);
    return `@misc{${key}${number > 1 ? String.fromCharCode(95 + Math.min(number, 27)) : ""}`;
  })).join("\n\n")}\n`;
}

at("verify-all").addEventListener("click", verifyAll);
at("export-markdown").addEventListener("click", () => save("clippings.md", "text/markdown", exported("markdown")));
at("export-bibtex").addEventListener("click", () => save("clippings.bib", "application/x-bibtex", bibtex()));
at("export-json").addEventListener("click", () =>
  save("clippings.json", "application/json", JSON.stringify({ service: new URL(".", location.href).href, clippings: shown.map(({ id, ...rest }) => rest) }, null, 2)));
store.listen(() => at("clippings").hidden || list.contains(document.activeElement) || load());
