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
  const turn = { question: asked, filters: given, context: filters.context(), titles };
  filters.follow(null);
  at("welcome").hidden = true;
  const body = element("div");
  list.append(entry(turn, body));
  answer(turn, body);
}

async function answer(turn, body) {
  status.textContent = "Searching the documents";
  body.replaceChildren(working());
  body.parentElement.scrollIntoView({ block: "start" });
  const { question: asked, filters: given, context } = turn;
  try {
    const wanted = { question: asked, ...given && { filters: given }, ...context && { context } };
    const response = await answered(wanted, (waiting) => body.replaceChildren(waiting));
    const done = { ...turn, asked: new Date().toISOString(), response };
    conversation.keep(done);
    body.replaceChildren(reply(done, followUp));
    status.textContent = summary(response);
    at("conversation-menu-button").hidden = false;
    if (response.answered) accompany(response.answer.citation);
  } catch (error) {
    const again = () => { answer(turn, body); question.focus(); };
    body.replaceChildren(problem(error.message, again));
    if (error.name !== "AbortError") status.textContent = "";
  }
  body.parentElement.scrollIntoView({ block: "start" });
}

// On a wide window the source of the newest answer stands beside it.
async function accompany(citation) {
  if (!source.isWide() || !(openBeside || source.isOpen())) return;
  leaveHash();
  await source.open(citation, { focus: false });
}

function followUp(asked) {
  filters.follow(asked);
  question.focus();
}

function restore() {
  list.replaceChildren(...conversation.all().flatMap(restored));
  at("conversation-menu-button").hidden = !conversation.all().length;
  list.lastElementChild?.scrollIntoView({ block: "start" });
}

// A turn as it was kept, perhaps by another version: what cannot be shown is left out.
function restored(turn) {
  try {
    return [entry(turn, element("div", {}, reply(turn, followUp)))];
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
  if (await say("The conversation is cleared", { undoable: true, seconds: 8 })) before.forEach(conversation.keep);
  restore();
  at("welcome").hidden = list.childElementCount > 0;
  question.focus();
});

restore();
filters.show();
question.focus();
greet().catch(() => {}); // the page works without its greeting; asking will say what is wrong
route();
