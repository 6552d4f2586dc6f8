import { quoteName } from '../../findings/printable.ts';
import type { LayerAnalysis } from '../../model/analysis.ts';
import type { Layer } from '../../model/graph.ts';
import type { Rule, RuleContext, RuleReport } from '../rule.ts';

/** What the analysis does not cover, with the reason: one report a layer or gap. Silence would read as "no leakage". */
export const notCovered: Rule = {
  meta: {
    id: 'not-covered',
    title: 'Part of a model that the analysis does not cover',
    description: 'A layer, a construct or a whole model has no verdict; the message gives the reason.',
    defaultSeverity: 'info',
    options: {},
  },
  check: context => {
    const { graph, analysis } = context;
    const gaps = graph.gaps.map(gap => ({
      message: `Not followed: ${sentence(gap.reason)} The analysis of ${quoteName(graph.name)} is partial.`,
      ...(gap.range ? { range: gap.range } : {}),
    }));
    const unknown = analysis.layers.filter(figures => figures.verdict === 'unknown');
    const layers = unknown.flatMap(figures => {
      const layer = graph.layers[figures.layer];
      return layer ? [layerReport(layer, figures)] : [];
    });
    return [...gaps, ...layers, ...modelReport(context, unknown)];
  },
};

function layerReport(layer: Layer, { reason }: LayerAnalysis): RuleReport {
  // The analysis begins its reasons in its own way; here the sentence begins with the layer's name.
  const why = reason?.replace(/^No verdict: /, '') ?? `layers of the type ${layer.type} are not covered`;
  return {
    layer,
    message: `No verdict on ${quoteName(layer.name)}: ${sentence(why)}`,
    ...(layer.range ? { range: layer.range } : {}),
  };
}

/** Why r is unknown, unless a gap or the layer that blocks it is reported already. */
function modelReport({ graph, analysis }: RuleContext, unknown: readonly LayerAnalysis[]): RuleReport[] {
  const { rank, reason, bottleneck } = analysis.identifiable;
  const told = graph.gaps.length > 0 || unknown.some(figures => figures.layer === bottleneck);
  if (rank !== null || told) return [];
  const blocking = graph.layers[bottleneck ?? -1];
  const related = blocking && {
    message: `${quoteName(blocking.name)} is where the analysis ends`,
    ...(blocking.range ? { range: blocking.range } : {}),
  };
  return [
    {
      message: `${quoteName(graph.name)}: ${sentence(reason ?? 'the identifiable dimension is unknown')}`,
      ...(graph.range ? { range: graph.range } : {}),
      ...(related ? { related: [related] } : {}),
    },
  ];
}

/** Ends in a full stop. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
