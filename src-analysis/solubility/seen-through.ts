/** What one operation between layers with weights passes on of the knowledge of its output, as knowledge of its input. */
import { sizeOf } from '../model/geometry.ts';
import type { Activation, Edge, Layer, MergeOp, ModelGraph, NormOp, RearrangeOp, Shape } from '../model/graph.ts';
import {
  type ActivationEffect,
  activationEffect,
  arithmeticEffect,
  isAffine,
  isPiecewiseLinear,
} from './activation-effect.ts';
import type { WindowAxis } from './averaged.ts';
import type { StatisticSets } from './combined-rank.ts';
import { assuming, type Knowledge, unknown } from './knowledge.ts';
import { seenThroughPooling, seenThroughReduction, sumsOf } from './pooling-effect.ts';

/** The graph, and which outputs of its layers are read. */
export interface Reading {
  readonly graph: ModelGraph;
  readonly outputsRead: ReadonlyMap<number, ReadonlySet<number>>;
}

/** @param layer the layer whose output `next` reads @param behind knowledge of `next`'s output */
export function seenThrough(reading: Reading, layer: Layer, next: Layer, behind: Knowledge): Knowledge {
  if (behind.unknown !== undefined) return behind;
  const { op } = next;
  switch (op.kind) {
    case 'activation':
      return throughActivation(next, op.activation, behind);
    case 'dropout':
      return throughDropout(next, op.rate, behind);
    case 'pool':
      return seenThroughPooling(next, op, behind);
    case 'norm':
      return throughNorm(next, op, behind);
    case 'merge':
      return throughMerge(reading.graph, layer, next, op, behind);
    case 'rearrange':
      return throughRearrangement(reading, layer, next, op, behind);
    case 'reduce':
      return seenThroughReduction(next, op, behind);
    case 'elementwise': {
      const reason =
        elementwiseReasons[op.name] ?? `'${next.name}' (${op.name}) behind it passes on no gradient or no value`;
      return throughFunction(next, op.name, arithmeticEffect(op.name), isAffine(op.name), reason, behind);
    }
    case 'unknown':
      return unknown(behind, `'${next.name}' behind it is not understood: ${op.reason.replace(/\.$/, '')}`);
    default:
      return behind;
  }
}

/** Elementwise operations that keep their argument from being known. */
const elementwiseReasons: Readonly<Record<string, string>> = {
  gaussianNoise: 'noise of unknown value is added behind it',
  gaussianDropout: 'its output is multiplied by noise of unknown value',
  masking: 'which steps are masked behind it is not known',
};

/** @param layer the layer that has the activation, for the words */
export function throughActivation(layer: Layer, activation: Activation | undefined, behind: Knowledge): Knowledge {
  if (!activation || behind.unknown !== undefined) return behind;
  const { name } = activation;
  const reason = `what the activation ${name} behind it does to its argument is not known`;
  const curved = !isPiecewiseLinear(activation);
  return throughFunction(layer, name, activationEffect(activation), !curved && name === 'linear', reason, behind);
}

function throughFunction(
  layer: Layer,
  name: string,
  effect: ActivationEffect,
  affine: boolean,
  reason: string,
  behind: Knowledge,
): Knowledge {
  if (effect === 'none') return unknown(behind, reason);
  if (affine) return behind;
  // Where only sums, or values up to statistics, are known behind a function, its slope at every entry is not.
  const mixes = behind.averages !== undefined || behind.sums !== undefined;
  const unsettled = mixes || behind.statistics !== undefined || behind.summands !== undefined;
  const slopesKnown = isPiecewiseLinear({ name }) || ['maximum', 'minimum'].includes(name);
  const { averages, ...rest } = behind;
  let result: Knowledge = averages ? { ...rest, sums: sumsOf(averages) } : behind;
  if (unsettled && !slopesKnown) {
    result = {
      ...result,
      curved: `'${layer.name}' (${name}) behind it is curved, and its values are not known one by one`,
    };
  }
  if (effect === 'branches') {
    return assuming(result, `of the arguments to which ${name} gives one value the right one is taken`);
  }
  if (effect === 'normalised') return assuming(result, `${name} leaves one number a vector open, which is not counted`);
  if (name === 'prelu') return assuming(result, 'no slope of a prelu is 0');
  if (effect === 'rectifier') return { ...result, rectified: true };
  return result;
}

/** A dropped entry is exactly 0 in the known tensor behind: it is seen to be missing, and its δ is 0. */
function throughDropout(next: Layer, rate: number | null, behind: Knowledge): Knowledge {
  if (rate === null) return unknown(behind, `the rate of '${next.name}' behind it is not known`);
  if (rate === 0) return behind;
  return assuming(
    { ...behind, kept: behind.kept * (1 - rate) },
    `dropout is on, and its mask is read off the zeros behind it (rate ${rate})`,
  );
}

function throughNorm(next: Layer, op: NormOp, behind: Knowledge): Knowledge {
  if (op.norm === 'lrn') {
    return assuming(
      behind,
      'local response normalisation is inverted numerically: it is one-to-one near a general point',
    );
  }
  if (op.norm === 'batch' && !op.batchStatistics) {
    return assuming(
      behind,
      'batch normalisation uses its stored statistics, so that it is affine (training mode: a scale and an offset a channel are lost)',
    );
  }
  const sets = statisticSets(next, op);
  if (!sets) return unknown(behind, `how many statistics '${next.name}' behind it takes is not known`);
  const partly = behind.rectified || behind.kept < 1 || behind.maxima.share < 1 || behind.sums || behind.averages;
  if (behind.statistics || behind.summands) {
    return {
      ...behind,
      statistics: sets,
      curved: `the statistics of '${next.name}' are those of a tensor that is not known`,
    };
  }
  const result = partly
    ? {
        ...behind,
        statistics: sets,
        curved: `the gradient through '${next.name}' depends on entries behind it that are not known`,
      }
    : { ...behind, statistics: sets };
  const text = 'normalisation by the example’s own statistics: its scale, and offsets, are lost';
  return assuming(result, text);
}

