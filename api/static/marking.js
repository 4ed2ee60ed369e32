// Words marked by hand in the open document: what should have been found for the last question.

import { all } from "./conversation.js";
import { at, element, isolated } from "./dom.js";
import { missed } from "./feedback.js";

const text = at("source-text");
const offer = at("source-marking");
let opened = null; // the one that is open, as the service gave it

// The document whose words can be marked; none when it is closed.
export function over(document) {
  opened = document;
  offer.replaceChildren();
}

document.addEventListener("selectionchange", () => {
  const selection = getSelection();
  const range = selection.rangeCount ? selection.getRangeAt(0) : null;
  const question = all().at(-1)?.question;
  if (!opened || !question || !range || !text.contains(range.commonAncestorContainer)) return;
  const place = cited(range);
  offer.replaceChildren(...place
    ? [element("span", { class: "hint" }, "The marked words, for “", isolated(question), "”:"), missed(question, place)] : []);
});

// The offer does not take the marks away from the words it is about.
offer.addEventListener("mousedown", (event) => event.preventDefault());

// Without the blanks around it; nothing if there is nothing else. The pane shows the text character by character.
function cited(range) {
  const before = document.createRange();
  before.setStart(text.querySelector(".source"), 0);
  before.setEnd(range.startContainer, range.startOffset);
  const from = before.toString().length;
  const words = opened.text.slice(from, from + range.toString().length);
  const start = from + words.length - words.trimStart().length;
  const quote = words.trim();
  const points = (units) => [...units].length;
  const first = points(opened.text.slice(0, start));
  return quote ? { document_id: opened.id, document_sha256: opened.sha256, start: first, end: first + points(quote), quote } : null;
}
