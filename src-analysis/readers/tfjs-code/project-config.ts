import { type ParseError, parse } from 'jsonc-parser';
import { foldersAbove, joinPath } from './paths.ts';

/** Text of a file; undefined where there is none. */
export type ReadText = (path: string) => string | undefined;

/** One name or pattern (`@/*`) for modules of a project, and the paths that it stands for, the first that exists. */
export interface Alias {
  readonly pattern: string;
  readonly targets: readonly string[];
}

/** How a project names its own files, as far as its configuration says. Paths are those of the reader. */
export interface ProjectConfig {
  /** Folder of the nearest `package.json`. */
  readonly root: string | undefined;
  /** `imports` of `package.json`: names that begin with `#`. */
  readonly imports: readonly Alias[];
  /** `compilerOptions.paths` of the nearest `tsconfig.json` or `jsconfig.json`. */
  readonly paths: readonly Alias[];
  /** `compilerOptions.baseUrl`: the folder that other names may be relative to. */
  readonly baseUrl: string | undefined;
}

/** Folders looked into, from a file upwards, and configurations that one may be made of. */
const limits = { folders: 10, configs: 12, length: 300_000, aliases: 500 };

/** Reads the configuration that holds for the files of a folder. Broken or hostile files count as empty. */
export function projectConfig(folder: string, read: ReadText): ProjectConfig {
  const folders = foldersAbove(folder, limits.folders);
  const root = folders.find(above => read(joinPath(above, 'package.json')) !== undefined);
  const imports = root === undefined ? undefined : jsonIn(joinPath(root, 'package.json'), read).imports;
  const config = folders
    .flatMap(above => ['tsconfig.json', 'jsconfig.json'].map(name => joinPath(above, name)))
    .find(path => read(path) !== undefined);
  const options = config === undefined ? {} : compilerOptions(config, read);
  return {
    root,
    imports: aliasesOf(imports, name => joinPath(root ?? '.', name)),
    paths: options.paths ?? [],
    baseUrl: options.baseUrl,
  };
}

interface CompilerOptions {
  readonly paths?: readonly Alias[];
  readonly baseUrl?: string;
}

/**
 * `paths` and `baseUrl` of a configuration, of what it extends, and, where it only lists others as Vite's templates do, of
 * those (https://www.typescriptlang.org/tsconfig: paths, baseUrl, extends, references). Packages are not followed.
 */
function compilerOptions(path: string, read: ReadText): CompilerOptions {
  const seen = new Set<string>();
  const optionsOf = (file: string): CompilerOptions => {
    if (seen.has(file) || seen.size >= limits.configs) return {};
    seen.add(file);
    const folder = joinPath(file, '..');
    const config = jsonIn(file, read);
    const inherited = listOf(config.extends)
      .filter(isRelative)
      .map(name => optionsOf(existing(joinPath(folder, name), ['', '.json'], read)));
    const own = ownOptions(objectOf(config.compilerOptions), folder, joinPath(path, '..'));
    const options: CompilerOptions = Object.assign({}, ...inherited, own);
    if (options.paths || options.baseUrl !== undefined) return options;
    const references = Array.isArray(config.references) ? config.references.map(entry => objectOf(entry).path) : [];
    const listed = references
      .flatMap(listOf)
      .map(name => optionsOf(existing(joinPath(folder, name), ['', '/tsconfig.json'], read)));
    return Object.assign({}, ...listed.reverse(), options);
  };
  return optionsOf(path);
}

/** @param folder of the configuration that says it, @param start folder of the one that began: `${configDir}` */
function ownOptions(options: Record<string, unknown>, folder: string, start: string): CompilerOptions {
  const inFolder = (name: string, base: string): string => {
    const relative = name.replace(/^\$\{configDir\}/, '.');
    return joinPath(relative === name ? base : start, relative);
  };
  const baseUrl = typeof options.baseUrl === 'string' ? inFolder(options.baseUrl, folder) : undefined;
  const paths = isRecord(options.paths)
    ? aliasesOf(options.paths, name => inFolder(name, baseUrl ?? folder))
    : undefined;
  return { ...(baseUrl !== undefined && { baseUrl }), ...(paths && { paths }) };
}

function aliasesOf(table: unknown, placed: (name: string) => string): Alias[] {
  return Object.entries(objectOf(table))
    .slice(0, limits.aliases)
    .map(([pattern, value]) => ({ pattern, targets: leavesOf(value).map(placed) }));
}

/** The paths that an entry may lead to: one, a list, or one for each condition (`import`, `node`, `default` …). */
function leavesOf(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value];
  if (depth > 4) return [];
  if (Array.isArray(value)) return value.slice(0, 20).flatMap(entry => leavesOf(entry, depth + 1));
  return Object.entries(objectOf(value))
    .slice(0, 20)
    .flatMap(([condition, entry]) => (condition === 'types' ? [] : leavesOf(entry, depth + 1)));
}

function existing(path: string, endings: readonly string[], read: ReadText): string {
  return endings.map(ending => path + ending).find(file => /\.json$/.test(file) && read(file) !== undefined) ?? path;
}

function jsonIn(path: string, read: ReadText): Record<string, unknown> {
  const text = read(path);
  if (text === undefined || text.length > limits.length) return {};
  try {
    const errors: ParseError[] = [];
    return objectOf(parse(text, errors, { allowTrailingComma: true }));
  } catch (error) {
    // The parser is recursive: its stack overflows on thousands of nested brackets.
    if (error instanceof RangeError) return {};
    throw error;
  }
}

function isRelative(name: string): boolean {
  return /^\.{1,2}(\/|$)/.test(name);
}

function listOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter(entry => typeof entry === 'string');
}

function objectOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
