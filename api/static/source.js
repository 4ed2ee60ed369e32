// The source document, opened at the quoted words, with the conversation's other citations in it marked lightly.
// On a wide window it stands beside the conversation, on a narrow one over it.

import { fileOf, originals, readDocument, verify } from "./api.js";
import { byline, original } from "./citing.js";
import { citedIn } from "./conversation.js";
import { at, button, element, shown } from "./dom.js";
import { laid } from "./laying.js";
import { over } from "./marking.js";
import * as reading from "./reading.js";
import { drawn } from "./tables.js";
import { inUnits, utf16 } from "./units.js";

const dialog = at("source");
const text = at("source-text");
const note = at("source-note");
const wide = matchMedia("(min-width: 64rem)");
let opening = null; // the AbortController of the document that is being fetched
let opener = null; // what has the focus again when it is closed
let dismissed = false; // whether it is being closed by hand, not because something else is shown
let marks = [];
let pieces = new Map();
let current = null;
let unwanted = false; // whether it was closed by hand: then it does not open of itself any more
let roomy = false; // whether a wide window keeps room for the source: from a question on, until it is closed by hand
let onClosed = () => {};
let onOnly = () => {};
let now = null; // the document that is shown: { id, title }

export const isWide = () => wide.matches;
export const isOpen = () => dialog.open;
export const opensItself = () => wide.matches && (!unwanted || dialog.open);

export function setUp({ closed, only }) {
  onClosed = closed;
  onOnly = only;
}

// place: a citation, a passage, or what a link says: { document_id, start, end, document_sha256 }. `focus` says
// whether it was asked for; what opens of itself leaves the focus where it is.
export async function open(place, { focus = true } = {}) {
  opening?.abort();
  const mine = opening = new AbortController();
  if (!dialog.contains(document.activeElement)) opener = focus ? document.activeElement : null;
  head(place.title ?? place.document_id, place);
  note.textContent = "";
  forget();
  text.replaceChildren(element("p", { class: "working" }, "Opening the document …"));
  stand();
  try {
    const found = await readDocument(place.document_id, mine.signal);
    const { span, said } = await placed(found, place, mine.signal);
    mine.signal.throwIfAborted();
    lay(found, place, span, said);
  } catch (error) {
    if (mine.signal.aborted) return;
    const gone = error.status === 404 ? "This document is not here any more." : error.message;
    text.replaceChildren(element("p", { class: "problem", role: "alert" }, gone),
      button("Try again", () => open(place, { focus })));
  }
  if (focus) text.focus({ preventScroll: true });
}

// What has the focus again: what opened it, or the same link in a list that came once more meanwhile.
function opened() {
  if (opener?.isConnected || !opener?.hash) return opener?.isConnected ? opener : null;
  return [...document.querySelectorAll("a")].find(({ hash }) => hash === opener.hash) ?? null;
}

export function close() {
  if (dialog.open) dialog.close();
}

function dismiss() {
  dismissed = true;
  close();
}

// Where the source will stand, before it is known: what is there already does not move when it comes.
export function makeRoom(wanted = true) {
  roomy = wanted && !unwanted;
  arrange();
}

// Called when another view is shown, too.
export function arrange() {
  document.documentElement.classList.toggle("beside", wide.matches && (dialog.open || (roomy && !at("talk").hidden)));
}

function stand() {
  at("source-earlier").hidden = true;
  if (dialog.open) return;
  if (wide.matches) dialog.setAttribute("open", ""); // show() would take the focus
  else dialog.showModal();
  arrange();
}

// What is open belongs to an earlier turn than the last one, which has no answer.
export function isEarlier() {
  at("source-earlier").hidden = !dialog.open;
}

wide.addEventListener("change", () => {
  arrange();
  if (!dialog.open) return;
  dialog.close();
  stand();
  if (current) reveal();
});

dialog.addEventListener("close", () => {
  if (dialog.open) return; // it has only changed its place
  opening?.abort();
  if (dismissed) unwanted = true;
  if (dismissed) roomy = false;
  arrange();
  text.replaceChildren();
  forget();
  onClosed();
  dismissed = false;
  if (document.activeElement !== document.body && !dialog.contains(document.activeElement)) return; // it is elsewhere
  (opened() ?? at("question")).focus();
});

