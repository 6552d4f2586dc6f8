/** What files that change on disk mean for documents that are open. */
import { FileChangeType, type FileEvent } from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import { cachedText } from '../src-attack/run/text-cache.ts';
import type { createLinter } from './linter.ts';

/** More files change at once when a branch is checked out: then none of them is looked into. */
const maximalFiles = 100;

export function tellOfFiles(
  linter: Pick<ReturnType<typeof createLinter>, 'fileChanged' | 'filesListed' | 'searchAgain'>,
  changes: readonly FileEvent[],
): void {
  if (changes.some(change => change.type !== FileChangeType.Changed)) linter.filesListed();
  const many = changes.length > maximalFiles;
  for (const { uri, type } of changes) {
    const file = URI.parse(uri).fsPath;
    linter.fileChanged(file, many || type === FileChangeType.Deleted ? undefined : cachedText(file)?.text);
  }
  if (many) linter.searchAgain();
}
