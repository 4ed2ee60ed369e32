// The page: a question becomes a turn of the conversation, a hash opens a document or the list of all.

import { listDocuments, permissions } from "./api.js";
import { busy, stop } from "./asking.js";
import { advice, EMPTY } from "./beginning.js";
import { place } from "./citing.js";
import * as conversation from "./conversation.js";
import { at, button, count, element } from "./dom.js";
import * as filters from "./filters.js";
import * as source from "./source.js";
import * as talk from "./talk.js";

// Questions to try, by the document of the seed corpus that answers them.
const EXAMPLES = {
  "002_73ec0a3e5fd5a0e3": "How much humanitarian aid has the U.S. pledged to the Cubans?",
  "003_06306681cd2de5d0": "Why did Claver-Carone praise Andrew Holness?",
  "004_ce34eba21ef0286a": "When and where did the maritime security working group meet?",
  "001_6fe46eaa118b1c1d": "Which countries did Rubio's tour in March include?",
};

// What else there is than the conversation, each loaded when it is opened.
const VIEWS = { documents: () => import("./documents.js"), clippings: () => import("./clippings.js"), manuscript: () => import("./manuscript.js") };
const form = at("ask");
const question = at("question");
const touch = matchMedia("(pointer: coarse)");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = question.value.trim();
  if (!asked || !filters.sound()) return;
  question.value = "";
  talk.start(asked);
  if (touch.matches) question.blur(); // the keyboard makes room for the answer
});

question.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop("Stopped.");
  if (event.key === "ArrowUp" && !question.value) recall(event);
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

function recall(event) {
  const last = conversation.all().at(-1);
  if (!last) return;
  event.preventDefault();
  question.value = last.question;
}

at("send").addEventListener("click", (event) => {
  if (!busy()) return;
  event.preventDefault();
  stop("Stopped.");
  question.focus();
});

// On a wide window the source of the newest answer stands beside it.
function accompany(response) {
  if (!response.answered) return source.isEarlier();
  if (!source.opensItself()) return;
  leaveHash();
  source.open(response.answer.citation, { focus: false });
}

async function greet() {
  const [{ documents: first, total }, { calibrated, writing }] = await Promise.all([listDocuments({ limit: 8 }), permissions()]);
  const held = total ? ` ${count(total, "document")}.${calibrated ? " Confidence fitted to them." : ""}` : "";
  at("about").textContent = `Answers in the documents’ own words.${held}`;
  const examples = first.filter(({ id }) => id in EXAMPLES).map(({ id }) => EXAMPLES[id]);
  at("welcome-title").textContent =
    examples.length ? "Questions to try" : total ? "Some of the documents" : EMPTY;
  const items = examples.length
    ? examples.map((text) => [button(text, () => suggested(text))])
    : first.map(({ title }) => [element("span", { dir: "auto" }, title)]);
  if (!total) items.push(advice(writing, [element("a", { href: "#documents" }, "Add files"), " of yours, then ask."]));
  at("suggestions").replaceChildren(...items.map((parts) => element("li", {}, ...parts)));
  at("welcome").hidden = conversation.all().length > 0;
}

function suggested(text) {
  if (!filters.sound()) return;
  talk.start(text);
  question.focus();
}

// The address says what is shown: a list, "#document=...&start=..." for a document at a place, or nothing.
function route() {
  const named = place(location.hash);
  if (named) {
    source.open(conversation.places().find((known) => same(known, named)) ?? named);
    return;
  }
  source.close();
  const name = location.hash.slice(1);
  view(Object.hasOwn(VIEWS, name) ? name : "talk");
}

function same(known, named) {
  return ["document_id", "start", "end", "document_sha256"].every((name) => (known[name] ?? null) === named[name]);
}

let viewed = "talk";

async function view(name) {
  if (name === viewed) return;
  viewed = name;
  for (const each of ["talk", ...Object.keys(VIEWS)]) {
    at(each).hidden = each !== name;
    at(`to-${each === "talk" ? "conversation" : each}`).hidden = each === "talk" ? name === "talk" : each === name;
  }
  form.hidden = name !== "talk";
  source.arrange();
  if (name === "talk") {
    question.focus();
    if (!at("welcome").hidden) greet().catch(() => {}); // documents may have come or gone
  } else (await VIEWS[name]()).show();
}

function leaveHash() {
  if (!place(location.hash)) return;
  history.replaceState(null, "", viewed === "talk" ? location.pathname + location.search : `#${viewed}`);
}

at("skip").addEventListener("click", (event) => {
  event.preventDefault();
  (viewed === "talk" ? question : at(`${viewed}-title`)).focus();
});
addEventListener("hashchange", route);
document.addEventListener("click", ({ target }) => {
  const link = target.closest?.("a[href^='#document=']");
  if (link?.hash === location.hash) route(); // asked for again
});

source.setUp({
  closed: leaveHash,
  only: (document) => {
    if (!source.isWide()) source.close();
    location.hash = "";
    view("talk");
    filters.only(document);
    question.focus();
  },
});
talk.setUp({ answer: accompany });

at("conversation-menu").addEventListener("toggle", async ({ newState }) => {
  if (newState === "open") (await import("./conversations.js")).show();
});
document.addEventListener("keydown", async (event) => {
  const typing = event.target.matches?.("input, textarea, select") || event.ctrlKey || event.altKey || event.metaKey;
  if (typing || document.querySelector("dialog:modal")?.matches(":not(#source)")) return;
  if (event.key === "/" && viewed === "talk" && !document.querySelector("dialog:modal")) {
    event.preventDefault();
    question.focus();
  }
  if (event.key === "?") (await import("./keys.js")).show();
  if ((event.key === "n" || event.key === "p") && source.isOpen()) source.step(event.key === "n" ? 1 : -1);
});

filters.show();
question.focus();
await conversation.load().catch(() => {});
talk.redraw({ scroll: true });
greet().catch(() => {}); // the page works without its greeting; asking will say what is wrong
route();
