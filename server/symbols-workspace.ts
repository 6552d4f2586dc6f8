/** "Which models leak?": every model of the workspace as a symbol that says how much. */
import { SymbolKind, type WorkspaceSymbol } from 'vscode-languageserver';
import type { ModelSummary } from './protocol.ts';
import type { WorkspaceFile } from './workspace-models.ts';

const maximumSymbols = 500;
const start = { line: 0, character: 0 };

/** Models that match what was typed (`leak`, or a model's name), those that give away most first. */
export function workspaceSymbols(files: readonly WorkspaceFile[], query: string): WorkspaceSymbol[] {
  const found = files.flatMap(({ uri, models }) =>
    (models ?? []).map(({ summary }) => ({ uri, summary, name: symbolName(summary) })),
  );
  return found
    .filter(({ name }) => matches(name, query))
    .sort((a, b) => (b.summary.fraction ?? -1) - (a.summary.fraction ?? -1))
    .slice(0, maximumSymbols)
    .map(({ uri, summary, name }) => ({
      name,
      kind: SymbolKind.Class,
      containerName: summary.metric,
      location: { uri, range: summary.range ?? { start, end: start } },
    }));
}

/** Clients filter by the name alone, which is why it says `leak` as well. */
function symbolName({ name, leak }: ModelSummary): string {
  return leak === '' ? `${name}: leak unknown` : `${name}: leaks ${leak}`;
}

/** Whether the characters typed stand in the name in this order, as clients match symbols. */
function matches(name: string, query: string): boolean {
  const text = name.toLowerCase();
  let at = 0;
  for (const character of query.toLowerCase().replace(/\s+/g, '')) {
    at = text.indexOf(character, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
