// What the theme's frame does without a mouse: the drawer of a narrow screen, the parts of its navigation, the way back up.
(() => {
  "use strict";

  // The theme opens things by labels of hidden checkboxes, which only a mouse can press. `for` stays: its styles ask for it.
  function asButton(label) {
    const button = document.createElement("button");
    for (const { name, value } of label.attributes) button.setAttribute(name, value);
    button.type = "button";
    button.append(...label.childNodes);
    label.replaceWith(button);
    const box = document.getElementById(button.getAttribute("for"));
    const tell = () => button.setAttribute("aria-expanded", String(box.checked));
    button.addEventListener("click", () => box.click());
    box.addEventListener("change", tell);
    tell();
    return button;
  }

  const foldable = ".md-nav__link[for], .md-nav .md-nav .md-nav__title[for]";
  for (const label of document.querySelectorAll(foldable)) if (document.getElementById(label.htmlFor)) asButton(label);

  const drawer = document.getElementById("__drawer");
  const side = document.querySelector(".md-sidebar--primary");
  const label = document.querySelector(".md-header__button[for=__drawer]");
  if (drawer && side && label) {
    const opener = asButton(label);
    opener.setAttribute("aria-label", side.querySelector("nav").getAttribute("aria-label"));
    const close = () => {
      if (drawer.checked) drawer.click();
    };
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !drawer.checked) return;
      close();
      opener.focus();
    });
    side.addEventListener("click", (event) => {
      if (event.target.closest("a[href*='#']")) close(); // it leads to a place on this very page
    });
  }

  const up = document.querySelector(".md-top");
  if (up) {
    let before = scrollY;
    up.addEventListener("click", () => scrollTo({ top: 0 }));
    addEventListener("scroll", () => {
      up.hidden = scrollY < innerHeight || scrollY > before;
      before = scrollY;
    }, { passive: true });
  }
})();
