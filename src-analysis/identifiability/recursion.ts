import type { ConvRanks, Identifiable } from '../model/analysis.ts';
import { rowsOf } from '../solubility/conv-geometry.ts';
import type { RankTable } from '../solubility/layer-analysis.ts';
import type { Chain, ChainObstacle, ConvStage } from './chain.ts';
import { allOutputs, inputsSeen, type Positions, restrictTo } from './reached.ts';

/** One convolution as the recursion sees it: the part of it whose outputs reach the model's output. Counts are dimensions. */
interface Step {
  readonly layer: number;
  readonly ranks: ConvRanks;
  /** The law behind `ranks` is in doubt. */
  readonly doubtful: boolean;
  /** Entries of the layer's input, and of its output, that reach the model's output. */
  readonly inputReached: number;
  readonly outputReached: number;
  /** Gradient rows, a bias included. */
  readonly rows: number;
  /** σ″ ≠ 0 behind this convolution. */
  readonly curved: boolean;
  /** Relations that a homogeneous activation behind adds. */
  readonly conserved: number;
}

/**
 * Identifiable dimension r: generic rank of J = ∂(all gradients)/∂(input), by a recursion over the convolutions from the
 * last to the first. In the kernel of J the layers behind are frozen, so the conditions peel off layer by layer. With r known
 * dimensions of a layer's output, its input has
 *   min(rank U, min(r, rank W) + rows of K)
 * of them: where part of the output is free, its δ moves with it (σ″ ≠ 0), which makes even dependent gradient rows
 * independent, up to what the full system U gives. Where nothing curves, the rows count by rank K. The first bound is proven,
 * the second verified against exact Jacobians: docs/maths.md.
 */
export function identifiableDimension(chain: Chain, table: RankTable): Identifiable | ChainObstacle {
  const steps = stepsOf(chain, table);
  if (!Array.isArray(steps)) return steps;
  const { dimensions, doubtful } = known(steps, chain.features);
  const rank = steps.length === 0 ? chain.features : lastOf(dimensions);
  const bottleneck = rank < chain.unknowns ? bottleneckOf(steps, chain.features, dimensions) : undefined;
  return {
    rank,
    unknowns: chain.unknowns,
    fraction: rank / chain.unknowns,
    basis: 'law',
    ...(bottleneck === undefined ? {} : { bottleneck }),
    assumptions: [
      'one example a gradient',
      'cross-entropy loss with a known label',
      'weights known and in general position',
      ...chain.assumptions,
      ...(doubtful ? ['the counts are near a critical one, where the law may be off by a few dimensions'] : []),
    ],
  };
}

interface Known {
  /** Known dimensions of the input of every convolution, from the last one to the first. */
  readonly dimensions: number[];
  readonly doubtful: boolean;
}

/** @param freed a step whose whole reached input is taken as known */
function known(steps: readonly Step[], features: number, freed = -1): Known {
  const dimensions: number[] = [];
  let r = features;
  let moving = false;
  let doubtful = false;
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]!;
    moving ||= step.curved && r < step.outputReached;
    const limit = Math.min(step.ranks.system, step.inputReached);
    const given = equations(step, r, moving);
    doubtful ||= step.doubtful || isNearCritical(step, r, given, limit);
    r = i === freed ? step.inputReached : Math.min(limit, given);
    dimensions.push(r);
  }
  return { dimensions, doubtful };
}

/** Equations for a layer's input from `r` known dimensions of its output and its own gradient. */
function equations({ ranks, rows, conserved }: Step, r: number, moving: boolean): number {
  return Math.min(r, ranks.weights) + (moving ? rows : ranks.gradients) - conserved;
}

/** Within a few percent of equality a special position matters, as it does for one layer's rank U. */
function isNearCritical({ ranks, outputReached }: Step, r: number, given: number, limit: number): boolean {
  if (r >= outputReached) return false;
  return Math.abs(given - limit) < 0.1 * limit || Math.abs(r - ranks.weights) < 0.2 * ranks.weights;
}

function lastOf(dimensions: readonly number[]): number {
  return dimensions[dimensions.length - 1] ?? 0;
}

/** For deeper chains, asking every layer costs more than the answer is worth. */
const deepestQuestioned = 300;

/**
 * The layer that decides r: the one without whose loss (its whole reached input known) r would grow most; where no single
 * layer does, the one with the smallest known share of its input.
 */
function bottleneckOf(steps: readonly Step[], features: number, dimensions: readonly number[]): number | undefined {
  if (steps.length <= deepestQuestioned) {
    const rank = lastOf(dimensions);
    const gains = steps.map((_, i) => lastOf(known(steps, features, i).dimensions) - rank);
    const best = Math.max(...gains);
    // Among layers that would give the same, the one nearest the output loses first.
    if (best > 0) return steps[gains.lastIndexOf(best)]?.layer;
  }
  const shares = [...dimensions].reverse().map((r, i) => r / Math.max(1, steps[i]!.inputReached));
  let least = 0;
  for (const [i, share] of shares.entries()) if (share < shares[least]!) least = i;
  return steps[least]?.layer;
}

function stepsOf({ stages }: Chain, table: RankTable): Step[] | ChainObstacle {
  const steps: Step[] = [];
  const last = stages[stages.length - 1];
  if (!last) return steps;
  let outputs: readonly [Positions, Positions] = [allOutputs(last.geometry, 0), allOutputs(last.geometry, 1)];
  for (let i = stages.length - 1; i >= 0; i--) {
    const stage = stages[i]!;
    if (outputs.some(positions => 'list' in positions)) return { reason: irregular, layer: stage.layer };
    const [y, x] = [inputsSeen(stage.geometry, 0, outputs[0]), inputsSeen(stage.geometry, 1, outputs[1])];
    if (!y || !x) return { reason: irregular, layer: stage.layer };
    steps.unshift(stepOf(stage, i === stages.length - 1, outputs, y.count * x.count, table));
    outputs = [y, x];
  }
  return steps;
}

const irregular =
  'the outputs of a convolution that reach the model’s output form no regular grid, which is not covered';

function stepOf(
  { layer, geometry, activation, bias }: ConvStage,
  isLast: boolean,
  outputs: readonly [Positions, Positions],
  inputPositions: number,
  table: RankTable,
): Step {
  const part = restrictTo(geometry, outputs);
  const { law, ranks, basis } = table.of(part);
  const shared = ranks.weights + ranks.gradients - ranks.system;
  return {
    layer,
    ranks,
    doubtful: basis === 'law' && (law.nearCritical || law.outsideDomain),
    inputReached: Math.min(ranks.touched, geometry.inChannels * inputPositions),
    outputReached: geometry.filters * outputs[0].count * outputs[1].count,
    rows: rowsOf(part).gradients + (bias ? geometry.filters : 0),
    curved: activation === 'smooth',
    // Σ W_i[o]·∂W_i[o] = Σ W_{i+1}[:, o]·∂W_{i+1}[:, o] for every channel o between two convolutions when σ″ = 0.
    conserved: !isLast && activation !== 'smooth' ? Math.min(geometry.filters, shared) : 0,
  };
}
