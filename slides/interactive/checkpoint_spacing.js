// Checkpoints in a loop of 100 steps: the states held at most, and the steps computed, for any spacing.
(() => {
  const { text, path, dot, axes } = figures;
  const N = 100;
  const rounds = (k) => Array.from({ length: Math.ceil(N / k) }, (_, i) => ({ start: i * k, size: Math.min(k, N - i * k), held: i + Math.min(k, N - i * k) }));
  // The stretch whose way back needs the most states: the checkpoints before it, and all of its own.
  const fullest = (k) => rounds(k).reduce((a, b) => (b.held >= a.held ? b : a));
  const computed = (k) => N + rounds(k).reduce((sum, { size }) => sum + size - 1, 0);

  const x = d3.scaleLog([1, N], [110, 600]);
  const y = d3.scaleLinear([0, 220], [330, 150]);
  const all = Array.from({ length: N }, (_, i) => i + 1);

  figures.define("checkpoint_spacing", {
    state: { spacing: 10 },
    sliders: [{ name: "spacing", label: "one checkpoint every … steps", x: 60, y: 410, width: 520, min: 1, max: N, step: 1 }],
    planes: [{ x: 110, y: 150, width: 490, height: 200, move: ([px]) => ({ spacing: x.invert(px) }) }],
    says: ({ spacing }) => `${fullest(spacing).held} states are held at most, and ${computed(spacing)} steps computed.`,

    draw(scene, { spacing }) {
      const stretch = fullest(spacing);
      text(scene, 40, 52, "forward", { fill: "var(--forward)" });
      text(scene, 40, 100, "backward", { fill: "var(--reverse)" });
      for (let i = 0; i < N; i++) {
        const kept = i % spacing === 0, mine = i >= stretch.start && i < stretch.start + stretch.size;
        const cell = (top, fill) => scene.append("rect").attr("x", 180 + 9.4 * i).attr("y", top).attr("width", 7.4).attr("height", 26).attr("fill", fill);
        cell(32, kept ? "var(--forward-area)" : "var(--rule)");
        cell(80, mine ? "var(--reverse-area)" : kept && i < stretch.start ? "var(--forward-area)" : "var(--tint)");
      }
      axes(scene, {
        x, y, xTicks: [1, 10, 100].map((v) => [v, String(v)]), yTicks: [0, 100, 200].map((v) => [v, String(v)]),
      });
      path(scene, all.map((k) => [x(k), y(computed(k))]), "var(--muted)", 3, "8 6");
      path(scene, all.map((k) => [x(k), y(fullest(k).held)]), "var(--ink)", 4);
      dot(scene, x(spacing), y(computed(spacing)), 9, "var(--muted)");
      dot(scene, x(spacing), y(stretch.held), 11, "var(--warn-area)", "var(--ink)");
      text(scene, x(25), y(145), "steps computed", { anchor: "middle", fill: "var(--muted)" });
      text(scene, x(9), y(40), "states held", { anchor: "end" });

      text(scene, 680, 200, "states held at most");
      text(scene, 1100, 200, `${stretch.held}`, { bold: true, anchor: "end", number: "held" });
      text(scene, 680, 250, "steps computed");
      text(scene, 1100, 250, `${computed(spacing)}`, { bold: true, anchor: "end", number: "computed" });
      text(scene, 680, 300, "without checkpoints: 100 and 100", { fill: "var(--muted)" });
    },
  });
})();
