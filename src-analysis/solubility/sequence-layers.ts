/** Embeddings and recurrent layers. */
import type { LayerAnalysis } from '../model/analysis.ts';
import { sizeOf } from '../model/geometry.ts';
import type { Layer, RecurrentOp } from '../model/graph.ts';
import { pointwiseAxis } from './grid-geometry.ts';
import { gridRanks, isEverything } from './grid-rank.ts';
import { shareOf, whole } from './knowledge.ts';
import type { LayerContext } from './layer-analysis.ts';
import { gradientObstacle, isTrained, notCovered, systemAssumptions } from './layer-figures.ts';

/**
 * A trained embedding: ∂L/∂E has one row for every entry of the vocabulary, and it is 0 for those that do not occur. So the rows
 * that are not 0 name the tokens (Gupta et al. 2022, FILM); how often and where each stands, they do not.
 */
export function embeddingLayer({ knowledge }: LayerContext, layer: Layer): LayerAnalysis {
  const tokens = sizeOf(layer.inputShapes[0]);
  const units = layer.op.kind === 'embedding' ? layer.op.units : null;
  const isKnownBehind = (knowledge.get(layer.id) ?? whole).unknown === undefined;
  const trained = isTrained(layer, 'embeddings') && isTrained(layer, 'kernel') && layer.sharedWith === undefined;
  if (!trained && !isKnownBehind) {
    const why = layer.sharedWith === undefined ? 'the layer is frozen' : 'its table is shared with another layer';
    return notCovered(layer, `No verdict: ${why}, and ${knowledge.get(layer.id)?.unknown ?? ''}.`, null);
  }
  if (tokens === null || tokens < 1) return notCovered(layer, 'No verdict: the number of tokens is not known.', null);
  return {
    layer: layer.id,
    unknowns: tokens,
    touched: tokens,
    rows: { weights: units === null ? 0 : tokens * units, gradients: tokens },
    rank: { weights: isKnownBehind ? tokens : 0, gradients: trained ? tokens : 0, system: tokens },
    deficiency: 0,
    metricWeight: null,
    verdict: 'soluble',
    basis: 'law',
    assumptions: trained
      ? [
          'one example a gradient',
          'rows of the table’s gradient that are not 0 name the tokens; their order comes from elsewhere',
          'the table is not tied to output weights, and the shared gradient holds no weight decay or momentum',
        ]
      : ['rows of the table differ, so that known vectors name the tokens'],
  };
}

/** Rows of the kernel for each unit. */
const gates: Readonly<Record<RecurrentOp['cell'], number>> = { simple: 1, gru: 3, lstm: 4, convLstm: 4 };

/**
 * Recurrent layers whose every state h_t is known from behind. A simple cell inverts to W x_t + U h_{t−1} + b, and δ_t follows by
 * backpropagation through time: a dense layer on T vectors. LSTM and GRU give x_t step by step from h_t, h_{t−1} and the inner state,
 * `units` equations that are not linear for `features` unknowns: locally soluble if units ≥ features. Where only the last state is
 * known, or states are fewer than features, counting all equations tells what is deficient, and nothing more.
 */
export function recurrentLayer({ knowledge }: LayerContext, layer: Layer, op: RecurrentOp): LayerAnalysis {
  const refuse = (reason: string) => notCovered(layer, `No verdict: ${reason}.`, null);
  if (op.cell === 'convLstm') return refuse('convolutions inside a recurrent cell are not covered');
  const shape = layer.inputShapes[0];
  const [steps = null, features = null] = shape && shape.length === 2 ? shape : [];
  const { units } = op;
  if (steps === null || features === null || units === null || steps < 1 || features < 1 || units < 1) {
    return refuse('its number of steps, features or units is not known');
  }
  const k = knowledge.get(layer.id) ?? whole;
  if (k.unknown !== undefined) return refuse(k.unknown);
  const isKnown = isEverything(shareOf(k, 0)) && !k.summands && !k.statistics;
  const allStates = op.returnSequences || steps === 1;
  const unknowns = steps * features;
  const rows = {
    weights: units * (allStates ? steps : 1) * (op.bidirectional ? 2 : 1),
    gradients: units * (gates[op.cell] * (features + units + 1) + (op.resetAfter ? 1 : 0)) * (op.bidirectional ? 2 : 1),
  };
  const base = { layer: layer.id, unknowns, touched: unknowns, rows, metricWeight: null } as const;
  const frozen = gradientObstacle(layer) !== undefined;
  if (isKnown && allStates && (op.cell === 'simple' || units >= features)) {
    const grid = { inChannels: features, filters: units, groups: 1, axes: [pointwiseAxis(steps)] };
    const ranks = gridRanks(grid, { support: 1, equations: 1 });
    const system = frozen ? ranks.weights : ranks.system;
    const gradients = frozen ? 0 : ranks.gradients;
    return {
      ...base,
      rank: { weights: ranks.weights, gradients, system },
      deficiency: system - unknowns,
      verdict: system === unknowns ? 'soluble' : 'deficient',
      basis: 'law',
      assumptions: [...systemAssumptions, ...stateAssumptions(op), ...k.assumptions],
    };
  }
  const equations = rows.weights + (frozen ? 0 : rows.gradients);
  if (equations < unknowns) {
    const rank = { weights: rows.weights, gradients: frozen ? 0 : rows.gradients, system: equations };
    const counted = 'all equations are counted as if independent, an upper bound';
    const assumptions = [...systemAssumptions, counted, ...k.assumptions];
    return { ...base, rank, deficiency: equations - unknowns, verdict: 'deficient', basis: 'law', assumptions };
  }
  const why = allStates
    ? 'its states have fewer entries than its inputs, or are known in part, and its gates’ gradients are no linear equations'
    : 'only its last state is known, and the gradients at earlier steps depend on states that are not';
  return { ...refuse(why), ...base };
}

function stateAssumptions(op: RecurrentOp): string[] {
  const known = 'every state is known from behind';
  const cell = op.cell === 'simple' ? [] : ['its gates are solved step by step, locally: the equations are not linear'];
  return [known, ...cell, ...(op.bidirectional ? ['each direction alone counts'] : [])];
}
