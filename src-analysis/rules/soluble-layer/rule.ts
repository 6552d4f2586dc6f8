import { quoteName } from '../../findings/printable.ts';
import type { JointSystem, LayerAnalysis } from '../../model/analysis.ts';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import type { Rule, RuleReport } from '../rule.ts';
import { basisWords, jointPhrase } from '../wording.ts';

/**
 * A layer whose system U = [W; K] has full column rank: U x = v then has one solution
 * (Zhu & Blaschko 2021, §3; Chen & Campbell 2022, §3.2). Dense layers are always so and have their own rule.
 */
export const solubleLayer: Rule = {
  meta: {
    id: 'soluble-layer',
    title: 'Layer whose input follows from its output and its gradient',
    description: 'A convolution has a linear system of full rank: its whole input can be solved for.',
    defaultSeverity: 'warning',
    options: {},
  },
  check: ({ graph, analysis }) =>
    analysis.layers.flatMap(figures => {
      const layer = graph.layers[figures.layer];
      if (!layer || !hasKernel(layer)) return [];
      if (figures.verdict === 'soluble') return [report(layer, figures)];
      return isSolubleTogether(figures, analysis.layers) ? [jointReport(graph, layer, figures.joint!)] : [];
    }),
};

/** Layers that treat entries one by one are soluble whenever their output is known, and say nothing on their own. */
function hasKernel({ op }: Layer): boolean {
  return op.kind === 'conv' || op.kind === 'convTranspose' || op.kind === 'separableConv';
}

/** For the first of the layers that read a tensor which they determine together and none of them alone. */
function isSolubleTogether({ layer, joint }: LayerAnalysis, all: readonly LayerAnalysis[]): boolean {
  if (joint?.verdict !== 'soluble' || joint.layers[0] !== layer) return false;
  return !all.some(other => joint.layers.includes(other.layer) && other.verdict === 'soluble');
}

function jointReport(graph: ModelGraph, layer: Layer, joint: JointSystem): RuleReport {
  return {
    layer,
    ...(layer.range ? { range: layer.range } : {}),
    message: `Soluble with the layers beside it. ${jointPhrase(graph, layer, joint)}`,
  };
}

function report(layer: Layer, figures: LayerAnalysis): RuleReport {
  const { unknowns, touched, rank } = figures;
  const unread = (unknowns ?? 0) - (touched ?? unknowns ?? 0);
  const entries = `${unread > 0 ? `${touched} of the ${unknowns}` : `all ${unknowns}`} input entries of ${quoteName(layer.name)}`;
  const { rankRange, solubleFrom, batchLimit } = figures;
  const from =
    solubleFrom === undefined
      ? ''
      : ` This holds from a share of ${Math.round(100 * solubleFrom)} % of active units on.`;
  const batch =
    batchLimit && batchLimit > 1 ? ` With each example's δ known it holds for batches of up to ${batchLimit}.` : '';
  return {
    layer,
    // What rests on how many units are active, or on what other branches hold, is worth knowing, not a warning.
    ...(rankRange ? { note: true } : {}),
    ...(layer.range ? { range: layer.range } : {}),
    message:
      `Soluble: ${entries}${unread > 0 ? ' (the others reach no output)' : ''} follow from its output, the weights and the ` +
      `gradient of one example (rank(U) = ${rank?.system}, ${basisWords[figures.basis]}).${from}${batch}`,
  };
}
