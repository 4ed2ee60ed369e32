// The conversation on the page: a question becomes a turn, and what comes of it is shown and kept.

import { answered, stop } from "./asking.js";
import * as conversation from "./conversation.js";
import { at, element, isolatedText } from "./dom.js";
import * as filters from "./filters.js";
import * as source from "./source.js";
import { listen } from "./store.js";
import { say } from "./toast.js";
import { entry, problem, reading, reply, summary, working } from "./turn.js";

const UNANSWERED = "No answer came before the page was left.";
const list = at("conversation");
const status = at("status");
const shown = new Map(); // by a turn's id: { item, turn, body, busy }
let onAnswer = () => {};

export function setUp({ answer }) {
  onAnswer = answer;
}

export function start(question) {
  const given = filters.filters();
  const turn = conversation.begun(question, { filters: given, titles: Object.fromEntries(filters.named(given)) });
  at("welcome").hidden = true;
  for (const { item } of shown.values()) settle(item);
  add(turn);
  source.makeRoom();
  remember({ ...turn, fault: UNANSWERED }); // before it is sent, so that it is not lost
  asked(turn);
}

// What was open while it was read folds when the next question is asked.
function settle(item) {
  const evidence = item.querySelector("details.evidence[open]");
  if (!evidence) return;
  evidence.open = false;
  evidence.style.marginTop = "";
}

function add(turn) {
  const item = element("li", { class: "turn" });
  list.append(item);
  shown.set(turn.id, { item, turn, busy: false });
  return item;
}

async function remember(turn) {
  if (!await conversation.keep(turn)) say("The browser has no room: this turn is lost when the page is left");
  titled();
}

// The tab's title says the question.
function titled() {
  const last = conversation.all().at(-1);
  document.title = last ? `${isolatedText(last.question.replace(/\s+/g, " "))} · citeqa` : "citeqa";
  at("conversation-menu-button").hidden = !conversation.exist();
}

// Asks a turn. Each asking has a body of its own, so that what comes late of an earlier one is not seen.
async function asked(turn, { before = null } = {}) {
  const { item } = shown.get(turn.id);
  const body = element("div", {}, working());
  let now = turn; // as far as it is known
  let passages = null; // what is on the page already
  shown.set(turn.id, { item, turn, body, busy: true });
  const known = (whole) => show(now = whole, item, body);
  status.textContent = "Searching the documents";
  known(turn);
  item.scrollIntoView({ block: "start" });
  try {
    const done = await answered(turn, { previous: conversation.before(turn), known,
      show: (waiting) => body.replaceChildren(waiting),
      found: (evidence) => { passages = evidence; body.replaceChildren(...reading(now, evidence)); } });
    if (shown.get(turn.id)?.body !== body) return;
    shown.set(turn.id, { item, turn: done, body, busy: false });
    await remember(done); // first: what is seen as answered survives a reload
    if (shown.get(turn.id)?.body !== body) return;
    arrive(done, item, body, passages);
    status.textContent = summary(done.response);
    onAnswer(done.response);
  } catch (error) {
    if (shown.get(turn.id)?.body !== body) return;
    const failed = { ...now, fault: error.message };
    shown.set(turn.id, { item, turn: failed, body, busy: false });
    if (!before?.response) remember(failed);
    body.replaceChildren(problem(error.message, () => again(failed, before)));
    if (error.name !== "AbortError") status.textContent = "";
  }
}

function again({ fault, ...turn }, before) {
  asked(turn, { before });
  at("question").focus();
}

// The answer settles above the passages, which stay where they are; where it needs more room than there is, they fold.
function arrive(turn, item, body, passages) {
  const evidence = () => body.querySelector(".evidence");
  const top = () => evidence()?.getBoundingClientRect().top - item.getBoundingClientRect().top;
  const was = top();
  body.replaceChildren(reply(turn, passages));
  show(turn, item, body);
  if (!passages?.length || top() > was) {
    body.replaceChildren(reply(turn));
    return;
  }
  const { style } = evidence();
  style.marginTop = `${was - top()}px`;
  style.marginTop = `${was - top() + parseFloat(style.marginTop)}px`; // margins may have run together
}

// A turn with its body; what is taken away in it or switched asks the same question again in the same place.
function show(turn, item, body) {
  item.replaceChildren(...entry(turn, body, (changes) => {
    const { response, fault, judged, ...rest } = turn;
    asked({ ...rest, ...changes }, { before: turn });
    at("question").focus();
  }));
}

// Shows the conversation as it is kept: turns that other tabs have added, changed or taken away included.
export function redraw({ scroll = false } = {}) {
  const turns = conversation.all();
  const here = new Set(turns.map(({ id }) => id));
  for (const [id, { item, busy }] of shown) {
    if (here.has(id) || busy) continue;
    item.remove();
    shown.delete(id);
  }
  for (const turn of turns) {
    const known = shown.get(turn.id);
    if (known && (known.busy || JSON.stringify(known.turn) === JSON.stringify(turn))) continue;
    restore(turn, known?.item ?? add(turn));
  }
  titled();
  if (scroll) list.lastElementChild?.scrollIntoView({ block: "start" });
}

// A turn as it was kept, perhaps by another version: what cannot be shown is left out.
function restore(turn, item) {
  const body = element("div");
  shown.set(turn.id, { item, turn, body, busy: false });
  try {
    body.append(turn.response ? reply(turn) : problem(turn.fault, () => again(turn, null)));
    show(turn, item, body);
  } catch {
    item.remove();
  }
}

// Another conversation, or none yet.
export async function change(which) {
  stop("Stopped.");
  await conversation.show(which);
  list.replaceChildren();
  shown.clear();
  redraw({ scroll: true });
}

listen(async () => {
  if (!conversation.id()) return;
  await conversation.refresh();
  redraw();
  at("welcome").hidden = shown.size > 0;
});
