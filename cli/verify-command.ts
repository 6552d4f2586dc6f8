import { mkdir, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { type Command, Option } from 'commander';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { type Measurement, mapped, type Prediction, type Verification } from '../src-attack/process/verify-protocol.ts';
import { progressText } from '../src-attack/process/verify-text.ts';
import type { VerifyRequest } from '../src-attack/verify/verify.ts';
import { imageFiles } from './attack-images.ts';
import { type Environment, UserError } from './environment.ts';
import { addHelpLists } from './help-lists.ts';
import { appended, wholeNumber, wholeNumbers } from './option-values.ts';
import { verificationText } from './verify-text.ts';

interface VerifyOptions {
  readonly model?: string;
  readonly image?: readonly string[];
  readonly label?: readonly number[];
  readonly preprocess: string;
  readonly seed: number;
  readonly batch?: number;
  readonly whole?: boolean;
  readonly map?: string;
  readonly format: 'text' | 'json';
}

/** `leaklint verify MODEL` */
export function addVerifyCommand(program: Command, environment: Environment): void {
  const command = program
    .command('verify')
    .description('measure the identifiable dimension of a model: the rank of its gradient’s Jacobian, in float64')
    .argument('<model>', 'model file or model code')
    .option('--model <name>', 'which model of the file; default: its first')
    .option(
      '--image <file>',
      'measure at this PNG or JPEG instead of at a random input; several (repeated, or separated by commas) or a folder share one gradient',
      appended,
    )
    .option('--label <n>', 'with --image: class of every image; default: the one that the model predicts', wholeNumbers)
    .option('--preprocess <expression>', 'with --image: what the model does to a pixel x', 'x/255 - 0.5')
    .option(
      '--seed <n>',
      'seed of the input, of weights that are not stored, and of the measurement',
      wholeNumber(0),
      10,
    )
    .option(
      '--batch <n>',
      'examples that share one gradient; default: 1, or as many as there are images',
      wholeNumber(1),
    )
    .option('--whole', 'measure the model itself whatever its size, for hours if need be')
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
  addHelpLists(command, () => [sizes], [
    'leaklint verify model.ts --map map.png',
    'leaklint verify model.onnx --image photo.png --preprocess "x/255"',
    'leaklint verify model.ts --batch 4 --format json',
  ]);
}

const sizes = {
  title: 'What is measured, by the entries of the input',
  rows: [
    ['up to 4,096', 'the exact rank, and the map (32 × 32 × 3 are 3,072)'],
    ['up to 16,384', 'the rank if it is below 4,096, else that it is larger; and a smaller twin, with its map'],
    ['more', 'the same model on a smaller picture, its twin, alone; with --whole the model itself too'],
  ],
} as const;

async function verify(modelPath: string, options: VerifyOptions, environment: Environment): Promise<string> {
  // Loaded here: checking must not wait for the attacks' code.
  const { openModel } = await import('../src-attack/run/model-file.ts');
  const { verifyModel } = await import('../src-attack/verify/verify.ts');
  const { model: name } = options;
  const opened = await openModel({
    path: path.resolve(environment.cwd, modelPath),
    ...(name === undefined ? {} : { name }),
  });
  const request = await requestOf(options, environment);
  environment.progress('preparing the training step…');
  const result = await verifyModel(opened, request, {
    cancel: neverCancelled,
    progress: progress => environment.progress(progressText(progress)),
  });
  if (options.map !== undefined) await writeMap(path.resolve(environment.cwd, options.map), result);
  return options.format === 'json'
    ? `${JSON.stringify(jsonOf(opened.model.name, request, result), null, 2)}\n`
    : verificationText(opened.model.name, result);
}

async function requestOf(options: VerifyOptions, { cwd }: Environment): Promise<VerifyRequest> {
  const { image, label, preprocess, seed, batch, whole } = options;
  const common = { seed, ...(whole ? { largestWhole: Number.POSITIVE_INFINITY } : {}) };
  if (image === undefined) {
    if (label !== undefined) throw new UserError('--label goes with --image: the label of a random input is random.');
    return { ...common, batch: batch ?? 1 };
  }
  const { readNamed } = await import('../src-attack/process/named-file.ts');
  const files = await imageFiles(image, file => path.resolve(cwd, file));
  const expected = [batch, label?.length].find(count => count !== undefined && count !== files.length);
  if (expected !== undefined) {
    const asked = batch === expected ? '--batch' : 'the number of labels';
    throw new UserError(
      `${asked} is ${expected}, and there ${files.length === 1 ? 'is one image' : `are ${files.length} images`}.`,
    );
  }
  const bytes: Uint8Array[] = [];
  for (const file of files) bytes.push(await readNamed('image', file));
  return { ...common, batch: files.length, pictures: { bytes, labels: label ?? null, preprocess } };
}

async function writeMap(file: string, result: Verification): Promise<void> {
  const { mapPicture } = await import('../src-attack/verify/map.ts');
  const { encodePng } = await import('../src-attack/image/encode.ts');
  const maps = mapped(result)?.maps;
  if (!maps) {
    const why =
      result.whole?.bound === 'exact' ? 'the model’s input is no picture' : 'only an exact measurement has one';
    throw new UserError(`There is no map to write: ${why}. Leave out --map.`);
  }
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, encodePng(mapPicture(maps)));
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The JSON contract, version 1: docs/cli.md. */
function jsonOf(model: string, { seed, batch }: VerifyRequest, result: Verification) {
  const { whole, twin, unknowns, equations, predicted } = result;
  const unmeasured = { rank: null, unknowns, fraction: null, basis: 'numeric', bound: 'not measured', certain: false };
  return {
    version: 1,
    model,
    seed,
    batch,
    ...(whole ? measured(whole) : { identifiable: unmeasured, equations, predicted: predictionJson(predicted) }),
    ...(twin ? { twin: 'rank' in twin ? measured(twin) : twin } : {}),
  };
}

function measured({ rank, unknowns, bound, certain, maps: _, predicted, ...rest }: Measurement): object {
  const identifiable = { rank, unknowns, fraction: rank / unknowns, basis: 'numeric', bound, certain };
  return { identifiable, ...rest, predicted: predictionJson(predicted) };
}

function predictionJson({ rank, basis }: Prediction): object {
  return { rank, basis };
}
