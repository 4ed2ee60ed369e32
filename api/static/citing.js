// A citation in words: links, bylines, and what is copied. Nothing here touches the page.

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December"];

// "2026-02-26" as "26 February 2026", the same everywhere.
export function day(date) {
  const [year, month, number] = (date ?? "").split("-").map(Number);
  return number ? `${number} ${MONTHS[month - 1]} ${year}` : "";
}

// The date, and whether it is only read from the text.
export function dateline({ date, date_origin }) {
  return date && date_origin === "text" ? `${day(date)} (from the text)` : day(date);
}

// The address of the original, if it is one that a browser may be sent to: at the page or the words of `place`, if there
// are any and the address names no other place.
export function original(url, place = {}) {
  try {
    const { protocol, href, hostname, hash: named, pathname } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:") return null;
    return { href: named ? href : href + fragment(pathname, place), hostname };
  } catch {
    return null;
  }
}

const LONGEST = 300; // UTF-16 units of words that a browser looks for

// See https://wicg.github.io/scroll-to-text-fragment/: the signs that divide its parts are written otherwise.
function fragment(pathname, { page, quote, sentence }) {
  if (/\.pdf$/i.test(pathname)) return page ? `#page=${page}` : "";
  const whole = sentence?.text?.trim() ?? "";
  const words = whole && whole.length <= LONGEST && !/[\r\n]/.test(whole) ? whole : quote ?? "";
  if (!words || words.length > LONGEST) return "";
  return `#:~:text=${encodeURIComponent(words.replace(/\s+/g, " ").toWellFormed?.() ?? "").replace(/-/g, "%2D")}`;
}

export const publisher = (source) => source.source || original(source.url)?.hostname || "";

// Publisher, date, author, page: what is known of it, in this order; then what the quote is a part of.
export function byline(source) {
  const page = source.page ? `page ${source.page}` : "";
  return [publisher(source), dateline(source), source.author, page, ...part(source)].filter(Boolean);
}

function part({ table, items, time_start, recognised }) {
  const { caption, row, column } = table ?? {};
  const cell = [caption && `Table: ${caption}`, row && `Row: ${row}`, column && `Column: ${column}`].filter(Boolean);
  return [cell.join(" · "), items && `${items} items`, Number.isFinite(time_start) && `at ${clock(time_start)}`,
    recognised && "recognised from an image"];
}

// Seconds as on a player: 12:31, 1:02:03.
function clock(seconds) {
  const [hours, minutes, rest] = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(Math.floor);
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

// The hash that opens a document, at a place if there is one; offsets in code points, as every program counts them.
export function hash({ document_id, start, end, document_sha256 }) {
  const fields = { document: document_id };
  if (Number.isInteger(end)) Object.assign(fields, { start, end });
  if (document_sha256) fields.sha256 = document_sha256;
  return `#${new URLSearchParams(fields)}`;
}

// The place that a hash names, or null: { document_id, start, end, document_sha256 }, the last three or null.
export function place(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const document_id = fields.get("document");
  if (!document_id) return null;
  const [start, end] = [fields.get("start"), fields.get("end")].map((text) => /^\d{1,9}$/.test(text ?? "") ? Number(text) : null);
  const whole = start !== null && end !== null && start < end;
  return { document_id, start: whole ? start : null, end: whole ? end : null, document_sha256: fields.get("sha256") };
}

export const permalink = (citation) => new URL(hash(citation), location.href).href;

export const FORMATS = { plain, markdown, bibtex, link: permalink };

function plain(citation) {
  const told = [citation.author, `“${citation.title}”`, publisher(citation), day(citation.date), pages(citation)];
  return lines(`“${citation.sentence.text}”`, `— ${told.filter(Boolean).join(", ")}`, original(citation.url)?.href,
    permalink(citation));
}

function markdown(citation) {
  const web = original(citation.url);
  const title = web ? `[${escaped(citation.title)}](<${web.href}>)` : `*${escaped(citation.title)}*`;
  const told = [citation.author, publisher(citation), day(citation.date), pages(citation)].filter(Boolean).map(escaped);
  const quote = escaped(citation.sentence.text).split(/\r\n?|\n/).map((line) => `> ${line}`);
  return lines(...quote, ">", `> — ${[title, ...told].join(", ")} ([passage](<${permalink(citation)}>))`);
}

function bibtex(citation) {
  const [year, month, number] = (citation.date ?? "").split("-");
  const name = `${citation.author ?? publisher(citation)}`.split(/\s+/).at(-1) + (year || "") + citation.title.split(/\s+/)[0];
  const fields = {
    author: citation.author && `{${braced(citation.author)}}`,
    title: `{${braced(citation.title)}}`,
    howpublished: braced(publisher(citation)),
    year: year,
    month: month && MONTHS[month - 1].slice(0, 3).toLowerCase(),
    day: number && String(Number(number)),
    pages: citation.page && String(citation.page),
    url: original(citation.url)?.href.replace(/[{}\\]/g, encodeURIComponent),
    note: `Quoted: ${braced(citation.sentence.text)}`,
    annote: citation.annotation && braced(citation.annotation),
  };
  const given = Object.entries(fields).filter(([, value]) => value);
  const set = ([key, value]) => `  ${key} = ${key === "month" ? value : `{${value}}`}`;
  return `@misc{${name.normalize("NFKD").replace(/[^A-Za-z0-9]/g, "") || "quote"},\n${given.map(set).join(",\n")}\n}`;
}

const pages = ({ page }) => page ? `p. ${page}` : "";
const lines = (...given) => given.filter(Boolean).join("\n");
export const escaped = (text) => text.replace(/[\\`*_[\]<>#&]/g, "\\$&");
const TEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };
const braced = (text) => text.replace(/[\\{}$&#_%~^]/g, (sign) => TEX[sign] ?? `\\${sign}`);
