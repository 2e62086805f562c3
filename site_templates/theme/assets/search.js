// The search in every page's header, and on the page to search on: results while one types, by search-engine.js, which is
// loaded when somebody first wants to search.
(() => {
  "use strict";

  const root = document.querySelector("[data-dn-search]");
  if (!root) return;
  const { dnSearch: base, dnSearchEngine: engine, dnSearchAll: everything } = root.dataset;
  const language = document.documentElement.lang;
  const locale = language === "en" ? "en-GB" : language;
  const site = new URL("..", new URL(base, location.href)).pathname;
  const narrow = matchMedia("(max-width: 59.9375em)");
  const PAUSE = 120; // milliseconds without a key before a question is asked
  const BATCH = 10; // results that are shown at once

  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  const filled = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  let loading;
  function load(again = false) {
    if (!loading || again) {
      const words = fetch(`${base}words.${language}.json`).then((response) => response.json());
      const opened = import(engine).then((made) => made.open(new URL(base, location.href).href, again));
      loading = Promise.all([opened, words]);
      loading.catch(() => { loading = undefined; });
    }
    return loading;
  }

  // After the site was published anew, a shard and a table that was loaded before may not belong together.
  async function ask(question) {
    const [index] = await load();
    try {
      return await question(index);
    } catch {
      return question((await load(true))[0]);
    }
  }

  class Search {
    constructor(form, place, { page = false } = {}) {
      this.form = form;
      this.input = form.elements.q;
      this.place = place;
      this.page = page;
      this.asked = 0;
      this.input.addEventListener("focus", () => this.open());
      this.input.addEventListener("input", (event) => { if (!event.isComposing) this.soon(); });
      this.input.addEventListener("compositionend", () => this.soon());
      form.addEventListener("submit", (event) => this.submit(event));
      place.addEventListener("keydown", (event) => this.key(event));
    }

    async open() {
      if (this.panel) {
        this.panel.hidden = false;
        return;
      }
      this.status = element("p", "dn-search__status");
      this.status.setAttribute("role", "status");
      this.list = element("ol", "dn-search__list");
      this.more = element("button", "dn-search__more");
      this.more.type = "button";
      this.more.hidden = true;
      this.more.addEventListener("click", () => this.showMore());
      this.filters = element("div", "dn-search__filters");
      this.panel = element("div", "dn-search__panel", this.filters, this.status, this.list, this.more);
      this.place.append(this.panel);
      try {
        const [index, words] = await load();
        this.furnish(index, words);
      } catch {
        this.panel.remove();
        this.panel = undefined;
        return;
      }
      this.search();
    }

    furnish(index, { said, kinds, languages }) {
      if (this.said) return;
      this.said = said;
      this.names = { kinds, languages };
      this.list.setAttribute("aria-label", said.results);
      this.filters.setAttribute("role", "group");
      this.filters.setAttribute("aria-label", said.filters);
      const used = new Set(index.kind);
      this.kind = this.choice(said.kind, said["any-kind"], index.kinds.filter((kind) => used.has(kind)).map((kind) => [kind, kinds[kind]]));
      this.year = this.choice(said.year, said["any-year"], index.years.map((year) => [String(year), String(year)]));
      this.only = this.choice(said.language, said["any-language"], index.languages.map((code) => [code, languages[code]]));
      if (!this.page) {
        this.all = element("a", "dn-search__all", said.all);
        this.panel.append(this.all);
        const close = element("button", "dn-search__close");
        close.type = "button";
        close.setAttribute("aria-label", said.close);
        close.addEventListener("click", () => this.close());
        this.form.append(close);
      }
      this.restore?.();
    }

    choice(label, any, options) {
      const select = element("select", "", ...[["", any], ...options].map(([value, name]) => {
        const option = element("option", "", name);
        option.value = value;
        return option;
      }));
      select.setAttribute("aria-label", label);
      select.addEventListener("change", () => this.search());
      if (options.length > 1) this.filters.append(select);
      return select;
    }

    soon() {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.search(), PAUSE);
    }

    get chosen() {
      return { language, kind: this.kind.value, year: this.year.value, only: this.only.value };
    }

    async search() {
      if (!this.said) return;
      const query = this.input.value.trim();
      const turn = ++this.asked;
      this.remember(query);
      if (!query) {
        this.show(this.said.hint);
        return;
      }
      const slow = setTimeout(() => { if (turn === this.asked) this.status.textContent = this.said.searching; }, 400);
      try {
        const found = await ask(async (index) => {
          const answer = await index.find(query, this.chosen);
          return { ...answer, shown: await this.batch(index, answer, 0) };
        });
        if (turn === this.asked) this.tell(query, found);
      } catch {
        if (turn === this.asked) this.show(this.said.failed);
      } finally {
        clearTimeout(slow);
      }
    }

    batch(index, { documents, question }, from) {
      return Promise.all(documents.slice(from, from + BATCH).map((document) => index.show(document, question)));
    }

    tell(query, { documents, question, close, shown }) {
      const count = documents.length;
      const single = question.parts.some((part) => part.single || part.word?.length < 2);
      const key = count ? `${close ? "close-" : ""}${count === 1 ? "one" : "many"}` : this.kind.value || this.year.value || this.only.value ? "filtered" : "none";
      this.show(filled(this.said[key], { n: count, query }) + (single ? ` ${this.said.single}` : ""));
      this.found = { documents, question };
      this.add(shown);
    }

    show(status) {
      this.status.textContent = status;
      this.list.replaceChildren();
      this.more.hidden = true;
    }

    add(shown) {
      this.list.append(...shown.map((one) => this.result(one)));
      const left = this.found.documents.length - this.list.childElementCount;
      this.more.hidden = left === 0;
      this.more.textContent = filled(this.said.more, { n: Math.min(left, BATCH) });
    }

    async showMore() {
      const { found } = this;
      const last = this.list.lastElementChild;
      const shown = await ask((index) => this.batch(index, found, this.list.childElementCount)).catch(() => []);
      if (found !== this.found) return;
      this.add(shown);
      last?.nextElementSibling?.querySelector("a").focus();
    }

    result({ path, title, number, day, kind, language: written, excerpt }) {
      const facts = [this.names.kinds[kind], day && this.day(day), written !== language && this.names.languages[written]];
      const reference = this.marked("dn-search__number", number, language);
      const link = element("a", "dn-search__result",
        element("span", "dn-search__facts", facts.filter(Boolean).join(" · "), reference),
        this.marked("dn-search__title", title, written),
        this.marked("dn-search__excerpt", excerpt, written));
      link.href = site + path;
      return element("li", "", link);
    }

    marked(className, parts, written) {
      const made = element("span", className, ...parts.map(([text, asked]) => (asked ? element("mark", "", text) : text)));
      if (written !== language) made.lang = written;
      return made;
    }

    day(iso) {
      return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(new Date(`${iso}T00:00Z`));
    }

    // The question in the address: of this page, or of the one that the header leads to.
    remember(query) {
      const asked = new URLSearchParams();
      const { kind, year, only } = this.chosen;
      for (const [name, value] of Object.entries({ q: query, kind, year, language: only })) if (value) asked.set(name, value);
      const address = String(asked) ? `?${asked}` : "";
      if (this.page) history.replaceState(null, "", location.pathname + address);
      else this.all.href = everything + address;
    }

    submit(event) {
      if (this.page) {
        event.preventDefault();
        this.search();
      } else if (narrow.matches) {
        event.preventDefault();
        this.search();
        this.input.blur(); // so that the keyboard of a phone gives way to the results
      }
    }

    key(event) {
      const links = [...(this.list?.querySelectorAll("a") ?? [])];
      const at = links.indexOf(document.activeElement);
      const typing = document.activeElement === this.input;
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
      if (event.key === "Escape") {
        if (typing || !this.page) event.preventDefault();
        if (at >= 0) this.input.focus();
        else this.close();
      } else if (to !== undefined && links.length && (at >= 0 || (typing && event.key === "ArrowDown"))) {
        event.preventDefault();
        if (to < 0) this.input.focus();
        else links[Math.min(to, links.length - 1)].focus();
      }
    }

    close() {
      if (this.page) {
        this.input.value = "";
        this.search();
        return;
      }
      if (this.panel) this.panel.hidden = true;
      this.place.classList.remove("dn-search--open");
      document.documentElement.classList.remove("dn-search-open");
      if (narrow.matches) opener.focus();
      else this.input.blur();
    }
  }

  // --- in the header ------------------------------------------------------------------------------------------------------

  const header = new Search(root.querySelector("form"), root);
  const opener = root.querySelector(".dn-search__open");

  function unfold() {
    root.classList.add("dn-search--open");
    if (narrow.matches) document.documentElement.classList.add("dn-search-open");
    header.input.focus();
  }

  opener.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    unfold();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!root.contains(event.target) && header.panel && !header.panel.hidden) header.panel.hidden = true;
  });
  root.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !root.contains(relatedTarget) && header.panel) header.panel.hidden = true;
  });

  // --- on its own page ----------------------------------------------------------------------------------------------------

  const place = document.querySelector("[data-dn-search-page]");
  let own;
  if (place) {
    const form = root.querySelector("form").cloneNode(true);
    const given = new URLSearchParams(location.search);
    form.elements.q.value = given.get("q") ?? "";
    place.querySelector(".dn-search-without").replaceWith(form);
    own = new Search(form, place, { page: true });
    own.restore = () => {
      for (const [select, name] of [[own.kind, "kind"], [own.year, "year"], [own.only, "language"]]) {
        const value = given.get(name);
        if ([...select.options].some((option) => option.value === value)) select.value = value;
      }
    };
    own.open();
    if (!given.get("q") && !narrow.matches) form.elements.q.focus();
  }

  // As in Material: /, s and f lead to the search from wherever nothing is typed.
  document.addEventListener("keydown", (event) => {
    if (!["/", "s", "f"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    if (own) own.input.focus();
    else unfold();
  });
})();
