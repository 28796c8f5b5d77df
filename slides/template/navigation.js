// Jumps: a bar of the deck's sections at the top edge, and a map of all slides (key M).
// A section begins at each slide with data-section, which is its name, or empty if its heading is.
(() => {
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  const heading = (slide) => slide.querySelector("h1, h2, h3, h4");
  // A copy of a heading, with its formulas.
  const words = (slide) => heading(slide)?.cloneNode(true).childNodes ?? [`Slide ${slides.indexOf(slide) + 1}`];
  const address = (slide) => {
    const { h, v } = Reveal.getIndices(slide);
    return v ? `#/${h}/${v}` : `#/${h}`;
  };
  const link = (slide, children) => make("a", { href: address(slide) }, ...children);

  let slides, sections, bar, map;

  const start = () => {
    if (Reveal.isPrintView()) return;
    slides = Reveal.getSlides();
    Reveal.addKeyBinding({ keyCode: 77, key: "M", description: "Map of the slides" }, openMap);
    // [first slide, number of slides] of each section
    sections = slides.flatMap((slide, i) => ("section" in slide.dataset || i === 0 ? [i] : []));
    if (sections.length < 2) return;
    const items = sections.map((first, i) => {
      const slide = slides[first];
      const title = slide.dataset.section ? [slide.dataset.section] : words(slide);
      const name = make("span", { className: "name" }, ...title);
      const item = make("li", {}, link(slide, [name]));
      item.style.flexGrow = (sections[i + 1] ?? slides.length) - first;
      return item;
    });
    bar = make("nav", { className: "section-bar", ariaLabel: "Sections" }, make("ol", {}, ...items));
    document.querySelector(".reveal").append(bar);
    Reveal.on("slidechanged", mark);
    mark();
  };

  const current = () => slides.indexOf(Reveal.getCurrentSlide());

  const mark = () => {
    const section = sections.findLastIndex((first) => first <= current());
    bar.querySelectorAll("a").forEach((a, i) => {
      if (i === section) a.setAttribute("aria-current", "true");
      else a.removeAttribute("aria-current");
    });
  };

  const createMap = () => {
    const list = make("ol");
    let inner = list;
    slides.forEach((slide, i) => {
      const number = make("span", { className: "number" }, `${i + 1}`);
      const name = slide.dataset.section;
      if (sections.includes(i)) {
        inner = make("ol");
        const title = name ? [make("h3", {}, name)] : [];
        list.append(make("li", {}, ...title, inner));
      }
      inner.append(make("li", {}, link(slide, [number, ...words(slide)])));
    });
    map = make("dialog", { className: "map", ariaLabel: "Map of the slides" }, make("h2", {}, document.title), list);
    map.addEventListener("click", (event) => {
      if (event.target === map || event.target.closest("a")) map.close();
    });
    map.addEventListener("keydown", keys);
    document.body.append(map);
  };

  const keys = (event) => {
    if (!map.open) return; // its links keep the focus until the next frame
    event.stopPropagation(); // no key moves the deck below
    const links = [...map.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: links.length - 1 }[
      event.key
    ];
    if (to !== undefined) {
      event.preventDefault();
      links[Math.min(Math.max(to, 0), links.length - 1)].focus();
    } else if (event.key.toLowerCase() === "m") map.close();
  };

  const openMap = () => {
    if (!map) createMap();
    if (Reveal.isOverview()) Reveal.toggleOverview(false);
    map.showModal();
    map.querySelectorAll("a")[current()].focus();
  };

  Reveal.on("ready", start);
})();
