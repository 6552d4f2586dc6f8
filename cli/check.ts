import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { configPathOf } from '../host/config.ts';
import { createExactPool } from '../host/exact-pool.ts';
import { readSourceFile } from '../host/files.ts';
import { checkSource, type FileReport, reportOn } from '../src-analysis/check.ts';
import type { ConfigLevel } from '../src-analysis/findings/config.ts';
import type { ExactResult, ExactTask } from '../src-analysis/model/analysis.ts';
import { looksLikeModel } from '../src-analysis/readers/read.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import type { CheckedFile } from '../src-analysis/reports/run.ts';
import { createRelatedFiles } from '../src-attack/run/related-files.ts';
import { type CollectedFile, collectFiles } from './collect.ts';
import { type ConfigOf, configResolver, logIdleIgnores } from './config.ts';
import type { Environment } from './environment.ts';

export interface CheckRequest {
  readonly paths: readonly string[];
  /** Configuration file for every path; default: the nearest one of each file. */
  readonly config?: string;
  readonly ruleLevels: Readonly<Record<string, ConfigLevel>>;
  /** Seconds for the exact rank of one layer or model; 0 keeps the law. */
  readonly exactBudget: number;
}

/** Reads and checks what the paths stand for, then again where exact elimination settled a doubtful layer or model. */
export async function checkFiles(request: CheckRequest, environment: Environment): Promise<CheckedFile[]> {
  const configOf = configResolver(request.config, request.ruleLevels, environment);
  const collected = await collectFiles(request.paths, environment, configOf);
  const exact = new Map<string, ExactResult | null>();
  const check = (file: CollectedFile) => checkFile(file, configOf, exact, environment);

  const checked = new Map<CollectedFile, CheckedFile>();
  for (const file of collected) {
    const result = await check(file);
    if (result) checked.set(file, result);
  }
  if (request.exactBudget > 0) {
    const pending = [...checked.values()].flatMap(file => file.report.pending);
    await eliminate(pending, request.exactBudget, exact, environment);
    for (const [file, { report }] of checked) {
      const again = report.pending.length > 0 ? await check(file) : null;
      if (again) checked.set(file, again);
    }
  }
  for (const line of emptyHanded(request.paths, collected, checked)) environment.log(`leaklint: ${line}`);
  for (const { report } of checked.values()) for (const stack of report.internalErrors) environment.log(stack);
  const reports = [...checked].map(([file, { report }]) => ({ file: file.path, report }));
  await logIdleIgnores(reports, configOf, environment);
  return [...checked.values()];
}

/** null for a file that was not named and does not look like a model. */
async function checkFile(
  { path: absolute, named }: CollectedFile,
  configOf: ConfigOf,
  exact: ReadonlyMap<string, ExactResult | null>,
  environment: Environment,
): Promise<CheckedFile | null> {
  const found = await configOf(absolute);
  const name = path.relative(environment.cwd, absolute).split(path.sep).join('/');
  const options = {
    config: found.config,
    exact,
    cancel: neverCancelled,
    configPath: configPathOf(found, absolute, environment.cwd),
  };
  const read = await readSourceFile(absolute, name);
  const outside = name.startsWith('../') || path.isAbsolute(name);
  const uri = outside ? { uri: pathToFileURL(absolute).href } : {};
  if (read.kind === 'unreadable') {
    const nothing = { models: [], errors: [{ message: read.message }], comments: [] };
    return { report: reportOn({ path: name }, nothing, options), ...uri };
  }
  if (!named && !looksLikeModel(read.file)) return null;
  const related = createRelatedFiles({ base: environment.cwd });
  const report: FileReport = checkSource({ ...read.file, related }, options);
  return { report, ...(read.file.text === undefined ? {} : { text: read.file.text }), ...uri };
}

/** What was named and holds no model, so that a check of the wrong file or folder does not pass in silence. */
function emptyHanded(
  paths: readonly string[],
  collected: readonly CollectedFile[],
  checked: ReadonlyMap<CollectedFile, CheckedFile>,
): string[] {
  if (checked.size === 0) return [`no model found in ${paths.join(', ')}.`];
  const reports = collected.filter(file => file.named).map(file => checked.get(file)?.report);
  return reports.flatMap(report =>
    report && report.models.length === 0 && report.errors.length === 0 ? [`no model found in ${report.path}.`] : [],
  );
}

async function eliminate(
  pending: readonly ExactTask[],
  seconds: number,
  exact: Map<string, ExactResult | null>,
  environment: Environment,
): Promise<void> {
  const tasks = new Map(pending.map(task => [task.key, task]));
  if (tasks.size === 0) return;
  const pool = createExactPool({
    workerPath: path.join(environment.root, 'dist', 'exact-worker.cjs'),
    onFailure: error => environment.log(`leaklint: exact elimination failed: ${error.message}`),
  });
  const progress = () => environment.progress(`exact rank ${exact.size} of ${tasks.size}…`);
  progress();
  await Promise.all(
    [...tasks].map(async ([key, task]) => {
      exact.set(key, (await pool.run(task, seconds)) ?? null);
      progress();
    }),
  );
  environment.progress(null);
  await pool.dispose();
  const open = [...tasks.values()].filter(({ kind, key }) => kind === 'geometry' && exact.get(key) === null).length;
  if (open > 0) {
    environment.log(
      `leaklint: the exact rank of ${open} layer geometries is out of reach in ${seconds} s each; the law stands there.`,
    );
  }
}
