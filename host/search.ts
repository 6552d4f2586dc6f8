/** Searching folders for files that have a reader: the one search of command line and language server. */
import { readdir } from 'node:fs/promises';
import * as path from 'node:path';
import { readableExtensions } from '../src-analysis/readers/read.ts';

const ignoredFolders = new Set(['node_modules', 'dist']);
const endings: ReadonlySet<string> = new Set(readableExtensions.map(extension => `.${extension}`));

export interface SearchOptions {
  /** Whether the configuration lets a file be checked. */
  readonly isIncluded: (file: string) => Promise<boolean>;
  /** Told of folders that cannot be read; the search goes on. */
  readonly onUnreadable: (folder: string, error: unknown) => void;
}

/**
 * Files below a folder that have a reader, a folder's own files first, sorted by name. Leaves out what the configuration
 * excludes, node_modules, dist, hidden folders and symbolic links (which may form cycles).
 * @param root absolute path of a folder
 */
export async function* searchFiles(root: string, options: SearchOptions): AsyncGenerator<string, void, undefined> {
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const inner: string[] = [];
    for (const entry of await entriesOf(folder, options.onUnreadable)) {
      const absolute = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!ignoredFolders.has(entry.name) && !entry.name.startsWith('.')) inner.push(absolute);
      } else if (entry.isFile() && endings.has(path.extname(entry.name).toLowerCase())) {
        if (await options.isIncluded(absolute)) yield absolute;
      }
    }
    folders.push(...inner.reverse());
  }
}

async function entriesOf(folder: string, onUnreadable: SearchOptions['onUnreadable']) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    onUnreadable(folder, error);
    return [];
  }
}
