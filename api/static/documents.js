// All documents: listed, searched, opened; added and deleted where the service allows it.

import { listDocuments, permissions, removeDocument } from "./api.js";
import { byline, hash } from "./citing.js";
import { at, button, count, element } from "./dom.js";
import { say, settle } from "./toast.js";
import { accept } from "./uploads.js";

const PAGE = 50;
const list = at("documents-list");
const search = at("documents-search");
const more = at("documents-more");
const leaving = new Set(); // ids that are deleted unless that is undone
let next = null; // the cursor of the next page
let loading = null; // the AbortController of the page that is being fetched
let total = 0;

export async function show() {
  at("documents-title").focus();
  const loaded = load();
  const { writing } = await permissions();
  at("adding").hidden = !writing;
  document.body.classList.toggle("writing", writing);
  await loaded;
}

async function load(cursor = null) {
  loading?.abort();
  const mine = loading = new AbortController();
  try {
    const found = await listDocuments({ limit: PAGE, q: search.value.trim(), cursor, signal: mine.signal });
    const rows = found.documents.filter(({ id }) => !leaving.has(id)).map(row);
    if (cursor) list.append(...rows);
    else anew(rows);
    if (cursor) rows[0]?.querySelector("a").focus();
    next = found.next_cursor;
    counted(found.total - leaving.size);
  } catch (error) {
    if (error.name === "AbortError") return;
    list.replaceChildren(element("li", { class: "problem", role: "alert" }, error.message), button("Try again", () => load()));
    next = null;
  }
  more.hidden = !next;
}

// Whoever is on a row already stays there when the list comes once more.
function anew(rows) {
  const focused = list.contains(document.activeElement) && document.activeElement.closest("li")?.querySelector("a")?.hash;
  list.replaceChildren(...rows);
  if (focused) rows.map((made) => made.querySelector("a")).find(({ hash }) => hash === focused)?.focus();
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

// Nothing is lost by a slip: the service is told only when there was time to undo it.
async function remove({ id, title }, made) {
  const neighbour = made.nextElementSibling ?? made.previousElementSibling;
  leaving.add(id);
  made.hidden = true;
  counted(total - 1);
  const undone = await say(`Deleted “${title.length > 60 ? `${title.slice(0, 60)}…` : title}”`, { undoable: true, seconds: 8 });
  const lost = [document.body, at("toast-undo")].includes(document.activeElement);
  try {
    if (!undone) await removeDocument(id);
    if (!undone) made.remove();
  } catch (error) {
    restored(made);
    say(error.message);
    return;
  } finally {
    leaving.delete(id);
  }
  if (undone) restored(made);
  if (lost) (undone ? made : neighbour)?.querySelector("a")?.focus();
}

function restored(made) {
  made.hidden = false;
  counted(total + 1);
}

let typing;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(load, 150);
});
more.addEventListener("click", () => load(next));
addEventListener("pagehide", settle);

accept({ box: at("documents"), choose: at("choose-files"), input: at("files"), list: at("uploads"),
  allowed: () => document.body.classList.contains("writing"), done: () => load() });
