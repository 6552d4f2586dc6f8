/** Files that code imports from, and files that import from it, for the reader of code. Synchronous: readers are. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import * as path from 'node:path';
import type { RelatedFiles } from '../../src-analysis/readers/reader.ts';
import { findImporters, findPages } from './importers.ts';
import { cachedText } from './text-cache.ts';

const readable = /\.([cm]?[jt]sx?|json|html?|vue|svelte)$/i;

export interface RelatedOptions {
  /** Folder that the reader's paths are relative to. */
  readonly base: string;
  /** Texts that count instead of those on disk, by absolute path: documents open in an editor. */
  readonly open?: ReadonlyMap<string, string>;
  /** Told the absolute path of every file that is asked for, also of those that are not there. */
  readonly onRead?: (file: string) => void;
  /** Told that files which import from this one, or load it, are looked for: absolute path. */
  readonly onSearch?: (target: string) => void;
}

/** Access to the files around the ones that are read: regular files of code or JSON, each at most 2 MiB. */
export function createRelatedFiles({ base, open, onRead, onSearch }: RelatedOptions): RelatedFiles {
  const searching =
    (find: typeof findImporters) =>
    (name: string): readonly string[] => {
      const target = path.resolve(base, name);
      onSearch?.(target);
      const found = find(target, open);
      return found.map(file => (path.isAbsolute(name) ? file : relative(base, file)));
    };
  return {
    read(name) {
      const file = path.resolve(base, name);
      if (!readable.test(file)) return undefined;
      onRead?.(file);
      return open?.get(file) ?? cachedText(file)?.text;
    },
    size(name) {
      try {
        const stats = statSync(path.resolve(base, name), { throwIfNoEntry: false });
        return stats?.isFile() ? stats.size : undefined;
      } catch {
        return undefined;
      }
    },
    bytes: (name, start, length) => bytesOf(path.resolve(base, name), start, length),
    importers: searching(findImporters),
    pages: searching(findPages),
  };
}

/** Bytes asked for at a time. */
const maximalBytes = 4096;

function bytesOf(file: string, start: number, length: number): Uint8Array | undefined {
  if (length > maximalBytes) return undefined;
  let handle: number | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    handle = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!fstatSync(handle).isFile()) return undefined;
    const bytes = new Uint8Array(length);
    return readSync(handle, bytes, 0, length, start) === length ? bytes : undefined;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function relative(base: string, file: string): string {
  return path.relative(base, file).split(path.sep).join('/');
}
