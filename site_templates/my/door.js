// The view in which a code is asked for.

import { button, element } from "./elements.js";
import { DAYS } from "./remembering.js";
import { say } from "./wording.js";

/** The view. `act` has enter(text), back() and forget(); `open` and `kept` count codes open and remembered here. */
export function doorView(act, { open, kept, retry }) {
  const input = element("input", {
    id: "code", type: "text", inputmode: "text", autocapitalize: "characters", autocomplete: "off", autocorrect: "off",
    spellcheck: "false", enterkeyhint: "go", "aria-describedby": "code-hint", "aria-errormessage": "message",
  });
  const keep = element("input", { id: "keep", type: "checkbox", "aria-describedby": "keep-hint" });
  const submit = (event) => {
    event.preventDefault();
    act.enter(input.value);
  };
  const plain = { class: "my-plain" };
  return [
    element("h1", {}, say("title")),
    element("p", { class: "my-lead" }, say("lead")),
    element(
      "form", { class: "my-door", onsubmit: submit },
      element("label", { for: "code" }, say("code")),
      element("div", { class: "my-field" }, input, element("button", { type: "submit", class: "my-primary" }, say("open"))),
      element("p", { class: "my-hint", id: "code-hint" }, say("code_hint")),
      element("label", { class: "my-check", for: "keep" }, keep, element("span", {}, say("keep"))),
      element("p", { class: "my-hint", id: "keep-hint" }, say("keep_hint", { days: DAYS })),
    ),
    open ? button(say("back_to"), act.back, plain) : element("p", { class: "my-hint" }, say("lost")),
    retry ? button(say("again"), act.again, plain) : null,
    kept ? button(say("forget_all"), act.forgetAll, plain) : null,
  ].filter(Boolean);
}
