// The directional derivative of z = x1·x2 + x2 at (2, 4): the direction on a contour map, and the tangent of z.
(() => {
  const { text, panel, path, dot, arrow, axes, fixed, factor } = figures;
  const [X1, X2] = [2, 4], SLOPES = [X2, X1 + 1];
  const direction = (angle) => [Math.cos(angle * Math.PI / 180), Math.sin(angle * Math.PI / 180)];
  const tangent = (angle) => direction(angle).reduce((sum, dx, i) => sum + SLOPES[i] * dx, 0);

  const across = d3.scaleLinear([X1 - 2, X1 + 2], [40, 520]);
  const up = d3.scaleLinear([X2 - 1.4, X2 + 1.4], [360, 24]);
  const x = d3.scaleLinear([0, 360], [640, 1090]);
  const y = d3.scaleLinear([-6, 6], [320, 30]);

  figures.define("direction", {
    state: { angle: 90 },
    sliders: [{ name: "angle", label: "direction of {.x}", x: 60, y: 405, width: 440, min: 0, max: 360, step: 5, format: (a) => `${a}°` }],
    planes: [
      { x: 40, y: 24, width: 480, height: 336, move: ([px, py]) => ({ angle: (Math.atan2(up.invert(py) - X2, across.invert(px) - X1) * 180 / Math.PI + 360) % 360 }) },
      { x: 640, y: 30, width: 470, height: 300, move: ([px]) => ({ angle: x.invert(px) }) },
    ],
    says: ({ angle }) => `The direction is (${direction(angle).map((dx) => fixed(dx)).join(", ")}), and the tangent of z is ${fixed(tangent(angle))}.`,

    draw(scene, { angle }) {
      const map = panel(scene, 40, 24, 480, 336), [dx1, dx2] = direction(angle), dz = tangent(angle);
      for (let z = 3; z <= 25; z += 1.5) {
        const contour = d3.range(across.invert(40), across.invert(521), 0.04).map((x1) => [across(x1), up(z / (x1 + 1))]);
        path(map, contour, z === 12 ? "var(--neutral-area)" : "var(--rule)", z === 12 ? 3 : 2);
      }
      text(map, across(3.15), up(2.98), "{z} = 12", { fill: "var(--muted)" });
      map.append("circle").attr("cx", across(X1)).attr("cy", up(X2)).attr("r", across(1) - across(0))
        .attr("fill", "none").attr("stroke", "var(--rule)").attr("stroke-width", 2).attr("stroke-dasharray", "4 8");
      arrow(map, [across(X1), up(X2)], [across(X1 + dx1), up(X2 + dx2)], "var(--forward-area)", 6);
      dot(map, across(X1), up(X2), 9, "var(--ink)");
      text(map, across(X1 + 1.22 * dx1), up(X2 + 1.22 * dx2) + 8, "{.x}", { size: 30, fill: "var(--forward)", anchor: "middle", bold: true });

      axes(scene, {
        x, y, yLabel: "{.z}",
        xTicks: [0, 90, 180, 270, 360].map((a) => [a, `${a}°`]), yTicks: [-5, 0, 5].map((v) => [v, fixed(v, 0)]),
      });
      path(scene, [[x(0), y(0)], [x(360), y(0)]], "var(--rule)", 2);
      path(scene, d3.range(0, 361, 3).map((a) => [x(a), y(tangent(a))]), "var(--neutral-area)", 3);
      path(scene, [[x(angle), y(0)], [x(angle), y(dz)]], "var(--forward-area)", 10);
      dot(scene, x(angle), y(dz), 11, "var(--forward-area)");

      text(scene, 590, 405, `{.x} = (${fixed(dx1)}, ${fixed(dx2)})`, { number: "direction" });
      text(scene, 590, 442, `{.z} = ${SLOPES[0]} · ${factor(fixed(dx1))} + ${SLOPES[1]} · ${factor(fixed(dx2))} =`, { fill: "var(--forward)" });
      text(scene, 1112, 442, fixed(dz), { anchor: "end", bold: true, fill: "var(--forward)", number: "tangent" });
    },
  });
})();
