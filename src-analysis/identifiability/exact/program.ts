/**
 * A model unrolled into single entries, as the exact rank of its Jacobian needs it. Every tensor is a flat list of entries of
 * one example; a node computes one tensor from earlier ones. Constants (sizes of pooling windows, stored statistics) are left
 * out where they only scale entries: that changes no rank.
 */
import type { Activation } from '../../model/graph.ts';
import type { AlgebraicFunction } from '../../solubility/elementwise.ts';
import { activationClass } from '../../solubility/invertibility.ts';

/** Lists of entries, one after the other: list k is entries[starts[k] … starts[k + 1]). */
export interface EntryLists {
  readonly starts: Int32Array;
  readonly entries: Int32Array;
}

/** A trainable or frozen parameter tensor; uses of one tensor share its `key`. */
export interface Parameter {
  readonly key: string;
  readonly count: number;
  /** Whether its gradient is observed: false for frozen layers and withheld gradients. */
  readonly observed: boolean;
}

export type ProgramNode =
  /** Unknowns. `table`: the vectors of tokens, whose gradient is that of the table they come from. */
  | { readonly kind: 'input'; readonly size: number; readonly table?: Parameter }
  | { readonly kind: 'constant'; readonly size: number }
  /** out_k = Σ_j w[weights_j]·in[entries_j] + bias[biasOf_k] */
  | {
      readonly kind: 'weighted';
      readonly size: number;
      readonly input: number;
      readonly lists: EntryLists;
      readonly weights: Int32Array;
      readonly weight: Parameter;
      readonly bias: { readonly of: Int32Array; readonly parameter: Parameter } | null;
    }
  /** out_k = Σ_j sign[s]·in_s[entry_j] over its sources s, each with its own lists; plus constants where `offset`. */
  | {
      readonly kind: 'sum';
      readonly size: number;
      readonly sources: readonly { readonly input: number; readonly sign: number; readonly lists: EntryLists }[];
      readonly offset: boolean;
    }
  /** out_k is one of the listed entries: the greatest, at a general input. */
  | {
      readonly kind: 'select';
      readonly size: number;
      readonly sources: readonly { readonly input: number; readonly lists: EntryLists }[];
    }
  | {
      readonly kind: 'pointwise';
      readonly size: number;
      readonly input: number;
      readonly activation: PointwiseFunction;
    }
  /** out_k = Σ_j in_a[ofA_j]·in_b[ofB_j], j from starts[k] to starts[k + 1] − 1. */
  | {
      readonly kind: 'product';
      readonly size: number;
      readonly inputs: readonly [number, number];
      readonly starts: Int32Array;
      readonly of: readonly [Int32Array, Int32Array];
    }
  /** A softmax, or its logarithm, of every list of entries. */
  | {
      readonly kind: 'softmax';
      readonly size: number;
      readonly input: number;
      readonly groups: EntryLists;
      readonly log: boolean;
    }
  /** Every list of entries has its mean taken away (where `centred`) and is divided by its root mean square. */
  | {
      readonly kind: 'normalise';
      readonly size: number;
      readonly input: number;
      readonly groups: EntryLists;
      readonly centred: boolean;
      /** Statistics over all examples of the batch. */
      readonly acrossBatch: boolean;
    };

export type WeightedNode = Extract<ProgramNode, { kind: 'weighted' }>;

export interface Program {
  readonly nodes: readonly ProgramNode[];
  /** Node of the logits, and which of them are normalised together; a list of one entry has a loss of its own. */
  readonly output: number;
  readonly distributions: EntryLists;
}

/**
 * `smooth`: value, slope and curvature unrelated. `piecewise-linear`: one of two slopes, value = slope · input. `relu`: the
 * same with a slope of 0. `clipped`: constant or linear with an offset.
 */
export type PointwiseKind = 'smooth' | 'piecewise-linear' | 'relu' | 'clipped';

/** What one entry is made of another by. */
export type PointwiseFunction = PointwiseKind | AlgebraicFunction;

const kinds: Readonly<Record<string, PointwiseKind>> = {
  relu: 'relu',
  relu6: 'relu',
  thresholdedRelu: 'clipped',
  hardSigmoid: 'clipped',
  hardTanh: 'clipped',
  hardSwish: 'smooth',
  hardSilu: 'smooth',
};

/** How the analysis of a whole model sees an activation; undefined where it does not know it. */
export function pointwiseKind(activation: Activation): PointwiseKind | 'linear' | undefined {
  const known = activationClass(activation);
  if (known !== 'lossy') return known;
  if (activation.name === 'leakyRelu') return 'relu';
  return Object.hasOwn(kinds, activation.name) ? kinds[activation.name] : undefined;
}

export function entryLists(lists: readonly (readonly number[])[]): EntryLists {
  const starts = new Int32Array(lists.length + 1);
  for (const [k, list] of lists.entries()) starts[k + 1] = starts[k]! + list.length;
  return { starts, entries: Int32Array.from(lists.flat()) };
}

