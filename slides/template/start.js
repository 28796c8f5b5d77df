// Starts a deck when its formulas are typeset (formulas.js), since the layout of slides depends on their size.
// The attribute data-ready on <html> is set when the slides are there, too.
(() => {
  const root = document.documentElement;
  const printing = /print-pdf/i.test(location.search);
  // On a phone, a deck is a page to read: without reveal.js, laid out by the style sheet.
  // The speaker view shows slides in frames that may be as narrow.
  const framed = /[?&]receiver\b/.test(location.search);
  const reading = !printing && !framed && matchMedia("(max-width: 699.98px)").matches;

  const toggleTheme = () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  };

  const start = async () => {
    // MathJax's style sheet hides these copies of formulas, but the speaker view shows the notes without it.
    document.querySelectorAll("aside.notes mjx-assistive-mml").forEach((twin) => twin.remove());
    if (reading) {
      root.classList.add("reading");
      for (const box of document.querySelectorAll(".slides :is(pre, table, mjx-container, :has(> svg.picture))")) {
        if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; // it scrolls, with the keyboard too
      }
      root.dataset.ready = "true";
      return;
    }
    // In the print view, slides are rebuilt after `initialize` has resolved.
    const printed = printing && new Promise((done) => Reveal.on("pdf-ready", done));
    await Reveal.initialize({
      width: 1280,
      height: 720,
      margin: printing ? 0 : 0.02, // paper has its own margin
      maxScale: 4,
      center: false,
      // Every key visits every slide in order; stacks are the chapters of the overview.
      navigationMode: "linear",
      hash: true,
      transition: "none",
      controlsTutorial: false,
      // The number is in each slide's footer, where it scales with the slide and is printed.
      slideNumber: "c/t",
      showSlideNumber: "speaker",
      // The speaker view shows the pace of a deck with planned times, as the workshop's.
      defaultTiming: document.querySelector("[data-timing]") ? 0 : null,
      pdfSeparateFragments: false,
      pdfMaxPagesPerSlide: 1,
      plugins: [RevealNotes],
    });
    Reveal.addKeyBinding({ keyCode: 68, key: "D", description: "Light or dark" }, toggleTheme);
    // The help page scrolls on small screens; with a tab index, it can be scrolled with the keyboard.
    new MutationObserver(() => {
      document.querySelectorAll(".r-overlay-content:not([tabindex])").forEach((page) => (page.tabIndex = 0));
    }).observe(document.querySelector(".reveal"), { childList: true, subtree: true });
    await printed;
    if (printing) {
      // On paper, every slide is visible, also to screen readers.
      for (const slide of document.querySelectorAll(".slides section")) {
        slide.removeAttribute("aria-hidden");
        slide.hidden = false;
      }
    }
    root.dataset.ready = "true";
  };

  addEventListener("formulas", start);
})();
