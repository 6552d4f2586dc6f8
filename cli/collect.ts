import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import { glob } from 'tinyglobby';
import { configPathOf, type FoundConfig } from '../host/config.ts';
import { ioMessage } from '../host/files.ts';
import { fileFilterOf } from '../src-analysis/findings/globs.ts';
import { readableExtensions } from '../src-analysis/readers/read.ts';
import { UserError } from './environment.ts';

/** A file to check. Files named on the command line are checked whatever they hold; others only if they look like models. */
export interface CollectedFile {
  readonly path: string;
  readonly named: boolean;
}

const ignoredFolders = ['**/node_modules/**', '**/dist/**', '**/.git/**'];

/**
 * The files that paths on the command line stand for, without repetition: files as they are, folders by a walk that
 * leaves out node_modules, dist, .git and what the configuration excludes.
 * @param configOf the configuration that holds for a file
 */
export async function collectFiles(
  paths: readonly string[],
  cwd: string,
  configOf: (file: string) => Promise<FoundConfig>,
): Promise<CollectedFile[]> {
  const files = new Map<string, CollectedFile>();
  for (const given of paths) {
    const absolute = path.resolve(cwd, given);
    const stats = await stat(absolute).catch(error => {
      throw new UserError(`${given}: ${ioMessage(error)}`);
    });
    if (!stats.isDirectory()) files.set(absolute, { path: absolute, named: true });
    else {
      for (const file of await walk(absolute, cwd, configOf)) {
        if (!files.has(file)) files.set(file, { path: file, named: false });
      }
    }
  }
  return [...files.values()];
}

async function walk(folder: string, cwd: string, configOf: (file: string) => Promise<FoundConfig>): Promise<string[]> {
  const found = await glob(`**/*.{${readableExtensions.join(',')}}`, {
    cwd: folder,
    absolute: true,
    ignore: ignoredFolders,
    followSymbolicLinks: false,
    caseSensitiveMatch: false,
  });
  const filters = new Map<FoundConfig, (path: string) => boolean>();
  const kept: string[] = [];
  for (const file of found.map(name => path.normalize(name)).sort()) {
    const config = await configOf(file);
    const filter = filters.get(config) ?? fileFilterOf(config.config);
    filters.set(config, filter);
    if (filter(configPathOf(config, file, cwd))) kept.push(file);
  }
  return kept;
}