function head(title, place) {
  at("source-title").textContent = shown(title);
  const told = byline(place).map((word) => element("bdi", {}, word));
  const web = original(place.url, place);
  if (web) told.push(element("a", { href: web.href, target: "_blank", rel: "noopener noreferrer" }, "Original"));
  if (originals() && place.original) told.push(element("a", { href: `${fileOf(place.document_id ?? place.id)}${place.page ? `#page=${place.page}` : ""}`, target: "_blank", rel: "noopener" }, "File"));
  at("source-about").replaceChildren(...told);
}

// The span to mark, in UTF-16 units, and what must be said about it.
async function placed(found, place, signal) {
  const changed = place.document_sha256 && place.document_sha256 !== found.sha256;
  const quoted = place.quote ? place : place.text && { ...place, quote: place.text };
  if (changed) return quoted ? moved(quoted, signal) : { span: null, said: "This document has changed since the link was made, so the place is not marked." };
  if (!Number.isInteger(place.end)) return { span: null, said: "" };
  const start = place.start_utf16 ?? utf16(found.text, place.start);
  const end = place.end_utf16 ?? start + utf16(found.text.slice(start), place.end - place.start);
  if (place.text && found.text.slice(start, end) !== place.text) {
    return { span: null, said: "This document has changed since, so the passage is not marked." };
  }
  const inside = place.end_utf16 !== undefined || utf16(found.text, place.end - 1) < found.text.length;
  return inside ? { span: { start, end }, said: "" } : { span: null, said: "The link points outside of this document." };
}

async function moved(citation, signal) {
  const { status, citation: now, nearest } = await verify(citation, signal);
  const to = now ?? nearest;
  const span = to && { start: to.start_utf16, end: to.end_utf16 };
  const words = { valid: "", moved: "This document has changed; the same words now stand here.",
    changed: "This document has changed and no longer holds the quoted words." };
  return { span, said: `${words[status] ?? words.changed}${!now && nearest ? " The nearest sentence is marked." : ""}` };
}

function lay(found, place, span, said) {
  head(found.title, { ...place, ...found });
  note.textContent = said;
  const cited = citedIn(found.id, found.sha256).map((citation) => ({ start: citation.start_utf16, end: citation.end_utf16 }));
  const same = span && cited.find(({ start, end }) => start === span.start && end === span.end);
  marks = span && !same ? [...cited, span].sort((a, b) => a.start - b.start || a.end - b.end) : cited;
  const headings = inUnits(found.text, found.structure?.headings ?? []);
  const tables = drawn(found.text, found.structure?.tables ?? []);
  const made = laid(found.text, marks, { headings, tables, pages: paged(found) });
  pieces = made.pieces;
  text.replaceChildren(element("div", { class: "source", dir: "auto" }, ...made.blocks));
  text.scrollTop = 0;
  now = { id: found.id, title: found.title };
  over(found);
  reading.over(found.text, marks, headings);
  at("source-only").hidden = false;
  choose(span ? same ?? span : null);
}

// Where each page begins, with a link to it in the original file where that can be fetched.
function paged({ id, text: whole, pages = [], original: kept }) {
  const file = originals() && kept && fileOf(id);
  return inUnits(whole, pages.map((start, i) => ({ start, end: start, number: i + 1 })))
    .map((page) => ({ ...page, link: file ? `${file}#page=${page.number}` : null }));
}

function choose(mark) {
  for (const piece of pieces.get(current) ?? []) piece.classList.remove("current");
  current = mark;
  for (const piece of pieces.get(mark) ?? []) piece.classList.add("current");
  const steps = marks.length > 1 || (marks.length === 1 && !mark);
  for (const id of ["source-previous", "source-next"]) at(id).hidden = !steps;
  const number = marks.indexOf(mark) + 1;
  at("source-position").textContent = !steps ? "" : number ? `${number} of ${marks.length}`
    : `${marks.length} marked`;
  if (mark) reveal();
}

// To the middle, until it stays there: blocks that were never on screen get their real height when they come near it.
function reveal() {
  const mark = current;
  let frames = 30;
  const middle = () => {
    const piece = pieces.get(mark)?.[0];
    if (!piece || mark !== current || !frames--) return;
    const { top, height } = piece.getBoundingClientRect();
    const pane = text.getBoundingClientRect();
    const before = text.scrollTop;
    text.scrollTop += top + Math.min(height, pane.height / 2) / 2 - pane.top - pane.height * 0.4;
    if (Math.abs(text.scrollTop - before) < 2) frames = Math.min(frames, 3);
    requestAnimationFrame(middle);
  };
  middle();
}

export function step(by) {
  if (!marks.length) return;
  const from = current ? marks.indexOf(current) : by > 0 ? -1 : 0;
  choose(marks.at((from + by) % marks.length));
}

function forget() {
  marks = [];
  pieces = new Map();
  now = null;
  over(null);
  reading.over("", [], []);
  at("source-only").hidden = true;
  choose(null);
}

at("source-close").addEventListener("click", dismiss);
at("room-close").addEventListener("click", () => {
  unwanted = true;
  makeRoom(false);
  at("question").focus();
});
at("source-previous").addEventListener("click", () => step(-1));
at("source-next").addEventListener("click", () => step(1));
at("source-only").addEventListener("click", () => onOnly(now));
dialog.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input") && event.key !== "Escape") return;
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]; // n and p work everywhere
  if (by) event.preventDefault();
  if (by) step(by);
  if (event.key === "Escape" && !dialog.matches(":modal")) dismiss();
});
