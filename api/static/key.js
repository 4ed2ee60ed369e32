// The service's key, asked for when the service wants one, kept until the tab is closed.

import { at } from "./dom.js";

const NAME = "citeqa.key";
const dialog = at("key");
const value = at("key-value");
let asking = null; // the promise of the dialog that stands open

export function authorization() {
  const key = sessionStorage.getItem(NAME);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

// After a 401: whether there is another key to try than the header that was refused.
export function demand(refused) {
  if (authorization().Authorization !== refused) return Promise.resolve(true);
  asking ??= new Promise((settle) => {
    at("key-fault").textContent = refused ? "This key was not accepted." : "";
    value.value = "";
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      asking = null;
      if (dialog.returnValue) sessionStorage.setItem(NAME, dialog.returnValue);
      settle(Boolean(dialog.returnValue));
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

at("key-cancel").addEventListener("click", () => dialog.close(""));
dialog.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  // A header holds visible ASCII only; anything else cannot be a key.
  dialog.close(value.value.trim().replace(/[^\x21-\x7e]/g, ""));
});
