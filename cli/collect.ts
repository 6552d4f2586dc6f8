import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import { configPathOf, type FoundConfig } from '../host/config.ts';
import { ioMessage } from '../host/files.ts';
import { searchFiles } from '../host/search.ts';
import { fileFilterOf } from '../src-analysis/findings/globs.ts';
import { type Environment, UserError } from './environment.ts';

/** A file to check. Files named on the command line are checked whatever they hold; others only if they look like models. */
export interface CollectedFile {
  readonly path: string;
  readonly named: boolean;
}

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

/** Files below a folder that have a reader and that the configuration does not leave out. */
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
  const onUnreadable = (folder: string, error: unknown) =>
    environment.log(`leaklint: ${path.relative(environment.cwd, folder)} was not searched. ${ioMessage(error)}`);
  const files: string[] = [];
  for await (const file of searchFiles(root, { isIncluded, onUnreadable })) files.push(file);
  return files;
}
