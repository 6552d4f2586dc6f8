/**
 * Generic ranks of a transposed convolution's system. Its W is the transpose of the weight rows of the convolution that leads
 * back from its output to its input, so both have one rank. K = I ⊗ K₁ again, K₁[(o, t), p] = δ[o, p·s + t]: every tap meets
 * every input position unless it is cropped away, in as many rows as there are filters; the blocks are Hankel matrices of
 * generic sequences, of full rank. Relations as for a convolution: Σ_{c,t} w[c,o,t]·K[c,o′,t] = Σ_q δ[o′,q]·W_{o,q}.
 */
import type { StepBudget } from './buchsbaum-rim.ts';
import { axisOutputs, type GridAxis, type GridGeometry, product } from './grid-geometry.ts';
import {
  composed,
  expectedMinimum,
  gridBlockRank,
  type KnownShare,
  relationsOf,
  type SystemRanks,
} from './grid-rank.ts';
import { axisBlocks, type Block, total } from './incidence.ts';
import { maxSteps } from './law.ts';

/**
 * @param back the convolution from the output to the input: its inChannels are the layer's filters, its axes' inputs the
 *   layer's outputs, and its outputs the layer's input
 */
export function transposedRanks(back: GridGeometry, known: KnownShare): SystemRanks {
  const [ci, co] = [back.filters / back.groups, back.inChannels / back.groups];
  const windows = back.axes.map(a => blocksOf(a));
  const inputs = product(back.axes.map(axisOutputs));
  const outputs = product(back.axes.map(a => a.input));
  const taps = product(back.axes.map(a => a.kernel));
  const budget: StepBudget = { steps: maxSteps };
  if (windows.some(blocks => blocks === null)) {
    const touched = back.filters * inputs;
    return composed({ touched, covered: touched, weights: 0, gradients: 0, relations: 0 }, 0, true);
  }
  const axes = windows as readonly (readonly Block[])[];
  const positions = product(axes.map(blocks => total(blocks, 'rows')));
  const touched = back.filters * positions;
  const seen = 1 - (1 - known.support) ** (co * taps);
  const weights = back.groups * sumOver(axes, blocks => blockWeights(ci, co, blocks, known, budget));
  // One row for every filter and live tap, one column for every input position that is not cropped away.
  const tapRank = known.support > 0 ? Math.min(co * liveTaps(back.axes), positions * seen) : 0;
  const shared = Math.min(co, outputs) * Math.min(co, ci * taps);
  const relations = back.groups * Math.min(shared, relationsOf(co, outputs, known));
  const parts = { touched, covered: touched * seen, weights, gradients: back.filters * tapRank, relations };
  // On the null space of K₁ the output is a combination, for every filter and tap, of that space's shifts.
  return composed(parts, back.groups * co * taps * (positions - tapRank), budget.steps < 0);
}

/** rank of one block of B·W: windows are input positions here, cells output positions. */
function blockWeights(ci: number, co: number, blocks: readonly Block[], known: KnownShare, budget: StepBudget): number {
  const cells = product(blocks.map(b => b.cols));
  const windows = product(blocks.map(b => b.rows));
  const full = gridBlockRank(co, ci, blocks, budget);
  const rows = windows > 1 ? co * cells * known.equations : expectedMinimum(co * cells, known.equations, ci);
  return Math.min(full, rows);
}

function liveTaps(axes: readonly GridAxis[]): number {
  return product(
    axes.map(a => {
      const blocks = axisBlocks(
        a.input,
        a.before,
        { count: a.kernel, step: a.dilation },
        { count: axisOutputs(a), step: a.stride },
      );
      return blocks === null ? a.kernel : total(blocks, 'rows');
    }),
  );
}

function blocksOf(a: GridAxis): readonly Block[] | null {
  return axisBlocks(
    a.input,
    a.before,
    { count: axisOutputs(a), step: a.stride },
    { count: a.kernel, step: a.dilation },
  );
}

function sumOver(axes: readonly (readonly Block[])[], of: (blocks: readonly Block[]) => number): number {
  const walk = (axis: number, chosen: readonly Block[], count: number): number => {
    const blocks = axes[axis];
    if (!blocks) return count * of(chosen);
    return blocks.reduce((sum, block) => sum + walk(axis + 1, [...chosen, block], count * block.count), 0);
  };
  return walk(0, [], 1);
}
