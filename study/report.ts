import { type Compared, keyOf, modelKeyOf } from './results.ts';
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

/** Attacks that do not recognise the picture, and how they ended. */
export interface Missed {
  readonly attacks: number;
  /** At a picture that has the observed gradient … */
  readonly reached: number;
  /** … and less total variation than the true one. */
  readonly smoother: number;
}

export interface Summary {
  readonly models: number;
  readonly attacks: number;
  /** Models of which the analysis says r, and of these with r as measured at every picture. */
  readonly known: number;
  readonly right: number;
  readonly byShare: Figures;
  readonly byMetric: Figures;
  /** By r/n where the analysis does not mark it as an estimate, and by the measured r/n. */
  readonly bySureShare: Figures;
  readonly byMeasured: Figures;
  /** By r/n, if the attacker were told which units are active and which entries are the greatest … */
  readonly byShareTold: Figures;
  /** … and if r were measured besides. */
  readonly byMeasuredTold: Figures;
  readonly missed: Missed;
  /** Of these, the pictures that an attacker who is told the pattern recognises. */
  readonly missedUnlessTold: Missed;
  /** Attacks on models whose r is an estimate with a range, and of these those with the measured rank in it. */
  readonly ranged: number;
  readonly inRange: number;
}

const share = ({ predicted, unknowns }: Compared) => predicted! / unknowns;
const measuredShare = ({ measured, unknowns }: Compared) => measured / unknowns;
const metricShare = ({ c, unknowns }: Compared) => c! / unknowns;

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

/** The better of what was found without and with knowledge of the pattern. */
function whenTold(result: Compared): Compared {
  const { told } = result;
  return told && told.ssim > result.ssim ? { ...result, ...told } : result;
}

function byModel(results: readonly Compared[]): Compared[][] {
  const models = new Map<string, Compared[]>();
  for (const result of results) {
    const model = modelKeyOf(result);
    models.set(model, [...(models.get(model) ?? []), result]);
  }
  return [...models.values()];
}

const withBoth = (results: readonly Compared[]) =>
  results.filter(({ predicted, c }) => predicted !== null && c !== null);

/** Each model once, with the means over its pictures. */
function meansByModel(results: readonly Compared[]): Compared[] {
  return byModel(results).map(group => {
    const mean = (of: (result: Compared) => number) => group.reduce((sum, one) => sum + of(one), 0) / group.length;
    const [psnr, ssim, measured] = [mean(one => one.psnr), mean(one => one.ssim), mean(one => one.measured)];
    return { ...group[0]!, psnr, ssim, measured };
  });
}

/** Largest distance of a tensor of the gradient from the observed one, as a share of it, that counts as none. */
const sameGradient = 1e-3;

function missedOf(results: readonly Compared[]): Missed {
  const missed = results.filter(result => !isRecognisable(result));
  const reached = missed.filter(({ distance }) => distance < sameGradient);
  const smoother = reached.filter(({ variation }) => variation < 1);
  return { attacks: missed.length, reached: reached.length, smoother: smoother.length };
}

/** Both predictors on the attacks where the analysis gives both. */
export function summarise(results: readonly Compared[]): Summary {
  const models = byModel(results);
  const known = models.filter(group => group[0]!.predicted !== null);
  const both = withBoth(results);
  const ranged = results.filter(({ range }) => range);
  return {
    models: models.length,
    attacks: new Set(results.map(keyOf)).size,
    known: known.length,
    right: known.filter(group => group.every(({ predicted, measured }) => predicted === measured)).length,
    byShare: figuresOf(both, share),
    byMetric: figuresOf(both, metricShare),
    bySureShare: figuresOf(
      both.filter(({ estimate }) => !estimate),
      share,
    ),
    byMeasured: figuresOf(both, measuredShare),
    byShareTold: figuresOf(both.map(whenTold), share),
    byMeasuredTold: figuresOf(both.map(whenTold), measuredShare),
    missed: missedOf(both),
    missedUnlessTold: missedOf(both.filter(result => isRecognisable(whenTold(result)))),
    ranged: ranged.length,
    inRange: ranged.filter(({ range, measured }) => range![0] <= measured && measured <= range![1]).length,
  };
}

const rounded = (value: number) => (Number.isNaN(value) ? '–' : value.toFixed(3));

/** One line a group of models: what the analysis says of them, and how well both predictors tell what the attack finds. */
function groupLines(results: readonly Compared[], groupOf: (result: Compared) => string): string {
  const groups = [...new Set(results.map(groupOf))].sort();
  return groups
    .map(group => {
      const { models, known, right, byShare, byMetric } = summarise(
        results.filter(result => groupOf(result) === group),
      );
      const found = `${byShare.recognisable} of ${byShare.attacks}`;
      return `| ${group} | ${models} | ${known} | ${right} | ${found} | ${rounded(byShare.auc)} | ${rounded(byMetric.auc)} |`;
    })
    .join('\n');
}

/** How many pictures are recognisable, by r/n. */
function shareLines(results: readonly Compared[]): string {
  const limits = [0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1];
  return limits
    .map((low, i) => {
      const high = limits[i + 1] ?? Number.POSITIVE_INFINITY;
      const own = results.filter(result => result.predicted !== null && share(result) >= low && share(result) < high);
      const psnr = own.map(result => result.psnr).sort((a, b) => a - b)[Math.floor(own.length / 2)];
      const range = low === 1 ? '1' : `${low} to ${high}`;
      return `| ${range} | ${own.length} | ${own.filter(isRecognisable).length} | ${psnr?.toFixed(1) ?? '–'} |`;
    })
    .join('\n');
}

