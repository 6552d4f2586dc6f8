import * as path from 'node:path';
import { type Command, Option } from 'commander';
import { readSourceFile } from '../host/files.ts';
import { runWhatIfs, type WhatIfsResult } from '../host/what-ifs.ts';
import { lineStartsOf, rangeToPositions } from '../src-analysis/findings/positions.ts';
import { readModels } from '../src-analysis/readers/read.ts';
import { neverCancelled, type SourceFile } from '../src-analysis/readers/reader.ts';
import { formatNumber } from '../src-analysis/reports/headline.ts';
import { tableLines } from '../src-analysis/reports/table.ts';
import { type Figures, isComparable } from '../src-analysis/what-ifs/figures.ts';
import { defaultHardening } from '../src-analysis/what-ifs/hardening.ts';
import { markedShare } from '../src-analysis/what-ifs/wording.ts';
import { createRelatedFiles } from '../src-attack/run/related-files.ts';
import { type Environment, UserError } from './environment.ts';
import { numberFrom } from './option-values.ts';

interface HardenOptions {
  readonly model?: string;
  readonly tolerance: number;
  readonly maxChanges: number;
  readonly seconds: number;
  readonly format: 'text' | 'json';
}

interface Wanted {
  readonly name: string;
  /** Its place among the models of the file. */
  readonly index: number;
  readonly isCode: boolean;
}

type Found = WhatIfsResult & { readonly kind: 'hardening'; readonly before: Figures };

/** Time for the exact rank of a model, changed or not, seconds. */
const exactSeconds = 10;

/** `leaklint harden FILE` */
export function addHardenCommand(program: Command, environment: Environment): void {
  program
    .command('harden')
    .description('search changes of a model after which its gradient holds less of the input')
    .argument('<file>', 'TensorFlow.js code, model.json or ONNX; it is not changed')
    .option('--model <name>', 'which model of the file; default: its first')
    .option(
      '--tolerance <percent>',
      'largest change of the number of trainable parameters, up or down',
      numberFrom(0, 1000),
      100 * defaultHardening.tolerance,
    )
    .option(
      '--max-changes <n>',
      'most hyper-parameters changed at once',
      numberFrom(1, 8),
      defaultHardening.maximumChanges,
    )
    .option('--seconds <n>', 'time for the search', numberFrom(1, 3600), 20)
    .addOption(new Option('--format <format>', 'form of the report').choices(['text', 'json']).default('text'))
    .action(async (file: string, options: HardenOptions) => {
      const source = await readCode(file, environment);
      const wanted = modelOf(source, options.model);
      const { name, index } = wanted;
      environment.progress('analysing combinations…');
      const result = runWhatIfs(
        {
          file: source,
          exact: [],
          budget: 1000 * options.seconds,
          settle: { seconds: exactSeconds, until: 1000 * (2 * options.seconds + exactSeconds), model: true },
          ask: {
            kind: 'hardening',
            model: index,
            others: true,
            options: { tolerance: options.tolerance / 100, maximumChanges: Math.floor(options.maxChanges) },
          },
        },
        neverCancelled,
      );
      environment.progress(null);
      if (result.kind !== 'hardening' || !result.before) {
        throw new UserError(`${file} could not be analysed within ${options.seconds} s; --seconds gives more`);
      }
      const found = { ...result, before: result.before };
      await environment.write(
        options.format === 'json' ? jsonOf(source, name, found) : textOf(source, wanted, found, options.tolerance),
      );
    });
}

async function readCode(file: string, { cwd }: Environment): Promise<SourceFile> {
  const read = await readSourceFile(path.resolve(cwd, file), file);
  if (read.kind === 'unreadable') throw new UserError(`${file}: ${read.message}`);
  return { ...read.file, related: createRelatedFiles({ base: cwd }) };
}

function modelOf(source: SourceFile, wanted: string | undefined): Wanted {
  const { models } = readModels(source, neverCancelled);
  if (models.length === 0) throw new UserError(`no model found in ${source.path}`);
  const index = wanted === undefined ? 0 : models.findIndex(({ name }) => name === wanted);
  const model = models[index];
  if (model) return { name: model.name, index, isCode: model.format === 'tfjs-code' };
  throw new UserError(`${source.path} has no model ${wanted}; it has ${models.map(({ name }) => name).join(', ')}`);
}

function textOf({ path: file }: SourceFile, { name, isCode }: Wanted, found: Found, tolerance: number): string {
  const { before, rows, analysed, complete } = found;
  const searched = `${analysed} combinations analysed${complete ? '' : ' before the time was over'}: outputs keep their shape, trainable parameters stay within ±${tolerance} %.`;
  const columns = [
    { title: 'r/n', align: 'right' },
    { title: 'c(M)', align: 'right' },
    { title: 'parameters', align: 'right' },
    { title: 'changes', align: 'left' },
  ] as const;
  const line = (figures: Figures, parameters: string, changes: string) => [
    markedShare(figures),
    figures.c === null ? 'unknown' : formatNumber(figures.c),
    parameters,
    changes,
  ];
  const table = tableLines(columns, [
    line(before, before.parameters === null ? 'unknown' : String(before.parameters), 'as it is'),
    ...rows.map(row => line(row.figures, row.parameters, row.changes.join('; '))),
  ]);
  const why = isComparable(before)
    ? 'No such change makes the gradient hold less of the input.'
    : 'r and c(M) of this model are unknown: there is nothing to compare changes by. “leaklint check” says why.';
  const none = rows.length === 0 ? ['', why] : [];
  const where =
    isCode || rows.length === 0
      ? []
      : ['The file is not code: make the changes where the model was made, and train it again.'];
  return [`${name} (${file})`, ...table.map(text => `  ${text}`), ...none, '', searched, ...where, ''].join('\n');
}

function jsonOf({ path: file, text = '' }: SourceFile, model: string, found: Found): string {
  const starts = lineStartsOf(text);
  const report = {
    version: 1,
    path: file,
    model,
    before: found.before,
    suggestions: found.rows.map(({ figures, steps, edits }) => ({
      ...figures,
      changes: steps,
      edits: edits.map(({ range, newText }) => ({ range: rangeToPositions(starts, range), newText })),
    })),
    analysed: found.analysed,
    complete: found.complete,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
