import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { attacks } from '../src-attack/attacks/registry.ts';
import { defences } from '../src-attack/defences/registry.ts';
import { engineChoices } from '../src-attack/process/engines.ts';
import type { AttackSpec } from '../src-attack/process/protocol.ts';
import { applyEvent, newRun, type RunState } from '../src-attack/process/run-state.ts';
import { htmlReport } from '../src-attack/report/html.ts';
import type { AttackReport } from '../src-attack/run/report.ts';
import { imageFiles } from './attack-images.ts';
import { progressLine, reportText } from './attack-text.ts';
import { type Environment, UserError } from './environment.ts';
import { addHelpLists, type HelpList } from './help-lists.ts';
import { appended, wholeNumber, wholeNumbers } from './option-values.ts';

interface AttackOptions {
  readonly image?: readonly string[];
  readonly gradient?: string;
  readonly label?: readonly number[];
  readonly model?: string;
  readonly method: readonly string[];
  readonly preprocess: string;
  readonly defence?: readonly string[];
  readonly sweep?: string;
  readonly seed: number;
  readonly steps?: number;
  readonly engine: string;
  readonly tfjsFolder?: string;
  readonly out: string;
  readonly format: 'text' | 'json';
}

/** `leaklint attack MODEL --image FILE` */
export function addAttackCommand(program: Command, environment: Environment): void {
  const command = program
    .command('attack')
    .description('reconstruct an image from the gradient that a training step on it would share')
    .argument('<model>', 'model file or model code')
    .option(
      '--image <file>',
      'PNG or JPEG, fitted to the model’s input; several (repeated, or separated by commas) or a folder are one batch',
      appended,
    )
    .option('--gradient <file>', 'instead of an image: a captured gradient, .safetensors or .npz')
    .option(
      '--label <n>',
      'class of the image, of a batch one for every image (repeated, or separated by commas); default: the class the model predicts, inferred from the gradient',
      wholeNumbers,
    )
    .option('--model <name>', 'which model of the file; default: its first')
    .addOption(
      new Option('--method <list>', 'attacks, separated by commas; the list below')
        .argParser(list)
        .default(['gauss-newton'], 'gauss-newton'),
    )
    .option('--preprocess <expression>', 'what the model does to a pixel x', 'x/255 - 0.5')
    .option('--defence <spec>', 'what the client does against leakage, repeated for a chain; the list below', appended)
    .option(
      '--sweep <range>',
      'one more defence at rising levels, noise:1e-5..1e-1 or with their number noise:1e-5..1e-1/9',
    )
    .option('--seed <n>', 'seed of every random number', wholeNumber(0), 10)
    .option('--steps <n>', 'steps of each attack; default: its preset', wholeNumber(1))
    .addOption(
      new Option('--engine <name>', 'what computes; the list below')
        .choices(engineChoices.map(choice => choice.id))
        .default('auto'),
    )
    .option(
      '--tfjs-folder <folder>',
      'where the engine tfjs finds TensorFlow.js; default: from the model’s folder upwards',
    )
    .option('--out <folder>', 'where pictures and reports go', 'leaklint-out')
    .addOption(new Option('--format <format>', 'form of the report').choices(['text', 'json']).default('text'))
    .action(async (model: string, options: AttackOptions) => {
      const report = await attack(model, options, environment);
      await environment.write(
        options.format === 'json' ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, options.out),
      );
    });
  addHelpLists(command, helpLists, [
    'leaklint attack model.ts --image photo.png --label 3',
    'leaklint attack model.onnx --image a.png,b.png --method gauss-newton,cosine',
    'leaklint attack model.ts --image photo.png --defence clip:1 --sweep noise:1e-5..1e-1',
  ]);
}

