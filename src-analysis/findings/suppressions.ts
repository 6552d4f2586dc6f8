import type { Range } from '../model/graph.ts';
import type { Comment } from '../readers/reader.ts';
import { ruleMetas } from '../rules/registry.ts';
import type { RuleReport } from '../rules/rule.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Finding } from './finding.ts';
import { printable } from './printable.ts';

/**
 * A suppression comment:
 * `leaklint-disable-next-line rule-id[, rule-id] -- reason` (the line above) or `leaklint-disable-file rule-id -- reason`.
 */
export interface Directive {
  readonly kind: 'next-line' | 'file';
  readonly ruleIds: readonly { readonly id: string; readonly range: Range }[];
  readonly reason?: string;
  /** Start offsets accepted: the line after the comment, or the whole text. */
  readonly covers: Range;
}

export interface ParsedDirectives {
  readonly directives: readonly Directive[];
  /** Directives that cannot do what their author meant: rule id missing or unknown, misspelt directive. */
  readonly problems: readonly RuleReport[];
}

/** A finding that was accepted, by whom and why. */
export interface SuppressedFinding {
  readonly finding: Finding;
  readonly reason?: string;
  /** SARIF's words: a comment in the source, or an `ignores` entry of the configuration. */
  readonly kind: 'inSource' | 'external';
  /** Index into the configuration's `ignores`, for `external`. */
  readonly ignoreIndex?: number;
}

const suppressibleIds = ruleMetas.filter(meta => !meta.notSuppressible).map(meta => meta.id);
const marker = /^[\s*/]*leaklint-([\w-]*)/;

/** Finds the directives among a file's comments. */
export function parseDirectives(text: string, comments: readonly Comment[]): ParsedDirectives {
  const directives: Directive[] = [];
  const problems: RuleReport[] = [];
  const ordered = [...comments].sort((a, b) => a.range.start - b.range.start);
  const lines = linesAfter(text, ordered);
  ordered.forEach((comment, index) => {
    const match = marker.exec(comment.text);
    if (!match) return;
    const verb = match[1];
    // What a reader takes from comments (leaklint-shape, leaklint-value) is its own to judge.
    if (verb === 'shape' || verb === 'value') return;
    if (verb !== 'disable-next-line' && verb !== 'disable-file') {
      const message = `'leaklint-${verb}' is not a directive: write leaklint-disable-next-line or leaklint-disable-file.`;
      problems.push({ message, range: comment.range });
      return;
    }
    const [list = '', ...reasonParts] = comment.text.slice(match[0].length).split(/(?:^|\s)--(?:\s|$)/);
    const reason = printable(reasonParts.join(' -- ')).trim();
    const ids = list
      .split(',')
      .map(id => printable(id).trim())
      .filter(id => id !== '');
    if (ids.length === 0) {
      const message = `Name the rules to suppress: leaklint-${verb} rule-id -- reason.`;
      problems.push({ message, range: comment.range });
    }
    const ruleIds = ids.map(id => ({ id, range: rangeOfId(text, comment, id) }));
    for (const { id, range } of ruleIds) {
      const message = unknownIdMessage(id);
      if (message) problems.push({ message, range });
    }
    directives.push({
      kind: verb === 'disable-file' ? 'file' : 'next-line',
      ruleIds: ruleIds.filter(rule => suppressibleIds.includes(rule.id)),
      ...(reason ? { reason } : {}),
      covers: verb === 'disable-file' ? { start: 0, end: text.length } : lines[index]!,
    });
  });
  return { directives, problems };
}

function unknownIdMessage(id: string): string | null {
  if (suppressibleIds.includes(id)) return null;
  if (ruleMetas.some(meta => meta.id === id)) return `'${id}' cannot be suppressed by a comment.`;
  const hint = suppressibleIds.find(known => id.startsWith(`${known} `));
  if (hint) return `There is no rule '${id}': put a reason after ' -- ', as in ${hint} -- reason.`;
  return `There is no rule '${id}'${didYouMean(id, suppressibleIds)}: this suppresses nothing.`;
}

function rangeOfId(text: string, comment: Comment, id: string): Range {
  const offset = text.slice(comment.range.start, comment.range.end).indexOf(id);
  const start = comment.range.start + offset;
  return offset < 0 ? comment.range : { start, end: start + id.length };
}

/** For every comment the line after it; lines that hold only a further comment are passed over, so that directives stack. */
function linesAfter(text: string, ordered: readonly Comment[]): Range[] {
  const lines: Range[] = [];
  for (let index = ordered.length - 1; index >= 0; index--) {
    const line = lineFrom(text, nextLineStart(text, ordered[index]!.range.end));
    const next = ordered[index + 1]?.range;
    const alone =
      next &&
      next.start < line.end &&
      text.slice(line.start, next.start).trim() === '' &&
      isBlankToLineEnd(text, next.end);
    lines[index] = (alone ? lines[index + 1] : undefined) ?? line;
  }
  return lines;
}

function isBlankToLineEnd(text: string, offset: number): boolean {
  return text.slice(offset, lineFrom(text, offset).end).trim() === '';
}

function lineFrom(text: string, start: number): Range {
  const lineEnd = /[\r\n]/g;
  lineEnd.lastIndex = start;
  return { start, end: lineEnd.exec(text)?.index ?? text.length };
}

function nextLineStart(text: string, offset: number): number {
  const { end } = lineFrom(text, offset);
  return text[end] === '\r' && text[end + 1] === '\n' ? end + 2 : Math.min(end + 1, text.length);
}

export interface Suppression {
  readonly kept: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
  /** Rule ids of directives that matched nothing. */
  readonly unused: readonly { readonly id: string; readonly range: Range }[];
}

/** Sorts findings into kept and suppressed by comment. */
export function applyDirectives(findings: readonly Finding[], directives: readonly Directive[]): Suppression {
  const kept: Finding[] = [];
  const suppressed: SuppressedFinding[] = [];
  const used = new Set<Range>();
  for (const finding of findings) {
    const directive = directives.find(candidate => accepts(candidate, finding));
    if (!directive) {
      kept.push(finding);
      continue;
    }
    for (const rule of directive.ruleIds) if (rule.id === finding.ruleId) used.add(rule.range);
    suppressed.push({ finding, kind: 'inSource', ...(directive.reason ? { reason: directive.reason } : {}) });
  }
  const unused = directives.flatMap(directive => directive.ruleIds).filter(rule => !used.has(rule.range));
  return { kept, suppressed, unused };
}

function accepts(directive: Directive, finding: Finding): boolean {
  if (!directive.ruleIds.some(rule => rule.id === finding.ruleId)) return false;
  if (directive.kind === 'file') return true;
  const start = finding.range?.start;
  return start !== undefined && start >= directive.covers.start && start <= directive.covers.end;
}
