// What all interactive figures share: how one takes over its static picture, its controls, and helpers to draw.
//
// A figure's script calls `figures.define(name, figure)`, where `figure` has
//   state      the values that its controls change, as they are at first;
//   sliders    its controls, in the order of the Tab key (see `slider`);
//   planes     areas to drag in (optional): { x, y, width, height, move }, where `move([x, y], state)` gives new values;
//   draw       draws everything but the controls: draw(scene, state), called after each change;
//   says       what the figure shows in this state, for those who cannot see it: says(state).
// Colours are the variables of the theme. Nothing here has an id, so that several figures fit in one deck.
const figures = (() => {
  const WIDTH = 1152, HEIGHT = 460;
  const known = {};

  function define(name, figure) {
    known[name] = figure;
    document.querySelectorAll(`svg[data-interactive="${name}"]`).forEach((picture) => {
      const live = create(figure).attr("class", "interactive").attr("data-figure", name).attr("role", "group");
      live.attr("aria-label", picture.getAttribute("aria-label") || picture.querySelector("title")?.textContent || name);
      live.attr("data-prevent-swipe", ""); // read by reveal.js
      picture.after(live.node());
      picture.classList.add("taken");
    });
  }

  function create(figure) {
    const state = { ...figure.state };
    const svg = d3.create("svg").attr("xmlns", "http://www.w3.org/2000/svg").attr("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    const scene = svg.append("g");
    const controls = [];
    const update = () => {
      scene.selectAll("*").remove();
      figure.draw(scene, state);
      controls.forEach((control) => control());
    };
    const change = (values) => {
      for (const { name, min, max, step } of figure.sliders) {
        if (!(name in values)) continue;
        const near = min + Math.round((values[name] - min) / step) * step;
        state[name] = Number(Math.min(Math.max(near, min), max).toFixed(9));
      }
      update();
    };
    for (const plane of figure.planes ?? []) {
      svg.append("rect").attr("class", "plane").attr("fill", "transparent")
        .attr("x", plane.x).attr("y", plane.y).attr("width", plane.width).attr("height", plane.height)
        .call(d3.drag().container(svg.node()).on("start drag", (event) => change(plane.move([event.x, event.y], state))));
    }
    for (const spec of figure.sliders) controls.push(slider(svg, spec, figure, state, change));
    update();
    return svg;
  }

  // A slider: { name, label, x, y, width, min, max, step, page, format, fill }. `x` and `y` are where its label begins,
  // `page` is the step of Page Up and Page Down.
  function slider(svg, spec, figure, state, change) {
    const { name, label, x, y, width, min, max, step, format = String } = spec;
    const middle = y + 26;
    const place = d3.scaleLinear([min, max], [x, x + width]).clamp(true);
    const group = svg.append("g").attr("role", "slider").attr("tabindex", 0).attr("data-control", name)
      .attr("aria-label", plain(label)).attr("aria-valuemin", min).attr("aria-valuemax", max);
    group.append("rect").attr("class", "ring").attr("x", x - 18).attr("y", y - 30).attr("width", width + 36)
      .attr("height", 76).attr("rx", 10).attr("fill", "transparent").attr("stroke", "transparent").attr("stroke-width", 3);
    text(group, x, y, label, { fill: spec.fill });
    const shown = group.append("text").attr("x", x + width).attr("y", y).attr("font-size", 26).attr("font-weight", 700)
      .attr("text-anchor", "end").attr("fill", spec.fill ?? "var(--ink)");
    group.append("rect").attr("x", x).attr("y", middle - 3).attr("width", width).attr("height", 6).attr("rx", 3)
      .attr("fill", "var(--rule)");
    const knob = group.append("circle").attr("cy", middle).attr("r", 13).attr("fill", spec.fill ?? "var(--ink)");
    group.call(d3.drag().container(svg.node()).on("start drag", function (event) {
      this.focus();
      change({ [name]: place.invert(event.x) });
    }));
    keys(group, (key) => {
      const far = max - min, page = spec.page ?? Math.max(step, Math.round(far / 10 / step) * step);
      const by = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step, PageUp: page, PageDown: -page,
                   Home: -far, End: far }[key];
      if (by) change({ [name]: state[name] + by });
      return Boolean(by);
    });
    return () => {
      const value = format(state[name]);
      shown.text(value);
      knob.attr("cx", place(state[name]));
      group.attr("aria-valuenow", state[name]).attr("aria-valuetext", `${value}. ${figure.says(state)}`);
    };
  }

  // While a control has the focus, its keys do not move the deck. Escape gives them back.
  function keys(group, act) {
    group.on("keydown", function (event) {
      if (event.key === "Tab" || event.ctrlKey || event.altKey || event.metaKey) return;
      event.stopPropagation();
      if (event.key === "Escape") this.blur();
      else if (act(event.key) || event.key === " ") event.preventDefault();
    });
  }

  // The static picture of a figure, on a white card. Its colours are still variables: `tools/figures/interactive.py` replaces them.
  function still(name, title, description) {
    const svg = create(known[name]).attr("role", "img").attr("data-interactive", name);
    svg.selectAll("[tabindex]").attr("tabindex", null);
    svg.selectAll(".plane, .ring").remove();
    svg.selectAll("[role=slider]").each(function () {
      for (const { name } of [...this.attributes]) this.removeAttribute(name);
    });
    svg.insert("rect", ":first-child").attr("x", 1).attr("y", 1).attr("width", WIDTH - 2).attr("height", HEIGHT - 2)
      .attr("rx", 18).attr("fill", "var(--paper)").attr("stroke", "var(--rule)").attr("stroke-width", 2);
    svg.insert("desc", ":first-child").text(description);
    svg.insert("title", ":first-child").text(title);
    return svg.node().outerHTML;
  }

  // ---- Drawing ------------------------------------------------------------------------------------

  const MARKS = { ".": "\u0307", "~": "\u0304", "": "" };

  // A line of text. {x1} is an italic x with the subscript 1, {.x1} has a dot over the x, {~x1} a bar.
  // `number` is a name under which tests read the line.
  function text(parent, x, y, words, { size = 26, fill = "var(--ink)", anchor = "start", bold = false, number } = {}) {
    const line = parent.append("text").attr("x", round(x)).attr("y", round(y)).attr("font-size", size).attr("fill", fill)
      .attr("text-anchor", anchor).attr("font-weight", bold ? 700 : null).attr("data-number", number ?? null);
    if (!words.includes("{")) return line.text(words);
    let lowered = 0;
    const put = (part) => {
      const span = line.append("tspan").text(part).attr("dy", lowered ? -lowered : null);
      lowered = 0;
      return span;
    };
    for (const [part, mark, letter, sub] of words.matchAll(/\{([.~]?)(\p{L})(\w*)\}|[^{]+/gu)) {
      if (letter === undefined) {
        put(part);
        continue;
      }
      put((letter + MARKS[mark]).normalize("NFC")).attr("font-style", "italic");
      if (sub) line.append("tspan").attr("font-size", 24).attr("dy", (lowered = 6)).text(sub);
    }
    return line;
  }

  // The same line for a screen reader.
  const plain = (words) =>
    words.replace(/\{([.~]?)(\p{L})(\w*)\}/gu, (_, mark, letter, sub) => (letter + MARKS[mark]).normalize("NFC") + sub);

  // An area of the figure that cuts off what is drawn outside of it.
  function panel(parent, x, y, width, height) {
    return parent.append("svg").attr("x", x).attr("y", y).attr("width", width).attr("height", height).attr("overflow", "hidden")
      .attr("viewBox", `${x} ${y} ${width} ${height}`);
  }

  function path(parent, points, stroke, width = 3, dash) {
    return parent.append("path").attr("d", d3.line().digits(2)(points)).attr("fill", "none").attr("stroke", stroke)
      .attr("stroke-width", width).attr("stroke-dasharray", dash ?? null).attr("stroke-linejoin", "round");
  }

  function dot(parent, x, y, r, fill, stroke) {
    return parent.append("circle").attr("cx", round(x)).attr("cy", round(y)).attr("r", r).attr("fill", fill)
      .attr("stroke", stroke ?? null).attr("stroke-width", stroke ? 3 : null);
  }

  function box(parent, x, y, width, height, stroke = "var(--neutral-area)", fill = "var(--paper)") {
    return parent.append("rect").attr("x", x).attr("y", y).attr("width", width).attr("height", height).attr("rx", 14)
      .attr("fill", fill).attr("stroke", stroke).attr("stroke-width", 3);
  }

  function arrow(parent, [x1, y1], [x2, y2], stroke, width = 4) {
    const length = Math.hypot(x2 - x1, y2 - y1);
    if (length < 1) return;
    const head = Math.min(4 * width, length), tx = (x2 - x1) / length, ty = (y2 - y1) / length;
    const bx = x2 - head * tx, by = y2 - head * ty, half = 0.45 * head;
    path(parent, [[x1, y1], [bx + 2 * tx, by + 2 * ty]], stroke, width);
    parent.append("path").attr("fill", stroke)
      .attr("d", d3.line().digits(2)([[x2, y2], [bx - half * ty, by + half * tx], [bx + half * ty, by - half * tx]]) + "Z");
  }

  // Axes at the left and at the bottom of a plot. `ticks` are pairs of a value and its label.
  function axes(parent, { x, y, xTicks = [], yTicks = [], xLabel, yLabel }) {
    const [left, right] = x.range(), [bottom, top] = y.range();
    path(parent, [[left, top], [left, bottom], [right, bottom]], "var(--muted)", 2);
    for (const [value, label] of xTicks) {
      path(parent, [[x(value), bottom], [x(value), bottom + 7]], "var(--muted)", 2);
      text(parent, x(value), bottom + 32, label, { size: 24, anchor: "middle", fill: "var(--muted)" });
    }
    for (const [value, label] of yTicks) {
      path(parent, [[left - 7, y(value)], [left, y(value)]], "var(--muted)", 2);
      text(parent, left - 12, y(value) + 8, label, { size: 24, anchor: "end", fill: "var(--muted)" });
    }
    if (xLabel) text(parent, right, bottom - 10, xLabel, { anchor: "end", fill: "var(--muted)" });
    if (yLabel) text(parent, left + 14, top + 22, yLabel, { fill: "var(--muted)" });
  }

  // ---- Numbers ------------------------------------------------------------------------------------

  const round = (value) => Number(value.toFixed(2));
  const fixed = (value, digits = 2) => value.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "−");
  const short = (value) => String(Number(value.toFixed(6))).replace("-", "−");
  const factor = (shown) => (shown.startsWith("−") ? `(${shown})` : shown); // within a product
  const raised = (exponent) => String(exponent).replace(/[-\d]/g, (digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]);

  // 0.00123 as 1.2·10⁻³
  function scientific(value, digits = 1) {
    if (value === 0) return "0";
    const [mantissa, exponent] = value.toExponential(digits).split("e").map(Number);
    return `${fixed(mantissa, digits)}·10${raised(exponent)}`;
  }

  return { define, still, text, panel, path, dot, box, arrow, axes, fixed, short, factor, raised, scientific };
})();
