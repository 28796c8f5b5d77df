export { select, create, pointer } from "d3-selection";
export { range } from "d3-array";
export { scaleLinear, scaleLog } from "d3-scale";
export { drag } from "d3-drag";
export { line } from "d3-shape";
export { contours } from "d3-contour";
export { hierarchy, tree } from "d3-hierarchy";
