import { quoteName } from '../../findings/printable.ts';
import type { Rule, RuleReport } from '../rule.ts';

/** What the analysis does not cover, with the reason: one report a layer or gap. Silence would read as "no leakage". */
export const notCovered: Rule = {
  meta: {
    id: 'not-covered',
    title: 'Part of a model that the analysis does not cover',
    description: 'A layer, a construct or a whole model has no verdict; the message gives the reason.',
    defaultSeverity: 'info',
    options: {},
  },
  check: ({ graph, analysis }) => {
    const reports: RuleReport[] = graph.gaps.map(gap => ({
      message: `Not followed: ${sentence(gap.reason)} The analysis of ${quoteName(graph.name)} is partial.`,
      ...(gap.range ? { range: gap.range } : {}),
    }));
    for (const figures of analysis.layers) {
      const layer = graph.layers[figures.layer];
      if (!layer || figures.verdict !== 'unknown') continue;
      reports.push({
        layer,
        message: `Unknown: ${sentence(figures.reason ?? `no verdict for ${quoteName(layer.name)} (${layer.type})`)}`,
        ...(layer.range ? { range: layer.range } : {}),
      });
    }
    const { rank, reason } = analysis.identifiable;
    if (rank === null && reports.length === 0) {
      reports.push({
        message:
          `Unknown: how much of the input of ${quoteName(graph.name)} its gradient determines. ${sentence(reason ?? '')}`.trim(),
        ...(graph.range ? { range: graph.range } : {}),
      });
    }
    return reports;
  },
};

/** Ends in a full stop. */
function sentence(text: string): string {
  return text === '' || /[.!?]$/.test(text) ? text : `${text}.`;
}
