import { concat, pad, reshape, slice } from './arrange.ts';
import { conv, windowCount } from './convolution.ts';
import { div, mul } from './elementwise.ts';
import type { ConvolutionGeometry, Graph, Node } from './graph.ts';
import { sum } from './reduce.ts';

/** A pooling window: kernel [kh, kw] and how it slides; groups play no part. */
export interface PoolWindow extends Omit<ConvolutionGeometry, 'groups'> {
  readonly kernel: readonly [number, number];
}

/** Stands for −∞ in the padding of a maximum: below every activation, and finite, so that 0 times it is 0. */
const belowEverything = -1e30;

/**
 * Maximum over each window of x [N, C, H, W], written as Σ mask·x with the mask of each window's first largest entry
 * held constant: linear where it is differentiated, hence closed under differentiation.
 */
export function maxPool(x: Node, window: PoolWindow): Node {
  const patches = windows(x, window, belowEverything);
  const mask = patches.graph.node({ kind: 'oneHotMax' }, [patches], patches.shape);
  return dropLast(sum(mul(mask, patches), [4]));
}

/** How many padding entries, next to the input, a mean counts as zeros. */
export interface CountedPadding {
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
}

/** Mean over each window of x [N, C, H, W], of its entries on the input and on the counted padding. */
export function averagePool(x: Node, window: PoolWindow, counted: CountedPadding): Node {
  const [n, c, height, width] = x.shape as [number, number, number, number];
  const area = window.kernel[0] * window.kernel[1];
  const weights = x.graph.constant('window', [1, 1, ...window.kernel], new Float64Array(area).fill(1 / area));
  const oneChannel = conv(reshape(x, [n * c, 1, height, width]), weights, { ...window, groups: 1 });
  const pooled = reshape(oneChannel, [n, c, ...oneChannel.shape.slice(2)]);
  const share = coverage(x.graph, [height, width], window, counted);
  return share ? div(pooled, share) : pooled;
}

/** Mean of every channel: [N, C, H, W] → [N, C, 1, 1]. */
export function globalAveragePool(x: Node): Node {
  return mul(sum(x, [2, 3]), 1 / (x.shape[2]! * x.shape[3]!));
}

/** Largest entry of every channel: [N, C, H, W] → [N, C, 1, 1]. */
export function globalMaxPool(x: Node): Node {
  const [n, c, height, width] = x.shape as [number, number, number, number];
  const flat = reshape(x, [n, c, 1, 1, height * width]);
  const mask = flat.graph.node({ kind: 'oneHotMax' }, [flat], flat.shape);
  return dropLast(sum(mul(mask, flat), [4]));
}

/** The entries that each window sees, on a last axis: [N, C, h', w', kh·kw]. */
function windows(x: Node, window: PoolWindow, padding: number): Node {
  const [n, c] = x.shape as [number, number];
  const geometry = { ...window, groups: 1 };
  const rows = windowCount(x.shape[2]!, window.kernel[0], geometry, 0);
  const columns = windowCount(x.shape[3]!, window.kernel[1], geometry, 1);
  if (rows < 1 || columns < 1) throw new Error(`The pooling window does not fit into [${x.shape.join(', ')}].`);
  const [sy, sx] = window.strides;
  const padded = pad(x, [0, 0, ...window.padBefore], [0, 0, ...window.padAfter], padding);
  const views: Node[] = [];
  for (let i = 0; i < window.kernel[0]; i++) {
    for (let j = 0; j < window.kernel[1]; j++) {
      const [y, z] = [i * window.dilations[0], j * window.dilations[1]];
      const ends = [n, c, y + (rows - 1) * sy + 1, z + (columns - 1) * sx + 1];
      views.push(reshape(slice(padded, [0, 0, y, z], ends, [1, 1, sy, sx]), [n, c, rows, columns, 1]));
    }
  }
  return concat(views, 4);
}

/** Share of each window that counts, [1, 1, h', w']; undefined where every window counts in full. */
function coverage(
  graph: Graph,
  [height, width]: readonly [number, number],
  window: PoolWindow,
  counted: CountedPadding,
): Node | undefined {
  const geometry = { ...window, groups: 1 };
  const along = (length: number, axis: 0 | 1): number[] => {
    const count = windowCount(length, window.kernel[axis], geometry, axis);
    return Array.from({ length: count }, (_, p) => {
      let inside = 0;
      for (let tap = 0; tap < window.kernel[axis]; tap++) {
        const at = p * window.strides[axis] + tap * window.dilations[axis] - window.padBefore[axis];
        if (at >= -counted.before[axis] && at < length + counted.after[axis]) inside++;
      }
      return inside / window.kernel[axis];
    });
  };
  const [rows, columns] = [along(height, 0), along(width, 1)];
  const shares = rows.flatMap(row => columns.map(column => row * column));
  if (shares.every(share => share === 1)) return undefined;
  return graph.constant('coverage', [1, 1, rows.length, columns.length], Float64Array.from(shares));
}

function dropLast(a: Node): Node {
  return reshape(a, a.shape.slice(0, -1));
}
