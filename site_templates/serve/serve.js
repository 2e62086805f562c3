// While an author looks: loads the page again when it was built anew, and shows what is wrong. Only `serve` names it.
"use strict";

(() => {
  const script = document.currentScript;
  const here = location.pathname;
  const kept = `duenotice-serve:${here}`;
  const open = "duenotice-serve:open";

  const element = (name, text, className) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  const restore = () => {
    const place = sessionStorage.getItem(kept);
    sessionStorage.removeItem(kept);
    if (place !== null) scrollTo({ top: Number(place), behavior: "instant" });
  };

  const reload = () => {
    sessionStorage.setItem(kept, String(scrollY));
    location.reload();
  };

  const panel = element("aside", "", "serve-panel");
  panel.lang = "en";
  panel.dir = "ltr";
  panel.setAttribute("aria-label", "Problems of the last build");
  const said = element("p", "", "serve-said");
  said.setAttribute("role", "status");
  panel.append(said);

  const item = (problem) => {
    const made = element("li", "", `serve-${problem.severity}`);
    made.append(
      element("code", `${problem.file}:${problem.line}`),
      element("span", `${problem.own ? "this notice, " : ""}${problem.severity}: ${problem.message}`),
    );
    if (problem.hint) made.append(element("em", problem.hint));
    made.append(element("small", problem.code));
    return made;
  };

  const show = (news) => {
    panel.querySelector("details")?.remove();
    const total = news.errors + news.warnings;
    panel.hidden = total === 0 && news.built;
    const count = [news.errors && counted(news.errors, "error"), news.warnings && counted(news.warnings, "warning")];
    const sum = count.filter(Boolean).join(", ");
    said.textContent = news.built ? sum : `Not built: ${sum}. This page is as it was before.`;
    panel.classList.toggle("serve-refused", !news.built);
    if (total === 0) return;
    const details = document.createElement("details");
    const own = news.problems.some((problem) => problem.own);
    details.open = !news.built || own || sessionStorage.getItem(open) === "yes";
    details.addEventListener("toggle", () => sessionStorage.setItem(open, details.open ? "yes" : "no"));
    details.append(element("summary", own ? "What is wrong, this notice first" : "What is wrong"));
    const list = document.createElement("ul");
    list.append(...news.problems.map(item));
    details.append(list);
    const more = total - news.problems.length;
    if (more > 0) details.append(element("p", `… and ${more} more on the terminal`));
    panel.append(details);
  };

  document.body.append(panel);
  panel.hidden = true;
  restore();
  const source = new EventSource(`/-/serve/news?page=${encodeURIComponent(here)}`);
  source.addEventListener("message", (event) => {
    const news = JSON.parse(event.data);
    if (news.mark !== script.dataset.mark) reload();
    else show(news);
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
