// Drawings with steps, boxes that scroll, and folded text that a link or the search leads to.
(() => {
  // ---- Steps: data-step="K" appears at step K and stays, "K-L" is there from K to L; data-lit lists steps. A drawing is
  //      first in its last state, as on paper.
  const ranges = (text = "") =>
    [...text.matchAll(/(\d+)(-(\d+))?/g)].map(([, from, range, to]) => [Number(from), range ? Number(to) : null]);
  const holds = (text, step, end) => ranges(text).some(([from, to]) => step >= from && step <= (to ?? end ?? from));

  const prepare = (picture) => {
    const stepped = [...picture.querySelectorAll("[data-step], [data-lit]")];
    const last = Math.max(0, ...stepped.flatMap(({ dataset }) => ranges(`${dataset.step ?? ""} ${dataset.lit ?? ""}`).flat()));
    if (!last) return;
    let step = last + 1; // the picture as a whole
    const group = document.createElement("div");
    group.className = "stepper";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Steps of the drawing");
    const [back, on] = [["‹", "Step back"], ["›", "Next step"]].map(([sign, label]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.setAttribute("aria-label", label);
      return button;
    });
    const where = document.createElement("output");
    group.append(back, where, on);
    (picture.closest(".drawing, .plot") ?? picture).after(group);
    const show = (to) => {
      step = to;
      const whole = step > last;
      for (const element of stepped) {
        if ("step" in element.dataset) {
          const visible = holds(element.dataset.step, step, Infinity);
          element.classList.toggle("on", !whole && visible);
          element.classList.toggle("off", !whole && !visible);
        }
        element.classList.toggle("lit", !whole && holds(element.dataset.lit, step));
      }
      where.value = whole ? `${last} steps` : `step ${step} of ${last}`;
      back.disabled = step === 0;
    };
    back.addEventListener("click", () => show(step - 1));
    on.addEventListener("click", () => show(step > last ? 0 : step + 1));
    show(step);
  };
  document.querySelectorAll("svg.picture").forEach((picture) => {
    picture.style.setProperty("--width", `${picture.getAttribute("width")}px`);
    prepare(picture);
  });

  // ---- Names and roles for screen readers that the theme leaves out or gets wrong.
  document.querySelector(".citation-list")?.removeAttribute("role");
  for (const arrow of document.querySelectorAll(".bd-links summary")) {
    const page = arrow.closest("li").querySelector("a").textContent.trim();
    arrow.setAttribute("aria-label", `Pages of: ${page}`);
  }

  // ---- Boxes that scroll can be reached with the keyboard.
  const boxes = () => {
    for (const box of document.querySelectorAll(".bd-article :is(pre, .drawing, .plot, .math, .pst-scrollable-table-container)")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    }
  };
  addEventListener("formulas", boxes);
  addEventListener("resize", boxes);
  boxes();

  // ---- Folded text opens for a link and for the words of a search.
  const open = (element) => {
    for (let fold = element?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  };
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) {
      open(target);
      target.querySelectorAll(":scope > details").forEach((fold) => (fold.open = true));
    }
    document.querySelectorAll(".highlighted").forEach(open);
  };
  addEventListener("hashchange", unfold);
  addEventListener("load", unfold);
  addEventListener("beforeprint", () => document.querySelectorAll(".bd-article details:not(.deck, .hide)").forEach((fold) => (fold.open = true)));
})();
