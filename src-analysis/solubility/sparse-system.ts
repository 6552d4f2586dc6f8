import type { ConvGeometry } from '../model/analysis.ts';
import { outputLength } from './conv-geometry.ts';
import { productsPerReduction, randomResidues, residue } from './modular.ts';

/** Which cells the windows of one axis see: cell numbers count touched cells only, in order. */
interface AxisCells {
  readonly touched: number;
  /** For every output position its (tap, cell) pairs; empty where a window lies in the padding. */
  readonly windows: readonly (readonly { readonly tap: number; readonly cell: number }[])[];
}

/**
 * One group of a layer with random weights and output gradients over GF(p).
 * Positions are numbered outer · innerTouched + inner, the outer axis being the longer one so that windows span few columns.
 */
export interface SparseSystem {
  readonly channels: number;
  readonly filters: number;
  readonly taps: number;
  /** Touched positions of the plane. */
  readonly positions: number;
  /** Touched unknowns: column position · channels + channel. */
  readonly columns: number;
  /** For every live output position, in order: the taps it uses and the input positions they meet. */
  readonly windows: readonly { readonly taps: Int32Array; readonly cells: Int32Array }[];
  /** For every tap, the live windows that use it and the positions it meets there. */
  readonly tapCells: readonly (readonly { readonly window: number; readonly cell: number }[])[];
  /** A fresh random combination of the filters, [channel · taps + tap]. */
  readonly kernel: () => Float64Array;
  /** A fresh random combination over filters of δ, by live output position. */
  readonly gradient: () => Float64Array;
}

/** Builds one group's system. Cost and memory: output positions · taps, filters · (channels · taps + output positions). */
export function sparseSystem(g: ConvGeometry, seed: number): SparseSystem {
  const axes = [axisCells(g, 0), axisCells(g, 1)] as const;
  const [outer, inner] = axes[0].touched >= axes[1].touched ? ([0, 1] as const) : ([1, 0] as const);
  const taps = g.kernel[0] * g.kernel[1];
  const windows = axes[outer].windows.flatMap(a =>
    axes[inner].windows
      .filter(b => a.length > 0 && b.length > 0)
      .map(b => ({
        taps: Int32Array.from(a.flatMap(u => b.map(v => u.tap * g.kernel[inner] + v.tap))),
        cells: Int32Array.from(a.flatMap(u => b.map(v => u.cell * axes[inner].touched + v.cell))),
      })),
  );
  const channels = g.inChannels / g.groups;
  const filters = g.filters / g.groups;
  const positions = axes[0].touched * axes[1].touched;
  const random = randomResidues(seed);
  const weights = randomRows(filters, channels * taps, random);
  const gradients = randomRows(filters, windows.length, random);
  return {
    channels,
    filters,
    taps,
    positions,
    columns: positions * channels,
    windows,
    tapCells: cellsByTap(windows, taps),
    kernel: () => combination(weights, random),
    gradient: () => combination(gradients, random),
  };
}

function cellsByTap(windows: SparseSystem['windows'], taps: number): { window: number; cell: number }[][] {
  const byTap: { window: number; cell: number }[][] = Array.from({ length: taps }, () => []);
  windows.forEach(({ taps: used, cells }, window) => {
    for (const [i, tap] of used.entries()) byTap[tap]!.push({ window, cell: cells[i]! });
  });
  return byTap;
}

/** For every output position of an axis its taps and the input cells they meet; empty where a window lies in the padding. */
export function axisWindows(g: ConvGeometry, axis: 0 | 1): { readonly tap: number; readonly cell: number }[][] {
  return Array.from({ length: outputLength(g, axis) }, (_, output) =>
    Array.from({ length: g.kernel[axis] }, (_, tap) => ({
      tap,
      cell: output * g.strides[axis] + tap * g.dilations[axis] - g.before[axis],
    })).filter(({ cell }) => cell >= 0 && cell < g.input[axis]),
  );
}

function axisCells(g: ConvGeometry, axis: 0 | 1): AxisCells {
  const windows = axisWindows(g, axis);
  const cells = [...new Set(windows.flatMap(window => window.map(({ cell }) => cell)))].sort((a, b) => a - b);
  const number = new Map(cells.map((cell, i) => [cell, i]));
  return {
    touched: cells.length,
    windows: windows.map(window => window.map(({ tap, cell }) => ({ tap, cell: number.get(cell)! }))),
  };
}

function randomRows(count: number, length: number, random: () => number): Float64Array[] {
  return Array.from({ length: count }, () => Float64Array.from({ length }, random));
}

/** Σ λ_i · rows[i] with fresh random λ. */
function combination(rows: readonly Float64Array[], random: () => number): Float64Array {
  const result = new Float64Array(rows[0]!.length);
  rows.forEach((row, i) => {
    const factor = random();
    for (let k = 0; k < result.length; k++) result[k]! += factor * row[k]!;
    if ((i + 1) % (productsPerReduction - 1) === 0 || i === rows.length - 1) {
      for (let k = 0; k < result.length; k++) result[k] = residue(result[k]!);
    }
  });
  return result;
}
