// The derivative of g(x) = x² + 3x + 4, applied n times: as a formula, and as value and slope carried along.
(() => {
  const { text, path, dot } = figures;

  // Expressions as trees of operations with one or two arguments; a string is a leaf.
  const add = (...terms) => terms.reduce((a, b) => ({ op: "+", args: [a, b] }));
  const times = (...factors) => factors.filter((factor) => factor !== "1").reduce((a, b) => ({ op: "·", args: [a, b] }));
  const square = (a) => ({ op: "²", args: [a] });
  const upTo = (n) => Array.from({ length: n - 1 }, (_, i) => i + 1);

  // g applied n times, and c times its derivative, as SymPy writes them: numbers are multiplied into sums.
  const f = (n) => add(
    times(String(3 ** (n - 1)), square("x")), times(String(3 ** n), "x"),
    ...upTo(n).map((j) => times(String(3 ** (n - 1 - j)), square(f(j)))), "4",
  );
  const slope = (n, c = 1) => add(
    times(String(2 * c * 3 ** (n - 1)), "x"),
    ...upTo(n).map((j) => times(String(c * 3 ** (n - 1 - j)), slope(j, 2), f(j))), String(c * 3 ** n),
  );
  const operations = (e) => (typeof e === "string" ? 0 : e.args.reduce((sum, a) => sum + operations(a), 1));
  const written = (e) => (typeof e === "string" ? e : `(${e.args.map(written).join(e.op)}${e.op})`);

  const VALUE = 4, SLOPE = 3; // operations of one application: value² + 3·value + 4 and (2·value + 3)·slope

  figures.define("expression_swell", {
    state: { n: 3 },
    sliders: [{ name: "n", label: "applications {n}", x: 60, y: 400, width: 460, min: 1, max: 6, step: 1 }],
    says: ({ n }) => `The formula has ${operations(slope(n))} operations, the graph of value and slope ${(VALUE + SLOPE) * n}.`,

    draw(scene, { n }) {
      text(scene, 40, 52, "derivative written out: a tree");
      text(scene, 560, 52, `${operations(slope(n))}`, { bold: true, anchor: "end", number: "tree" });
      tree(scene, n);
      text(scene, 630, 52, "value and slope: a graph");
      text(scene, 1112, 52, `${(VALUE + SLOPE) * n}`, { bold: true, anchor: "end", number: "graph" });
      graph(scene, n);
      text(scene, 630, 412, "operations in the formula itself");
      text(scene, 1112, 412, `${operations(f(n))}`, { bold: true, anchor: "end", number: "formula" });
    },
  });

  function tree(scene, n) {
    const named = n < 3; // room for letters
    const parts = (e) => (e.args ?? []).filter((a) => named || typeof a !== "string");
    const root = d3.tree().size([530, named ? 260 : 235]).separation(() => 1)(d3.hierarchy(slope(n), parts));
    const place = ({ x, y }) => [40 + x, (named ? 90 : 110) + y];
    root.links().forEach(({ source, target }) => path(scene, [place(source), place(target)], "var(--muted)", n < 5 ? 1.5 : 0.5));
    const seen = new Set();
    root.each((node) => {
      const [x, y] = place(node), key = written(node.data), copy = seen.has(key) && typeof node.data !== "string";
      seen.add(key);
      const fill = copy ? "var(--warn-area)" : "var(--neutral-area)";
      if (!named) dot(scene, x, y, [7, 4.5, 3, 2][n - 3], fill);
      else if (node.data.op) dot(scene, x, y, 17, copy ? "var(--warn-area)" : "var(--paper)", "var(--neutral-area)");
      else dot(scene, x, y, 17, "var(--paper)");
      if (named) text(scene, x, y + (node.data.op === "²" ? 14 : 9), node.data.op ?? node.data, { anchor: "middle" });
    });
    if (!named) text(scene, 40, 86, "amber: copies", { size: 24, fill: "var(--warn)" });
  }

  // Each application: the value in the upper rows, the slope, which needs the value before it, in the lower ones.
  function graph(scene, n) {
    const edges = scene.append("g"), nodes = scene.append("g");
    const at = (k, column, y) => [660 + 78 * k + 38 * column, y];
    for (let k = 0; k < n; k++) {
      const before = k ? at(k - 1, 1, 190) : [632, 190], slopeBefore = k ? at(k - 1, 1, 335) : [632, 335];
      const [squared, tripled, sum, value] = [at(k, 0, 100), at(k, 0, 155), at(k, 1, 128), at(k, 1, 190)];
      const [doubled, plus, product] = [at(k, 0, 250), at(k, 1, 285), at(k, 1, 335)];
      const grey = "var(--neutral-area)", blue = "var(--forward-area)";
      const values = [[before, squared], [before, tripled], [squared, sum], [tripled, sum], [sum, value], [before, doubled]];
      values.forEach((ends) => path(edges, ends, grey, 2));
      [[doubled, plus], [plus, product], [slopeBefore, product]].forEach((ends) => path(edges, ends, blue, 2));
      [squared, tripled, sum, value].forEach((node) => dot(nodes, ...node, 9, grey));
      [doubled, plus, product].forEach((node) => dot(nodes, ...node, 9, blue));
    }
    text(scene, 628, 198, "{x}", { anchor: "end" });
    text(scene, 628, 343, "1", { anchor: "end", fill: "var(--forward)" });
    text(scene, 1112, 372, "value (4 each), ", { size: 24, anchor: "end", fill: "var(--muted)" }).append("tspan").text("slope (3 each)").attr("fill", "var(--forward)");
  }
})();
