// Steps: → moves through the states of a slide's drawings and code, which count together from step 0.
// data-step="K" appears at step K and stays, "K-L" is there from K to L; data-lit="K M" is highlighted at these steps.
// Each step is an empty fragment of reveal.js, so that keys, notes and addresses treat it as any other.
// On paper and in the column of a phone, drawings are in their last state and nothing is highlighted.
(() => {
  const root = document.documentElement;
  const paper = matchMedia("print");
  const slides = [];

  const ranges = (text) => [...text.matchAll(/(\d+)(-(\d+))?/g)].map((match) => match.slice(1));
  // Whether a step is in a list of steps and ranges; a single number of `data-step` has no end.
  const holds = (text, step, open) =>
    ranges(text).some(([from, range, to]) => step >= from && step <= (range ? to : open ? Infinity : from));

  const show = ({ steps, lit, codes, marks, last }) => {
    const all = paper.matches || root.matches(".reveal-print, .reading");
    const step = all ? last : marks.filter((mark) => mark.classList.contains("visible")).length;
    steps.forEach((element) => element.classList.toggle("off", !holds(element.dataset.step, step, true)));
    lit.forEach((element) => element.classList.toggle("lit", !all && holds(element.dataset.lit, step, false)));
    codes.forEach((code) => code.classList.toggle("stepping", code.querySelector(".lit") !== null));
  };

  const prepare = (slide) => {
    const content = slide.querySelector(".content");
    const stepped = [...content.querySelectorAll("[data-step], [data-lit]")].filter((e) => !e.closest("aside.notes"));
    const steps = stepped.filter((element) => "step" in element.dataset);
    const ends = stepped.flatMap((element) =>
      ranges(`${element.dataset.step ?? ""} ${element.dataset.lit ?? ""}`).map(([from, , to]) => Number(to ?? from)),
    );
    // What has gone in the last state needs a step in which it goes.
    const gone = steps.filter((element) => element.getAttribute("display") === "none");
    gone.forEach((element) => ends.push(Math.max(...ranges(element.dataset.step).map(([f, , to]) => Number(to ?? f))) + 1));
    const last = Math.max(0, ...ends);
    if (!last) return;
    gone.forEach((element) => (element.style.display = "inline"));
    const marks = Array.from({ length: last }, () => {
      const mark = document.createElement("span");
      mark.className = "fragment step";
      return mark;
    });
    (stepped.at(-1).closest("svg, .highlight") ?? stepped.at(-1)).after(...marks);
    const codes = [...new Set(stepped.map((element) => element.closest(".highlight")).filter(Boolean))];
    const info = { steps, lit: stepped.filter((element) => "lit" in element.dataset), codes, marks, last };
    slides.push(info);
    // reveal.js shows and hides fragments without events when it jumps, prints or opens the overview.
    const observer = new MutationObserver(() => show(info));
    marks.forEach((mark) => observer.observe(mark, { attributeFilter: ["class"] }));
    show(info);
  };

  document.querySelectorAll(".slides section:has(> .frame)").forEach(prepare);
  const showAll = () => slides.forEach(show);
  paper.addEventListener("change", showAll);
  new MutationObserver(showAll).observe(root, { attributeFilter: ["class"] });
})();
