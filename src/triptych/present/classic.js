// The custom.js of classic Jupyter for a live deck, for what it and RISE have no settings for.
define(['base/js/namespace', 'jquery'], (Jupyter, $) => {
  // The window with the notes has two previews, of the present slide and of the next. The first one's events move the
  // audience's deck; those of its start, at RISE's own first slide, must not.
  const query = new URLSearchParams(location.search);
  const isPreview = query.has('receiver'), postMessageEvents = query.has('postMessageEvents');
  const [, h, v] = (location.hash.match(/^#\/(\d+)\/(\d+)/) ?? []).map(Number);
  history.replaceState(null, '', location.href.replace('&postMessageEvents=true', ''));

  const slideType = cell => cell.metadata.slideshow?.slide_type;
  const begin = setInterval(() => {
    const notebook = Jupyter.notebook;
    if (!notebook?._fully_loaded || !document.getElementById('RISE')) return; // RISE's own `autolaunch` may be too early
    clearInterval(begin);
    notebook.minimum_autosave_interval = 0;
    notebook.set_autosave_interval(0);
    notebook.get_cells().filter(c => c.metadata.jupyter?.source_hidden).forEach(c => c.element.find('.input').hide());
    notebook.get_cells().forEach(c => c.element.addClass(c.metadata.class)); // rise.css has it
    notebook.select(Number(query.get('activeCellIndex')));
    document.addEventListener('ready', () => setTimeout(present, 0, notebook), { once: true }); // after RISE
    Jupyter.keyboard_manager.actions.call('RISE:slideshow');
    setTimeout(() => MathJax.Hub.Queue(['Rerender', MathJax.Hub]), 2000); // it measured before slides had their size
  }, 300);

  function present(notebook) {
    Reveal.configure({ navigationMode: 'linear' });
    showNotes(notebook);
    if (!isPreview) return presentWithKeys(notebook);
    Reveal.slide(h, v);
    if (!postMessageEvents) return Reveal.next();
    Reveal.configure({ postMessageEvents });
    parent.postMessage(JSON.stringify({ namespace: 'reveal', eventName: 'ready', state: {} }), location.origin);
  }

  /** Puts the notes as text where reveal.js reads them. Their cells have no text there until they are seen. */
  function showNotes(notebook) {
    for (const cell of notebook.get_cells().filter(c => slideType(c) === 'notes')) {
      const aside = cell.element.closest('aside.notes');
      aside.after(cell.element.addClass('reveal-skip'));
      aside.append(cell.get_text().split('\n').map(line => $('<p>').text(line)));
    }
  }

  function presentWithKeys(notebook) {
    const isSeen = cell => !cell.element.closest('.fragment:not(.visible), .reveal-skip').length;
    const cellsIn = part => notebook.get_cells().filter(cell => part?.contains(cell.element[0]) && isSeen(cell));
    const isCode = cell => cell.cell_type === 'code';
    const firstCode = cells => cells.find(c => isCode(c) && !c.metadata.jupyter?.source_hidden) ?? cells.find(isCode);

    /** Selects the first cell with code in `part`, otherwise keeps a cell of the present slide or selects its first. */
    function select(part) {
      const cells = cellsIn(Reveal.getCurrentSlide());
      const cell = firstCode(cellsIn(part)) ?? cells.find(c => c.selected) ?? firstCode(cells) ?? cells[0];
      if (!cell) return;
      if (notebook.mode === 'edit') notebook.command_mode();
      notebook.select(notebook.find_cell_index(cell));
    }

    document.addEventListener('slidechanged', () => select());
    document.addEventListener('fragmentshown', event => select(event.fragment));
    document.addEventListener('fragmenthidden', () => select());
    select();

    // No key adds, removes, reorders or changes cells, or shows the source of text.
    const { actions, command_shortcuts: shortcuts } = Jupyter.keyboard_manager;
    const keys = 'a b c d,d m r shift-b shift-c shift-g shift-i shift-m shift-v v x y 1 2 3 4 5 6';
    keys.split(' ').forEach(key => shortcuts.remove_shortcut(key));
    const edit = () => isCode(notebook.get_selected_cell()) && notebook.edit_mode();
    shortcuts.set_shortcut('enter', actions.register({ handler: edit }, 'edit', 'deck'));
    shortcuts.set_shortcut('b', actions.register({ handler: () => Reveal.togglePause() }, 'pause', 'deck'));
    shortcuts.set_shortcut('o', 'RISE:toggleOverview');
    shortcuts.set_shortcut('s', 'RISE:openNotes');
    for (const mode of ['command_shortcuts', 'edit_shortcuts']) {
      Jupyter.keyboard_manager[mode].set_shortcut('shift-enter', 'jupyter-notebook:run-cell'); // not to the next slide
    }
  }
});
