// Attachments and calendars, decrypted here and handed to the reader's device.

import { openedFile } from "./binders.js";
import { button, element } from "./elements.js";
import { tell } from "./message.js";
import { missing } from "./reasons.js";
import { say, size } from "./wording.js";

const KEPT = 60_000; // milliseconds: how long a browser may take to begin saving
const IN_CHAT = /MicroMessenger/i.test(navigator.userAgent); // its browser saves no files

/** Hands a Blob over under a name. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT);
  tell(IN_CHAT ? "saved_in_chat" : "saved");
}

/** Turns a reference to an attachment into a button that decrypts and saves it, and shows how far it is. */
export function attach(link, file) {
  const label = say("save", { name: file.name, size: size(file.size) });
  const fetching = async () => {
    const bar = element("progress", { class: "my-progress", max: file.size, value: 0, "aria-label": label });
    made.disabled = true;
    made.after(bar);
    tell("saving");
    try {
      save(await openedFile(file.key, "application/octet-stream", (bytes) => { bar.value = bytes; }), file.name);
    } catch (error) {
      tell(missing(error), { wrong: true });
    } finally {
      bar.remove();
      made.disabled = false;
    }
  };
  const made = button(link.textContent, () => void fetching(), { class: "my-save", "aria-label": label, title: label });
  link.replaceWith(made);
}

/** Shows a picture that came along as an attachment. */
export async function reveal(image, file) {
  image.removeAttribute("src");
  try {
    const address = URL.createObjectURL(await openedFile(file.key, ""));
    image.onload = image.onerror = () => URL.revokeObjectURL(address); // once drawn, no copy stays after logging out
    image.src = address;
  } catch (error) {
    tell(missing(error), { wrong: true });
  }
}
