/** Finds and reads `leaklint.json` for a file: the one resolver of command line and language server. */
import { readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';
import {
  type ConfigProblem,
  defaultConfig,
  parseConfig,
  type ResolvedConfig,
} from '../src-analysis/findings/config.ts';
import { decodeUtf8, ioMessage } from './files.ts';

export const configFileName = 'leaklint.json';
const sizeLimit = 1024 * 1024;

export interface FoundConfig {
  /** Absolute path of the file; null where there is none and the defaults hold. */
  readonly path: string | null;
  readonly config: ResolvedConfig;
  readonly problems: readonly ConfigProblem[];
}

const none: FoundConfig = { path: null, config: defaultConfig, problems: [] };

/** Results by folder, so that a walk reads every configuration once. Drop it to see changes on disk. */
export type ConfigCache = Map<string, Promise<FoundConfig>>;

/** The configuration of a file or folder: the nearest `leaklint.json` in its folder or above. */
export function findConfig(filePath: string, cache: ConfigCache = new Map()): Promise<FoundConfig> {
  return configOfFolder(path.dirname(path.resolve(filePath)), cache);
}

function configOfFolder(folder: string, cache: ConfigCache): Promise<FoundConfig> {
  const known = cache.get(folder);
  if (known) return known;
  const found = lookIn(folder, cache);
  cache.set(folder, found);
  return found;
}

async function lookIn(folder: string, cache: ConfigCache): Promise<FoundConfig> {
  const candidate = path.join(folder, configFileName);
  const isFile = await stat(candidate).then(
    stats => stats.isFile(),
    () => false,
  );
  if (isFile) return loadConfig(candidate);
  const parent = path.dirname(folder);
  return parent === folder ? none : configOfFolder(parent, cache);
}

/** Reads one configuration file. What is wrong with it, its absence included, is among the problems. */
export async function loadConfig(filePath: string): Promise<FoundConfig> {
  const absolute = path.resolve(filePath);
  try {
    const { size } = await stat(absolute);
    if (size > sizeLimit) return unreadable(absolute, 'The configuration is larger than 1 MiB.');
    const text = decodeUtf8(await readFile(absolute));
    if (text === null) return unreadable(absolute, 'The configuration is not UTF-8 text: save it as UTF-8.');
    return { path: absolute, ...parseConfig(text, absolute) };
  } catch (error) {
    return unreadable(absolute, ioMessage(error));
  }
}

function unreadable(absolute: string, message: string): FoundConfig {
  const start = { start: 0, end: 0 };
  return {
    path: absolute,
    config: { ...defaultConfig, source: absolute },
    problems: [{ message, range: start, position: { line: 0, character: 0 } }],
  };
}

/** The path that a configuration's globs see: relative to its folder (or to `otherwise`), with forward slashes. */
export function configPathOf(found: FoundConfig, filePath: string, otherwise: string): string {
  const base = found.path ? path.dirname(found.path) : otherwise;
  return path.relative(base, path.resolve(filePath)).split(path.sep).join('/');
}
