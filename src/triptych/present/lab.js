// A plugin of JupyterLab for the page of jupyterlab-rise, so that a live deck is presented with the keyboard alone.
// RISE passes reveal.js no `navigationMode`, never gives the notebook the focus, selects a slide's first code cell half a
// second late or, if there is none, leaves one of another slide selected, and begins at the selected cell also in the
// previews of the window with the notes. Written without a build step.
(window._JUPYTERLAB ??= {})['triptych-live'] = {
  init() {},
  get: async () => () => ({ id: 'triptych-live:deck', autoStart: true, activate }),
};

function activate(app) {
  // reveal.js is not a global here. It takes calls of its methods as messages.
  const reveal = (method, ...args) => window.postMessage(JSON.stringify({ method, args }), location.origin);
  // The window with the notes has two previews, of the present slide and of the next. The first one's events move the
  // audience's deck; those of its start, at RISE's own first slide and without fragments, must not.
  const query = new URLSearchParams(location.search);
  const isPreview = query.has('receiver'), postMessageEvents = query.has('postMessageEvents');
  history.replaceState(null, '', location.href.replace('&postMessageEvents=true', ''));

  document.addEventListener('ready', () => {
    reveal('configure', { navigationMode: 'linear', postMessageEvents });
    for (const cell of app.shell.currentWidget.content.widgets) {
      const name = cell.model.getMetadata('class'); // rise.css has it
      if (name) cell.addClass(name);
    }
    if (!isPreview) presentWithKeys(app, reveal);
    else if (postMessageEvents) {
      parent.postMessage(JSON.stringify({ namespace: 'reveal', eventName: 'ready', state: {} }), location.origin);
    } else {
      const stay = event => event.preventDefault();
      document.addEventListener('beforeslidechange', stay);
      setTimeout(() => document.removeEventListener('beforeslidechange', stay)); // RISE goes there right after `ready`
      reveal('next');
    }
  }, { once: true });
}

function presentWithKeys(app, reveal) {
  const notebook = app.shell.currentWidget.content;

  const presentSlide = () => document.querySelector('section.present > section.present');
  const isSeen = cell => !cell.node.closest('.fragment:not(.visible), .reveal-skip, aside');
  const cellsIn = part => notebook.widgets.filter(cell => part?.contains(cell.node) && isSeen(cell));
  const isCode = cell => cell.model.type === 'code';
  const firstCode = cells => cells.find(cell => isCode(cell) && !cell.inputHidden) ?? cells.find(isCode);

  /** Selects the first cell with code in `part`, otherwise keeps a cell of the present slide or selects its first. */
  function select(part) {
    const cells = cellsIn(presentSlide());
    const kept = cells.find(cell => cell === notebook.activeCell);
    const cell = firstCode(cellsIn(part)) ?? kept ?? firstCode(cells) ?? cells[0];
    if (cell && cell !== notebook.activeCell) {
      notebook.mode = 'command';
      notebook.activeCellIndex = notebook.widgets.indexOf(cell);
    }
    focus();
  }

  /** Gives the focus to the selected cell, unless an editor or a dialog has it. */
  function focus() {
    const { activeElement } = document;
    const isFree = activeElement === document.body || activeElement.classList.contains('jp-Cell');
    if (isFree && document.hasFocus()) notebook.activeCell?.node.focus({ preventScroll: true });
  }

  // JupyterLab sets these classes with its next frame. Until then, letters typed after Enter would be shortcuts.
  notebook.stateChanged.connect((_, { name, newValue }) => {
    if (name !== 'mode') return;
    notebook.node.classList.toggle('jp-mod-editMode', newValue === 'edit');
    notebook.node.classList.toggle('jp-mod-commandMode', newValue === 'command');
  });

  document.addEventListener('slidechanged', () => select());
  document.addEventListener('fragmentshown', event => select(event.fragment));
  document.addEventListener('fragmenthidden', () => select());
  for (const name of ['focusout', 'visibilitychange', 'focus']) window.addEventListener(name, () => setTimeout(focus));
  select();

  // In command mode, JupyterLab has a use for most keys. A deck keeps those that cannot change or reorder cells.
  const keys = { ArrowRight: 'next', ArrowLeft: 'prev', b: 'togglePause' };
  // RISE shows only the slides in full screen: the dialog after the kernel has died would not be seen, but have the focus.
  const root = document.documentElement;
  root.querySelector('.reveal').requestFullscreen = () => root.requestFullscreen();

  window.addEventListener('keydown', event => {
    const isCommand = notebook.mode === 'command' && event.target.closest?.('.jp-Notebook');
    if (!isCommand || event.ctrlKey || event.metaKey || event.altKey) return;
    const method = keys[event.key];
    if (method) {
      event.preventDefault();
      if (method === 'togglePause' || !document.querySelector('.reveal.paused')) reveal(method);
    }
    if (method || /^[a-z0-9]$/i.test(event.key) && !'efiostw'.includes(event.key)) event.stopPropagation();
  }, true);
}
