import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { configPathOf, type FoundConfig } from '../host/config.ts';
import { ioMessage } from '../host/files.ts';
import { fileFilterOf } from '../src-analysis/findings/globs.ts';
import { readableExtensions } from '../src-analysis/readers/read.ts';
import { type Environment, UserError } from './environment.ts';

/** A file to check. Files named on the command line are checked whatever they hold; others only if they look like models. */
export interface CollectedFile {
  readonly path: string;
  readonly named: boolean;
}

const ignoredFolders = new Set(['node_modules', 'dist']);
const endings: ReadonlySet<string> = new Set(readableExtensions.map(extension => `.${extension}`));

/**
 * The files that paths on the command line stand for, without repetition: files as they are, folders by a search.
 * @param configOf the configuration that holds for a file
 */
export async function collectFiles(
  paths: readonly string[],
  environment: Environment,
  configOf: (file: string) => Promise<FoundConfig>,
): Promise<CollectedFile[]> {
  const files = new Map<string, CollectedFile>();
  for (const given of paths) {
    const absolute = path.resolve(environment.cwd, given);
    const stats = await stat(absolute).catch(error => {
      throw new UserError(`${given}: ${ioMessage(error)}`);
    });
    if (!stats.isDirectory()) files.set(absolute, { path: absolute, named: true });
    else {
      for (const file of await search(absolute, environment, configOf)) {
        if (!files.has(file)) files.set(file, { path: file, named: false });
      }
    }
  }
  return [...files.values()];
}

/**
 * Files below a folder that have a reader, sorted by folder and name. Leaves out what the configuration excludes,
 * node_modules, dist, hidden folders and symbolic links (which may form cycles).
 */
async function search(
  root: string,
  environment: Environment,
  configOf: (file: string) => Promise<FoundConfig>,
): Promise<string[]> {
  const filters = new Map<FoundConfig, (path: string) => boolean>();
  const isIncluded = async (file: string) => {
    const config = await configOf(file);
    const filter = filters.get(config) ?? fileFilterOf(config.config);
    filters.set(config, filter);
    return filter(configPathOf(config, file, environment.cwd));
  };
  const files: string[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(error => {
      environment.log(`leaklint: ${path.relative(environment.cwd, folder!)} was not searched. ${ioMessage(error)}`);
      return [];
    });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    const inner: string[] = [];
    for (const entry of entries) {
      const absolute = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!ignoredFolders.has(entry.name) && !entry.name.startsWith('.')) inner.push(absolute);
      } else if (
        entry.isFile() &&
        endings.has(path.extname(entry.name).toLowerCase()) &&
        (await isIncluded(absolute))
      ) {
        files.push(absolute);
      }
    }
    folders.push(...inner.reverse());
  }
  return files;
}
