import type { ConvRanks, Identifiable } from '../model/analysis.ts';
import type { RankTable } from '../solubility/layer-analysis.ts';
import { outputPositions } from '../solubility/layer-geometry.ts';
import type { Chain, ConvStage } from './chain.ts';

/** One convolution as the recursion sees it. All counts are dimensions. */
interface Step {
  readonly layer: number;
  readonly ranks: ConvRanks;
  /** I₀: relations Σ W·K = Σ δ·W between the two families of rows. */
  readonly relations: number;
  /** Entries of the layer's input, and of its output, that reach the model's output. */
  readonly inputReached: number;
  readonly outputReached: number;
  /** Relations that the activation behind adds (conservation law of homogeneous activations). */
  readonly conserved: number;
}

/**
 * Identifiable dimension r: generic rank of ∂(all gradients)/∂(input), by the recursion over the convolutions from the
 * last to the first. In the kernel of that Jacobian δ of the layer above is frozen, so the conditions peel off layer by
 * layer: what is known of a layer's output gives at most rank W equations for its input, its weights' gradient rank K, and
 * the relations they share count once, less those that touch what is not known. Upper bounds are proven, equality is
 * verified against numerical ranks: see docs/maths.md.
 */
export function identifiableDimension(chain: Chain, table: RankTable): Identifiable {
  const steps = stepsOf(chain, table);
  const rank = steps.length === 0 ? chain.features : lastOf(known(steps, chain.features));
  const bottleneck = rank < chain.unknowns ? bottleneckOf(steps, chain.features, rank) : undefined;
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
    ],
  };
}

/** Known dimension of the input of every convolution, from the last one to the first. */
function known(steps: readonly Step[], features: number, freed = -1): number[] {
  const dimensions: number[] = [];
  let r = features;
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]!;
    const reached = Math.min(step.ranks.touched, step.inputReached);
    r = i === freed ? reached : Math.min(reached, equations(step, r, reached));
    dimensions.push(r);
  }
  return dimensions;
}

function equations(step: Step, r: number, reached: number): number {
  const { ranks, relations, outputReached, conserved } = step;
  const fromOutput = Math.min(r, ranks.weights);
  const fromGradient = Math.min(ranks.gradients, reached);
  const overlap = Math.max(conserved, relations - Math.max(0, outputReached - r), 0);
  return Math.max(fromOutput, fromGradient, fromOutput + ranks.gradients - overlap);
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
function bottleneckOf(steps: readonly Step[], features: number, rank: number): number | undefined {
  if (steps.length <= deepestQuestioned) {
    const gains = steps.map((_, i) => lastOf(known(steps, features, i)) - rank);
    const best = Math.max(...gains);
    // Among layers that would give the same, the one nearest the output loses first.
    if (best > 0) return steps[gains.lastIndexOf(best)]?.layer;
  }
  const shares = known(steps, features)
    .reverse()
    .map((r, i) => r / Math.max(1, steps[i]!.inputReached));
  return steps[shares.indexOf(Math.min(...shares))]?.layer;
}

function stepsOf({ stages, features }: Chain, table: RankTable): Step[] {
  const reached = reachedInputs(stages);
  return stages.map((stage, i) => {
    const { law, ranks } = table.of(stage.geometry);
    const behind = stages[i + 1];
    return {
      layer: stage.layer,
      ranks,
      relations: law.shared,
      inputReached: reached[i]!,
      outputReached: behind ? reached[i + 1]! : features,
      // Σ W_i[o]·∂W_i[o] = Σ W_{i+1}[:, o]·∂W_{i+1}[:, o] for every channel o between two convolutions when σ″ = 0.
      conserved: behind && stage.activation !== 'smooth' ? Math.min(stage.geometry.filters, law.shared) : 0,
    };
  });
}

/** Entries of each convolution's input inside the composed receptive field of the model's output. */
function reachedInputs(stages: readonly ConvStage[]): number[] {
  const counts = stages.map(stage => stage.geometry.inChannels);
  for (const axis of [0, 1] as const) {
    let wanted: Uint8Array | undefined;
    for (let i = stages.length - 1; i >= 0; i--) {
      const g = stages[i]!.geometry;
      const outputs = outputPositions(g, axis);
      const mask = new Uint8Array(g.input[axis]);
      for (let output = 0; output < outputs; output++) {
        if (wanted && !wanted[output]) continue;
        for (let tap = 0; tap < g.kernel[axis]; tap++) {
          const position = output * g.strides[axis] - g.before[axis] + tap * g.dilations[axis];
          if (position >= 0 && position < mask.length) mask[position] = 1;
        }
      }
      counts[i]! *= mask.reduce((sum, bit) => sum + bit, 0);
      wanted = mask;
    }
  }
  return counts;
}
