/** Pooling, means and normalisation, entry by entry. */
import type { Layer, NormOp, PoolOp } from '../../model/graph.ts';
import { indices, layoutOf, sizeOfKnown, windowsOf } from './index-maps.ts';
import { labels, labelsByGroup, listsOf, others } from './labels.ts';
import { entryLists, singleEntries } from './program.ts';
import { add, inputOf, notCovered, parameter, shapeOf, type Unrolling, unknownParameter } from './unrolling.ts';

export function pool(u: Unrolling, layer: Layer, op: PoolOp): number {
  const { node, shape } = inputOf(u, layer);
  if (op.pool === 'lp') throw notCovered(layer);
  const input = layoutOf(shape, op.dataFormat);
  const lists: number[][] = [];
  if (op.global) {
    for (let c = 0; c < input.channels; c++) lists.push([...indices(input.spatial)].map(cell => input.at(c, cell)));
  } else {
    const output = layoutOf(shapeOf(layer, 0), op.dataFormat);
    const windows = windowsOf(input.spatial, op.window, op, output.spatial);
    if (!windows) throw unknownParameter(layer);
    let at = 0;
    for (const position of indices(output.spatial)) {
      const seen = windows.seen[at++]!;
      for (let c = 0; c < input.channels; c++)
        lists[output.at(c, position)] = seen.map(({ cell }) => input.at(c, cell));
    }
  }
  const size = lists.length;
  if (op.pool === 'max') return add(u, { kind: 'select', size, sources: [{ input: node, lists: entryLists(lists) }] });
  const sources = [{ input: node, sign: 1, lists: entryLists(lists) }];
  return add(u, { kind: 'sum', size, sources, offset: false });
}

export function reduce(u: Unrolling, layer: Layer, name: string, reduced: readonly number[]): number {
  if (!/mean|sum/i.test(name) || /square|log/i.test(name)) throw notCovered(layer);
  const { node, shape } = inputOf(u, layer);
  const axes = reduced.map(axis => (axis < 0 ? axis + shape.length : axis));
  const lists = listsOf(labels(shape, others(shape, axes)));
  const size = lists.starts.length - 1;
  return add(u, { kind: 'sum', size, sources: [{ input: node, sign: 1, lists }], offset: false });
}

/** Normalisation, then scale and offset, a pair a channel (a pair an entry of the normalised axes for layer normalisation). */
export function normalisation(u: Unrolling, layer: Layer, op: NormOp): number {
  if (op.norm === 'lrn') throw notCovered(layer);
  const { node, shape } = inputOf(u, layer);
  const axes = op.axes.map(axis => (axis < 0 ? axis + shape.length : axis));
  const channelAxis =
    op.norm === 'batch' || op.norm === 'layer' || op.norm === 'rms' ? undefined : (axes[0] ?? shape.length - 1);
  const size = sizeOfKnown(shape);
  const whole = Int32Array.from({ length: size }, (_, i) => i);
  const affine = labels(shape, channelAxis === undefined ? axes : [channelAxis]);
  const normalised =
    op.norm === 'batch' && !op.batchStatistics
      ? byStoredStatistics(u, layer, node, labels(shape, axes).of)
      : byOwnStatistics(u, op, node, shape, axes, channelAxis);
  const has = (role: string) => layer.weights.some(weight => weight.role === role);
  if (!has('gamma') && !has('beta')) return normalised;
  const gamma = parameter(u, layer, 'gamma', affine.count, weight => weight.role === 'gamma');
  const beta = parameter(u, layer, 'beta', affine.count, weight => weight.role === 'beta');
  return add(u, {
    kind: 'weighted',
    size,
    input: normalised,
    lists: singleEntries(whole),
    weights: affine.of,
    weight: has('gamma') ? gamma : { ...gamma, observed: false },
    bias: has('beta') ? { of: affine.of, parameter: beta } : null,
  });
}

/** Stored mean and variance: a scale and an offset that send no gradient. */
function byStoredStatistics(u: Unrolling, layer: Layer, node: number, of: Int32Array): number {
  const size = of.length;
  const fixed = { key: `${layer.id}.stored`, count: size, observed: false };
  return add(u, {
    kind: 'weighted',
    size,
    input: node,
    lists: singleEntries(Int32Array.from({ length: size }, (_, i) => i)),
    weights: new Int32Array(of),
    weight: fixed,
    bias: { of, parameter: { ...fixed, key: `${layer.id}.mean` } },
  });
}

function byOwnStatistics(
  u: Unrolling,
  op: NormOp,
  node: number,
  shape: readonly number[],
  axes: readonly number[],
  channelAxis: number | undefined,
): number {
  const channel = channelAxis ?? shape.length - 1;
  const shared =
    op.norm === 'batch'
      ? labels(shape, axes)
      : op.norm === 'layer' || op.norm === 'rms'
        ? labels(shape, others(shape, axes))
        : labelsByGroup(shape, channel, op.norm === 'group' ? (op.groups ?? 1) : (shape[channel] ?? 1));
  return add(u, {
    kind: 'normalise',
    size: sizeOfKnown(shape),
    input: node,
    groups: listsOf(shared),
    centred: op.norm !== 'rms',
    acrossBatch: op.norm === 'batch',
  });
}
