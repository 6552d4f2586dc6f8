/** The exact rank of a model as the analysis uses it: several draws, so that one unlucky one does not count. */
import type { ModelRank } from '../../model/analysis.ts';
import type { ModelGraph } from '../../model/graph.ts';
import type { CancellationToken } from '../../readers/reader.ts';
import { randomResidues } from '../../solubility/modular.ts';
import { unknownsOf } from '../unknowns.ts';
import { compile } from './compile.ts';
import { exactRankWork } from './cost.ts';
import { rankOfProgram } from './generic-rank.ts';
import { type Program, repeated } from './program.ts';
import { typicalPattern } from './typical-pattern.ts';

export interface ModelRankOptions {
  readonly batch?: number;
  readonly activeShare?: number;
  readonly withheld?: ReadonlySet<number>;
}

/**
 * r by elimination: of two draws that agree, or where a pattern of active units or greatest entries takes part, the mean over
 * the patterns of several typical pictures and weights, and the least and greatest. Where `activeShare` is given, units are
 * active at random with that probability. Null where an operation is not covered, or two draws without a pattern differ.
 * Takes twice `exactRankWork` multiplications, for patterns more of them where the model is small; throws `Cancelled` when the
 * token asks for it.
 */
export function modelRank(
  graph: ModelGraph,
  cancel: CancellationToken,
  { batch = 1, activeShare, ...options }: ModelRankOptions = {},
): ModelRank | null {
  const compiled = compile(graph, options);
  if ('reason' in compiled) return null;
  const program = repeated(compiled.program, batch);
  // The two slopes of leaky units stay in general position: both matter at any picture, and r is then no estimate.
  const patterned = isPatterned(program);
  const shapes = patterned && activeShare === undefined ? inputShapes(graph) : null;
  const draw = (seed: number) => {
    const pattern = shapes ? typicalPattern(program, randomResidues(-seed), shapes) : undefined;
    return rankOfProgram(program, cancel, seed, activeShare ?? 0.5, pattern);
  };
  const first = draw(1);
  const { unknowns } = first;
  if (!patterned) return draw(2).rank === first.rank ? { rank: first.rank, unknowns } : null;
  const affordable = Math.floor(workOfDraws / (exactRankWork(graph, batch) ?? workOfDraws));
  const draws = Math.max(2, Math.min(mostDraws, affordable));
  const ranks = [first.rank];
  for (let seed = 2; seed <= draws; seed++) ranks.push(draw(seed).rank);
  const mean = ranks.reduce((sum, rank) => sum + rank, 0) / draws;
  return { rank: Math.round(mean), unknowns, range: [Math.min(...ranks), Math.max(...ranks)] };
}

/** Shapes of the tensors whose entries are sought, in the order of their layers, as the program has its inputs. */
function inputShapes(graph: ModelGraph): readonly (readonly number[])[] {
  const sought = unknownsOf(graph);
  if ('reason' in sought) return [];
  const edges = [...sought.edges].sort((a, b) => a.layer - b.layer);
  return edges.map(({ layer, output }) => graph.layers[layer]!.outputShapes[output]!.map(dim => dim ?? 1));
}

/** Patterns that are tried, and the multiplications to spend on more than two of them. */
const mostDraws = 25;
const workOfDraws = 1e9;

/** Whether which units are active, or which entries are the greatest, is drawn. */
function isPatterned({ nodes }: Program): boolean {
  return nodes.some(
    node =>
      node.kind === 'select' ||
      (node.kind === 'pointwise' && (node.activation === 'relu' || node.activation === 'clipped')),
  );
}

/** A key of all that the rank of a model depends on. */
export function modelKey({ layers, inputs, outputs }: ModelGraph): string {
  const essence = layers.map(({ op, inputs, outputShapes, activation, trainable, sharedWith, weights }) => [
    op,
    inputs.map(edge => [edge.layer, edge.output]),
    outputShapes,
    activation ?? 0,
    trainable,
    sharedWith ?? -1,
    weights.map(({ role, shape, trainable }) => [role, shape, trainable]),
  ]);
  return `model ${hash(JSON.stringify([essence, inputs, outputs]))}`;
}

/** FNV-1a, twice over with different offsets: 64 bits in hexadecimal digits. */
function hash(text: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995) ^ (b >>> 13);
  }
  return [a, b].map(half => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
