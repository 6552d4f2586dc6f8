import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Range } from '../model/graph.ts';
import { ruleMetas } from '../rules/registry.ts';
import type { RuleMeta } from '../rules/rule.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Severity } from './finding.ts';
import { lineStartsOf, type Position, positionAt } from './positions.ts';

/** A rule's level as users write it. */
export type ConfigLevel = 'off' | 'info' | 'warn' | 'error';

export interface RuleSetting {
  readonly severity: 'off' | Severity;
  readonly options: Readonly<Record<string, number>>;
}

/** Accepts a finding where the file has no comments to do so (model.json, ONNX). */
export interface IgnoreEntry {
  /** Glob relative to the configuration file's folder. */
  readonly path: string;
  readonly model?: string;
  readonly layer?: string;
  readonly rule: string;
  readonly reason: string;
}

/** A configuration with every default filled in. Plain data: it can be sent to a worker. */
export interface ResolvedConfig {
  /** The configuration file, as the caller named it; null for the defaults. */
  readonly source: string | null;
  /** One entry for every rule there is. */
  readonly rules: Readonly<Record<string, RuleSetting>>;
  /** Globs relative to the configuration file's folder; empty means every file. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly ignores: readonly IgnoreEntry[];
}

export interface ConfigProblem {
  readonly message: string;
  readonly range: Range;
  readonly position: Position;
}

export interface ParsedConfig {
  /** What was understood; entries with a problem keep their defaults. */
  readonly config: ResolvedConfig;
  readonly problems: readonly ConfigProblem[];
}

const levels: Readonly<Record<ConfigLevel, 'off' | Severity>> = {
  off: 'off',
  info: 'info',
  warn: 'warning',
  error: 'error',
};
const topLevelKeys = ['$schema', 'rules', 'include', 'exclude', 'ignores'];
const ignoreKeys = ['path', 'model', 'layer', 'rule', 'reason'];
const longestGlob = 500;

export const defaultConfig: ResolvedConfig = {
  source: null,
  rules: Object.fromEntries(
    ruleMetas.map(meta => [
      meta.id,
      { severity: meta.offByDefault ? 'off' : meta.defaultSeverity, options: defaultOptions(meta) },
    ]),
  ),
  include: [],
  exclude: [],
  ignores: [],
};

/** The same configuration with some rules at another level, as `--rule` and editor settings ask for. */
export function withRuleLevels(
  config: ResolvedConfig,
  overrides: Readonly<Record<string, ConfigLevel>>,
): ResolvedConfig {
  const rules = { ...config.rules };
  for (const [id, level] of Object.entries(overrides)) {
    const setting = rules[id];
    if (setting) rules[id] = { ...setting, severity: levels[level] };
  }
  return { ...config, rules };
}

/** Why a rule cannot be given this level; null if it can. Shared by `leaklint.json` and `--rule`. */
export function ruleLevelProblem(id: string, level: string): string | null {
  const meta = ruleMetas.find(rule => rule.id === id);
  if (!meta) return `there is no rule '${id}'${didYouMean(id, ruleIds)}`;
  if (meta.fixedSeverity) return `'${id}' is always an error: exclude the file instead`;
  if (!Object.hasOwn(levels, level)) return `'${level}' is not a level: use off, info, warn or error`;
  return null;
}

const ruleIds = ruleMetas.map(meta => meta.id);

/** Reads leaklint.json: JSON, comments and trailing commas allowed. Never throws; what is wrong is reported with its place. */
export function parseConfig(text: string, source: string): ParsedConfig {
  const problems: ConfigProblem[] = [];
  const lines = lineStartsOf(text);
  const report: Report = (node, message) => {
    const range = { start: node.offset, end: node.offset + node.length };
    problems.push({ message, range, position: positionAt(lines, range.start) });
  };
  const errors: ParseError[] = [];
  let root: Node | undefined;
  try {
    root = parseTree(text, errors, { allowTrailingComma: true });
  } catch {
    // The parser recurses: only a hostile depth gets here.
    report({ offset: 0, length: 0 }, 'This file is nested too deeply.');
  }
  for (const error of errors) report(error, `Not valid JSON: ${sentence(printParseErrorCode(error.error))}.`);
  const config = root ? readRoot(root, source, report) : { ...defaultConfig, source };
  return { config, problems };
}

type Report = (node: { readonly offset: number; readonly length: number }, message: string) => void;

function readRoot(root: Node, source: string, report: Report): ResolvedConfig {
  const entries = readObject(root, 'The configuration', topLevelKeys, report);
  return {
    source,
    rules: readRules(entries.get('rules'), report),
    include: readGlobs(entries.get('include'), 'include', report),
    exclude: readGlobs(entries.get('exclude'), 'exclude', report),
    ignores: readIgnores(entries.get('ignores'), report),
  };
}

