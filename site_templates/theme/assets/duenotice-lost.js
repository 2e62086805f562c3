// On the page for an address that is not there: a mail program that turns # into %23 asks the host for /my/%23CODE. Leads
// on to the private pages, where the code is taken out of the address at once.
(() => {
  "use strict";

  const { door } = document.currentScript.dataset;
  const { pathname, search, hash } = window.location;
  const sign = /%(?:25)*23/i.exec(pathname);
  const before = sign && pathname.slice(0, sign.index);
  if (!sign || ![door, door.slice(0, -1), `${door}index.html`].includes(before)) return;
  const quiet = document.createElement("meta"); // otherwise the next page is told the address of this one
  quiet.name = "referrer";
  quiet.content = "no-referrer";
  document.head.append(quiet);
  window.location.replace(`${door}#${pathname.slice(sign.index + sign[0].length)}${search}${hash}`);
})();
