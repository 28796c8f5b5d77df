// Starts a deck: formulas first, since their size decides a slide's layout, then the slides.
// The attribute data-ready on <html> says that both are done.
(() => {
  const root = document.documentElement;
  const printing = /print-pdf/i.test(location.search);

  const toggleTheme = () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  };

  const start = async () => {
    // The speaker view copies the notes without MathJax's style sheet, which hides these twins of formulas.
    document.querySelectorAll("aside.notes mjx-assistive-mml").forEach((twin) => twin.remove());
    // In print view the slides are rebuilt after `initialize` has resolved.
    const printed = printing && new Promise((done) => Reveal.on("pdf-ready", done));
    await Reveal.initialize({
      width: 1280,
      height: 720,
      margin: printing ? 0 : 0.02, // paper has its own
      maxScale: 4,
      center: false,
      hash: true,
      transition: "none",
      controlsTutorial: false,
      // Each slide's own footer holds its number, which so scales with the slide and gets into print.
      slideNumber: "c/t",
      showSlideNumber: "speaker",
      // The speaker view keeps pace with a deck that plans its slides, as the workshop's does.
      defaultTiming: document.querySelector("[data-timing]") ? 0 : null,
      pdfSeparateFragments: false,
      pdfMaxPagesPerSlide: 1,
      plugins: [RevealNotes],
    });
    Reveal.addKeyBinding({ keyCode: 68, key: "D", description: "Light or dark" }, toggleTheme);
    // The help page scrolls on a small screen: it has to be reached with the keyboard for that.
    new MutationObserver(() => {
      document.querySelectorAll(".r-overlay-content:not([tabindex])").forEach((page) => (page.tabIndex = 0));
    }).observe(document.querySelector(".reveal"), { childList: true, subtree: true });
    await printed;
    if (printing) {
      // On paper every slide is there for everybody, also for who listens to its tags.
      for (const slide of document.querySelectorAll(".slides section")) {
        slide.removeAttribute("aria-hidden");
        slide.hidden = false;
      }
    }
    root.dataset.ready = "true";
  };

  window.MathJax = {
    tex: { inlineMath: [["$", "$"], ["\\(", "\\)"]], processEscapes: true },
    // A local cache keeps each formula whole when it is copied into the speaker view or printed.
    svg: { fontCache: "local", displayAlign: "left", displayIndent: "1.2em" },
    // The menu would fetch its accessibility tools from a network.
    options: { enableMenu: false },
    startup: { pageReady: () => MathJax.startup.defaultPageReady().then(start) },
  };
})();
