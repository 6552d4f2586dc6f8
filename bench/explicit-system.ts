/**
 * One layer's linear system written out entry by entry over GF(p), for tests and measurements: any number of spatial axes,
 * any linear knowledge of the output. Nothing here knows the laws that it is compared with.
 */
import { EchelonBasis } from '../src-analysis/solubility/echelon.ts';
import { axisOutputs, type GridGeometry, product } from '../src-analysis/solubility/grid-geometry.ts';
import { randomResidues, residue } from '../src-analysis/solubility/modular.ts';

/** Random residues, the same for the same seed. */
export type Draw = () => number;

/** Known functionals of a layer's output, as rows. */
export type Knowing = (map: ConvMap, random: Draw) => readonly SparseRow[];

/** A row vector: [column, residue] pairs. Columns may repeat; their values add up. */
export type SparseRow = readonly (readonly [column: number, value: number])[];

/** Weights and taps of a convolution: what joins output (o, p) with input (c, q). */
export interface ConvMap {
  readonly unknowns: number;
  readonly outputs: number;
  readonly positions: number;
  readonly filters: number;
  /** For output entry o·positions + p its weights on the inputs. */
  readonly row: (output: number) => SparseRow;
  /** For every kernel weight the pairs (output entry, input entry) that it joins. */
  readonly taps: () => readonly (readonly (readonly [output: number, input: number])[])[];
}

export function convMap(g: GridGeometry, random: Draw): ConvMap {
  const lengths = g.axes.map(axisOutputs);
  const sizes = g.axes.map(a => a.input);
  const kernels = g.axes.map(a => a.kernel);
  const positions = product(lengths);
  const plane = product(sizes);
  const ci = g.inChannels / g.groups;
  const co = g.filters / g.groups;
  const taps = product(kernels);
  const cells: (number | undefined)[][] = indices(lengths).map(at =>
    indices(kernels).map(tap => {
      const cell = g.axes.map((a, i) => at[i]! * a.stride + tap[i]! * a.dilation - a.before);
      if (cell.some((q, i) => q < 0 || q >= sizes[i]!)) return undefined;
      return cell.reduce((sum, q, i) => sum * sizes[i]! + q, 0);
    }),
  );
  const weights = Array.from({ length: g.filters * ci * taps }, random);
  const groupOf = (o: number) => Math.floor(o / co);
  return {
    unknowns: g.inChannels * plane,
    outputs: g.filters * positions,
    positions,
    filters: g.filters,
    row: output => {
      const [o, p] = [Math.floor(output / positions), output % positions];
      const entries: [number, number][] = [];
      for (let c = 0; c < ci; c++) {
        cells[p]!.forEach((cell, t) => {
          if (cell !== undefined)
            entries.push([(groupOf(o) * ci + c) * plane + cell, weights[(o * ci + c) * taps + t]!]);
        });
      }
      return entries;
    },
    taps: () =>
      Array.from({ length: g.filters * ci * taps }, (_, k) => {
        const [o, c, t] = [Math.floor(k / (ci * taps)), Math.floor(k / taps) % ci, k % taps];
        return cells.flatMap((cell, p) => {
          const at = cell[t];
          return at === undefined ? [] : [[o * positions + p, (groupOf(o) * ci + c) * plane + at] as const];
        });
      }),
  };
}

/** Rows B·W for known functionals of the output. */
export function weightRows(map: ConvMap, known: readonly SparseRow[]): SparseRow[] {
  return known.map(row =>
    row.flatMap(([output, factor]) => map.row(output).map(([c, w]) => [c, residue(w * factor)] as const)),
  );
}

/** Gradient rows for δ given per output entry. */
export function gradientRows(map: ConvMap, delta: ArrayLike<number>): SparseRow[] {
  return map.taps().map(pairs => pairs.map(([output, input]) => [input, delta[output]!] as const));
}

/** δ = Bᵀδ′ with a random δ′: what is behind sees the output through B only. */
export function pulledBack(map: ConvMap, known: readonly SparseRow[], random: Draw): Float64Array {
  const delta = new Float64Array(map.outputs);
  for (const row of known) {
    const factor = random();
    for (const [output, value] of row) delta[output] = residue(delta[output]! + residue(value * factor));
  }
  return delta;
}

