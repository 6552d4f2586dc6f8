import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { UserError } from './environment.ts';

/** A folder with more is hardly one training step's batch. */
const mostImages = 64;

/**
 * The files that `--image` names: a file, several separated by commas, or a folder, whose PNG and JPEG files are taken
 * in the order of their names. A file whose name has a comma in it is that file.
 * @throws {UserError} for a folder without pictures, or with more than a batch can have
 */
export async function imageFiles(named: readonly string[], absolute: (file: string) => string): Promise<string[]> {
  const files: string[] = [];
  for (const name of named) {
    const parts = (await kindOf(absolute(name))) === 'missing' ? name.split(',').map(part => part.trim()) : [name];
    for (const part of parts.filter(Boolean)) files.push(...(await filesAt(absolute(part))));
  }
  if (files.length > mostImages) {
    throw new UserError(`${files.length} images are too many for one gradient: name at most ${mostImages}.`);
  }
  return files;
}

async function filesAt(target: string): Promise<string[]> {
  if ((await kindOf(target)) !== 'folder') return [target];
  const names = (await readdir(target)).filter(name => /\.(png|jpe?g)$/i.test(name)).sort();
  if (names.length === 0) throw new UserError(`The folder ${target} has no PNG or JPEG file in it.`);
  return names.map(name => path.join(target, name));
}

async function kindOf(target: string): Promise<'folder' | 'file' | 'missing'> {
  try {
    return (await stat(target)).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'missing';
  }
}
