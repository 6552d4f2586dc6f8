import { analyseModel } from './analyse.ts';
import type { ResolvedConfig } from './findings/config.ts';
import type { Finding } from './findings/finding.ts';
import { applyIgnores } from './findings/ignores.ts';
import { printable } from './findings/printable.ts';
import { applyDirectives, parseDirectives, type SuppressedFinding } from './findings/suppressions.ts';
import { type ExactRanks, type ExactTask, geometryKey, type ModelAnalysis } from './model/analysis.ts';
import type { ModelGraph } from './model/graph.ts';
import { readModels } from './readers/read.ts';
import {
  type CancellationToken,
  Cancelled,
  type ReadError,
  type ReadResult,
  type SourceFile,
} from './readers/reader.ts';
import { readErrorMeta } from './rules/read-error/rule.ts';
import { modelRules } from './rules/registry.ts';
import { type RuleMeta, type RuleReport, ruleHelpUri } from './rules/rule.ts';
import { unusedReports, unusedSuppressionMeta } from './rules/unused-suppression/rule.ts';

export interface CheckOptions {
  readonly config: ResolvedConfig;
  /** Exact ranks known so far; more of them may turn what is `pending` into exact verdicts. */
  readonly exact: ExactRanks;
  readonly cancel: CancellationToken;
  /** Path that the configuration's globs see: relative to its folder, forward slashes. Default: `file.path`. */
  readonly configPath?: string;
}

export interface AnalysedModel {
  readonly graph: ModelGraph;
  readonly analysis: ModelAnalysis;
}

/** Everything there is to say about one file. Plain data: it can cross a worker's boundary. */
export interface FileReport {
  readonly path: string;
  /** What could not be read; each is also a finding of the reserved rule `read-error`. */
  readonly errors: readonly ReadError[];
  readonly models: readonly AnalysedModel[];
  /** In source order. */
  readonly findings: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
  /** What exact elimination would settle; run it and check again. */
  readonly pending: readonly ExactTask[];
  /** Stack traces of Leaklint's own failures, for the log; the user's sentence is among `errors`. */
  readonly internalErrors: readonly string[];
}

/**
 * Reads a file, analyses its models and applies rules, suppressions and configuration.
 * Throws {@link Cancelled} when the token asks for it and nothing else: a failure of Leaklint itself becomes an error.
 */
export function checkSource(file: SourceFile, options: CheckOptions): FileReport {
  const guard = failureGuard();
  const read = guard.run('reading this file', () => readModels(file, options.cancel)) ?? nothingRead;
  const models = read.models.flatMap(graph => {
    const analysis = guard.run(`analysing the model '${printable(graph.name)}'`, () =>
      analyseModel(graph, options.exact, options.cancel),
    );
    return analysis ? [{ graph, analysis }] : [];
  });
  return reportOn(file, { ...read, models }, options, guard);
}

const nothingRead: ReadResult = { models: [], errors: [], comments: [] };

export interface AnalysedFile {
  readonly models: readonly AnalysedModel[];
  readonly errors: ReadResult['errors'];
  readonly comments: ReadResult['comments'];
}

/** The second half of {@link checkSource}: rules, suppressions and configuration over analysed models. */
export function reportOn(
  file: SourceFile,
  read: AnalysedFile,
  options: CheckOptions,
  guard: FailureGuard = failureGuard(),
): FileReport {
  const { config } = options;
  const reported = read.models.flatMap(model => applyRules(model, config, guard));
  const { directives, problems } = parseDirectives(file.text ?? '', read.comments);
  const byComment = applyDirectives(reported, directives);
  const byConfig = applyIgnores(byComment.kept, config, options.configPath ?? file.path);
  const errors = [...read.errors, ...guard.errors];
  const isOff = (ruleId: string) => config.rules[ruleId]?.severity === 'off';
  const unused = unusedReports(byComment.unused, problems, isOff, errors.length > 0);
  const findings = [
    ...errors.map(error => finding(readErrorMeta, readErrorMeta.defaultSeverity, error)),
    ...byConfig.kept,
    ...findingsOf(unusedSuppressionMeta, unused, config),
  ];
  return {
    path: file.path,
    errors,
    models: read.models,
    findings: inSourceOrder(findings),
    suppressed: [...byComment.suppressed, ...byConfig.suppressed],
    pending: distinct(read.models.flatMap(tasksOf)),
    internalErrors: guard.internalErrors,
  };
}

function applyRules({ graph, analysis }: AnalysedModel, config: ResolvedConfig, guard: FailureGuard): Finding[] {
  return modelRules.flatMap(rule => {
    const { id } = rule.meta;
    const setting = config.rules[id];
    if (!setting || setting.severity === 'off') return [];
    const check = () => rule.check({ graph, analysis, options: setting.options });
    const reports = guard.run(`applying the rule '${id}' to '${printable(graph.name)}'`, check) ?? [];
    return findingsOf(rule.meta, reports, config).map(entry => ({ ...entry, model: graph.name }));
  });
}

function findingsOf(meta: RuleMeta, reports: readonly RuleReport[], config: ResolvedConfig): Finding[] {
  const severity = config.rules[meta.id]?.severity ?? meta.defaultSeverity;
  return severity === 'off' ? [] : reports.map(report => finding(meta, report.note ? 'info' : severity, report));
}

function finding(meta: RuleMeta, severity: Finding['severity'], report: RuleReport): Finding {
  return {
    ruleId: meta.id,
    severity,
    message: printable(report.message),
    helpUri: ruleHelpUri(meta.id),
    ...(report.range ? { range: report.range } : {}),
    ...(report.layer ? { layer: report.layer.name } : {}),
    ...(report.related?.length ? { related: report.related } : {}),
  };
}

function inSourceOrder(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => (a.range?.start ?? 0) - (b.range?.start ?? 0));
}

/** What exact elimination would settle of one model. */
export function tasksOf({ graph, analysis: { pending, pendingRank } }: AnalysedModel): ExactTask[] {
  const geometries = pending.map((geometry): ExactTask => ({ kind: 'geometry', key: geometryKey(geometry), geometry }));
  return pendingRank === undefined ? geometries : [...geometries, { kind: 'model', key: pendingRank, graph }];
}

function distinct(tasks: readonly ExactTask[]): ExactTask[] {
  return [...new Map(tasks.map(task => [task.key, task])).values()];
}

interface FailureGuard {
  readonly errors: ReadError[];
  readonly internalErrors: string[];
  run<T>(doing: string, work: () => T): T | null;
}

/** Turns what should not have been thrown into an error for the user and a stack for the log. */
function failureGuard(): FailureGuard {
  const errors: ReadError[] = [];
  const internalErrors: string[] = [];
  return {
    errors,
    internalErrors,
    run(doing, work) {
      try {
        return work();
      } catch (error) {
        if (error instanceof Cancelled) throw error;
        const what = error instanceof Error ? error.message : String(error);
        errors.push({
          message: `Leaklint failed while ${doing} (${printable(what)}). What it holds is unknown. Please report this.`,
        });
        internalErrors.push(error instanceof Error ? (error.stack ?? what) : what);
        return null;
      }
    },
  };
}
