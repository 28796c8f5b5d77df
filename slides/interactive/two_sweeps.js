// The graph of z = x1·x2 + x2 with values, tangents (forward, blue) and adjoints (backward, orange).
(() => {
  const { text, box, arrow, short, factor } = figures;
  const PLACES = { x1: [30, 20], x2: [30, 232], y: [430, 92], z: [850, 160] }, W = 262, H = 112;

  const sweeps = ({ x1, x2, dx1, dx2 }) => {
    const y = x1 * x2, dy = dx1 * x2 + x1 * dx2;
    return {
      value: { x1, x2, y, z: y + x2 },
      tangent: { x1: dx1, x2: dx2, y: dy, z: dy + dx2 },
      adjoint: { z: 1, y: 1, x1: x2, x2: 1 + x1 },
    };
  };
  const slider = (name, label, x, fill) => ({
    name, label, x, y: 405, width: 220, min: fill ? -2 : -5, max: fill ? 2 : 5, step: 0.5, format: short, fill,
  });

  figures.define("two_sweeps", {
    state: { x1: 2, x2: 4, dx1: 1, dx2: 0 },
    sliders: [
      slider("x1", "{x1}", 40), slider("x2", "{x2}", 324),
      slider("dx1", "{.x1}", 608, "var(--forward)"), slider("dx2", "{.x2}", 892, "var(--forward)"),
    ],
    says: (state) => {
      const { value, tangent, adjoint } = sweeps(state);
      return `z is ${short(value.z)}, its tangent ${short(tangent.z)}; the adjoints of x1 and x2 are ${short(adjoint.x1)} and ${short(adjoint.x2)}.`;
    },

    draw(scene, state) {
      const { value, tangent, adjoint } = sweeps(state);
      const edge = (from, to, label, [lx, ly]) => {
        arrow(scene, from, to, "var(--neutral-area)", 3);
        text(scene, lx, ly, label, { fill: "var(--muted)" });
      };
      edge([296, 76], [424, 130], short(state.x2), [350, 82]);
      edge([296, 270], [424, 178], short(state.x1), [330, 212]);
      edge([696, 148], [844, 200], "1", [770, 158]);
      edge([296, 300], [844, 250], "1", [560, 310]);
      for (const [name, [x, y]] of Object.entries(PLACES)) {
        box(scene, x, y, W, H);
        text(scene, x + 16, y + 42, `{${name}} = ${short(value[name])}`, { size: 28, number: name });
        text(scene, x + 16, y + 90, `{.${name}} = ${short(tangent[name])}`, { bold: true, fill: "var(--forward)", number: `tangent-${name}` });
        text(scene, x + 142, y + 90, `{~${name}} = ${short(adjoint[name])}`, { bold: true, fill: "var(--reverse)", number: `adjoint-${name}` });
      }
      text(scene, 430, 70, "product", { fill: "var(--muted)" });
      text(scene, 850, 138, "sum", { fill: "var(--muted)" });
      const share = (i) => `${factor(short(adjoint[`x${i}`]))} · ${factor(short(state[`dx${i}`]))}`;
      text(scene, 1112, 50, `{~x1}·{.x1} + {~x2}·{.x2} = ${share(1)} + ${share(2)} = ${short(tangent.z)}`, { anchor: "end" });
    },
  });
})();
