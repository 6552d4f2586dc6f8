/** Searches a project for the files that import a given one, and for the pages that load it. */
import { readdirSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { isMarkup, scriptsOf, specifierOf } from '../../src-analysis/readers/tfjs-code/markup.ts';
import { createModulePaths, type ModulePaths } from '../../src-analysis/readers/tfjs-code/module-paths.ts';
import { cachedText } from './text-cache.ts';

/** Endings of files that may import others. */
const codeEnding = /\.([cm]?[jt]sx?|html?|vue|svelte)$/i;
const isTest = /[._-](test|spec)s?\.\w+$|(^|[\\/])(__)?tests?(__)?[\\/]/i;
const skippedFolders = new Set(['node_modules', 'dist', 'build', 'out', 'coverage', 'bower_components', 'vendor']);

/** Bounds on the search: files, folders, and folders between the file and the project's, or the page's. */
const search = { files: 600, folders: 400, up: 6, pageUp: 3, found: 20 };
/** For how long a listing of a project is good. Milliseconds. */
const keepListing = 2000;

const listings = new Map<string, { readonly at: number; readonly files: readonly string[] }>();

/** Files appeared or went: the next search lists folders again. */
export function forgetListings(): void {
  listings.clear();
}

/** Text of a file, as it is open in an editor or on disk. */
type TextOf = (file: string) => string | undefined;

/** Files whose text imports `target`, the nearest first. All paths are absolute. */
export function findImporters(target: string, open: ReadonlyMap<string, string> | undefined): string[] {
  const paths = createModulePaths(file => textIn(open, file));
  const found = projectFiles(projectOf(target)).filter(
    // What tests pass is not how a model is used.
    file => file !== target && !isTest.test(path.relative(path.dirname(target), file)) && imports(file, target),
  );
  return nearest(found, target);

  function imports(file: string, to: string): boolean {
    const opened = open?.get(file);
    const specifiers = opened === undefined ? specifiersOf(file) : specifiersIn(file, opened);
    return specifiers.some(specifier => means(specifier, file, to, paths));
  }
}

/** HTML pages that load `target` by a script element, the nearest first: in its project, and in the folders above it. */
export function findPages(target: string, open: ReadonlyMap<string, string> | undefined): string[] {
  const textOf: TextOf = file => textIn(open, file);
  const paths = createModulePaths(textOf);
  const folders = [path.dirname(target)];
  while (folders.length <= search.pageUp) folders.push(path.dirname(folders.at(-1) ?? ''));
  const files = new Set([...folders.flatMap(filesIn), ...projectFiles(projectOf(target))]);
  const loads = (page: string): boolean =>
    scriptsOf(textOf(page) ?? '').sources.some(source => means(specifierOf(source), page, target, paths));
  return nearest([...files].filter(file => /\.html?$/i.test(file) && file !== target).filter(loads), target);
}

/**
 * Whether a file's text may import or load another: true for all that do, and for some that import one of that name.
 * Both paths are absolute.
 */
export function mayReferTo(file: string, text: string, target: string): boolean {
  return codeEnding.test(file) && specifiersIn(file, text).some(specifier => isNamedLike(specifier, file, target));
}

function textIn(open: ReadonlyMap<string, string> | undefined, file: string): string | undefined {
  return open?.get(file) ?? cachedText(file)?.text;
}

function specifiersOf(file: string): readonly string[] {
  const cached = cachedText(file);
  if (!cached) return [];
  cached.specifiers ??= specifiersIn(file, cached.text);
  return cached.specifiers;
}

/** Module specifiers in a text, and what a page loads. */
function specifiersIn(file: string, text: string): string[] {
  const imported = [...text.matchAll(/(?:from|import|require)\s*\(?\s*(['"`])([^'"`\n]{1,500})\1/g)];
  const loaded = isMarkup(file) ? scriptsOf(text).sources.map(specifierOf) : [];
  return [...imported.map(match => match[2] ?? ''), ...loaded];
}

/** Whether a specifier in `file` leads to `target`. */
function means(specifier: string, file: string, target: string, paths: ModulePaths): boolean {
  if (!isNamedLike(specifier, file, target)) return false;
  return paths.candidates(specifier, file).some(candidate => path.resolve(candidate) === target);
}

/** Endings, and `index` of a folder, are left out as often as not; names that begin with `#` may stand for any file. */
function isNamedLike(specifier: string, file: string, target: string): boolean {
  if (specifier.startsWith('#')) return true;
  const bare = (name: string): string =>
    path
      .basename(name)
      .replace(/[?#].*$/, '')
      .replace(/\.([cm]?[jt]sx?|vue|svelte|json)$/i, '');
  const meant = bare(specifier.startsWith('.') ? path.resolve(path.dirname(file), specifier) : specifier);
  const own = bare(target);
  return meant === own || (own === 'index' && meant === path.basename(path.dirname(target)));
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
  if (known && Date.now() - known.at < keepListing) return known.files;
  const files: string[] = [];
  const folders = [root];
  for (const [index, folder] of folders.entries()) {
    if (index >= search.folders || files.length >= search.files) break;
    for (const entry of entriesOf(folder)) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory() && !skippedFolders.has(entry.name) && !entry.name.startsWith('.')) folders.push(full);
      else if (entry.isFile() && codeEnding.test(entry.name)) files.push(full);
    }
  }
  listings.set(root, { at: Date.now(), files });
  return files;
}

function filesIn(folder: string): string[] {
  return entriesOf(folder).flatMap(entry => (entry.isFile() ? [path.join(folder, entry.name)] : []));
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function nearest(files: readonly string[], target: string): string[] {
  return [...files].sort((a, b) => distance(a, target) - distance(b, target)).slice(0, search.found);
}

/** Folders between two files: the nearer one is the likelier caller. */
function distance(a: string, b: string): number {
  return path.relative(path.dirname(a), b).split(path.sep).length;
}
