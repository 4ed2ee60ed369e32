// The conversation that is shown: its turns in this browser's store, and what is cited in them.

import * as store from "./store.js";

const SHOWN = "citeqa.conversation"; // in this tab's storage: the id of the conversation it shows

// A turn: { id, conversation, made (ms), question, filters, titles (of the documents that they name), chips (what it
// carries over), use_dates, asked (ISO time), response or fault (why there is none), judged (verdicts by place) }.
let turns = [];
let current = null; // its id; null until something is asked
let any = false; // whether there is any conversation

export const all = () => turns;
export const id = () => current;
export const exist = () => any;

// The turns of what this tab showed before, else of the newest conversation there is.
export async function load(wanted = remembered()) {
  for (const turn of Object.values(held())) {
    if (!await store.get("turns", turn.id)) await keep(turn);
    else hold(turn.id, null);
  }
  const known = await store.all("conversations");
  any = known.length > 0;
  known.sort((a, b) => b.changed - a.changed);
  const shown = wanted === NEW ? null : known.find((each) => each.id === wanted) ?? known[0];
  await show(shown?.id ?? null);
}

// Turns that were begun and may not be kept yet, by id: this tab's storage has them at once, so that a question may be
// sent before the database is done, and survives if the page is left meanwhile.
const HELD = "citeqa.held";

function held() {
  try {
    return JSON.parse(sessionStorage.getItem(HELD)) ?? {};
  } catch {
    return {};
  }
}

function hold(id, turn) {
  const { [id]: known, ...others } = held();
  if (!known && !turn) return;
  try {
    sessionStorage.setItem(HELD, JSON.stringify(turn ? { ...others, [id]: turn } : others));
  } catch {
    // storage is full or switched off: the database alone keeps it
  }
}

const NEW = "new";

export async function show(which) {
  current = which;
  remember(which ?? NEW);
  turns = which ? (await store.turnsOf(which)).filter(sound) : [];
}

function remembered() {
  try {
    return sessionStorage.getItem(SHOWN);
  } catch {
    return null;
  }
}

function remember(which) {
  try {
    sessionStorage.setItem(SHOWN, which);
  } catch {
    // storage is switched off: the newest one is shown next time
  }
}

// What can be shown; another version may have kept it.
const sound = (turn) => typeof turn.question === "string" && (turn.fault || turn.response?.index);

// A new turn of this conversation, which begins with it if there is none.
export function begun(question, given) {
  const made = Date.now();
  current ??= store.newId();
  remember(current);
  return { id: store.newId(), conversation: current, made: Math.max(made, (turns.at(-1)?.made ?? 0) + 1), question, ...given };
}

let writing = Promise.resolve(); // changes are written, and the turns read anew, in the order in which they came

const next = (work) => (writing = writing.then(work, work));

// Keeps a turn as it is now, new or not. Resolves to whether the browser had room for it.
export function keep(turn) {
  if (turn.conversation === current) {
    const known = turns.some(({ id }) => id === turn.id);
    turns = known ? turns.map((each) => each.id === turn.id ? turn : each) : [...turns, turn];
  }
  if (!turn.response) hold(turn.id, turn);
  return next(async () => {
    try {
      any = true;
      await store.putTurn(turn, (known) => titled(turn, known));
      hold(turn.id, null);
      return true;
    } catch {
      return false;
    }
  });
}

// Reads the turns anew, after another tab has changed them.
export const refresh = () => next(() => show(current)).catch(() => {});

// The conversation of a turn; its first question is its title, until it is given another.
function titled({ conversation, question, made }, known = { id: conversation, made }) {
  return { ...known, title: known.title ?? question.replace(/\s+/g, " ").slice(0, 200), changed: Date.now() };
}

// Remembers the verdict that was given of a place in a turn.
export function judged(turn, place, verdict) {
  const changed = (each) => ({ ...each, judged: { ...each.judged, [place]: verdict } });
  turns = turns.map((each) => each.id === turn.id ? changed(each) : each);
  return next(() => store.change("turns", turn.id, changed)).catch(() => {});
}

// Takes a conversation away with its turns; gives what `restore` needs to bring it back.
export async function removed(which) {
  const gone = { conversation: await store.get("conversations", which), turns: await store.turnsOf(which) };
  await store.remove("turns", gone.turns.map((turn) => turn.id));
  await store.remove("conversations", [which]);
  any = (await store.all("conversations")).length > 0;
  if (which === current) await show(null);
  return gone;
}

export async function restored({ conversation, turns: given }) {
  any = true;
  if (conversation) await store.put("conversations", conversation);
  for (const turn of given) await store.put("turns", turn);
}

export function citations({ response }) {
  const { answer, conflicts, alternatives } = response ?? {};
  const others = [...conflicts ?? [], ...alternatives ?? []].map((other) => other.citation);
  return answer ? [answer.citation, ...answer.also_in ?? [], ...others] : others;
}

// All that can be opened: citations, also of guesses, and the passages of the evidence.
export const places = () => turns.flatMap((turn) => {
  const { guesses = [], evidence = [] } = turn.response ?? {};
  return [...citations(turn), ...guesses.map(({ citation }) => citation), ...evidence];
});

// Every citation of the conversation in one text, each place once, in the order of the text.
export function citedIn(document_id, sha256) {
  const found = new Map();
  for (const citation of turns.flatMap(citations)) {
    if (citation.document_id !== document_id || citation.document_sha256 !== sha256) continue;
    found.set(`${citation.start}-${citation.end}`, citation);
  }
  return [...found.values()].sort((a, b) => a.start - b.start || a.end - b.end);
}

// The last turn before this one that was answered or not, which a follow-up question refers to.
export const before = (turn) => turns.filter(({ id, response, made }) => response && id !== turn.id && made < turn.made).at(-1);
