/**
 * `npm run study`: does what the linter predicts hold against the attack? Resumable and deterministic: results are kept
 * line by line, and a model and picture that are there already are not attacked again.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { loadOnnxCpu } from '../src-attack/engines/onnxruntime/load.ts';
import { architecture, type Population } from './architectures.ts';
import { compare, measure } from './measure.ts';
import { pictureNames } from './pictures.ts';
import { page, plots, summarise } from './report.ts';
import { keyOf, loadResults, saveResult } from './results.ts';

interface Options {
  readonly models: number;
  readonly narrow: number;
  readonly seed: number;
  readonly minutes: number;
  readonly results: string;
  readonly report?: string;
  readonly check?: number;
}

const root = process.cwd();

async function study({ models, narrow, seed, minutes, results: file, report, check }: Options): Promise<void> {
  const results = loadResults(file);
  const drawn = (count: number, population: Population) =>
    Array.from({ length: count }, (_, i) => ({ seed: seed + i, population }));
  const wanted = [...drawn(models, 'wide'), ...drawn(narrow, 'narrow')].flatMap(model =>
    pictureNames.map(picture => ({ ...model, picture })),
  );
  const engine = await loadOnnxCpu(1);
  const end = Date.now() + 60_000 * minutes;
  for (const [i, attack] of wanted.entries()) {
    if (results.has(keyOf(attack))) continue;
    if (Date.now() > end) {
      console.log(`Time is up: ${wanted.length - i} attacks are left for another run.`);
      break;
    }
    const result = await measure(architecture(attack.seed, attack.population), attack.picture, engine, root);
    results.set(keyOf(result), result);
    saveResult(file, result);
    const { measured, psnr, ssim, seconds } = result;
    console.log(
      `${i + 1}/${wanted.length}  ${keyOf(attack)}: r ${measured} measured, ${psnr.toFixed(1)} dB, SSIM ${ssim.toFixed(2)}, ${seconds.toFixed(1)} s`,
    );
  }
  await engine.dispose();
  const keys = new Set(wanted.map(keyOf));
  const chosen = compare([...results.values()].filter(result => keys.has(keyOf(result))));
  const summary = summarise(chosen);
  console.log(JSON.stringify(summary, null, 1));
  if (report !== undefined) {
    mkdirSync(report, { recursive: true });
    writeFileSync(path.join(report, 'study.md'), page(chosen, 'npm run study'));
    for (const [name, svg] of Object.entries(plots(chosen))) writeFileSync(path.join(report, name), svg);
  }
  if (check !== undefined && !(summary.byShare.auc >= check)) {
    console.error(`The area under the ROC curve of r/n is ${summary.byShare.auc}, less than ${check}.`);
    process.exitCode = 1;
  }
}

function number(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError('It must be a number, 0 or more.');
  return value;
}

await new Command('study')
  .option('--models <n>', 'random models, each attacked on four pictures', number, 200)
  .option('--narrow <n>', 'random models whose first convolution lets little through, likewise', number, 100)
  .option('--seed <n>', 'seed of the first model', number, 20261122)
  .option('--minutes <n>', 'start no further attack after this time', number, Number.POSITIVE_INFINITY)
  .option('--results <file>', 'where results are kept', path.join(root, 'study', 'results.jsonl'))
  .option('--report <folder>', 'write study.md and its plots there')
  .option('--check <area>', 'fail if the area under the ROC curve of r/n is smaller', number)
  .action(study)
  .parseAsync();
