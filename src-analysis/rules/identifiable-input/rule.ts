import { quoteName } from '../../findings/printable.ts';
import type { Identifiable } from '../../model/analysis.ts';
import type { Rule } from '../rule.ts';
import { assuming, basisWords, percent } from '../wording.ts';

/**
 * The identifiable dimension r = rank ∂(all gradients)/∂(input) of the whole model against its n input entries.
 * Default threshold: attacks with an image prior reached 21.9 dB PSNR at the smallest share measured, r/n = 19 %;
 * half of that leaves room for a better prior.
 */
export const identifiableInput: Rule = {
  meta: {
    id: 'identifiable-input',
    title: 'Gradient that determines much of the input',
    description: 'The gradient of one example holds at least `threshold` of the input as independent facts.',
    defaultSeverity: 'warning',
    options: {
      threshold: {
        description: 'Share r/n of the input from which the finding has the severity of the rule; below, it is a note.',
        default: 0.1,
        minimum: 0,
        maximum: 1,
      },
    },
  },
  check: ({ graph, analysis, options }) => {
    const { identifiable } = analysis;
    const { rank, unknowns, fraction, bottleneck } = identifiable;
    if (rank === null || unknowns === null || fraction === null) return [];
    const bottleneckLayer = bottleneck === undefined ? undefined : graph.layers[bottleneck];
    const decides =
      bottleneckLayer && rank < unknowns ? ` ${quoteName(bottleneckLayer.name)} decides this number.` : '';
    const related = bottleneckLayer && {
      message: `${quoteName(bottleneckLayer.name)} decides how much of the input the gradient determines`,
      ...(bottleneckLayer.range ? { range: bottleneckLayer.range } : {}),
    };
    return [
      {
        message:
          `Gradient leakage: the gradient of one example ${holds(identifiable)} ` +
          `(r/n = ${percent(fraction)}, ${basisWords[identifiable.basis]}).${decides}${assuming(identifiable.assumptions)}`,
        note: fraction < (options.threshold ?? 0),
        ...(graph.range ? { range: graph.range } : {}),
        ...(related ? { related: [related] } : {}),
      },
    ];
  },
};

function holds({ rank, unknowns }: Identifiable): string {
  return rank === unknowns
    ? `determines all ${unknowns} input entries: no other input nearby has the same gradient`
    : `holds ${rank} independent equations for the ${unknowns} input entries`;
}
