// The step of a forward difference of exp at 1: its secant on the staircase of floats, and its error on the V.
(() => {
  const { text, panel, path, dot, axes, fixed, scientific, raised } = figures;

  // 10^e for whole and half e, as close as floats allow
  const power = (e) => Number(`1e${Math.floor(e)}`) * (e % 1 ? Math.sqrt(10) : 1);
  // exp(1 + t), rounded once: the floats nearest to e, and what is left of e
  const exp1 = (t) => Math.E + (Math.E * Math.expm1(t) + 1.4456468917292502e-16);
  // what a program computes for f(1 + t): 1 + t is rounded to a float first
  const f = (t) => exp1(1 + t - 1);
  const slope = (dx) => (f(dx) - Math.E) / dx;
  const error = (dx) => Math.abs(slope(dx) - Math.E);

  const left = { x: 40, y: 30, width: 500, height: 310 };
  const x = d3.scaleLog([1e-16, 1], [690, 1120]);
  const y = d3.scaleLog([1e-9, 10], [310, 40]);
  const steps = Array.from({ length: 161 }, (_, i) => 10 ** (-i / 10));

  figures.define("difference_step", {
    state: { exponent: -15 },
    sliders: [{
      name: "exponent", label: "step Δ{x}", x: 60, y: 400, width: 460, min: -16, max: 0, step: 0.5, page: 1,
      format: (e) => (e % 1 ? scientific(power(e)) : e ? `10${raised(e)}` : "1"),
    }],
    planes: [{ x: 690, y: 30, width: 430, height: 320, move: ([px]) => ({ exponent: Math.log10(x.invert(px)) }) }],
    says: ({ exponent }) => `The slope is ${slope(power(exponent))}, its error ${scientific(error(power(exponent)))}.`,

    draw(scene, { exponent }) {
      const dx = power(exponent);

      // Left, in units of the step: exp, its tangent, and the secant.
      const across = d3.scaleLinear([-0.35, 1.5], [left.x, left.x + left.width]);
      const up = d3.scaleLinear([-0.9, 2.4], [left.y + left.height, left.y]);
      const view = panel(scene, left.x, left.y, left.width, left.height);
      const at = (t, value) => [across(t), up(value / dx / Math.E)];
      const curve = Array.from({ length: 501 }, (_, i) => across.invert(left.x + i)).map((t) => at(t, f(t * dx) - Math.E));
      path(view, [at(-1, -dx * Math.E), at(2, 2 * dx * Math.E)], "var(--muted)", 2.5, "3 8");
      path(view, curve, "var(--neutral-area)", 4);
      const rise = f(dx) - Math.E;
      path(view, [at(-1, -rise), at(2, 2 * rise)], "var(--ink)", 3);
      path(view, [at(1, 0), at(1, rise)], "var(--ink)", 2, "6 6");
      path(view, [at(0, 0), at(1, 0)], "var(--ink)", 2, "6 6");
      dot(view, ...at(0, 0), 8, "var(--ink)");
      dot(view, ...at(1, rise), 10, "var(--warn-area)", "var(--ink)");
      text(view, across(0.5), up(0) + 34, "Δ{x}", { anchor: "middle" });
      text(scene, 60, 62, "{f} as computed, tangent (dotted), secant", { fill: "var(--muted)" });
      text(view, across(-0.05), up(0) + 34, "1", { anchor: "middle" });

      // Right: the error of all steps, and of this one.
      axes(scene, {
        x, y, xLabel: "Δ{x}",
        xTicks: [-16, -12, -8, -4, 0].map((e) => [power(e), e ? `10${raised(e)}` : "1"]),
        yTicks: [-8, -4, 0].map((e) => [power(e), e ? `10${raised(e)}` : "1"]),
      });
      text(scene, 780, 60, "error of the slope", { fill: "var(--muted)" });
      const cloud = panel(scene, 690, 30, 440, 280);
      for (const h of steps) if (error(h) > 0) dot(cloud, x(h), y(error(h)), 3, "var(--neutral-area)");
      dot(scene, x(dx), y(Math.max(error(dx), 1e-9)), 10, "var(--warn-area)", "var(--ink)");

      text(scene, 620, 405, "slope");
      text(scene, 740, 405, fixed(slope(dx), 10), { bold: true, number: "slope" });
      text(scene, 620, 440, "error");
      text(scene, 740, 440, scientific(error(dx)), { bold: true, number: "error" });
    },
  });
})();