export function rankOf(rows: readonly SparseRow[], columns: number): number {
  const basis = new EchelonBasis(columns);
  const dense = new Float64Array(columns);
  for (const row of rows) {
    if (basis.rank === columns) break;
    for (const [column, value] of row) dense[column] = residue(dense[column]! + value);
    basis.add(dense, 0, columns);
  }
  return basis.rank;
}

export interface Ranks {
  readonly touched: number;
  readonly weights: number;
  readonly gradients: number;
  readonly system: number;
}

/** Ranks of [B·W; K] for a convolution whose output is known through the functionals that `knowledge` makes. */
export function explicitRanks(g: GridGeometry, knowledge: Knowing, seed: number): Ranks {
  const random = randomResidues(seed);
  const map = convMap(g, random);
  const known = knowledge(map, random);
  const w = weightRows(map, known);
  const k = gradientRows(map, pulledBack(map, known, random));
  return {
    touched: touchedBy(map),
    weights: rankOf(w, map.unknowns),
    gradients: rankOf(k, map.unknowns),
    system: rankOf([...w, ...k], map.unknowns),
  };
}

/** Unknowns that some output sees. */
export function touchedBy(map: ConvMap): number {
  return new Set(Array.from({ length: map.outputs }, (_, o) => map.row(o).map(([c]) => c)).flat()).size;
}

/** Every output entry is known. */
export const wholeOutput = (map: ConvMap): SparseRow[] => Array.from({ length: map.outputs }, (_, o) => [[o, 1]]);

/** `count` of the positions of every channel, drawn at random: ReLU's active units, dropout's kept ones. */
export function someOutputs(count: number): Knowing {
  return (map, random) =>
    Array.from({ length: map.filters }, (_, o) =>
      shuffled(map.positions, random)
        .slice(0, count)
        .map((p): SparseRow => [[o * map.positions + p, 1]]),
    ).flat();
}

function shuffled(length: number, random: Draw): number[] {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.abs(random()) % (i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Windows of a pooling over the output map, each as output positions. */
export function poolWindows(lengths: readonly number[], window: number, stride: number): number[][] {
  const counts = lengths.map(length => Math.floor((length - window) / stride) + 1);
  return indices(counts).map(at =>
    indices(lengths.map(() => window)).map(offset =>
      at.reduce((sum, a, i) => sum * lengths[i]! + a * stride + offset[i]!, 0),
    ),
  );
}

/** Max-pooling: in every window and channel one entry, drawn at random, is known. */
export function maximaOf(windows: readonly number[][]): Knowing {
  return (map, random) => {
    const known = new Set<number>();
    for (let o = 0; o < map.filters; o++) {
      const order = shuffled(map.positions, random);
      for (const window of windows) {
        const best = window.reduce((a, b) => (order[a]! > order[b]! ? a : b));
        known.add(o * map.positions + best);
      }
    }
    return [...known].map(entry => [[entry, 1]]);
  };
}

/** ReLU, then average pooling: in every window the sum over active entries, drawn at random with this share. */
export function sumsOfActive(windows: readonly number[][], share: number): Knowing {
  return (map, random) => {
    const active = new Set(someOutputs(Math.round(share * map.positions))(map, random).map(row => row[0]![0]));
    return meansOf(windows)(map)
      .map(row => row.filter(([entry]) => active.has(entry)))
      .filter(row => row.length > 0);
  };
}

/** Average pooling: in every window and channel the sum is known. */
export function meansOf(windows: readonly number[][]): (map: ConvMap) => SparseRow[] {
  return map =>
    Array.from({ length: map.filters }, (_, o) =>
      windows.map((window): SparseRow => window.map(p => [o * map.positions + p, 1])),
    ).flat();
}

/** Every index vector of a box, the last axis fastest. */
export function indices(lengths: readonly number[]): number[][] {
  return lengths.reduce<number[][]>(
    (all, length) => all.flatMap(at => Array.from({ length }, (_, i) => [...at, i])),
    [[]],
  );
}
