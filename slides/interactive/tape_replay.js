// A tape of z = x1·x2 + x2: two frames are recorded, then replayed backward, step by step.
(() => {
  const { text, box, short, factor } = figures;

  const run = ({ x1, x2, step }) => {
    const y = x1 * x2, z = y + x2;
    const done = (k) => step >= k;
    return {
      frames: [
        [`1:  {y} = {x1} · {x2} = ${short(y)}`, `slopes: ${short(x2)} to {x1}, ${short(x1)} to {x2}`],
        [`2:  {z} = {y} + {x2} = ${short(z)}`, "slopes: 1 to {y}, 1 to {x2}"],
      ],
      bars: { x1: done(5) ? x2 : 0, x2: done(5) ? 1 + x1 : done(4) ? 1 : 0, y: done(4) ? 1 : 0, z: done(3) ? 1 : 0 },
      story: [
        "The tape is empty.",
        "Record: the product, and its slope to each argument.",
        "Record: the sum, and its slope to each argument.",
        "Seed: {~z} = 1. All other accumulators are 0.",
        "Replay frame 2: {~y} = 0 + 1 · {~z} = 1 and {~x2} = 0 + 1 · {~z} = 1",
        `Replay frame 1: {~x1} = 0 + ${factor(short(x2))} · {~y} = ${short(x2)} and {~x2} = 1 + ${factor(short(x1))} · {~y} = ${short(1 + x1)}`,
      ][step],
    };
  };
  const plain = (words) => words.replace(/[{}]/g, "").replace(/~(\w+)/g, "$1-bar");
  const input = (name, x) => ({ name, label: `{${name}}`, x, y: 405, width: 230, min: -5, max: 5, step: 0.5, format: short });

  figures.define("tape_replay", {
    state: { step: 5, x1: 2, x2: 4 },
    sliders: [
      { name: "step", label: "step", x: 60, y: 405, width: 400, min: 0, max: 5, step: 1, format: (k) => `${k} of 5` },
      input("x1", 560), input("x2", 860),
    ],
    says: (state) => plain(run(state).story),

    draw(scene, state) {
      const { frames, bars, story } = run(state), { step } = state;
      frames.forEach(([operation, slopes], i) => {
        const x = 40 + 546 * i, recorded = step > i, forward = step === i + 1, backward = step === 5 - i;
        scene.append("rect").attr("x", x).attr("y", 64).attr("width", 526).attr("height", 118).attr("fill", "var(--tint)");
        for (let hole = 0; hole < 12; hole++) {
          for (const y of [70, 164]) box(scene, x + 18 + 43 * hole, y, 18, 12, "none").attr("rx", 3);
        }
        if (forward || backward) {
          box(scene, x, 64, 526, 118, `var(--${forward ? "forward" : "reverse"}-area)`, "none").attr("stroke-width", 5).attr("rx", 4);
        }
        if (!recorded) return;
        text(scene, x + 24, 116, operation, { size: 28, fill: forward ? "var(--forward)" : "var(--ink)" });
        text(scene, x + 24, 150, slopes, { fill: "var(--muted)" });
      });
      text(scene, 40, 46, step < 3 ? "record →" : "← replay", { bold: true, fill: step < 3 ? "var(--forward)" : "var(--reverse)" });
      Object.entries(bars).forEach(([name, bar], i) => {
        const now = { 3: ["z"], 4: ["y", "x2"], 5: ["x1", "x2"] }[step]?.includes(name);
        box(scene, 40 + 273 * i, 222, 253, 74, now ? "var(--reverse-area)" : "var(--rule)");
        text(scene, 64 + 273 * i, 270, `{~${name}} = ${short(bar)}`, {
          size: 30, bold: bar !== 0, fill: bar ? "var(--reverse)" : "var(--muted)", number: name,
        });
      });
      text(scene, 40, 346, story);
    },
  });
})();
