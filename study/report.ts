import { type Compared, keyOf } from './results.ts';
import { scatter } from './scatter.ts';
import { areaUnderRoc, spearman } from './statistics.ts';

/** SSIM above which a picture counts as recognised. */
export const recognisableSsim = 0.6;
export const isRecognisable = ({ ssim }: Compared) => ssim > recognisableSsim;

export interface Figures {
  readonly attacks: number;
  readonly recognisable: number;
  /** Area under the ROC curve of "recognisable". */
  readonly auc: number;
  /** Rank correlation with the PSNR. */
  readonly spearman: number;
}

export interface Summary {
  readonly models: number;
  readonly attacks: number;
  /** Models of which the analysis says r, and of these with r as measured at every picture. */
  readonly known: number;
  readonly right: number;
  readonly byShare: Figures;
  readonly byMetric: Figures;
}

const share = ({ predicted, unknowns }: Compared) => predicted! / unknowns;

function figuresOf(results: readonly Compared[], score: (result: Compared) => number): Figures {
  const scores = results.map(score);
  const positive = results.map(isRecognisable);
  return {
    attacks: results.length,
    recognisable: positive.filter(Boolean).length,
    auc: areaUnderRoc(scores, positive),
    spearman: spearman(
      scores,
      results.map(({ psnr }) => psnr),
    ),
  };
}

/** Both predictors on the attacks where the analysis gives both. */
export function summarise(results: readonly Compared[]): Summary {
  const bySeed = new Map<number, Compared[]>();
  for (const result of results) bySeed.set(result.seed, [...(bySeed.get(result.seed) ?? []), result]);
  const known = [...bySeed.values()].filter(group => group[0]!.predicted !== null);
  const both = results.filter(({ predicted, c }) => predicted !== null && c !== null);
  return {
    models: bySeed.size,
    attacks: new Set(results.map(keyOf)).size,
    known: known.length,
    right: known.filter(group => group.every(({ predicted, measured }) => predicted === measured)).length,
    byShare: figuresOf(both, share),
    byMetric: figuresOf(both, ({ c, unknowns }) => c! / unknowns),
  };
}

/** The page docs/study.md. */
export function page(results: readonly Compared[], command: string): string {
  const { models, attacks, known, right, byShare, byMetric } = summarise(results);
  const kinds = [...new Set(results.map(({ kind }) => kind))].sort();
  const line = (name: string, { auc, spearman: rho }: Figures) => `| ${name} | ${auc.toFixed(3)} | ${rho.toFixed(3)} |`;
  const kindLines = kinds.map(kind => {
    const own = results.filter(result => result.kind === kind);
    const summary = summarise(own);
    const { byShare: figures } = summary;
    const auc = Number.isNaN(figures.auc) ? '–' : figures.auc.toFixed(3);
    return `| ${kind} | ${summary.models} | ${summary.known} | ${summary.right} | ${figures.recognisable} of ${figures.attacks} | ${auc} |`;
  });
  return `# Does the linter tell the truth?

\`${command}\` draws random image classifiers, lets the analysis predict r/n and c(M), measures r in float64, attacks each
model on several pictures with \`gauss-newton\`, and compares. This page and its plots are what it wrote.

${models} models of 16×16 pictures, ${attacks} attacks. A picture counts as recognisable when its SSIM is above ${recognisableSsim}
(${byShare.recognisable} of the ${byShare.attacks} attacks where the analysis gives both figures).

| predictor | area under the ROC curve of “recognisable” | Spearman correlation with PSNR |
| --- | ---: | ---: |
${line('r/n', byShare)}
${line('c(M)/n', byMetric)}

The analysis gives r for ${known} of the ${models} models; it equals the measured rank at every picture for ${right} of them.

| kind | models | r given | r as measured | recognisable | AUC of r/n |
| --- | ---: | ---: | ---: | ---: | ---: |
${kindLines.join('\n')}

![PSNR against r/n](study-identifiable.svg)

![PSNR against c(M)/n](study-metric.svg)
`;
}

export function plots(results: readonly Compared[]): Readonly<Record<string, string>> {
  const both = results.filter(({ predicted, c }) => predicted !== null && c !== null);
  const metric = { label: '1 + c(M)/n', of: ({ c, unknowns }: Compared) => Math.max(0, 1 + c! / unknowns) };
  return {
    'study-identifiable.svg': scatter(both, { label: 'r/n', of: share }, isRecognisable),
    'study-metric.svg': scatter(both, metric, isRecognisable),
  };
}
