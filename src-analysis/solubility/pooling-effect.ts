/** What pooling and reductions tell of their input. */
import { resolvePadding, sizeOf } from '../model/geometry.ts';
import type { Layer, Op, PoolOp } from '../model/graph.ts';
import type { WindowAxis } from './averaged.ts';
import { assuming, type Knowledge, unknown } from './knowledge.ts';

/**
 * Max-pooling: one equality for each window, at its largest entry, taken as known; the other entries are bounded by it and have
 * δ = 0. Windows that overlap may share their maximum: of entries in random order, the expected number of different ones.
 * Average pooling: the sums over windows, δ the same for all entries of a window.
 */
export function seenThroughPooling(next: Layer, op: PoolOp, behind: Knowledge): Knowledge {
  const windows = windowsOf(next, op);
  const input = sizeOf(next.inputShapes[0]);
  const output = sizeOf(next.outputShapes[0]);
  if (!windows || input === null || output === null || input < 1 || output < 1 || output > input) {
    return unknown(behind, `the windows of '${next.name}' behind it are not known`);
  }
  if (op.pool === 'lp')
    return unknown(behind, `'${next.name}' behind it takes norms over windows, which are not linear`);
  if (op.pool === 'max') return throughMaximum(behind, (output / input) * differentMaxima(windows), entriesOf(windows));
  const padded = windows.some(w => w.padded);
  return throughSums(next, behind, padded ? undefined : windows, output / input, entriesOf(windows));
}

/** Means and sums over axes are average pooling over all of them, the largest entry max-pooling. */
export function seenThroughReduction(next: Layer, op: Op & { readonly kind: 'reduce' }, behind: Knowledge): Knowledge {
  const input = sizeOf(next.inputShapes[0]);
  const output = sizeOf(next.outputShapes[0]);
  if (input === null || output === null || output < 1 || output > input) {
    return unknown(behind, `the shapes around '${next.name}' behind it are not known`);
  }
  const window = input / output;
  if (op.name === 'mean' || op.name === 'sum') return throughSums(next, behind, undefined, 1 / window, window);
  if (op.name === 'max' || op.name === 'min') return throughMaximum(behind, 1 / window, window);
  return unknown(behind, `'${next.name}' behind it reduces it to values that are no linear equations (${op.name})`);
}

function throughMaximum(behind: Knowledge, share: number, window: number): Knowledge {
  const maxima = { share: share * behind.maxima.share, window: window * behind.maxima.window };
  const { averages, ...rest } = behind;
  const inner = averages ? sumsOf(averages) : behind.sums;
  const sums = inner && { share: inner.share * share, window: inner.window };
  return assuming({ ...rest, maxima, ...(sums ? { sums } : {}) }, 'the largest entry of every pooling window is known');
}

function throughSums(
  next: Layer,
  behind: Knowledge,
  windows: readonly WindowAxis[] | undefined,
  share: number,
  window: number,
): Knowledge {
  if (behind.statistics) {
    return unknown(behind, `'${next.name}' takes averages of it, of which a normalisation behind keeps no scale`);
  }
  const isFirst = !behind.averages && !behind.sums && behind.maxima.share === 1;
  if (windows && isFirst) return { ...behind, averages: windows };
  const { averages, ...rest } = behind;
  const inner = averages ? sumsOf(averages).share : (behind.sums?.share ?? 1);
  return {
    ...rest,
    kept: behind.kept * behind.maxima.share,
    maxima: { share: 1, window: 1 },
    sums: { share: share * inner, window },
  };
}

/** Windows as sums of entries that are known one by one: sums for each entry, and entries for each sum. */
export function sumsOf(windows: readonly WindowAxis[]): { readonly share: number; readonly window: number } {
  return { share: 1 / windows.reduce((strides, w) => strides * w.stride, 1), window: entriesOf(windows) };
}

interface PoolAxis extends WindowAxis {
  readonly padded: boolean;
}

function windowsOf(next: Layer, op: PoolOp): PoolAxis[] | undefined {
  const shape = next.inputShapes[0];
  if (!shape || shape.length !== op.spatialRank + 1) return undefined;
  const spatial = shape.filter((_, axis) => axis !== (op.dataFormat === 'channelsLast' ? op.spatialRank : 0));
  const axes: PoolAxis[] = [];
  for (const [i, length] of spatial.entries()) {
    const size = op.global ? length : (op.window[i] ?? null);
    const stride = op.global ? length : (op.strides[i] ?? null);
    const dilation = op.global ? 1 : (op.dilations[i] ?? null);
    if (length === null || size === null || stride === null || dilation === null) return undefined;
    if (size < 1 || stride < 1 || dilation < 1) return undefined;
    const { before, after } = op.global
      ? { before: 0, after: 0 }
      : resolvePadding(length, size, stride, dilation, op.padding, i);
    axes.push({ size, stride, dilation, padded: before > 0 || after > 0 || op.ceilMode });
  }
  return axes;
}

function entriesOf(windows: readonly WindowAxis[]): number {
  return windows.reduce((product, w) => product * w.size, 1);
}

/** Cells to look at, beyond which overlaps are not told apart and every window counts. */
const mostCells = 50_000;

/** Results by sizes and strides: small windows only, so there are few. */
const maximaKnown = new Map<string, number>();

/**
 * Different maxima for each window, when windows overlap and entries come in random order: an entry counts if it is the largest
 * of some window on it. By inclusion and exclusion over these windows; a union of windows is largest at one entry with the
 * probability 1/size.
 */
export function differentMaxima(windows: readonly WindowAxis[]): number {
  // Dilated windows interlock: then every one counts.
  if (windows.every(w => w.stride >= w.size) || windows.some(w => w.dilation > 1)) return 1;
  const overlaps = windows.reduce((count, w) => count * Math.ceil(w.size / w.stride), 1);
  if (overlaps > 12 || 2 ** overlaps * overlaps * entriesOf(windows) > mostCells) return 1;
  const key = windows.map(w => `${w.size}/${w.stride}`).join();
  const known = maximaKnown.get(key) ?? expectedMaxima(windows);
  maximaKnown.set(key, known);
  return known;
}

/** Entries of one period, in which one window begins, that are the largest of some window. */
function expectedMaxima(windows: readonly WindowAxis[]): number {
  const offsets = windows.map(w => Array.from({ length: Math.min(w.stride, w.size) }, (_, i) => i));
  let expected = 0;
  for (const at of product(offsets)) {
    const starts = product(at.map((offset, i) => startsOn(windows[i]!, offset)));
    for (let subset = 1; subset < 2 ** starts.length; subset++) {
      const chosen = starts.filter((_, i) => (subset >> i) % 2 === 1);
      expected += (chosen.length % 2 === 1 ? 1 : -1) / unionSize(chosen, windows);
    }
  }
  return Math.min(1, expected);
}

/** Where the windows on an entry start, relative to it, along one axis. */
function startsOn(window: WindowAxis, offset: number): number[] {
  const starts: number[] = [];
  for (let start = -offset; start > -window.size; start -= window.stride) starts.push(start);
  return starts;
}

function unionSize(starts: readonly (readonly number[])[], windows: readonly WindowAxis[]): number {
  const cells = new Set<string>();
  for (const start of starts) {
    const ranges = start.map((s, i) => Array.from({ length: windows[i]!.size }, (_, k) => s + k));
    for (const cell of product(ranges)) cells.add(cell.join());
  }
  return cells.size;
}

function product(lists: readonly (readonly number[])[]): number[][] {
  return lists.reduce<number[][]>((all, list) => all.flatMap(prefix => list.map(value => [...prefix, value])), [[]]);
}
