// What is searched: source, days, documents. Each condition stands as a chip above the question and can be taken away.

import { facets, listDocuments } from "./api.js";
import { day } from "./citing.js";
import { at, beside, chip, element, isolated } from "./dom.js";

const panel = at("filter-panel");
const opener = at("filter-button");
const chosen = new Map(); // documents: id -> title
const FIELDS = { "filter-folder": "Folder", "filter-source": "Source", "filter-from": "From", "filter-to": "To" };
let looking = null; // the AbortController of the search among titles
let known = false; // whether the folders and sources have been fetched

// As the service takes them; null when everything is searched.
export function filters() {
  const [folder, source, date_from, date_to] = Object.keys(FIELDS).map((id) => at(id).value.trim());
  const given = {};
  if (folder) given.folders = [folder];
  if (source) given.source = source;
  if (date_from) given.date_from = date_from;
  if (date_to) given.date_to = date_to;
  if (chosen.size) given.document_ids = [...chosen.keys()];
  return Object.keys(given).length ? given : null;
}

// The same in words, a list; `titles` names documents that are known by more than their id.
export function inWords(given, titles = chosen) {
  if (!given) return [];
  const { folders = [], source, date_from, date_to, document_ids = [] } = given;
  return [...folders, source, date_from && `from ${day(date_from)}`, date_to && `to ${day(date_to)}`,
    ...document_ids.map((id) => titles.get(id) ?? id)].filter(Boolean);
}

// The titles of the documents that filters name, as [id, title].
export const named = (given) => (given?.document_ids ?? []).map((id) => [id, chosen.get(id) ?? id]);

export function only({ id, title }) {
  chosen.clear();
  chosen.set(id, title);
  show();
}

// What is searched becomes exactly this.
export function set({ folders = [], source = "", date_from = "", date_to = "" }) {
  chosen.clear();
  [folders[0] ?? "", source, date_from, date_to].forEach((value, i) => { at(Object.keys(FIELDS)[i]).value = value; });
  at("filter-folder").parentElement.hidden &&= !folders.length;
  check();
  show();
}

export function show() {
  const chips = [];
  for (const [id, label] of Object.entries(FIELDS)) {
    const { value, type } = at(id);
    if (value.trim()) chips.push(condition(label, type === "date" ? day(value) : value, () => { at(id).value = ""; check(); }));
  }
  for (const [id, title] of chosen) chips.push(condition("Document", title, () => { chosen.delete(id); }));
  const add = opener.parentElement;
  at("chips").replaceChildren(...chips.map((made) => element("li", {}, made)), add);
}

function condition(label, value, remove) {
  return chip([`${label}: `, isolated(value)], `${label}: ${value}`, () => { remove(); show(); opener.focus(); });
}

// Whether they can be asked with; if not, the panel opens and says why.
export function sound() {
  if (check()) return true;
  panel.togglePopover(true);
  at("filter-to").focus();
  return false;
}

function check() {
  const [from, to] = [at("filter-from").value, at("filter-to").value];
  const reversed = Boolean(from && to && from > to);
  at("filter-fault").textContent = reversed ? "The first day is after the last." : "";
  at("filter-to").setAttribute("aria-invalid", String(reversed));
  return !reversed;
}

async function look() {
  looking?.abort();
  const mine = looking = new AbortController();
  try {
    const q = at("filter-search").value.trim();
    const { documents } = await listDocuments({ limit: 30, q, signal: mine.signal });
    at("filter-documents").replaceChildren(...documents.map(choice));
  } catch (error) {
    if (error.name !== "AbortError") at("filter-fault").textContent = error.message;
  }
}

function choice({ id, title }) {
  const box = element("input", { type: "checkbox", onchange: () => {
    if (box.checked) chosen.set(id, title);
    else chosen.delete(id);
    show();
  } });
  box.checked = chosen.has(id);
  return element("li", {}, element("label", {}, box, element("span", { dir: "auto" }, title)));
}

// Folders and sources to choose from; any other can be typed.
async function offered() {
  if (known) return;
  known = true;
  const { folders, sources } = await facets();
  for (const [id, found] of Object.entries({ folders, sources })) {
    at(id).replaceChildren(...found.map(({ name, documents }) => element("option", { value: name, label: `${name} (${documents})` })));
  }
  at("filter-folder").parentElement.hidden = !folders.length && !at("filter-folder").value;
}

panel.addEventListener("toggle", ({ newState }) => {
  if (newState !== "open") return;
  beside(panel, opener);
  offered().then(() => beside(panel, opener), () => { known = false; });
  look().then(() => beside(panel, opener));
});
for (const id of Object.keys(FIELDS)) {
  at(id).addEventListener("input", () => { check(); show(); });
}
at("filter-search").addEventListener("input", look);
at("filter-done").addEventListener("click", () => { panel.hidePopover(); at("question").focus(); });
panel.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.type === "button") return;
  event.preventDefault();
  panel.hidePopover();
  at("question").focus();
});
