import { effectiveKernel } from '../model/geometry.ts';
import { EchelonBasis } from './echelon.ts';
import { axisOutputs, type GridAxis, type GridGeometry } from './grid-geometry.ts';
import { gridRanks, type KnownShare, type SystemRanks } from './grid-rank.ts';

/** A window that slides along one axis, without padding. */
export interface WindowAxis {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
}

/**
 * Ranks of a convolution whose output is known as sums over windows: [A·W; K] with δ = Aᵀδ′. Sums and convolution commute: A·W
 * is the same kernel at stride s·s_A on the input summed over windows of the same size, dilated by s, and so are the gradient
 * rows. Without padding that sum maps onto all of its image, so the generic ranks are those of this convolution (proven). With
 * padding the summed input lies in a subspace, whose dimension bounds them. Null where no window
 * fits, or windows have other axes.
 */
export function averagedRanks(g: GridGeometry, windows: readonly WindowAxis[], known: KnownShare): SystemRanks | null {
  const aligned = windowsByAxis(g, windows);
  if (!aligned) return null;
  const axes: GridAxis[] = [];
  let [touched, image] = [g.inChannels, g.inChannels];
  for (const [i, a] of g.axes.entries()) {
    const window = aligned[i]!;
    const reach = (effectiveKernel(window.size, window.dilation) - 1) * a.stride;
    const input = a.input + a.before + a.after - reach;
    const axis = { ...a, input, before: 0, after: 0, stride: a.stride * window.stride };
    if (input < 1 || axisOutputs(axis) < 1) return null;
    const sums = summedAxis(a, axis, window);
    axes.push(axis);
    touched *= sums.touched;
    image *= sums.rank;
  }
  const ranks = gridRanks({ ...g, axes }, known);
  const [weights, gradients] = [Math.min(ranks.weights, image), Math.min(ranks.gradients, image)];
  const system = Math.min(ranks.system, image);
  const isExact = system === image || g.axes.every(a => a.before === 0 && a.after === 0);
  return { ...ranks, touched, weights, gradients, system, outsideDomain: ranks.outsideDomain || !isExact };
}

/** Windows over fewer axes than the convolution has: then the others have one output each. */
function windowsByAxis(g: GridGeometry, windows: readonly WindowAxis[]): readonly WindowAxis[] | null {
  if (windows.length === g.axes.length) return windows;
  const wide = g.axes.filter(a => axisOutputs(a) > 1);
  if (wide.length !== windows.length) return null;
  return g.axes.map(a => (axisOutputs(a) > 1 ? windows[wide.indexOf(a)]! : single));
}

const single: WindowAxis = { size: 1, stride: 1, dilation: 1 };

/** Longer axes are not eliminated: their sums are taken as independent, which without padding they are. */
const maxCells = 1024;

/** The sums of input entries along one axis that some tap of the convolution on them sees: how many entries, what rank. */
function summedAxis(a: GridAxis, summed: GridAxis, window: WindowAxis): { touched: number; rank: number } {
  const taps = Array.from({ length: Math.min(summed.kernel, maxCells) }, (_, t) => t * summed.dilation);
  const outputs = Math.min(axisOutputs(summed), maxCells);
  const sums = new Set(taps.flatMap(t => Array.from({ length: outputs }, (_, p) => p * summed.stride + t)));
  const isLong = a.input > maxCells || window.size > maxCells || sums.size * window.size > maxCells ** 2;
  if (isLong) return { touched: a.input, rank: Math.min(a.input, summed.input) };
  const basis = new EchelonBasis(a.input);
  const row = new Float64Array(a.input);
  const seen = new Set<number>();
  for (const sum of [...sums].sort((x, y) => x - y)) {
    for (let i = 0; i < window.size; i++) {
      const cell = sum + i * window.dilation * a.stride - a.before;
      if (cell < 0 || cell >= a.input) continue;
      row[cell] = 1;
      seen.add(cell);
    }
    basis.add(row, 0, a.input);
  }
  return { touched: seen.size, rank: basis.rank };
}
