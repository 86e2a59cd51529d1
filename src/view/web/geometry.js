// Voxels and the patient: a grid's affine and its inverse, and which way up the three planes are shown. Indices are (z, y, x), world is LPS in mm.

const TOWARD = "LPS", FROM = "RAI";
// World axes (0 x L, 1 y P, 2 z S) along a picture's normal, to its right and down it; superior is at the top. `away` is the way that scrolling
// forward goes: to the feet, to the back, to the patient's left.
const PLANES = {
  axial: { normal: 2, across: 0, down: 1, away: -1 },
  coronal: { normal: 1, across: 0, down: 2, away: 1 },
  sagittal: { normal: 0, across: 1, down: 2, away: 1 },
};
export const PLANE_NAMES = Object.keys(PLANES);
const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

// The inverse of a 3×3 matrix given by its columns a, b, c, as rows.
function inverse(a, b, c) {
  const cross = (p, q) => [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
  const bc = cross(b, c), determinant = a[0] * bc[0] + a[1] * bc[1] + a[2] * bc[2];
  return [bc, cross(c, a), cross(a, b)].map(row => row.map(v => v / determinant));
}

export class Grid {
  constructor({ shape, spacing, affine }) {
    this.shape = shape;
    this.spacing = spacing;
    this.steps = [0, 1, 2].map(a => [0, 1, 2].map(w => affine[w][a]));
    this.origin = [0, 1, 2].map(w => affine[w][3]);
    this.rows = inverse(...this.steps);
    this.along = this.worldAxes();
  }

  toWorld(voxel) {
    return this.origin.map((o, w) => o + voxel[0] * this.steps[0][w] + voxel[1] * this.steps[1][w] + voxel[2] * this.steps[2][w]);
  }

  toVoxel(world) {
    const d = world.map((v, w) => v - this.origin[w]);
    return this.rows.map(row => row[0] * d[0] + row[1] * d[1] + row[2] * d[2]);
  }

  centre() {
    return this.toWorld(this.shape.map(n => (n - 1) / 2));
  }

  holds(voxel) {
    return voxel.every((v, a) => v >= 0 && v < this.shape[a]);
  }

  // For each index axis the world axis that it lies along most, no two alike.
  worldAxes() {
    const unit = this.steps.map(s => s.map(v => Math.abs(v) / Math.hypot(...s)));
    const fit = order => unit[0][order[0]] + unit[1][order[1]] + unit[2][order[2]];
    return ORDERS.reduce((best, order) => (fit(order) > fit(best) + 1e-9 ? order : best), [2, 1, 0]);
  }

  // The index axis along a world axis, and whether it runs against it.
  axisAlong(world) {
    const axis = this.along.indexOf(world);
    return { axis, against: this.steps[axis][world] < 0 };
  }

  plane(name) {
    const p = PLANES[name], normal = this.axisAlong(p.normal), across = this.axisAlong(p.across), down = this.axisAlong(p.down), up = p.down === 2;
    return this.withSizes({
      name, axis: normal.axis, across: across.axis, down: down.axis,
      flipAcross: across.against, flipDown: down.against !== up,
      forward: (normal.against ? -1 : 1) * p.away,
      left: FROM[p.across], right: TOWARD[p.across],
      top: up ? TOWARD[p.down] : FROM[p.down], bottom: up ? FROM[p.down] : TOWARD[p.down],
    });
  }

  // A picture as it lies in memory: rows down, columns to the right, no patient around it.
  asStored(name, axis = 0) {
    const [down, across] = [0, 1, 2].filter(a => a !== axis);
    return this.withSizes({ name, axis, across, down, flipAcross: false, flipDown: false, forward: 1, left: "", right: "", top: "", bottom: "" });
  }

  withSizes(plane) {
    plane.count = this.shape[plane.axis];
    plane.columns = this.shape[plane.across];
    plane.rows = this.shape[plane.down];
    const across = this.steps[plane.across], down = this.steps[plane.down], toRight = plane.flipAcross ? -1 : 1, downwards = plane.flipDown ? -1 : 1;
    const length = Math.hypot(...across), along = (across[0] * down[0] + across[1] * down[1] + across[2] * down[2]) / length;
    const shear = Math.abs(along) < 1e-3 * Math.hypot(...down) ? 0 : along; // of a tilted gantry; less is rounding in the file
    // Voxel (i across, j down) lies at (i * pitch + j * shear, j * drop) mm, to the right of and below voxel (0, 0).
    plane.pitch = toRight * length;
    plane.shear = toRight * shear;
    plane.drop = downwards * Math.sqrt(Math.hypot(...down) ** 2 - shear ** 2);
    plane.width = plane.columns * length + Math.abs(shear) * (plane.rows - 1);
    plane.height = plane.rows * Math.abs(plane.drop);
    return plane;
  }
}

// Where a voxel lies in a plane's picture, in mm to the right of and below voxel (0, 0, 0).
export function inPlane(plane, voxel) {
  const i = voxel[plane.across], j = voxel[plane.down];
  return [i * plane.pitch + j * plane.shear, j * plane.drop];
}

// "R 12.3  P 40.2  S 110.0": world coordinates as the way they lie from the origin.
export function worldText(world) {
  return world.map((v, w) => `${v < 0 ? FROM[w] : TOWARD[w]} ${Math.abs(v).toFixed(1)}`).join("  ");
}
