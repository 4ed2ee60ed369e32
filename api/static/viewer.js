// The source document, opened at the quoted words.

import { readDocument } from "./api.js";
import { element, marked } from "./dom.js";

const dialog = document.getElementById("document");
const title = document.getElementById("document-title");
const about = document.getElementById("document-about");
const text = document.getElementById("document-text");
document.getElementById("document-close").addEventListener("click", () => dialog.close());

export function byline(source) {
  return [source.author, source.source, source.date].filter(Boolean).join(" · ");
}

// place: { document_id, start_utf16, end_utf16 } and, if it is a citation, the sha256 of the text it counts in.
export async function show(place) {
  title.textContent = place.title;
  about.textContent = byline(place);
  text.replaceChildren(element("p", {}, "Opening the document …"));
  dialog.showModal();
  try {
    const found = await readDocument(place.document_id);
    if (place.document_sha256 && place.document_sha256 !== found.sha256) {
      throw new Error("This document has changed since the answer was given. Ask again to see it marked.");
    }
    const { parts, mark } = marked(found.text, place.start_utf16, place.end_utf16);
    text.replaceChildren(element("div", { class: "source", dir: "auto" }, ...parts));
    mark.scrollIntoView({ block: "center" });
    text.focus({ preventScroll: true });
  } catch (error) {
    const again = element("button", { type: "button", onclick: () => { dialog.close(); show(place); } }, "Try again");
    text.replaceChildren(element("p", { class: "problem", role: "alert" }, error.message), again);
  }
}