/** The page docs/study.md. */
export function page(results: readonly Compared[], command: string): string {
  const {
    models,
    attacks,
    known,
    right,
    byShare,
    byMetric,
    bySureShare,
    byMeasured,
    byShareTold,
    byMeasuredTold,
    missed,
    missedUnlessTold,
    ranged,
    inRange,
  } = summarise(results);
  const means = meansByModel(withBoth(results));
  const line = (name: string, { attacks, recognisable, auc, spearman: rho }: Figures) =>
    `| ${name} | ${attacks} | ${recognisable} | ${rounded(auc)} | ${rounded(rho)} |`;
  const head =
    'models | r given | r as measured | recognisable | AUC of r/n | AUC of c(M)/n |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |';
  return `# Does the linter tell the truth?

\`${command}\` draws random image classifiers, lets the analysis predict r/n and c(M), measures r in float64, attacks each
model on ${new Set(results.map(({ picture }) => picture)).size} pictures with \`gauss-newton\`, and compares. What each attack gave is kept in \`study/results.jsonl\`, and only what is not
there is attacked: without that file everything is done again, in some hours on two cores. The predictions are computed
anew every time. This page and its plots are what \`${command} -- --report docs\` wrote.

${models} models of 16×16 pictures, ${attacks} attacks. A picture counts as recognisable when its SSIM is above ${recognisableSsim}
(${byShare.recognisable} of the ${byShare.attacks} attacks where the analysis gives both figures). Models are drawn in two ways: “wide” with a first
convolution as classifiers have it, “narrow” with one that takes large steps and has at most three filters, so that
there are enough models that leak little.

| predictor | attacks | recognisable | area under the ROC curve of “recognisable” | Spearman correlation with PSNR |
| --- | ---: | ---: | ---: | ---: |
${line('r/n by the analysis', byShare)}
${line('the same, without estimates', bySureShare)}
${line('r/n measured at the picture (`leaklint verify`)', byMeasured)}
${line('c(M)/n', byMetric)}
${line('r/n by the analysis, of an attacker who is told the pattern', byShareTold)}
${line('r/n measured, of an attacker who is told the pattern', byMeasuredTold)}

The last two lines are no attack: where units switch on and off (ReLU, leaky ReLU) or maxima move (max-pooling), the same attack is told which
of them are on at the true picture, and the better of the two results counts. They tell what is due to the search for the pattern; what
is missing to 1 in the last line is due neither to that nor to the prediction of r. How much of a picture must be known for the rest to be filled in
differs from picture to picture.

Of the ${missed.attacks} attacks that do not recognise their picture, ${missed.reached} ended at a picture that has the observed gradient, each tensor of
it to one part in a thousand, and ${missed.smoother} of these pictures have less total variation than the true one: the gradient leaves more
than one picture, and the smoothest is not the true one. The other ${missed.attacks - missed.reached} did not get there (a local minimum, or equations that rounding blurs), which is no protection. Of the ${missedUnlessTold.attacks} that
an attacker who is told the pattern would recognise, ${missedUnlessTold.reached} have the observed gradient, ${missedUnlessTold.smoother} with less total variation: there, the
gradient alone does not tell the pattern. In the others the search for it ended too early.

The analysis speaks of a model, not of a picture. By model, recognisable where the mean SSIM of its pictures is above ${recognisableSsim}:

| predictor | models | recognisable | area under the ROC curve of “recognisable” | Spearman correlation with the mean PSNR |
| --- | ---: | ---: | ---: | ---: |
${line('r/n by the analysis', figuresOf(means, share))}
${line('r/n measured, mean over the pictures', figuresOf(means, measuredShare))}
${line('c(M)/n', figuresOf(means, metricShare))}

The analysis gives r for ${known} of the ${models} models; it equals the measured rank at every picture for ${right} of them. Where r is an
estimate with a range, the measured rank lies in the range for ${inRange} of ${ranged} pictures.

| r/n | attacks | recognisable | median PSNR, dB |
| --- | ---: | ---: | ---: |
${shareLines(results)}

![PSNR against r/n](study-identifiable.svg)

![PSNR against c(M)/n](study-metric.svg)

| drawn | ${head}
${groupLines(results, ({ population }) => population)}

| kind | ${head}
${groupLines(results, ({ kind }) => kind)}

Where the measured rank differs, the model has units whose pattern at the picture decides (ReLU, max-pooling), or units that
are saturated: the analysis says r for weights and inputs in general position, and marks what depends on a pattern as an
estimate; a network of few ReLUs can be dead at a picture, and then nothing comes back. Recognisable though r/n is small: pictures that are smooth enough for the prior to fill the rest. Not recognisable
though r/n is large: the attack ended in a local minimum.
`;
}

export function plots(results: readonly Compared[]): Readonly<Record<string, string>> {
  const both = withBoth(results);
  const metric = { label: '1 + c(M)/n', of: ({ c, unknowns }: Compared) => Math.max(0, 1 + c! / unknowns) };
  return {
    'study-identifiable.svg': scatter(both, { label: 'r/n', of: share }, isRecognisable),
    'study-metric.svg': scatter(both, metric, isRecognisable),
  };
}
