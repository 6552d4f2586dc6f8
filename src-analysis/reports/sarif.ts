import type { Location, Log, Notification, Region, ReportingDescriptor, Result, Suppression } from 'sarif';
import type { Finding, Severity } from '../findings/finding.ts';
import { type LineStarts, lineStartsOf, positionAt } from '../findings/positions.ts';
import type { SuppressedFinding } from '../findings/suppressions.ts';
import type { Range } from '../model/graph.ts';
import { ruleMetas } from '../rules/registry.ts';
import { type RuleMeta, ruleHelpUri } from '../rules/rule.ts';
import type { CheckedFile, CheckRun } from './run.ts';

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};
/** The folder the run's relative paths start from; the consumer knows where it lies. */
const baseId = 'SRCROOT';

/** The run as a SARIF 2.1.0 log (OASIS standard, 27 March 2020). Suppressed findings are results with `suppressions`. */
export function sarifLog(run: CheckRun): Log {
  const notifications = run.files.flatMap(internalErrors);
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Leaklint', version: run.version, rules: ruleMetas.map(descriptor) } },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { [baseId]: { description: { text: 'The folder in which Leaklint was started.' } } },
        invocations: [
          {
            executionSuccessful: notifications.length === 0,
            ...(notifications.length > 0 ? { toolExecutionNotifications: notifications } : {}),
          },
        ],
        results: run.files.flatMap(fileResults),
      },
    ],
  };
}

/** The log as text, ending in a line break. */
export function sarifReport(run: CheckRun): string {
  return `${JSON.stringify(sarifLog(run), null, 2)}\n`;
}

function descriptor(meta: RuleMeta): ReportingDescriptor {
  return {
    id: meta.id,
    shortDescription: { text: `${meta.title}.` },
    fullDescription: { text: meta.description },
    helpUri: ruleHelpUri(meta.id),
    defaultConfiguration: { level: levels[meta.defaultSeverity] },
    properties: { tags: ['gradient-leakage', 'privacy', 'security'] },
  };
}

function fileResults(file: CheckedFile): Result[] {
  const starts = lineStartsOf(file.text ?? '');
  const fingerprint = fingerprinter();
  const result = (finding: Finding, suppression?: SuppressedFinding): Result => ({
    ruleId: finding.ruleId,
    ruleIndex: ruleMetas.findIndex(meta => meta.id === finding.ruleId),
    level: levels[finding.severity],
    message: { text: finding.message },
    locations: [location(file, starts, finding)],
    partialFingerprints: { 'leaklint/v1': fingerprint(file, finding) },
    ...(finding.related?.length ? { relatedLocations: related(file, starts, finding) } : {}),
    ...(suppression ? { suppressions: [suppressionOf(suppression)] } : {}),
  });
  return [
    ...file.report.findings.map(finding => result(finding)),
    ...file.report.suppressed.map(entry => result(entry.finding, entry)),
  ];
}

function location(file: CheckedFile, starts: LineStarts, { range, model, layer }: Finding): Location {
  const names = [model, layer].filter(name => name !== undefined);
  return {
    physicalLocation: { artifactLocation: artifactOf(file), ...regionOf(file, starts, range) },
    ...(names.length > 0
      ? {
          logicalLocations: [
            { name: names[names.length - 1]!, fullyQualifiedName: names.join('/'), kind: layer ? 'member' : 'module' },
          ],
        }
      : {}),
  };
}

function related(file: CheckedFile, starts: LineStarts, finding: Finding): Location[] {
  return (finding.related ?? []).map(({ message, range }, id) => ({
    id,
    message: { text: message },
    physicalLocation: { artifactLocation: artifactOf(file), ...regionOf(file, starts, range) },
  }));
}

function artifactOf({ report, uri }: CheckedFile): { uri: string; uriBaseId?: string } {
  if (uri !== undefined) return { uri };
  return { uri: report.path.split('/').map(encodeURIComponent).join('/'), uriBaseId: baseId };
}

function regionOf(file: CheckedFile, starts: LineStarts, range: Range | undefined): { region?: Region } {
  if (file.text === undefined || !range) return {};
  const start = positionAt(starts, range.start);
  const end = positionAt(starts, range.end);
  return {
    region: {
      startLine: start.line + 1,
      startColumn: start.character + 1,
      endLine: end.line + 1,
      endColumn: end.character + 1,
    },
  };
}

function suppressionOf({ kind, reason }: SuppressedFinding): Suppression {
  return { kind, status: 'accepted', ...(reason ? { justification: reason } : {}) };
}

function internalErrors(file: CheckedFile): Notification[] {
  return file.report.internalErrors.map(stack => ({
    level: 'error',
    message: { text: `Leaklint failed on this file: ${stack}` },
    locations: [{ physicalLocation: { artifactLocation: artifactOf(file) } }],
  }));
}

/** Fingerprints that survive edits elsewhere in the file: rule, path and names, counted where they repeat. */
function fingerprinter(): (file: CheckedFile, finding: Finding) => string {
  const seen = new Map<string, number>();
  return (file, finding) => {
    const identity = JSON.stringify([file.report.path, finding.ruleId, finding.model ?? '', finding.layer ?? '']);
    const count = (seen.get(identity) ?? 0) + 1;
    seen.set(identity, count);
    return `${fnv1a64(identity)}:${count}`;
  };
}

/** FNV-1a over UTF-16 code units, 64 bits, in hexadecimal: spreads well and needs no platform's crypto. */
function fnv1a64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}
