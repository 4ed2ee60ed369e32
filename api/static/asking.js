// Asking one question: waiting, being told to come back later, failing, trying again.

import { ask } from "./api.js";
import { at, count, element } from "./dom.js";
import { before, context } from "./following.js";
import { today } from "./times.js";

const TRIES = 4; // how often a busy service is asked
const PATIENCE = 60; // seconds: a service that wants a longer pause is not waited for
const send = at("send");
let running = null; // the AbortController of the question that is being answered

export const busy = () => running !== null;

export function stop(why) {
  running?.abort(new DOMException(why, "AbortError"));
}

// Gives the turn with its time and response, however often the service says that it is busy; what is going on is shown
// by `show`, the passages that are read meanwhile by `found`. What the question takes over from `previous` is handed to
// `known` as soon as the service says it, unless the turn has it.
export async function answered(turn, { previous, known, show, found }) {
  stop("Stopped, because another question was asked.");
  const mine = running = new AbortController();
  send.textContent = "Stop";
  let whole = turn;
  const taken = (chips) => {
    if (!turn.chips) known(whole = { ...turn, chips });
  };
  try {
    const response = await patiently({ ...wanted(turn), ...!turn.chips && before(previous) }, mine.signal, { show, taken, found });
    if (!whole.chips) taken([]);
    return { ...whole, asked: new Date().toISOString(), response };
  } finally {
    if (running === mine) {
      running = null;
      send.textContent = "Ask";
    }
  }
}

function wanted({ question, filters, chips = [], use_dates = true }) {
  const carrying = context(chips);
  return { question, today: today(), ...filters && { filters }, ...carrying && { context: carrying }, ...!use_dates && { use_dates } };
}

async function patiently(body, signal, { show, ...heard }) {
  for (let tried = 1; ; tried++) {
    try {
      return await ask(body, signal, heard);
    } catch (error) {
      if (error.wait === null || error.wait === undefined || error.wait > PATIENCE || tried === TRIES) throw error;
      for (let left = Math.max(error.wait, 1); left; left--) {
        show(element("p", { class: "working" }, `The service is busy. Asking again in ${count(left, "second")} …`));
        await pause(1000, signal);
      }
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stopped = () => { clearTimeout(timer); reject(signal.reason); };
    const timer = setTimeout(() => { signal.removeEventListener("abort", stopped); resolve(); }, milliseconds);
    signal.addEventListener("abort", stopped, { once: true });
  });
}
