// All documents: listed, searched, opened; added and deleted where the service allows it.

import { listDocuments, permissions, removeDocument, search as find } from "./api.js";
import { advice, EMPTY } from "./beginning.js";
import { byline, hash } from "./citing.js";
import { at, button, count, element, isolatedText } from "./dom.js";
import * as filters from "./filters.js";
import * as narrowing from "./narrowing.js";
import { say, settle } from "./toast.js";
import { passages } from "./turn.js";
import { accept } from "./uploads.js";

const PAGE = 50;
const list = at("documents-list");
const search = at("documents-search");
const more = at("documents-more");
const inside = at("inside");
const leaving = new Set(); // ids that are deleted unless that is undone
let next = null; // the cursor of the next page
let loading = null; // the AbortController of the page that is being fetched
let total = 0;

export async function show() {
  at("documents-title").focus();
  const { writing } = await permissions(); // first: what may be added stands above the list
  document.body.classList.toggle("writing", writing);
  await narrowing.count().catch(() => {}); // the list says what is wrong
  at("narrowing").hidden = false; // only now, with all there is to choose from: nothing jumps
  at("adding").hidden = !writing;
  await load();
}

const anew = async () => { await narrowing.count().catch(() => {}); await load(); };

async function load(cursor = null) {
  loading?.abort();
  const mine = loading = new AbortController();
  const q = search.value.trim();
  if (!cursor) inside.hidden = true;
  at("ask-these").disabled = !narrowing.isNarrowed(); // not hidden: the list below would jump
  try {
    const found = await listDocuments({ limit: PAGE, q, cursor, more: narrowing.listing(), signal: mine.signal });
    const rows = found.documents.filter(({ id }) => !leaving.has(id)).map(row);
    if (cursor) list.append(...rows);
    else arrange(rows.length ? rows : [nothing(q)]);
    at("look-inside").hidden = !q || !found.total;
    if (q && !found.total) look();
    if (cursor) rows[0]?.querySelector("a").focus();
    next = found.next_cursor;
    counted(found.total - leaving.size);
  } catch (error) {
    if (error.name === "AbortError") return;
    at("look-inside").hidden = true;
    list.replaceChildren(element("li", { class: "problem", role: "alert" }, error.message), button("Try again", () => load()));
    next = null;
  }
  more.hidden = !next;
}

// Whoever is on a row already stays there when the list comes once more.
function arrange(rows) {
  const focused = list.contains(document.activeElement) && document.activeElement.closest("li")?.querySelector("a")?.hash;
  list.replaceChildren(...rows);
  if (focused) rows.map((made) => made.querySelector("a")).find((link) => link?.hash === focused)?.focus();
}

// Why the list is empty, and what to do next.
function nothing(q) {
  if (q) return element("li", { class: "hint" }, "No title, author or source has these words.");
  if (narrowing.isNarrowed()) return element("li", {}, element("span", { class: "hint" }, "No document is of all that. "),
    button("Show all", () => { narrowing.clear(); load(); }, { class: "quiet" }));
  return element("li", { class: "hint" }, `${EMPTY}. `, ...advice(document.body.classList.contains("writing"), ["Drop files above."]));
}

// What was looked for among the titles, in the documents' own words.
async function look() {
  const question = search.value.trim();
  const given = narrowing.filters();
  const mine = loading = new AbortController();
  at("look-inside").hidden = true;
  try {
    const { evidence } = await find({ question, ...Object.keys(given).length && { filters: given } }, mine.signal);
    at("inside-list").replaceChildren(...evidence.length ? passages({ question }, evidence)
      : [element("p", { class: "hint" }, "Nothing is near to it.")]);
  } catch (error) {
    if (error.name === "AbortError") return;
    at("inside-list").replaceChildren(element("p", { class: "problem", role: "alert" }, error.message));
  }
  inside.hidden = false;
}

function counted(number) {
  total = Math.max(number, 0);
  const matching = search.value.trim() ? " found" : "";
  at("documents-count").textContent = `${count(total, "document")}${matching}`;
}

function row(found) {
  const told = [...byline(found), count(found.length, "character")].map((word) => element("bdi", {}, word));
  const made = element("li", {},
    element("div", {},
      element("a", { href: hash({ document_id: found.id }), dir: "auto" }, found.title),
      element("p", { class: "byline" }, ...told)),
    button("Delete", () => remove(found, made), { class: "quiet delete", "aria-label": `Delete ${found.title}` }));
  return made;
}

let going = []; // the rows that one "Undo" brings back: those that were deleted one after the other

// Nothing is lost by a slip: the service is told only when there was time to undo it.
async function remove({ id, title }, made) {
  const neighbour = made.nextElementSibling ?? made.previousElementSibling;
  leaving.add(id);
  made.hidden = true;
  counted(total - 1);
  const mine = going;
  const number = mine.push({ id, made });
  const what = number === 1 ? `Deleted “${isolatedText(title.length > 60 ? `${title.slice(0, 60)}…` : title)}”` : `Deleted ${count(number, "document")}`;
  const undone = await say(what, { undoable: true, seconds: 8 });
  if (mine.length > number) return; // another one has joined it, and speaks for all
  going = [];
  const lost = [document.body, at("toast-undo")].includes(document.activeElement);
  for (const each of mine) await (undone ? restored(each) : gone(each));
  if (lost) (undone ? made : neighbour)?.querySelector("a")?.focus();
}

async function gone({ id, made }) {
  try {
    await removeDocument(id);
    leaving.delete(id);
    made.remove();
  } catch (error) {
    restored({ id, made });
    say(error.message);
  }
}

function restored({ id, made }) {
  leaving.delete(id);
  made.hidden = false;
  counted(total + 1);
}

let typing;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(load, 150);
});
more.addEventListener("click", () => load(next));
at("look-inside").addEventListener("click", look);
at("ask-these").addEventListener("click", () => {
  filters.set(narrowing.filters());
  location.hash = "";
});
narrowing.listen(() => load());
addEventListener("pagehide", settle);

accept({ box: at("documents"), choose: at("choose-files"), input: at("files"), list: at("uploads"), clear: at("uploads-clear"),
  allowed: () => document.body.classList.contains("writing"), done: anew });
