// The one place where the page says what is happening and what went wrong; it is read aloud.

import { say } from "./wording.js";

const BOX = document.getElementById("message");
let said = { notes: [], wrong: false };

/** Says one thing, or several: a key, or [key, values] pairs. Nothing to say takes back what was said. */
export function tell(what = [], { wrong = false } = {}) {
  said = { notes: typeof what === "string" ? [[what, {}]] : what, wrong };
  retell();
}

/** Says it once more, in the language of now. */
export function retell() {
  const { notes, wrong } = said;
  BOX.classList.toggle("my-wrong", wrong);
  BOX.setAttribute("role", wrong ? "alert" : "status");
  BOX.textContent = notes.map(([key, values]) => say(key, values)).join(" ");
}
