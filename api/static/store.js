// What this browser keeps: conversations, their turns, clippings. Every change is a transaction of its own, so that tabs
// never write over each other's, and a channel tells the other tabs. Without a database the page forgets, and works.

const NAME = "citeqa";
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;
const forgotten = { conversations: new Map(), turns: new Map(), clippings: new Map() }; // where there is no database
let opening = null;

function opened() {
  opening ??= new Promise((settle) => {
    try {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => {
        const { result: database } = request;
        database.createObjectStore("conversations", { keyPath: "id" });
        database.createObjectStore("turns", { keyPath: "id" }).createIndex("conversation", "conversation");
        database.createObjectStore("clippings", { keyPath: "id" });
      };
      request.onsuccess = () => settle(request.result);
      request.onerror = request.onblocked = () => settle(null);
    } catch {
      settle(null);
    }
  });
  return opening;
}

// Runs `work` with object stores, one name or several, in a transaction; gives what the request that it returns brings.
async function within(names, mode, work) {
  const database = await opened();
  if (!database) return undefined;
  return new Promise((settle, refuse) => {
    const transaction = database.transaction(names, mode, { durability: "relaxed" });
    const request = work(...[names].flat().map((name) => transaction.objectStore(name)));
    transaction.oncomplete = () => settle(request?.result);
    transaction.onerror = transaction.onabort = () => refuse(transaction.error);
  });
}

const kept = async () => Boolean(await opened());

export async function all(name) {
  return await kept() ? within(name, "readonly", (store) => store.getAll()) : [...forgotten[name].values()];
}

export async function get(name, id) {
  return await kept() ? within(name, "readonly", (store) => store.get(id)) : forgotten[name].get(id);
}

export async function turnsOf(conversation) {
  const found = await kept()
    ? await within("turns", "readonly", (store) => store.index("conversation").getAll(conversation))
    : [...forgotten.turns.values()].filter((turn) => turn.conversation === conversation);
  return found.sort((a, b) => a.made - b.made || (a.id < b.id ? -1 : 1));
}

export async function put(name, value) {
  if (await kept()) await within(name, "readwrite", (store) => store.put(value));
  else forgotten[name].set(value.id, value);
  tell();
}

// A turn, and what its conversation becomes by it: `changed` is given the conversation as it is kept, if it is. Both in
// one transaction: a page that is left meanwhile has kept both or neither.
export async function putTurn(turn, changed) {
  const { conversation: id } = turn;
  if (await kept()) {
    await within(["conversations", "turns"], "readwrite", (conversations, turns) => {
      const request = conversations.get(id);
      request.onsuccess = () => conversations.put(changed(request.result));
      turns.put(turn);
    });
  } else {
    forgotten.conversations.set(id, changed(forgotten.conversations.get(id)));
    forgotten.turns.set(turn.id, turn);
  }
  tell();
}

// Changes what is there under an id, if it is still there; nothing comes between reading and writing it.
export async function change(name, id, changed) {
  if (await kept()) {
    await within(name, "readwrite", (store) => {
      const request = store.get(id);
      request.onsuccess = () => request.result && store.put(changed(request.result));
    });
  } else if (forgotten[name].has(id)) forgotten[name].set(id, changed(forgotten[name].get(id)));
  tell();
}

export async function remove(name, ids) {
  if (await kept()) await within(name, "readwrite", (store) => { for (const id of ids) store.delete(id); });
  else for (const id of ids) forgotten[name].delete(id);
  tell();
}

const tell = () => channel?.postMessage("changed");

// Calls `hear` when another tab has changed anything.
export function listen(hear) {
  channel?.addEventListener("message", hear);
}

// Unlike any other; `crypto.randomUUID` is missing where a page comes over plain HTTP.
export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