/** Sets of entries with common statistics in one example. */
function statisticSets(next: Layer, op: NormOp): StatisticSets | undefined {
  const shape = next.inputShapes[0];
  const size = sizeOf(shape);
  if (!shape || size === null || size < 1) return undefined;
  const lengths = op.axes.map(axis => shape.at(axis) ?? null);
  if (lengths.length === 0 || lengths.some(length => length === null || length < 1)) return undefined;
  const along = lengths.reduce<number>((product, length) => product * (length ?? 1), 1);
  if (op.norm === 'batch' || op.norm === 'instance') return { count: along, perChannel: true, centred: true };
  const count = op.norm === 'group' ? (op.groups ?? 1) : size / along;
  return Number.isSafeInteger(count) && count > 0
    ? { count, perChannel: false, centred: op.norm !== 'rms' }
    : undefined;
}

function throughMerge(graph: ModelGraph, layer: Layer, next: Layer, op: MergeOp, behind: Knowledge): Knowledge {
  const name = `'${next.name}'`;
  switch (op.merge) {
    case 'concat':
      return op.axis === null ? unknown(behind, `${name} behind it joins examples of the batch`) : behind;
    case 'add':
    case 'subtract':
    case 'average': {
      const others = next.inputs.filter(edge => edge.layer !== layer.id);
      if (others.length === 0 || others.every(edge => isConstant(graph, edge))) return behind;
      if (behind.summands) {
        const all = [...behind.summands.others, ...others];
        return all.length > mostSummands
          ? unknown(behind, 'the sum behind it has more branches than are followed')
          : { ...behind, summands: { merge: next.name, others: all } };
      }
      return { ...behind, summands: { merge: next.name, others } };
    }
    case 'maximum':
    case 'minimum':
      return assuming(
        { ...behind, kept: behind.kept / next.inputs.length },
        `each branch of ${name} gives the ${op.merge === 'maximum' ? 'largest' : 'smallest'} value equally often`,
      );
    case 'multiply':
    case 'divide':
      return unknown(
        behind,
        `${name} behind it multiplies it with another branch, and neither factor nor its gradient is known`,
      );
    default:
      return unknown(behind, `${name} behind it multiplies matrices that both come from the input (${op.merge})`);
  }
}

/** Chains of sums longer than this are not followed term by term. */
const mostSummands = 64;

function isConstant(graph: ModelGraph, edge: Edge): boolean {
  return graph.layers[edge.layer]?.op.kind === 'constant';
}

/** Rearrangements that keep every entry, perhaps several times. */
const keeping = new Set([
  'flatten',
  'reshape',
  'permute',
  'squeeze',
  'unsqueeze',
  'reverse',
  'pad',
  'upsample',
  'repeat',
  'expand',
  'depthToSpace',
  'spaceToDepth',
]);

function throughRearrangement(
  { outputsRead }: Reading,
  layer: Layer,
  next: Layer,
  op: RearrangeOp,
  behind: Knowledge,
): Knowledge {
  if (keeping.has(op.how)) {
    if (!behind.averages || op.how === 'pad') return behind;
    const averages = movedWindows(behind.averages, next, op);
    const reason = `'${next.name}' stands between it and the averages behind it`;
    return averages ? { ...behind, averages } : unknown(behind, reason);
  }
  const input = sizeOf(next.inputShapes[0]);
  const read = outputsRead.get(next.id);
  const parts = next.outputShapes.map((shape, i) =>
    next.outputShapes.length === 1 || read?.has(i) ? sizeOf(shape) : 0,
  );
  if (input === null || input < 1 || parts.includes(null)) {
    return unknown(behind, `how much of its output '${next.name}' behind it passes on is not known`);
  }
  const share = Math.min(1, parts.reduce<number>((sum, part) => sum + (part ?? 0), 0) / input);
  if (share >= 1) return behind;
  return assuming(
    { ...behind, kept: behind.kept * share },
    `'${next.name}' passes on ${Math.round(100 * share)} % of ${layer.name}, and no more is known`,
  );
}

/** Windows, told by spatial axes, before axes of one entry are added or dropped or the channels are moved; else undefined. */
function movedWindows(windows: readonly WindowAxis[], next: Layer, op: RearrangeOp): readonly WindowAxis[] | undefined {
  const wide = windows.filter(w => w.size > 1 || w.stride > 1);
  if (op.how === 'permute') {
    const movesChannels = ['0,1', '1,0', '2,0,1', '1,2,0', '3,0,1,2', '1,2,3,0'];
    return movesChannels.includes(op.permutation?.join() ?? '') ? windows : undefined;
  }
  const lengths = (shape: Shape | undefined) => shape?.filter(dim => dim !== 1).join();
  const keepsAxes = lengths(next.inputShapes[0]) === lengths(next.outputShapes[0]);
  return keepsAxes && wide.length === 1 ? wide : undefined;
}
