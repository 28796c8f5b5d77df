// Shows the course page (triptych.hub.singleuser.course_page) in a tab of JupyterLab: at the first login, and from the
// launcher and the Help menu. A prebuilt extension is a container of module federation, and this one is small enough to
// be written by hand: `init` receives the modules that JupyterLab shares, `get` returns the plugin.
(() => {
  const COMMAND = 'triptych:course-page';
  const TIME = { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' };
  const MARK = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">
    <path fill="#0072b2" d="M2 6l6-2v16l-6-2z"/><path fill="#cc79a7" d="M9 4h6v16H9z"/><path fill="#d55e00" d="M16 4l6 2v12l-6 2z"/>
  </svg>`;
  let shared;

  const load = async name => {
    const versions = Object.values(shared[name]);
    return (await (versions.find(version => version.loaded) ?? versions[0]).get())();
  };

  const makePlugin = async () => {
    const { ILauncher } = await load('@jupyterlab/launcher');
    const { IMainMenu } = await load('@jupyterlab/mainmenu');
    const { ICommandPalette, WidgetTracker } = await load('@jupyterlab/apputils');
    const { ILayoutRestorer } = await load('@jupyterlab/application');
    const { ServerConnection } = await load('@jupyterlab/services');
    const { LabIcon } = await load('@jupyterlab/ui-components');
    const { Widget } = await load('@lumino/widgets');

    const icon = new LabIcon({ name: 'triptych:course', svgstr: MARK });

    /** A request to the user's own server, with its XSRF token. */
    const ask = async (app, path, content) => {
      const settings = app.serviceManager.serverSettings;
      const options = content ? { method: 'POST', body: JSON.stringify(content) } : {};
      const response = await ServerConnection.makeRequest(settings.baseUrl + path, options, settings);
      if (!response.ok) throw new Error(`The server answered ${response.status}. Reload the page.`);
      return response;
    };

    class CoursePage extends Widget {
      constructor(app) {
        super();
        this.app = app;
        this.id = 'triptych-course';
        this.addClass('tt-course');
        this.title.label = 'Course';
        this.title.icon = icon;
        this.title.closable = true;
        this.node.tabIndex = -1;
        this.status = document.createElement('p');
        this.status.setAttribute('role', 'status');
        this.body = document.createElement('div');
        this.node.append(this.status, this.body);
        this.node.addEventListener('click', event => this.click(event));
      }

      onAfterAttach() {
        this.refresh().catch(error => this.say(error.message, true));
      }

      onAfterShow() {
        this.onAfterAttach();
      }

      onActivateRequest() {
        if (!this.node.contains(document.activeElement)) this.node.focus();
      }

      say(text, problem = false) {
        this.status.textContent = text;
        this.status.classList.toggle('tt-problem', problem);
      }

      async refresh() {
        const html = await (await ask(this.app, 'triptych/course')).text();
        const focused = this.body.contains(document.activeElement) && document.activeElement.id;
        this.body.innerHTML = html; // from the user's own server, which escapes every value
        for (const time of this.body.querySelectorAll('time'))
          time.textContent = new Date(time.dateTime).toLocaleString([], TIME);
        if (focused) document.getElementById(focused)?.focus();
      }

      click(event) {
        const control = event.target.closest('[data-do]');
        if (!control || event.ctrlKey || event.metaKey || event.shiftKey || control.getAttribute('aria-busy')) return;
        event.preventDefault();
        control.setAttribute('aria-busy', 'true');
        this.act(control.dataset)
          .catch(error => this.say(error.message, true))
          .finally(() => control.removeAttribute('aria-busy'));
      }

      async act({ do: action, chapter, title, path, cwd }) {
        const { commands } = this.app;
        if (action.includes(':')) return commands.execute(action, cwd ? { cwd } : {});
        if (action === 'fetch') {
          this.say(`Fetching ${title} …`);
          const entry = (await this.nbgrader(action, chapter)).find(one => one.status === 'fetched');
          if (!entry) throw new Error(`${title} could not be fetched. Tell your instructor.`);
        }
        if (action === 'submit') {
          this.say(`Submitting ${title} …`);
          await commands.execute('docmanager:save-all');
          await this.nbgrader(action, chapter);
          await this.refresh();
          return this.say(`Submitted: ${title}. You can go on and submit again.`);
        }
        if (action === 'fetch_feedback') {
          const submissions = (await this.nbgrader(action, chapter)).flatMap(one => one.submissions ?? []);
          const folder = submissions.filter(one => one.has_local_feedback).pop()?.local_feedback_path;
          if (!folder) throw new Error(`There is no feedback for ${title} yet.`);
          return commands.execute('docmanager:open', { path: `${folder}/${chapter}.html` });
        }
        this.say('');
        await commands.execute('filebrowser:open-path', { path });
      }

      /** Calls nbgrader's Assignment List and returns its entries for a chapter. */
      async nbgrader(action, chapter) {
        const course = this.body.querySelector('[data-course]').dataset.course;
        const content = { course_id: course, assignment_id: chapter };
        const reply = await (await ask(this.app, `assignments/${action}`, content)).json();
        if (!reply.success) throw new Error(`${chapter}: ${String(reply.value).trim().split('\n').pop()}`);
        return reply.value.filter(one => one.assignment_id === chapter);
      }
    }

    return {
      id: 'triptych-course:page',
      autoStart: true,
      requires: [ILayoutRestorer],
      optional: [ILauncher, IMainMenu, ICommandPalette],
      activate: (app, restorer, launcher, menu, palette) => {
        const { commands, shell } = app;
        const tracker = new WidgetTracker({ namespace: 'triptych-course' });
        let page = null;
        commands.addCommand(COMMAND, {
          label: 'Course page',
          icon,
          caption: 'The chapters, with deadlines and your progress',
          execute: async () => {
            if (!page || page.isDisposed) page = new CoursePage(app);
            if (!page.isAttached) shell.add(page, 'main');
            if (!tracker.has(page)) await tracker.add(page);
            shell.activateById(page.id);
          }
        });
        void restorer.restore(tracker, { command: COMMAND, name: () => 'course' });
        launcher?.add({ command: COMMAND, category: 'Other', rank: 0 });
        menu?.helpMenu.addGroup([{ command: COMMAND }], 0);
        palette?.addItem({ command: COMMAND, category: 'Help' });
        void app.restored.then(async () => {
          if (window.innerWidth < 640) shell.collapseLeft(); // a phone has no room for the list of files
          // a new workspace has no document: it is the first login, or everything was closed
          const open = [...shell.widgets('main')];
          const launchers = open.filter(widget => widget.id.startsWith('launcher'));
          if (open.length > launchers.length || location.pathname.includes('/tree/')) return;
          await commands.execute(COMMAND);
          launchers.forEach(widget => widget.dispose());
        });
      }
    };
  };

  (window._JUPYTERLAB ??= {})['triptych-course'] = {
    init: scope => { shared = scope; },
    get: async () => {
      const plugin = await makePlugin();
      return () => ({ __esModule: true, default: plugin });
    }
  };
})();
