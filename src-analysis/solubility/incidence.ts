/**
 * Which outputs of a convolution see which inputs along one axis, as a bipartite graph split into its connected components.
 *
 * Output a sees input a·stride + t·dilation − before for every tap t whose position lies inside the input. The relation is
 * symmetric in outputs and taps: seen from the taps (tap t meets input t·dilation − before + a·stride for every output a)
 * it is the same graph with the two arithmetic progressions exchanged. The first view splits the weight rows W of the
 * layer's system, the second the gradient rows K, so one function serves both.
 */

/** An arithmetic progression 0, step, 2·step, … of `count` terms. */
export interface Progression {
  readonly count: number;
  readonly step: number;
}

/**
 * `count` equal connected components: `rows` windows of `size` consecutive cells, `stride` cells apart, on `cols` inputs.
 * The first window begins `before` cells ahead of the first of these inputs.
 */
export interface Block {
  readonly rows: number;
  readonly cols: number;
  readonly before: number;
  readonly stride: number;
  readonly size: number;
  readonly count: number;
}

/** Cells by which the last window reaches beyond the inputs of the block. */
export function cutAfter(block: Block): number {
  return (block.rows - 1) * block.stride + block.size - block.before - block.cols;
}

/** More residue classes than this (a dilation or stride of that size) are not enumerated. */
const maxClasses = 4096;

/**
 * Connected components of the graph that joins window w with the inputs w·windows.step − before + i·cells.step,
 * 0 ≤ i < cells.count, lying in [0, input). Windows and inputs without an edge are in no block.
 *
 * A window stays in one residue class of inputs modulo cells.step. Within a class everything is an ordinary undilated axis:
 * windows of cells.count consecutive cells, `stride` cells apart. There they overlap, and make one component, or they do
 * not, and each is its own. So the time is O(number of classes), not O(input). Returns null over 4,096 classes.
 */
export function axisBlocks(input: number, before: number, windows: Progression, cells: Progression): Block[] | null {
  const divisor = gcd(windows.step, cells.step);
  const period = cells.step / divisor;
  const classes = Math.min(period, windows.count);
  if (classes > maxClasses) return null;
  const stride = windows.step / divisor;
  const blocks = new BlockCounter();
  for (let first = 0; first < classes; first++) {
    const start = first * windows.step - before;
    const residue = modulo(start, cells.step);
    const length = Math.max(0, Math.ceil((input - residue) / cells.step));
    const axis = {
      length,
      start: (start - residue) / cells.step,
      windows: Math.ceil((windows.count - first) / period),
    };
    if (stride < cells.count) addOverlapping(blocks, axis, stride, cells.count);
    else addDisjoint(blocks, axis, stride, cells.count);
  }
  return blocks.list();
}

/** One residue class: `windows` windows on `length` cells, the first starting at cell `start` (negative in the padding). */
interface ClassAxis {
  readonly length: number;
  readonly start: number;
  readonly windows: number;
}

/** Consecutive windows that both see the input share a cell of it: one component. */
function addOverlapping(blocks: BlockCounter, axis: ClassAxis, stride: number, size: number): void {
  const first = Math.max(0, Math.floor((-size - axis.start) / stride) + 1);
  const last = Math.min(axis.windows - 1, Math.ceil((axis.length - axis.start) / stride) - 1);
  if (first > last || axis.length === 0) return;
  const from = Math.max(0, axis.start + first * stride);
  const to = Math.min(axis.length, axis.start + last * stride + size);
  const before = from - (axis.start + first * stride);
  blocks.add({ rows: last - first + 1, cols: to - from, before, stride, size, count: 1 });
}

/** Every window is its own component; at most one is cut by the beginning of the input and one by its end. */
function addDisjoint(blocks: BlockCounter, axis: ClassAxis, stride: number, size: number): void {
  const first = Math.max(0, Math.ceil(-axis.start / stride));
  const last = Math.min(axis.windows - 1, Math.floor((axis.length - size - axis.start) / stride));
  if (last >= first) blocks.add({ rows: 1, cols: size, before: 0, stride, size, count: last - first + 1 });
  const cut = new Set([-1, axis.length - 1].map(cell => Math.floor((cell - axis.start) / stride)));
  for (const window of cut) {
    if (window < 0 || window >= axis.windows || (window >= first && window <= last)) continue;
    const start = axis.start + window * stride;
    const cols = Math.min(start + size, axis.length) - Math.max(start, 0);
    if (cols > 0) blocks.add({ rows: 1, cols, before: Math.max(0, -start), stride, size, count: 1 });
  }
}

/** Collects equal blocks, in order of first appearance. */
class BlockCounter {
  private readonly blocks = new Map<string, Block>();

  add(block: Block): void {
    const key = `${block.rows},${block.cols},${block.before}`;
    const count = (this.blocks.get(key)?.count ?? 0) + block.count;
    this.blocks.set(key, { ...block, count });
  }

  list(): Block[] {
    return [...this.blocks.values()];
  }
}

/** Sum of a count over blocks: `rows` gives live windows, `cols` gives touched inputs. */
export function total(blocks: readonly Block[], what: 'rows' | 'cols'): number {
  return blocks.reduce((sum, block) => sum + block.count * block[what], 0);
}

function gcd(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return divisor;
}

function modulo(a: number, m: number): number {
  return ((a % m) + m) % m;
}
