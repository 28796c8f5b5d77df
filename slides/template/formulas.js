// Formulas, in decks and in the book. Configures MathJax, so it has to come before MathJax, and everything that MathJax
// may need has to follow. The event "formulas" says that all are typeset.
(() => {
  // MathJax loads nothing: what it may need has come with it. A sign that is not becomes text in the font of the page.
  const embed = (font) => {
    const names = [...MathJax.loader.versions.keys()].map((path) => path.replace(/^.*\/|\.js$/g, ""));
    MathJax._.mathjax.mathjax.asyncLoad = () => Promise.resolve();
    for (const [name, file] of Object.entries(font.CLASS.dynamicFiles)) {
      if (names.includes(name)) continue;
      file.setup = () => {
        for (const table of [font.delimiters, ...Object.values(font.variant).map((variant) => variant.chars)]) {
          for (const sign of Object.keys(table)) if (table[sign] === file) delete table[sign];
        }
      };
    }
  };

  const prepare = () => {
    for (const path of MathJax.loader.versions.keys()) {
      const extension = /extensions\/(\w+)\.js$/.exec(path);
      if (extension) MathJax.loader.preLoaded(`[tex]/${extension[1]}`);
    }
    MathJax.startup.defaultReady();
    const font = MathJax.startup.document.outputJax.font;
    embed(font);
    const { letters, ...measures } = window.FORMULAS; // of Fira Sans
    font.defineChars("normal", letters);
    Object.assign(font.params, measures);
  };

  window.MathJax = {
    tex: { inlineMath: [["$", "$"], ["\\(", "\\)"]], processEscapes: true },
    // With a local cache, each formula is complete when it is copied into the speaker view or printed.
    svg: { fontCache: "local", displayAlign: "left", displayIndent: "1.2em", mtextInheritFont: true },
    // The menu and the explorer would load their tools from a network; screen readers get MathML instead.
    options: {
      enableMenu: false,
      enableEnrichment: false,
      enableSpeech: false,
      enableBraille: false,
      enableExplorer: false,
      enableComplexity: false,
      enableAssistiveMml: true,
      menuOptions: { settings: { enrich: false, speech: false, braille: false, collapsible: false, assistiveMml: true } },
    },
    startup: {
      // The scripts that follow this one come first.
      ready: () => addEventListener("DOMContentLoaded", prepare),
      pageReady: () => MathJax.startup.defaultPageReady().catch(console.error).then(() => dispatchEvent(new Event("formulas"))),
    },
  };
})();
