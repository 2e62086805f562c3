// What the theme's frame does without a mouse: the drawer of a narrow screen, the parts of its navigation, the way back up.
(() => {
  "use strict";

  const drawer = document.getElementById("__drawer");
  const side = document.querySelector(".md-sidebar--primary");
  const opener = document.querySelector(".md-header__button[for=__drawer]");

  // The theme's switch is a checkbox without a name; the keyboard reaches it on a narrow screen, see duenotice-shell.css.
  if (drawer && side && opener) {
    drawer.setAttribute("aria-label", side.querySelector("nav").getAttribute("aria-label"));
    drawer.addEventListener("keydown", (event) => {
      if (event.key === "Enter") drawer.click();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !drawer.checked) return;
      drawer.checked = false;
      drawer.focus();
    });
    side.addEventListener("click", (event) => {
      if (event.target.closest("a[href*='#']")) drawer.checked = false; // it leads to a place on this very page
    });
  }

  // Parts of the navigation open by labels, which only a mouse can press.
  for (const label of document.querySelectorAll(".md-nav label[for]:not([for=__drawer])")) {
    label.tabIndex = 0;
    label.setAttribute("role", "button");
    label.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      label.click();
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
