// Words marked by hand in the open document: what should have been found for the last question.

import { all } from "./conversation.js";
import { at, element, isolated } from "./dom.js";
import { missed } from "./feedback.js";
import { keepButton } from "./keeping.js";

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
  if (!opened || !range || !text.contains(range.commonAncestorContainer)) return;
  const place = cited(range);
  offer.replaceChildren(...place ? offered(place) : []);
});

function offered(place) {
  const turn = all().at(-1);
  const judge = turn && element("div", { class: "judge" },
    element("span", { class: "hint" }, "The marked words, for “", isolated(turn.question), "”:"), missed(turn, place));
  return [keepButton(place, ""), judge].filter(Boolean);
}

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
  if (!quote) return null;
  const { id: document_id, sha256: document_sha256, title, author, date, source, url } = opened;
  const place = { start: first, end: first + points(quote), start_utf16: start, end_utf16: start + quote.length };
  return { document_id, document_sha256, title, author, date, source, url, ...place, quote, sentence: { text: quote, ...place } };
}