export function forList({ starts, entries }: EntryLists, k: number, each: (entry: number, at: number) => void): void {
  for (let at = starts[k]!; at < starts[k + 1]!; at++) each(entries[at]!, at);
}

/** One entry a list; an entry of −1 makes the list empty. */
export function singleEntries(entries: Int32Array): EntryLists {
  return entryLists(Array.from(entries, entry => (entry < 0 ? [] : [entry])));
}

/** Whether a node reads entries that are there: shapes that do not fit together lead past the end of a tensor. */
export function isWithinInputs(node: ProgramNode, nodes: readonly ProgramNode[]): boolean {
  const reads = (input: number, entries: Int32Array) => {
    const { size } = nodes[input]!;
    return entries.every(entry => entry >= 0 && entry < size);
  };
  switch (node.kind) {
    case 'input':
    case 'constant':
      return true;
    case 'weighted': {
      const { weight, bias } = node;
      const isWeight = node.weights.every(at => at >= 0 && at < weight.count);
      const isBias = !bias || bias.of.every(at => at >= 0 && at < bias.parameter.count);
      return isWeight && isBias && reads(node.input, node.lists.entries);
    }
    case 'sum':
    case 'select':
      return node.sources.every(({ input, lists }) => reads(input, lists.entries));
    case 'pointwise':
      return nodes[node.input]!.size === node.size;
    case 'product':
      return node.inputs.every((input, factor) => reads(input, node.of[factor]!));
    case 'softmax':
    case 'normalise':
      return nodes[node.input]!.size === node.size && reads(node.input, node.groups.entries);
  }
}

/** The program of a batch of examples: every tensor holds the examples one after the other, parameters stay the same. */
export function repeated(program: Program, batch: number): Program {
  if (batch === 1) return program;
  const sizes = program.nodes.map(node => node.size);
  const nodes = program.nodes.map(node => repeatedNode(node, sizes, batch));
  return {
    nodes,
    output: program.output,
    distributions: repeatLists(program.distributions, batch, sizes[program.output]!),
  };
}

function repeatedNode(node: ProgramNode, sizes: readonly number[], batch: number): ProgramNode {
  const size = node.size * batch;
  switch (node.kind) {
    case 'input':
      return node.table ? { ...node, size, table: { ...node.table, count: size } } : { ...node, size };
    case 'constant':
    case 'pointwise':
      return { ...node, size };
    case 'weighted':
      return {
        ...node,
        size,
        lists: repeatLists(node.lists, batch, sizes[node.input]!),
        weights: repeatArray(node.weights, batch, 0),
        bias: node.bias && { ...node.bias, of: repeatArray(node.bias.of, batch, 0) },
      };
    case 'sum':
      return {
        ...node,
        size,
        sources: node.sources.map(s => ({ ...s, lists: repeatLists(s.lists, batch, sizes[s.input]!) })),
      };
    case 'select':
      return {
        ...node,
        size,
        sources: node.sources.map(s => ({ ...s, lists: repeatLists(s.lists, batch, sizes[s.input]!) })),
      };
    case 'product': {
      const [a, b] = node.inputs;
      return {
        ...node,
        size,
        starts: repeatStarts(node.starts, batch),
        of: [repeatArray(node.of[0], batch, sizes[a]!), repeatArray(node.of[1], batch, sizes[b]!)],
      };
    }
    case 'softmax':
      return { ...node, size, groups: repeatLists(node.groups, batch, sizes[node.input]!) };
    case 'normalise': {
      const groups = repeatLists(node.groups, batch, sizes[node.input]!);
      return { ...node, size, groups: node.acrossBatch ? mergedAcross(groups, batch) : groups };
    }
  }
}

function repeatArray(array: Int32Array, times: number, step: number): Int32Array {
  const result = new Int32Array(array.length * times);
  for (let t = 0; t < times; t++) {
    for (let i = 0; i < array.length; i++) result[t * array.length + i] = array[i]! + t * step;
  }
  return result;
}

function repeatLists({ starts, entries }: EntryLists, times: number, step: number): EntryLists {
  return { starts: repeatStarts(starts, times), entries: repeatArray(entries, times, step) };
}

function repeatStarts(starts: Int32Array, times: number): Int32Array {
  const lists = starts.length - 1;
  const all = new Int32Array(lists * times + 1);
  for (let k = 0; k < lists * times; k++) {
    all[k + 1] = all[k]! + starts[(k % lists) + 1]! - starts[k % lists]!;
  }
  return all;
}

/** Joins list k of every example. */
function mergedAcross({ starts, entries }: EntryLists, batch: number): EntryLists {
  const lists = (starts.length - 1) / batch;
  return entryLists(
    Array.from({ length: lists }, (_, k) =>
      Array.from({ length: batch }, (_, b) => [
        ...entries.subarray(starts[b * lists + k]!, starts[b * lists + k + 1]!),
      ]).flat(),
    ),
  );
}
