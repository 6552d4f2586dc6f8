/** Files that code imports from, and files that import from it, for the reader of code. Synchronous: readers are. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import * as path from 'node:path';
import type { RelatedFiles } from '../../src-analysis/readers/reader.ts';

const codeEnding = /\.([cm]?[jt]sx?|json|html?|vue|svelte)$/i;
const isTest = /[._-](test|spec)s?\.\w+$|[\\/](__)?tests?(__)?[\\/]/i;
const skippedFolders = new Set(['node_modules', 'dist', 'build', 'out', 'coverage', 'bower_components', 'vendor']);

/** Larger files are not read. Bytes. */
const maximalSize = 2 * 1024 * 1024;
/** Bounds on the search for files that import one: files, folders, and folders between that one and the project's. */
const search = { files: 600, folders: 400, up: 6 };
/** Files kept in memory, and for how long a listing of a project is good. Milliseconds. */
const keep = { files: 300, listing: 2000 };

export interface RelatedOptions {
  /** Folder that the reader's paths are relative to. */
  readonly base: string;
  /** Texts that count instead of those on disk, by absolute path: documents open in an editor. */
  readonly open?: ReadonlyMap<string, string>;
  /** Told the absolute path of every file that is asked for, also of those that are not there. */
  readonly onRead?: (file: string) => void;
}

interface CachedFile {
  readonly stamp: string;
  readonly text: string;
  specifiers?: readonly string[];
}

/** What earlier checks have read; shared by the checks of one process. */
const cache = new Map<string, CachedFile>();
const listings = new Map<string, { readonly at: number; readonly files: readonly string[] }>();

/** Access to the files around the ones that are read: regular files of code or JSON, each at most 2 MiB. */
export function createRelatedFiles({ base, open, onRead }: RelatedOptions): RelatedFiles {
  const textOf = (file: string): string | undefined => open?.get(file) ?? cachedFile(file)?.text;
  return {
    read(name) {
      const file = path.resolve(base, name);
      if (!codeEnding.test(file)) return undefined;
      onRead?.(file);
      return textOf(file);
    },
    size(name) {
      try {
        const stats = statSync(path.resolve(base, name));
        return stats.isFile() ? stats.size : undefined;
      } catch {
        return undefined;
      }
    },
    importers(name) {
      const target = path.resolve(base, name);
      const isImporter = (file: string): boolean => {
        // What tests pass is not how a model is used.
        if (file === target || isTest.test(path.relative(base, file))) return false;
        const opened = open?.get(file);
        const specifiers = opened === undefined ? specifiersOf(file) : specifiersIn(opened);
        return specifiers.some(specifier => means(specifier, path.dirname(file), target));
      };
      const found = projectFiles(projectOf(target)).filter(isImporter);
      const nearest = found.sort((a, b) => distance(a, target) - distance(b, target)).slice(0, 20);
      return nearest.map(file => (path.isAbsolute(name) ? file : relative(base, file)));
    },
  };
}

function relative(base: string, file: string): string {
  return path.relative(base, file).split(path.sep).join('/');
}

function cachedFile(file: string): CachedFile | undefined {
  try {
    const stats = statSync(file);
    if (!stats.isFile() || stats.size > maximalSize) return undefined;
    const stamp = `${stats.mtimeMs} ${stats.size}`;
    const known = cache.get(file);
    if (known?.stamp === stamp) return known;
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
    const fresh: CachedFile = { stamp, text };
    cache.delete(file);
    cache.set(file, fresh);
    const [oldest] = cache.keys();
    if (cache.size > Math.max(keep.files, search.files) && oldest !== undefined) cache.delete(oldest);
    return fresh;
  } catch {
    // It may be gone, not ours to read, or not UTF-8: there is none, then.
    return undefined;
  }
}

function specifiersOf(file: string): readonly string[] {
  const cached = cachedFile(file);
  if (!cached) return [];
  cached.specifiers ??= specifiersIn(cached.text);
  return cached.specifiers;
}

/** Relative module specifiers in a text. */
function specifiersIn(text: string): string[] {
  return [...text.matchAll(/(?:from|import|require)\s*\(?\s*['"`](\.{1,2}(?:\/[^'"`\n]*)?)['"`]/g)].map(
    match => match[1] ?? '',
  );
}

/** Whether a specifier may mean the file: endings, and `index` of a folder, are left out as often as not. */
function means(specifier: string, folder: string, target: string): boolean {
  const bare = (file: string): string => file.replace(/\.[cm]?[jt]sx?$/, '');
  const meant = bare(path.resolve(folder, specifier));
  return meant === bare(target) || path.join(meant, 'index') === bare(target);
}

/** The folder of the project that a file is in: the nearest with a `package.json`, else the file's own. */
function projectOf(file: string): string {
  let folder = path.dirname(file);
  for (let up = 0; up < search.up; up++) {
    if (exists(path.join(folder, 'package.json')) || exists(path.join(folder, '.git'))) return folder;
    const above = path.dirname(folder);
    if (above === folder) break;
    folder = above;
  }
  return path.dirname(file);
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Code files of a project, breadth first, as far as the bounds allow. */
function projectFiles(root: string): readonly string[] {
  const known = listings.get(root);
  if (known && Date.now() - known.at < keep.listing) return known.files;
  const files: string[] = [];
  const folders = [root];
  for (const [index, folder] of folders.entries()) {
    if (index >= search.folders || files.length >= search.files) break;
    for (const entry of entriesOf(folder)) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory() && !skippedFolders.has(entry.name) && !entry.name.startsWith('.')) folders.push(full);
      else if (entry.isFile() && codeEnding.test(entry.name) && !entry.name.endsWith('.json')) files.push(full);
    }
  }
  listings.set(root, { at: Date.now(), files });
  return files;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Folders between two files: the nearer one is the likelier caller. */
function distance(a: string, b: string): number {
  return path.relative(path.dirname(a), b).split(path.sep).length;
}
