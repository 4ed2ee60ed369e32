// The page: a question becomes a turn of the conversation, a hash opens a document or the list of all.

import { listDocuments } from "./api.js";
import { answered, busy, stop } from "./asking.js";
import { place } from "./citing.js";
import * as conversation from "./conversation.js";
import * as documents from "./documents.js";
import { at, beside, button, count, element } from "./dom.js";
import * as filters from "./filters.js";
import * as source from "./source.js";
import { say } from "./toast.js";
import { entry, problem, reply, summary, working } from "./turn.js";

// Questions to try, by the document of the seed corpus that answers them.
const EXAMPLES = {
  "002_73ec0a3e5fd5a0e3": "How much humanitarian aid has the U.S. pledged to the Cubans?",
  "003_06306681cd2de5d0": "Why did Claver-Carone praise Andrew Holness?",
  "004_ce34eba21ef0286a": "When and where did the maritime security working group meet?",
  "001_6fe46eaa118b1c1d": "Which countries did Rubio's tour in March include?",
};

const form = at("ask");
const question = at("question");
const list = at("conversation");
const status = at("status");
const menu = at("conversation-menu");
let openBeside = true; // whether a wide window shows the source of each answer: until that is closed by hand

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = question.value.trim();
  if (!asked) return;
  question.value = "";
  start(asked);
});

question.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop("Stopped.");
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

at("send").addEventListener("click", (event) => {
  if (!busy()) return;
  event.preventDefault();
  stop("Stopped.");
  question.focus();
});

function start(asked) {
  const given = filters.filters();
  const titles = Object.fromEntries(filters.named(given));
  at("welcome").hidden = true;
  const item = element("li", { class: "turn" });
  list.append(item);
  answer({ question: asked, filters: given, titles }, item, { previous: conversation.all().at(-1) });
}

// Asks a turn, which stands in `item`; `kept` is the same turn as it is kept from an asking before. Each asking has a
// body of its own, so that what comes late of an earlier one is not seen.
async function answer(turn, item, { kept = null, previous = null } = {}) {
  const body = element("div", {}, working());
  let now = turn; // as far as it is known
  const known = (whole) => {
    now = whole;
    show(whole, item, body, { kept, previous });
  };
  status.textContent = "Searching the documents";
  known(turn);
  item.scrollIntoView({ block: "start" });
  try {
    const done = await answered(turn, { previous, known, show: (waiting) => body.replaceChildren(waiting) });
    conversation.keep(done, kept);
    body.replaceChildren(reply(done));
    show(done, item, body, { kept: done });
    status.textContent = summary(done.response);
    at("conversation-menu-button").hidden = false;
    if (done.response.answered) accompany(done.response.answer.citation);
  } catch (error) {
    const again = () => { answer(now, item, { kept, previous }); question.focus(); };
    body.replaceChildren(problem(error.message, again));
    if (error.name !== "AbortError") status.textContent = "";
  }
  if (body.isConnected) item.scrollIntoView({ block: "start" });
}

// A turn with its body; what is taken away in it or switched asks the same question again in the same place.
function show(turn, item, body, { kept, previous }) {
  item.replaceChildren(...entry(turn, body, (changes) => {
    const { question: asked, filters: given, titles, chips, use_dates } = { ...turn, ...changes };
    answer({ question: asked, filters: given, titles, chips, use_dates }, item, { kept, previous });
    question.focus();
  }));
}

// On a wide window the source of the newest answer stands beside it.
async function accompany(citation) {
  if (!source.isWide() || !(openBeside || source.isOpen())) return;
  leaveHash();
  await source.open(citation, { focus: false });
}

function restore() {
  list.replaceChildren(...conversation.all().flatMap(restored));
  at("conversation-menu-button").hidden = !conversation.all().length;
  list.lastElementChild?.scrollIntoView({ block: "start" });
}

// A turn as it was kept, perhaps by another version: what cannot be shown is left out.
function restored(turn) {
  try {
    const item = element("li", { class: "turn" });
    show(turn, item, element("div", {}, reply(turn)), { kept: turn });
    return [item];
  } catch {
    return [];
  }
}

async function greet() {
  const { documents: first, total } = await listDocuments({ limit: 8 });
  at("about").textContent = `Answers in the documents’ own words. ${count(total, "document")}.`;
  const examples = first.filter(({ id }) => id in EXAMPLES).map(({ id }) => EXAMPLES[id]);
  at("welcome-title").textContent =
    examples.length ? "Questions to try" : total ? "Some of the documents" : "There are no documents yet";
  const items = examples.length
    ? examples.map((text) => button(text, () => { start(text); question.focus(); }))
    : first.map(({ title }) => element("span", { dir: "auto" }, title));
  at("suggestions").replaceChildren(...items.map((item) => element("li", {}, item)));
  at("welcome").hidden = list.childElementCount > 0;
}

// The address says what is shown: "#documents", "#document=...&start=..." for a document at a place, or nothing.
function route() {
  const named = place(location.hash);
  if (named) {
    source.open(conversation.places().find((known) => same(known, named)) ?? named);
    return;
  }
  source.close();
  view(location.hash === "#documents");
}

function same(known, named) {
  return ["document_id", "start", "end", "document_sha256"].every((name) => (known[name] ?? null) === named[name]);
}

function view(all) {
  if (all === !at("documents").hidden) return;
  at("documents").hidden = at("to-conversation").hidden = !all;
  at("talk").hidden = form.hidden = at("to-documents").hidden = all;
  if (all) documents.show();
  else question.focus();
}

function leaveHash() {
  if (place(location.hash)) history.replaceState(null, "", at("documents").hidden ? location.pathname + location.search : "#documents");
}

addEventListener("hashchange", route);
document.addEventListener("click", ({ target }) => {
  const link = target.closest?.("a[href^='#document=']");
  if (link?.hash === location.hash) route(); // asked for again
});

source.setUp({
  closed: (byHand) => { leaveHash(); openBeside &&= !byHand; },
  only: (document) => {
    if (!source.isWide()) source.close();
    location.hash = "";
    view(false);
    filters.only(document);
    question.focus();
  },
});

menu.addEventListener("toggle", ({ newState }) => newState === "open" && beside(menu, at("conversation-menu-button")));
menu.addEventListener("click", () => menu.hidePopover());
at("save-markdown").addEventListener("click", () => conversation.save("conversation.md", "text/markdown", conversation.markdown()));
at("save-json").addEventListener("click", () => conversation.save("conversation.json", "application/json", conversation.json()));
at("clear").addEventListener("click", async () => {
  stop("Stopped.");
  const before = conversation.all();
  conversation.clear();
  restore();
  if (await say("The conversation is cleared", { undoable: true, seconds: 8 })) before.forEach((turn) => conversation.keep(turn));
  restore();
  at("welcome").hidden = list.childElementCount > 0;
  question.focus();
});

restore();
filters.show();
question.focus();
greet().catch(() => {}); // the page works without its greeting; asking will say what is wrong
route();
