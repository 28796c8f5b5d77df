// Gradient descent and Newton's method as balls on −log L of the counting experiment: s = 5, b = 10 ± 3.5, n = 20.
(() => {
  const { text, panel, path, dot, axes, fixed, raised } = figures;
  const S = 5, B = 10, N = 20, A = (B / 3.5) ** 2, START = [0.3, 1.7], STEPS = 60;

  // −log L above its value at the fit, (2, 1)
  const height = ([mu, gamma]) => {
    const pair = (n, rate) => rate - n - n * Math.log(rate / n);
    return pair(N, mu * S + gamma * B) + pair(A, gamma * A);
  };
  const gradient = ([mu, gamma]) => {
    const main = 1 - N / (mu * S + gamma * B);
    return [S * main, B * main + A * (1 - 1 / gamma)];
  };
  const newton = ([mu, gamma]) => {
    const main = N / (mu * S + gamma * B) ** 2, [g, h] = gradient([mu, gamma]);
    const [a, b, d] = [S * S * main, S * B * main, B * B * main + A / gamma ** 2], det = a * d - b * b;
    return [(d * g - b * h) / det, (a * h - b * g) / det];
  };
  const walk = (step) => {
    const points = [START];
    while (points.length <= STEPS) {
      const at = points.at(-1), by = step(at), next = [at[0] - by[0], at[1] - by[1]];
      // Rates below zero have no logarithm: the walk ends there.
      if (!(next[1] > 0 && next[0] * S + next[1] * B > 0)) break;
      points.push(next);
    }
    return points;
  };
  const walks = (rate) => [walk((at) => gradient(at).map((g) => rate * g)), walk(newton)];

  const mu = d3.scaleLinear([-0.3, 4.7], [80, 620]);
  const gamma = d3.scaleLinear([0.3, 1.9], [330, 24]);
  const k = d3.scaleLinear([0, STEPS], [750, 1110]);
  const y = d3.scaleLog([1e-8, 20], [330, 30]);
  const LEVELS = [0.2, 0.7, 1.5, 2.5, 4, 6, 9, 14, 20];
  const GRID = [109, 62], CELL = 5;
  const map = d3.contours().size(GRID).thresholds(LEVELS.map((level) => -level))(
    Array.from({ length: GRID[0] * GRID[1] }, (_, i) => -height([
      mu.invert(80 + CELL * ((i % GRID[0]) + 0.5)), gamma.invert(24 + CELL * (Math.floor(i / GRID[0]) + 0.5)),
    ])),
  );

  figures.define("descent", {
    state: { rate: 0.05, steps: 10 },
    sliders: [
      { name: "rate", label: "learning rate {η}", x: 60, y: 410, width: 300, min: 0.01, max: 0.2, step: 0.01, format: (r) => fixed(r) },
      { name: "steps", label: "steps", x: 430, y: 410, width: 240, min: 0, max: STEPS, step: 1 },
    ],
    says: ({ rate, steps }) => {
      const [slow, fast] = walks(rate).map((points) => points[Math.min(steps, points.length - 1)].map((v) => fixed(v, 3)).join(", "));
      return `Gradient descent is at (${slow}), Newton at (${fast}); the fit is at (2, 1).`;
    },

    draw(scene, { rate, steps }) {
      const view = panel(scene, 85, 29, 530, 298);
      for (const { coordinates } of map) {
        for (const ring of coordinates.flat()) path(view, ring.map(([i, j]) => [80 + CELL * i, 24 + CELL * j]), "var(--rule)", 2);
      }
      axes(scene, {
        x: mu, y: gamma, xTicks: [0, 1, 2, 3, 4].map((v) => [v, String(v)]), yTicks: [0.5, 1, 1.5].map((v) => [v, String(v)]),
        xLabel: "{μ}", yLabel: "{γ}",
      });
      path(view, [[mu(2) - 12, gamma(1)], [mu(2) + 12, gamma(1)]], "var(--ink)", 3);
      path(view, [[mu(2), gamma(1) - 12], [mu(2), gamma(1) + 12]], "var(--ink)", 3);
      axes(scene, {
        x: k, y, xTicks: [0, 20, 40, 60].map((v) => [v, String(v)]), yTicks: [-8, -4, 0].map((e) => [Number(`1e${e}`), e ? `10${raised(e)}` : "1"]),
        xLabel: "steps", yLabel: "height above the fit",
      });
      const chart = panel(scene, 740, 20, 382, 310);
      const looks = [["descent", "gradient descent", "var(--warn-area)", 409], ["newton", "Newton", "var(--neutral-area)", 442]];
      walks(rate).forEach((points, i) => {
        const [number, label, colour, line] = looks[i], shown = points.slice(0, steps + 1), last = shown.at(-1);
        path(view, shown.map(([a, b]) => [mu(a), gamma(b)]), colour, 3);
        for (const [a, b] of shown) dot(view, mu(a), gamma(b), 4, colour);
        path(chart, shown.map((at, j) => [k(j), y(Math.max(height(at), 1e-12))]), colour, 3);
        dot(view, mu(last[0]), gamma(last[1]), 12, colour, "var(--ink)");
        dot(scene, k(shown.length - 1), y(Math.max(height(last), 1e-8)), 10, colour, "var(--ink)");
        dot(scene, 732, line - 9, 9, colour, "var(--ink)");
        text(scene, 752, line, label);
        text(scene, 1112, line, last.map((v) => fixed(v, 3)).join(", "), { anchor: "end", bold: true, number });
      });
    },
  });
})();
