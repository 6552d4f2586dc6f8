/** Paths as readers see them: `/` between folders, relative to wherever the program runs, or absolute. */

/** A path relative to a folder. `..` beyond the start of a relative path stays. */
export function joinPath(folder: string, path: string): string {
  // Two slashes begin the name of a machine on Windows.
  const start = /^\/{0,2}/.exec(folder)?.[0] ?? '';
  const parts = folder === '.' ? [] : folder.split('/').filter(part => part !== '');
  for (const part of path.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part === '..' && start !== '') continue;
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return start + parts.join('/') || '.';
}

/** The folder of a file; Windows' separators are understood. */
export function folderOf(file: string): string {
  const parts = file.replaceAll('\\', '/').split('/').slice(0, -1);
  return parts.length === 1 && parts[0] === '' ? '/' : parts.join('/') || '.';
}

/** A folder and those around it, the nearest first. */
export function foldersAbove(folder: string, most: number): string[] {
  const folders = [folder];
  for (let above = joinPath(folder, '..'); folders.length < most; above = joinPath(above, '..')) {
    if (above === folders.at(-1) || /^[A-Za-z]:\/?$/.test(folders.at(-1) ?? '')) break;
    folders.push(above);
  }
  return folders;
}