function readRules(node: Node | undefined, report: Report): ResolvedConfig['rules'] {
  const rules = { ...defaultConfig.rules };
  if (!node) return rules;
  for (const [id, value] of readObject(node, "'rules'", null, report)) {
    const [levelNode, optionsNode, extra] = value.type === 'array' ? (value.children ?? []) : [value];
    const level = stringOf(levelNode);
    const problem = ruleLevelProblem(id, level ?? '');
    if (extra) {
      report(extra, `The setting of '${id}' has at most two parts: [level, options].`);
    } else if (problem && ruleIds.includes(id) && level === null) {
      report(value, `The setting of '${id}' must be off, info, warn or error, or [level, options].`);
    } else if (problem) {
      report(value.parent?.children?.[0] ?? value, `In 'rules': ${problem}.`);
    } else {
      const meta = ruleMetas.find(rule => rule.id === id)!;
      const options = { ...defaultOptions(meta), ...(optionsNode ? readOptions(optionsNode, meta, report) : {}) };
      rules[id] = { severity: levels[level as ConfigLevel], options };
    }
  }
  return rules;
}

function readOptions(node: Node, meta: RuleMeta, report: Report): Record<string, number> {
  const options: Record<string, number> = {};
  const entries = readObject(node, `The options of '${meta.id}'`, Object.keys(meta.options), report);
  for (const [name, value] of entries) {
    const option = meta.options[name];
    if (!option) continue;
    const number = value.type === 'number' ? (value.value as number) : Number.NaN;
    if (number >= option.minimum && number <= option.maximum) options[name] = number;
    else report(value, `'${name}' must be a number from ${option.minimum} to ${option.maximum}.`);
  }
  return options;
}

function readGlobs(node: Node | undefined, key: string, report: Report): string[] {
  if (!node) return [];
  if (node.type !== 'array') {
    report(node, `'${key}' must be a list of globs.`);
    return [];
  }
  const globs: string[] = [];
  for (const item of node.children ?? []) {
    const glob = readGlob(item, `Every entry of '${key}'`, report);
    if (glob) globs.push(glob);
  }
  return globs;
}

function readGlob(node: Node, what: string, report: Report): string | null {
  const glob = stringOf(node);
  if (glob && glob.length <= longestGlob && !glob.includes('\\')) return glob;
  report(node, `${what} must be a glob with forward slashes, of at most ${longestGlob} characters.`);
  return null;
}

function readIgnores(node: Node | undefined, report: Report): IgnoreEntry[] {
  if (!node) return [];
  if (node.type !== 'array') {
    report(node, "'ignores' must be a list of objects.");
    return [];
  }
  return (node.children ?? []).flatMap(item => readIgnore(item, report) ?? []);
}

function readIgnore(node: Node, report: Report): IgnoreEntry | null {
  const entries = readObject(node, "Every entry of 'ignores'", ignoreKeys, report);
  if (node.type !== 'object') return null;
  const texts: Record<string, string> = {};
  for (const [key, value] of entries) {
    const text = stringOf(value)?.trim();
    if (text) texts[key] = text;
    else report(value, `'${key}' must be a non-empty string.`);
  }
  const { model, layer, rule, reason } = texts;
  for (const key of ['path', 'rule', 'reason']) {
    if (!entries.has(key)) report(node, `This entry of 'ignores' lacks '${key}'.`);
  }
  const pathNode = entries.get('path');
  const path = pathNode && texts.path ? readGlob(pathNode, "'path'", report) : null;
  if (rule && !suppressibleIds.includes(rule)) {
    const unknown = `There is no rule '${rule}'${didYouMean(rule, suppressibleIds)}.`;
    report(entries.get('rule')!, ruleIds.includes(rule) ? `'${rule}' cannot be ignored.` : unknown);
    return null;
  }
  if (!path || !rule || !reason) return null;
  return { path, rule, reason, ...(model ? { model } : {}), ...(layer ? { layer } : {}) };
}

const suppressibleIds = ruleMetas.filter(meta => !meta.notSuppressible).map(meta => meta.id);

/** The entries of an object by key; reports what is not an object, unknown keys and repeated keys. */
function readObject(node: Node, what: string, keys: readonly string[] | null, report: Report): Map<string, Node> {
  const entries = new Map<string, Node>();
  if (node.type !== 'object') {
    report(node, `${what} must be an object.`);
    return entries;
  }
  for (const property of node.children ?? []) {
    const [keyNode, value] = property.children ?? [];
    if (!keyNode || !value) continue;
    const key = String(keyNode.value);
    if (keys && !keys.includes(key)) report(keyNode, `${what} has no key '${key}'${didYouMean(key, keys)}.`);
    else if (entries.has(key)) report(keyNode, `${what} has '${key}' twice.`);
    else entries.set(key, value);
  }
  return entries;
}

function stringOf(node: Node | undefined): string | null {
  return node?.type === 'string' ? (node.value as string) : null;
}

function defaultOptions(meta: RuleMeta): Record<string, number> {
  return Object.fromEntries(Object.entries(meta.options).map(([name, option]) => [name, option.default]));
}

/** `CommaExpected` as words. */
function sentence(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}
