// A dual number moves along sin x²: its value is the point, its tangent the slope of the line.
(() => {
  const { text, panel, path, dot, axes, fixed } = figures;
  const f = (x) => Math.sin(x * x);
  const slope = (x) => 2 * x * Math.cos(x * x);
  const x = d3.scaleLinear([0, 3.2], [90, 1110]);
  const y = d3.scaleLinear([-1.8, 1.8], [330, 30]);

  figures.define("dual_number", {
    state: { at: 1.2 },
    sliders: [{ name: "at", label: "{x}", x: 60, y: 405, width: 400, min: 0, max: 3.2, step: 0.05, format: (a) => fixed(a) }],
    planes: [{ x: 90, y: 30, width: 1020, height: 300, move: ([px]) => ({ at: x.invert(px) }) }],
    says: ({ at }) => `sin x² is ${fixed(f(at), 4)} and its tangent ${fixed(slope(at), 4)}.`,

    draw(scene, { at }) {
      axes(scene, {
        x, y, xTicks: [0, 1, 2, 3].map((v) => [v, String(v)]), yTicks: [-1, 0, 1].map((v) => [v, fixed(v, 0)]),
      });
      const view = panel(scene, 90, 30, 1020, 300);
      path(view, [[90, y(0)], [1110, y(0)]], "var(--rule)", 2);
      path(view, d3.range(0, 3.205, 0.01).map((v) => [x(v), y(f(v))]), "var(--neutral-area)", 4);
      const line = (v) => [x(v), y(f(at) + slope(at) * (v - at))];
      // as long in pixels wherever it is
      const unit = 170 / Math.hypot(x(1) - x(0), slope(at) * (y(1) - y(0)));
      path(view, [line(at - unit), line(at + unit)], "var(--forward-area)", 5);
      dot(view, x(at), y(f(at)), 11, "var(--ink)");
      text(scene, 1110, 60, "sin {x}²", { size: 30, anchor: "end", fill: "var(--muted)" });

      text(scene, 540, 405, `Dual(${fixed(at)}, 1)`);
      text(scene, 540, 442, "sin {x}²  =");
      text(scene, 700, 442, `${fixed(f(at), 4)}`, { bold: true, number: "value" });
      text(scene, 810, 442, slope(at) < 0 ? "−" : "+", { anchor: "middle", number: "sign" });
      text(scene, 830, 442, fixed(Math.abs(slope(at)), 4), { bold: true, fill: "var(--forward)", number: "tangent" });
      text(scene, 930, 442, "ε", { fill: "var(--forward)" });
    },
  });
})();
