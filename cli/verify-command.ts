import { mkdir, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { analyseModel } from '../src-analysis/analyse.ts';
import type { Identifiable } from '../src-analysis/model/analysis.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { formatShare, identifiablePhrase } from '../src-analysis/reports/headline.ts';
import type { VerifyResult } from '../src-attack/verify/verify.ts';
import { type Environment, UserError } from './environment.ts';

interface VerifyOptions {
  readonly model?: string;
  readonly seed: number;
  readonly batch: number;
  readonly map?: string;
  readonly format: 'text' | 'json';
}

/** `leaklint verify MODEL` */
export function addVerifyCommand(program: Command, environment: Environment): void {
  program
    .command('verify')
    .description('measure the identifiable dimension of a model: the rank of its gradient’s Jacobian, in float64')
    .argument('<model>', 'model file or model code')
    .option('--model <name>', 'which model of the file; default: its first')
    .option(
      '--seed <n>',
      'seed of the input, of weights that are not stored, and of the measurement',
      wholeNumber(0),
      10,
    )
    .option('--batch <n>', 'examples that share one gradient', wholeNumber(1), 1)
    .option('--map <file>', 'write a PNG of how much of each pixel the gradient determines')
    .addOption(new Option('--format <format>', 'form of the report').choices(['text', 'json']).default('text'))
    .action(async (model: string, options: VerifyOptions) => {
      try {
        await environment.write(await verify(model, options, environment));
      } catch (error) {
        throw error instanceof UserError
          ? error
          : new UserError(error instanceof Error ? error.message : String(error));
      } finally {
        environment.progress(null);
      }
    });
}

async function verify(modelPath: string, options: VerifyOptions, environment: Environment): Promise<string> {
  // Loaded here: checking must not wait for the attacks' code.
  const { openModel } = await import('../src-attack/run/model-file.ts');
  const { verifyModel } = await import('../src-attack/verify/verify.ts');
  const { model: name, seed, batch } = options;
  const opened = await openModel({
    path: path.resolve(environment.cwd, modelPath),
    ...(name === undefined ? {} : { name }),
  });
  const { identifiable } = analyseModel(opened.model, new Map(), neverCancelled);
  const result = await verifyModel(
    opened,
    { seed, batch },
    {
      cancel: neverCancelled,
      progress: (rank, most, what) =>
        environment.progress(`${what === 'twin' ? 'smaller twin: ' : ''}rank ${rank} so far, at most ${most}`),
    },
  );
  if (options.map !== undefined) await writeMap(path.resolve(environment.cwd, options.map), result);
  return options.format === 'json'
    ? `${JSON.stringify(jsonOf(opened.model.name, identifiable, options, result), null, 2)}\n`
    : textOf(opened.model.name, identifiable, batch, result);
}

async function writeMap(file: string, { shares, inputShape }: VerifyResult): Promise<void> {
  const { mapPicture, pixelMap } = await import('../src-attack/verify/map.ts');
  const { encodePng } = await import('../src-attack/image/encode.ts');
  const map = shares && pixelMap(shares, inputShape);
  if (!map) {
    const why = shares ? 'the model’s input is no picture' : 'the model is too large for more than a sketch';
    throw new UserError(`There is no map to write: ${why}. Leave out --map.`);
  }
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, encodePng(mapPicture(map)));
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The JSON contract, version 1: docs/cli.md. */
function jsonOf(model: string, predicted: Identifiable, { seed, batch }: VerifyOptions, result: VerifyResult) {
  return {
    version: 1,
    model,
    seed,
    batch,
    ...measured(result),
    predicted: { rank: predicted.rank, basis: predicted.basis },
  };
}

function measured(result: VerifyResult): object {
  const { rank, unknowns, bound, certain, smallestKept, largestDropped, twin } = result;
  const { engine, seconds, inputShape, equations, assumptions } = result;
  return {
    identifiable: { rank, unknowns, fraction: rank / unknowns, basis: 'numeric', bound, certain },
    smallestKept,
    largestDropped,
    inputShape,
    equations,
    engine,
    seconds,
    assumptions,
    ...(twin ? { twin: 'rank' in twin ? measured(twin) : twin } : {}),
  };
}

function textOf(name: string, predicted: Identifiable, batch: number, result: VerifyResult): string {
  const lines = [`${name}: ${rankPhrase(result)}`];
  if (batch === 1 && result.bound !== 'at least') lines.push(`  the analysis says ${comparison(predicted, result)}`);
  lines.push(...details(result), ...twinLines(result));
  return `${lines.join('\n')}\n`;
}

function rankPhrase({ rank, unknowns, bound, certain }: VerifyResult): string {
  const doubt = certain ? '' : ', uncertain: some directions are near rounding';
  return `r ${bound === 'at least' ? '≥' : '='} ${rank} of ${unknowns} (${formatShare(rank / unknowns)}), measured${doubt}`;
}

function comparison(predicted: Identifiable, { rank }: VerifyResult): string {
  const phrase = identifiablePhrase(predicted);
  if (predicted.rank === null) return phrase;
  const difference = predicted.rank - rank;
  return `${phrase}: ${difference === 0 ? 'the same' : `${Math.abs(difference)} ${difference > 0 ? 'more' : 'less'}`}`;
}

function details({ inputShape, equations, engine, seconds, ...rest }: VerifyResult): string[] {
  const { unknowns, smallestKept, largestDropped, assumptions } = rest;
  return [
    `  Jacobian ${equations} × ${unknowns} at an input of [${inputShape.join(', ')}], float64 on ${engine}, ${seconds.toFixed(1)} s`,
    `  new part of the last direction that counts ${smallestKept.toExponential(1)}, of what is left ${largestDropped.toExponential(1)}`,
    ...assumptions.map(sentence => `  assumed: ${sentence}`),
  ];
}

function twinLines({ twin }: VerifyResult): string[] {
  if (!twin) return [];
  if (!('rank' in twin)) return [`  no smaller twin was measured: ${twin.reason}`];
  return [
    `  the same model on a picture of [${twin.inputShape.slice(1).join(', ')}]: ${rankPhrase(twin)}`,
    '  (a smaller twin: its share stands for the model’s only as far as the model treats all of the picture alike)',
  ];
}

function wholeNumber(least: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
    return value;
  };
}
