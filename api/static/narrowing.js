// Which documents are listed: of a folder, a source, a year, each with how many there are; and in what order.

import { facets } from "./api.js";
import { at, element } from "./dom.js";

const KINDS = { folder: "folders", source: "sources", year: "years" };
const choices = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, at(`by-${kind}`)]));
const order = at("documents-sort");

// Fetches what there is to choose from; what is chosen stays.
export async function count() {
  const found = await facets();
  for (const [kind, select] of Object.entries(choices)) {
    const { value } = select;
    const known = found[KINDS[kind]];
    const names = known.map(({ name, documents }) =>
      element("option", { value: name }, `${name.includes("/") && kind === "folder" ? "\u2003" : ""}${name} (${documents.toLocaleString("en")})`));
    const gone = value && !known.some(({ name }) => name === value) ? [element("option", { value }, `${value} (0)`)] : [];
    select.replaceChildren(element("option", { value: "" }, `All ${KINDS[kind]}`), ...names, ...gone);
    select.value = value;
    select.parentElement.hidden = !known.length && !value;
  }
}

export const chosen = () => Object.fromEntries(Object.entries(choices).map(([kind, { value }]) => [kind, value]));
export const isNarrowed = () => Object.values(chosen()).some(Boolean);

// The same as the service takes it: for its list, and as the filters of a question.
export function listing() {
  const { folder, source, year } = chosen();
  return { sort: order.value, ...folder && { folder }, ...source && { source }, ...year && days(year) };
}

export function filters() {
  const { folder, source, year } = chosen();
  return { ...folder && { folders: [folder] }, ...source && { source }, ...year && days(year) };
}

const days = (year) => ({ date_from: `${year}-01-01`, date_to: `${year}-12-31` });

export function clear() {
  for (const select of Object.values(choices)) select.value = "";
}

export function listen(changed) {
  for (const select of [...Object.values(choices), order]) select.addEventListener("change", changed);
}