function helpLists(): HelpList[] {
  return [
    { title: 'Attacks (--method)', rows: attacks.map(({ name, description }) => [name, description]) },
    { title: 'Engines (--engine)', rows: engineChoices.map(({ id, description }) => [id, description]) },
    {
      title: 'Defences (--defence), one example each',
      rows: defences.map(({ example, description }) => [example, description]),
    },
    {
      title: 'Sweeps (--sweep), each over its whole range',
      rows: defences
        .filter(({ levels }) => levels !== '')
        .map(({ name, levels, title }) => [`${name}:${levels}`, title]),
    },
  ];
}

async function attack(model: string, options: AttackOptions, environment: Environment): Promise<AttackReport> {
  const absolute = (file: string) => path.resolve(environment.cwd, file);
  const folder = absolute(options.out);
  await mkdir(folder, { recursive: true }).catch(error => cannotWrite(folder, error));
  const spec: AttackSpec = {
    model: { path: absolute(model), ...(options.model === undefined ? {} : { name: options.model }) },
    source: await sourceOf(options, absolute),
    labels: options.label ?? null,
    methods: options.method,
    seed: options.seed,
    ...(options.steps === undefined ? {} : { steps: options.steps }),
    engine: options.engine,
    ...(options.tfjsFolder === undefined ? {} : { tfjsFolder: absolute(options.tfjsFolder) }),
    preprocess: options.preprocess,
    defences: options.defence ?? [],
    ...(options.sweep === undefined ? {} : { sweep: options.sweep }),
  };
  let run = newRun(0, spec);
  const cancel = { isCancellationRequested: false };
  const stop = () => {
    cancel.isCancellationRequested = true;
    environment.progress('stopping; what was reached is kept');
  };
  process.once('SIGINT', stop);
  try {
    // Loaded here: checking must not wait for the attacks' code.
    const { runSpec } = await import('../src-attack/process/run-spec.ts');
    const report = await runSpec(spec, {
      cancel,
      emit: event => {
        run = applyEvent(run, event);
        environment.progress(progressLine(event));
      },
      save: async (name, picture) => {
        const file = path.join(folder, `${name}.png`);
        await writeFile(file, picture).catch(error => cannotWrite(file, error));
        return file;
      },
    });
    run = applyEvent(run, { type: 'finished' });
    await writeReports(folder, report, run, environment.root);
    return report;
  } catch (error) {
    throw error instanceof UserError ? error : new UserError(error instanceof Error ? error.message : String(error));
  } finally {
    environment.progress(null);
    process.removeListener('SIGINT', stop);
  }
}

async function sourceOf(
  { image, gradient }: AttackOptions,
  absolute: (file: string) => string,
): Promise<AttackSpec['source']> {
  if (image !== undefined && gradient === undefined) {
    return { kind: 'image', paths: await imageFiles(image, absolute) };
  }
  if (gradient !== undefined && image === undefined) return { kind: 'gradient', path: absolute(gradient) };
  throw new UserError('Give either --image or --gradient: the example to simulate, or the gradient that was captured.');
}

async function writeReports(folder: string, report: AttackReport, run: RunState, root: string): Promise<void> {
  const asset = (name: string) => readFile(path.join(root, 'dist', 'webview', name), 'utf8');
  const assets = { script: await asset('attack.js'), style: await asset('attack.css') };
  const model = { name: report.model, summary: report.summary };
  const files: [string, string | Uint8Array][] = [
    ['report.json', `${JSON.stringify(report, null, 2)}\n`],
    ['report.html', htmlReport({ model, run }, assets, randomBytes(16).toString('base64'))],
  ];
  if (run.figure) files.push(['figure.png', Buffer.from(run.figure.png, 'base64')]);
  for (const [name, content] of files) {
    const file = path.join(folder, name);
    await writeFile(file, content).catch(error => cannotWrite(file, error));
  }
}

function cannotWrite(file: string, error: unknown): never {
  const why = error instanceof Error ? error.message : String(error);
  throw new UserError(`${file} cannot be written (${why}): choose another folder with --out, or make room.`);
}

function list(text: string): string[] {
  const names = text
    .split(',')
    .map(name => name.trim())
    .filter(Boolean);
  if (names.length === 0) throw new InvalidArgumentError('It must name at least one attack.');
  return names;
}
