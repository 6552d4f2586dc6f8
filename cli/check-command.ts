import { writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import packageJson from '../package.json' with { type: 'json' };
import { type ConfigLevel, ruleLevelProblem } from '../src-analysis/findings/config.ts';
import { githubReport } from '../src-analysis/reports/github.ts';
import { jsonReport } from '../src-analysis/reports/json.ts';
import { type CheckRun, totalsOf } from '../src-analysis/reports/run.ts';
import { sarifReport } from '../src-analysis/reports/sarif.ts';
import { textReport } from '../src-analysis/reports/text.ts';
import { checkFiles } from './check.ts';
import { type Environment, exitCodes, UserError } from './environment.ts';

interface CheckOptions {
  readonly format: 'text' | 'json' | 'sarif' | 'github';
  readonly output?: string;
  readonly rule: Readonly<Record<string, ConfigLevel>>;
  readonly maxWarnings: number;
  readonly config?: string;
  readonly exactBudget: number;
}

/** `leaklint check PATH…` */
export function addCheckCommand(program: Command, environment: Environment, setExitCode: (code: number) => void): void {
  program
    .command('check')
    .description('check model files, model code and folders for gradient leakage')
    .argument('<path...>', 'files, or folders to search')
    .addOption(
      new Option('--format <format>', 'form of the report')
        .choices(['text', 'json', 'sarif', 'github'])
        .default('text'),
    )
    .option('-o, --output <file>', 'write the report to a file instead of standard output')
    .option('--rule <id=level>', 'set a rule to off, info, warn or error; repeatable', ruleOption, {})
    .option('--max-warnings <n>', 'tolerate this many warnings', wholeNumber, 0)
    .option('--config <file>', 'use this configuration instead of the nearest leaklint.json')
    .option(
      '--exact-budget <seconds>',
      'time for the exact rank of a layer or model that the law leaves in doubt; 0: none',
      seconds,
      10,
    )
    .addHelpText(
      'after',
      '\nExit code: 0 clean, 1 an error or more warnings than tolerated, 2 usage, configuration or internal failure.',
    )
    .action(async (paths: string[], options: CheckOptions) => {
      const run: CheckRun = {
        version: packageJson.version,
        files: await checkFiles({ paths, ruleLevels: options.rule, ...options }, environment),
      };
      await deliver(report(run, options, environment), options.output, environment);
      setExitCode(exitCodeOf(run, options.maxWarnings));
    });
}

function report(run: CheckRun, { format, output }: CheckOptions, environment: Environment): string {
  switch (format) {
    case 'json':
      return jsonReport(run);
    case 'sarif':
      return sarifReport(run);
    case 'github':
      return githubReport(run);
    case 'text':
      return textReport(run, pc.createColors(environment.colours && output === undefined));
  }
}

async function deliver(text: string, output: string | undefined, environment: Environment): Promise<void> {
  if (output === undefined) return environment.write(text);
  try {
    await writeFile(path.resolve(environment.cwd, output), text);
  } catch (error) {
    throw new UserError(
      `the report could not be written to ${output} (${error instanceof Error ? error.message : error})`,
    );
  }
}

function exitCodeOf(run: CheckRun, maxWarnings: number): number {
  if (run.files.some(file => file.report.internalErrors.length > 0)) return exitCodes.failure;
  const { error, warning } = totalsOf(run).bySeverity;
  return error > 0 || warning > maxWarnings ? exitCodes.findings : exitCodes.clean;
}

function ruleOption(value: string, previous: Readonly<Record<string, ConfigLevel>>): Record<string, ConfigLevel> {
  const [id = '', level = ''] = value.split('=');
  const problem = ruleLevelProblem(id, level);
  if (problem) throw new InvalidArgumentError(`Write ID=off|info|warn|error: ${problem}.`);
  return { ...previous, [id]: level as ConfigLevel };
}

function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('Write a whole number from 0.');
  return Number(value);
}

function seconds(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !(number >= 0 && number <= 86_400)) {
    throw new InvalidArgumentError('Write a number of seconds from 0 to 86400.');
  }
  return number;
}
