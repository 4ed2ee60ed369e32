// Checking a manuscript: every quotation in it as exact, altered or absent. Loaded when it is opened; nothing is kept.

import { verifyQuotes, verifyQuotesIn } from "./api.js";
import { byline, hash } from "./citing.js";
import { at, button, count, element, isolated } from "./dom.js";

const WORDS = { exact: "Exact", altered: "Altered", absent: "Not in the documents", unchecked: "Not checked" };
const KINDS = { words: "words", numbers: "a number", negation: "a negation", case: "capitals" };
const view = at("manuscript");
const text = element("textarea", { id: "manuscript-text", rows: 7, dir: "auto", placeholder: "Paste a text, or drop a file", "aria-label": "The manuscript" });
const file = element("input", { type: "file", hidden: true, "aria-label": "The manuscript as a file" });
const check = button("Check", () => text.value.trim() ? checked(() => verifyQuotes(text.value, running.signal)) : text.focus(), { class: "strong" });
const told = element("p", { id: "manuscript-told", role: "status" });
const only = element("input", { type: "checkbox", onchange: () => list.classList.toggle("only", only.checked) });
const filter = element("label", { class: "only", hidden: true }, only, " Without those that are exact");
const list = element("ol", { id: "quotations", "aria-label": "Quotations" });
let running = null; // the AbortController of the check that goes on

view.append(
  element("header", {}, element("h2", { id: "manuscript-title", tabindex: -1 }, "Check a manuscript")),
  element("p", { class: "hint" }, "Every quotation of a text, in quotation marks or set as a block, is looked up in the documents. The text is not kept."),
  text,
  element("div", { class: "tools" }, check, button("Choose a file", () => file.click()), file, told),
  filter, list);

export const show = () => { at("manuscript-title").focus(); };

async function checked(ask) {
  running?.abort();
  const mine = running = new AbortController();
  told.className = "working";
  told.textContent = "Looking the quotations up …";
  list.replaceChildren();
  filter.hidden = true;
  try {
    const { quotations, counts } = await ask();
    if (mine !== running) return;
    told.className = "";
    told.textContent = quotations.length ? summary(counts) : "There is no quotation in it: nothing in quotation marks, no block quotation.";
    filter.hidden = !counts.exact || counts.exact === quotations.length;
    list.replaceChildren(...quotations.map(row));
  } catch (error) {
    if (mine !== running) return;
    told.className = "problem";
    told.textContent = error.message;
  }
}

const summary = ({ exact, altered, absent, unchecked }) => `${count(exact + altered + absent + unchecked, "quotation")}: ${[
  [exact, "exact"], [altered, "altered"], [absent, "not in the documents"], [unchecked, "not checked"],
].filter(([number]) => number).map(([number, word]) => `${number} ${word}`).join(", ")}.`;

function row(quotation) {
  const { status, line, changed, omissions, insertions, citation } = quotation;
  const more = [omissions && count(omissions, "omission"), insertions && count(insertions, "insertion")].filter(Boolean);
  const how = status === "altered" ? changed.map((kind) => KINDS[kind]).join(", ") : more.length ? `with ${more.join(" and ")}` : "";
  return element("li", { class: status },
    element("p", { class: "told" }, element("strong", {}, WORDS[status]), how ? `: ${how}` : "", element("span", { class: "hint" }, `line ${line}`)),
    element("blockquote", { dir: "auto" }, ...words(quotation)),
    why(quotation),
    ...beside(quotation),
    citation ? element("div", { class: "actions" },
      element("a", { href: hash(citation), "aria-label": `Open in document: ${citation.title}` }, "Open in document")) : null);
}

// The quotation; where it differs, what stands in it struck out, and what stands in the source after it.
function words({ text: quoted, status, differences }) {
  if (status !== "altered") return [quoted];
  return differences.flatMap(({ change, quoted: here, source }, i) => {
    const blank = i ? [" "] : [];
    if (change === "same" || change === "inserted" || change === "omitted") return [...blank, here];
    return [...blank, here ? element("del", {}, here) : null, here && source ? " " : null, source ? element("ins", {}, source) : null];
  });
}

function why({ status, text: quoted }) {
  if (status === "absent") return element("p", { class: "hint" }, "Nothing like it stands in the documents.");
  if (status !== "unchecked") return null;
  const long = quoted.split(/\s+/).length > 1500;
  return element("p", { class: "hint" }, long ? "It has more than 1,500 words." : "It has only words that stand everywhere.");
}

// Whom and when the manuscript names, beside the source's own.
function beside({ attribution, citation, speaker, also_in }) {
  const { name, name_fits, time, date_fits } = attribution;
  const fits = (value, good) => [isolated(value), good === false ? " (not as the source)" : ""];
  const named = [name && fits(name, name_fits), time && fits(time, date_fits)].filter(Boolean);
  const own = citation && [...byline(citation), speaker && `said by ${speaker}`].filter(Boolean);
  const pair = (term, ...given) => [element("dt", {}, term), element("dd", {}, ...given)];
  const rows = [
    ...named.length ? pair("In the text", ...named.flatMap((each, i) => i ? [", ", ...each] : each)) : [],
    ...citation ? pair("Source", element("cite", { dir: "auto" }, citation.title), element("span", { class: "byline" }, ...own.map(isolated))) : [],
    ...also_in?.length ? pair("Also in", count(also_in.length, "other document")) : [],
  ];
  return rows.length ? [element("dl", { class: named.length && (name_fits === false || date_fits === false) ? "unlike" : "" }, ...rows)] : [];
}

const read = (given) => checked(() => verifyQuotesIn(given, running.signal));
file.addEventListener("change", () => {
  if (file.files[0]) read(file.files[0]);
  file.value = "";
});
for (const kind of ["dragenter", "dragover"]) {
  view.addEventListener(kind, (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    view.classList.add("dropping");
  });
}
view.addEventListener("dragleave", (event) => view.contains(event.relatedTarget) || view.classList.remove("dropping"));
view.addEventListener("drop", (event) => {
  view.classList.remove("dropping");
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  read(event.dataTransfer.files[0]);
});
